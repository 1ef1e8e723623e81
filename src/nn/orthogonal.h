/* SPDX-License-Identifier: Apache-2.0
 *
 * The orthogonal matrix nearest to a matrix, roughly: what the optimiser muon makes of a weight tensor's momentum.
 */
#ifndef NN_ORTHOGONAL_H
#define NN_ORTHOGONAL_H

#include <stddef.h>

#include "winnow/pool.h"
#include "winnow/status.h"

/* Floats of scratch that wn_orthogonalize needs for that shape. */
size_t wn_orthogonalize_floats(size_t rows, size_t cols);

/* x (rows x cols, row-major) = U S' V^T where x = U S V^T was its singular value decomposition and S' has every value
 * above a hundredth or so of |x| brought to [0.68, 1.2]: five rounds of the quintic iteration of Muon (Jordan et al.
 * 2024),
 *
 *     X <- (a I + b G + c G^2) X,  G = X X^T,  a = 3.4445, b = -4.7750, c = 2.0315,
 *
 * from X = x / |x|_F. All the polynomials commute with G, so that they are multiplied together on the shorter side and
 * meet x once, at the end; all but that last product are symmetric, so that half of them is made: 3 n^2 m + 17 n^3
 * operations for n <= m, where the plain way takes 20 n^2 m + 10 n^3. This needs fp32: what is smallest in G grows by
 * 3.4^10, and so do errors (with products of bf16, a spectrum of 1/k came out with singular values of 280).
 *
 * The same bytes for any pool; zeros stay zeros. `scratch` holds wn_orthogonalize_floats() floats. Fails where the
 * matrix product does. */
WN_NODISCARD wn_status wn_orthogonalize(wn_pool *pool, size_t rows, size_t cols, float *x, float *scratch,
                                        wn_error *err);

#endif
