/* SPDX-License-Identifier: Apache-2.0
 *
 * Winograd's algorithm in fp32 with AVX2 and FMA.
 */
#include <immintrin.h>
#include <string.h>

#include "nn/x86/winograd_init.h"

typedef __m256 vec;

enum { LANES = 8, ELEMENT = sizeof(float), HAS_PAIRS = false };

static inline vec vec_set(float value)
{
    return _mm256_set1_ps(value);
}

static inline vec vec_add(vec a, vec b)
{
    return _mm256_add_ps(a, b);
}

static inline vec vec_subtract(vec a, vec b)
{
    return _mm256_sub_ps(a, b);
}

static inline vec vec_multiply(vec a, vec b)
{
    return _mm256_mul_ps(a, b);
}

static inline vec vec_fma(vec a, vec b, vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}

static inline vec vec_fnma(vec a, vec b, vec c)
{
    return _mm256_fnmadd_ps(a, b, c);
}

static inline vec vec_get(const float *from)
{
    return _mm256_loadu_ps(from);
}

static inline void vec_put(float *to, vec value)
{
    _mm256_storeu_ps(to, value);
}

static inline vec vec_load(const char *from)
{
    return vec_get((const float *)(const void *)from);
}

static inline void vec_store(char *to, vec value)
{
    vec_put((float *)(void *)to, value);
}

static inline vec vec_keep(vec value, uint32_t mask)
{
    return _mm256_and_ps(value, _mm256_castsi256_ps(_mm256_set1_epi32((int)mask)));
}

static inline void vec_operand(char *to, vec value, wn_winograd_form form)
{
    (void)form; /* rows alone */
    vec_store(to, value);
}

#include "nn/x86/winograd_body.h"

/* ---- matrix products: 6 x 16 or 4 x 16 sums in registers ---- */

enum { ROWS = 6, ROWS_LEFT = WN_WINOGRAD_ROWS };

typedef struct sums {
    __m256 low[ROWS], high[ROWS];
} sums;

WINOGRAD_INLINE void clear(sums *s, size_t rows)
{
    for (size_t r = 0; r < rows; r++) s->low[r] = s->high[r] = _mm256_setzero_ps();
}

/* s[r] += a[r * step] * the 16 floats of b */
WINOGRAD_INLINE void add_outer(sums *s, const float *a, size_t step, const float *b, size_t rows)
{
    __m256 low = _mm256_loadu_ps(b), high = _mm256_loadu_ps(b + LANES);
#pragma GCC unroll 6
    for (size_t r = 0; r < rows; r++) {
        __m256 x = _mm256_broadcast_ss(a + r * step);
        s->low[r] = _mm256_fmadd_ps(x, low, s->low[r]);
        s->high[r] = _mm256_fmadd_ps(x, high, s->high[r]);
    }
}

WINOGRAD_INLINE void put_sums(const sums *s, float *c, size_t rows, bool add)
{
#pragma GCC unroll 6
    for (size_t r = 0; r < rows; r++) {
        float *row = c + r * BLOCK;
        _mm256_storeu_ps(row, add ? _mm256_add_ps(_mm256_loadu_ps(row), s->low[r]) : s->low[r]);
        _mm256_storeu_ps(row + LANES, add ? _mm256_add_ps(_mm256_loadu_ps(row + LANES), s->high[r]) : s->high[r]);
    }
}

/* c (rows x 16) = a (rows x depth, panel) b (depth x 16). */
WINOGRAD_INLINE void multiply_rows(const float *a, const float *b, float *c, size_t block, size_t depth, size_t rows)
{
    sums s;
    clear(&s, rows);
    for (size_t k = 0; k < depth; k += BLOCK, a += block) {
#pragma GCC unroll 8
        for (size_t l = 0; l < BLOCK; l++, b += BLOCK) add_outer(&s, a + l, BLOCK, b, rows);
    }
    put_sums(&s, c, rows, false);
}

/* How many groups of six rows: what is left is groups of four. */
WINOGRAD_INLINE size_t count_sixes(size_t rows)
{
    size_t sixes = rows / ROWS;
    while ((rows - sixes * ROWS) % ROWS_LEFT) sixes--;
    return sixes;
}

static void multiply(const void *panel, const void *filters, float *c, size_t block, size_t rows, size_t depth,
                     size_t cols)
{
    const float *a = panel, *b = filters;
    block *= BLOCK;
    const size_t sixes = count_sixes(rows) * ROWS;
    for (size_t n = 0; n < cols; n += BLOCK, b += depth * BLOCK, c += block) {
        size_t r = 0;
        for (; r < sixes; r += ROWS) multiply_rows(a + r * BLOCK, b, c + r * BLOCK, block, depth, ROWS);
        for (; r < rows; r += ROWS_LEFT) multiply_rows(a + r * BLOCK, b, c + r * BLOCK, block, depth, ROWS_LEFT);
    }
}

/* c (channels x 16) = a' (channels x rows) b (rows x 16), or += . */
WINOGRAD_INLINE void accumulate_rows(const float *a, const float *b, float *c, size_t rows, size_t channels, bool add)
{
    sums s;
    clear(&s, channels);
#pragma GCC unroll 4
    for (size_t k = 0; k < rows; k++) add_outer(&s, a + k * BLOCK, 1, b + k * BLOCK, channels);
    put_sums(&s, c, channels, add);
}

static void accumulate(const void *panel_a, const void *panel_b, float *c, size_t step, size_t block, size_t rows,
                       size_t channels_a, size_t channels_b, bool add)
{
    const float *a = panel_a, *b = panel_b;
    block *= BLOCK;
    for (size_t n = 0; n < channels_b; n += BLOCK, b += block) {
        for (size_t m = 0; m < channels_a; m += BLOCK, c += step) {
            const float *of = a + m / BLOCK * block;
            accumulate_rows(of, b, c, rows, ROWS, add);
            accumulate_rows(of + ROWS, b, c + (size_t)ROWS * BLOCK, rows, ROWS, add);
            accumulate_rows(of + 2 * ROWS, b, c + (size_t)2 * ROWS * BLOCK, rows, ROWS_LEFT, add);
        }
    }
}

void wn_winograd_fill_f32_avx2(wn_winograd_kernels *out)
{
    *out = (wn_winograd_kernels){.name = "winograd:avx2",
                                 .element = ELEMENT,
                                 .together = 1,
                                 .input = input,
                                 .gradient = gradient,
                                 .output = output,
                                 .filter = filter,
                                 .unfilter = unfilter,
                                 .multiply = multiply,
                                 .accumulate = accumulate};
}
