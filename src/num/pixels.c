/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums over pixels: the C reference, which is the definition of correct, and the choice of level.
 */
#include "num/pixels.h"

#include <stdlib.h>

#include "num/x86/pixels_init.h"

static void luma_c(const uint8_t *rgbx, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++, rgbx += 4) {
        out[i] = (uint8_t)((38 * rgbx[0] + 75 * rgbx[1] + 15 * rgbx[2] + 64) >> 7);
    }
}

static void moments_c(const uint8_t *rgbx, size_t n, uint64_t sum[4], uint64_t squares[4])
{
    for (size_t i = 0; i < n; i++, rgbx += 4) {
        for (size_t c = 0; c < 4; c++) {
            sum[c] += rgbx[c];
            squares[c] += (uint64_t)rgbx[c] * rgbx[c];
        }
    }
}

static unsigned spread_c(const uint8_t *rgbx, size_t n)
{
    unsigned widest = 0;
    for (size_t c = 0; c < 3 && n > 0; c++) {
        unsigned low = 255, high = 0;
        for (size_t i = 0; i < n; i++) {
            unsigned value = rgbx[4 * i + c];
            if (value < low) low = value;
            if (value > high) high = value;
        }
        if (high - low > widest) widest = high - low;
    }
    return widest;
}

static void laplacian_c(const uint8_t *above, const uint8_t *row, const uint8_t *below, size_t n, int64_t *sum,
                        int64_t *squares)
{
    for (size_t i = 1; i + 1 < n; i++) {
        int value = above[i] + below[i] + row[i - 1] + row[i + 1] - 4 * row[i];
        *sum += value;
        *squares += value * value;
    }
}

static uint64_t roughness_c(const uint8_t *above, const uint8_t *row, const uint8_t *below, size_t n)
{
    uint64_t total = 0;
    for (size_t i = 1; i + 1 < n; i++) {
        int value = above[i - 1] - 2 * above[i] + above[i + 1] - 2 * row[i - 1] + 4 * row[i] - 2 * row[i + 1] +
                    below[i - 1] - 2 * below[i] + below[i + 1];
        total += (uint64_t)abs(value);
    }
    return total;
}

void wn_pixels_kernels_init(wn_pixels_kernels *kernels, wn_cpu level)
{
#define X(field, signature) kernels->field = field##_c;
    WN_PIXELS_MAP(X)
#undef X
    pixels_init_x86(kernels, level);
}
