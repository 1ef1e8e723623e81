/* SPDX-License-Identifier: Apache-2.0
 *
 * YOLO text files.
 */
#include "annotation_memory.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_bytes("yolo", WN_ROLE_PREDICTIONS, "/nowhere", "labels/x.txt", data, size);
    return 0;
}
