/* SPDX-License-Identifier: Apache-2.0
 *
 * Distances: one pair, and one query against up to 19 rows with a stride and, now and then, an index.
 */
#include "kcheck.h"

#include <math.h>

#include "num/bf16.h"

enum { ROWS = 19 };

static float same_f32(float value)
{
    return value;
}

/* Sum of |terms| in double; the value itself comes from the reference kernel. */
#define DEFINE_FLOAT_CHECKS(type, element, load)                                                                       \
    static double terms_##type(const element *a, const element *b, size_t dim, bool squared)                           \
    {                                                                                                                  \
        double total = 0;                                                                                              \
        for (size_t i = 0; i < dim; i++) {                                                                             \
            double x = (double)load(a[i]), y = (double)load(b[i]);                                                     \
            total += squared ? (x - y) * (x - y) : fabs(x * y);                                                        \
        }                                                                                                              \
        return total;                                                                                                  \
    }                                                                                                                  \
    static void check_pair_##type(kcheck *check, wn_pair_##type *now, wn_pair_##type *reference, bool squared)         \
    {                                                                                                                  \
        element *a = kcheck_place(check, 0, check->dim, sizeof *a),                                                    \
                *b = kcheck_place(check, 1, check->dim, sizeof *b);                                                    \
        kcheck_fill_##type(check, a, check->dim);                                                                      \
        kcheck_fill_##type(check, b, check->dim);                                                                      \
        kcheck_reduction(check, now(a, b, check->dim), (double)reference(a, b, check->dim),                            \
                         terms_##type(a, b, check->dim, squared), "value", 0);                                         \
    }                                                                                                                  \
    static void check_rows_##type(kcheck *check, wn_query_##type *now, wn_query_##type *reference, bool squared)       \
    {                                                                                                                  \
        size_t n = 1 + wn_rng_below(&check->rng, ROWS), stride = check->dim + wn_rng_below(&check->rng, 3);            \
        size_t len = (n - 1) * stride + check->dim;                                                                    \
        element *query = kcheck_place(check, 0, check->dim, sizeof *query);                                            \
        element *rows = kcheck_place(check, 1, len, sizeof *rows);                                                     \
        uint32_t *index = wn_rng_below(&check->rng, 2) ? kcheck_place(check, 2, n, sizeof *index) : NULL;              \
        float *found = kcheck_place(check, 3, n, sizeof *found), expected[ROWS];                                       \
        kcheck_fill_##type(check, query, check->dim);                                                                  \
        kcheck_fill_##type(check, rows, len);                                                                          \
        for (size_t i = 0; index && i < n; i++) index[i] = wn_rng_below(&check->rng, (uint32_t)n);                     \
        now(query, rows, stride, index, n, check->dim, found);                                                         \
        reference(query, rows, stride, index, n, check->dim, expected);                                                \
        for (size_t i = 0; i < n; i++) {                                                                               \
            const element *row = rows + (index ? index[i] : i) * stride;                                               \
            kcheck_reduction(check, found[i], (double)expected[i], terms_##type(query, row, check->dim, squared),      \
                             "row", i);                                                                                \
        }                                                                                                              \
    }

#define DEFINE_INTEGER_CHECKS(type, element)                                                                           \
    static void check_pair_##type(kcheck *check, wn_pair_##type *now, wn_pair_##type *reference, bool squared)         \
    {                                                                                                                  \
        element *a = kcheck_place(check, 0, check->dim, sizeof *a),                                                    \
                *b = kcheck_place(check, 1, check->dim, sizeof *b);                                                    \
        (void)squared;                                                                                                 \
        kcheck_fill_bytes(check, a, check->dim);                                                                       \
        kcheck_fill_bytes(check, b, check->dim);                                                                       \
        int32_t found = now(a, b, check->dim), expected = reference(a, b, check->dim);                                 \
        kcheck_exact_s32(check, &found, &expected, 1, "value");                                                        \
    }                                                                                                                  \
    static void check_rows_##type(kcheck *check, wn_query_##type *now, wn_query_##type *reference, bool squared)       \
    {                                                                                                                  \
        size_t n = 1 + wn_rng_below(&check->rng, ROWS), stride = check->dim + wn_rng_below(&check->rng, 3);            \
        size_t len = (n - 1) * stride + check->dim;                                                                    \
        element *query = kcheck_place(check, 0, check->dim, sizeof *query);                                            \
        element *rows = kcheck_place(check, 1, len, sizeof *rows);                                                     \
        uint32_t *index = wn_rng_below(&check->rng, 2) ? kcheck_place(check, 2, n, sizeof *index) : NULL;              \
        int32_t *found = kcheck_place(check, 3, n, sizeof *found), expected[ROWS];                                     \
        (void)squared;                                                                                                 \
        kcheck_fill_bytes(check, query, check->dim);                                                                   \
        kcheck_fill_bytes(check, rows, len);                                                                           \
        for (size_t i = 0; index && i < n; i++) index[i] = wn_rng_below(&check->rng, (uint32_t)n);                     \
        now(query, rows, stride, index, n, check->dim, found);                                                         \
        reference(query, rows, stride, index, n, check->dim, expected);                                                \
        kcheck_exact_s32(check, found, expected, n, "row");                                                            \
    }

DEFINE_FLOAT_CHECKS(f32, float, same_f32)
DEFINE_FLOAT_CHECKS(bf16, uint16_t, wn_bf16_to_float)
DEFINE_INTEGER_CHECKS(s8, int8_t)
DEFINE_INTEGER_CHECKS(u8, uint8_t)

#define DEFINE_ENTRY(kernel, form, type, squared)                                                                      \
    static void entry_##kernel(kcheck *check)                                                                          \
    {                                                                                                                  \
        check_##form##_##type(check, check->now->distance.kernel, check->reference->distance.kernel, squared);         \
    }
#define DEFINE_ENTRIES(type)                                                                                           \
    DEFINE_ENTRY(dot_##type, pair, type, false)                                                                        \
    DEFINE_ENTRY(l2sq_##type, pair, type, true)                                                                        \
    DEFINE_ENTRY(dot_rows_##type, rows, type, false)                                                                   \
    DEFINE_ENTRY(l2sq_rows_##type, rows, type, true)

DEFINE_ENTRIES(f32)
DEFINE_ENTRIES(bf16)
DEFINE_ENTRIES(s8)
DEFINE_ENTRIES(u8)

#define ENTRIES(type, errors)                                                                                          \
    KCHECK_CASE(distance, dot_##type, errors, entry_dot_##type),                                                       \
        KCHECK_CASE(distance, l2sq_##type, errors, entry_l2sq_##type),                                                 \
        KCHECK_CASE(distance, dot_rows_##type, errors, entry_dot_rows_##type),                                         \
        KCHECK_CASE(distance, l2sq_rows_##type, errors, entry_l2sq_rows_##type)

const kcheck_case kcheck_distance_cases[] = {
    ENTRIES(f32, "reduction"), ENTRIES(bf16, "reduction"), ENTRIES(s8, "exact"), ENTRIES(u8, "exact"), {0}};
