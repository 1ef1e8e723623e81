/* SPDX-License-Identifier: Apache-2.0
 *
 * Lloyd's passes. Rows are assigned by float32 tiles; a centre is then summed in double over its members in ascending
 * order, one cluster at a time, so the sums do not depend on threads. A cluster that lost all rows takes the row that
 * is farthest from its own centre.
 */
#include "selection/kmeans.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "num/convert.h"
#include "num/tile.h"
#include "winnow/memory.h"

enum { GRAIN = 1024 };

typedef struct run {
    const wn_kmeans_request *request;
    wn_kmeans *out;
    size_t clusters;
    float *norms, *panels, *panel_norms;
    uint32_t *before; /* n: the clusters of the pass before */
    uint8_t *closed;
    uint32_t *sizes; /* clusters */
    wn_tile_kernels tile;
    wn_convert_kernels convert;
    wn_distance_kernels distance;
} run;

uint64_t wn_kmeans_bytes(size_t n, size_t dim, size_t clusters)
{
    uint64_t padded = wn_tile_padded(clusters);
    return (uint64_t)clusters * (dim * sizeof(float) + 2 * sizeof(uint32_t)) + padded * (dim + 1) * sizeof(float) +
           (uint64_t)n * (3 * sizeof(uint32_t) + 2 * sizeof(float) + 1) + wn_seeding_bytes(n, clusters) + 65536;
}

void wn_kmeans_clear(wn_kmeans *kmeans)
{
    wn_free(kmeans->members);
    wn_free(kmeans->starts);
    wn_free(kmeans->squares);
    wn_free(kmeans->cluster);
    wn_free(kmeans->centres);
    *kmeans = (wn_kmeans){0};
}

static double weight_of(const run *r, size_t i)
{
    return r->request->weights ? (double)r->request->weights[i] : 1;
}

static void assign_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const run *r = context;
    size_t dim = r->request->dim;
    wn_tile_f32 tile = {.rows = r->request->points + begin * dim,
                        .stride = dim,
                        .row_norms = r->norms + begin,
                        .m = end - begin,
                        .dim = dim,
                        .panels = r->panels,
                        .panel_norms = r->panel_norms,
                        .n = r->clusters};
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        r->out->squares[i] = INFINITY;
        r->out->cluster[i] = 0;
    }
    r->tile.nearest_f32(&tile, 0, r->out->squares + begin, r->out->cluster + begin);
    /* the tile's squares carry the rounding of the norms; those to the centre found do not */
    for (size_t i = begin; i < end; i++)
        r->out->squares[i] =
            r->distance.l2sq_f32(r->request->points + i * dim, r->out->centres + r->out->cluster[i] * dim, dim);
}

/* Lists the members of each cluster, ascending. */
static void list_members(run *r)
{
    wn_kmeans *out = r->out;
    memset(out->starts, 0, (r->clusters + 1) * sizeof *out->starts);
    for (size_t i = 0; i < r->request->n; i++) out->starts[out->cluster[i] + 1]++;
    for (size_t c = 0; c < r->clusters; c++) out->starts[c + 1] += out->starts[c];
    for (size_t i = 0; i < r->request->n; i++) out->members[out->starts[out->cluster[i]]++] = (uint32_t)i;
    for (size_t c = r->clusters; c > 0; c--) out->starts[c] = out->starts[c - 1];
    out->starts[0] = 0;
}

/* The row with the greatest weighted square in a cluster that can spare one; n when there is none. */
static size_t find_farthest(const run *r)
{
    const wn_kmeans *out = r->out;
    size_t n = r->request->n, best = n;
    for (size_t i = 0; i < n; i++) {
        if (r->closed[i] || out->squares[i] <= 0 || r->sizes[out->cluster[i]] < 2) continue;
        if (best == n || weight_of(r, i) * (double)out->squares[i] > weight_of(r, best) * (double)out->squares[best])
            best = i;
    }
    return best;
}

/* Empty clusters take the rows that are farthest from their centres. */
static void fill_empty(run *r)
{
    wn_kmeans *out = r->out;
    memset(r->closed, 0, r->request->n);
    for (size_t c = 0; c < r->clusters; c++) r->sizes[c] = out->starts[c + 1] - out->starts[c];
    for (size_t c = 0; c < r->clusters; c++) {
        if (r->sizes[c]) continue;
        size_t row = find_farthest(r);
        if (row == r->request->n) break; /* all rows lie on their centres */
        r->closed[row] = 1;
        r->sizes[out->cluster[row]]--;
        r->sizes[c]++;
        out->cluster[row] = (uint32_t)c;
    }
    list_members(r);
}

static void average_members(void *context, size_t begin, size_t end, unsigned worker)
{
    const run *r = context;
    const wn_kmeans *out = r->out;
    size_t dim = r->request->dim;
    (void)worker;
    for (size_t c = begin; c < end; c++) {
        double total = 0;
        for (size_t m = out->starts[c]; m < out->starts[c + 1]; m++) total += weight_of(r, out->members[m]);
        if (out->starts[c] == out->starts[c + 1]) continue;
        for (size_t part = 0; part < dim; part += 64) {
            size_t width = dim - part < 64 ? dim - part : 64;
            double sums[64] = {0};
            for (size_t m = out->starts[c]; m < out->starts[c + 1]; m++) {
                /* members without any weight still have a middle */
                double weight = total > 0 ? weight_of(r, out->members[m]) : 1;
                const float *row = r->request->points + out->members[m] * dim + part;
                for (size_t k = 0; k < width; k++) sums[k] += weight * (double)row[k];
            }
            double divisor = total > 0 ? total : (double)(out->starts[c + 1] - out->starts[c]);
            for (size_t k = 0; k < width; k++) out->centres[c * dim + part + k] = (float)(sums[k] / divisor);
        }
    }
}

static void assign(run *r)
{
    const wn_kmeans_request *q = r->request;
    r->tile.pack_f32(r->out->centres, q->dim, NULL, r->clusters, q->dim, r->panels, r->panel_norms);
    wn_pool_for(q->pool, q->n, GRAIN, assign_rows, r);
    list_members(r);
}

/* Drops clusters that stayed empty (fewer different rows than clusters). */
static void drop_empty(run *r)
{
    wn_kmeans *out = r->out;
    size_t kept = 0, dim = r->request->dim;
    for (size_t c = 0; c < r->clusters; c++) {
        if (out->starts[c] == out->starts[c + 1]) continue;
        for (size_t m = out->starts[c]; m < out->starts[c + 1]; m++) out->cluster[out->members[m]] = (uint32_t)kept;
        memmove(out->centres + kept * dim, out->centres + c * dim, dim * sizeof *out->centres);
        kept++;
    }
    r->clusters = kept;
    list_members(r);
}

static wn_status iterate(run *r, wn_error *err)
{
    const wn_kmeans_request *q = r->request;
    assign(r);
    for (size_t pass = 0; pass < q->iterations; pass++) {
        wn_progress_report report = {.stage = "cluster", .unit = "passes", .done = pass, .total = q->iterations};
        if (wn_progress_tell(q->progress, &report)) return wn_fail(err, WN_CANCELLED, "cancelled while clustering");
        fill_empty(r);
        memcpy(r->before, r->out->cluster, q->n * sizeof *r->before);
        wn_pool_for(q->pool, r->clusters, 1, average_members, r);
        assign(r);
        if (memcmp(r->before, r->out->cluster, q->n * sizeof *r->before) == 0) break;
    }
    drop_empty(r);
    r->out->clusters = r->clusters;
    r->out->inertia = 0;
    for (size_t i = 0; i < q->n; i++) r->out->inertia += weight_of(r, i) * (double)r->out->squares[i];
    return WN_OK;
}

static wn_status seed_centres(run *r, wn_error *err)
{
    const wn_kmeans_request *q = r->request;
    wn_point_seeding points;
    wn_seeding seeding = {.weights = q->weights, .seed = q->seed, .pool = q->pool, .progress = q->progress};
    size_t len = 0;
    if (q->initial) {
        memcpy(r->out->centres, q->initial, r->clusters * q->dim * sizeof(float));
        return WN_OK;
    }
    WN_TRY(wn_point_seeding_init(&points, q->points, q->n, q->dim, &seeding, err));
    wn_status status = wn_seeding_draw(&seeding, NULL, 0, NULL, r->clusters, r->before, &len, err);
    for (size_t c = 0; c < r->clusters && !status; c++)
        memcpy(r->out->centres + c * q->dim, q->points + r->before[c] * q->dim, q->dim * sizeof(float));
    wn_point_seeding_clear(&points);
    return status;
}

wn_status wn_kmeans_run(const wn_kmeans_request *request, wn_kmeans *out, wn_error *err)
{
    run r = {
        .request = request, .out = out, .clusters = request->clusters < request->n ? request->clusters : request->n};
    size_t n = request->n, dim = request->dim;
    wn_status status;
    *out = (wn_kmeans){0};
    if (n == 0) return WN_OK;
    out->centres = wn_alloc(WN_MEMORY_SELECTION, r.clusters * dim, sizeof *out->centres);
    out->cluster = wn_alloc(WN_MEMORY_SELECTION, n, sizeof *out->cluster);
    out->squares = wn_alloc(WN_MEMORY_SELECTION, n, sizeof *out->squares);
    out->starts = wn_alloc(WN_MEMORY_SELECTION, r.clusters + 1, sizeof *out->starts);
    out->members = wn_alloc(WN_MEMORY_SELECTION, n, sizeof *out->members);
    r.norms = wn_alloc(WN_MEMORY_SELECTION, n, sizeof *r.norms);
    r.panels = wn_alloc(WN_MEMORY_SELECTION, wn_tile_panel_len(r.clusters, dim, 1), sizeof *r.panels);
    r.panel_norms = wn_alloc(WN_MEMORY_SELECTION, wn_tile_padded(r.clusters), sizeof *r.panel_norms);
    r.before = wn_alloc(WN_MEMORY_SELECTION, n, sizeof *r.before);
    r.closed = wn_alloc(WN_MEMORY_SELECTION, n, 1);
    r.sizes = wn_alloc(WN_MEMORY_SELECTION, r.clusters, sizeof *r.sizes);
    if (!out->centres || !out->cluster || !out->squares || !out->starts || !out->members || !r.norms || !r.panels ||
        !r.panel_norms || !r.before || !r.closed || !r.sizes) {
        status = wn_fail(err, WN_NOMEM, "no memory to cluster %zu rows", n);
        goto done;
    }
    wn_tile_kernels_init(&r.tile, wn_cpu_level());
    wn_convert_kernels_init(&r.convert, wn_cpu_level());
    wn_distance_kernels_init(&r.distance, wn_cpu_level());
    r.convert.norms_f32(request->points, n, dim, dim, r.norms);
    if ((status = seed_centres(&r, err))) goto done;
    status = iterate(&r, err);
done:
    wn_free(r.sizes);
    wn_free(r.closed);
    wn_free(r.before);
    wn_free(r.panel_norms);
    wn_free(r.panels);
    wn_free(r.norms);
    if (status) wn_kmeans_clear(out);
    return status;
}
