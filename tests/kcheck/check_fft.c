/* SPDX-License-Identifier: Apache-2.0
 *
 * Passes of the transform: every radix, with sizes from `dim`; each lane is off by no more than the rounding of a few
 * products.
 */
#include "kcheck.h"

#include <math.h>
#include <string.h>

#include "num/fft.h"

static void check_pass(kcheck *check)
{
    size_t radix = 2 + wn_rng_below(&check->rng, 4), length = 1 + check->dim % 7, rest = 1 + check->dim % 5;
    size_t n = radix * length * rest, floats = n * 2 * WN_FFT_LANES, turn_count = length * (radix - 1) * 2;
    float *in = kcheck_place(check, 0, floats, sizeof *in), *found = kcheck_place(check, 1, floats, sizeof *found);
    float *expected = kcheck_place(check, 2, floats, sizeof *expected);
    float *turns = kcheck_place(check, 3, turn_count, sizeof *turns);
    kcheck_fill_f32(check, in, floats);
    for (size_t i = 0; i < turn_count; i += 2) {
        double angle =
            i / 2 < radix - 1 ? 0 : 6.2831853 * (double)wn_rng_uniform(&check->rng); /* j = 0 does not turn */
        turns[i] = (float)cos(angle), turns[i + 1] = (float)sin(angle);
    }
    check->now->fft.pass(in, found, n, length, radix, turns);
    check->reference->fft.pass(in, expected, n, length, radix, turns);
    if (check->data == KCHECK_SPECIALS) return;
    check->comparisons += floats;
    for (size_t i = 0; i < floats; i++) {
        /* the terms of an output: every place of its sequence at distance n / radix */
        size_t lane = i % WN_FFT_LANES, place = i / (2 * WN_FFT_LANES), m = n / (length * radix);
        double sum = 0;
        for (size_t q = 0; q < radix; q++) {
            size_t from = place % m + q * m + radix * m * (place / m % length);
            sum += fabs((double)in[from * 2 * WN_FFT_LANES + lane]);
            sum += fabs((double)in[from * 2 * WN_FFT_LANES + WN_FFT_LANES + lane]);
        }
        if (!(fabs((double)found[i] - (double)expected[i]) <= 1e-6 * sum + 1e-36))
            kcheck_fail(check, "radix %zu: out[%zu] is %.9g, expected %.9g", radix, i, (double)found[i],
                        (double)expected[i]);
    }
}

const kcheck_case kcheck_fft_cases[] = {
    KCHECK_CASE(fft, pass, "series", check_pass),
    {0},
};
