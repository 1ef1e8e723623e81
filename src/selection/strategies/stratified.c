/* SPDX-License-Identifier: Apache-2.0
 *
 * Stratified sampling for real-world diversity (Munro 2021, "Human-in-the-loop machine learning", section 4.5): every
 * group of rows gets the same number of picks while its rows last. Groups are the labels (a class, a place, a kind of
 * user); rows without a label come last. Preselected rows count for their group. Within a group rows of greater scores
 * go first; without scores they are drawn at random. The objective is the number of picks of the group that got fewest.
 */
#include <stdlib.h>

#include "base/error.h"
#include "base/rng.h"
#include "selection/roster.h"
#include "selection/strategy_options.h"
#include "winnow/memory.h"

typedef struct params {
    int metric;
} params;

static const wn_option options[] = {WN_OPTION_METRIC(params), {0}};

typedef struct entry {
    int64_t label;
    double key; /* least first */
    uint32_t row;
} entry;

typedef struct group {
    size_t next, end; /* places of its open rows */
    size_t taken;     /* preselected and picked rows */
    size_t picked;
} group;

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    (void)parameters;
    return wn_roster_bytes(request) + request->embeddings.rows * (sizeof(entry) + sizeof(group));
}

static int compare(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    if (x->key < y->key || x->key > y->key) return x->key < y->key ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Rows that take part, by label, the open ones of each in order and the preselected ones behind them. */
static size_t sort_rows(const wn_roster *roster, entry *entries)
{
    const wn_selection_request *request = roster->request;
    size_t n = 0;
    wn_rng rng;
    wn_rng_init(&rng, request->seed, 0x57);
    for (size_t row = 0; row < request->embeddings.rows; row++) {
        double key = (double)wn_rng_uniform(&rng);
        if (!roster->states[row]) continue;
        if (request->scores.data) key = -(double)*wn_matrix_row(&request->scores, row);
        if (!wn_roster_is_open(roster, row)) key = 1e300;
        entries[n++] = (entry){request->labels.data[row], key, (uint32_t)row};
    }
    qsort(entries, n, sizeof *entries, compare);
    return n;
}

static size_t list_groups(const wn_roster *roster, const entry *entries, size_t n, group *groups)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || entries[i].label != entries[i - 1].label) groups[count++] = (group){.next = i, .end = i};
        group *last = groups + count - 1;
        if (wn_roster_is_open(roster, entries[i].row)) {
            last->end = i + 1;
        } else {
            last->taken++;
        }
    }
    return count;
}

/* In rounds: one row of each group that has taken no more than any other that has rows left. */
static wn_status deal(wn_roster *roster, const entry *entries, group *groups, size_t count, wn_error *err)
{
    while (!wn_roster_is_full(roster)) {
        size_t least = SIZE_MAX;
        for (size_t g = 0; g < count; g++) {
            if (groups[g].next < groups[g].end && groups[g].taken < least) least = groups[g].taken;
        }
        if (least == SIZE_MAX) return WN_OK;
        for (size_t g = 0; g < count && !wn_roster_is_full(roster); g++) {
            if (groups[g].next >= groups[g].end || groups[g].taken > least) continue;
            groups[g].taken++;
            groups[g].picked++;
            WN_TRY(wn_roster_take(roster, entries[groups[g].next++].row, err));
        }
    }
    return WN_OK;
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_roster *roster = NULL;
    size_t rows = request->embeddings.rows, least = SIZE_MAX;
    entry *entries = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *entries);
    group *groups = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *groups);
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    if (!status && (!entries || !groups)) status = wn_fail(err, WN_NOMEM, "no memory to group %zu rows", rows);
    if (status) goto done;
    size_t count = list_groups(roster, entries, sort_rows(roster, entries), groups);
    size_t unknown = count > 0 && entries[0].label < 0; /* the group without a label is the first, and comes last */
    status = deal(roster, entries, groups + unknown, count - unknown, err);
    for (size_t g = unknown; g < count; g++) least = groups[g].picked < least ? groups[g].picked : least;
    out->objective = least == SIZE_MAX ? 0 : (double)least;
    if (!status) status = deal(roster, entries, groups, unknown, err);
    if (!status) status = wn_roster_finish(roster, err);
done:
    wn_free(groups);
    wn_free(entries);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_stratified = {
    .name = "stratified",
    .summary = "the same number of rows of every label",
    .needs = WN_STRATEGY_LABELS,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
