/* SPDX-License-Identifier: Apache-2.0
 *
 * The strip kernels over 16 floats at a time. A file of one instruction set defines the vector type and its dozen
 * operations (see strip_avx512.c), includes this header, and fills its table with STRIP_TABLE. Sums run in four
 * chains over the positions, so that additions do not wait for each other.
 */
#ifndef NN_X86_STRIP_BODY_H
#define NN_X86_STRIP_BODY_H

enum { CHAINS = 4 };

static void moments(const wn_strip *strip, const void *z, wn_strip_sums *sums)
{
    vec first[CHAINS], second[CHAINS];
    size_t p = 0, step = strip->step;
    for (size_t k = 0; k < CHAINS; k++) first[k] = second[k] = vec_zero();
    for (; p + CHAINS <= strip->positions; p += CHAINS) {
        for (size_t k = 0; k < CHAINS; k++) {
            vec x = vec_load(z, (p + k) * step);
            first[k] = vec_add(first[k], x);
            second[k] = vec_fma(x, x, second[k]);
        }
    }
    for (; p < strip->positions; p++) {
        vec x = vec_load(z, p * step);
        first[0] = vec_add(first[0], x);
        second[0] = vec_fma(x, x, second[0]);
    }
    vec_put(sums->first, vec_add(vec_add(first[0], first[1]), vec_add(first[2], first[3])));
    vec_put(sums->second, vec_add(vec_add(second[0], second[1]), vec_add(second[2], second[3])));
}

/* The four corners of a position of the pooled side. */
static inline size_t corner_of(const wn_strip *strip, size_t y, size_t x)
{
    return (2 * y * 2 * strip->side + 2 * x) * strip->step;
}

static void pool(const wn_strip *strip, const void *full, void *z, uint8_t *which, wn_strip_sums *sums)
{
    vec first = vec_zero(), second = vec_zero(), one = vec_set(1), two = vec_set(2), three = vec_set(3);
    size_t side = strip->side, step = strip->step, down = 2 * side * step, p = 0;
    for (size_t y = 0; y < side; y++) {
        for (size_t x = 0; x < side; x++, p++) {
            size_t at = corner_of(strip, y, x);
            vec best = vec_load(full, at), b = vec_load(full, at + step);
            vec c = vec_load(full, at + down), d = vec_load(full, at + down + step);
            vec place = vec_greater(b, best, one, vec_zero());
            best = vec_max(b, best);
            place = vec_greater(c, best, two, place);
            best = vec_max(c, best);
            place = vec_greater(d, best, three, place);
            best = vec_max(d, best);
            vec_store(z, p * step, best);
            if (which) vec_put_bytes(which + p * WN_STRIP_CHANNELS, place);
            first = vec_add(first, best);
            second = vec_fma(best, best, second);
        }
    }
    vec_put(sums->first, first);
    vec_put(sums->second, second);
}

static void activate(const wn_strip *strip, const wn_strip_norm *norm, const void *z, const void *skip, void *a)
{
    vec scale = vec_get(norm->scale), shift = vec_get(norm->shift), low = vec_get(norm->low);
    vec high = vec_get(norm->high);
    size_t step = strip->step, end = strip->positions * step;
    for (size_t i = 0; i < end; i += step) {
        vec t = vec_min(vec_max(vec_fma(vec_load(z, i), scale, shift), low), high);
        vec_store(a, i, skip ? vec_add(t, vec_load(skip, i)) : t);
    }
}

static void join(const wn_strip *strip, const wn_strip_norm *norm, const void *z, const void *skip, void *a)
{
    vec scale = vec_get(norm->scale), shift = vec_get(norm->shift), zero = vec_zero();
    size_t step = strip->step, end = strip->positions * step;
    for (size_t i = 0; i < end; i += step)
        vec_store(a, i, vec_max(vec_add(vec_fma(vec_load(z, i), scale, shift), vec_load(skip, i)), zero));
}

static void mask(const wn_strip *strip, const void *a, void *g)
{
    size_t step = strip->step, end = strip->positions * step;
    vec zero = vec_zero();
    for (size_t i = 0; i < end; i += step) vec_store(g, i, vec_greater(vec_load(a, i), zero, vec_load(g, i), zero));
}

/* g where t lies between the limits, else 0. */
static inline vec behind(vec t, vec g, vec low, vec high)
{
    vec zero = vec_zero();
    return vec_greater(high, t, vec_greater(t, low, g, zero), zero);
}

static void reduce(const wn_strip *strip, const wn_strip_norm *norm, const void *g, const void *z, wn_strip_sums *sums)
{
    vec scale = vec_get(norm->scale), shift = vec_get(norm->shift), mean = vec_get(norm->mean), zero = vec_zero();
    vec low = vec_get(norm->low), high = vec_get(norm->high);
    vec first[CHAINS], second[CHAINS];
    size_t p = 0, step = strip->step;
    for (size_t k = 0; k < CHAINS; k++) first[k] = second[k] = zero;
    for (; p < strip->positions / CHAINS * CHAINS; p += CHAINS) {
        for (size_t k = 0; k < CHAINS; k++) {
            vec x = vec_load(z, (p + k) * step);
            vec h = behind(vec_fma(x, scale, shift), vec_load(g, (p + k) * step), low, high);
            first[k] = vec_add(first[k], h);
            second[k] = vec_fma(h, vec_subtract(x, mean), second[k]);
        }
    }
    for (; p < strip->positions; p++) {
        vec x = vec_load(z, p * step);
        vec h = behind(vec_fma(x, scale, shift), vec_load(g, p * step), low, high);
        first[0] = vec_add(first[0], h);
        second[0] = vec_fma(h, vec_subtract(x, mean), second[0]);
    }
    vec_put(sums->first, vec_add(vec_add(first[0], first[1]), vec_add(first[2], first[3])));
    vec_put(sums->second, vec_add(vec_add(second[0], second[1]), vec_add(second[2], second[3])));
}

/* The gradient of z at one place. */
static inline vec slope(const wn_strip_norm *norm, vec g, vec z)
{
    vec t = vec_fma(z, vec_get(norm->scale), vec_get(norm->shift));
    vec h = behind(t, g, vec_get(norm->low), vec_get(norm->high));
    return vec_fma(h, vec_get(norm->by_h), vec_fma(z, vec_get(norm->by_z), vec_get(norm->constant)));
}

static void differentiate(const wn_strip *strip, const wn_strip_norm *norm, const void *g, const void *z, void *d)
{
    const wn_strip_norm local = *norm; /* d cannot alias it, so it stays in registers */
    size_t step = strip->step, end = strip->positions * step;
    for (size_t i = 0; i < end; i += step) vec_store(d, i, slope(&local, vec_load(g, i), vec_load(z, i)));
}

static void unpool(const wn_strip *strip, const wn_strip_norm *norm, const void *g, const void *z, const uint8_t *which,
                   void *full)
{
    const wn_strip_norm local = *norm;
    vec zero = vec_zero(), one = vec_set(1), two = vec_set(2), three = vec_set(3);
    size_t side = strip->side, step = strip->step, down = 2 * side * step, p = 0;
    for (size_t y = 0; y < side; y++) {
        for (size_t x = 0; x < side; x++, p++) {
            size_t at = corner_of(strip, y, x);
            vec d = slope(&local, vec_load(g, p * step), vec_load(z, p * step));
            vec place = vec_get_bytes(which + p * WN_STRIP_CHANNELS);
            vec_store(full, at, vec_equal(place, zero, d));
            vec_store(full, at + step, vec_equal(place, one, d));
            vec_store(full, at + down, vec_equal(place, two, d));
            vec_store(full, at + down + step, vec_equal(place, three, d));
        }
    }
}

static void add(const wn_strip *strip, void *g, const void *other)
{
    size_t step = strip->step, end = strip->positions * step;
    for (size_t i = 0; i < end; i += step) vec_store(g, i, vec_add(vec_load(g, i), vec_load(other, i)));
}

static void average(const wn_strip *strip, const void *a, float *mean)
{
    vec sum = vec_zero();
    size_t step = strip->step, end = strip->positions * step;
    for (size_t i = 0; i < end; i += step) sum = vec_add(sum, vec_load(a, i));
    vec_put(mean, vec_multiply(sum, vec_set(1.0F / (float)strip->positions)));
}

static void spread(const wn_strip *strip, const float *d, void *g)
{
    vec value = vec_multiply(vec_get(d), vec_set(1.0F / (float)strip->positions));
    size_t step = strip->step, end = strip->positions * step;
    for (size_t i = 0; i < end; i += step) vec_store(g, i, value);
}

/* Reading pixels is a table look-up; the reference does it. */
#define STRIP_TABLE(size, isa, load)                                                                                   \
    {                                                                                                                  \
        .element_size = (size), .name = (isa), .moments = moments, .pool = pool, .activate = activate,                 \
        .reduce = reduce, .differentiate = differentiate, .unpool = unpool, .join = join, .mask = mask, .add = add,    \
        .average = average, .spread = spread, .load_pixels = (load)                                                    \
    }

#endif
