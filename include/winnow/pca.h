/* SPDX-License-Identifier: Apache-2.0
 *
 * Fewer dimensions: the principal components of some rows, kept so that other rows can be reduced in the same way.
 *
 *     wn_pca pca = {0};
 *     wn_pca_request request = {.matrix = rows, .dim = 64, .pool = pool};
 *     if (wn_pca_fit(&request, &pca, &err)) return 1;
 *     status = wn_pca_apply(&pca, &other_rows, pool, reduced, &err);
 *     wn_pca_clear(&pca);
 *
 * Up to WN_PCA_EXACT_DIM dimensions the axes are eigenvectors of the covariance. Above, they are found in a random
 * subspace that is multiplied by the covariance several times (Halko, Martinsson and Tropp 2011, algorithm 4.4): close
 * to exact where variances fall, which they do in embeddings, at a cost that grows with the dimensions, not with their
 * square.
 */
#ifndef WINNOW_PCA_H
#define WINNOW_PCA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/matrix.h"
#include "winnow/pool.h"
#include "winnow/progress.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { WN_PCA_EXACT_DIM = 4096 };

/* What is to be fitted. Zero-initialise, then set. */
typedef struct wn_pca_request {
    wn_matrix matrix; /* every value finite */
    size_t dim;       /* 1 .. matrix.cols */
    bool whiten;      /* divide by the standard deviation of each axis, so that all vary alike */
    uint64_t seed;    /* of the random subspace; serves above WN_PCA_EXACT_DIM only */
    wn_pool *pool;
    const wn_progress *progress; /* stage "pca" */
} wn_pca_request;

/* reduced = axes (row - mean), divided by sqrt(variance) where whitened. */
typedef struct wn_pca {
    size_t from, dim;
    bool whiten;
    double *mean;     /* from */
    float *axes;      /* dim x from: at right angles, of length 1, the component of greatest magnitude positive */
    double *variance; /* dim, falling: of the fitted rows along each axis (divisor rows - 1) */
    double total;     /* variance of the fitted rows over all dimensions */
    uint64_t rows;    /* that it was fitted to */
    size_t rank;      /* axes along which the rows vary; the others are arbitrary, and 0 where whitened */
} wn_pca;

/* WN_INVALID: no rows, a dimension out of range, a value that is not finite (the message names it). The same bytes for
 * any number of threads. */
WN_API WN_NODISCARD wn_status wn_pca_fit(const wn_pca_request *request, wn_pca *out, wn_error *err);

/* out (rows x dim). A row with a NaN comes out as NaN; each row has the same bytes whatever rows stand beside it.
 * WN_INVALID when the matrix has another width. */
WN_API WN_NODISCARD wn_status wn_pca_apply(const wn_pca *pca, const wn_matrix *matrix, wn_pool *pool, float *out,
                                           wn_error *err);

/* Share of the variance of the fitted rows that the reduced ones keep: 0 .. 1; 1 for rows that do not vary. */
WN_API double wn_pca_explained(const wn_pca *pca);

/* Bytes that wn_pca_fit holds at most, its result included. */
WN_API uint64_t wn_pca_memory(const wn_pca_request *request);

/* Releases the arrays and zeroes the struct. */
WN_API void wn_pca_clear(wn_pca *pca);

#ifdef __cplusplus
}
#endif
#endif
