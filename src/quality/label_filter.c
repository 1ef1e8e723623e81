/* SPDX-License-Identifier: Apache-2.0
 *
 * Which rows are issues, given the calibrated joint. Pruning by noise rate needs, for each pair of classes with a
 * count, the margin of every row of the given class: the pairs are taken in rounds whose margins fit a fixed room, one
 * pass over the table a round (nearly always one).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "quality/label_issues.h"
#include "winnow/memory.h"

enum { ROOM = 1 << 25 }; /* margins of one round: 256 MB */

enum { BY_CLASS = 1, BY_RATE = 2 };

typedef struct pair {
    uint32_t given, other;
    size_t wanted; /* rows to mark */
    size_t base;   /* of its margins in the round */
} pair;

typedef struct pruning {
    wn_labelling *labelling;
    int64_t *counts; /* classes x classes, given x true */
    uint8_t *marks;  /* rows; BY_CLASS, BY_RATE */
    pair *pairs;     /* of the round, by class */
    size_t len;
    size_t *first;             /* classes + 1: pairs of a class */
    double *margins, *scratch; /* ROOM at most; rows a worker */
} pruning;

/* The n-th smallest of `values` (n from 0), which get another order (Hoare 1961, middle of three as pivot). */
static double select_nth(double *values, size_t len, size_t n)
{
    size_t low = 0, high = len - 1;
    while (low < high) {
        double a = values[low], b = values[low + (high - low) / 2], c = values[high];
        double pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
        size_t i = low, j = high;
        for (;;) {
            while (values[i] < pivot) i++;
            while (values[j] > pivot) j--;
            if (i >= j) break;
            double held = values[i];
            values[i++] = values[j];
            values[j--] = held;
        }
        if (n <= j) {
            high = j;
        } else {
            low = j + 1;
        }
    }
    return values[n];
}

/* Marks the rows of the `wanted` smallest values; among equal ones the earlier row. */
static void mark_least(const double *values, const uint32_t *rows, size_t len, size_t wanted, double *scratch,
                       uint8_t *marks, uint8_t mark)
{
    if (wanted == 0 || len == 0) return;
    if (wanted > len) wanted = len;
    memcpy(scratch, values, len * sizeof *values);
    double cut = select_nth(scratch, len, wanted - 1);
    size_t below = 0;
    for (size_t i = 0; i < len; i++) below += values[i] < cut;
    size_t equal = wanted - below;
    for (size_t i = 0; i < len; i++) {
        if (values[i] > cut || (values[i] == cut && equal == 0)) continue;
        equal -= values[i] == cut;
        marks[rows[i]] |= mark;
    }
}

/* Rows of a class that may be pruned; 0 for a class too small. */
static size_t class_len(const wn_labelling *s, size_t k)
{
    size_t len = s->starts[k + 1] - s->starts[k], least = s->request->least > 0 ? (size_t)s->request->least : 1;
    return len > least ? len : 0;
}

/* The joint changed so that each class keeps `least` rows (what that takes is shared by its other counts), and only the
 * fraction of the rest is pruned. */
static void set_counts(pruning *p)
{
    const wn_labelling *s = p->labelling;
    double fraction = s->request->fraction > 0 ? s->request->fraction : 1;
    int64_t least = s->request->least > 0 ? s->request->least : 1;
    for (size_t given = 0; given < s->classes; given++) {
        int64_t *line = p->counts + given * s->classes, used = 0;
        const int64_t *joint = s->out->joint + given * s->classes;
        for (size_t k = 0; k < s->classes; k++) used += joint[k] != 0;
        int64_t kept = joint[given] > least ? joint[given] : least;
        double share = (double)(kept - joint[given]) / (double)(used > 2 ? used - 1 : 1), given_back = 0;
        for (size_t k = 0; k < s->classes; k++) {
            double count = (double)joint[k] - share;
            if (k == given || count < 0) count = 0;
            line[k] = (int64_t)(count * fraction);
            given_back += count - count * fraction;
        }
        line[given] = (int64_t)((double)kept + given_back);
    }
}

static void prune_class(void *context, size_t begin, size_t end, unsigned worker)
{
    const pruning *p = context;
    const wn_labelling *s = p->labelling;
    double *scratch = p->scratch + worker * 2 * s->rows;
    for (size_t k = begin; k < end; k++) {
        size_t len = class_len(s, k);
        const uint32_t *rows = s->order + s->starts[k];
        int64_t kept = p->counts[k * s->classes + k];
        if (len == 0 || kept >= (int64_t)len) continue;
        for (size_t i = 0; i < len; i++) scratch[s->rows + i] = s->own[rows[i]];
        mark_least(scratch + s->rows, rows, len, len - (size_t)kept, scratch, p->marks, BY_CLASS);
    }
}

/* Takes the next pairs whose margins fit the room; `next` goes on behind them. */
static void plan_round(pruning *p, size_t *next)
{
    const wn_labelling *s = p->labelling;
    size_t used = 0, all = s->classes * s->classes, k = *next / s->classes;
    p->len = 0;
    for (size_t i = 0; i <= k; i++) p->first[i] = 0;
    for (; *next < all; ++*next) {
        size_t given = *next / s->classes, other = *next % s->classes, len = class_len(s, given);
        for (; k < given; k++) p->first[k + 1] = p->len;
        if (given == other || p->counts[*next] <= 0 || len == 0) continue;
        if (used && used + len > ROOM) break;
        p->pairs[p->len++] = (pair){(uint32_t)given, (uint32_t)other, (size_t)p->counts[*next], used};
        used += len;
    }
    for (; k < s->classes; k++) p->first[k + 1] = p->len;
}

static void note_margins(void *context, size_t row, double *values)
{
    const pruning *p = context;
    const wn_labelling *s = p->labelling;
    int32_t label = s->label[row];
    if (label < 0) return;
    for (size_t i = p->first[label]; i < p->first[label + 1]; i++)
        p->margins[p->pairs[i].base + s->rank[row]] = values[label] - values[p->pairs[i].other];
}

static void prune_pairs(void *context, size_t begin, size_t end, unsigned worker)
{
    const pruning *p = context;
    const wn_labelling *s = p->labelling;
    for (size_t k = begin; k < end; k++) {
        for (size_t i = p->first[k]; i < p->first[k + 1]; i++) {
            const pair *one = p->pairs + i;
            mark_least(p->margins + one->base, s->order + s->starts[k], class_len(s, k), one->wanted,
                       p->scratch + worker * 2 * s->rows, p->marks, BY_RATE);
        }
    }
}

static wn_status prune_by_rate(pruning *p, wn_error *err)
{
    wn_labelling *s = p->labelling;
    size_t most = 0, used = 0, count = 0;
    for (size_t k = 0; k < s->classes; k++) {
        size_t len = class_len(s, k), pairs = 0;
        for (size_t j = 0; j < s->classes; j++) pairs += j != k && p->counts[k * s->classes + j] > 0;
        used += len * pairs;
        count += len ? pairs : 0;
        if (len > most) most = len;
    }
    if (used > ROOM) used = most > ROOM ? most : ROOM;
    p->margins = wn_alloc(WN_MEMORY_MATRIX, used, sizeof *p->margins);
    p->pairs = wn_alloc(WN_MEMORY_MATRIX, count, sizeof *p->pairs);
    p->first = wn_alloc(WN_MEMORY_MATRIX, s->classes + 1, sizeof *p->first);
    if (!p->margins || !p->pairs || !p->first)
        return wn_fail(err, WN_NOMEM, "no memory to compare %zu probabilities", used);
    for (size_t next = 0; next < s->classes * s->classes;) {
        plan_round(p, &next);
        if (p->len == 0) continue;
        WN_TRY(wn_labelling_walk(s, note_margins, p, err));
        wn_pool_for(s->request->pool, s->classes, 1, prune_pairs, p);
    }
    return WN_OK;
}

static wn_status prune(wn_labelling *s, unsigned rules, wn_error *err)
{
    pruning p = {.labelling = s};
    size_t threads = wn_pool_threads(s->request->pool);
    p.counts = wn_alloc(WN_MEMORY_MATRIX, s->classes * s->classes, sizeof *p.counts);
    p.marks = wn_calloc(WN_MEMORY_MATRIX, s->rows, 1);
    p.scratch = wn_alloc(WN_MEMORY_MATRIX, threads * 2 * s->rows, sizeof *p.scratch);
    wn_status status = WN_NOMEM;
    if (!p.counts || !p.marks || !p.scratch) {
        wn_fail(err, status, "no memory to check %zu labels", s->rows);
        goto done;
    }
    set_counts(&p);
    status = WN_OK;
    if (rules & BY_CLASS) wn_pool_for(s->request->pool, s->classes, 1, prune_class, &p);
    if (rules & BY_RATE) status = prune_by_rate(&p, err);
    for (size_t row = 0; row < s->rows; row++) s->out->issues[row] = p.marks[row] == rules;
done:
    wn_free(p.first);
    wn_free(p.pairs);
    wn_free(p.margins);
    wn_free(p.scratch);
    wn_free(p.marks);
    wn_free(p.counts);
    return status;
}

/* The rows of least score, as many as the joint counts confidently. */
static wn_status take_lowest(wn_labelling *s, bool margin, wn_error *err)
{
    size_t n = 0, labelled = s->starts[s->classes];
    double *values = wn_alloc(WN_MEMORY_MATRIX, 2 * labelled, sizeof *values);
    uint32_t *rows = wn_alloc(WN_MEMORY_MATRIX, labelled, sizeof *rows);
    if (values && rows) {
        for (size_t row = 0; row < s->rows; row++) {
            if (s->label[row] < 0) continue;
            values[n] = margin ? s->own[row] - s->other[row] : s->own[row];
            rows[n++] = (uint32_t)row;
        }
        mark_least(values, rows, n, s->out->confident, values + labelled, s->out->issues, 1);
    }
    wn_free(rows);
    wn_free(values);
    return values && rows ? WN_OK : wn_fail(err, WN_NOMEM, "no memory to check %zu labels", s->rows);
}

static void mark_by_guess(wn_labelling *s, const int32_t *guess)
{
    for (size_t row = 0; row < s->rows; row++)
        s->out->issues[row] = s->label[row] >= 0 && guess[row] >= 0 && guess[row] != s->label[row];
}

wn_status wn_labelling_filter(wn_labelling *s, wn_error *err)
{
    wn_label_filter filter = s->request->filter;
    for (size_t k = 0; k < s->classes; k++) s->out->small += s->starts[k + 1] > s->starts[k] && !class_len(s, k);
    if (filter == WN_LABEL_FILTER_LOW_NORMALIZED_MARGIN || filter == WN_LABEL_FILTER_LOW_SELF_CONFIDENCE)
        return take_lowest(s, filter == WN_LABEL_FILTER_LOW_NORMALIZED_MARGIN, err);
    if (filter == WN_LABEL_FILTER_CONFIDENT_LEARNING) {
        mark_by_guess(s, s->guess);
    } else if (filter == WN_LABEL_FILTER_PREDICTED_NEQ_GIVEN) {
        mark_by_guess(s, s->out->suggested);
    } else {
        unsigned rules = filter == WN_LABEL_FILTER_BOTH             ? BY_CLASS | BY_RATE
                         : filter == WN_LABEL_FILTER_PRUNE_BY_CLASS ? BY_CLASS
                                                                    : BY_RATE;
        WN_TRY(prune(s, rules, err));
    }
    for (size_t row = 0; row < s->rows; row++) {
        if (s->label[row] >= 0 && wn_labelling_agrees(s, row)) s->out->issues[row] = 0;
    }
    return WN_OK;
}
