/* SPDX-License-Identifier: Apache-2.0
 *
 * Plans of transforms, and the reference of a pass: the sum of its definition, in double.
 */
#include "num/fft.h"

#include <math.h>

#include "base/error.h"
#include "num/x86/fft_init.h"
#include "winnow/memory.h"

enum { LANES = WN_FFT_LANES };

/* e^(i angle) of a butterfly's leg times its turn. */
static void turn_of(const float *turns, size_t j, size_t p, size_t q, size_t radix, double *re, double *im)
{
    double c = q ? (double)turns[(j * (radix - 1) + q - 1) * 2] : 1;
    double d = q ? (double)turns[(j * (radix - 1) + q - 1) * 2 + 1] : 0;
    double angle = -2 * M_PI * (double)(p * q % radix) / (double)radix, e = cos(angle), f = sin(angle);
    *re = c * e - d * f;
    *im = c * f + d * e;
}

/* The p-th sums of one butterfly, for all lanes; `from` has its legs m * 2 * LANES apart. */
static void add_legs(const float *from, float *to, size_t m, size_t radix, const float *turns, size_t j, size_t p)
{
    for (size_t lane = 0; lane < LANES; lane++) {
        double re = 0, im = 0, turn_re, turn_im;
        for (size_t q = 0; q < radix; q++) {
            double a = (double)from[q * m * 2 * LANES + lane], b = (double)from[q * m * 2 * LANES + LANES + lane];
            turn_of(turns, j, p, q, radix, &turn_re, &turn_im);
            re += a * turn_re - b * turn_im;
            im += a * turn_im + b * turn_re;
        }
        to[lane] = (float)re, to[LANES + lane] = (float)im;
    }
}

static void pass(const float *in, float *out, size_t n, size_t length, size_t radix, const float *turns)
{
    size_t m = n / (length * radix);
    for (size_t j = 0; j < length; j++) {
        for (size_t s = 0; s < m; s++) {
            const float *from = in + (s + radix * m * j) * 2 * LANES;
            for (size_t p = 0; p < radix; p++)
                add_legs(from, out + (s + m * (j + length * p)) * 2 * LANES, m, radix, turns, j, p);
        }
    }
}

void wn_fft_kernels_init(wn_fft_kernels *kernels, wn_cpu level)
{
    kernels->pass = pass;
    fft_init_x86(kernels, level);
}

size_t wn_fft_good_length(size_t n)
{
    for (size_t length = n < 2 ? 2 : n + n % 2; length >= n; length += 2) {
        size_t rest = length;
        while (rest % 2 == 0) rest /= 2;
        while (rest % 3 == 0) rest /= 3;
        while (rest % 5 == 0) rest /= 5;
        if (rest == 1) return length;
    }
    return 0;
}

void wn_fft_plan_clear(wn_fft_plan *plan)
{
    wn_free(plan->turns);
    *plan = (wn_fft_plan){0};
}

wn_status wn_fft_plan_set(wn_fft_plan *plan, size_t n, wn_error *err)
{
    static const size_t radices[] = {5, 3, 4, 2};
    size_t rest = n, turns = 0, length = 1;
    wn_fft_plan_clear(plan);
    plan->n = n;
    for (size_t r = 0; n && r < sizeof radices / sizeof *radices; r++)
        for (; rest % radices[r] == 0; rest /= radices[r]) plan->radix[plan->passes++] = radices[r];
    if (rest != 1) return wn_fail(err, WN_INVALID, "%zu is no product of 2, 3 and 5", n);
    for (size_t i = 0; i < plan->passes; length *= plan->radix[i++]) {
        plan->first[i] = turns;
        turns += length * (plan->radix[i] - 1) * 2;
    }
    if (!(plan->turns = wn_alloc(WN_MEMORY_MATRIX, turns, sizeof *plan->turns)))
        return wn_fail(err, WN_NOMEM, "no memory for a transform of length %zu", n);
    length = 1;
    for (size_t i = 0; i < plan->passes; length *= plan->radix[i++]) {
        float *to = plan->turns + plan->first[i];
        size_t radix = plan->radix[i];
        for (size_t j = 0; j < length; j++)
            for (size_t q = 1; q < radix; q++, to += 2) {
                double angle = -2 * M_PI * (double)(q * j) / (double)(radix * length);
                to[0] = (float)cos(angle), to[1] = (float)sin(angle);
            }
    }
    return WN_OK;
}

float *wn_fft_run(const wn_fft_plan *plan, const wn_fft_kernels *kernels, float *block, float *scratch)
{
    size_t length = 1;
    for (size_t i = 0; i < plan->passes; length *= plan->radix[i++]) {
        kernels->pass(block, scratch, plan->n, length, plan->radix[i], plan->turns + plan->first[i]);
        float *swap = block;
        block = scratch, scratch = swap;
    }
    return block;
}
