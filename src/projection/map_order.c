/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows in the order of their points on a curve that fills the map (Morton 1966), so that rows which pull each other
 * stand near each other in memory.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "projection/map_work.h"
#include "winnow/memory.h"

/* The 16 bits of x at the even places. */
static uint32_t spread_bits(uint32_t x)
{
    x = (x | x << 8) & 0x00ff00ffu;
    x = (x | x << 4) & 0x0f0f0f0fu;
    x = (x | x << 2) & 0x33333333u;
    return (x | x << 1) & 0x55555555u;
}

static uint32_t part_of(float value, float low, float scale)
{
    float place = (value - low) * scale;
    return place > 0 ? place < 65535 ? (uint32_t)place : 65535 : 0;
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

wn_status wn_map_order(const float *points, size_t rows, size_t stride, uint32_t *order, wn_error *err)
{
    float low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    uint64_t *keys = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *keys);
    if (!keys) return wn_fail(err, WN_NOMEM, "no memory to order %zu rows", rows);
    for (size_t i = 0; i < rows; i++)
        for (size_t c = 0; c < 2; c++) {
            float at = points[i * stride + c];
            low[c] = at < low[c] ? at : low[c];
            high[c] = at > high[c] ? at : high[c];
        }
    float span = fmaxf(high[0] - low[0], high[1] - low[1]), scale = span > 0 ? 65535 / span : 0;
    for (size_t i = 0; i < rows; i++) {
        uint32_t x = part_of(points[i * stride], low[0], scale), y = part_of(points[i * stride + 1], low[1], scale);
        keys[i] = (uint64_t)(spread_bits(x) | spread_bits(y) << 1) << 32 | i;
    }
    qsort(keys, rows, sizeof *keys, compare_keys);
    for (size_t i = 0; i < rows; i++) order[i] = (uint32_t)keys[i];
    wn_free(keys);
    return WN_OK;
}

typedef struct permuting {
    const wn_sparse *from;
    wn_sparse *to;
    const uint32_t *order;
    uint32_t *places; /* of the rows of `from` */
} permuting;

static void permute_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const permuting *p = context;
    (void)worker;
    for (size_t row = begin; row < end; row++) {
        uint64_t first = p->from->starts[p->order[row]], to = p->to->starts[row];
        size_t len = (size_t)(p->to->starts[row + 1] - to);
        memcpy(p->to->values + to, p->from->values + first, len * sizeof *p->to->values);
        for (size_t i = 0; i < len; i++) p->to->cols[to + i] = p->places[p->from->cols[first + i]];
    }
}

wn_status wn_sparse_permute(wn_sparse *sparse, const uint32_t *order, wn_pool *pool, wn_error *err)
{
    size_t rows = sparse->rows, len = (size_t)sparse->starts[rows];
    wn_sparse to = {.rows = rows};
    permuting p = {.from = sparse, .to = &to, .order = order};
    to.starts = wn_alloc(WN_MEMORY_MATRIX, rows + 1, sizeof *to.starts);
    to.cols = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *to.cols);
    to.values = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *to.values);
    p.places = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *p.places);
    wn_status status = to.starts && to.cols && to.values && p.places
                           ? WN_OK
                           : wn_fail(err, WN_NOMEM, "no memory to order the graph of %zu rows", rows);
    if (!status) {
        to.starts[0] = 0;
        for (size_t i = 0; i < rows; i++) {
            p.places[order[i]] = (uint32_t)i;
            to.starts[i + 1] = to.starts[i] + (sparse->starts[order[i] + 1] - sparse->starts[order[i]]);
        }
        wn_pool_for(pool, rows, WN_MAP_GRAIN, permute_rows, &p);
        wn_sparse swap = *sparse;
        *sparse = to, to = swap;
    }
    wn_free(p.places);
    wn_sparse_clear(&to);
    return status;
}
