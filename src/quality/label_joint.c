/* SPDX-License-Identifier: Apache-2.0
 *
 * The confident joint. A row confidently belongs to the class whose probability reaches the mean that the class has in
 * its own rows; among several such classes to the likeliest of all. A row whose likeliest class reaches its threshold
 * is decided by the first pass; only the others are read again, and of them only those where a threshold is in reach.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "quality/label_issues.h"
#include "winnow/memory.h"

/* Threshold of a class without rows: no probability reaches it. */
#define OUT_OF_REACH 2

double wn_pairwise_sum(const double *values, size_t n)
{
    enum { LANES = 8, BLOCK = 128 };
    double sum = 0, lane[LANES];
    size_t i = 0;
    if (n > BLOCK) {
        size_t half = n / 2 - n / 2 % LANES;
        return wn_pairwise_sum(values, half) + wn_pairwise_sum(values + half, n - half);
    }
    if (n >= LANES) {
        memcpy(lane, values, sizeof lane);
        for (i = LANES; i + LANES <= n; i += LANES) {
            for (size_t k = 0; k < LANES; k++) lane[k] += values[i + k];
        }
        sum = ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
    }
    for (; i < n; i++) sum += values[i];
    return sum;
}

static wn_status set_thresholds(wn_labelling *s, wn_error *err)
{
    double *values = wn_alloc(WN_MEMORY_MATRIX, s->rows, sizeof *values);
    if (!values) return wn_fail(err, WN_NOMEM, "no memory to check %zu labels", s->rows);
    for (size_t k = 0; k < s->classes; k++) {
        size_t n = s->starts[k + 1] - s->starts[k];
        for (size_t i = 0; i < n; i++) values[i] = s->own[s->order[s->starts[k] + i]];
        double threshold = n ? wn_pairwise_sum(values, n) / (double)n : OUT_OF_REACH;
        if (threshold < 2 * WN_LABEL_TOLERANCE) threshold = 2 * WN_LABEL_TOLERANCE;
        s->out->thresholds[k] = threshold;
        s->floors[k] = threshold - WN_LABEL_TOLERANCE;
    }
    wn_free(values);
    return WN_OK;
}

/* The guess for a row whose likeliest class does not reach its own threshold. */
static int32_t guess_from(const wn_labelling *s, const double *values, int32_t likeliest)
{
    size_t reached = 0, first = 0;
    for (size_t k = 0; k < s->classes && reached < 2; k++) {
        if (values[k] < s->floors[k]) continue;
        if (reached++ == 0) first = k;
    }
    return reached == 0 ? -1 : reached == 1 ? (int32_t)first : likeliest;
}

typedef struct guessing {
    wn_labelling *labelling;
    double least; /* of the floors */
} guessing;

static void guess_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const guessing *g = context;
    wn_labelling *s = g->labelling;
    for (size_t row = begin; row < end; row++) {
        int32_t likeliest = s->out->suggested[row];
        s->guess[row] = -1;
        if (s->label[row] < 0) continue;
        double most = s->own[row] > s->other[row] ? s->own[row] : s->other[row];
        if (most >= s->floors[likeliest]) {
            s->guess[row] = likeliest;
        } else if (most >= g->least) {
            const double *values = wn_labelling_row(s, row, worker);
            if (!values) return;
            s->guess[row] = guess_from(s, values, likeliest);
        }
    }
}

wn_status wn_labelling_guess(wn_labelling *s, wn_error *err)
{
    int64_t *joint = s->out->joint;
    guessing g = {s, INFINITY};
    WN_TRY(set_thresholds(s, err));
    for (size_t k = 0; k < s->classes; k++) g.least = s->floors[k] < g.least ? s->floors[k] : g.least;
    wn_pool_for(s->request->pool, s->rows, s->grain, guess_rows, &g);
    if (atomic_load(&s->failed)) return wn_fail(err, WN_IO, "the probabilities cannot be read a second time");
    for (size_t row = 0; row < s->rows; row++) {
        if (s->guess[row] < 0) continue;
        joint[(size_t)s->label[row] * s->classes + (size_t)s->guess[row]]++;
        s->out->confident += s->guess[row] != s->label[row] && !wn_labelling_agrees(s, row);
    }
    for (size_t k = 0; k < s->classes; k++) { /* no class is all wrong */
        if (joint[k * s->classes + k] < 1) joint[k * s->classes + k] = 1;
    }
    return WN_OK;
}

typedef struct remainder {
    double value;
    size_t at;
} remainder_item;

static int compare_remainders(const void *a, const void *b)
{
    const remainder_item *x = a, *y = b;
    if (x->value < y->value || x->value > y->value) return x->value < y->value ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* Rounds n values to whole numbers with the rounded sum: those that were cut most go up, or the other way round. Among
 * equal remainders the later class goes up first, the earlier one down. */
static void round_row(const double *values, size_t n, double *rounded, remainder_item *items, int64_t *out)
{
    for (size_t i = 0; i < n; i++) rounded[i] = rint(values[i]);
    double wanted = rint(wn_pairwise_sum(values, n));
    for (double sum = wn_pairwise_sum(rounded, n); fabs(sum - wanted) > 0.5; sum = wn_pairwise_sum(rounded, n)) {
        size_t missing = (size_t)fabs(rint(wanted - sum));
        for (size_t i = 0; i < n; i++) items[i] = (remainder_item){values[i] - rounded[i], i};
        qsort(items, n, sizeof *items, compare_remainders);
        for (size_t i = 0; i < missing && i < n; i++) {
            if (wanted > sum) {
                rounded[items[n - 1 - i].at] += 1;
            } else {
                rounded[items[i].at] -= 1;
            }
        }
    }
    for (size_t i = 0; i < n; i++) out[i] = (int64_t)rounded[i];
}

wn_status wn_labelling_calibrate(wn_labelling *s, wn_error *err)
{
    size_t classes = s->classes, rows = s->starts[classes];
    int64_t *joint = s->out->joint;
    double correct = 0, sum = 0;
    double *scaled = wn_alloc(WN_MEMORY_MATRIX, classes * classes, sizeof *scaled);
    double *line = wn_alloc(WN_MEMORY_MATRIX, 2 * classes, sizeof *line);
    remainder_item *items = wn_alloc(WN_MEMORY_MATRIX, classes, sizeof *items);
    wn_status status = WN_NOMEM;
    if (!scaled || !line || !items) goto done;
    status = WN_OK;
    for (size_t given = 0; given < classes; given++) { /* true x given: the order in which the sum is defined */
        int64_t counted = 0;
        for (size_t k = 0; k < classes; k++) counted += joint[given * classes + k];
        double labels = (double)(s->starts[given + 1] - s->starts[given]);
        for (size_t k = 0; k < classes; k++)
            scaled[k * classes + given] = (double)joint[given * classes + k] / (double)counted * labels;
    }
    double total = wn_pairwise_sum(scaled, classes * classes);
    if (total < 1e-100) total = 1e-100;
    for (size_t given = 0; given < classes; given++) {
        for (size_t k = 0; k < classes; k++) line[k] = scaled[k * classes + given] / total * (double)rows;
        round_row(line, classes, line + classes, items, joint + given * classes);
    }
    for (size_t i = 0; i < classes * classes; i++) {
        sum += (double)joint[i];
        if (i % (classes + 1) == 0) correct += (double)joint[i];
    }
    s->out->calibrated = sum > 0 ? (size_t)rint((1 - correct / sum) * (double)rows) : 0;
done:
    if (status) wn_fail(err, status, "no memory for the joint of %zu classes", classes);
    wn_free(items);
    wn_free(line);
    wn_free(scaled);
    return status;
}
