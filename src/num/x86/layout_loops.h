/* SPDX-License-Identifier: Apache-2.0
 *
 * Forces on one point, LANES partners at a time, for any vector width. The including file has the vector operations,
 * among them load_pairs_* and load_fours_*, which fetch points and turn them into one vector for each coordinate: plain
 * loads and shuffles, which cost half of what gather instructions do.
 */
#ifndef NUM_X86_LAYOUT_LOOPS_H
#define NUM_X86_LAYOUT_LOOPS_H

/* log2 of normal positive numbers: m in [sqrt(1/2), sqrt(2)) from the mantissa, then the series of atanh at
 * t = (m - 1) / (m + 1), |t| < 0.172; its first term left out is below 3e-8. */
ROWS_INLINE VECTOR vector_log2(VECTOR x)
{
    INTEGER bits = INTEGER_SUB32(CAST_TO_INTEGER(x), INTEGER_SET(0x3f3504f3));
    VECTOR exponent = INTEGER_TO_VECTOR(INTEGER_SHIFT_RIGHT(bits, 23));
    VECTOR m = CAST_TO_VECTOR(INTEGER_ADD(INTEGER_AND(bits, INTEGER_SET(0x7fffff)), INTEGER_SET(0x3f3504f3)));
    VECTOR t = VECTOR_DIV(VECTOR_SUB(m, VECTOR_SET(1)), VECTOR_ADD(m, VECTOR_SET(1))), s = VECTOR_MUL(t, t);
    VECTOR series = VECTOR_FMADD(s, VECTOR_SET(0.41219858f), VECTOR_SET(0.57707802f));
    series = VECTOR_FMADD(s, series, VECTOR_SET(0.96179669f));
    series = VECTOR_FMADD(s, series, VECTOR_SET(2.88539008f));
    return VECTOR_FMADD(t, series, exponent);
}

/* 2^x for |x| < 126: the whole part goes into the exponent, the rest, |f| <= 1/2, into the series to f^6. */
ROWS_INLINE VECTOR vector_exp2(VECTOR x)
{
    VECTOR limited = VECTOR_MIN(VECTOR_SET(126), VECTOR_MAX(VECTOR_SET(-126), x));
    VECTOR whole = VECTOR_ROUND(limited), f = VECTOR_SUB(limited, whole);
    VECTOR series = VECTOR_FMADD(f, VECTOR_SET(1.5403530e-4f), VECTOR_SET(1.3333558e-3f));
    series = VECTOR_FMADD(f, series, VECTOR_SET(9.6181291e-3f));
    series = VECTOR_FMADD(f, series, VECTOR_SET(5.5504109e-2f));
    series = VECTOR_FMADD(f, series, VECTOR_SET(2.4022651e-1f));
    series = VECTOR_FMADD(f, series, VECTOR_SET(6.9314718e-1f));
    series = VECTOR_FMADD(f, series, VECTOR_SET(1));
    INTEGER exponent = INTEGER_SHIFT_LEFT(VECTOR_TO_INTEGER(whole), 23);
    return CAST_TO_VECTOR(INTEGER_ADD(CAST_TO_INTEGER(series), exponent));
}

/* The vector form of wn_layout_law. */
typedef struct vector_law {
    VECTOR a, b, limit;
} vector_law;

ROWS_INLINE vector_law widen_law(const wn_layout_law *law)
{
    return (vector_law){VECTOR_SET(law->a), VECTOR_SET(law->b), VECTOR_SET(law->limit)};
}

ROWS_INLINE VECTOR student_law(const vector_law *law, VECTOR d2)
{
    (void)law;
    return VECTOR_DIV(VECTOR_SET(1), VECTOR_ADD(VECTOR_SET(1), d2));
}

ROWS_INLINE VECTOR pull_law(const vector_law *law, VECTOR d2)
{
    VECTOR near = VECTOR_MAX(d2, VECTOR_SET(1e-12f));
    VECTOR power = VECTOR_MUL(law->a, vector_exp2(VECTOR_MUL(law->b, vector_log2(near))));
    VECTOR twice = VECTOR_MUL(VECTOR_ADD(law->b, law->b), power);
    return VECTOR_DIV(twice, VECTOR_MUL(near, VECTOR_ADD(VECTOR_SET(1), power)));
}

ROWS_INLINE VECTOR push_law(const vector_law *law, VECTOR d2)
{
    VECTOR near = VECTOR_MAX(d2, VECTOR_SET(1e-12f));
    VECTOR power = VECTOR_MUL(law->a, vector_exp2(VECTOR_MUL(law->b, vector_log2(near))));
    VECTOR below = VECTOR_MUL(VECTOR_ADD(d2, VECTOR_SET(0.001f)), VECTOR_ADD(VECTOR_SET(1), power));
    return VECTOR_DIV(VECTOR_ADD(law->b, law->b), below);
}

ROWS_INLINE VECTOR cut(VECTOR limit, VECTOR x)
{
    return VECTOR_MIN(limit, VECTOR_MAX(VECTOR_SUB(VECTOR_ZERO(), limit), x));
}

/* One group of partners; the last one of a list is filled up with its first partner at weight 0. */
typedef struct group {
    uint32_t partners[LANES];
    float weights[LANES];
} group;

ROWS_INLINE void fill_group(group *last, const uint32_t *partners, const float *weights, size_t n)
{
    for (size_t i = 0; i < LANES; i++) {
        last->partners[i] = partners[i < n ? i : 0];
        last->weights[i] = i < n ? weights ? weights[i] : 1.0f : 0.0f;
    }
}

#define DEFINE_LAYOUT(name, is_cut)                                                                                    \
    ROWS_INLINE void add_##name##_2(const vector_law *law, const float *points, VECTOR x, VECTOR y,                    \
                                    const uint32_t *partners, VECTOR weight, VECTOR *sum)                              \
    {                                                                                                                  \
        VECTOR dx, dy;                                                                                                 \
        load_pairs_u32(points, partners, &dx, &dy);                                                                    \
        dx = VECTOR_SUB(dx, x), dy = VECTOR_SUB(dy, y);                                                                \
        VECTOR factor = name##_law(law, VECTOR_FMADD(dx, dx, VECTOR_MUL(dy, dy)));                                     \
        if (is_cut) {                                                                                                  \
            dx = cut(law->limit, VECTOR_MUL(factor, dx)), dy = cut(law->limit, VECTOR_MUL(factor, dy));                \
        } else {                                                                                                       \
            weight = VECTOR_MUL(weight, factor);                                                                       \
        }                                                                                                              \
        sum[0] = VECTOR_FMADD(weight, dx, sum[0]), sum[1] = VECTOR_FMADD(weight, dy, sum[1]);                          \
    }                                                                                                                  \
    ROWS_INLINE void add_##name##_4(const vector_law *law, const float *points, const float *at,                       \
                                    const uint32_t *partners, VECTOR weight, VECTOR *sum)                              \
    {                                                                                                                  \
        VECTOR delta[3], d2 = VECTOR_ZERO();                                                                           \
        load_fours_u32(points, partners, delta);                                                                       \
        for (int c = 0; c < 3; c++) {                                                                                  \
            delta[c] = VECTOR_SUB(delta[c], VECTOR_SET(at[c]));                                                        \
            d2 = VECTOR_FMADD(delta[c], delta[c], d2);                                                                 \
        }                                                                                                              \
        VECTOR factor = name##_law(law, d2);                                                                           \
        for (int c = 0; c < 3; c++) {                                                                                  \
            delta[c] = VECTOR_MUL(factor, delta[c]);                                                                   \
            if (is_cut) delta[c] = cut(law->limit, delta[c]);                                                          \
            sum[c] = VECTOR_FMADD(weight, delta[c], sum[c]);                                                           \
        }                                                                                                              \
    }                                                                                                                  \
    static void name(const wn_layout_law *law, const float *points, size_t stride, const float *at,                    \
                     const uint32_t *partners, const float *weights, size_t n, float *force)                           \
    {                                                                                                                  \
        VECTOR sum[3] = {VECTOR_ZERO(), VECTOR_ZERO(), VECTOR_ZERO()};                                                 \
        vector_law wide = widen_law(law);                                                                              \
        VECTOR x = VECTOR_SET(at[0]), y = VECTOR_SET(at[1]), one = VECTOR_SET(1);                                      \
        group last;                                                                                                    \
        size_t i = 0;                                                                                                  \
        for (; i + LANES <= n; i += LANES) {                                                                           \
            VECTOR weight = weights ? load_f32(weights + i) : one;                                                     \
            if (stride == 2)                                                                                           \
                add_##name##_2(&wide, points, x, y, partners + i, weight, sum);                                        \
            else                                                                                                       \
                add_##name##_4(&wide, points, at, partners + i, weight, sum);                                          \
        }                                                                                                              \
        if (i < n) {                                                                                                   \
            fill_group(&last, partners + i, weights ? weights + i : NULL, n - i);                                      \
            if (stride == 2)                                                                                           \
                add_##name##_2(&wide, points, x, y, last.partners, load_f32(last.weights), sum);                       \
            else                                                                                                       \
                add_##name##_4(&wide, points, at, last.partners, load_f32(last.weights), sum);                         \
        }                                                                                                              \
        force[0] += VECTOR_SUM(sum[0]), force[1] += VECTOR_SUM(sum[1]);                                                \
        if (stride == 4) force[2] += VECTOR_SUM(sum[2]);                                                               \
    }

DEFINE_LAYOUT(student, false)
DEFINE_LAYOUT(pull, true)
DEFINE_LAYOUT(push, true)

ROWS_INLINE VECTOR logarithms(const float *points, size_t stride, const float *at, const uint32_t *partners)
{
    VECTOR delta[3] = {VECTOR_SET(at[0]), VECTOR_SET(at[1]), VECTOR_ZERO()}, d2 = VECTOR_SET(1);
    if (stride == 2)
        load_pairs_u32(points, partners, &delta[0], &delta[1]);
    else
        load_fours_u32(points, partners, delta);
    for (size_t c = 0; c < stride && c < 3; c++) {
        delta[c] = VECTOR_SUB(delta[c], VECTOR_SET(at[c]));
        d2 = VECTOR_FMADD(delta[c], delta[c], d2);
    }
    return VECTOR_MUL(vector_log2(d2), VECTOR_SET(0.69314718f));
}

static void log_sum(const wn_layout_law *law, const float *points, size_t stride, const float *at,
                    const uint32_t *partners, const float *weights, size_t n, float *force)
{
    VECTOR sum = VECTOR_ZERO();
    group last;
    size_t i = 0;
    (void)law;
    for (; i + LANES <= n; i += LANES) {
        VECTOR weight = weights ? load_f32(weights + i) : VECTOR_SET(1);
        sum = VECTOR_FMADD(weight, logarithms(points, stride, at, partners + i), sum);
    }
    if (i < n) {
        fill_group(&last, partners + i, weights ? weights + i : NULL, n - i);
        sum = VECTOR_FMADD(load_f32(last.weights), logarithms(points, stride, at, last.partners), sum);
    }
    force[0] += VECTOR_SUM(sum);
}

/* The last group of a part takes in what comes after it, at a factor of 0. */
#define DEFINE_PARTS(suffix, index)                                                                                    \
    ROWS_INLINE void add_parts_##suffix(const float *points, const size_t dims, const float *at,                       \
                                        const index *partners, const wn_layout_part *parts, size_t n_parts,            \
                                        float *force)                                                                  \
    {                                                                                                                  \
        VECTOR sum[3] = {VECTOR_ZERO(), VECTOR_ZERO(), VECTOR_ZERO()}, place[3];                                       \
        for (size_t c = 0; c < dims; c++) place[c] = VECTOR_SET(at[c]);                                                \
        for (size_t part = 0; part < n_parts; partners += parts[part++].n) {                                           \
            VECTOR factor = VECTOR_SET(parts[part].factor), shift = VECTOR_SET(parts[part].shift);                     \
            for (size_t i = 0, n = parts[part].n; i < n; i += LANES) {                                                 \
                VECTOR delta[3], below = shift;                                                                        \
                if (dims == 2)                                                                                         \
                    load_pairs_##suffix(points, partners + i, &delta[0], &delta[1]);                                   \
                else                                                                                                   \
                    load_fours_##suffix(points, partners + i, delta);                                                  \
                for (size_t c = 0; c < dims; c++) {                                                                    \
                    delta[c] = VECTOR_SUB(delta[c], place[c]);                                                         \
                    below = VECTOR_FMADD(delta[c], delta[c], below);                                                   \
                }                                                                                                      \
                VECTOR by = i + LANES <= n ? factor : keep_first(factor, n - i);                                       \
                by = VECTOR_DIV(by, VECTOR_MUL(below, below));                                                         \
                for (size_t c = 0; c < dims; c++) sum[c] = VECTOR_FMADD(by, delta[c], sum[c]);                         \
            }                                                                                                          \
        }                                                                                                              \
        for (size_t c = 0; c < dims; c++) force[c] += VECTOR_SUM(sum[c]);                                              \
    }                                                                                                                  \
    static void parts_##suffix(const float *points, size_t stride, const float *at, const index *partners,             \
                               const wn_layout_part *parts, size_t n_parts, float *force)                              \
    {                                                                                                                  \
        if (stride == 2)                                                                                               \
            add_parts_##suffix(points, 2, at, partners, parts, n_parts, force);                                        \
        else                                                                                                           \
            add_parts_##suffix(points, 3, at, partners, parts, n_parts, force);                                        \
    }
DEFINE_PARTS(u16, uint16_t)
DEFINE_PARTS(u32, uint32_t)

#endif
