/* SPDX-License-Identifier: Apache-2.0
 *
 * Conversions at AVX-512: the shared loops, and half precision by vcvtph2ps.
 */
#include "num/x86/convert_init.h"
#include "num/x86/vector_avx512.h"

#include "num/x86/distance_rows.h"

#include "num/x86/convert_loops.h"

static void f16_to_f32(const uint16_t *src, size_t n, float *dst)
{
    for (size_t i = 0; i < n; i += LANES) {
        __mmask16 lanes = lanes_below(n - i < LANES ? n - i : LANES);
        _mm512_mask_storeu_ps(dst + i, lanes, _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(lanes, src + i)));
    }
}

void wn_convert_fill_avx512(wn_convert_kernels *kernels)
{
#define X(field, signature) kernels->field = field;
    WN_CONVERT_MAP(X)
#undef X
}
