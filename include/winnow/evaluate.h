/* SPDX-License-Identifier: Apache-2.0
 *
 * How good an embedding is: what a linear model reads from it, how it fills its space, and how far two embeddings agree
 * on who is near to whom. (How well its neighbours predict labels: wn_evaluate_knn in quality.h.)
 *
 *     wn_geometry_request request = {.matrix = rows, .labels = labels, .pool = pool};
 *     wn_geometry geometry;
 *     if (!wn_evaluate_geometry(&request, &geometry, &err)) use(geometry.effective_rank);
 */
#ifndef WINNOW_EVALUATE_H
#define WINNOW_EVALUATE_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/matrix.h"
#include "winnow/pool.h"
#include "winnow/progress.h"
#include "winnow/quality.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What to measure. Zero-initialise, then set. All pointers are borrowed for the call. */
typedef struct wn_geometry_request {
    wn_matrix matrix;      /* N x dim, N >= 3; every value finite */
    const int64_t *labels; /* N; negative = none. NULL for none at all. They serve the alignment alone */
    wn_matrix pairs;       /* N x dim: row i is another view of row i; data NULL = none */
    uint64_t seed;         /* of the rows that are looked at when there are many */
    wn_pool *pool;
    const wn_progress *progress; /* stage "evaluate", unit "rows" */
} wn_geometry_request;

/* The figures. Alignment and uniformity look at rows scaled to length 1, uniformity at a sample of many. Rows without
 * length are left out of uniformity and intrinsic_dim. */
typedef struct wn_geometry {
    double effective_rank; /* exp of the entropy of the singular values of the centred rows, as shares of their sum (Roy
                              and Vetterli 2007); between 1 and dim, 0 when all rows are equal */
    double intrinsic_dim;  /* by the ratio of the distances to the second and first neighbour (Facco et al. 2017), the
                              largest tenth of the ratios left out; NaN when fewer than 3 rows differ */
    double uniformity; /* log of the mean over pairs of exp(-2 |x - y|^2) (Wang and Isola 2020); lower is more evenly
                          spread, at least -4; NaN when fewer than 3 rows have a length */
    double alignment;  /* mean |x - y|^2 over pairs of views, or of each row and the others of its label (the same
                          paper); lower is better; NaN without either */
    size_t rows_used;  /* rows looked at for uniformity and intrinsic_dim */
} wn_geometry;

/* WN_INVALID: fewer than 3 rows, other shapes of `pairs`, a value that is not finite; WN_NOMEM, WN_CANCELLED. The same
 * figures for any number of threads. */
WN_API WN_NODISCARD wn_status wn_evaluate_geometry(const wn_geometry_request *request, wn_geometry *out, wn_error *err);

/* The mean share of the k nearest rows (cosine) that two embeddings of the same N rows have in common: 1 = they agree
 * on all neighbours, about k / N for unrelated ones. WN_INVALID: different numbers of rows, k not in 1 .. N - 1. */
WN_API WN_NODISCARD wn_status wn_evaluate_overlap(const wn_matrix *a, const wn_matrix *b, size_t k, wn_pool *pool,
                                                  const wn_progress *progress, double *out, wn_error *err);

/* Rows to learn from and rows to judge. Labels are any numbers; rows with a negative label are left out. */
typedef struct wn_linear_request {
    wn_matrix train; /* N x dim; every value finite */
    const int64_t *train_labels;
    wn_matrix test; /* M x dim */
    const int64_t *test_labels;
    double penalty; /* the mean loss + penalty / 2 |W|^2 is least, on rows of mean variance 1; 0 = 1 / N */
    wn_pool *pool;
    const wn_progress *progress;
} wn_linear_request;

/* Multinomial logistic regression on the training rows (at most 300 steps of L-BFGS), judged on the test rows. Labels
 * that only the test has count as wrong. `predictions` is NULL or gets one label a test row (-1 where it was left out).
 * WN_INVALID: fewer than two classes, no test row, different dimensions, a value that is not finite; WN_NOMEM,
 * WN_CANCELLED. The same answer for any number of threads. */
WN_API WN_NODISCARD wn_status wn_evaluate_linear(const wn_linear_request *request, int64_t *predictions,
                                                 wn_knn_result *out, wn_error *err);

/* The same without test rows: five times a fifth of the labelled training rows, drawn by `seed`, is judged by the
 * others. The figures are those of all rows together; `test` and `test_labels` of the request are not used. Errors as
 * above. */
WN_API WN_NODISCARD wn_status wn_evaluate_linear_folds(const wn_linear_request *request, uint64_t seed,
                                                       wn_knn_result *out, wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
