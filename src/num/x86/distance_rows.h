/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums over the dimension of one query and up to 4 rows at once, shared as text by the AVX2 and AVX-512 files, which
 * define before they include it: VECTOR with LANES floats, its operations VECTOR_ZERO, _ADD, _SUB, _FMADD, _SUM, and
 * INTEGER_ ones for 2 * LANES 16-bit numbers that are summed to LANES 32-bit ones; and for each element type
 * load_TYPE and load_TYPE_tail, the second reading `n` elements and giving zeros beyond.
 *
 * Each row has two sums, of even and of odd vectors, whether it comes alone or among 4: the result depends on its own
 * numbers only, and 4 rows give 8 independent chains.
 */
#ifndef NUM_X86_DISTANCE_ROWS_H
#define NUM_X86_DISTANCE_ROWS_H

enum { ROW_GROUP = 4 };

/* Without it the sums live in memory. */
#define UNROLL_ROWS _Pragma("GCC unroll 4")

#define DEFINE_FLOAT_SUMS(type, element)                                                                               \
    ROWS_INLINE VECTOR step_##type(VECTOR sum, VECTOR x, VECTOR y, bool squared)                                       \
    {                                                                                                                  \
        if (!squared) return VECTOR_FMADD(x, y, sum);                                                                  \
        x = VECTOR_SUB(x, y);                                                                                          \
        return VECTOR_FMADD(x, x, sum);                                                                                \
    }                                                                                                                  \
    ROWS_INLINE void sum_##type(const element *query, const element *const *rows, size_t width, size_t dim,            \
                                bool squared, float *out)                                                              \
    {                                                                                                                  \
        VECTOR sum[ROW_GROUP][2];                                                                                      \
        size_t i = 0;                                                                                                  \
        UNROLL_ROWS for (size_t r = 0; r < width; r++) sum[r][0] = sum[r][1] = VECTOR_ZERO();                          \
        for (; i + 2 * LANES <= dim; i += 2 * LANES) {                                                                 \
            VECTOR left = load_##type(query + i), right = load_##type(query + i + LANES);                              \
            UNROLL_ROWS for (size_t r = 0; r < width; r++)                                                             \
            {                                                                                                          \
                sum[r][0] = step_##type(sum[r][0], left, load_##type(rows[r] + i), squared);                           \
                sum[r][1] = step_##type(sum[r][1], right, load_##type(rows[r] + i + LANES), squared);                  \
            }                                                                                                          \
        }                                                                                                              \
        for (size_t half = 0; half < 2 && i < dim; half++, i += LANES) {                                               \
            size_t n = dim - i < LANES ? dim - i : LANES;                                                              \
            VECTOR x = load_##type##_tail(query + i, n);                                                               \
            UNROLL_ROWS for (size_t r = 0; r < width; r++)                                                             \
            {                                                                                                          \
                VECTOR y = load_##type##_tail(rows[r] + i, n);                                                         \
                sum[r][0] = step_##type(sum[r][0], x, y, squared);                                                     \
            }                                                                                                          \
        }                                                                                                              \
        UNROLL_ROWS for (size_t r = 0; r < width; r++) out[r] = VECTOR_SUM(VECTOR_ADD(sum[r][0], sum[r][1]));          \
    }

/* Products of 16-bit numbers are added in pairs to 32 bits: exact. */
#define DEFINE_INTEGER_SUMS(type, element)                                                                             \
    ROWS_INLINE INTEGER step_##type(INTEGER sum, INTEGER x, INTEGER y, bool squared)                                   \
    {                                                                                                                  \
        if (!squared) return INTEGER_ADD(sum, INTEGER_MADD(x, y));                                                     \
        x = INTEGER_SUB(x, y);                                                                                         \
        return INTEGER_ADD(sum, INTEGER_MADD(x, x));                                                                   \
    }                                                                                                                  \
    ROWS_INLINE void sum_##type(const element *query, const element *const *rows, size_t width, size_t dim,            \
                                bool squared, int32_t *out)                                                            \
    {                                                                                                                  \
        INTEGER sum[ROW_GROUP];                                                                                        \
        size_t i = 0;                                                                                                  \
        UNROLL_ROWS for (size_t r = 0; r < width; r++) sum[r] = INTEGER_ZERO();                                        \
        for (; i + 2 * LANES <= dim; i += 2 * LANES) {                                                                 \
            INTEGER x = load_##type(query + i);                                                                        \
            UNROLL_ROWS for (size_t r = 0; r < width; r++) sum[r] =                                                    \
                step_##type(sum[r], x, load_##type(rows[r] + i), squared);                                             \
        }                                                                                                              \
        if (i < dim) {                                                                                                 \
            INTEGER x = load_##type##_tail(query + i, dim - i);                                                        \
            UNROLL_ROWS for (size_t r = 0; r < width; r++)                                                             \
            {                                                                                                          \
                sum[r] = step_##type(sum[r], x, load_##type##_tail(rows[r] + i, dim - i), squared);                    \
            }                                                                                                          \
        }                                                                                                              \
        UNROLL_ROWS for (size_t r = 0; r < width; r++) out[r] = INTEGER_SUM(sum[r]);                                   \
    }

/* Asks for the first lines of a scattered row that comes ROW_GROUP later. Consecutive rows the processor finds itself,
 * and asking would cost a third in cache. */
ROWS_INLINE void fetch_row(const void *row, size_t bytes)
{
    const char *line = row;
    for (size_t at = 0; at < bytes && at < 256; at += 64) __builtin_prefetch(line + at);
}

/* The kernels of one type and one operation. */
#define DEFINE_DISTANCE(operation, type, element, result, squared)                                                     \
    static result operation##_##type(const element *a, const element *b, size_t dim)                                   \
    {                                                                                                                  \
        result out;                                                                                                    \
        sum_##type(a, &b, 1, dim, squared, &out);                                                                      \
        return out;                                                                                                    \
    }                                                                                                                  \
    static void operation##_rows_##type(const element *query, const element *rows, size_t stride,                      \
                                        const uint32_t *index, size_t n, size_t dim, result *out)                      \
    {                                                                                                                  \
        const element *row[ROW_GROUP];                                                                                 \
        size_t i = 0;                                                                                                  \
        for (; i + ROW_GROUP <= n; i += ROW_GROUP) {                                                                   \
            UNROLL_ROWS for (size_t r = 0; r < ROW_GROUP; r++) row[r] =                                                \
                rows + (index ? index[i + r] : i + r) * stride;                                                        \
            for (size_t r = i + ROW_GROUP; index && r < i + 2 * ROW_GROUP && r < n; r++) {                             \
                fetch_row(rows + index[r] * stride, dim * sizeof *rows);                                               \
            }                                                                                                          \
            sum_##type(query, row, ROW_GROUP, dim, squared, out + i);                                                  \
        }                                                                                                              \
        for (; i < n; i++) {                                                                                           \
            row[0] = rows + (index ? index[i] : i) * stride;                                                           \
            sum_##type(query, row, 1, dim, squared, out + i);                                                          \
        }                                                                                                              \
    }

#define DEFINE_ALL_DISTANCES                                                                                           \
    DEFINE_FLOAT_SUMS(f32, float)                                                                                      \
    DEFINE_FLOAT_SUMS(bf16, uint16_t)                                                                                  \
    DEFINE_INTEGER_SUMS(s8, int8_t)                                                                                    \
    DEFINE_INTEGER_SUMS(u8, uint8_t)                                                                                   \
    DEFINE_DISTANCE(dot, f32, float, float, false)                                                                     \
    DEFINE_DISTANCE(l2sq, f32, float, float, true)                                                                     \
    DEFINE_DISTANCE(dot, bf16, uint16_t, float, false)                                                                 \
    DEFINE_DISTANCE(l2sq, bf16, uint16_t, float, true)                                                                 \
    DEFINE_DISTANCE(dot, s8, int8_t, int32_t, false)                                                                   \
    DEFINE_DISTANCE(l2sq, s8, int8_t, int32_t, true)                                                                   \
    DEFINE_DISTANCE(dot, u8, uint8_t, int32_t, false)                                                                  \
    DEFINE_DISTANCE(l2sq, u8, uint8_t, int32_t, true)

#endif
