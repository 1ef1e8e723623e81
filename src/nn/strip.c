/* SPDX-License-Identifier: Apache-2.0
 *
 * The reference of the strip kernels: plain loops, sums in double. Each body serves both element types; the constant
 * `half` is resolved by the compiler.
 */
#include "nn/strip.h"

#if defined(__x86_64__)
#include "nn/x86/strip_init.h"
#endif

enum { C = WN_STRIP_CHANNELS };

static inline float get(const void *base, size_t i, bool half)
{
    return half ? wn_bf16_to_f32(((const uint16_t *)base)[i]) : ((const float *)base)[i];
}

static inline void put(void *base, size_t i, float value, bool half)
{
    if (half)
        ((uint16_t *)base)[i] = wn_bf16_from_f32(value);
    else
        ((float *)base)[i] = value;
}

static void put_sums(const double *first, const double *second, wn_strip_sums *sums)
{
    for (size_t c = 0; c < C; c++) {
        sums->first[c] = (float)first[c];
        sums->second[c] = (float)second[c];
    }
}

static inline void moments(const wn_strip *strip, const void *z, wn_strip_sums *sums, bool half)
{
    double s[C] = {0}, q[C] = {0};
    for (size_t p = 0; p < strip->positions; p++) {
        for (size_t c = 0; c < C; c++) {
            double x = get(z, p * strip->step + c, half);
            s[c] += x;
            q[c] += x * x;
        }
    }
    put_sums(s, q, sums);
}

static inline void pool(const wn_strip *strip, const void *full, void *z, uint8_t *which, wn_strip_sums *sums,
                        bool half)
{
    size_t side = strip->side, step = strip->step;
    for (size_t p = 0; p < strip->positions; p++) {
        size_t corner = 2 * (p / side) * 2 * side + 2 * (p % side);
        for (size_t c = 0; c < C; c++) {
            float best = get(full, corner * step + c, half);
            uint8_t place = 0;
            for (uint8_t k = 1; k < 4; k++) {
                float x = get(full, (corner + k / 2 * 2 * side + k % 2) * step + c, half);
                place = x > best ? k : place;
                best = x > best ? x : best;
            }
            put(z, p * step + c, best, half);
            if (which) which[p * C + c] = place;
        }
    }
    moments(strip, z, sums, half);
}

static inline void activate(const wn_strip *strip, const wn_strip_norm *norm, const void *z, const void *skip, void *a,
                            bool half)
{
    for (size_t p = 0; p < strip->positions; p++) {
        for (size_t c = 0; c < C; c++) {
            size_t i = p * strip->step + c;
            double t = (double)get(z, i, half) * norm->scale[c] + norm->shift[c];
            double other = skip ? get(skip, i, half) : 0;
            t = t > norm->low[c] ? t : norm->low[c];
            t = t < norm->high[c] ? t : norm->high[c];
            put(a, i, (float)(t + other), half);
        }
    }
}

static inline void join(const wn_strip *strip, const wn_strip_norm *norm, const void *z, const void *skip, void *a,
                        bool half)
{
    for (size_t p = 0; p < strip->positions; p++) {
        for (size_t c = 0; c < C; c++) {
            size_t i = p * strip->step + c;
            double t = (double)get(z, i, half) * norm->scale[c] + norm->shift[c] + get(skip, i, half);
            put(a, i, t > 0 ? (float)t : 0, half);
        }
    }
}

static inline void mask(const wn_strip *strip, const void *a, void *g, bool half)
{
    for (size_t p = 0; p < strip->positions; p++) {
        for (size_t c = 0; c < C; c++) {
            size_t i = p * strip->step + c;
            if (!(get(a, i, half) > 0)) put(g, i, 0, half);
        }
    }
}

/* The gradient behind the activation at element i of channel c. */
static inline float behind(const void *g, const void *z, size_t i, const wn_strip_norm *norm, size_t c, bool half)
{
    double t = (double)get(z, i, half) * norm->scale[c] + norm->shift[c];
    return t > norm->low[c] && t < norm->high[c] ? get(g, i, half) : 0;
}

static inline void reduce(const wn_strip *strip, const wn_strip_norm *norm, const void *g, const void *z,
                          wn_strip_sums *sums, bool half)
{
    double f[C] = {0}, s[C] = {0};
    for (size_t p = 0; p < strip->positions; p++) {
        for (size_t c = 0; c < C; c++) {
            size_t i = p * strip->step + c;
            double h = behind(g, z, i, norm, c, half);
            f[c] += h;
            s[c] += h * ((double)get(z, i, half) - norm->mean[c]);
        }
    }
    put_sums(f, s, sums);
}

static inline void differentiate(const wn_strip *strip, const wn_strip_norm *norm, const void *g, const void *z,
                                 void *d, bool half)
{
    for (size_t p = 0; p < strip->positions; p++) {
        for (size_t c = 0; c < C; c++) {
            size_t i = p * strip->step + c;
            double h = behind(g, z, i, norm, c, half);
            put(d, i, (float)(h * norm->by_h[c] + (double)get(z, i, half) * norm->by_z[c] + norm->constant[c]), half);
        }
    }
}

static inline void unpool(const wn_strip *strip, const wn_strip_norm *norm, const void *g, const void *z,
                          const uint8_t *which, void *full, bool half)
{
    size_t side = strip->side, step = strip->step;
    for (size_t p = 0; p < strip->positions; p++) {
        size_t corner = 2 * (p / side) * 2 * side + 2 * (p % side);
        for (size_t c = 0; c < C; c++) {
            size_t i = p * step + c;
            double h = behind(g, z, i, norm, c, half);
            float d = (float)(h * norm->by_h[c] + (double)get(z, i, half) * norm->by_z[c] + norm->constant[c]);
            for (uint8_t k = 0; k < 4; k++)
                put(full, (corner + k / 2 * 2 * side + k % 2) * step + c, which[p * C + c] == k ? d : 0, half);
        }
    }
}

static inline void add(const wn_strip *strip, void *g, const void *other, bool half)
{
    for (size_t p = 0; p < strip->positions; p++) {
        for (size_t c = 0; c < C; c++) {
            size_t i = p * strip->step + c;
            put(g, i, get(g, i, half) + get(other, i, half), half);
        }
    }
}

static inline void average(const wn_strip *strip, const void *a, float *mean, bool half)
{
    double s[C] = {0};
    for (size_t p = 0; p < strip->positions; p++) {
        for (size_t c = 0; c < C; c++) s[c] += get(a, p * strip->step + c, half);
    }
    for (size_t c = 0; c < C; c++) mean[c] = (float)(s[c] / (double)strip->positions);
}

static inline void spread(const wn_strip *strip, const float *d, void *g, bool half)
{
    float factor = 1.0F / (float)strip->positions;
    for (size_t p = 0; p < strip->positions; p++) {
        for (size_t c = 0; c < C; c++) put(g, p * strip->step + c, d[c] * factor, half);
    }
}

static inline void load_pixels(const uint8_t *pixels, size_t count, const float table[3][256], size_t step,
                               size_t channel_step, void *out, bool half)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t c = 0; c < 3; c++) put(out, i * step + c * channel_step, table[c][pixels[3 * i + c]], half);
    }
}

#define WRAP(type, half)                                                                                               \
    static void moments_##type(const wn_strip *s, const void *z, wn_strip_sums *sums)                                  \
    {                                                                                                                  \
        moments(s, z, sums, half);                                                                                     \
    }                                                                                                                  \
    static void pool_##type(const wn_strip *s, const void *full, void *z, uint8_t *which, wn_strip_sums *sums)         \
    {                                                                                                                  \
        pool(s, full, z, which, sums, half);                                                                           \
    }                                                                                                                  \
    static void activate_##type(const wn_strip *s, const wn_strip_norm *n, const void *z, const void *skip, void *a)   \
    {                                                                                                                  \
        activate(s, n, z, skip, a, half);                                                                              \
    }                                                                                                                  \
    static void reduce_##type(const wn_strip *s, const wn_strip_norm *n, const void *g, const void *z,                 \
                              wn_strip_sums *sums)                                                                     \
    {                                                                                                                  \
        reduce(s, n, g, z, sums, half);                                                                                \
    }                                                                                                                  \
    static void differentiate_##type(const wn_strip *s, const wn_strip_norm *n, const void *g, const void *z, void *d) \
    {                                                                                                                  \
        differentiate(s, n, g, z, d, half);                                                                            \
    }                                                                                                                  \
    static void unpool_##type(const wn_strip *s, const wn_strip_norm *n, const void *g, const void *z,                 \
                              const uint8_t *which, void *full)                                                        \
    {                                                                                                                  \
        unpool(s, n, g, z, which, full, half);                                                                         \
    }                                                                                                                  \
    static void join_##type(const wn_strip *s, const wn_strip_norm *n, const void *z, const void *skip, void *a)       \
    {                                                                                                                  \
        join(s, n, z, skip, a, half);                                                                                  \
    }                                                                                                                  \
    static void mask_##type(const wn_strip *s, const void *a, void *g)                                                 \
    {                                                                                                                  \
        mask(s, a, g, half);                                                                                           \
    }                                                                                                                  \
    static void add_##type(const wn_strip *s, void *g, const void *other)                                              \
    {                                                                                                                  \
        add(s, g, other, half);                                                                                        \
    }                                                                                                                  \
    static void average_##type(const wn_strip *s, const void *a, float *mean)                                          \
    {                                                                                                                  \
        average(s, a, mean, half);                                                                                     \
    }                                                                                                                  \
    static void spread_##type(const wn_strip *s, const float *d, void *g)                                              \
    {                                                                                                                  \
        spread(s, d, g, half);                                                                                         \
    }                                                                                                                  \
    static void load_pixels_##type(const uint8_t *pixels, size_t count, const float table[3][256], size_t step,        \
                                   size_t channel_step, void *out)                                                     \
    {                                                                                                                  \
        load_pixels(pixels, count, table, step, channel_step, out, half);                                              \
    }                                                                                                                  \
    static const wn_strip_kernels type##_c = {                                                                         \
        .element_size = (half) ? sizeof(uint16_t) : sizeof(float),                                                     \
        .name = "c",                                                                                                   \
        .moments = moments_##type,                                                                                     \
        .pool = pool_##type,                                                                                           \
        .activate = activate_##type,                                                                                   \
        .reduce = reduce_##type,                                                                                       \
        .differentiate = differentiate_##type,                                                                         \
        .unpool = unpool_##type,                                                                                       \
        .join = join_##type,                                                                                           \
        .mask = mask_##type,                                                                                           \
        .add = add_##type,                                                                                             \
        .average = average_##type,                                                                                     \
        .spread = spread_##type,                                                                                       \
        .load_pixels = load_pixels_##type,                                                                             \
    };

WRAP(f32, false)
WRAP(bf16, true)

void wn_strip_kernels_init(wn_strip_kernels *out, wn_cpu level, bool bf16)
{
    *out = bf16 ? bf16_c : f32_c;
#if defined(__x86_64__)
    if (level < WN_CPU_AVX2) return;
    if (!bf16) wn_strip_fill_f32_avx2(out);
    if (level < WN_CPU_AVX512) return;
    if (!bf16) wn_strip_fill_f32_avx512(out);
    if (level < WN_CPU_AVX512BF16) return;
    if (bf16) wn_strip_fill_bf16_avx512bf16(out);
#else
    (void)level;
#endif
}
