/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether the order of the images tells what is in them: neighbours stand nearer to each other in the order than chance
 * puts them (Cummings, Snorrason and Mueller 2023, arXiv 2305.15696). The distribution of the distance in the order
 * between neighbours is compared with that of all pairs by the statistic of Kolmogorov and Smirnov, and that with the
 * statistics of shuffled orders.
 */
#include <math.h>

#include "base/error.h"
#include "base/rng.h"
#include "quality/check_rows.h"
#include "winnow/memory.h"

enum { BINS = 1024, SHUFFLES = 99, ROWS_MOST = 20000, ROWS_LEAST = 10 };

typedef struct params {
    int64_t neighbours;
    double significance;
} params;

static const wn_option options[] = {
    {WN_OPTION_INT, "neighbours", "whose places are looked at", offsetof(params, neighbours), 1, 1000, "10", NULL, "K",
     0},
    {WN_OPTION_REAL, "significance", "an order with a smaller p-value is an issue", offsetof(params, significance), 0,
     1, "0.05", NULL, "P", 0},
    {0},
};

static double far(size_t a, size_t b)
{
    return a > b ? (double)(a - b) : (double)(b - a);
}

/* Greatest difference of the distributions. `places` NULL = each row stands at its number. */
static double statistic(const wn_check_input *input, size_t k, const uint32_t *places)
{
    size_t counts[BINS] = {0}, pairs = 0, step = input->rows / ROWS_MOST + 1, sum = 0;
    double n = (double)input->rows, greatest = 0;
    for (size_t row = 0; row < input->rows; row += step) {
        for (size_t i = row * input->k; i < row * input->k + k; i++) {
            if (input->neighbours[i] < 0) continue;
            size_t other = (size_t)input->neighbours[i];
            double d = places ? far(places[row], places[other]) : far(row, other);
            /* The share of all pairs that are nearer, or as near: even numbers in 0 .. 1 if chance rules. */
            double share = d * (2 * n - d - 1) / (n * (n - 1));
            size_t bin = (size_t)(share * BINS);
            counts[bin < BINS ? bin : BINS - 1]++;
            pairs++;
        }
    }
    for (size_t bin = 0; bin < BINS && pairs; bin++) {
        sum += counts[bin];
        greatest = fmax(greatest, fabs((double)sum / (double)pairs - (double)(bin + 1) / BINS));
    }
    return greatest;
}

static double find_p(const wn_check_input *input, size_t k, uint32_t *places)
{
    double found = statistic(input, k, NULL);
    int as_great = 0;
    for (size_t row = 0; row < input->rows; row++) places[row] = (uint32_t)row;
    for (int s = 0; s < SHUFFLES; s++) {
        wn_rng rng;
        wn_rng_init(&rng, 0x6f72646572, (uint64_t)s);
        for (uint32_t left = (uint32_t)input->rows; left > 1; left--) {
            uint32_t other = wn_rng_below(&rng, left), place = places[left - 1];
            places[left - 1] = places[other];
            places[other] = place;
        }
        as_great += statistic(input, k, places) >= found;
    }
    return (1.0 + as_great) / (1 + SHUFFLES);
}

/* Twice the mean share of the other rows that stand nearer than its neighbours do, or as near: 1 if chance rules. */
static double score_row(const wn_check_input *input, size_t row, size_t k)
{
    double sum = 0, before = (double)row, behind = (double)(input->rows - 1 - row);
    size_t count = 0;
    for (size_t i = row * input->k; i < row * input->k + k; i++) {
        if (input->neighbours[i] < 0) continue;
        double d = far(row, (size_t)input->neighbours[i]);
        sum += (fmin(d, before) + fmin(d, behind)) / (double)(input->rows - 1);
        count++;
    }
    return count ? fmin(1, 2 * sum / (double)count) : 1;
}

static wn_status run(const void *options_given, const wn_check_input *input, wn_check_result *out, wn_error *err)
{
    const params *set = options_given;
    size_t k = (size_t)set->neighbours < input->k ? (size_t)set->neighbours : input->k, worst = 0;
    uint32_t *places = wn_alloc(WN_MEMORY_GENERAL, input->rows, sizeof *places);
    if (!places) return wn_fail(err, WN_NOMEM, "no memory to shuffle %zu images", input->rows);
    out->figure = input->rows < ROWS_LEAST ? 1 : find_p(input, k, places);
    for (size_t row = 0; row < input->rows; row++) {
        out->scores[row] = input->rows < ROWS_LEAST ? 1 : (float)score_row(input, row, k);
        if (out->scores[row] < out->scores[worst]) worst = row;
    }
    if (out->figure < set->significance) out->is_issue[worst] = 1;
    wn_check_show_nearest(input, out);
    wn_free(places);
    return WN_OK;
}

const wn_check wn_check_non_iid = {
    .name = "non-iid",
    .summary = "the order of the files tells what is in them: shuffle before you split",
    .needs = WN_CHECK_GRAPH,
    .evidence = true,
    .figure = "p-value",
    .options = options,
    .params_size = sizeof(params),
    .run = run,
};
