/* SPDX-License-Identifier: Apache-2.0
 *
 * Winograd's algorithm in bf16 with AVX-512 and its BF16 products: the transforms run in fp32 and round to bf16, the
 * products of pairs are summed in fp32.
 */
#include <immintrin.h>
#include <string.h>

#include "nn/x86/half512.h"
#include "nn/x86/vec512.h"
#include "nn/x86/winograd_init.h"

enum { LANES = 16, ELEMENT = sizeof(uint16_t), HAS_PAIRS = true };

static inline vec vec_fnma(vec a, vec b, vec c)
{
    return _mm512_fnmadd_ps(a, b, c);
}

static inline vec vec_load(const char *from)
{
    return load_half(from, 0);
}

static inline void vec_store(char *to, vec value)
{
    store_half(to, 0, value);
}

static inline vec vec_keep(vec value, uint32_t mask)
{
    return _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(value), _mm512_set1_epi32((int)mask)));
}

static inline void vec_operand(char *to, vec value, wn_winograd_form form)
{
    if (form == WN_WINOGRAD_ROW) {
        vec_store(to, value);
        return;
    }
    __m512i bits = _mm512_cvtepu16_epi32(round_half(value));
    if (form == WN_WINOGRAD_SECOND) bits = _mm512_or_si512(_mm512_loadu_si512(to), _mm512_slli_epi32(bits, 16));
    _mm512_storeu_si512(to, bits);
}

#include "nn/x86/winograd_body.h"

/* ---- matrix products: up to 12 x 32 sums in registers ---- */

enum { PAIRS = BLOCK / 2, ROWS = 12, WIDE = 2 };

typedef struct sums {
    __m512 v[WIDE][ROWS];
} sums;

WINOGRAD_INLINE void clear(sums *s, size_t wide, size_t rows)
{
    for (size_t w = 0; w < wide; w++) {
        for (size_t r = 0; r < rows; r++) s->v[w][r] = _mm512_setzero_ps();
    }
}

/* A pair of numbers, 16 times. */
WINOGRAD_INLINE __m512bh spread_pair(const uint32_t *pair)
{
    return (__m512bh)_mm512_set1_epi32((int)*pair);
}

WINOGRAD_INLINE __m512bh get_pairs(const uint32_t *pairs)
{
    return (__m512bh)_mm512_loadu_si512(pairs);
}

/* c (rows x 16 wide) = a (rows x depth, panel) b (depth x 16 wide); blocks of a, b and c are so many pairs or floats
 * apart. */
WINOGRAD_INLINE void multiply_rows(const uint32_t *a, size_t a_block, const uint32_t *b, size_t b_block, float *c,
                                   size_t c_block, size_t depth, size_t wide, size_t rows)
{
    sums s;
    clear(&s, wide, rows);
    for (size_t k = 0; k < depth; k += BLOCK, a += a_block) {
#pragma GCC unroll 8
        for (size_t l = 0; l < PAIRS; l++, b += BLOCK) {
            __m512bh first = get_pairs(b), second = get_pairs(wide > 1 ? b + b_block : b);
#pragma GCC unroll 12
            for (size_t r = 0; r < rows; r++) {
                __m512bh x = spread_pair(a + r * PAIRS + l);
                s.v[0][r] = _mm512_dpbf16_ps(s.v[0][r], x, first);
                if (wide > 1) s.v[1][r] = _mm512_dpbf16_ps(s.v[1][r], x, second);
            }
        }
    }
#pragma GCC unroll 2
    for (size_t w = 0; w < wide; w++) {
#pragma GCC unroll 12
        for (size_t r = 0; r < rows; r++) _mm512_storeu_ps(c + w * c_block + r * BLOCK, s.v[w][r]);
    }
}

/* The same for any even number of rows. */
WINOGRAD_INLINE void multiply_columns(const uint32_t *a, size_t a_block, const uint32_t *b, size_t b_block, float *c,
                                      size_t c_block, size_t rows, size_t depth, size_t wide)
{
    size_t r = 0;
#define MULTIPLY(count) multiply_rows(a + r * PAIRS, a_block, b, b_block, c + r * BLOCK, c_block, depth, wide, count)
    for (; r + ROWS <= rows; r += ROWS) MULTIPLY(ROWS);
    for (; r + 4 <= rows; r += 4) MULTIPLY(4);
    for (; r < rows; r += 2) MULTIPLY(2);
#undef MULTIPLY
}

static void multiply(const void *panel, const void *filters, float *c, size_t block, size_t rows, size_t depth,
                     size_t cols)
{
    const uint32_t *a = panel, *b = filters;
    const size_t a_block = block * PAIRS, b_block = depth * PAIRS, c_block = block * BLOCK;
    size_t n = 0;
    for (; n + 2 * BLOCK <= cols; n += 2 * BLOCK, b += 2 * b_block, c += 2 * c_block)
        multiply_columns(a, a_block, b, b_block, c, c_block, rows, depth, 2);
    if (n < cols) multiply_columns(a, a_block, b, b_block, c, c_block, rows, depth, 1);
}

/* c (16 x 16) = a' (16 x pairs of rows) b (pairs of rows x 16), or += . */
WINOGRAD_INLINE void accumulate_block(const uint32_t *a, const uint32_t *b, float *c, size_t pairs, bool add)
{
    __m512 s[BLOCK];
#pragma GCC unroll 16
    for (size_t m = 0; m < BLOCK; m++) s[m] = add ? _mm512_loadu_ps(c + m * BLOCK) : _mm512_setzero_ps();
    for (size_t k = 0; k < pairs; k++, a += BLOCK, b += BLOCK) {
        __m512bh y = get_pairs(b);
#pragma GCC unroll 16
        for (size_t m = 0; m < BLOCK; m++) s[m] = _mm512_dpbf16_ps(s[m], spread_pair(a + m), y);
    }
#pragma GCC unroll 16
    for (size_t m = 0; m < BLOCK; m++) _mm512_storeu_ps(c + m * BLOCK, s[m]);
}

static void accumulate(const void *panel_a, const void *panel_b, float *c, size_t step, size_t block, size_t rows,
                       size_t channels_a, size_t channels_b, bool add)
{
    const uint32_t *a = panel_a, *b = panel_b;
    const size_t pairs = (rows + 1) / 2;
    for (size_t n = 0; n < channels_b; n += BLOCK, b += block * PAIRS) {
        for (size_t m = 0; m < channels_a; m += BLOCK, c += step) accumulate_block(a + m * block / 2, b, c, pairs, add);
    }
}

void wn_winograd_fill_bf16_avx512bf16(wn_winograd_kernels *out)
{
    *out = (wn_winograd_kernels){.name = "winograd:avx512bf16",
                                 .element = ELEMENT,
                                 .together = 2,
                                 .input = input,
                                 .gradient = gradient,
                                 .output = output,
                                 .filter = filter,
                                 .unfilter = unfilter,
                                 .multiply = multiply,
                                 .accumulate = accumulate};
}
