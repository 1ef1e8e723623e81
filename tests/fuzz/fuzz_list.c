/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk over a list, and the bytes of what it finds.
 */
#include "fuzz.h"
#include "source_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    walk_bytes("list", data, size);
    return 0;
}
