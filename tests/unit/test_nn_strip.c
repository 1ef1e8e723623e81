/* SPDX-License-Identifier: Apache-2.0
 *
 * Strip kernels of every CPU level against the reference, on exactly sized arrays: the address sanitizer sees a read
 * or write beyond them, and gaps between strips must stay untouched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "nn/strip.h"
#include "winnow/memory.h"

enum { CHANNELS = WN_STRIP_CHANNELS, ARRAYS = 5 };

/* The arguments of one comparison: g, z, a second activation, a full-size one, an output; and places of maxima. */
typedef struct data {
    wn_strip strip;
    size_t element, count, full_count;
    void *arrays[ARRAYS];
    uint8_t *which;
    wn_strip_norm norm;
    wn_strip_sums sums;
} data;

enum { G, Z, OTHER, FULL, OUT };

static float get(const data *d, int array, size_t i)
{
    return d->element == 2 ? wn_bf16_to_f32(((const uint16_t *)d->arrays[array])[i])
                           : ((const float *)d->arrays[array])[i];
}

static void make(data *d, size_t side, size_t step, size_t element, uint64_t seed)
{
    wn_rng rng;
    wn_rng_init(&rng, seed, side * 1000 + step);
    *d = (data){.strip = {side * side, side, step}, .element = element};
    d->count = (side * side - 1) * step + CHANNELS;
    d->full_count = (4 * side * side - 1) * step + CHANNELS;
    for (int a = 0; a < ARRAYS; a++) {
        size_t count = a == FULL ? d->full_count : d->count;
        d->arrays[a] = wn_alloc(WN_MEMORY_GENERAL, count, element);
        assert_non_null(d->arrays[a]);
        for (size_t i = 0; i < count; i++) {
            float x = wn_rng_range(&rng, -2, 2);
            if (wn_rng_below(&rng, 16) == 0) x = 0;
            if (element == 2)
                ((uint16_t *)d->arrays[a])[i] = wn_bf16_from_f32(x);
            else
                ((float *)d->arrays[a])[i] = x;
        }
    }
    d->which = wn_alloc(WN_MEMORY_GENERAL, side * side, CHANNELS);
    assert_non_null(d->which);
    for (size_t i = 0; i < side * side * CHANNELS; i++) d->which[i] = (uint8_t)wn_rng_below(&rng, 4);
    assert_int_equal(sizeof d->norm, 9 * CHANNELS * sizeof(float));
    for (size_t i = 0; i < 9 * CHANNELS; i++) ((float *)(void *)&d->norm)[i] = wn_rng_normal(&rng);
}

static void clear(data *d)
{
    for (int a = 0; a < ARRAYS; a++) wn_free(d->arrays[a]);
    wn_free(d->which);
}

/* Elementwise results: one rounding of the element type apart, around the size of the terms. */
static void compare(const data *want, const data *got, int array, const char *what)
{
    size_t count = array == FULL ? want->full_count : want->count;
    double tolerance = want->element == 2 ? 0.008 : 1e-6;
    for (size_t i = 0; i < count; i++) {
        double a = (double)get(want, array, i), b = (double)get(got, array, i);
        bool gap = i % want->strip.step >= CHANNELS;
        if (gap ? a != b : fabs(a - b) > tolerance * (4 + fabs(a)))
            fail_msg("%s, side %zu step %zu: element %zu is %g, expected %g", what, want->strip.side, want->strip.step,
                     i, b, a);
    }
}

/* Sums: a hundred roundings of single precision, relative to the number of terms, which are of size 1. */
static void compare_sums(const float *want, const float *got, size_t positions, const char *what)
{
    for (size_t c = 0; c < CHANNELS; c++) {
        if (fabsf(want[c] - got[c]) > 1e-5F * (float)(positions + 8))
            fail_msg("%s of %zu positions: %g, expected %g", what, positions, (double)got[c], (double)want[c]);
    }
}

typedef void apply(const wn_strip_kernels *k, data *d);

static void run_moments(const wn_strip_kernels *k, data *d)
{
    k->moments(&d->strip, d->arrays[Z], &d->sums);
}
static void run_pool(const wn_strip_kernels *k, data *d)
{
    k->pool(&d->strip, d->arrays[FULL], d->arrays[OUT], d->which, &d->sums);
}
static void run_pool_alone(const wn_strip_kernels *k, data *d)
{
    k->pool(&d->strip, d->arrays[FULL], d->arrays[OUT], NULL, &d->sums);
}
static void run_activate(const wn_strip_kernels *k, data *d)
{
    k->activate(&d->strip, &d->norm, d->arrays[Z], NULL, d->arrays[OUT]);
}
static void run_activate_skip(const wn_strip_kernels *k, data *d)
{
    k->activate(&d->strip, &d->norm, d->arrays[Z], d->arrays[OTHER], d->arrays[OUT]);
}
static void run_activate_in_place(const wn_strip_kernels *k, data *d)
{
    k->activate(&d->strip, &d->norm, d->arrays[Z], d->arrays[OTHER], d->arrays[Z]);
}
static void run_join(const wn_strip_kernels *k, data *d)
{
    k->join(&d->strip, &d->norm, d->arrays[Z], d->arrays[OTHER], d->arrays[OUT]);
}
static void run_mask(const wn_strip_kernels *k, data *d)
{
    k->mask(&d->strip, d->arrays[Z], d->arrays[G]);
}
static void run_reduce(const wn_strip_kernels *k, data *d)
{
    k->reduce(&d->strip, &d->norm, d->arrays[G], d->arrays[Z], &d->sums);
}
static void run_differentiate(const wn_strip_kernels *k, data *d)
{
    k->differentiate(&d->strip, &d->norm, d->arrays[G], d->arrays[Z], d->arrays[OUT]);
}
static void run_differentiate_in_place(const wn_strip_kernels *k, data *d)
{
    k->differentiate(&d->strip, &d->norm, d->arrays[G], d->arrays[Z], d->arrays[G]);
}
static void run_unpool(const wn_strip_kernels *k, data *d)
{
    k->unpool(&d->strip, &d->norm, d->arrays[G], d->arrays[Z], d->which, d->arrays[FULL]);
}
static void run_add(const wn_strip_kernels *k, data *d)
{
    k->add(&d->strip, d->arrays[G], d->arrays[OTHER]);
}
static void run_average(const wn_strip_kernels *k, data *d)
{
    k->average(&d->strip, d->arrays[Z], d->sums.first);
}
static void run_spread(const wn_strip_kernels *k, data *d)
{
    k->spread(&d->strip, d->norm.scale, d->arrays[OUT]);
}

static const struct {
    const char *name;
    apply *run;
} kernels[] = {
    {"moments", run_moments},
    {"pool", run_pool},
    {"pool without places", run_pool_alone},
    {"activate", run_activate},
    {"activate with skip", run_activate_skip},
    {"activate in place", run_activate_in_place},
    {"join", run_join},
    {"mask", run_mask},
    {"reduce", run_reduce},
    {"differentiate", run_differentiate},
    {"differentiate in place", run_differentiate_in_place},
    {"unpool", run_unpool},
    {"add", run_add},
    {"average", run_average},
    {"spread", run_spread},
};

static void compare_level(const wn_strip_kernels *reference, const wn_strip_kernels *tested)
{
    static const size_t sides[] = {1, 2, 3, 5, 8, 17}, steps[] = {16, 48};
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
            for (size_t j = 0; j < 2; j++) {
                data want, got;
                make(&want, sides[i], steps[j], reference->element_size, k);
                make(&got, sides[i], steps[j], reference->element_size, k);
                kernels[k].run(reference, &want);
                kernels[k].run(tested, &got);
                for (int a = 0; a < ARRAYS; a++) compare(&want, &got, a, kernels[k].name);
                compare_sums(want.sums.first, got.sums.first, want.strip.positions, kernels[k].name);
                compare_sums(want.sums.second, got.sums.second, want.strip.positions, kernels[k].name);
                assert_memory_equal(want.which, got.which, want.strip.positions * CHANNELS);
                clear(&want);
                clear(&got);
            }
        }
    }
}

static void levels_agree_with_the_reference(void **state)
{
    (void)state;
    for (int bf16 = 0; bf16 < 2; bf16++) {
        wn_strip_kernels reference, tested, below;
        wn_strip_kernels_init(&reference, WN_CPU_C, bf16);
        below = reference;
        for (wn_cpu level = WN_CPU_AVX2; level <= wn_cpu_detect(); level++) {
            wn_strip_kernels_init(&tested, level, bf16);
            if (strcmp(tested.name, below.name) == 0) continue; /* nothing of its own at this level */
            below = tested;
            print_message("%s %s\n", bf16 ? "bf16" : "fp32", tested.name);
            compare_level(&reference, &tested);
        }
    }
    assert_int_equal(wn_memory_live(WN_MEMORY_COUNT), 0);
}

/* The reference itself on numbers that can be followed by hand. */
static void reference_does_what_it_says(void **state)
{
    wn_strip_kernels k;
    wn_strip strip = {1, 1, CHANNELS};
    wn_strip_norm norm = {
        .scale = {2}, .shift = {-1}, .mean = {0.5F}, .by_h = {3}, .by_z = {5}, .constant = {7}, .high = {INFINITY}};
    wn_strip_sums sums;
    float full[4 * CHANNELS] = {0}, z[CHANNELS], a[CHANNELS], skip[CHANNELS] = {100}, g[CHANNELS] = {10};
    uint8_t which[CHANNELS];
    (void)state;

    wn_strip_kernels_init(&k, WN_CPU_C, false);
    full[0] = 1, full[CHANNELS] = 4, full[2 * CHANNELS] = 4, full[3 * CHANNELS] = -2;
    k.pool(&strip, full, z, which, &sums);
    assert_true(z[0] == 4 && which[0] == 1 && sums.first[0] == 4 && sums.second[0] == 16);
    k.activate(&strip, &norm, z, skip, a);
    assert_true(a[0] == 107);
    k.reduce(&strip, &norm, g, z, &sums);
    assert_true(sums.first[0] == 10 && sums.second[0] == 35);
    k.unpool(&strip, &norm, g, z, which, full);
    assert_true(full[0] == 0 && full[CHANNELS] == 30 + 20 + 7 && full[2 * CHANNELS] == 0);
    norm.shift[0] = -9; /* now behind the ReLU */
    k.differentiate(&strip, &norm, g, z, a);
    assert_true(a[0] == 20 + 7);
    norm.shift[0] = -1, norm.high[0] = 6; /* t = 7 */
    k.activate(&strip, &norm, z, NULL, a);
    k.reduce(&strip, &norm, g, z, &sums);
    assert_true(a[0] == 6 && sums.first[0] == 0);
    skip[0] = -8;
    k.join(&strip, &norm, z, skip, a);
    k.mask(&strip, a, g);
    assert_true(a[0] == 0 && g[0] == 0);
}

static void bf16_rounds_to_nearest_even(void **state)
{
    (void)state;
    assert_int_equal(wn_bf16_from_f32(1.0F), 0x3F80);
    assert_int_equal(wn_bf16_from_f32(1.00390625F), 0x3F80); /* half way to the next, which is odd */
    assert_int_equal(wn_bf16_from_f32(1.01171875F), 0x3F82); /* half way between an odd and an even one */
    assert_int_equal(wn_bf16_from_f32(-1.0078125F), 0xBF81); /* exact */
    assert_int_equal(wn_bf16_from_f32(3.4e38F), 0x7F80);     /* beyond the largest */
    assert_true(isnan(wn_bf16_to_f32(wn_bf16_from_f32(NAN))));
    assert_true(wn_bf16_to_f32(0x4049) == 3.140625F);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_does_what_it_says),
        cmocka_unit_test(levels_agree_with_the_reference),
        cmocka_unit_test(bf16_rounds_to_nearest_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
