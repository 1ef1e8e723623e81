/* SPDX-License-Identifier: Apache-2.0
 *
 * Views of arrays that belong to somebody else. Algorithms take views and return arrays; they know no path,
 * no database and no JSON.
 */
#ifndef WINNOW_MATRIX_H
#define WINNOW_MATRIX_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/pool.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* rows x cols float32, row-major, `stride` floats from one row to the next (stride >= cols). The data need
 * only the alignment of a float. */
typedef struct wn_matrix {
    const float *data;
    size_t rows, cols, stride;
} wn_matrix;

/* `len` row numbers. */
typedef struct wn_rows {
    const int64_t *data;
    size_t len;
} wn_rows;

/* rows x cols numbers that are read in blocks of rows, for what may not fit into memory. `read` writes `count` rows
 * from `begin` on to `out` (count x cols) and may be called from several threads. `view`, where it is not NULL, gives
 * the same rows as the float32 numbers that they are, without copying them; NULL = these are to be read. */
typedef struct wn_table {
    size_t rows, cols;
    wn_status (*read)(void *context, size_t begin, size_t count, double *out, wn_error *err);
    void *context;
    const float *(*view)(void *context, size_t begin, size_t count);
} wn_table;

/* A table over a matrix, which must stay where it is. */
WN_API wn_table wn_matrix_table(const wn_matrix *matrix);

static inline const float *wn_matrix_row(const wn_matrix *matrix, size_t row)
{
    return matrix->data + row * matrix->stride;
}

/* WN_INVALID, naming the first row and column whose value is NaN or infinite; `what` is what the message calls the
 * matrix ("e.npy", "embeddings"). Reads every value once. */
WN_API WN_NODISCARD wn_status wn_matrix_check_finite(const wn_matrix *matrix, const char *what, wn_pool *pool,
                                                     wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
