/* SPDX-License-Identifier: Apache-2.0
 *
 * Reference of the pull of bundles, in double.
 */
#include "num/bundles.h"

#include "num/x86/bundles_init.h"

static void student(const float *points, const float *at, const wn_bundle *bundles, size_t n, float unit, float *force)
{
    double sum[2] = {0};
    for (size_t b = 0; b < n; b++) {
        const float *from = points + (size_t)bundles[b].base * 2;
        for (size_t i = 0; i < WN_BUNDLE; i++) {
            const float *partner = from + (size_t)bundles[b].offsets[i] * 2;
            double dx = (double)partner[0] - (double)at[0], dy = (double)partner[1] - (double)at[1];
            double factor = (double)bundles[b].weights[i] / (1 + dx * dx + dy * dy);
            sum[0] += factor * dx, sum[1] += factor * dy;
        }
    }
    for (size_t c = 0; c < 2; c++) force[c] += (float)(sum[c] * (double)unit);
}

void wn_bundles_kernels_init(wn_bundles_kernels *kernels, wn_cpu level)
{
#define X(field, signature) kernels->field = field;
    WN_BUNDLES_MAP(X)
#undef X
    bundles_init_x86(kernels, level);
}
