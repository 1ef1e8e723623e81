/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk over a tar, and the bytes of what it finds.
 */
#include "fuzz.h"
#include "source_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    walk_bytes("tar", data, size);
    return 0;
}
