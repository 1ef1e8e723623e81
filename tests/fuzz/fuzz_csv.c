/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables, as labels and as metadata.
 */
#include "annotation_memory.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_bytes("csv", WN_ROLE_PREDICTIONS, "/nowhere", "x.csv", data, size);
    read_bytes("csv", WN_ROLE_METADATA, "/nowhere", "x.csv", data, size);
    return 0;
}
