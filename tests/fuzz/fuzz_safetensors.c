/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of tensors, as they are and as the header of a file that is as long as it says. What is accepted must give all
 * its numbers.
 */
#include <stdlib.h>
#include <string.h>

#include "embed/model_safetensors.h"
#include "embed/safetensors.h"
#include "fuzz.h"
#include "winnow/memory.h"

static void try_bytes(const uint8_t *data, size_t size)
{
    wn_safetensors file;
    wn_buffer model;
    wn_error err;
    wn_buffer_init(&model, WN_MEMORY_NETWORK, 0);
    (void)!wn_model_from_safetensors(data, size, "fuzz", &model, &err);
    wn_buffer_clear(&model);
    if (wn_safetensors_parse(data, size, "fuzz", &file, &err) != WN_OK) return;
    for (size_t i = 0; i < file.tensor_count; i++) {
        const wn_safetensor *tensor = &file.tensors[i];
        float *out = malloc((size_t)tensor->count * sizeof *out + 1);
        if (!out) exit(1);
        (void)wn_safetensor_floats(&file, tensor, out);
        free(out);
        if (wn_safetensors_find(&file, tensor->name) != tensor) abort();
    }
    wn_safetensors_clear(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint64_t len = size;
    uint8_t *copy = malloc(size + 8 + 64);
    if (!copy) exit(1);
    try_bytes(data, size);
    memcpy(copy, &len, sizeof len);
    if (size) memcpy(copy + 8, data, size);
    memset(copy + 8 + size, 0x3C, 64);
    try_bytes(copy, size + 8);
    try_bytes(copy, size + 8 + 64);
    free(copy);
    return 0;
}
