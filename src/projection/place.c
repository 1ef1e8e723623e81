/* SPDX-License-Identifier: Apache-2.0
 *
 * New rows on an old map: they are pulled by their neighbours among the old rows and pushed by random old rows.
 */
#include "winnow/map_place.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "num/layout.h"
#include "projection/fuzzy.h"
#include "winnow/memory.h"

enum { NEIGHBOURS = 15, PUSHES_MOST = 256, PUSHES = 5 };

static const uint64_t place_salt = 0x97ACE;

typedef struct placing {
    const wn_map_place_request *request;
    const wn_map_lists *lists;
    float *weights; /* M x k */
    float *points;  /* of the old rows, with the stride of the kernels */
    size_t stride;
    wn_layout_kernels kernels;
    wn_layout_law law;
    float *out;
} placing;

/* The weighted mean; on an equal row if there is one. */
static size_t start(const placing *p, size_t row, uint32_t *partners, float *weights, float *at)
{
    const wn_map_lists *lists = p->lists;
    size_t count = 0;
    double sum = 0, mean[4] = {0};
    for (size_t i = 0; i < lists->k; i++) {
        int64_t id = lists->ids[row * lists->stride + i];
        float weight = p->weights[row * lists->k + i];
        if (id < 0 || !(weight > 0)) continue;
        partners[count] = (uint32_t)id;
        weights[count++] = weight;
        sum += (double)weight;
        for (size_t c = 0; c < p->stride; c++)
            mean[c] += (double)weight * (double)p->points[(size_t)id * p->stride + c];
    }
    bool equal = count && lists->distances[row * lists->stride] == 0;
    for (size_t c = 0; c < p->stride; c++)
        at[c] = equal ? p->points[partners[0] * p->stride + c] : (float)(mean[c] / sum);
    return count;
}

static void place_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const placing *p = context;
    const wn_map_place_request *request = p->request;
    size_t epochs = request->epochs, dims = request->points.cols;
    (void)worker;
    for (size_t row = begin; row < end; row++) {
        uint32_t partners[WN_MAP_GRAIN], pushers[PUSHES_MOST];
        float weights[WN_MAP_GRAIN], at[4] = {0}, total = 0;
        size_t count = start(p, row, partners, weights, at);
        wn_rng rng;
        wn_rng_init(&rng, request->seed ^ place_salt, row);
        for (size_t i = 0; i < count; i++) total += weights[i];
        size_t pushes = (size_t)lroundf(PUSHES * total);
        if (pushes > PUSHES_MOST) pushes = PUSHES_MOST;
        for (size_t epoch = 0; epoch < epochs; epoch++) {
            float force[4] = {0}, push[4] = {0}, rate = 0.1f * (1 - (float)epoch / (float)epochs);
            for (size_t i = 0; i < pushes; i++) pushers[i] = wn_rng_below(&rng, (uint32_t)request->old.rows);
            p->kernels.pull(&p->law, p->points, p->stride, at, partners, weights, count, force);
            p->kernels.push(&p->law, p->points, p->stride, at, pushers, NULL, pushes, push);
            for (size_t c = 0; c < p->stride; c++) at[c] += rate * fminf(4, fmaxf(-4, force[c] - push[c]));
        }
        memcpy(p->out + row * dims, at, dims * sizeof *at);
    }
}

static wn_status check(const wn_map_place_request *request, wn_error *err)
{
    if (request->old.rows == 0) return wn_fail(err, WN_INVALID, "there is no map to place rows on");
    if (request->points.rows != request->old.rows || request->points.cols < 1 || request->points.cols > 3)
        return wn_fail(err, WN_INVALID, "the map has %zu points of %zu dimensions for %zu rows", request->points.rows,
                       request->points.cols, request->old.rows);
    if (request->k > WN_MAP_GRAIN) return wn_fail(err, WN_INVALID, "at most %d neighbours count", WN_MAP_GRAIN);
    if (request->metric != WN_INDEX_METRIC_L2 && request->metric != WN_INDEX_METRIC_COSINE)
        return wn_fail(err, WN_INVALID, "a map needs distances: the metric must be l2 or cosine");
    return wn_matrix_check_finite(&request->points, "map", request->pool, err);
}

wn_status wn_map_place(const wn_map_place_request *request, float *out, wn_error *err)
{
    wn_neighbours found = {0};
    size_t k = request->k ? request->k : NEIGHBOURS;
    WN_TRY(check(request, err));
    if (request->fresh.rows == 0) return WN_OK;
    if (k > request->old.rows) k = request->old.rows;
    const wn_neighbours_request search = {.embeddings = request->old,
                                          .queries = request->fresh,
                                          .k = k,
                                          .metric = request->metric,
                                          .seed = request->seed,
                                          .pool = request->pool,
                                          .progress = request->progress};
    WN_TRY(wn_neighbours_find(wn_index_kind_choose(search.embeddings.rows, 0), &search, &found, err));
    const wn_map_lists lists = {
        .ids = found.ids, .distances = found.distances, .rows = request->fresh.rows, .k = k, .stride = k};
    placing p = {.request = request, .lists = &lists, .stride = request->points.cols == 3 ? 4 : 2, .out = out};
    double a, b;
    wn_status status = WN_OK;
    p.weights = wn_alloc(WN_MEMORY_MATRIX, lists.rows * k, sizeof *p.weights);
    p.points = wn_calloc(WN_MEMORY_MATRIX, request->old.rows * p.stride, sizeof *p.points);
    if (!p.weights || !p.points) {
        status = wn_fail(err, WN_NOMEM, "no memory to place %zu rows", lists.rows);
        goto done;
    }
    for (size_t i = 0; i < request->old.rows; i++)
        memcpy(p.points + i * p.stride, wn_matrix_row(&request->points, i), request->points.cols * sizeof *p.points);
    wn_fuzzy_weigh(&lists, request->pool, p.weights);
    wn_fuzzy_curve(0.1, 1, &a, &b);
    p.law = (wn_layout_law){.a = (float)a, .b = (float)b, .limit = 4};
    wn_layout_kernels_init(&p.kernels, wn_cpu_level());
    wn_pool_for(request->pool, lists.rows, WN_MAP_GRAIN, place_rows, &p);
done:
    wn_free(p.points);
    wn_free(p.weights);
    wn_neighbours_clear(&found);
    return status;
}
