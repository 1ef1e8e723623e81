/* SPDX-License-Identifier: Apache-2.0
 *
 * Linear algebra of tall matrices: mean, covariance, eigenvectors of a symmetric matrix, projection and random
 * rotations, on LAPACK and BLAS with one thread each; the pool cuts the rows. Results do not depend on its threads:
 * blocks have a fixed size and are added in order, in double.
 */
#ifndef NUM_LINEAR_H
#define NUM_LINEAR_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/matrix.h"
#include "winnow/pool.h"
#include "winnow/status.h"

/* mean[c] = mean of column c, for rows > 0. The data must be finite. */
WN_NODISCARD wn_status wn_linear_mean(const wn_matrix *x, wn_pool *pool, double *mean, wn_error *err);

/* out (cols x cols, row-major, both halves) = sum over rows of (x - mean) (x - mean)' / divisor. `mean` NULL means 0,
 * `divisor` 1 gives the Gram matrix and rows - 1 the covariance. Products run in float32 within a block of rows. */
WN_NODISCARD wn_status wn_linear_covariance(const wn_matrix *x, const double *mean, double divisor, wn_pool *pool,
                                            double *out, wn_error *err);

/* Bytes that wn_linear_covariance holds beside its result. */
uint64_t wn_linear_covariance_memory(size_t rows, size_t cols, unsigned threads);

/* The `wanted` greatest eigenvalues of a symmetric n x n matrix, in descending order, and their eigenvectors as rows
 * of `vectors` (wanted x n), each of length 1 with its element of greatest magnitude positive. The matrix is used
 * up as scratch; only its lower triangle (row-major) is read. 0 < wanted <= n. WN_INVALID when it holds a NaN. */
WN_NODISCARD wn_status wn_linear_eigen(double *matrix, size_t n, size_t wanted, double *values, double *vectors,
                                       wn_error *err);

/* The same for the pair of symmetric matrices (matrix, metric): vectors u with matrix u = value metric u, scaled to
 * u' metric u = 1. `metric` must be positive definite (WN_INVALID otherwise) and is used up as well. */
WN_NODISCARD wn_status wn_linear_eigen_pair(double *matrix, double *metric, size_t n, size_t wanted, double *values,
                                            double *vectors, wn_error *err);

/* out (rows x k, row-major) = (x - mean) basis', with the k rows of `basis` (k x cols). `mean` NULL means 0. */
WN_NODISCARD wn_status wn_linear_project(const wn_matrix *x, const double *mean, const float *basis, size_t k,
                                         wn_pool *pool, float *out, wn_error *err);

/* Makes one vector's sign definite: its element of greatest magnitude becomes positive. */
void wn_linear_fix_sign(double *vector, size_t n);

/* The `count` rows of `rows` (count x n, count <= n) become an orthonormal basis: Q of the QR factorisation. `signs`
 * (count, NULL allowed) get those of R's diagonal. Rows that depend on earlier ones are completed to a basis. */
WN_NODISCARD wn_status wn_linear_orthonormal(double *rows, size_t count, size_t n, double *signs, wn_error *err);

/* out (n x n, row-major) = an orthogonal matrix drawn uniformly (Haar): QR of a normal matrix with the signs of R's
 * diagonal (Mezzadri 2007). Rotating before int8 spreads the variance over all dimensions. */
WN_NODISCARD wn_status wn_linear_rotation(size_t n, uint64_t seed, float *out, wn_error *err);

/* Which operand of a product is transposed; all matrices lie row by row without gaps. */
typedef enum wn_linear_product {
    WN_LINEAR_ABT, /* out (m x n) = a (m x k) b' with b (n x k) */
    WN_LINEAR_ATB  /* out (m x n) = a' b with a (k x m), b (k x n) */
} wn_linear_product;

/* A product in float32 in the calling thread, for callers that cut the work themselves. */
void wn_linear_multiply(wn_linear_product product, size_t m, size_t n, size_t k, const float *a, const float *b,
                        float *out);

#endif
