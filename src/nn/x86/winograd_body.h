/* SPDX-License-Identifier: Apache-2.0
 *
 * The transforms of Winograd's algorithm over LANES channels at a time. Two rows of points are made together, whose 12
 * sums stay in registers: nothing between the first and the second step goes through memory. The file that includes
 * this defines LANES, ELEMENT (bytes of a number of an activation), HAS_PAIRS (whether places of pairs occur), the type
 * vec of LANES floats, and
 *
 *     vec_set(x), vec_add(a, b), vec_subtract(a, b), vec_multiply(a, b)
 *     vec_fma(a, b, c): a b + c; vec_fnma(a, b, c): c - a b
 *     vec_get(from), vec_put(to, a): LANES floats
 *     vec_load(from), vec_store(to, a): LANES elements
 *     vec_keep(a, mask): a, or 0 where the mask has no bits
 *     vec_operand(to, a, form): LANES operands of a product, in the form of their place
 */
#ifndef NN_X86_WINOGRAD_BODY_H
#define NN_X86_WINOGRAD_BODY_H

#define WINOGRAD_INLINE static inline __attribute__((always_inline))

enum { BLOCK = WN_WINOGRAD_CHANNELS, WINDOW = WN_WINOGRAD_WINDOW, TILE = WN_WINOGRAD_TILE };

/* sqrt(1/2), sqrt(2): the points. */
#define NEAR 0.70710678118654752F
#define FAR  1.41421356237309505F
/* 1 / the product of the distances to the other points: of the near and of the far ones. */
#define WEIGHT_NEAR (-2.0F / 3.0F)
#define WEIGHT_FAR  (1.0F / 6.0F)

typedef struct six {
    vec v[WINDOW];
} six;

typedef struct four {
    vec v[TILE];
} four;

/* c + a b, c - a b */
WINOGRAD_INLINE vec plus(vec c, float a, vec b)
{
    return vec_fma(vec_set(a), b, c);
}

WINOGRAD_INLINE vec minus(vec c, float a, vec b)
{
    return vec_fnma(vec_set(a), b, c);
}

/* LANES channels from c on, of a position. */
WINOGRAD_INLINE vec at(const wn_winograd_patch *patch, size_t y, size_t x, size_t c, bool whole)
{
    vec value = vec_load(patch->rows[y] + patch->columns[x] + c * ELEMENT);
    return whole ? value : vec_keep(value, patch->masks[x]);
}

/* Has memory fetch a block of channels of the next patch, columns `first` to `size`. */
WINOGRAD_INLINE void expect_patch(const wn_winograd_patch *next, size_t c, size_t first, size_t size)
{
    for (size_t y = 0; y < size; y++) {
#pragma GCC unroll 6
        for (size_t x = first; x < size; x++) __builtin_prefetch(next->rows[y] + next->columns[x] + c * ELEMENT);
    }
}

/* Where the six points of a row lie, and how. */
typedef struct points {
    char *first;
    size_t step; /* bytes */
    wn_winograd_form form;
} points;

WINOGRAD_INLINE points row_of(const points *all, size_t y)
{
    return (points){all->first + y * WINDOW * all->step, all->step, all->form};
}

WINOGRAD_INLINE void put_point(const points *to, size_t x, vec value)
{
    vec_operand(to->first + x * to->step, value, to->form);
}

/* The points of LANES channels from c on. */
WINOGRAD_INLINE points points_of(const wn_winograd_place *place, size_t c, size_t element, wn_winograd_form form)
{
    return (points){place->panel + c / BLOCK * place->block + c % BLOCK * element, place->point, form};
}

/* B' of six sums along a row, to the row's points. */
WINOGRAD_INLINE void put_input(six s, points to)
{
    vec even = minus(s.v[4], 2, s.v[2]), odd = minus(s.v[3], 2, s.v[1]);
    vec even_far = minus(s.v[4], 0.5F, s.v[2]), odd_far = minus(s.v[3], 0.5F, s.v[1]);
    put_point(&to, 0, minus(vec_add(s.v[0], s.v[4]), 2.5F, s.v[2]));
    put_point(&to, 1, plus(even, NEAR, odd));
    put_point(&to, 2, minus(even, NEAR, odd));
    put_point(&to, 3, plus(even_far, FAR, odd_far));
    put_point(&to, 4, minus(even_far, FAR, odd_far));
    put_point(&to, 5, minus(vec_add(s.v[1], s.v[5]), 2.5F, s.v[3]));
}

/* The two rows of points of +-t from row y on, with r = 1 / t^2. */
WINOGRAD_INLINE void input_pair(const wn_winograd_patch *patch, size_t c, bool whole, float r, float t,
                                const points *to, size_t y)
{
    six first, second;
#pragma GCC unroll 6
    for (size_t x = 0; x < WINDOW; x++) {
        vec even = minus(at(patch, 4, x, c, whole), r, at(patch, 2, x, c, whole));
        vec odd = minus(at(patch, 3, x, c, whole), r, at(patch, 1, x, c, whole));
        first.v[x] = plus(even, t, odd);
        second.v[x] = minus(even, t, odd);
    }
    put_input(first, row_of(to, y));
    put_input(second, row_of(to, y + 1));
}

/* The row of points of 0 (first = 0) or infinity (first = 1). */
WINOGRAD_INLINE void input_end(const wn_winograd_patch *patch, size_t c, bool whole, size_t first, points to)
{
    six sums;
#pragma GCC unroll 6
    for (size_t x = 0; x < WINDOW; x++)
        sums.v[x] = minus(vec_add(at(patch, first, x, c, whole), at(patch, first + 4, x, c, whole)), 2.5F,
                          at(patch, first + 2, x, c, whole));
    put_input(sums, to);
}

WINOGRAD_INLINE void input_all(const wn_winograd_patch *patch, const wn_winograd_patch *next, size_t channels,
                               const wn_winograd_place *place, bool whole, wn_winograd_form form)
{
    for (size_t c = 0; c < channels; c += LANES) {
        points to = points_of(place, c, ELEMENT, form);
        if (c % BLOCK == 0) expect_patch(next, c, 2, WINDOW); /* the first two columns are mostly this one's last */
        input_end(patch, c, whole, 0, to);
        input_pair(patch, c, whole, 2, NEAR, &to, 1);
        input_pair(patch, c, whole, 0.5F, FAR, &to, 3);
        input_end(patch, c, whole, 1, row_of(&to, WINDOW - 1));
    }
}

/* A of four sums along a row, to the row's points. */
WINOGRAD_INLINE void put_gradient(four s, points to)
{
    vec even = plus(s.v[0], 0.5F, s.v[2]), odd = plus(s.v[1], 0.5F, s.v[3]);
    vec even_far = plus(s.v[0], 2, s.v[2]), odd_far = plus(s.v[1], 2, s.v[3]);
    put_point(&to, 0, s.v[0]);
    put_point(&to, 1, plus(even, NEAR, odd));
    put_point(&to, 2, minus(even, NEAR, odd));
    put_point(&to, 3, plus(even_far, FAR, odd_far));
    put_point(&to, 4, minus(even_far, FAR, odd_far));
    put_point(&to, 5, s.v[3]);
}

/* The two rows of points of +-t from row y on, with r = t^2. */
WINOGRAD_INLINE void gradient_pair(const wn_winograd_patch *patch, size_t c, bool whole, float r, float t,
                                   const points *to, size_t y)
{
    four first, second;
#pragma GCC unroll 4
    for (size_t x = 0; x < TILE; x++) {
        vec even = plus(at(patch, 0, x, c, whole), r, at(patch, 2, x, c, whole));
        vec odd = plus(at(patch, 1, x, c, whole), r, at(patch, 3, x, c, whole));
        first.v[x] = plus(even, t, odd);
        second.v[x] = minus(even, t, odd);
    }
    put_gradient(first, row_of(to, y));
    put_gradient(second, row_of(to, y + 1));
}

WINOGRAD_INLINE void gradient_end(const wn_winograd_patch *patch, size_t c, bool whole, size_t y, points to)
{
    four sums;
#pragma GCC unroll 4
    for (size_t x = 0; x < TILE; x++) sums.v[x] = at(patch, y, x, c, whole);
    put_gradient(sums, to);
}

WINOGRAD_INLINE void gradient_all(const wn_winograd_patch *patch, const wn_winograd_patch *next, size_t channels,
                                  const wn_winograd_place *place, bool whole, wn_winograd_form form)
{
    for (size_t c = 0; c < channels; c += LANES) {
        points to = points_of(place, c, ELEMENT, form);
        if (c % BLOCK == 0) expect_patch(next, c, 0, TILE);
        gradient_end(patch, c, whole, 0, to);
        gradient_pair(patch, c, whole, 0.5F, NEAR, &to, 1);
        gradient_pair(patch, c, whole, 2, FAR, &to, 3);
        gradient_end(patch, c, whole, 3, row_of(&to, WINDOW - 1));
    }
}

/* Makes the compiler build each case by itself. */
#define FOR_EACH_FORM(transform)                                                                                       \
    do {                                                                                                               \
        if (!HAS_PAIRS || place->form == WN_WINOGRAD_ROW)                                                              \
            transform(WN_WINOGRAD_ROW);                                                                                \
        else if (place->form == WN_WINOGRAD_FIRST)                                                                     \
            transform(WN_WINOGRAD_FIRST);                                                                              \
        else                                                                                                           \
            transform(WN_WINOGRAD_SECOND);                                                                             \
    } while (0)

static void input(const wn_winograd_patch *patch, const wn_winograd_patch *next, size_t channels,
                  const wn_winograd_place *place)
{
#define WHOLE(form)   input_all(patch, next, channels, place, true, form)
#define PARTIAL(form) input_all(patch, next, channels, place, false, form)
    if (patch->whole)
        FOR_EACH_FORM(WHOLE);
    else
        FOR_EACH_FORM(PARTIAL);
#undef WHOLE
#undef PARTIAL
}

static void gradient(const wn_winograd_patch *patch, const wn_winograd_patch *next, size_t channels,
                     const wn_winograd_place *place)
{
#define WHOLE(form)   gradient_all(patch, next, channels, place, true, form)
#define PARTIAL(form) gradient_all(patch, next, channels, place, false, form)
    if (patch->whole)
        FOR_EACH_FORM(WHOLE);
    else
        FOR_EACH_FORM(PARTIAL);
#undef WHOLE
#undef PARTIAL
}

/* A' of six sums along a row: one row of the tile. */
WINOGRAD_INLINE void put_output(six s, char *out, size_t step)
{
    vec sum = vec_add(s.v[1], s.v[2]), difference = vec_subtract(s.v[1], s.v[2]);
    vec sum_far = vec_add(s.v[3], s.v[4]), difference_far = vec_subtract(s.v[3], s.v[4]);
    vec second = plus(vec_multiply(vec_set(NEAR), difference), FAR, difference_far);
    vec fourth = plus(plus(s.v[5], NEAR / 2, difference), 2 * FAR, difference_far);
    vec_store(out, vec_add(vec_add(s.v[0], sum), sum_far));
    vec_store(out + step, second);
    vec_store(out + 2 * step, plus(vec_multiply(vec_set(0.5F), sum), 2, sum_far));
    vec_store(out + 3 * step, fourth);
}

/* A whole tile of LANES channels; rows and columns of `out` are so many bytes apart. */
WINOGRAD_INLINE void output_tile(const points *from, char *out, size_t row_step, size_t step)
{
    six first, second;
#define POINT(y) vec_get((const float *)(const void *)(row_of(from, y).first + x * from->step))
#pragma GCC unroll 6
    for (size_t x = 0; x < WINDOW; x++) {
        vec sum = vec_add(POINT(1), POINT(2)), sum_far = vec_add(POINT(3), POINT(4));
        first.v[x] = vec_add(vec_add(POINT(0), sum), sum_far);
        second.v[x] = plus(vec_multiply(vec_set(0.5F), sum), 2, sum_far);
    }
    put_output(first, out, step);
    put_output(second, out + 2 * row_step, step);
#pragma GCC unroll 6
    for (size_t x = 0; x < WINDOW; x++) {
        vec near = vec_subtract(POINT(1), POINT(2)), far = vec_subtract(POINT(3), POINT(4));
        first.v[x] = plus(vec_multiply(vec_set(NEAR), near), FAR, far);
        second.v[x] = plus(plus(POINT(5), NEAR / 2, near), 2 * FAR, far);
    }
    put_output(first, out + row_step, step);
    put_output(second, out + 3 * row_step, step);
#undef POINT
}

/* Has memory fetch what the next call writes to. */
WINOGRAD_INLINE void expect_target(const wn_winograd_target *next, size_t c)
{
    for (size_t y = 0; y < next->rows; y++) {
        for (size_t x = 0; x < next->columns; x++)
            __builtin_prefetch(next->first + y * next->row_step + x * next->column_step + c * ELEMENT, 1);
    }
}

static void output(const wn_winograd_place *place, size_t channels, const wn_winograd_target *target,
                   const wn_winograd_target *next)
{
    const bool whole = target->rows == TILE && target->columns == TILE;
    for (size_t c = 0; c < channels; c += LANES) {
        if (c % BLOCK == 0) expect_target(next, c);
        const points from = points_of(place, c, sizeof(float), WN_WINOGRAD_ROW);
        char *out = target->first + c * ELEMENT;
        if (whole) {
            output_tile(&from, out, target->row_step, target->column_step);
            continue;
        }
        char tile[TILE][TILE][LANES * ELEMENT];
        output_tile(&from, tile[0][0], sizeof tile[0], sizeof tile[0][0]);
        for (size_t y = 0; y < target->rows; y++) {
            for (size_t x = 0; x < target->columns; x++)
                memcpy(out + y * target->row_step + x * target->column_step, tile[y][x], sizeof tile[y][x]);
        }
    }
}

/* G of three values. */
WINOGRAD_INLINE six spread_filter(vec a, vec b, vec c)
{
    vec near = vec_multiply(vec_set(WEIGHT_NEAR), plus(a, 0.5F, c));
    vec far = vec_multiply(vec_set(WEIGHT_FAR), plus(a, 2, c));
    return (six){{a, plus(near, WEIGHT_NEAR * NEAR, b), minus(near, WEIGHT_NEAR * NEAR, b),
                  plus(far, WEIGHT_FAR * FAR, b), minus(far, WEIGHT_FAR * FAR, b), c}};
}

WINOGRAD_INLINE void filter_all(const float taps[9][BLOCK], const wn_winograd_place *place, wn_winograd_form form)
{
    for (size_t lane = 0; lane < BLOCK; lane += LANES) {
        const points to = points_of(place, lane, ELEMENT, form);
        six columns[3];
        for (size_t x = 0; x < 3; x++)
            columns[x] =
                spread_filter(vec_get(taps[x] + lane), vec_get(taps[3 + x] + lane), vec_get(taps[6 + x] + lane));
        for (size_t y = 0; y < WINDOW; y++) {
            const points row = row_of(&to, y);
            six s = spread_filter(columns[0].v[y], columns[1].v[y], columns[2].v[y]);
            for (size_t x = 0; x < WINDOW; x++) put_point(&row, x, s.v[x]);
        }
    }
}

static void filter(const float taps[9][BLOCK], const wn_winograd_place *place)
{
#define FILTER(form) filter_all(taps, place, form)
    FOR_EACH_FORM(FILTER);
#undef FILTER
}

/* G' of six values, to three. */
WINOGRAD_INLINE void gather_filter(const six *s, vec *a, vec *b, vec *c)
{
    vec sum = vec_multiply(vec_set(WEIGHT_NEAR), vec_add(s->v[1], s->v[2]));
    vec difference = vec_multiply(vec_set(WEIGHT_NEAR * NEAR), vec_subtract(s->v[1], s->v[2]));
    vec sum_far = vec_multiply(vec_set(WEIGHT_FAR), vec_add(s->v[3], s->v[4]));
    *a = vec_add(vec_add(s->v[0], sum), sum_far);
    *b = plus(difference, WEIGHT_FAR * FAR, vec_subtract(s->v[3], s->v[4]));
    *c = plus(plus(s->v[5], 0.5F, sum), 2, sum_far);
}

static void unfilter(const float *packed, float taps[9][BLOCK])
{
    for (size_t lane = 0; lane < BLOCK; lane += LANES) {
        six rows[3];
        for (size_t x = 0; x < WINDOW; x++) {
            six column;
            for (size_t y = 0; y < WINDOW; y++) column.v[y] = vec_get(packed + (y * WINDOW + x) * BLOCK + lane);
            gather_filter(&column, &rows[0].v[x], &rows[1].v[x], &rows[2].v[x]);
        }
        for (size_t y = 0; y < 3; y++) {
            vec a, b, c;
            gather_filter(&rows[y], &a, &b, &c);
            vec_put(taps[3 * y] + lane, a);
            vec_put(taps[3 * y + 1] + lane, b);
            vec_put(taps[3 * y + 2] + lane, c);
        }
    }
}

#endif
