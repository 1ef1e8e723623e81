/* SPDX-License-Identifier: Apache-2.0
 *
 * Passes of the transform at AVX-512: the shared loops over this level's vectors.
 */
#include "num/x86/fft_init.h"
#include "num/x86/vector_avx512.h"

#define VECTOR_SET   _mm512_set1_ps
#define VECTOR_MUL   _mm512_mul_ps
#define VECTOR_FMSUB _mm512_fmsub_ps
#define VECTOR_LOAD  _mm512_loadu_ps
#define VECTOR_STORE _mm512_storeu_ps

#include "num/x86/fft_loops.h"

void wn_fft_fill_avx512(wn_fft_kernels *kernels)
{
    kernels->pass = pass;
}
