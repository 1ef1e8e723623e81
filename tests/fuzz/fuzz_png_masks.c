/* SPDX-License-Identifier: Apache-2.0
 *
 * Masks as PNG files: the palette and grey files that are taken, and what becomes of others.
 */
#include "annotation_memory.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_bytes("png-masks", WN_ROLE_LABELS, "/nowhere", "x.png", data, size);
    return 0;
}
