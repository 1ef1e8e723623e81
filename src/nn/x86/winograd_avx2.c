/* SPDX-License-Identifier: Apache-2.0
 *
 * Winograd's algorithm with AVX2 and FMA. The transforms take 8 channels at a time and two rows of points together,
 * whose 12 sums stay in registers: nothing between the first and the second step goes through memory.
 */
#include <immintrin.h>

#include "nn/x86/winograd_init.h"

#define WINOGRAD_INLINE static inline __attribute__((always_inline))

enum { BLOCK = WN_WINOGRAD_CHANNELS, WINDOW = WN_WINOGRAD_WINDOW, TILE = WN_WINOGRAD_TILE, LANES = 8 };

/* sqrt(1/2), sqrt(2): the points. */
#define NEAR 0.70710678118654752F
#define FAR  1.41421356237309505F
/* 1 / the product of the distances to the other points: of the near and of the far ones. */
#define WEIGHT_NEAR (-2.0F / 3.0F)
#define WEIGHT_FAR  (1.0F / 6.0F)

typedef struct six {
    __m256 v[WINDOW];
} six;

typedef struct four {
    __m256 v[TILE];
} four;

WINOGRAD_INLINE __m256 set(float value)
{
    return _mm256_set1_ps(value);
}

/* c + a b, c - a b */
WINOGRAD_INLINE __m256 plus(__m256 c, float a, __m256 b)
{
    return _mm256_fmadd_ps(set(a), b, c);
}

WINOGRAD_INLINE __m256 minus(__m256 c, float a, __m256 b)
{
    return _mm256_fnmadd_ps(set(a), b, c);
}

/* Channels c .. c + 7 of a position. */
WINOGRAD_INLINE __m256 at(const wn_winograd_patch *patch, size_t y, size_t x, size_t c, bool whole)
{
    __m256 value = _mm256_loadu_ps(patch->rows[y] + patch->columns[x] + c);
    if (whole) return value;
    return _mm256_and_ps(value, _mm256_castsi256_ps(_mm256_set1_epi32((int)patch->masks[x])));
}

/* Has memory fetch a block of channels of the next patch, columns `first` to `size`. */
WINOGRAD_INLINE void expect_patch(const wn_winograd_patch *next, size_t c, size_t first, size_t size)
{
    for (size_t y = 0; y < size; y++) {
#pragma GCC unroll 6
        for (size_t x = first; x < size; x++) __builtin_prefetch(next->rows[y] + next->columns[x] + c);
    }
}

/* B' of six sums along a row, to the row's points. */
WINOGRAD_INLINE void put_input(six s, float *out, size_t point)
{
    __m256 even = minus(s.v[4], 2, s.v[2]), odd = minus(s.v[3], 2, s.v[1]);
    __m256 even_far = minus(s.v[4], 0.5F, s.v[2]), odd_far = minus(s.v[3], 0.5F, s.v[1]);
    _mm256_storeu_ps(out, minus(_mm256_add_ps(s.v[0], s.v[4]), 2.5F, s.v[2]));
    _mm256_storeu_ps(out + point, plus(even, NEAR, odd));
    _mm256_storeu_ps(out + 2 * point, minus(even, NEAR, odd));
    _mm256_storeu_ps(out + 3 * point, plus(even_far, FAR, odd_far));
    _mm256_storeu_ps(out + 4 * point, minus(even_far, FAR, odd_far));
    _mm256_storeu_ps(out + 5 * point, minus(_mm256_add_ps(s.v[1], s.v[5]), 2.5F, s.v[3]));
}

/* The two rows of points of +-t, with r = 1 / t^2. */
WINOGRAD_INLINE void input_pair(const wn_winograd_patch *patch, size_t c, bool whole, float r, float t, float *out,
                                size_t point)
{
    six first, second;
#pragma GCC unroll 6
    for (size_t x = 0; x < WINDOW; x++) {
        __m256 even = minus(at(patch, 4, x, c, whole), r, at(patch, 2, x, c, whole));
        __m256 odd = minus(at(patch, 3, x, c, whole), r, at(patch, 1, x, c, whole));
        first.v[x] = plus(even, t, odd);
        second.v[x] = minus(even, t, odd);
    }
    put_input(first, out, point);
    put_input(second, out + WINDOW * point, point);
}

/* The row of points of 0 (first = 0) or infinity (first = 1). */
WINOGRAD_INLINE void input_end(const wn_winograd_patch *patch, size_t c, bool whole, size_t first, float *out,
                               size_t point)
{
    six sums;
#pragma GCC unroll 6
    for (size_t x = 0; x < WINDOW; x++)
        sums.v[x] = minus(_mm256_add_ps(at(patch, first, x, c, whole), at(patch, first + 4, x, c, whole)), 2.5F,
                          at(patch, first + 2, x, c, whole));
    put_input(sums, out, point);
}

WINOGRAD_INLINE void input_all(const wn_winograd_patch *patch, const wn_winograd_patch *next, size_t channels,
                               const wn_winograd_place *place, bool whole)
{
    const size_t point = place->point;
    for (size_t c = 0; c < channels; c += LANES) {
        float *out = place->panel + c / BLOCK * place->block + c % BLOCK;
        if (c % BLOCK == 0) expect_patch(next, c, 2, WINDOW); /* the first two columns are mostly this one's last */
        input_end(patch, c, whole, 0, out, point);
        input_pair(patch, c, whole, 2, NEAR, out + WINDOW * point, point);
        input_pair(patch, c, whole, 0.5F, FAR, out + 3 * WINDOW * point, point);
        input_end(patch, c, whole, 1, out + 5 * WINDOW * point, point);
    }
}

static void input(const wn_winograd_patch *patch, const wn_winograd_patch *next, size_t channels,
                  const wn_winograd_place *place)
{
    if (patch->whole)
        input_all(patch, next, channels, place, true);
    else
        input_all(patch, next, channels, place, false);
}

/* A of four sums along a row, to the row's points. */
WINOGRAD_INLINE void put_gradient(four s, float *out, size_t point)
{
    __m256 even = plus(s.v[0], 0.5F, s.v[2]), odd = plus(s.v[1], 0.5F, s.v[3]);
    __m256 even_far = plus(s.v[0], 2, s.v[2]), odd_far = plus(s.v[1], 2, s.v[3]);
    _mm256_storeu_ps(out, s.v[0]);
    _mm256_storeu_ps(out + point, plus(even, NEAR, odd));
    _mm256_storeu_ps(out + 2 * point, minus(even, NEAR, odd));
    _mm256_storeu_ps(out + 3 * point, plus(even_far, FAR, odd_far));
    _mm256_storeu_ps(out + 4 * point, minus(even_far, FAR, odd_far));
    _mm256_storeu_ps(out + 5 * point, s.v[3]);
}

/* The two rows of points of +-t, with r = t^2. */
WINOGRAD_INLINE void gradient_pair(const wn_winograd_patch *patch, size_t c, bool whole, float r, float t, float *out,
                                   size_t point)
{
    four first, second;
#pragma GCC unroll 4
    for (size_t x = 0; x < TILE; x++) {
        __m256 even = plus(at(patch, 0, x, c, whole), r, at(patch, 2, x, c, whole));
        __m256 odd = plus(at(patch, 1, x, c, whole), r, at(patch, 3, x, c, whole));
        first.v[x] = plus(even, t, odd);
        second.v[x] = minus(even, t, odd);
    }
    put_gradient(first, out, point);
    put_gradient(second, out + WINDOW * point, point);
}

WINOGRAD_INLINE void gradient_end(const wn_winograd_patch *patch, size_t c, bool whole, size_t y, float *out,
                                  size_t point)
{
    four sums;
#pragma GCC unroll 4
    for (size_t x = 0; x < TILE; x++) sums.v[x] = at(patch, y, x, c, whole);
    put_gradient(sums, out, point);
}

WINOGRAD_INLINE void gradient_all(const wn_winograd_patch *patch, const wn_winograd_patch *next, size_t channels,
                                  const wn_winograd_place *place, bool whole)
{
    const size_t point = place->point;
    for (size_t c = 0; c < channels; c += LANES) {
        float *out = place->panel + c / BLOCK * place->block + c % BLOCK;
        if (c % BLOCK == 0) expect_patch(next, c, 0, TILE);
        gradient_end(patch, c, whole, 0, out, point);
        gradient_pair(patch, c, whole, 0.5F, NEAR, out + WINDOW * point, point);
        gradient_pair(patch, c, whole, 2, FAR, out + 3 * WINDOW * point, point);
        gradient_end(patch, c, whole, 3, out + 5 * WINDOW * point, point);
    }
}

static void gradient(const wn_winograd_patch *patch, const wn_winograd_patch *next, size_t channels,
                     const wn_winograd_place *place)
{
    if (patch->whole)
        gradient_all(patch, next, channels, place, true);
    else
        gradient_all(patch, next, channels, place, false);
}

/* A' of six sums along a row: one row of the tile. */
WINOGRAD_INLINE void put_output(six s, float *out, size_t step)
{
    __m256 sum = _mm256_add_ps(s.v[1], s.v[2]), difference = _mm256_sub_ps(s.v[1], s.v[2]);
    __m256 sum_far = _mm256_add_ps(s.v[3], s.v[4]), difference_far = _mm256_sub_ps(s.v[3], s.v[4]);
    __m256 second = plus(_mm256_mul_ps(set(NEAR), difference), FAR, difference_far);
    __m256 fourth = plus(plus(s.v[5], NEAR / 2, difference), 2 * FAR, difference_far);
    _mm256_storeu_ps(out, _mm256_add_ps(_mm256_add_ps(s.v[0], sum), sum_far));
    _mm256_storeu_ps(out + step, second);
    _mm256_storeu_ps(out + 2 * step, plus(_mm256_mul_ps(set(0.5F), sum), 2, sum_far));
    _mm256_storeu_ps(out + 3 * step, fourth);
}

/* A whole tile of 8 channels; rows and columns of `out` are so many floats apart. */
WINOGRAD_INLINE void output_tile(const float *in, size_t point, float *out, size_t row_step, size_t step)
{
    six first, second;
#pragma GCC unroll 6
    for (size_t x = 0; x < WINDOW; x++) {
        const float *p = in + x * point;
        __m256 a = _mm256_loadu_ps(p + WINDOW * point), b = _mm256_loadu_ps(p + 2 * WINDOW * point);
        __m256 c = _mm256_loadu_ps(p + 3 * WINDOW * point), d = _mm256_loadu_ps(p + 4 * WINDOW * point);
        __m256 sum = _mm256_add_ps(a, b), sum_far = _mm256_add_ps(c, d);
        first.v[x] = _mm256_add_ps(_mm256_add_ps(_mm256_loadu_ps(p), sum), sum_far);
        second.v[x] = plus(_mm256_mul_ps(set(0.5F), sum), 2, sum_far);
    }
    put_output(first, out, step);
    put_output(second, out + 2 * row_step, step);
#pragma GCC unroll 6
    for (size_t x = 0; x < WINDOW; x++) {
        const float *p = in + x * point;
        __m256 a = _mm256_loadu_ps(p + WINDOW * point), b = _mm256_loadu_ps(p + 2 * WINDOW * point);
        __m256 c = _mm256_loadu_ps(p + 3 * WINDOW * point), d = _mm256_loadu_ps(p + 4 * WINDOW * point);
        __m256 near = _mm256_sub_ps(a, b), far = _mm256_sub_ps(c, d);
        first.v[x] = plus(_mm256_mul_ps(set(NEAR), near), FAR, far);
        second.v[x] = plus(plus(_mm256_loadu_ps(p + 5 * WINDOW * point), NEAR / 2, near), 2 * FAR, far);
    }
    put_output(first, out + row_step, step);
    put_output(second, out + 3 * row_step, step);
}

/* Has memory fetch what the next call writes to. */
WINOGRAD_INLINE void expect_target(const wn_winograd_target *next, size_t c)
{
    for (size_t y = 0; y < next->rows; y++) {
        for (size_t x = 0; x < next->columns; x++)
            __builtin_prefetch(next->first + y * next->row_step + x * next->column_step + c, 1);
    }
}

static void output(const wn_winograd_place *place, size_t channels, const wn_winograd_target *target,
                   const wn_winograd_target *next)
{
    const bool whole = target->rows == TILE && target->columns == TILE;
    for (size_t c = 0; c < channels; c += LANES) {
        if (c % BLOCK == 0) expect_target(next, c);
        const float *in = place->panel + c / BLOCK * place->block + c % BLOCK;
        if (whole) {
            output_tile(in, place->point, target->first + c, target->row_step, target->column_step);
            continue;
        }
        float tile[TILE][TILE][LANES];
        output_tile(in, place->point, tile[0][0], (size_t)TILE * LANES, LANES);
        for (size_t y = 0; y < target->rows; y++) {
            for (size_t x = 0; x < target->columns; x++)
                _mm256_storeu_ps(target->first + y * target->row_step + x * target->column_step + c,
                                 _mm256_loadu_ps(tile[y][x]));
        }
    }
}

/* G of three values. */
WINOGRAD_INLINE six spread_filter(__m256 a, __m256 b, __m256 c)
{
    __m256 near = _mm256_mul_ps(set(WEIGHT_NEAR), plus(a, 0.5F, c));
    __m256 far = _mm256_mul_ps(set(WEIGHT_FAR), plus(a, 2, c));
    return (six){{a, plus(near, WEIGHT_NEAR * NEAR, b), minus(near, WEIGHT_NEAR * NEAR, b),
                  plus(far, WEIGHT_FAR * FAR, b), minus(far, WEIGHT_FAR * FAR, b), c}};
}

static void filter(const float taps[9][BLOCK], float *packed, size_t point)
{
    for (size_t lane = 0; lane < BLOCK; lane += LANES) {
        six columns[3];
        for (size_t x = 0; x < 3; x++)
            columns[x] = spread_filter(_mm256_loadu_ps(taps[x] + lane), _mm256_loadu_ps(taps[3 + x] + lane),
                                       _mm256_loadu_ps(taps[6 + x] + lane));
        for (size_t y = 0; y < WINDOW; y++) {
            six row = spread_filter(columns[0].v[y], columns[1].v[y], columns[2].v[y]);
            for (size_t x = 0; x < WINDOW; x++) _mm256_storeu_ps(packed + (y * WINDOW + x) * point + lane, row.v[x]);
        }
    }
}

/* G' of six values, to three. */
WINOGRAD_INLINE void gather_filter(const six *s, __m256 *a, __m256 *b, __m256 *c)
{
    __m256 sum = _mm256_mul_ps(set(WEIGHT_NEAR), _mm256_add_ps(s->v[1], s->v[2]));
    __m256 difference = _mm256_mul_ps(set(WEIGHT_NEAR * NEAR), _mm256_sub_ps(s->v[1], s->v[2]));
    __m256 sum_far = _mm256_mul_ps(set(WEIGHT_FAR), _mm256_add_ps(s->v[3], s->v[4]));
    *a = _mm256_add_ps(_mm256_add_ps(s->v[0], sum), sum_far);
    *b = plus(difference, WEIGHT_FAR * FAR, _mm256_sub_ps(s->v[3], s->v[4]));
    *c = plus(plus(s->v[5], 0.5F, sum), 2, sum_far);
}

static void unfilter(const float *packed, size_t point, float taps[9][BLOCK])
{
    for (size_t lane = 0; lane < BLOCK; lane += LANES) {
        six rows[3];
        for (size_t x = 0; x < WINDOW; x++) {
            six column;
            for (size_t y = 0; y < WINDOW; y++) column.v[y] = _mm256_loadu_ps(packed + (y * WINDOW + x) * point + lane);
            gather_filter(&column, &rows[0].v[x], &rows[1].v[x], &rows[2].v[x]);
        }
        for (size_t y = 0; y < 3; y++) {
            __m256 a, b, c;
            gather_filter(&rows[y], &a, &b, &c);
            _mm256_storeu_ps(taps[3 * y] + lane, a);
            _mm256_storeu_ps(taps[3 * y + 1] + lane, b);
            _mm256_storeu_ps(taps[3 * y + 2] + lane, c);
        }
    }
}

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

static void multiply(const float *a, const float *b, float *c, size_t block, size_t rows, size_t depth, size_t cols)
{
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

static void accumulate(const float *a, const float *b, float *c, size_t block, size_t rows, size_t channels_a,
                       size_t channels_b, bool add)
{
    for (size_t n = 0; n < channels_b; n += BLOCK, b += block) {
        for (size_t m = 0; m < channels_a; m += BLOCK, c += (size_t)BLOCK * BLOCK) {
            const float *of = a + m / BLOCK * block;
            accumulate_rows(of, b, c, rows, ROWS, add);
            accumulate_rows(of + ROWS, b, c + (size_t)ROWS * BLOCK, rows, ROWS, add);
            accumulate_rows(of + 2 * ROWS, b, c + (size_t)2 * ROWS * BLOCK, rows, ROWS_LEFT, add);
        }
    }
}

void wn_winograd_fill_avx2(wn_winograd_kernels *out)
{
    *out = (wn_winograd_kernels){.name = "winograd:avx2",
                                 .input = input,
                                 .gradient = gradient,
                                 .output = output,
                                 .filter = filter,
                                 .unfilter = unfilter,
                                 .multiply = multiply,
                                 .accumulate = accumulate};
}
