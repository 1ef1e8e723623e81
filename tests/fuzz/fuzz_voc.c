/* SPDX-License-Identifier: Apache-2.0
 *
 * Pascal VOC, and with it the XML reader.
 */
#include "annotation_memory.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_bytes("voc", WN_ROLE_PREDICTIONS, "/nowhere", "x.xml", data, size);
    return 0;
}
