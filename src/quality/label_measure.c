/* SPDX-License-Identifier: Apache-2.0
 *
 * The first pass of confident learning: what each row says about its label.
 */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "quality/label_issues.h"

enum { LANES = 8 };

typedef struct walk {
    wn_labelling *labelling;
    wn_labelling_visit *visit;
    void *context;
    size_t begin;
} walk;

static void walk_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const walk *w = context;
    wn_labelling *s = w->labelling;
    const wn_table *table = &s->request->probabilities;
    double *block = s->block + (size_t)worker * s->grain * s->classes;
    if (atomic_load_explicit(&s->failed, memory_order_relaxed)) return;
    wn_status status = table->read(table->context, w->begin + begin, end - begin, block, &s->errors[worker]);
    if (status) {
        atomic_store_explicit(&s->failed, (int)status, memory_order_relaxed);
        return;
    }
    for (size_t i = 0; i < end - begin; i++) w->visit(w->context, w->begin + begin + i, block + i * s->classes);
}

static wn_status tell_failure(const wn_labelling *s, wn_error *err)
{
    wn_status status = (wn_status)atomic_load(&s->failed);
    for (unsigned i = 0; status && i < wn_pool_threads(s->request->pool); i++) {
        if (s->errors[i].message[0]) return wn_fail(err, status, "%s", s->errors[i].message);
    }
    return status ? wn_fail(err, status, "the probabilities cannot be read") : WN_OK;
}

wn_status wn_labelling_walk(wn_labelling *s, wn_labelling_visit *visit, void *context, wn_error *err)
{
    size_t step = 256 * s->grain;
    for (size_t begin = 0; begin < s->rows; begin += step) {
        walk w = {s, visit, context, begin};
        wn_pool_for(s->request->pool, s->rows - begin < step ? s->rows - begin : step, s->grain, walk_rows, &w);
        WN_TRY(tell_failure(s, err));
        wn_progress_report report = {.stage = "labels", .unit = "rows", .done = begin, .total = s->rows};
        if (wn_progress_tell(s->request->progress, &report)) return wn_fail(err, WN_CANCELLED, "cancelled");
    }
    return WN_OK;
}

const double *wn_labelling_row(wn_labelling *s, size_t row, unsigned worker)
{
    const wn_table *table = &s->request->probabilities;
    double *block = s->block + (size_t)worker * s->grain * s->classes;
    wn_status status = table->read(table->context, row, 1, block, &s->errors[worker]);
    if (!status) return block;
    atomic_store_explicit(&s->failed, (int)status, memory_order_relaxed);
    return NULL;
}

typedef struct row_facts {
    double sum, least, most;
} row_facts;

/* In lanes, which compilers turn into vectors. A NaN shows in the sum. */
static row_facts get_facts(const double *values, size_t n)
{
    double sum[LANES] = {0}, least[LANES], most[LANES];
    size_t k = 0;
    for (size_t i = 0; i < LANES; i++) least[i] = INFINITY, most[i] = -INFINITY;
    for (; k + LANES <= n; k += LANES) {
        for (size_t i = 0; i < LANES; i++) {
            double v = values[k + i];
            sum[i] += v;
            least[i] = v < least[i] ? v : least[i];
            most[i] = v > most[i] ? v : most[i];
        }
    }
    for (size_t i = 0; k < n; k++, i++) {
        sum[i] += values[k];
        least[i] = values[k] < least[i] ? values[k] : least[i];
        most[i] = values[k] > most[i] ? values[k] : most[i];
    }
    row_facts facts = {0, least[0], most[0]};
    for (size_t i = 0; i < LANES; i++) {
        facts.sum += sum[i];
        facts.least = least[i] < facts.least ? least[i] : facts.least;
        facts.most = most[i] > facts.most ? most[i] : facts.most;
    }
    return facts;
}

/* Entropy over its greatest value. */
static double get_entropy(const double *values, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++) sum -= values[k] > 0 ? values[k] * log(values[k]) : 0;
    return sum / log((double)n);
}

static double get_score(wn_label_score score, double own, double other, double entropy)
{
    double safe, weighted;
    switch (score) {
    case WN_LABEL_SCORE_SELF_CONFIDENCE:
        return own;
    case WN_LABEL_SCORE_CONFIDENCE_WEIGHTED_ENTROPY:
        safe = own > WN_LABEL_TOLERANCE ? own : WN_LABEL_TOLERANCE;
        weighted = entropy / safe;
        return log(weighted + 1) / (weighted > WN_LABEL_TOLERANCE ? weighted : WN_LABEL_TOLERANCE);
    case WN_LABEL_SCORE_NORMALIZED_MARGIN:
    case WN_LABEL_SCORE_COUNT:
        break;
    }
    return (own - other + 1) / 2;
}

static void keep_least(atomic_size_t *least, size_t row)
{
    size_t seen = atomic_load_explicit(least, memory_order_relaxed);
    while (row < seen &&
           !atomic_compare_exchange_weak_explicit(least, &seen, row, memory_order_relaxed, memory_order_relaxed)) {
    }
}

/* Notes in `guess` what is wrong with the row, for the count afterwards. */
enum { FINE = -1, NO_NUMBER = -2, SUM_IS_OFF = -3 };

static void measure_row(void *context, size_t row, double *values)
{
    wn_labelling *s = context;
    int64_t label = s->request->labels[row];
    wn_label_issues *out = s->out;
    row_facts all = get_facts(values, s->classes);
    s->label[row] = -1;
    s->guess[row] = FINE;
    s->own[row] = s->other[row] = 0;
    out->scores[row] = NAN;
    out->suggested[row] = s->other_class[row] = -1;
    if (isnan(all.sum) || isinf(all.sum)) {
        s->guess[row] = NO_NUMBER;
        return;
    }
    if (all.least < -WN_LABEL_TOLERANCE || all.most > 1 + WN_LABEL_TOLERANCE) {
        keep_least(&s->first_bad, row);
        return;
    }
    if (fabs(all.sum - 1) > 0.01) s->guess[row] = SUM_IS_OFF;
    if (label < 0) return;
    bool entropic = s->request->score == WN_LABEL_SCORE_CONFIDENCE_WEIGHTED_ENTROPY;
    double own = values[label], entropy = entropic ? get_entropy(values, s->classes) : 0;
    values[label] = -1;
    double other = get_facts(values, s->classes).most;
    int32_t at = 0;
    while (values[at] < other) at++;
    s->label[row] = (int32_t)label;
    s->own[row] = own;
    s->other[row] = other;
    s->other_class[row] = at;
    out->suggested[row] = own > other || (own == other && label < at) ? (int32_t)label : at;
    out->scores[row] = (float)get_score(s->request->score, own, other, entropy);
}

static wn_status tell_bad_value(const wn_labelling *s, size_t row, wn_error *err)
{
    const wn_table *table = &s->request->probabilities;
    size_t col = 0;
    WN_TRY(table->read(table->context, row, 1, s->block, err));
    while (s->block[col] >= -WN_LABEL_TOLERANCE && s->block[col] <= 1 + WN_LABEL_TOLERANCE) col++;
    return wn_fail(err, WN_INVALID,
                   "row %zu, column %zu holds %g, which is no probability; give probabilities (softmax), not scores",
                   row, col, s->block[col]);
}

wn_status wn_labelling_measure(wn_labelling *s, wn_error *err)
{
    wn_label_issues *out = s->out;
    atomic_init(&s->failed, 0);
    atomic_init(&s->first_bad, SIZE_MAX);
    WN_TRY(wn_labelling_walk(s, measure_row, s, err));
    if (atomic_load(&s->first_bad) != SIZE_MAX) return tell_bad_value(s, atomic_load(&s->first_bad), err);
    for (size_t row = 0; row < s->rows; row++) {
        bool no_number = s->guess[row] == NO_NUMBER, off = s->guess[row] == SUM_IS_OFF;
        if (no_number && !out->unusable++) out->first_unusable = row;
        if (off && !out->unnormalised++) out->first_unnormalised = row;
        out->unlabelled += s->request->labels[row] < 0;
    }
    return WN_OK;
}

bool wn_labelling_agrees(const wn_labelling *s, size_t row)
{
    double own = s->own[row] + WN_LABEL_TOLERANCE, other = s->other[row];
    return own > other || (own == other && s->label[row] < s->other_class[row]);
}
