/* SPDX-License-Identifier: Apache-2.0
 *
 * COCO annotations and results.
 */
#include "annotation_memory.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_bytes("coco", WN_ROLE_PREDICTIONS, "/nowhere", "x.json", data, size);
    return 0;
}
