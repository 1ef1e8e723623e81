/* SPDX-License-Identifier: Apache-2.0
 *
 * Passes of the transform for any vector width: WN_FFT_LANES lanes are one or two vectors, and each lane is a sequence
 * of its own, so that nothing is ever moved across lanes.
 */
#ifndef NUM_X86_FFT_LOOPS_H
#define NUM_X86_FFT_LOOPS_H

#define ELEMENT ((size_t)2 * WN_FFT_LANES)

typedef struct complex_vector {
    VECTOR re, im;
} complex_vector;

ROWS_INLINE complex_vector load_element(const float *from)
{
    return (complex_vector){VECTOR_LOAD(from), VECTOR_LOAD(from + WN_FFT_LANES)};
}

ROWS_INLINE void store_element(float *to, complex_vector x)
{
    VECTOR_STORE(to, x.re);
    VECTOR_STORE(to + WN_FFT_LANES, x.im);
}

ROWS_INLINE complex_vector add(complex_vector a, complex_vector b)
{
    return (complex_vector){VECTOR_ADD(a.re, b.re), VECTOR_ADD(a.im, b.im)};
}

ROWS_INLINE complex_vector subtract(complex_vector a, complex_vector b)
{
    return (complex_vector){VECTOR_SUB(a.re, b.re), VECTOR_SUB(a.im, b.im)};
}

/* a times the turn (c, d). */
ROWS_INLINE complex_vector turn(complex_vector a, const float *by)
{
    VECTOR c = VECTOR_SET(by[0]), d = VECTOR_SET(by[1]);
    return (complex_vector){VECTOR_FMSUB(a.re, c, VECTOR_MUL(a.im, d)), VECTOR_FMADD(a.re, d, VECTOR_MUL(a.im, c))};
}

/* a + f b, real f; and -i a. */
ROWS_INLINE complex_vector add_scaled(complex_vector a, float f, complex_vector b)
{
    VECTOR factor = VECTOR_SET(f);
    return (complex_vector){VECTOR_FMADD(factor, b.re, a.re), VECTOR_FMADD(factor, b.im, a.im)};
}

ROWS_INLINE complex_vector turn_back(complex_vector a)
{
    return (complex_vector){a.im, VECTOR_SUB(VECTOR_ZERO(), a.re)};
}

ROWS_INLINE complex_vector scale(float f, complex_vector a)
{
    VECTOR factor = VECTOR_SET(f);
    return (complex_vector){VECTOR_MUL(factor, a.re), VECTOR_MUL(factor, a.im)};
}

ROWS_INLINE void butterfly_2(complex_vector *x)
{
    complex_vector a = x[0], b = x[1];
    x[0] = add(a, b), x[1] = subtract(a, b);
}

ROWS_INLINE void butterfly_3(complex_vector *x)
{
    complex_vector sum = add(x[1], x[2]), side = turn_back(scale(0.866025404f, subtract(x[1], x[2])));
    complex_vector middle = add_scaled(x[0], -0.5f, sum);
    x[0] = add(x[0], sum), x[1] = add(middle, side), x[2] = subtract(middle, side);
}

ROWS_INLINE void butterfly_4(complex_vector *x)
{
    complex_vector a = add(x[0], x[2]), b = subtract(x[0], x[2]), c = add(x[1], x[3]);
    complex_vector d = turn_back(subtract(x[1], x[3]));
    x[0] = add(a, c), x[1] = add(b, d), x[2] = subtract(a, c), x[3] = subtract(b, d);
}

/* cos and sin of 72 and 144 degrees. */
ROWS_INLINE void butterfly_5(complex_vector *x)
{
    const float c1 = 0.309016994f, c2 = -0.809016994f, s1 = 0.951056516f, s2 = 0.587785252f;
    complex_vector a = add(x[1], x[4]), b = add(x[2], x[3]), c = subtract(x[1], x[4]), d = subtract(x[2], x[3]);
    complex_vector middle1 = add_scaled(add_scaled(x[0], c1, a), c2, b);
    complex_vector middle2 = add_scaled(add_scaled(x[0], c2, a), c1, b);
    complex_vector side1 = turn_back(add_scaled(scale(s1, c), s2, d));
    complex_vector side2 = turn_back(add_scaled(scale(s2, c), -s1, d));
    x[0] = add(x[0], add(a, b));
    x[1] = add(middle1, side1), x[4] = subtract(middle1, side1);
    x[2] = add(middle2, side2), x[3] = subtract(middle2, side2);
}

/* One radix, with the lanes of one vector after those of the other. */
#define DEFINE_PASS(radix)                                                                                             \
    ROWS_INLINE void pass_##radix(const float *in, float *out, size_t n, size_t length, const float *turns)            \
    {                                                                                                                  \
        size_t m = n / (length * radix);                                                                               \
        for (size_t j = 0; j < length; j++, turns += (size_t)2 * (radix - 1))                                          \
            for (size_t s = 0; s < m; s++) {                                                                           \
                const float *from = in + (s + radix * m * j) * ELEMENT;                                                \
                float *to = out + (s + m * j) * ELEMENT;                                                               \
                for (size_t half = 0; half < WN_FFT_LANES; half += LANES) {                                            \
                    complex_vector x[radix];                                                                           \
                    for (size_t q = 0; q < radix; q++) x[q] = load_element(from + q * m * ELEMENT + half);             \
                    for (size_t q = 1; j && q < radix; q++) x[q] = turn(x[q], turns + (q - 1) * 2);                    \
                    butterfly_##radix(x);                                                                              \
                    for (size_t p = 0; p < radix; p++) store_element(to + p * m * length * ELEMENT + half, x[p]);      \
                }                                                                                                      \
            }                                                                                                          \
    }

DEFINE_PASS(2)
DEFINE_PASS(3)
DEFINE_PASS(4)
DEFINE_PASS(5)

static void pass(const float *in, float *out, size_t n, size_t length, size_t radix, const float *turns)
{
    switch (radix) {
    case 2:
        pass_2(in, out, n, length, turns);
        break;
    case 3:
        pass_3(in, out, n, length, turns);
        break;
    case 4:
        pass_4(in, out, n, length, turns);
        break;
    default:
        pass_5(in, out, n, length, turns);
        break;
    }
}

#endif
