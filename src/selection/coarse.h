/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows in int8, with a proven bound on what that loses. A scaled row x becomes y = R (x - centre), where R is an
 * orthonormal rotation or the identity, and then step * q with q in [-127, 127]. With error(x) >= |y - step q|,
 *
 *     step |q(x) - q(p)| - error(x) - error(p)  <=  |x - p|  <=  step |q(x) - q(p)| + error(x) + error(p),
 *
 * and |q(x) - q(p)|^2 is an exact integer. The error holds the rounding of the float32 arithmetic too.
 */
#ifndef SELECTION_COARSE_H
#define SELECTION_COARSE_H

#include <stdbool.h>

#include "num/convert.h"
#include "selection/space.h"

typedef struct wn_coarse {
    const wn_space *space;
    size_t stride; /* bytes a code: dim padded to whole vectors, the padding codes 0 */
    double step;
    bool rotated;
    float *centre;  /* dim */
    float *signs;   /* 2 x dim, of the rotation */
    uint8_t *codes; /* len x stride, each byte q + 128; NULL = made when they are needed */
    int32_t *norms; /* len, |q|^2 */
    float *errors;  /* len */
    wn_convert_kernels convert;
} wn_coarse;

/* Integer squares fit 30 bits up to here. */
enum { WN_COARSE_DIM_MAX = 16384 };

/* Bytes a code takes. */
size_t wn_coarse_stride(size_t dim);

/* Bytes that new allocates for `len` slots. */
uint64_t wn_coarse_bytes(size_t len, size_t dim, bool stored);

/* Chooses rotation and step on a sample. With `stored` all slots are encoded now, else at each gather. `centre` has
 * dim values that lie near the middle of the rows. The space must outlive the result. */
WN_NODISCARD wn_status wn_coarse_new(const wn_space *space, const double *centre, bool stored, wn_pool *pool,
                                     wn_coarse **out, wn_error *err);
void wn_coarse_free(wn_coarse **coarse);

/* Encodes one row of the matrix. `scratch` holds dim floats. */
void wn_coarse_encode(const wn_coarse *coarse, const float *row, float *scratch, uint8_t *code, int32_t *norm,
                      float *error);

/* Codes, norms and errors of `n` slots, one after the other. */
void wn_coarse_gather(const wn_coarse *coarse, const uint32_t *slots, size_t n, float *scratch, uint8_t *codes,
                      int32_t *norms, float *errors);

/* Upper and lower bound of the squared distance, from the integer and the sum of the two errors. */
double wn_coarse_upper(const wn_coarse *coarse, int32_t square, double errors);
double wn_coarse_lower(const wn_coarse *coarse, int32_t square, double errors);

/* Every pick whose squared distance is at most `square` has an integer not above this. */
int32_t wn_coarse_limit(const wn_coarse *coarse, double square, double errors);

#endif
