/* SPDX-License-Identifier: Apache-2.0
 *
 * Bounds of all rows, and the two passes that lower them. Both take the rows in an order of the first panel of picks
 * that they have not met, so that one tile serves rows of the same age.
 */
#include "selection/frontier.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "selection/order.h"
#include "winnow/memory.h"

/* Rows a tile takes, and rows that are made exact together (their integers fit L1). */
enum { SCAN_ROWS = 256, REFINE_ROWS = 16, SAMPLE = 65536 };

typedef struct scratch {
    uint8_t *codes; /* SCAN_ROWS x stride */
    int32_t *norms, *best;
    uint32_t *arg;
    float *errors, *row;
    int32_t *squares; /* REFINE_ROWS x WN_PICKS_BLOCK */
    uint32_t *hits;
} scratch;

struct wn_frontier {
    const wn_picks *picks;
    const wn_coarse *coarse;
    wn_pool *pool;
    size_t len;
    double *bounds;
    uint32_t *fresh, *exact;
    uint32_t *sorted; /* len */
    size_t *counts;   /* panels + 1 */
    double *sample;
    scratch *workers;
    void *blocks; /* of all workers */
};

static size_t scratch_bytes(size_t dim)
{
    size_t stride = wn_coarse_stride(dim);
    size_t bytes = SCAN_ROWS * (stride + 2 * sizeof(int32_t) + sizeof(uint32_t) + sizeof(float)) + dim * sizeof(float) +
                   REFINE_ROWS * WN_PICKS_BLOCK * sizeof(int32_t) + WN_PICKS_BLOCK * sizeof(uint32_t);
    return (bytes + 63) / 64 * 64 + 8 * 64;
}

/* Cuts the next piece of `bytes` off a block, 64-byte aligned. */
static void *cut(unsigned char **block, size_t bytes)
{
    void *piece = *block;
    *block += (bytes + 63) / 64 * 64;
    return piece;
}

static void lay_out(scratch *s, unsigned char *block, size_t dim)
{
    s->codes = cut(&block, SCAN_ROWS * wn_coarse_stride(dim));
    s->norms = cut(&block, SCAN_ROWS * sizeof *s->norms);
    s->best = cut(&block, SCAN_ROWS * sizeof *s->best);
    s->arg = cut(&block, SCAN_ROWS * sizeof *s->arg);
    s->errors = cut(&block, SCAN_ROWS * sizeof *s->errors);
    s->row = cut(&block, dim * sizeof *s->row);
    s->squares = cut(&block, REFINE_ROWS * WN_PICKS_BLOCK * sizeof *s->squares);
    s->hits = cut(&block, WN_PICKS_BLOCK * sizeof *s->hits);
}

static size_t sample_len(size_t len)
{
    return len < SAMPLE ? len : SAMPLE;
}

uint64_t wn_frontier_bytes(size_t len, size_t dim, size_t capacity, unsigned threads)
{
    return sizeof(wn_frontier) + (uint64_t)len * (sizeof(double) + 3 * sizeof(uint32_t)) +
           sample_len(len) * sizeof(double) + (capacity / WN_TILE_WIDTH + 2) * sizeof(size_t) +
           (uint64_t)threads * (scratch_bytes(dim) + sizeof(scratch));
}

wn_status wn_frontier_new(const wn_picks *picks, wn_pool *pool, wn_frontier **out, wn_error *err)
{
    const wn_space *space = picks->coarse->space;
    size_t len = space->len, threads = wn_pool_threads(pool), bytes = scratch_bytes(space->matrix.cols);
    wn_frontier *f = wn_calloc(WN_MEMORY_SELECTION, 1, sizeof *f);
    *out = NULL;
    if (!f) return wn_fail(err, WN_NOMEM, "no memory for the bounds of %zu rows", len);
    *f = (wn_frontier){.picks = picks, .coarse = picks->coarse, .pool = pool, .len = len};
    f->bounds = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *f->bounds);
    f->fresh = wn_calloc(WN_MEMORY_SELECTION, len, sizeof *f->fresh);
    f->exact = wn_calloc(WN_MEMORY_SELECTION, len, sizeof *f->exact);
    f->sorted = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *f->sorted);
    f->counts = wn_alloc(WN_MEMORY_SELECTION, picks->capacity / WN_TILE_WIDTH + 2, sizeof *f->counts);
    f->sample = wn_alloc(WN_MEMORY_SELECTION, sample_len(len), sizeof *f->sample);
    f->workers = wn_alloc(WN_MEMORY_SELECTION, threads, sizeof *f->workers);
    f->blocks = wn_alloc(WN_MEMORY_SELECTION, threads, bytes);
    if (!f->bounds || !f->fresh || !f->exact || !f->sorted || !f->counts || !f->sample || !f->workers || !f->blocks) {
        wn_frontier_free(&f);
        return wn_fail(err, WN_NOMEM, "no memory for the bounds of %zu rows", len);
    }
    for (size_t i = 0; i < threads; i++)
        lay_out(f->workers + i, (unsigned char *)f->blocks + i * bytes, space->matrix.cols);
    wn_frontier_reset(f);
    *out = f;
    return WN_OK;
}

void wn_frontier_reset(wn_frontier *frontier)
{
    for (size_t i = 0; i < frontier->len; i++) frontier->bounds[i] = INFINITY;
    memset(frontier->fresh, 0, frontier->len * sizeof *frontier->fresh);
    memset(frontier->exact, 0, frontier->len * sizeof *frontier->exact);
}

void wn_frontier_free(wn_frontier **frontier)
{
    wn_frontier *f = *frontier;
    if (!f) return;
    wn_free(f->blocks);
    wn_free(f->workers);
    wn_free(f->sample);
    wn_free(f->counts);
    wn_free(f->sorted);
    wn_free(f->exact);
    wn_free(f->fresh);
    wn_free(f->bounds);
    wn_free(f);
    *frontier = NULL;
}

const double *wn_frontier_bounds(const wn_frontier *frontier)
{
    return frontier->bounds;
}

size_t wn_frontier_exact(const wn_frontier *frontier, size_t slot)
{
    return frontier->exact[slot];
}

void wn_frontier_take(wn_frontier *frontier, size_t slot)
{
    frontier->bounds[slot] = -1;
}

void wn_frontier_set(wn_frontier *frontier, size_t slot, double bound, size_t exact)
{
    frontier->bounds[slot] = bound;
    frontier->exact[slot] = (uint32_t)exact;
    if (frontier->fresh[slot] < exact) frontier->fresh[slot] = (uint32_t)exact;
}

/* With ties at the bound in greater number than asked for, only the first slots of them lie inside. */
static size_t limit_ties(const wn_frontier *f, double bound, size_t target)
{
    size_t above = 0, equal = 0;
    for (size_t slot = 0; slot < f->len; slot++) {
        above += f->bounds[slot] > bound;
        equal += f->bounds[slot] == bound;
    }
    if (above + equal <= 2 * target) return f->len;
    size_t room = above < target ? target - above : 1;
    for (size_t slot = 0; slot < f->len; slot++) {
        if (f->bounds[slot] == bound && room-- == 0) return slot;
    }
    return f->len;
}

wn_boundary wn_frontier_boundary(wn_frontier *frontier, size_t target)
{
    size_t count = sample_len(frontier->len), n = 0;
    for (size_t i = 0; i < count; i++) {
        /* one slot of each stretch, at a place that no period of the data follows */
        size_t begin = i * frontier->len / count, end = (i + 1) * frontier->len / count;
        double bound = frontier->bounds[begin + wn_rng_mix(i) % (end - begin)];
        if (bound >= 0) frontier->sample[n++] = bound;
    }
    size_t rank = (size_t)((double)target * (double)count / (double)frontier->len);
    if (rank >= n) return (wn_boundary){0, frontier->len};
    wn_boundary boundary = {.bound = wn_order_greatest(frontier->sample, n, rank)};
    boundary.slot = limit_ties(frontier, boundary.bound, target);
    return boundary;
}

wn_boundary wn_frontier_tighten(wn_frontier *frontier, const wn_boundary *boundary, const uint32_t *slots, size_t n,
                                size_t target)
{
    size_t count = sample_len(n), inside = 0;
    if (n <= 2 * target) return *boundary;
    for (size_t i = 0; i < count; i++) frontier->sample[i] = frontier->bounds[slots[i * n / count]];
    size_t rank = (size_t)((double)target * (double)count / (double)n);
    wn_boundary tight = {wn_order_greatest(frontier->sample, count, rank), frontier->len};
    if (tight.bound <= boundary->bound) return *boundary;
    for (size_t i = 0; i < n; i++) inside += frontier->bounds[slots[i]] >= tight.bound;
    return inside < n ? tight : *boundary;
}

size_t wn_frontier_collect(const wn_frontier *frontier, const wn_boundary *boundary, uint32_t *slots)
{
    size_t n = 0;
    for (size_t slot = 0; slot < frontier->len; slot++) {
        if (wn_boundary_holds(boundary, frontier->bounds[slot], slot)) slots[n++] = (uint32_t)slot;
    }
    return n;
}

size_t wn_frontier_filter(const wn_frontier *frontier, const wn_boundary *boundary, uint32_t *slots, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (wn_boundary_holds(boundary, frontier->bounds[slots[i]], slots[i])) slots[kept++] = slots[i];
    }
    return kept;
}

/* Orders the list by the panel in which ages[slot] falls; stable. */
static void sort_by_panel(wn_frontier *f, const uint32_t *ages, uint32_t *slots, size_t n)
{
    size_t panels = f->picks->len / WN_TILE_WIDTH + 1, sum = 0;
    memset(f->counts, 0, panels * sizeof *f->counts);
    for (size_t i = 0; i < n; i++) f->counts[ages[slots[i]] / WN_TILE_WIDTH]++;
    for (size_t panel = 0; panel < panels; panel++) {
        size_t count = f->counts[panel];
        f->counts[panel] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++) f->sorted[f->counts[ages[slots[i]] / WN_TILE_WIDTH]++] = slots[i];
    memcpy(slots, f->sorted, n * sizeof *slots);
}

typedef struct pass {
    wn_frontier *frontier;
    const uint32_t *slots;
} pass;

static void lower_bound(wn_frontier *f, uint32_t slot, int32_t square, double error, double pick_error)
{
    uint32_t now = (uint32_t)f->picks->len;
    double upper = wn_coarse_upper(f->coarse, square, error + pick_error);
    /* A row that was exact stays so when no pick of the scan can be nearer. */
    if (f->exact[slot] == f->fresh[slot] && f->exact[slot] > 0 &&
        wn_coarse_lower(f->coarse, square, error + (double)f->picks->error_max) >= f->bounds[slot]) {
        f->exact[slot] = now;
    }
    if (upper < f->bounds[slot]) f->bounds[slot] = upper;
    f->fresh[slot] = now;
}

static void scan_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const pass *p = context;
    wn_frontier *f = p->frontier;
    scratch *s = f->workers + worker;
    const uint32_t *slots = p->slots + begin;
    size_t n = end - begin, panel = f->fresh[slots[0]] / WN_TILE_WIDTH;
    if (panel * WN_TILE_WIDTH >= f->picks->len) return; /* the list is in order of age: all have met all picks */
    wn_coarse_gather(f->coarse, slots, n, s->row, s->codes, s->norms, s->errors);
    wn_picks_nearest(f->picks, panel, s->codes, s->norms, n, s->best, s->arg);
    for (size_t i = 0; i < n; i++)
        lower_bound(f, slots[i], s->best[i], (double)s->errors[i], (double)f->picks->errors[s->arg[i]]);
}

void wn_frontier_scan(wn_frontier *frontier, uint32_t *slots, size_t n)
{
    pass p = {frontier, slots};
    sort_by_panel(frontier, frontier->fresh, slots, n);
    wn_pool_for(frontier->pool, n, SCAN_ROWS, scan_rows, &p);
}

static void refine_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const pass *p = context;
    wn_frontier *f = p->frontier;
    const wn_space *space = f->coarse->space;
    const wn_picks *picks = f->picks;
    scratch *s = f->workers + worker;
    const uint32_t *slots = p->slots + begin;
    size_t n = end - begin, now = picks->len;
    wn_probe probes[REFINE_ROWS];

    wn_coarse_gather(f->coarse, slots, n, s->row, s->codes, s->norms, s->errors);
    for (size_t i = 0; i < n; i++) {
        const float *values = wn_matrix_row(&space->matrix, wn_space_row(space, slots[i]));
        probes[i] = (wn_probe){values, wn_space_scale(space, values), s->codes + i * f->coarse->stride, s->errors[i]};
    }
    for (size_t first = f->exact[slots[0]] / WN_TILE_WIDTH * WN_TILE_WIDTH; first < now; first += WN_PICKS_BLOCK) {
        size_t len = now - first < WN_PICKS_BLOCK ? now - first : WN_PICKS_BLOCK;
        wn_picks_squares(picks, s->codes, s->norms, n, first, len, s->squares);
        for (size_t i = 0; i < n; i++) {
            f->bounds[slots[i]] = wn_picks_refine(picks, probes + i, s->squares + i * WN_PICKS_BLOCK, first, len,
                                                  f->bounds[slots[i]], s->hits);
        }
    }
    for (size_t i = 0; i < n; i++) wn_frontier_set(f, slots[i], f->bounds[slots[i]], now);
}

void wn_frontier_refine(wn_frontier *frontier, uint32_t *slots, size_t n)
{
    pass p = {frontier, slots};
    sort_by_panel(frontier, frontier->exact, slots, n);
    wn_pool_for(frontier->pool, n, REFINE_ROWS, refine_rows, &p);
}
