/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows drawn at random without repeats: the baseline that every other strategy has to beat.
 */
#include <math.h>

#include "base/error.h"
#include "base/rng.h"
#include "selection/cover.h"
#include "winnow/memory.h"

typedef struct params {
    int metric;
} params;

static const wn_option options[] = {
    {WN_OPTION_CHOICE, "metric", "distance in which the covering is reported", offsetof(params, metric), 0, 0, "l2",
     wn_metric_names, NULL, 0},
    {0},
};

static size_t count_slots(const wn_selection_request *request)
{
    return request->candidates.data ? request->candidates.len : request->embeddings.rows;
}

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    size_t len = count_slots(request), picks = request->count + request->preselected.len;
    uint64_t drawing = (uint64_t)len * sizeof(int64_t) + (uint64_t)picks * (sizeof(int64_t) + sizeof(float));
    (void)parameters;
    if (!request->embeddings.data) return drawing;
    return drawing + wn_cover_bytes(len, request->embeddings.cols, picks, wn_pool_threads(request->pool));
}

/* The rows that can be drawn, ascending; both lists of the request ascend. */
static size_t list_available(const wn_selection_request *request, int64_t *rows)
{
    size_t n = 0, next = 0;
    for (size_t i = 0; i < count_slots(request); i++) {
        int64_t row = request->candidates.data ? request->candidates.data[i] : (int64_t)i;
        while (next < request->preselected.len && request->preselected.data[next] < row) next++;
        if (next == request->preselected.len || request->preselected.data[next] != row) rows[n++] = row;
    }
    return n;
}

/* Fills distances, radius and mean; preselected rows come before the picks. */
static wn_status measure(const params *p, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    size_t before = request->preselected.len, n = before + out->len;
    wn_space space = {.matrix = request->embeddings, .metric = (wn_metric)p->metric};
    wn_covering covering = {0};
    wn_status status;
    int64_t *rows = wn_alloc(WN_MEMORY_SELECTION, n, sizeof *rows);
    float *distances = wn_alloc(WN_MEMORY_SELECTION, n, sizeof *distances);
    space.rows = request->candidates.data;
    space.len = count_slots(request);
    if (!rows || !distances) {
        status = wn_fail(err, WN_NOMEM, "no memory for %zu picks", n);
        goto done;
    }
    for (size_t i = 0; i < before; i++) rows[i] = request->preselected.data[i];
    for (size_t i = 0; i < out->len; i++) rows[before + i] = out->picks[i];
    if ((status = wn_cover_order(&space, (wn_rows){rows, n}, request->progress, distances, err))) goto done;
    for (size_t i = 0; i < out->len; i++) out->distances[i] = distances[before + i];
    status = wn_cover_measure(&space, (wn_rows){rows, n}, request->pool, request->progress, NULL, &covering, err);
    out->radius = covering.radius;
    out->mean = covering.mean;
done:
    wn_free(distances);
    wn_free(rows);
    return status;
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    wn_rng rng;
    wn_status status = WN_OK;
    int64_t *rows = wn_alloc(WN_MEMORY_SELECTION, count_slots(request), sizeof *rows);
    if (!rows) return wn_fail(err, WN_NOMEM, "no memory to draw from %zu rows", count_slots(request));
    size_t n = list_available(request, rows);
    wn_rng_init(&rng, request->seed, 0);
    if (!wn_rng_sample(&rng, (int64_t)n, (int64_t)request->count, out->picks)) {
        status = wn_fail(err, WN_NOMEM, "no memory to draw from %zu rows", n);
        goto done;
    }
    out->len = request->count;
    for (size_t i = 0; i < out->len; i++) {
        out->picks[i] = rows[out->picks[i]];
        out->distances[i] = INFINITY;
    }
    if (out->len + request->preselected.len == 0) {
        out->radius = out->mean = count_slots(request) ? INFINITY : 0;
    } else if (request->embeddings.data) {
        status = measure(parameters, request, out, err);
    }
    out->objective = out->radius;
done:
    wn_free(rows);
    return status;
}

const wn_strategy wn_strategy_random = {
    .name = "random",
    .summary = "rows drawn at random, the baseline",
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
