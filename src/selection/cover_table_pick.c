/* SPDX-License-Identifier: Apache-2.0
 *
 * Greedy over a table, with all gains kept up to date. A pick raises `covered` of some columns, of fewer and fewer the
 * more picks there are (about 1 / picks of them); each such column x takes
 *
 *     w(x) * (min(max(k(x, c), old), new) - old)
 *
 * from the gain of every row c, which is a walk along row x of the symmetric table. Where kernels are wide, as in
 * facility location, lazy evaluation would look at a tenth of all rows for each pick; this reads about ln(picks) tables
 * in all.
 *
 * With exchanges the greedy picks are a trial: those that remain are picked by the same greedy among themselves.
 */
#include "selection/cover_table_pick.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "num/cover.h"
#include "selection/cover_exchange.h"
#include "winnow/memory.h"

/* Table rows whose gains stay in the first cache. They are kept in double: they fall by very many small amounts. */
enum { CHUNK = 1024, PRESELECTED_TELL = 1024, TRIED_TELL = 64 };

typedef struct state {
    const wn_cover_table *table;
    const wn_coverage *coverage;
    wn_roster *roster;
    float *covered, *gone; /* per column, in this layer and in earlier ones */
    uint8_t *shut;         /* per table row: it cannot be picked, or not any more */
    double *gains;         /* per table row; -1 when it cannot be picked */
    wn_cover_rise *rises;
    size_t rises_len;
    wn_cover_kernels kernels;
} state;

uint64_t wn_cover_table_pick_bytes(size_t len, size_t dim)
{
    uint64_t exchanged = (uint64_t)len * (2 * sizeof(float) + sizeof(uint32_t)) + wn_cover_exchange_bytes(len, len);
    return (uint64_t)len * (3 * sizeof(float) + 1 + sizeof(double) + sizeof(wn_cover_rise)) + dim * sizeof(float) +
           exchanged;
}

static float weight_of(const state *s, size_t column)
{
    return s->coverage->weights ? s->coverage->weights[s->table->rows[column]] : 1;
}

/* Gains of a layer from nothing: what there is above `covered` is added. */
static void sum_gains(void *context, size_t begin, size_t end, unsigned worker)
{
    const state *s = context;
    (void)worker;
    for (size_t c = begin; c < end; c++) s->gains[c] = 0;
    s->kernels.lower(s->rises, s->rises_len, begin, end - begin, s->gains);
    for (size_t c = begin; c < end; c++) {
        if (s->shut[c]) s->gains[c] = -1;
    }
}

static void start_gains(state *s)
{
    s->rises_len = s->table->len;
    for (size_t x = 0; x < s->table->len; x++)
        s->rises[x] = (wn_cover_rise){.values = s->table->values + x * s->table->stride,
                                      .old = s->covered[x],
                                      .now = INFINITY,
                                      .weight = -(double)weight_of(s, x)};
    wn_pool_for(s->roster->request->pool, s->table->len, CHUNK, sum_gains, s);
}

static void lower_gains(void *context, size_t begin, size_t end, unsigned worker)
{
    const state *s = context;
    (void)worker;
    s->kernels.lower(s->rises, s->rises_len, begin, end - begin, s->gains);
}

/* Raises what is covered by a pick's row of the table (or by values of a row outside). */
static void cover_by(state *s, const float *values)
{
    s->rises_len = 0;
    for (size_t x = 0; x < s->table->len; x++) {
        if (values[x] <= s->covered[x]) continue;
        s->rises[s->rises_len++] = (wn_cover_rise){.values = s->table->values + x * s->table->stride,
                                                   .old = s->covered[x],
                                                   .now = values[x],
                                                   .weight = (double)weight_of(s, x)};
        s->covered[x] = values[x];
    }
}

static wn_status cover_by_preselected(state *s, wn_error *err)
{
    const wn_rows *given = &s->roster->request->preselected;
    float *values = wn_alloc(WN_MEMORY_SELECTION, s->table->len, sizeof *values);
    float *scratch = wn_alloc(WN_MEMORY_SELECTION, s->roster->space.matrix.cols, sizeof *scratch);
    wn_status status = WN_OK;
    if (!values || !scratch) status = wn_fail(err, WN_NOMEM, "no memory for %zu preselected rows", given->len);
    for (size_t i = 0; i < given->len && !status; i++) {
        wn_cover_table_measure(s->table, s->roster, &s->coverage->nearness, (uint32_t)given->data[i], scratch, values);
        cover_by(s, values);
        if (i % PRESELECTED_TELL == PRESELECTED_TELL - 1) status = wn_roster_tell(s->roster, err);
    }
    wn_free(scratch);
    wn_free(values);
    return status;
}

/* The table row of the greatest gain, the first of equals; len when none is open. */
static size_t find_best(const state *s)
{
    size_t best = s->table->len;
    double most = -0.5;
    for (size_t c = 0; c < s->table->len; c++) {
        if (s->shut[c]) continue;
        if (s->gains[c] > most) {
            most = s->gains[c];
            best = c;
        }
    }
    return best;
}

static void begin_layer(state *s)
{
    for (size_t x = 0; x < s->table->len; x++) {
        s->gone[x] = fmaxf(s->gone[x], s->covered[x]);
        s->covered[x] = 0;
    }
}

static void take(state *s, size_t best)
{
    s->shut[best] = 1;
    cover_by(s, s->table->values + best * s->table->stride);
    wn_pool_for(s->roster->request->pool, s->table->len, CHUNK, lower_gains, s);
}

/* What updates leave of a gain of nothing is rounding. */
static wn_status pick_greedily(state *s, wn_error *err)
{
    bool fresh = true;
    double least = 0;
    start_gains(s);
    while (!wn_roster_is_full(s->roster)) {
        size_t best = find_best(s);
        if (best == s->table->len) return WN_OK;
        if (fresh) least = 1e-9 * s->gains[best];
        if (s->gains[best] <= least) {
            if (fresh) return WN_OK; /* nothing has weight */
            begin_layer(s);
            start_gains(s);
            fresh = true;
            continue;
        }
        fresh = false;
        WN_TRY(wn_roster_take(s->roster, s->table->rows[best], err));
        take(s, best);
    }
    return WN_OK;
}

/* Up to n picks of one layer, which the roster does not learn; *made of them. */
static wn_status try_picks(state *s, uint32_t *picks, size_t n, size_t *made, wn_error *err)
{
    double least = 0;
    start_gains(s);
    for (*made = 0; *made < n; ++*made) {
        size_t best = find_best(s);
        if (best == s->table->len || s->gains[best] <= least) break;
        if (*made == 0) least = 1e-9 * s->gains[best];
        if (*made % TRIED_TELL == 0) WN_TRY(wn_roster_tell(s->roster, err));
        picks[*made] = (uint32_t)best;
        take(s, best);
    }
    return WN_OK;
}

static size_t count_open(const state *s)
{
    size_t open = 0;
    for (size_t c = 0; c < s->table->len; c++) open += !s->shut[c];
    return open;
}

/* Leaves open only the rows of the best exchange. Where all open rows are picked, or one layer cannot hold all picks,
 * everything stays as it was. */
static wn_status exchange_picks(state *s, wn_error *err)
{
    size_t len = s->table->len, n = s->roster->request->count, made = 0;
    if (n >= count_open(s)) return WN_OK;
    uint32_t *picks = wn_alloc(WN_MEMORY_SELECTION, n, sizeof *picks);
    float *given = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *given);
    float *weights = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *weights);
    wn_status status = WN_OK;
    if (!picks || !given || !weights) {
        status = wn_fail(err, WN_NOMEM, "no memory to exchange %zu picks", n);
        goto done;
    }
    memcpy(given, s->covered, len * sizeof *given);
    for (size_t x = 0; x < len; x++) weights[x] = weight_of(s, x);
    if ((status = try_picks(s, picks, n, &made, err))) goto done;
    memcpy(s->covered, given, len * sizeof *given);
    for (size_t i = 0; i < made; i++) s->shut[picks[i]] = 0;
    if (made < n) goto done;
    const wn_cover_exchange exchange = {s->table, weights, given, s->shut, picks, n};
    if ((status = wn_cover_exchange_run(&exchange, s->coverage->sweeps, s->roster, err))) goto done;
    memset(s->shut, 1, len);
    for (size_t i = 0; i < n; i++) s->shut[picks[i]] = 0;
done:
    wn_free(weights);
    wn_free(given);
    wn_free(picks);
    return status;
}

static double measure_objective(const state *s)
{
    double sum = 0, total = 0;
    for (size_t x = 0; x < s->table->len; x++) {
        double weight = (double)weight_of(s, x);
        sum += weight * (double)fmaxf(s->covered[x], s->gone[x]);
        total += weight;
    }
    return total > 0 ? sum / total : 0;
}

wn_status wn_cover_table_pick(const wn_cover_table *table, const wn_coverage *coverage, wn_roster *roster,
                              wn_error *err)
{
    state s = {.table = table, .coverage = coverage, .roster = roster};
    wn_status status;
    wn_cover_kernels_init(&s.kernels, wn_cpu_level());
    s.covered = wn_calloc(WN_MEMORY_SELECTION, table->len, sizeof *s.covered);
    s.gone = wn_calloc(WN_MEMORY_SELECTION, table->len, sizeof *s.gone);
    s.gains = wn_alloc(WN_MEMORY_SELECTION, table->len, sizeof *s.gains);
    s.rises = wn_alloc(WN_MEMORY_SELECTION, table->len, sizeof *s.rises);
    s.shut = wn_alloc(WN_MEMORY_SELECTION, table->len, sizeof *s.shut);
    if (!s.covered || !s.gone || !s.gains || !s.rises || !s.shut) {
        status = wn_fail(err, WN_NOMEM, "no memory to cover %zu rows", table->len);
        goto done;
    }
    for (size_t c = 0; c < table->len; c++) s.shut[c] = !wn_roster_is_open(roster, table->rows[c]);
    if ((status = cover_by_preselected(&s, err))) goto done;
    if (coverage->sweeps && (status = exchange_picks(&s, err))) goto done;
    if ((status = pick_greedily(&s, err))) goto done;
    roster->out->objective = measure_objective(&s);
done:
    wn_free(s.shut);
    wn_free(s.rises);
    wn_free(s.gains);
    wn_free(s.gone);
    wn_free(s.covered);
    return status;
}
