/* SPDX-License-Identifier: Apache-2.0
 *
 * A sparse matrix as bundles. Partners of one row with the same upper 16 bits share bundles; where rows stand in the
 * order of the map, those are few.
 */
#include "base/error.h"
#include "projection/map_work.h"
#include "winnow/memory.h"

typedef struct bundling {
    const wn_sparse *from;
    wn_map_bundles *to;
} bundling;

/* Calls for each upper half that occurs in a row, ascending: the columns of the row that have it, to `out` (NULL: only
 * counted). Returns the number of bundles. */
static size_t bundle_row(const wn_sparse *from, size_t row, float per_unit, wn_bundle *out)
{
    uint64_t begin = from->starts[row], end = from->starts[row + 1], held = 0;
    uint32_t most = 0;
    size_t count = 0;
    for (uint64_t i = begin; i < end; i++) {
        uint32_t upper = from->cols[i] >> 16;
        held |= (uint64_t)1 << upper % 64;
        most = upper > most ? upper : most;
    }
    for (uint32_t upper = 0; upper <= most && begin < end; upper++) {
        size_t filled = 0;
        for (uint64_t i = begin; i < end && held >> upper % 64 & 1; i++) {
            if (from->cols[i] >> 16 != upper) continue;
            size_t place = filled++ % WN_BUNDLE;
            count += place == 0;
            if (!out) continue;
            if (place == 0) out[count - 1] = (wn_bundle){.base = upper << 16};
            out[count - 1].offsets[place] = (uint16_t)from->cols[i];
            out[count - 1].weights[place] = (uint16_t)(from->values[i] * per_unit + 0.5f);
        }
    }
    return count;
}

static void count_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const bundling *b = context;
    (void)worker;
    for (size_t row = begin; row < end; row++) b->to->starts[row + 1] = bundle_row(b->from, row, 0, NULL);
}

static void fill_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const bundling *b = context;
    (void)worker;
    for (size_t row = begin; row < end; row++) {
        float most = 0;
        for (uint64_t i = b->from->starts[row]; i < b->from->starts[row + 1]; i++)
            most = b->from->values[i] > most ? b->from->values[i] : most;
        b->to->units[row] = most / UINT16_MAX;
        (void)bundle_row(b->from, row, most > 0 ? UINT16_MAX / most : 0, b->to->bundles + b->to->starts[row]);
    }
}

uint64_t wn_map_bundles_memory(size_t rows, size_t k)
{
    uint64_t uppers = rows >> 16; /* each can leave a bundle that is not full */
    return (uint64_t)rows * ((2 * (uint64_t)k / WN_BUNDLE + 2 + uppers) * sizeof(wn_bundle) + 16);
}

void wn_map_bundles_clear(wn_map_bundles *bundles)
{
    wn_free(bundles->starts);
    wn_free(bundles->units);
    wn_free(bundles->bundles);
    *bundles = (wn_map_bundles){0};
}

wn_status wn_map_bundles_make(const wn_sparse *from, wn_pool *pool, wn_map_bundles *out, wn_error *err)
{
    size_t rows = from->rows;
    bundling b = {from, out};
    wn_map_bundles_clear(out);
    out->starts = wn_calloc(WN_MEMORY_MATRIX, rows + 1, sizeof *out->starts);
    out->units = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *out->units);
    if (!out->starts || !out->units) goto no_memory;
    wn_pool_for(pool, rows, WN_MAP_GRAIN, count_rows, &b);
    for (size_t row = 0; row < rows; row++) out->starts[row + 1] += out->starts[row];
    out->bundles = wn_alloc(WN_MEMORY_MATRIX, (size_t)out->starts[rows] + 1, sizeof *out->bundles);
    if (!out->bundles) goto no_memory;
    wn_pool_for(pool, rows, WN_MAP_GRAIN, fill_rows, &b);
    return WN_OK;
no_memory:
    wn_map_bundles_clear(out);
    return wn_fail(err, WN_NOMEM, "no memory for the graph of a map of %zu rows", rows);
}
