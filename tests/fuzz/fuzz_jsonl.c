/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Lines, as predictions and as metadata.
 */
#include "annotation_memory.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_bytes("jsonl", WN_ROLE_PREDICTIONS, "/nowhere", "x.jsonl", data, size);
    read_bytes("jsonl", WN_ROLE_METADATA, "/nowhere", "x.jsonl", data, size);
    return 0;
}
