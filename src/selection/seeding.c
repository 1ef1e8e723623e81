/* SPDX-License-Identifier: Apache-2.0
 *
 * D^2 sampling with lazy bounds. The bounds lie in a tree of sums, so that drawing and lowering take log n steps.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "num/convert.h"
#include "num/distance.h"
#include "num/tile.h"
#include "selection/kmeans.h"
#include "winnow/memory.h"

enum { GRAIN = 1024, TELL = 64, LEAST_REFUSALS = 32 };

typedef struct draw {
    const wn_seeding *seeding;
    size_t leaves;   /* power of two, at least n */
    double *sums;    /* 2 x leaves; sums[1] is the total */
    double *bounds;  /* n: squares */
    uint32_t *exact; /* n: the bound is right for so many drawn items */
    uint8_t *closed; /* n */
    uint32_t *drawn; /* given and drawn */
    size_t drawn_len, renewed;
    wn_rng rng;
} draw;

static size_t leaves_of(size_t n)
{
    size_t leaves = 1;
    while (leaves < n) leaves *= 2;
    return leaves;
}

uint64_t wn_seeding_bytes(size_t n, size_t drawn)
{
    return 2 * leaves_of(n) * sizeof(double) + n * (sizeof(double) + sizeof(uint32_t) + 1 + sizeof(float)) +
           drawn * sizeof(uint32_t) + 65536;
}

static double weight_of(const draw *d, size_t item)
{
    return d->closed[item] ? 0 : d->seeding->weights ? (double)d->seeding->weights[item] : 1;
}

static void set_leaf(draw *d, size_t item, double value)
{
    size_t at = d->leaves + item;
    d->sums[at] = value;
    while (at /= 2) d->sums[at] = d->sums[2 * at] + d->sums[2 * at + 1];
}

static void fill_tree(draw *d, bool by_weight)
{
    size_t n = d->seeding->n;
    memset(d->sums, 0, 2 * d->leaves * sizeof *d->sums);
    for (size_t i = 0; i < n; i++) d->sums[d->leaves + i] = weight_of(d, i) * (by_weight ? 1 : d->bounds[i]);
    for (size_t at = d->leaves; at-- > 1;) d->sums[at] = d->sums[2 * at] + d->sums[2 * at + 1];
}

/* A number in [0, 1) of 53 bits. */
static double draw_real(wn_rng *rng)
{
    return (double)(wn_rng_u64(rng) >> 11) * 0x1p-53;
}

static size_t draw_leaf(draw *d)
{
    double rest = draw_real(&d->rng) * d->sums[1];
    size_t at = 1;
    while (at < d->leaves) {
        at *= 2;
        if (rest >= d->sums[at] && d->sums[at + 1] > 0) {
            rest -= d->sums[at];
            at++;
        } else if (d->sums[at] <= 0) {
            at++;
        }
    }
    return at - d->leaves;
}

typedef struct renew_job {
    const wn_seeding *seeding;
    const uint32_t *drawn;
    size_t count;
    double *bounds;
} renew_job;

static void renew_items(void *context, size_t begin, size_t end, unsigned worker)
{
    const renew_job *job = context;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        double square = job->seeding->nearest(job->seeding->context, i, job->drawn, job->count);
        if (square < job->bounds[i]) job->bounds[i] = square;
    }
}

/* Lowers all bounds by what was drawn since the last time. */
static void renew(draw *d)
{
    const wn_seeding *s = d->seeding;
    const uint32_t *drawn = d->drawn + d->renewed;
    size_t count = d->drawn_len - d->renewed;
    bool done = count == 0 || (s->renew && s->renew(s->context, drawn, count, d->bounds, s->pool));
    if (!done) {
        renew_job job = {s, drawn, count, d->bounds};
        wn_pool_for(s->pool, s->n, GRAIN, renew_items, &job);
    }
    d->renewed = d->drawn_len;
    fill_tree(d, false);
}

/* Makes the bound of an item exact; true when chance keeps it. */
static bool keep(draw *d, size_t item)
{
    double bound = d->bounds[item];
    size_t seen = d->exact[item];
    if (seen < d->drawn_len) {
        double square = d->seeding->nearest(d->seeding->context, item, d->drawn + seen, d->drawn_len - seen);
        if (square < bound) d->bounds[item] = square;
        d->exact[item] = (uint32_t)d->drawn_len;
    }
    if (d->bounds[item] >= bound) return true;
    bool kept = draw_real(&d->rng) * bound < d->bounds[item];
    if (!kept) set_leaf(d, item, weight_of(d, item) * d->bounds[item]);
    return kept;
}

static void add(draw *d, size_t item)
{
    d->closed[item] = 1;
    d->drawn[d->drawn_len++] = (uint32_t)item;
    set_leaf(d, item, 0);
}

/* The first item that is left, when no square tells them apart; those that have weight come first. */
static size_t first_left(const draw *d)
{
    size_t left = d->seeding->n;
    for (size_t i = d->seeding->n; i-- > 0;) {
        if (!d->closed[i]) left = i;
    }
    return left;
}

static bool is_cancelled(const wn_seeding *s, size_t done, size_t total)
{
    wn_progress_report report = {.stage = "seed", .unit = "rows", .done = done, .total = total};
    return wn_progress_tell(s->progress, &report);
}

static wn_status draw_all(draw *d, size_t count, uint32_t *out, size_t *len, wn_error *err)
{
    size_t refusals = 0, since = 0, next = 0, before = d->drawn_len;
    fill_tree(d, before == 0);
    if (before) renew(d);
    while (*len < count) {
        size_t item;
        if (d->sums[1] > 0) {
            item = draw_leaf(d);
            if (d->drawn_len && !keep(d, item)) {
                /* as many again as were kept: time for a pass over all */
                if (++refusals > LEAST_REFUSALS + 2 * since) {
                    if (d->renewed < d->drawn_len) renew(d);
                    refusals = since = 0;
                }
                continue;
            }
        } else { /* bounds of 0 are right for whatever is drawn */
            if (next == 0) next = first_left(d);
            while (d->closed[next]) next++;
            item = next;
        }
        since++;
        add(d, item);
        out[(*len)++] = (uint32_t)item;
        if (d->drawn_len == 1) renew(d); /* from now on squares count */
        if (*len % TELL == 0 && is_cancelled(d->seeding, *len, count))
            return wn_fail(err, WN_CANCELLED, "cancelled after %zu of %zu rows", *len, count);
    }
    return WN_OK;
}

wn_status wn_seeding_draw(const wn_seeding *seeding, const uint32_t *given, size_t given_len, const uint8_t *closed,
                          size_t count, uint32_t *out, size_t *len, wn_error *err)
{
    draw d = {.seeding = seeding, .leaves = leaves_of(seeding->n)};
    wn_status status = WN_OK;
    *len = 0;
    d.sums = wn_alloc(WN_MEMORY_SELECTION, 2 * d.leaves, sizeof *d.sums);
    d.bounds = wn_alloc(WN_MEMORY_SELECTION, seeding->n, sizeof *d.bounds);
    d.exact = wn_calloc(WN_MEMORY_SELECTION, seeding->n, sizeof *d.exact);
    d.closed = wn_calloc(WN_MEMORY_SELECTION, seeding->n, 1);
    d.drawn = wn_alloc(WN_MEMORY_SELECTION, given_len + count, sizeof *d.drawn);
    if (!d.sums || !d.bounds || !d.exact || !d.closed || !d.drawn) {
        status = wn_fail(err, WN_NOMEM, "no memory to draw from %zu rows", seeding->n);
        goto done;
    }
    for (size_t i = 0; i < seeding->n; i++) d.bounds[i] = INFINITY;
    if (closed) memcpy(d.closed, closed, seeding->n);
    for (size_t i = 0; i < given_len; i++) {
        d.drawn[d.drawn_len++] = given[i];
        d.closed[given[i]] = 1;
    }
    wn_rng_init(&d.rng, seeding->seed, 0xd2);
    status = draw_all(&d, count, out, len, err);
done:
    wn_free(d.drawn);
    wn_free(d.closed);
    wn_free(d.exact);
    wn_free(d.bounds);
    wn_free(d.sums);
    return status;
}

/* ---- points ---- */

static double nearest_point(const void *context, size_t item, const uint32_t *drawn, size_t count)
{
    const wn_point_seeding *c = context;
    enum { BLOCK = 256 };
    float squares[BLOCK], least = INFINITY;
    for (size_t begin = 0; begin < count; begin += BLOCK) {
        size_t n = count - begin < BLOCK ? count - begin : BLOCK;
        c->kernels.l2sq_rows_f32(c->points + item * c->dim, c->points, c->dim, drawn + begin, n, c->dim, squares);
        for (size_t i = 0; i < n; i++) least = squares[i] < least ? squares[i] : least;
    }
    return (double)least;
}

typedef struct point_job {
    const wn_point_seeding *context;
    const float *panels, *panel_norms;
    size_t count;
    double *bounds;
    wn_tile_kernels tile;
} point_job;

static void renew_points(void *context, size_t begin, size_t end, unsigned worker)
{
    const point_job *job = context;
    const wn_point_seeding *c = job->context;
    float best[GRAIN];
    (void)worker;
    for (size_t i = begin; i < end; i++) best[i - begin] = INFINITY;
    wn_tile_f32 tile = {.rows = c->points + begin * c->dim,
                        .stride = c->dim,
                        .row_norms = c->norms + begin,
                        .m = end - begin,
                        .dim = c->dim,
                        .panels = job->panels,
                        .panel_norms = job->panel_norms,
                        .n = job->count};
    job->tile.nearest_f32(&tile, 0, best, NULL);
    for (size_t i = begin; i < end; i++) {
        /* the tile's error is a few ulp of the norms: stay above the true square */
        double bound = (double)best[i - begin] * (1 + 1e-6) + 1e-5 * ((double)c->norms[i] + (double)best[i - begin]);
        if (bound < job->bounds[i]) job->bounds[i] = bound;
    }
}

static bool renew_all_points(const void *context, const uint32_t *drawn, size_t count, double *bounds, wn_pool *pool)
{
    const wn_point_seeding *c = context;
    point_job job = {.context = c, .count = count, .bounds = bounds};
    wn_tile_kernels_init(&job.tile, wn_cpu_level());
    float *panels = wn_alloc(WN_MEMORY_SELECTION, wn_tile_panel_len(count, c->dim, 1), sizeof *panels);
    float *norms = wn_alloc(WN_MEMORY_SELECTION, wn_tile_padded(count), sizeof *norms);
    bool done = panels && norms;
    if (done) {
        job.tile.pack_f32(c->points, c->dim, drawn, count, c->dim, panels, norms);
        job.panels = panels;
        job.panel_norms = norms;
        wn_pool_for(pool, c->n, GRAIN, renew_points, &job);
    }
    wn_free(norms);
    wn_free(panels);
    return done;
}

wn_status wn_point_seeding_init(wn_point_seeding *context, const float *points, size_t n, size_t dim,
                                wn_seeding *seeding, wn_error *err)
{
    wn_convert_kernels convert;
    *context = (wn_point_seeding){.points = points, .n = n, .dim = dim};
    context->norms = wn_alloc(WN_MEMORY_SELECTION, n, sizeof *context->norms);
    if (!context->norms) return wn_fail(err, WN_NOMEM, "no memory to draw from %zu rows", n);
    wn_convert_kernels_init(&convert, wn_cpu_level());
    wn_distance_kernels_init(&context->kernels, wn_cpu_level());
    convert.norms_f32(points, n, dim, dim, context->norms);
    seeding->n = n;
    seeding->nearest = nearest_point;
    seeding->renew = renew_all_points;
    seeding->context = context;
    return WN_OK;
}

void wn_point_seeding_clear(wn_point_seeding *context)
{
    wn_free(context->norms);
    *context = (wn_point_seeding){0};
}
