/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of bounds against cosines in double precision: never below them, not far above.
 */
#include "selection_oracle.h"

#include "selection/cover_bounds.h"

enum { ROWS = 300, DIM = 1021, ALIKE = 60 };

/* 45000 steps are a length of 1, and 1408.32 each of DIM equal coordinates: rounding takes the same from every one of
 * the first rows, so that what it takes points along the rows themselves, and the products of integers fall short of
 * the cosines by as much as they can. The others are clouds; every seventh row is zero. */
static float *make_rows(void)
{
    float *values = oracle_clouds(ROWS, DIM, 20, 0.7f, 5);
    for (size_t i = 0; i < ROWS; i++) {
        float *row = values + i * DIM;
        for (size_t k = 0; k < DIM && i < ALIKE; k++) row[k] = k == i ? -1 : 1;
        if (i % 7 == 3) memset(row, 0, DIM * sizeof *row);
    }
    return values;
}

static double cosine_of(const float *a, const float *b)
{
    double dot = 0, squares_a = 0, squares_b = 0;
    for (size_t k = 0; k < DIM; k++) {
        dot += (double)a[k] * (double)b[k];
        squares_a += (double)a[k] * (double)a[k];
        squares_b += (double)b[k] * (double)b[k];
    }
    return squares_a > 0 && squares_b > 0 ? fmax(0, dot / sqrt(squares_a * squares_b)) : 0;
}

static void check_pair(const wn_cover_bounds *table, const float *values, size_t i, size_t j)
{
    const double one = WN_COVER_BOUNDS_ONE, bound = table->values[i * table->stride + j] / one;
    const double cosine = cosine_of(values + table->rows[i] * DIM, values + table->rows[j] * DIM);
    if (bound < cosine || bound > cosine + 0.002)
        fail_msg("rows %u and %u: cosine %.7f, bound %.7f", table->rows[i], table->rows[j], cosine, bound);
    assert_int_equal(table->values[i * table->stride + j], table->values[j * table->stride + i]);
}

static void test_bounds_are_bounds(void **state)
{
    (void)state;
    float *values = make_rows();
    const wn_selection_request request = {.embeddings = {values, ROWS, DIM, DIM}, .count = 1};
    uint32_t rows[ROWS];
    size_t len = 0;
    wn_selection out = {0};
    wn_roster *roster = NULL;
    wn_cover_bounds *table = NULL;
    wn_error err;
    for (uint32_t i = 0; i < ROWS; i++) {
        if (i % 11 != 2) rows[len++] = i;
    }
    assert_int_equal(wn_roster_new(&request, WN_METRIC_COSINE, &out, &roster, &err), WN_OK);
    assert_int_equal(wn_cover_bounds_new(roster, rows, len, &table, &err), WN_OK);
    assert_int_equal(table->len, len);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(table->values[i * table->stride + i], WN_COVER_BOUNDS_ONE);
        for (size_t j = 0; j < i; j++) check_pair(table, values, i, j);
    }
    wn_cover_bounds_free(&table);
    wn_roster_free(&roster);
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bounds_are_bounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
