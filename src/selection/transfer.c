/* SPDX-License-Identifier: Apache-2.0
 *
 * Picks by a head that is trained again and again.
 */
#include "selection/transfer.h"

#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "selection/linear_head.h"
#include "selection/ranking.h"
#include "winnow/memory.h"

/* Candidates that stand for all in training, and rows of either kind at most. */
enum { MOST_EXAMPLES = 5000, GRAIN = 512 };

typedef struct run {
    wn_roster *roster;
    wn_transfer_goal goal;
    uint32_t *rows, *classes; /* examples */
    double *shares;
    size_t len, fixed; /* examples; of them those that stay */
    float *keys;       /* per row */
    wn_linear_head head;
} run;

static size_t capacity_of(const wn_selection_request *request)
{
    size_t given = request->preselected.len < MOST_EXAMPLES ? request->preselected.len : MOST_EXAMPLES;
    return given + 2 * MOST_EXAMPLES;
}

uint64_t wn_transfer_bytes(const wn_selection_request *request)
{
    uint64_t n = capacity_of(request), rows = request->embeddings.rows;
    return wn_linear_head_bytes(n, request->embeddings.cols, 2) + n * (2 * sizeof(uint32_t) + sizeof(double)) +
           rows * (sizeof(float) + sizeof(int64_t)) + wn_rank_bytes(rows);
}

static bool is_wrong(const wn_selection_request *request, size_t row)
{
    const float *p = wn_matrix_row(&request->probabilities, row);
    size_t best = 0;
    for (size_t c = 1; c < request->probabilities.cols; c++) {
        if (p[c] > p[best]) best = c;
    }
    return (int64_t)best != request->labels.data[row];
}

static void add_example(run *r, size_t row, uint32_t class)
{
    r->rows[r->len] = (uint32_t)row;
    r->classes[r->len++] = class;
}

/* Preselected rows, evenly when they are very many; for the second goal candidates drawn at random. */
static wn_status list_examples(run *r, wn_error *err)
{
    const wn_selection_request *request = r->roster->request;
    const wn_rows *given = &request->preselected;
    size_t n = given->len < MOST_EXAMPLES ? given->len : MOST_EXAMPLES, open = r->roster->available_len;
    for (size_t i = 0; i < n; i++) {
        size_t row = (size_t)given->data[i * given->len / n];
        if (r->goal == WN_TRANSFER_REPRESENTATIVENESS) {
            add_example(r, row, 0);
        } else if (request->labels.data[row] >= 0) {
            add_example(r, row, is_wrong(request, row));
        }
    }
    if (r->goal == WN_TRANSFER_UNCERTAINTY && r->len == 0)
        return wn_fail(err, WN_INVALID,
                       "no preselected row has a label; give labels of rows the model was not trained on");
    if (r->goal == WN_TRANSFER_REPRESENTATIVENESS && open) {
        size_t drawn = open < MOST_EXAMPLES ? open : MOST_EXAMPLES;
        int64_t *places = wn_alloc(WN_MEMORY_SELECTION, drawn, sizeof *places);
        wn_rng rng;
        wn_rng_init(&rng, request->seed, 0x7a);
        bool done = places && wn_rng_sample(&rng, (int64_t)open, (int64_t)drawn, places);
        for (size_t i = 0; i < drawn && done; i++) add_example(r, r->roster->available[places[i]], 1);
        wn_free(places);
        if (!done) return wn_fail(err, WN_NOMEM, "no memory to draw from %zu rows", open);
    }
    r->fixed = r->len;
    return WN_OK;
}

/* Both classes weigh the same, however many rows they have. */
static void weigh_examples(run *r)
{
    double counts[2] = {0};
    for (size_t i = 0; i < r->len; i++) counts[r->classes[i]]++;
    for (size_t i = 0; i < r->len; i++) r->shares[i] = (double)r->len / (2 * counts[r->classes[i]]);
}

static void apply_head(void *context, size_t begin, size_t end, unsigned worker)
{
    const run *r = context;
    double p[2];
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        uint32_t row = r->roster->available[i];
        wn_linear_head_apply(&r->head, wn_matrix_row(&r->roster->request->embeddings, row), p);
        r->keys[row] = (float)p[1];
    }
}

static wn_status train(run *r, double penalty, wn_error *err)
{
    const wn_selection_request *request = r->roster->request;
    wn_linear_examples examples = {&request->embeddings, r->rows, r->classes, r->len, 2, r->shares};
    weigh_examples(r);
    wn_linear_head_clear(&r->head);
    WN_TRY(wn_linear_head_fit(&examples, penalty, &r->head, err));
    wn_pool_for(request->pool, r->roster->available_len, GRAIN, apply_head, r);
    return WN_OK;
}

/* Picks the `n` open rows that are likeliest of class 1; they join class 0 while there is room. */
static wn_status take_batch(run *r, size_t n, wn_error *err)
{
    wn_roster *roster = r->roster;
    size_t open = 0;
    for (size_t i = 0; i < roster->available_len; i++) {
        if (wn_roster_is_open(roster, roster->available[i])) roster->available[open++] = roster->available[i];
    }
    roster->available_len = open;
    WN_TRY(wn_rank_sort(roster->available, open, r->keys, err));
    for (size_t i = 0; i < n && i < open; i++) {
        if (r->len < capacity_of(roster->request)) add_example(r, roster->available[i], 0);
        WN_TRY(wn_roster_take(roster, roster->available[i], err));
    }
    return wn_roster_tell(roster, err);
}

static wn_status pick_batches(run *r, size_t rounds, double penalty, wn_error *err)
{
    size_t count = r->roster->request->count;
    WN_TRY(list_examples(r, err));
    for (size_t round = 0; round < rounds && !wn_roster_is_full(r->roster); round++) {
        size_t until = (round + 1) * count / rounds;
        if (until <= r->roster->out->len) continue;
        WN_TRY(train(r, penalty, err));
        WN_TRY(take_batch(r, until - r->roster->out->len, err));
    }
    return WN_OK;
}

wn_status wn_transfer_pick(wn_roster *roster, wn_transfer_goal goal, size_t rounds, double penalty, wn_error *err)
{
    run r = {.roster = roster, .goal = goal};
    size_t n = capacity_of(roster->request), rows = roster->request->embeddings.rows;
    wn_status status;
    if (rows == 0) return WN_OK;
    r.rows = wn_alloc(WN_MEMORY_SELECTION, n, sizeof *r.rows);
    r.classes = wn_alloc(WN_MEMORY_SELECTION, n, sizeof *r.classes);
    r.shares = wn_alloc(WN_MEMORY_SELECTION, n, sizeof *r.shares);
    r.keys = wn_calloc(WN_MEMORY_SELECTION, rows, sizeof *r.keys);
    if (!r.rows || !r.classes || !r.shares || !r.keys) {
        status = wn_fail(err, WN_NOMEM, "no memory to learn from %zu rows", n);
    } else {
        status = pick_batches(&r, rounds, penalty, err);
    }
    wn_linear_head_clear(&r.head);
    wn_free(r.keys);
    wn_free(r.shares);
    wn_free(r.classes);
    wn_free(r.rows);
    return status;
}
