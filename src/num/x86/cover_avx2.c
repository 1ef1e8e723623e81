/* SPDX-License-Identifier: Apache-2.0
 *
 * Gains of coverage at AVX2: the shared loop over this level's vectors.
 */
#include "num/x86/cover_init.h"
#include "num/x86/vector_avx2.h"

#define VECTOR_SET    _mm256_set1_ps
#define VECTOR_MIN    _mm256_min_ps
#define VECTOR_MAX    _mm256_max_ps
#define DOUBLES       4
#define DOUBLE        __m256d
#define DOUBLE_SET    _mm256_set1_pd
#define DOUBLE_LOAD   _mm256_loadu_pd
#define DOUBLE_STORE  _mm256_storeu_pd
#define DOUBLE_SUB    _mm256_sub_pd
#define DOUBLE_MUL    _mm256_mul_pd
#define WIDEN_LOW(x)  _mm256_cvtps_pd(_mm256_castps256_ps128(x))
#define WIDEN_HIGH(x) _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1))

#include "num/x86/cover_loops.h"

void wn_cover_fill_avx2(wn_cover_kernels *kernels)
{
    kernels->lower = lower;
    kernels->lower_s16 = lower_s16;
}
