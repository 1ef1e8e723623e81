/* SPDX-License-Identifier: Apache-2.0
 *
 * Conversions at AVX2: the shared loops, and half precision by vcvtph2ps.
 */
#include "num/x86/convert_init.h"
#include "num/x86/vector_avx2.h"

#include "num/x86/distance_rows.h"

#include "num/x86/convert_loops.h"

static void f16_to_f32(const uint16_t *src, size_t n, float *dst)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        _mm256_storeu_ps(dst + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(src + i))));
    }
    for (; i < n; i++) dst[i] = _cvtsh_ss(src[i]);
}

void wn_convert_fill_avx2(wn_convert_kernels *kernels)
{
#define X(field, signature) kernels->field = field;
    WN_CONVERT_MAP(X)
#undef X
}
