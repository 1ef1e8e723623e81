/* SPDX-License-Identifier: Apache-2.0
 *
 * Distances at AVX2: the shared sums over this level's vectors.
 */
#include "num/x86/distance_init.h"
#include "num/x86/vector_avx2.h"

#include "num/x86/distance_rows.h"

DEFINE_ALL_DISTANCES

void wn_distance_fill_avx2(wn_distance_kernels *kernels)
{
#define X(field, signature) kernels->field = field;
    WN_DISTANCE_MAP(X)
#undef X
}
