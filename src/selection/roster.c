/* SPDX-License-Identifier: Apache-2.0
 *
 * Who takes part in a selection and what became of it.
 */
#include "selection/roster.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "selection/cover.h"
#include "winnow/memory.h"

/* Up to so many rows x picks the covering is measured on all rows, beyond on as many rows as that allows. */
static const double MEASURE_WORK = 1e9;
enum { MEASURE_ROWS = 16384, TELL_PICKS = 64 };

static size_t count_candidates(const wn_selection_request *request)
{
    return request->candidates.data ? request->candidates.len : request->embeddings.rows;
}

static size_t count_measured(const wn_selection_request *request)
{
    double picks = (double)(request->count + request->preselected.len + 1);
    size_t len = count_candidates(request), most = (size_t)(MEASURE_WORK / picks);
    if (most < MEASURE_ROWS) most = MEASURE_ROWS;
    return len < most ? len : most;
}

uint64_t wn_roster_bytes(const wn_selection_request *request)
{
    size_t picks = request->count + request->preselected.len, measured = count_measured(request);
    uint64_t bytes = sizeof(wn_roster) + request->embeddings.rows * (1 + sizeof(uint32_t));
    if (!request->embeddings.data) return bytes;
    return bytes + picks * (sizeof(int64_t) + sizeof(float)) + measured * sizeof(int64_t) +
           wn_cover_bytes(measured, request->embeddings.cols, picks, wn_pool_threads(request->pool));
}

wn_status wn_roster_new(const wn_selection_request *request, wn_metric metric, wn_selection *out, wn_roster **roster,
                        wn_error *err)
{
    size_t rows = request->embeddings.rows;
    wn_roster *r = wn_calloc(WN_MEMORY_SELECTION, 1, sizeof *r);
    *roster = r;
    if (!r) return wn_fail(err, WN_NOMEM, "no memory to select from %zu rows", rows);
    r->request = request;
    r->out = out;
    r->space = (wn_space){request->embeddings, metric, request->candidates.data, count_candidates(request)};
    r->states = wn_calloc(WN_MEMORY_SELECTION, rows, 1);
    r->available = wn_alloc(WN_MEMORY_SELECTION, r->space.len, sizeof *r->available);
    if (!r->states || !r->available) {
        wn_roster_free(roster);
        return wn_fail(err, WN_NOMEM, "no memory to select from %zu rows", rows);
    }
    for (size_t i = 0; i < r->space.len; i++) r->states[wn_space_row(&r->space, i)] = WN_ROSTER_CANDIDATE;
    for (size_t i = 0; i < request->preselected.len; i++)
        r->states[request->preselected.data[i]] |= WN_ROSTER_PRESELECTED;
    for (size_t row = 0; row < rows; row++) {
        if (wn_roster_is_open(r, row)) r->available[r->available_len++] = (uint32_t)row;
    }
    return WN_OK;
}

void wn_roster_free(wn_roster **roster)
{
    if (!*roster) return;
    wn_free((*roster)->available);
    wn_free((*roster)->states);
    wn_free(*roster);
    *roster = NULL;
}

wn_status wn_roster_tell(const wn_roster *roster, wn_error *err)
{
    wn_progress_report report = {
        .stage = "select", .unit = "picks", .done = roster->out->len, .total = roster->request->count};
    if (!wn_progress_tell(roster->request->progress, &report)) return WN_OK;
    return wn_fail(err, WN_CANCELLED, "cancelled after %zu picks", roster->out->len);
}

wn_status wn_roster_take(wn_roster *roster, size_t row, wn_error *err)
{
    assert(wn_roster_is_open(roster, row) && !wn_roster_is_full(roster));
    roster->states[row] |= WN_ROSTER_PICKED;
    roster->out->distances[roster->out->len] = INFINITY;
    roster->out->picks[roster->out->len++] = (int64_t)row;
    return roster->out->len % TELL_PICKS ? WN_OK : wn_roster_tell(roster, err);
}

void wn_roster_forget(wn_roster *roster)
{
    wn_selection *out = roster->out;
    for (size_t i = 0; i < out->len; i++) roster->states[out->picks[i]] &= (uint8_t)~WN_ROSTER_PICKED;
    out->len = 0;
}

wn_status wn_roster_fill(wn_roster *roster, wn_error *err)
{
    for (size_t i = 0; i < roster->available_len && !wn_roster_is_full(roster); i++) {
        if (wn_roster_is_open(roster, roster->available[i])) WN_TRY(wn_roster_take(roster, roster->available[i], err));
    }
    return WN_OK;
}

/* The candidates to measure: all, or the middles of equal stretches. */
static wn_space measured_space(const wn_roster *roster, int64_t *rows)
{
    wn_space space = roster->space;
    size_t n = count_measured(roster->request);
    if (n == space.len) return space;
    for (size_t i = 0; i < n; i++) {
        size_t begin = i * space.len / n, end = (i + 1) * space.len / n;
        rows[i] = (int64_t)wn_space_row(&roster->space, begin + (end - begin) / 2);
    }
    space.rows = rows;
    space.len = n;
    return space;
}

wn_status wn_roster_finish(wn_roster *roster, wn_error *err)
{
    const wn_selection_request *request = roster->request;
    wn_selection *out = roster->out;
    size_t before = request->preselected.len, n = before + out->len;
    wn_covering covering = {0};
    wn_status status;
    if (n == 0) {
        out->radius = out->mean = roster->space.len ? INFINITY : 0;
        return WN_OK;
    }
    if (!request->embeddings.data) return WN_OK;
    int64_t *rows = wn_alloc(WN_MEMORY_SELECTION, n, sizeof *rows), *measured = NULL;
    measured = wn_alloc(WN_MEMORY_SELECTION, count_measured(request), sizeof *measured);
    if (!rows || !measured) {
        status = wn_fail(err, WN_NOMEM, "no memory for %zu picks", n);
        goto done;
    }
    for (size_t i = 0; i < before; i++) rows[i] = request->preselected.data[i];
    for (size_t i = 0; i < out->len; i++) rows[before + i] = out->picks[i];
    wn_space space = measured_space(roster, measured);
    status = wn_cover_order(&space, (wn_rows){rows, n}, before, request->pool, request->progress, out->distances,
                            &covering, err);
    out->radius = covering.radius;
    out->mean = covering.mean;
done:
    wn_free(measured);
    wn_free(rows);
    return status;
}

void wn_roster_gather(const wn_roster *roster, const uint32_t *rows, size_t n, float *out)
{
    size_t dim = roster->space.matrix.cols;
    for (size_t i = 0; i < n; i++) {
        const float *row = wn_matrix_row(&roster->space.matrix, rows[i]);
        double scale = wn_space_scale(&roster->space, row);
        for (size_t k = 0; k < dim; k++) out[i * dim + k] = (float)((double)row[k] * scale);
    }
}
