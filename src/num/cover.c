/* SPDX-License-Identifier: Apache-2.0
 *
 * Gains of coverage: the C reference, which is the definition of correct, and the choice of level.
 */
#include "num/cover.h"

#if defined(__x86_64__)
#include "num/x86/cover_init.h"
#endif

static void lower_c(const wn_cover_rise *rises, size_t count, size_t first, size_t n, double *gains)
{
    for (size_t i = 0; i < count; i++) {
        const wn_cover_rise r = rises[i];
        for (size_t c = first; c < first + n; c++) {
            float value = r.values[c] > r.old ? r.values[c] : r.old;
            value = value < r.now ? value : r.now;
            gains[c] -= ((double)value - (double)r.old) * r.weight;
        }
    }
}

void wn_cover_kernels_init(wn_cover_kernels *kernels, wn_cpu level)
{
    *kernels = (wn_cover_kernels){.lower = lower_c};
#if defined(__x86_64__)
    cover_init_x86(kernels, level);
#else
    (void)level;
#endif
}
