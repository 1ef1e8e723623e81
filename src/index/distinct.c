/* SPDX-License-Identifier: Apache-2.0
 *
 * Equal rows by sorting their hashes. Rows whose hashes agree are compared value by value, so that a collision costs
 * time only.
 */
#include "index/distinct.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/hash.h"
#include "winnow/memory.h"

enum { GRAIN = 1024, PIECE = 64 };

typedef struct hashed {
    uint64_t hash;
    uint32_t row;
} hashed;

typedef struct hash_job {
    const wn_matrix *matrix;
    hashed *out;
} hash_job;

/* Adding 0 turns -0 into 0. */
static uint64_t hash_row(const float *row, size_t dim)
{
    float piece[PIECE];
    uint64_t hash = 0;
    for (size_t k = 0; k < dim; k += PIECE) {
        size_t len = dim - k < PIECE ? dim - k : PIECE;
        for (size_t i = 0; i < len; i++) piece[i] = row[k + i] + 0.0f;
        hash = wn_hash64_seeded(piece, len * sizeof *piece, hash);
    }
    return hash;
}

static void hash_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const hash_job *job = context;
    (void)worker;
    for (size_t row = begin; row < end; row++)
        job->out[row] = (hashed){hash_row(wn_matrix_row(job->matrix, row), job->matrix->cols), (uint32_t)row};
}

static int compare_hashed(const void *a, const void *b)
{
    const hashed *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static bool equal_rows(const wn_matrix *matrix, size_t a, size_t b)
{
    const float *x = wn_matrix_row(matrix, a), *y = wn_matrix_row(matrix, b);
    for (size_t k = 0; k < matrix->cols; k++) {
        if (!(x[k] == y[k])) return false;
    }
    return true;
}

/* leader[row] = the smallest row of equal values. A run of equal hashes has one leader, but for collisions. */
static void find_leaders(const wn_matrix *matrix, const hashed *sorted, size_t rows, uint32_t *leader)
{
    for (size_t i = 0, run = 0; i < rows; i++) {
        size_t at = run;
        if (sorted[i].hash != sorted[run].hash) at = run = i;
        while (at < i &&
               !(leader[sorted[at].row] == sorted[at].row && equal_rows(matrix, sorted[at].row, sorted[i].row)))
            at++;
        leader[sorted[i].row] = sorted[at].row;
    }
}

/* Groups in the order of their leaders, and their members, from leader[row] in group_of. */
static void list_groups(size_t rows, wn_distinct *out)
{
    for (size_t row = 0; row < rows; row++) {
        if (out->group_of[row] == UINT32_MAX) continue;
        bool leads = out->group_of[row] == row;
        out->group_of[row] = leads ? (uint32_t)out->groups : out->group_of[out->group_of[row]];
        if (leads) {
            out->firsts[out->groups] = (uint32_t)row;
            out->starts[out->groups++] = 0;
        }
    }
    uint32_t at = 0;
    for (size_t row = 0; row < rows; row++) {
        if (out->group_of[row] != UINT32_MAX) out->starts[out->group_of[row]]++;
    }
    for (size_t group = 0; group < out->groups; group++) {
        uint32_t count = out->starts[group];
        out->starts[group] = at;
        at += count;
    }
    /* each start moves to its end while the members are written, and the ends are the starts of the next */
    for (size_t row = 0; row < rows; row++) {
        if (out->group_of[row] != UINT32_MAX) out->members[out->starts[out->group_of[row]]++] = (uint32_t)row;
    }
    for (size_t group = out->groups; group > 0; group--) out->starts[group] = out->starts[group - 1];
    out->starts[0] = 0;
}

/* Drops the hashes of rows that are left out; returns how many stay. */
static size_t drop_rows(hashed *hashes, size_t rows, const uint8_t *left_out, uint32_t *group_of)
{
    size_t count = 0;
    for (size_t row = 0; row < rows; row++) {
        if (left_out[row])
            group_of[row] = UINT32_MAX;
        else
            hashes[count++] = hashes[row];
    }
    return count;
}

wn_status wn_distinct_find(const wn_matrix *matrix, const uint8_t *left_out, wn_pool *pool, wn_distinct *out,
                           wn_error *err)
{
    size_t rows = matrix->rows;
    hash_job job = {.matrix = matrix, .out = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof(hashed))};
    *out = (wn_distinct){.rows = rows};
    out->firsts = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *out->firsts);
    out->members = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *out->members);
    out->starts = wn_alloc(WN_MEMORY_MATRIX, rows + 1, sizeof *out->starts);
    out->group_of = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *out->group_of);
    if (!job.out || !out->firsts || !out->members || !out->starts || !out->group_of) {
        wn_free(job.out);
        wn_distinct_clear(out);
        return wn_fail(err, WN_NOMEM, "no memory to compare %zu rows", rows);
    }
    wn_pool_for(pool, rows, GRAIN, hash_rows, &job);
    if (left_out) out->rows = drop_rows(job.out, rows, left_out, out->group_of);
    qsort(job.out, out->rows, sizeof *job.out, compare_hashed);
    find_leaders(matrix, job.out, out->rows, out->group_of);
    list_groups(rows, out);
    wn_free(job.out);
    return WN_OK;
}

void wn_distinct_clear(wn_distinct *distinct)
{
    wn_free(distinct->firsts);
    wn_free(distinct->members);
    wn_free(distinct->starts);
    wn_free(distinct->group_of);
    *distinct = (wn_distinct){0};
}
