/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of named tensors over one flat block.
 */
#include "nn/tensor.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

wn_status wn_tensors_add(wn_tensors *tensors, const char *name, wn_tensor_role role, uint32_t rank,
                         const uint32_t *shape, size_t *row, wn_error *err)
{
    assert(rank >= 1 && rank <= WN_TENSOR_RANK_MAX && !tensors->values);
    assert(role == WN_TENSOR_STATISTIC || tensors->trained == tensors->total);
    if (strlen(name) >= WN_TENSOR_NAME_BYTES) return wn_fail(err, WN_INVALID, "tensor name %s is too long", name);
    if (wn_tensors_find(tensors, name)) return wn_fail(err, WN_INVALID, "two tensors are called %s", name);

    size_t count = 1;
    for (uint32_t i = 0; i < rank; i++) {
        if (!wn_mul_size(count, shape[i], &count)) return wn_fail(err, WN_INVALID, "tensor %s is too large", name);
    }
    if (tensors->row_count == tensors->row_capacity) {
        size_t capacity = tensors->row_capacity ? 2 * tensors->row_capacity : 16;
        wn_tensor *rows = wn_realloc(WN_MEMORY_NETWORK, tensors->rows, capacity, sizeof *rows);
        if (!rows) return wn_fail(err, WN_NOMEM, "no memory for the table of tensors");
        tensors->rows = rows;
        tensors->row_capacity = capacity;
    }
    wn_tensor *tensor = &tensors->rows[tensors->row_count];
    *tensor = (wn_tensor){.role = role, .rank = rank, .offset = tensors->total, .count = count};
    memcpy(tensor->name, name, strlen(name) + 1);
    memcpy(tensor->shape, shape, rank * sizeof *shape);
    if (row) *row = tensors->row_count;
    tensors->row_count++;
    tensors->total += count;
    if (role != WN_TENSOR_STATISTIC) tensors->trained = tensors->total;
    return WN_OK;
}

wn_status wn_tensors_allocate(wn_tensors *tensors, wn_error *err)
{
    assert(!tensors->values);
    tensors->values = wn_calloc(WN_MEMORY_NETWORK, tensors->total, sizeof *tensors->values);
    if (!tensors->values) return wn_fail(err, WN_NOMEM, "no memory for %zu network parameters", tensors->total);
    return WN_OK;
}

const wn_tensor *wn_tensors_find(const wn_tensors *tensors, const char *name)
{
    for (size_t i = 0; i < tensors->row_count; i++) {
        if (strcmp(tensors->rows[i].name, name) == 0) return &tensors->rows[i];
    }
    return NULL;
}

void wn_tensors_clear(wn_tensors *tensors)
{
    wn_free(tensors->values);
    wn_free(tensors->rows);
    *tensors = (wn_tensors){0};
}
