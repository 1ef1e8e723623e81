/* SPDX-License-Identifier: Apache-2.0
 *
 * Zero-shot coreset scores (after Griffin et al. 2024, "Zero-shot coreset selection: efficient pruning for unlabeled
 * data", arXiv 2411.15349): in random planes of two dimensions, random points (each coordinate of a triangular
 * distribution from the least over the median to the greatest value) give 1 to the nearest row, which takes from the
 * `redundant` rows nearest to it shares of 1 in proportion to distance^-4. Distances are |dx| + |dy|. Rows that are
 * often nearest and seldom near to such rows score high and are picked. Here planes are drawn first, and several points
 * in each plane, so that a plane's rows are sorted into cells once. The objective is the mean score of the picks.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "selection/ranking.h"
#include "selection/strategy_options.h"
#include "winnow/memory.h"

typedef struct params {
    int metric;
    int64_t planes, points, redundant;
} params;

static const wn_option options[] = {
    WN_OPTION_METRIC(params),
    {WN_OPTION_INT, "planes", "random planes", offsetof(params, planes), 1, 1e7, "200", NULL, "N", 0},
    {WN_OPTION_INT, "points", "random points in each plane", offsetof(params, points), 1, 1e7, "50", NULL, "N", 0},
    {WN_OPTION_INT, "redundant", "rows around the nearest that lose", offsetof(params, redundant), 1, 1e6, "1000", NULL,
     "N", 0},
    {0},
};

enum { WAVE = 16 }; /* planes that are worked on together */

/* Rows of one plane, sorted by their first coordinate. */
typedef struct place {
    float x, y;
    uint32_t row;
} place;

typedef struct gain {
    uint32_t row;
    float amount;
} gain;

typedef struct run {
    const params *params;
    const wn_roster *roster;
    size_t first_plane, redundant;
    float *sorted;  /* dim x 3: least, median, greatest */
    place *places;  /* threads x rows */
    gain *near;     /* threads x (rows or redundant + 1): distance and row */
    gain *gains;    /* WAVE x points x (redundant + 1) */
    size_t *counts; /* WAVE */
} run;

static size_t redundant_of(const params *p, size_t rows)
{
    return (size_t)p->redundant < rows ? (size_t)p->redundant : rows ? rows - 1 : 0;
}

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    const params *p = parameters;
    uint64_t rows = request->embeddings.rows, threads = wn_pool_threads(request->pool);
    uint64_t redundant = redundant_of(p, rows);
    return wn_roster_bytes(request) + wn_rank_bytes(rows) + rows * 2 * sizeof(float) +
           request->embeddings.cols * 3 * sizeof(float) + threads * (rows * (sizeof(place) + sizeof(gain))) +
           WAVE * ((uint64_t)p->points * (redundant + 1) * sizeof(gain) + sizeof(size_t)) + 65536;
}

static int compare_places(const void *a, const void *b)
{
    const place *p = a, *q = b;
    if (p->x < q->x || p->x > q->x) return p->x < q->x ? -1 : 1;
    return (p->row > q->row) - (p->row < q->row);
}

static int compare_near(const void *a, const void *b)
{
    const gain *p = a, *q = b;
    if (p->amount < q->amount || p->amount > q->amount) return p->amount < q->amount ? -1 : 1;
    return (p->row > q->row) - (p->row < q->row);
}

static float triangular(wn_rng *rng, const float *shape)
{
    double low = (double)shape[0], middle = (double)shape[1], high = (double)shape[2], u = (double)wn_rng_uniform(rng);
    if (high <= low) return shape[0];
    double cut = (middle - low) / (high - low);
    if (u < cut) return (float)(low + sqrt(u * (high - low) * (middle - low)));
    return (float)(high - sqrt((1 - u) * (high - low) * (high - middle)));
}

/* The first place whose x is not below. */
static size_t find_place(const place *places, size_t n, float x)
{
    size_t begin = 0, end = n;
    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        if (places[middle].x < x) {
            begin = middle + 1;
        } else {
            end = middle;
        }
    }
    return begin;
}

/* The `count` rows nearest to (x, y), in any order: outwards along x until x alone is farther than all kept. A heap of
 * the kept, the farthest on top, lies in `near`. */
static size_t find_near(const place *places, size_t n, float x, float y, uint32_t except, size_t count, gain *near)
{
    size_t right = find_place(places, n, x), left = right, len = 0;
    while (left > 0 || right < n) {
        float l = left > 0 ? x - places[left - 1].x : INFINITY, r = right < n ? places[right].x - x : INFINITY;
        const place *p = l <= r ? places + --left : places + right++;
        float along = l <= r ? l : r;
        if (len == count && along > near[0].amount) break;
        gain item = {p->row, along + fabsf(p->y - y)};
        if (p->row == except || (len == count && compare_near(&item, near) >= 0)) continue;
        size_t at;
        if (len < count) { /* upwards from the end */
            for (at = len++; at > 0 && compare_near(&near[(at - 1) / 2], &item) < 0; at = (at - 1) / 2)
                near[at] = near[(at - 1) / 2];
        } else { /* downwards from the top */
            at = 0;
            for (size_t child; (child = 2 * at + 1) < len; at = child) {
                if (child + 1 < len && compare_near(&near[child + 1], &near[child]) > 0) child++;
                if (compare_near(&near[child], &item) <= 0) break;
                near[at] = near[child];
            }
        }
        near[at] = item;
    }
    return len;
}

static double fourth_power(float nearest, float distance)
{
    double ratio = (double)nearest / (double)distance;
    return ratio * ratio * ratio * ratio;
}

/* What the rows around the nearest one lose; copies of it share the loss among themselves. */
static size_t take_shares(const gain *near, size_t n, gain *out)
{
    float nearest = INFINITY;
    double sum = 0;
    size_t len = 0, copies = 0;
    for (size_t i = 0; i < n; i++) {
        nearest = fminf(nearest, near[i].amount);
        copies += near[i].amount <= 0;
    }
    for (size_t i = 0; i < n && !copies; i++) sum += fourth_power(nearest, near[i].amount);
    for (size_t i = 0; i < n; i++) {
        if (copies && near[i].amount > 0) continue;
        double share = copies ? 1 / (double)copies : fourth_power(nearest, near[i].amount) / sum;
        out[len++] = (gain){near[i].row, (float)-share};
    }
    return len;
}

static void judge_planes(void *context, size_t begin, size_t end, unsigned worker)
{
    const run *r = context;
    const wn_space *space = &r->roster->space;
    size_t n = space->len, points = (size_t)r->params->points, dim = space->matrix.cols;
    place *places = r->places + (size_t)worker * n;
    gain *near = r->near + (size_t)worker * (n + 1);
    for (size_t plane = begin; plane < end; plane++) {
        gain *out = r->gains + plane * points * (r->redundant + 1);
        size_t len = 0;
        wn_rng rng;
        wn_rng_init(&rng, r->roster->request->seed, r->first_plane + plane);
        size_t x = wn_rng_below(&rng, (uint32_t)dim), y = wn_rng_below(&rng, (uint32_t)dim);
        for (int again = 0; x == y && dim > 1 && again < 64; again++) y = wn_rng_below(&rng, (uint32_t)dim);
        for (size_t i = 0; i < n; i++) {
            uint32_t row = (uint32_t)wn_space_row(space, i);
            const float *values = wn_matrix_row(&space->matrix, row);
            float scale = (float)wn_space_scale(space, values);
            places[i] = (place){values[x] * scale, values[y] * scale, row};
        }
        qsort(places, n, sizeof *places, compare_places);
        for (size_t point = 0; point < points; point++) {
            float at_x = triangular(&rng, r->sorted + 3 * x), at_y = triangular(&rng, r->sorted + 3 * y);
            if (!find_near(places, n, at_x, at_y, UINT32_MAX, 1, near)) continue;
            uint32_t row = near[0].row;
            const float *values = wn_matrix_row(&space->matrix, row);
            float scale = (float)wn_space_scale(space, values);
            out[len++] = (gain){row, 1};
            size_t found = find_near(places, n, values[x] * scale, values[y] * scale, row, r->redundant, near);
            len += take_shares(near, found, out + len);
        }
        r->counts[plane] = len;
    }
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Least, median and greatest value of each column. */
static void measure_columns(const run *r, float *column)
{
    const wn_space *space = &r->roster->space;
    for (size_t k = 0; k < space->matrix.cols; k++) {
        for (size_t i = 0; i < space->len; i++) {
            const float *values = wn_matrix_row(&space->matrix, wn_space_row(space, i));
            column[i] = values[k] * (float)wn_space_scale(space, values);
        }
        qsort(column, space->len, sizeof *column, compare_floats);
        r->sorted[3 * k] = column[0];
        r->sorted[3 * k + 1] = column[space->len / 2];
        r->sorted[3 * k + 2] = column[space->len - 1];
    }
}

static wn_status judge(run *r, float *scores, wn_error *err)
{
    size_t planes = (size_t)r->params->planes, each = (size_t)r->params->points * (r->redundant + 1);
    for (; r->first_plane < planes; r->first_plane += WAVE) {
        size_t n = planes - r->first_plane < WAVE ? planes - r->first_plane : WAVE;
        wn_pool_for(r->roster->request->pool, n, 1, judge_planes, r);
        for (size_t plane = 0; plane < n; plane++) {
            const gain *gains = r->gains + plane * each;
            for (size_t i = 0; i < r->counts[plane]; i++) scores[gains[i].row] += gains[i].amount;
        }
        WN_TRY(wn_roster_tell(r->roster, err));
    }
    return WN_OK;
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_roster *roster = NULL;
    size_t rows = request->embeddings.rows, threads = wn_pool_threads(request->pool);
    double sum = 0;
    float *scores = wn_calloc(WN_MEMORY_SELECTION, rows, sizeof *scores);
    float *column = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *column);
    run r = {.params = p};
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &roster, err);
    if (status) goto done;
    r.roster = roster;
    r.redundant = redundant_of(p, roster->space.len);
    r.sorted = wn_alloc(WN_MEMORY_SELECTION, 3 * request->embeddings.cols, sizeof *r.sorted);
    r.places = wn_alloc(WN_MEMORY_SELECTION, threads * rows, sizeof *r.places);
    r.near = wn_alloc(WN_MEMORY_SELECTION, threads * (rows + 1), sizeof *r.near);
    r.gains = wn_alloc(WN_MEMORY_SELECTION, WAVE * (size_t)p->points * (r.redundant + 1), sizeof *r.gains);
    r.counts = wn_alloc(WN_MEMORY_SELECTION, WAVE, sizeof *r.counts);
    if (!scores || !column || !r.sorted || !r.places || !r.near || !r.gains || !r.counts) {
        status = wn_fail(err, WN_NOMEM, "no memory to score %zu rows", rows);
        goto done;
    }
    if (roster->space.len) {
        measure_columns(&r, column);
        if ((status = judge(&r, scores, err))) goto done;
    }
    if ((status = wn_rank_take(roster, scores, err))) goto done;
    for (size_t i = 0; i < out->len; i++) sum += (double)scores[out->picks[i]];
    status = wn_roster_finish(roster, err);
    out->objective = out->len ? sum / (double)out->len : 0;
done:
    wn_free(r.counts);
    wn_free(r.gains);
    wn_free(r.near);
    wn_free(r.places);
    wn_free(r.sorted);
    wn_roster_free(&roster);
    wn_free(column);
    wn_free(scores);
    return status;
}

const wn_strategy wn_strategy_zcore = {
    .name = "zcore",
    .summary = "rows that cover random planes and are not redundant; to prune without labels",
    .needs = WN_STRATEGY_EMBEDDINGS,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
