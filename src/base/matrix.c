/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks on matrix views. A value times 0 is 0 unless it is NaN or infinite, so a row's sum of such products finds bad
 * values without a branch for each.
 */
#include "winnow/matrix.h"

#include <math.h>
#include <stdatomic.h>

#include "base/error.h"

enum { GRAIN = 4096 };

typedef struct search {
    const wn_matrix *matrix;
    _Atomic size_t first; /* least bad row so far; relaxed: a minimum needs no order */
} search;

static void find_bad_row(void *context, size_t begin, size_t end, unsigned worker)
{
    search *s = context;
    (void)worker;
    if (begin >= atomic_load_explicit(&s->first, memory_order_relaxed)) return;
    for (size_t row = begin; row < end; row++) {
        const float *values = wn_matrix_row(s->matrix, row);
        float sums[16] = {0};
        size_t col = 0;
        for (; col + 16 <= s->matrix->cols; col += 16) {
            for (size_t i = 0; i < 16; i++) sums[i] += values[col + i] * 0.0f;
        }
        for (; col < s->matrix->cols; col++) sums[0] += values[col] * 0.0f;
        float sum = 0;
        for (size_t i = 0; i < 16; i++) sum += sums[i];
        if (sum == 0.0f) continue;
        size_t least = atomic_load_explicit(&s->first, memory_order_relaxed);
        while (row < least && !atomic_compare_exchange_weak_explicit(&s->first, &least, row, memory_order_relaxed,
                                                                     memory_order_relaxed)) {
        }
        return;
    }
}

wn_status wn_matrix_check_finite(const wn_matrix *matrix, const char *what, wn_pool *pool, wn_error *err)
{
    search s = {.matrix = matrix};
    atomic_init(&s.first, matrix->rows);
    wn_pool_for(pool, matrix->rows, GRAIN, find_bad_row, &s);
    size_t row = atomic_load(&s.first), col = 0;
    if (row == matrix->rows) return WN_OK;
    const float *values = wn_matrix_row(matrix, row);
    while (isfinite(values[col])) col++;
    return wn_fail(err, WN_INVALID,
                   "%s: row %zu holds %s (column %zu); every value must be finite: drop or mend the row", what, row,
                   isnan(values[col]) ? "NaN" : "an infinite value", col);
}

static wn_status read_rows(void *context, size_t begin, size_t count, double *out, wn_error *err)
{
    const wn_matrix *matrix = context;
    (void)err;
    for (size_t row = begin; row < begin + count; row++) {
        const float *values = wn_matrix_row(matrix, row);
        for (size_t col = 0; col < matrix->cols; col++) *out++ = (double)values[col];
    }
    return WN_OK;
}

wn_table wn_matrix_table(const wn_matrix *matrix)
{
    return (wn_table){
        .rows = matrix->rows, .cols = matrix->cols, .read = read_rows, .context = (void *)(uintptr_t)matrix};
}
