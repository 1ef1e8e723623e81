/* SPDX-License-Identifier: Apache-2.0
 *
 * From directed lists to a symmetric matrix. Each row is the merge of what it points to and what points to it; both are
 * put in order of the column first, so that the result does not depend on threads.
 */
#include <string.h>

#include "base/error.h"
#include "projection/map_work.h"
#include "winnow/memory.h"

typedef struct entry {
    uint32_t col;
    float value;
} entry;

typedef struct join {
    const wn_map_lists *lists;
    wn_sparse_rule rule;
    entry *out_entries;   /* rows x k, each row ascending by column */
    uint32_t *out_counts; /* rows */
    uint64_t *in_starts;  /* rows + 1 */
    entry *in_entries;    /* grouped by the row that is pointed to, ascending */
    wn_sparse *result;
} join;

uint64_t wn_sparse_memory(size_t rows, size_t k)
{
    uint64_t pairs = (uint64_t)rows * k;
    return pairs * (2 * sizeof(entry) + 2 * (sizeof(uint32_t) + sizeof(float))) + (uint64_t)rows * 24;
}

void wn_sparse_clear(wn_sparse *sparse)
{
    wn_free(sparse->values);
    wn_free(sparse->cols);
    wn_free(sparse->starts);
    *sparse = (wn_sparse){0};
}

/* Lists are short: shell sort, in place. */
static void sort_entries(entry *entries, size_t n)
{
    static const size_t gaps[] = {132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++) {
        size_t gap = gaps[g];
        for (size_t i = gap; i < n; i++) {
            entry moved = entries[i];
            size_t j = i;
            for (; j >= gap && entries[j - gap].col > moved.col; j -= gap) entries[j] = entries[j - gap];
            entries[j] = moved;
        }
    }
}

static void sort_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    join *j = context;
    (void)worker;
    for (size_t row = begin; row < end; row++) sort_entries(j->out_entries + row * j->lists->k, j->out_counts[row]);
}

/* Copies what is there: a list may end early, and a weight of 0 says nothing. */
static void take_lists(join *j, const float *weights)
{
    const wn_map_lists *lists = j->lists;
    for (size_t row = 0; row < lists->rows; row++) {
        entry *to = j->out_entries + row * lists->k;
        uint32_t count = 0;
        for (size_t i = 0; i < lists->k; i++) {
            int64_t id = lists->ids[row * lists->stride + i];
            float weight = weights[row * lists->k + i];
            if (id < 0 || (size_t)id == row || !(weight > 0)) continue;
            to[count++] = (entry){(uint32_t)id, weight};
            j->in_starts[(size_t)id + 1]++;
        }
        j->out_counts[row] = count;
    }
    for (size_t row = 0; row < lists->rows; row++) j->in_starts[row + 1] += j->in_starts[row];
}

static void turn_around(join *j)
{
    size_t rows = j->lists->rows, k = j->lists->k;
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < j->out_counts[row]; i++) {
            entry from = j->out_entries[row * k + i];
            j->in_entries[j->in_starts[from.col]++] = (entry){(uint32_t)row, from.value};
        }
    memmove(j->in_starts + 1, j->in_starts, rows * sizeof *j->in_starts);
    j->in_starts[0] = 0;
}

static float join_weights(wn_sparse_rule rule, float x, float y)
{
    return rule == WN_SPARSE_UNION ? x + y - x * y : rule == WN_SPARSE_MEAN ? (x + y) / 2 : x + y;
}

/* Merges the two lists of a row; with `cols` NULL only counts. */
static size_t merge_row(const join *j, size_t row, uint32_t *cols, float *values)
{
    const entry *a = j->out_entries + row * j->lists->k, *a_end = a + j->out_counts[row];
    const entry *b = j->in_entries + j->in_starts[row], *b_end = j->in_entries + j->in_starts[row + 1];
    size_t count = 0;
    while (a < a_end || b < b_end) {
        uint32_t left = a < a_end ? a->col : UINT32_MAX, right = b < b_end ? b->col : UINT32_MAX;
        uint32_t col = left < right ? left : right;
        float x = left == col ? (a++)->value : 0, y = right == col ? (b++)->value : 0;
        if (cols) {
            cols[count] = col;
            values[count] = join_weights(j->rule, x, y);
        }
        count++;
    }
    return count;
}

static void count_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    join *j = context;
    (void)worker;
    for (size_t row = begin; row < end; row++) j->result->starts[row + 1] = merge_row(j, row, NULL, NULL);
}

static void fill_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    join *j = context;
    wn_sparse *to = j->result;
    (void)worker;
    for (size_t row = begin; row < end; row++)
        merge_row(j, row, to->cols + to->starts[row], to->values + to->starts[row]);
}

static wn_status no_memory(wn_error *err)
{
    return wn_fail(err, WN_NOMEM, "no memory for the neighbour graph of the map");
}

wn_status wn_sparse_join(const wn_map_lists *lists, const float *weights, wn_sparse_rule rule, wn_pool *pool,
                         wn_sparse *out, wn_error *err)
{
    size_t rows = lists->rows, pairs = rows * lists->k;
    wn_status status = WN_OK;
    join j = {.lists = lists, .rule = rule, .result = out};
    *out = (wn_sparse){.rows = rows};
    j.out_entries = wn_alloc(WN_MEMORY_MATRIX, pairs, sizeof *j.out_entries);
    j.in_entries = wn_alloc(WN_MEMORY_MATRIX, pairs, sizeof *j.in_entries);
    j.out_counts = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *j.out_counts);
    j.in_starts = wn_calloc(WN_MEMORY_MATRIX, rows + 1, sizeof *j.in_starts);
    out->starts = wn_calloc(WN_MEMORY_MATRIX, rows + 1, sizeof *out->starts);
    if (!j.out_entries || !j.in_entries || !j.out_counts || !j.in_starts || !out->starts) {
        status = no_memory(err);
        goto done;
    }
    take_lists(&j, weights);
    wn_pool_for(pool, rows, WN_MAP_GRAIN, sort_rows, &j);
    turn_around(&j);
    wn_pool_for(pool, rows, WN_MAP_GRAIN, count_rows, &j);
    for (size_t row = 0; row < rows; row++) out->starts[row + 1] += out->starts[row];
    out->cols = wn_alloc(WN_MEMORY_MATRIX, out->starts[rows], sizeof *out->cols);
    out->values = wn_alloc(WN_MEMORY_MATRIX, out->starts[rows], sizeof *out->values);
    if (!out->cols || !out->values)
        status = no_memory(err);
    else
        wn_pool_for(pool, rows, WN_MAP_GRAIN, fill_rows, &j);
done:
    wn_free(j.in_starts);
    wn_free(j.out_counts);
    wn_free(j.in_entries);
    wn_free(j.out_entries);
    if (status) wn_sparse_clear(out);
    return status;
}
