/* SPDX-License-Identifier: Apache-2.0
 *
 * Several models, or several views of one model, about the same rows.
 */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/error.h"
#include "selection/scorer_tasks.h"
#include "winnow/memory.h"

enum { GRAIN = 256 };

typedef struct comparing {
    wn_disagreement measure;
    const wn_matrix *models;
    size_t count, classes; /* at least 2 classes */
    float *out;
    atomic_bool nomem;
} comparing;

static size_t top_class(const float *p, size_t n)
{
    size_t best = 0;
    for (size_t c = 1; c < n; c++)
        if (p[c] > p[best]) best = c;
    return best;
}

static double entropy_of(const float *p, size_t n)
{
    double sum = 0;
    for (size_t c = 0; c < n; c++)
        if (p[c] > 0) sum -= (double)p[c] * log((double)p[c]);
    return sum;
}

static double log_least(const comparing *c)
{
    return log((double)(c->count < c->classes ? c->count : c->classes));
}

/* `rows` are the count vectors one after the other, `mean` has room for one. */
static double by_votes(const comparing *c, const float *rows, float *mean)
{
    memset(mean, 0, c->classes * sizeof *mean);
    for (size_t m = 0; m < c->count; m++) mean[top_class(rows + m * c->classes, c->classes)] += 1 / (float)c->count;
    if (c->measure == WN_DISAGREEMENT_VOTE_ENTROPY) return entropy_of(mean, c->classes) / log_least(c);
    return 1 - (double)mean[top_class(mean, c->classes)];
}

static double by_means(const comparing *c, const float *rows, float *mean)
{
    double sum = 0;
    for (size_t k = 0; k < c->classes; k++) {
        double total = 0;
        for (size_t m = 0; m < c->count; m++) total += (double)rows[m * c->classes + k];
        mean[k] = (float)(total / (double)c->count);
    }
    if (c->measure == WN_DISAGREEMENT_CONSENSUS_ENTROPY) return entropy_of(mean, c->classes) / log((double)c->classes);
    if (c->measure == WN_DISAGREEMENT_MUTUAL_INFORMATION) {
        for (size_t m = 0; m < c->count; m++) sum += entropy_of(rows + m * c->classes, c->classes);
        return fmax(entropy_of(mean, c->classes) - sum / (double)c->count, 0) / log_least(c);
    }
    for (size_t i = 0; i < c->count * c->classes; i++) {
        double p = (double)rows[i], q = (double)mean[i % c->classes];
        if (p > 0 && q > 0) sum += p * log(p / q);
    }
    return fmax(sum / (double)c->count, 0) / log_least(c);
}

static double by_pair(const comparing *c, const float *rows)
{
    const float *other = rows + c->classes;
    double sum = 0;
    if (c->measure == WN_DISAGREEMENT_FLIP) return top_class(rows, c->classes) != top_class(other, c->classes);
    for (size_t k = 0; k < c->classes; k++) sum += fabs((double)rows[k] - (double)other[k]);
    return sum / 2;
}

static double compare_row(const comparing *c, size_t row, float *rows, float *mean)
{
    for (size_t m = 0; m < c->count; m++)
        if (!wn_scorer_normalize(wn_matrix_row(&c->models[m], row), c->models[m].cols, 1, rows + m * c->classes))
            return 0;
    switch (c->measure) {
    case WN_DISAGREEMENT_VOTE_ENTROPY:
    case WN_DISAGREEMENT_VARIATION_RATIO:
        return by_votes(c, rows, mean);
    case WN_DISAGREEMENT_CHANGE:
    case WN_DISAGREEMENT_FLIP:
        return by_pair(c, rows);
    default:
        return by_means(c, rows, mean);
    }
}

static void compare_rows(void *context, size_t begin, size_t end, unsigned thread)
{
    comparing *c = context;
    (void)thread;
    float *rows = wn_alloc(WN_MEMORY_SELECTION, (c->count + 1) * c->classes, sizeof *rows);
    if (!rows) atomic_store(&c->nomem, true);
    for (size_t row = begin; row < end && rows; row++)
        c->out[row] = (float)compare_row(c, row, rows, rows + c->count * c->classes);
    wn_free(rows);
}

wn_status wn_disagreement_score(wn_disagreement measure, const wn_matrix *models, size_t count, wn_pool *pool,
                                float *out, wn_error *err)
{
    bool pair = measure == WN_DISAGREEMENT_CHANGE || measure == WN_DISAGREEMENT_FLIP;
    if (count < 2 || (pair && count != 2))
        return wn_fail(err, WN_INVALID, "'%s' compares %s arrays of probabilities, not %zu",
                       wn_disagreement_names[measure], pair ? "two" : "at least two", count);
    for (size_t m = 1; m < count; m++)
        if (models[m].rows != models[0].rows || models[m].cols != models[0].cols)
            return wn_fail(err, WN_INVALID, "array %zu has %zu x %zu probabilities, the first %zu x %zu", m + 1,
                           models[m].rows, models[m].cols, models[0].rows, models[0].cols);
    if (models[0].cols == 0) return wn_fail(err, WN_INVALID, "the probabilities have no columns");
    comparing c = {.measure = measure, .models = models, .count = count, .out = out};
    c.classes = models[0].cols == 1 ? 2 : models[0].cols;
    wn_pool_for(pool, models[0].rows, GRAIN, compare_rows, &c);
    return atomic_load(&c.nomem) ? wn_fail(err, WN_NOMEM, "no memory to compare models") : WN_OK;
}
