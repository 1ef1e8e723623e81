/* SPDX-License-Identifier: Apache-2.0
 *
 * Passes of the transform at AVX2: the shared loops over this level's vectors.
 */
#include "num/x86/fft_init.h"
#include "num/x86/vector_avx2.h"

#define VECTOR_SET   _mm256_set1_ps
#define VECTOR_MUL   _mm256_mul_ps
#define VECTOR_FMSUB _mm256_fmsub_ps
#define VECTOR_LOAD  _mm256_loadu_ps
#define VECTOR_STORE _mm256_storeu_ps

#include "num/x86/fft_loops.h"

void wn_fft_fill_avx2(wn_fft_kernels *kernels)
{
    kernels->pass = pass;
}
