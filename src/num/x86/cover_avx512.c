/* SPDX-License-Identifier: Apache-2.0
 *
 * Gains of coverage at AVX-512: the shared loop over this level's vectors.
 */
#include "num/x86/cover_init.h"
#include "num/x86/vector_avx512.h"

#define VECTOR_SET    _mm512_set1_ps
#define VECTOR_MIN    _mm512_min_ps
#define VECTOR_MAX    _mm512_max_ps
#define DOUBLES       8
#define DOUBLE        __m512d
#define DOUBLE_SET    _mm512_set1_pd
#define DOUBLE_LOAD   _mm512_loadu_pd
#define DOUBLE_STORE  _mm512_storeu_pd
#define DOUBLE_SUB    _mm512_sub_pd
#define DOUBLE_MUL    _mm512_mul_pd
#define WIDEN_LOW(x)  _mm512_cvtps_pd(_mm512_castps512_ps256(x))
#define WIDEN_HIGH(x) _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1))

#include "num/x86/cover_loops.h"

void wn_cover_fill_avx512(wn_cover_kernels *kernels)
{
    kernels->lower = lower;
    kernels->lower_s16 = lower_s16;
}
