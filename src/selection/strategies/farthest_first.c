/* SPDX-License-Identifier: Apache-2.0
 *
 * Farthest-first traversal (Gonzalez 1985, "Clustering to minimize the maximum intercluster distance"): each pick is
 * the row farthest from all earlier picks. Every prefix covers the rows within twice the least radius possible.
 *
 * The picks are those of the plain method, which updates the distance of every row after every pick. Here the order
 * of the rows by their bounds (frontier.h) is cut at a boundary. The rows inside are brought up to date, first with
 * int8 tiles, then, those still inside, exactly; a heap of them then gives pick after pick, refreshing only the row at
 * its top, as long as the farthest one lies inside the boundary. Rows outside lie lower, whatever their true distance.
 * Most rows far below the boundary are never touched again.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "selection/frontier.h"
#include "winnow/memory.h"

typedef struct params {
    int metric;
    double min_distance;
    int64_t first;
} params;

static const wn_option options[] = {
    {WN_OPTION_CHOICE, "metric", "distance of two rows", offsetof(params, metric), 0, 0, "l2", wn_metric_names, NULL,
     0},
    {WN_OPTION_REAL, "min-distance", "stop when all remaining rows are nearer to a pick than this",
     offsetof(params, min_distance), 0, 1e300, "0", NULL, "D", 0},
    {WN_OPTION_INT, "first", "row to pick first; -1 = the row nearest to the mean", offsetof(params, first), -1, 4e9,
     "-1", NULL, "ROW", 0},
    {0},
};

/* A round scans about `scanned` slots and makes about `refined` of them exact. Short lists cost rounds, and each looks
 * at all bounds; in long ones the heap refreshes row by row. `refined` is doubled or halved to keep the two costs
 * alike, `scanned` to leave as many slots inside after the scan. The costs are rough nanoseconds. */
enum { FIRST_SCANNED = 4096, FIRST_REFINED = 1024, LEAST_LIST = 256 };
static const double ROUND_COST = 3, LEAST_COST = 1e5, REFRESH_COST = 300, PAIR_COST = 4, MOST_WORK = 8;

/* Rows x picks between two reports, rows x picks for the mean, and the least rows for it. */
static const double REPORT_WORK = 2e8, MEAN_WORK = 4e8;
enum { MEAN_ROWS = 16384 };

typedef struct run {
    const params *params;
    const wn_selection_request *request;
    wn_selection *out;
    wn_space space;
    wn_coarse *coarse;
    wn_picks *picks;
    wn_frontier *frontier;
    const double *bounds;
    uint32_t *slots; /* len: the list of a round, then its heap */
    uint8_t *code;   /* of the row at the top */
    float *row;
    int32_t *squares;
    uint32_t *hits;
    double stop; /* squared least distance */
    double work; /* of the heap in this round, in nanoseconds */
    bool finished;
} run;

static bool is_stored(const wn_selection_request *request, uint64_t bytes)
{
    size_t len = request->candidates.data ? request->candidates.len : request->embeddings.rows;
    uint64_t codes = wn_coarse_bytes(len, request->embeddings.cols, true);
    uint64_t rest = (request->candidates.len + request->preselected.len) * sizeof(int64_t) +
                    (request->count + 1) * (sizeof(int64_t) + sizeof(float));
    return request->memory_limit == 0 || bytes + codes + rest <= request->memory_limit;
}

/* Everything but the codes. */
static uint64_t base_bytes(const wn_selection_request *request)
{
    size_t len = request->candidates.data ? request->candidates.len : request->embeddings.rows;
    size_t dim = request->embeddings.cols, capacity = request->count + request->preselected.len;
    unsigned threads = wn_pool_threads(request->pool);
    uint64_t passing = 2048 * ((uint64_t)(dim + 1) * sizeof(float) + 4 * sizeof(double)) +
                       (uint64_t)(len / 4096 + 2) * dim * sizeof(double);
    return wn_picks_bytes(capacity, dim) + wn_frontier_bytes(len, dim, capacity, threads) + len * sizeof(uint32_t) +
           passing + dim * (sizeof(double) + sizeof(float) + 1) + 16384;
}

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    size_t len = request->candidates.data ? request->candidates.len : request->embeddings.rows;
    uint64_t bytes = base_bytes(request);
    (void)parameters;
    return bytes + wn_coarse_bytes(len, request->embeddings.cols, is_stored(request, bytes));
}

static bool is_cancelled(const run *r)
{
    wn_progress_report report = {.stage = "select", .unit = "picks", .done = r->out->len, .total = r->request->count};
    return wn_progress_tell(r->request->progress, &report);
}

/* The slot of a row, or len when it takes no part. */
static size_t find_slot(const wn_space *space, int64_t row)
{
    size_t begin = 0, end = space->len;
    if (!space->rows) return (size_t)row;
    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        if (space->rows[middle] < row) {
            begin = middle + 1;
        } else {
            end = middle;
        }
    }
    return begin < space->len && space->rows[begin] == row ? begin : space->len;
}

static void take(run *r, size_t slot, double square)
{
    size_t row = wn_space_row(&r->space, slot);
    r->out->picks[r->out->len] = (int64_t)row;
    r->out->distances[r->out->len++] = (float)wn_space_distance(&r->space, square);
    wn_picks_add(r->picks, row);
    wn_frontier_take(r->frontier, slot);
}

/* (bound falling, slot rising) */
static bool comes_before(const double *bounds, uint32_t a, uint32_t b)
{
    return bounds[a] > bounds[b] || (bounds[a] == bounds[b] && a < b);
}

static void sift_down(const double *bounds, uint32_t *heap, size_t n, size_t at)
{
    uint32_t slot = heap[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && comes_before(bounds, heap[child + 1], heap[child])) child++;
        if (!comes_before(bounds, heap[child], slot)) break;
        heap[at] = heap[child];
    }
    heap[at] = slot;
}

/* Makes the bound of one slot exact for all picks. */
static void refresh(run *r, uint32_t slot)
{
    const float *values = wn_matrix_row(&r->space.matrix, wn_space_row(&r->space, slot));
    wn_probe probe = {.values = values, .scale = wn_space_scale(&r->space, values), .code = r->code};
    int32_t norm;
    r->work += REFRESH_COST + PAIR_COST * (double)(r->picks->len - wn_frontier_exact(r->frontier, slot));
    wn_coarse_gather(r->coarse, &slot, 1, r->row, r->code, &norm, &probe.error);
    double bound = wn_picks_refine_from(r->picks, &probe, wn_frontier_exact(r->frontier, slot), r->bounds[slot],
                                        r->squares, r->hits);
    wn_frontier_set(r->frontier, slot, bound, r->picks->len);
}

/* What a round costs beside its lists. */
static double round_cost(const run *r)
{
    return LEAST_COST + ROUND_COST * (double)r->space.len;
}

/* Takes picks from the n slots of the list, which lie inside the boundary, while the farthest one does. When all picks
 * are made, the next one only tells the radius. */
static wn_status pick_inside(run *r, const wn_boundary *boundary, size_t n)
{
    uint32_t *heap = r->slots;
    size_t before = r->out->len;
    double most = MOST_WORK * round_cost(r);
    r->work = 0;
    for (size_t i = n / 2; i-- > 0;) sift_down(r->bounds, heap, n, i);
    while (n > 0 && wn_boundary_holds(boundary, r->bounds[heap[0]], heap[0])) {
        uint32_t slot = heap[0];
        if (r->work > most && r->out->len > before) break; /* the tiles do the rest better */
        if (wn_frontier_exact(r->frontier, slot) < r->picks->len) {
            refresh(r, slot);
        } else if (r->out->len == r->request->count || r->bounds[slot] < r->stop) {
            r->out->stopped = r->out->len < r->request->count;
            r->out->radius = wn_space_distance(&r->space, r->bounds[slot]);
            r->finished = true;
            return WN_OK;
        } else {
            take(r, slot, r->bounds[slot]);
            heap[0] = heap[--n];
            if (r->out->len % 64 == 0 && is_cancelled(r)) return WN_CANCELLED;
        }
        sift_down(r->bounds, heap, n, 0);
    }
    return WN_OK;
}

/* Scans a list in pieces, with a report after each. */
static wn_status scan(run *r, uint32_t *slots, size_t n, size_t picks)
{
    size_t piece = (size_t)(REPORT_WORK / (double)(picks + 64)) + 4096;
    for (size_t begin = 0; begin < n; begin += piece) {
        wn_frontier_scan(r->frontier, slots + begin, n - begin < piece ? n - begin : piece);
        if (is_cancelled(r)) return WN_CANCELLED;
    }
    return WN_OK;
}

/* Doubles or halves a length to bring `measure` between `low` and 4 * `low`. */
static size_t adapt(size_t length, double measure, double low, size_t most)
{
    if (measure < low) return length < most ? 2 * length : length;
    return measure > 4 * low && length > LEAST_LIST ? length / 2 : length;
}

static wn_status pick_rounds(run *r)
{
    size_t scanned = FIRST_SCANNED, refined = FIRST_REFINED, last = 0;
    while (!r->finished) {
        wn_boundary boundary = wn_frontier_boundary(r->frontier, scanned);
        size_t n = wn_frontier_collect(r->frontier, &boundary, r->slots);
        if (n == 0) return WN_OK; /* every row is picked: nothing is left to be covered */
        wn_picks_pack(r->picks);
        WN_TRY(scan(r, r->slots, n, r->picks->len - last));
        last = r->picks->len;
        n = wn_frontier_filter(r->frontier, &boundary, r->slots, n);
        scanned = adapt(scanned, (double)n, (double)refined, r->space.len);
        boundary = wn_frontier_tighten(r->frontier, &boundary, r->slots, n, refined);
        n = wn_frontier_filter(r->frontier, &boundary, r->slots, n);
        wn_frontier_refine(r->frontier, r->slots, n);
        n = wn_frontier_filter(r->frontier, &boundary, r->slots, n);
        WN_TRY(pick_inside(r, &boundary, n));
        refined = adapt(refined, r->work, round_cost(r), r->space.len);
    }
    return WN_OK;
}

/* Slots that stand for all in the mean: one of each stretch. */
static size_t choose_mean_slots(const run *r, uint32_t *slots)
{
    size_t len = r->space.len, count = (size_t)(MEAN_WORK / (double)(r->picks->len + 1));
    if (count < MEAN_ROWS) count = MEAN_ROWS;
    if (count > len) count = len;
    for (size_t i = 0; i < count; i++) {
        size_t begin = i * len / count, end = (i + 1) * len / count;
        slots[i] = (uint32_t)(begin + (end - begin) / 2);
    }
    return count;
}

static wn_status measure_mean(run *r)
{
    double sum = 0;
    size_t count = choose_mean_slots(r, r->slots), n = 0;
    for (size_t i = 0; i < count; i++) {
        if (r->bounds[r->slots[i]] >= 0) r->slots[n++] = r->slots[i]; /* a pick is 0 from itself */
    }
    wn_picks_pack(r->picks);
    WN_TRY(scan(r, r->slots, n, r->picks->len));
    wn_frontier_refine(r->frontier, r->slots, n);
    count = choose_mean_slots(r, r->slots);
    for (size_t i = 0; i < count; i++) sum += wn_space_distance(&r->space, fmax(r->bounds[r->slots[i]], 0));
    r->out->mean = count ? sum / (double)count : 0;
    return WN_OK;
}

/* Adds the preselected rows, or picks the first row. */
static wn_status begin_picks(run *r, const double *mean, wn_error *err)
{
    const wn_rows *preselected = &r->request->preselected;
    size_t slot;
    for (size_t i = 0; i < preselected->len; i++) {
        wn_picks_add(r->picks, (size_t)preselected->data[i]);
        slot = find_slot(&r->space, preselected->data[i]);
        if (slot < r->space.len) wn_frontier_take(r->frontier, slot);
    }
    if (r->request->count == 0 || (preselected->len && r->params->first < 0)) return WN_OK;
    if (r->params->first < 0) {
        WN_TRY(wn_space_nearest_slot(&r->space, mean, r->request->pool, &slot, err));
    } else {
        size_t rows = r->space.matrix.rows;
        slot = (size_t)r->params->first < rows ? find_slot(&r->space, r->params->first) : r->space.len;
        if (slot >= r->space.len || r->bounds[slot] < 0) {
            return wn_fail(err, WN_INVALID, "first row %lld cannot be picked: it is not among the %zu candidates",
                           (long long)r->params->first, r->space.len);
        }
    }
    take(r, slot, INFINITY);
    return WN_OK;
}

static wn_status traverse(run *r, const double *mean, wn_error *err)
{
    size_t n = 0;
    WN_TRY(begin_picks(r, mean, err));
    if (r->picks->len == 0) { /* nothing asked for, nothing there */
        r->out->radius = r->out->mean = r->space.len ? INFINITY : 0;
        return WN_OK;
    }
    for (size_t slot = 0; slot < r->space.len; slot++) {
        if (r->bounds[slot] >= 0) r->slots[n++] = (uint32_t)slot;
    }
    wn_picks_pack(r->picks);
    WN_TRY(scan(r, r->slots, n, r->picks->len));
    WN_TRY(pick_rounds(r));
    return measure_mean(r);
}

static wn_status prepare(run *r, double *mean, wn_error *err)
{
    const wn_selection_request *request = r->request;
    size_t dim = request->embeddings.cols, capacity = request->count + request->preselected.len;
    bool stored = is_stored(request, base_bytes(request));
    r->slots = wn_alloc(WN_MEMORY_SELECTION, r->space.len, sizeof *r->slots);
    r->code = wn_alloc(WN_MEMORY_SELECTION, wn_coarse_stride(dim), 1);
    r->row = wn_alloc(WN_MEMORY_SELECTION, dim, sizeof *r->row);
    r->squares = wn_alloc(WN_MEMORY_SELECTION, WN_PICKS_BLOCK, sizeof *r->squares);
    r->hits = wn_alloc(WN_MEMORY_SELECTION, WN_PICKS_BLOCK, sizeof *r->hits);
    if (!r->slots || !r->code || !r->row || !r->squares || !r->hits)
        return wn_fail(err, WN_NOMEM, "no memory to pick from %zu rows", r->space.len);
    WN_TRY(wn_space_mean(&r->space, request->pool, mean, err));
    WN_TRY(wn_coarse_new(&r->space, mean, stored, request->pool, &r->coarse, err));
    WN_TRY(wn_picks_new(r->coarse, capacity, &r->picks, err));
    WN_TRY(wn_frontier_new(r->picks, request->pool, &r->frontier, err));
    r->bounds = wn_frontier_bounds(r->frontier);
    return WN_OK;
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    run r = {.params = p, .request = request, .out = out};
    wn_status status;
    double *mean = wn_alloc(WN_MEMORY_SELECTION, request->embeddings.cols, sizeof *mean);

    r.space = (wn_space){.matrix = request->embeddings, .metric = (wn_metric)p->metric};
    r.space.rows = request->candidates.data;
    r.space.len = request->candidates.data ? request->candidates.len : request->embeddings.rows;
    r.stop = wn_space_distance_square(&r.space, p->min_distance);
    if (!mean) {
        status = wn_fail(err, WN_NOMEM, "no memory to pick from %zu rows", r.space.len);
        goto done;
    }
    if (request->embeddings.cols > WN_COARSE_DIM_MAX) {
        status = wn_fail(err, WN_UNSUPPORTED, "rows of %zu dimensions; at most %d are understood: project them first",
                         request->embeddings.cols, WN_COARSE_DIM_MAX);
        goto done;
    }
    if ((status = prepare(&r, mean, err))) goto done;
    status = traverse(&r, mean, err);
    if (status == WN_CANCELLED) wn_fail(err, status, "cancelled after %zu picks", out->len);
    out->objective = out->radius;
done:
    wn_frontier_free(&r.frontier);
    wn_picks_free(&r.picks);
    wn_coarse_free(&r.coarse);
    wn_free(r.hits);
    wn_free(r.squares);
    wn_free(r.row);
    wn_free(r.code);
    wn_free(r.slots);
    wn_free(mean);
    return status;
}

const wn_strategy wn_strategy_farthest_first = {
    .name = "farthest-first",
    .summary = "each pick is the row farthest from all earlier ones",
    .needs = WN_STRATEGY_EMBEDDINGS,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
