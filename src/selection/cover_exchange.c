/* SPDX-License-Identifier: Apache-2.0
 *
 * For each column (a row that is to be covered): the two picks that cover it best. A column whose best pick leaves
 * falls back to the second, or to the newcomer.
 */
#include "selection/cover_exchange.h"

#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

enum { TELL_ROWS = 256 };

typedef struct column {
    float best, second;
    uint32_t owner, heir; /* places in the picks; n = what covers without them */
} column;

typedef struct state {
    const wn_cover_exchange *of;
    column *columns;
    double *losses, *saved; /* n + 1, per pick: what its leaving costs, and how much of that a newcomer saves */
    double total;           /* the coverage now */
} state;

uint64_t wn_cover_exchange_bytes(size_t len, size_t n)
{
    return (uint64_t)len * sizeof(column) + 2 * (uint64_t)(n + 1) * sizeof(double);
}

static const float *row_of(const state *s, size_t row)
{
    return s->of->table->values + row * s->of->table->stride;
}

static void offer(column *c, float value, uint32_t place)
{
    if (value > c->best) {
        c->second = c->best, c->heir = c->owner;
        c->best = value, c->owner = place;
    } else if (value > c->second) {
        c->second = value, c->heir = place;
    }
}

static column empty_column(const state *s, size_t x)
{
    return (column){.best = s->of->given[x], .owner = (uint32_t)s->of->n, .heir = (uint32_t)s->of->n};
}

static void fill_columns(state *s)
{
    for (size_t x = 0; x < s->of->table->len; x++) s->columns[x] = empty_column(s, x);
    for (size_t i = 0; i < s->of->n; i++) {
        const float *values = row_of(s, s->of->picks[i]);
        for (size_t x = 0; x < s->of->table->len; x++) offer(&s->columns[x], values[x], (uint32_t)i);
    }
}

static void sum_losses(state *s)
{
    memset(s->losses, 0, (s->of->n + 1) * sizeof *s->losses);
    s->total = 0;
    for (size_t x = 0; x < s->of->table->len; x++) {
        column c = s->columns[x];
        s->losses[c.owner] += (double)s->of->weights[x] * ((double)c.best - (double)c.second);
        s->total += (double)s->of->weights[x] * (double)c.best;
    }
}

/* What the coverage gains when the row comes in the place of the best pick for that, which is told in `place`. */
static double weigh_row(state *s, size_t row, size_t *place)
{
    const float *values = row_of(s, row), *weights = s->of->weights;
    size_t n = s->of->n, best = 0;
    double gain = 0;
    memset(s->saved, 0, (n + 1) * sizeof *s->saved);
    for (size_t x = 0; x < s->of->table->len; x++) {
        column c = s->columns[x];
        if (values[x] <= c.second) continue;
        double weight = (double)weights[x];
        if (values[x] > c.best) {
            gain += weight * ((double)values[x] - (double)c.best);
            s->saved[c.owner] += weight * ((double)c.best - (double)c.second);
        } else {
            s->saved[c.owner] += weight * ((double)values[x] - (double)c.second);
        }
    }
    for (size_t i = 1; i < n; i++)
        if (s->saved[i] - s->losses[i] > s->saved[best] - s->losses[best]) best = i;
    *place = best;
    return gain + s->saved[best] - s->losses[best];
}

static void put(state *s, size_t place, uint32_t row)
{
    const float *values = row_of(s, row);
    s->of->picks[place] = row;
    for (size_t x = 0; x < s->of->table->len; x++) {
        column *c = &s->columns[x];
        if (c->owner != place && c->heir != place) {
            offer(c, values[x], (uint32_t)place);
            continue;
        }
        const float *near = row_of(s, x); /* the table is symmetric: a walk along one row, not down n of them */
        *c = empty_column(s, x);
        for (size_t i = 0; i < s->of->n; i++) offer(c, near[s->of->picks[i]], (uint32_t)i);
    }
    sum_losses(s);
}

static bool is_pick(const state *s, size_t row)
{
    column c = s->columns[row]; /* a pick covers itself by 1, which only an equal row can too */
    for (size_t i = 0; c.best >= 1 && i < s->of->n; i++)
        if (s->of->picks[i] == row) return true;
    return false;
}

wn_status wn_cover_exchange_run(const wn_cover_exchange *exchange, size_t sweeps, const wn_roster *roster,
                                wn_error *err)
{
    size_t len = exchange->table->len, n = exchange->n;
    state s = {.of = exchange};
    wn_status status = WN_OK;
    if (n == 0 || sweeps == 0) return WN_OK;
    s.columns = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *s.columns);
    s.losses = wn_alloc(WN_MEMORY_SELECTION, n + 1, sizeof *s.losses);
    s.saved = wn_alloc(WN_MEMORY_SELECTION, n + 1, sizeof *s.saved);
    if (!s.columns || !s.losses || !s.saved) {
        status = wn_fail(err, WN_NOMEM, "no memory to exchange %zu picks", n);
        goto done;
    }
    fill_columns(&s);
    sum_losses(&s);
    for (size_t i = 0, still = 0; i < sweeps * len && still < len; i++, still++) {
        size_t row = i % len, place;
        if (i % TELL_ROWS == 0 && (status = wn_roster_tell(roster, err))) break;
        if (exchange->shut[row] || is_pick(&s, row)) continue;
        if (!(weigh_row(&s, row, &place) > 1e-7 * s.total)) continue; /* less is rounding */
        put(&s, place, (uint32_t)row);
        still = 0;
    }
done:
    wn_free(s.saved);
    wn_free(s.losses);
    wn_free(s.columns);
    return status;
}
