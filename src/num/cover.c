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

static void lower_s16_c(const wn_cover_step *steps, size_t count, size_t first, size_t n, int32_t *sums)
{
    for (size_t i = 0; i < count; i++) {
        const wn_cover_step s = steps[i];
        for (size_t c = first; c < first + n; c++) {
            int16_t value = s.values[c] > s.old ? s.values[c] : s.old;
            value = value < s.now ? value : s.now;
            sums[c] -= value - s.old;
        }
    }
}

void wn_cover_kernels_init(wn_cover_kernels *kernels, wn_cpu level)
{
    *kernels = (wn_cover_kernels){.lower = lower_c, .lower_s16 = lower_s16_c};
#if defined(__x86_64__)
    cover_init_x86(kernels, level);
#else
    (void)level;
#endif
}
