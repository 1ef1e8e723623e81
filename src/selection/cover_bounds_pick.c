/* SPDX-License-Identifier: Apache-2.0
 *
 * The picks of plain greedy, from bounds. For each row c there is
 *
 *     sums[c] = sum over x of max(bound(x, c), floor(x)) - floor(x)
 *
 * in integers, where floor(x) is what is covered of x, rounded down: never below what c gains. A pick raises the floors
 * of some columns, and their rows of the table take what that costs from all sums. For each pick rows are measured in
 * the order of their sums: c's similarities where a bound is above the floor, in float32, for the gain of c is nothing
 * elsewhere. When no row that was not measured has a sum above the greatest gain, that one is the pick: what plain
 * greedy over the measured similarities takes, whatever the bounds are, if they are bounds. Measured similarities,
 * rounded up, then stand in the table, and a gain bounds the later ones of its row (the coverage is submodular).
 */
#include "selection/cover_bounds_pick.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "num/cover.h"
#include "num/distance.h"
#include "selection/nearness.h"
#include "winnow/memory.h"

/* Table rows whose sums stay in the first cache, rows that are measured together at most, columns whose points stay
 * in the second cache then, columns that are looked through at once, and work that is not worth waking a thread:
 * similarities to measure, numbers of the table to take from sums; products that take as long as to look at a number of
 * the table. */
enum { CHUNK = 1024, TRIALS = 64, POINTS = 64, BLOCK = 64, WORTH = 4096, ALONE = 1 << 18, SCAN = 3 };

/* A row whose gain is measured: the columns it may cover better, and its similarities there. */
typedef struct trial {
    uint32_t row;
    size_t len;
    double gain;
    uint32_t *columns;
    float *values;
} trial;

typedef struct hopeful {
    int32_t bound;
    uint32_t row;
} hopeful;

typedef struct state {
    wn_cover_bounds *table;
    wn_roster *roster;
    wn_pool *pool;
    float *covered, *gone; /* per column, in this layer and in earlier ones */
    int16_t *floors;       /* covered, rounded down */
    int32_t *sums, *caps;  /* per row; caps are from the gain when it was measured last; -1 when it cannot be picked */
    double *gains;         /* per row, measured last in this layer, or infinite */
    wn_cover_step *steps;
    size_t steps_len;
    hopeful *hopeful;
    uint8_t *tried;           /* per row: measured for the pick that is looked for */
    trial trials[TRIALS + 1]; /* the last one is the best so far */
    uint32_t *columns;
    float *values;
    size_t trials_len;
    double work, most; /* products, and what takes as long */
    wn_cover_kernels cover;
    wn_distance_kernels distance;
} state;

uint64_t wn_cover_bounds_pick_bytes(size_t len, size_t dim)
{
    uint64_t row = 2 * sizeof(float) + sizeof(int16_t) + 2 * sizeof(int32_t) + sizeof(double) + sizeof(wn_cover_step) +
                   sizeof(hopeful) + 1 + (TRIALS + 1) * (sizeof(uint32_t) + sizeof(float));
    return (uint64_t)len * row + (uint64_t)dim * sizeof(float);
}

static const int16_t *bounds_of(const state *s, size_t row)
{
    return s->table->values + row * s->table->stride;
}

/* ---- sums ---- */

static void start_sums(void *context, size_t begin, size_t end, unsigned worker)
{
    const state *s = context;
    (void)worker;
    for (size_t c = begin; c < end; c++) {
        const int16_t *bounds = bounds_of(s, c);
        int32_t sum = 0;
        for (size_t x = 0; x < s->table->len; x++) sum += bounds[x] > s->floors[x] ? bounds[x] - s->floors[x] : 0;
        s->sums[c] = sum;
        s->caps[c] = s->caps[c] < 0 ? -1 : INT32_MAX;
        s->gains[c] = INFINITY;
    }
}

static void lower_sums(void *context, size_t begin, size_t end, unsigned worker)
{
    const state *s = context;
    (void)worker;
    s->cover.lower_s16(s->steps, s->steps_len, begin, end - begin, s->sums);
}

/* ---- measuring ---- */

static bool has_more(const int16_t *bounds, const int16_t *floors, size_t n)
{
    int more = 0;
    for (size_t i = 0; i < n; i++) more |= bounds[i] > floors[i];
    return more;
}

static void list_columns(void *context, size_t begin, size_t end, unsigned worker)
{
    state *s = context;
    (void)worker;
    for (size_t at = begin; at < end; at++) {
        trial *t = &s->trials[at];
        const int16_t *bounds = bounds_of(s, t->row);
        t->len = 0;
        for (size_t from = 0; from < s->table->len; from += BLOCK) {
            size_t n = s->table->len - from < BLOCK ? s->table->len - from : BLOCK;
            if (!has_more(bounds + from, s->floors + from, n)) continue;
            for (size_t x = from; x < from + n; x++) {
                t->columns[t->len] = (uint32_t)x;
                t->len += bounds[x] > s->floors[x];
            }
        }
    }
}

/* The first of the trial's columns that is not below x. */
static size_t find_column(const trial *t, size_t x)
{
    size_t low = 0, high = t->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->columns[middle] < x) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The similarities of all trials to the columns [begin, end). */
static void measure_columns(void *context, size_t begin, size_t end, unsigned worker)
{
    const state *s = context;
    size_t dim = s->table->dim;
    (void)worker;
    for (size_t at = 0; at < s->trials_len; at++) {
        const trial *t = &s->trials[at];
        size_t from = find_column(t, begin), n = find_column(t, end) - from;
        if (n)
            s->distance.dot_rows_f32(s->table->points + t->row * dim, s->table->points, dim, t->columns + from, n, dim,
                                     t->values + from);
    }
}

static void add_gains(void *context, size_t begin, size_t end, unsigned worker)
{
    state *s = context;
    (void)worker;
    for (size_t at = begin; at < end; at++) {
        trial *t = &s->trials[at];
        t->gain = 0;
        for (size_t i = 0; i < t->len; i++) {
            uint32_t x = t->columns[i];
            float value = x == t->row ? 1 : t->values[i] < WN_NEARNESS_LEAST ? 0 : fminf(t->values[i], 1);
            t->values[i] = value;
            if (value > s->covered[x]) t->gain += (double)value - (double)s->covered[x];
        }
    }
}

static int32_t above_floor(int16_t bound, int16_t floor)
{
    return bound > floor ? bound - floor : 0;
}

/* The table and the sums take what was measured. */
static void tighten(state *s, const trial *t)
{
    wn_cover_bounds *table = s->table;
    int16_t *row = table->values + t->row * table->stride;
    for (size_t i = 0; i < t->len; i++) {
        uint32_t x = t->columns[i];
        int16_t old = row[x], now = (int16_t)ceilf(t->values[i] * WN_COVER_BOUNDS_ONE);
        if (now >= old) continue;
        row[x] = table->values[x * table->stride + t->row] = now;
        s->sums[t->row] -= above_floor(old, s->floors[x]) - above_floor(now, s->floors[x]);
        if (x != t->row) s->sums[x] -= above_floor(old, s->floors[t->row]) - above_floor(now, s->floors[t->row]);
    }
}

static int32_t bound_of_gain(double gain)
{
    return (int32_t)ceil(gain * WN_COVER_BOUNDS_ONE);
}

/* The gains of all trials; the best one so far changes places with the last trial. */
static void measure_trials(state *s)
{
    size_t all = 0;
    wn_pool *pool = s->trials_len > 1 ? s->pool : NULL;
    wn_pool_for(pool, s->trials_len, 1, list_columns, s);
    for (size_t at = 0; at < s->trials_len; at++) all += s->trials[at].len;
    wn_pool_for(all > WORTH ? s->pool : NULL, s->table->len, POINTS, measure_columns, s);
    wn_pool_for(all > WORTH ? pool : NULL, s->trials_len, 1, add_gains, s);
    s->work += (double)all * (double)s->table->dim + (double)s->trials_len * (double)s->table->len * SCAN;
    for (size_t at = 0; at < s->trials_len; at++) {
        trial *t = &s->trials[at], *best = &s->trials[TRIALS];
        tighten(s, t);
        s->gains[t->row] = t->gain;
        s->caps[t->row] = bound_of_gain(t->gain);
        s->tried[t->row] = 1;
        if (t->gain < best->gain || (t->gain == best->gain && t->row > best->row)) continue;
        const trial swap = *best;
        *best = *t;
        *t = swap;
    }
}

/* ---- the next pick ---- */

static int32_t bound_of(const state *s, size_t row)
{
    return s->sums[row] < s->caps[row] ? s->sums[row] : s->caps[row];
}

/* Can the row come before the best one so far? */
static bool is_hopeful(const state *s, size_t row)
{
    const trial *best = &s->trials[TRIALS];
    if (s->tried[row] || s->caps[row] < 0) return false;
    return s->gains[row] > best->gain || (s->gains[row] == best->gain && row < best->row);
}

/* The greatest bound of a stretch of rows; a bound below 0 is of a row that cannot be picked. */
static int32_t greatest_bound(const int32_t *sums, const int32_t *caps, size_t n)
{
    int32_t greatest = -1;
    for (size_t i = 0; i < n; i++) {
        int32_t bound = sums[i] < caps[i] ? sums[i] : caps[i];
        greatest = greatest > bound ? greatest : bound;
    }
    return greatest;
}

static int compare_hopeful(const void *a, const void *b)
{
    const hopeful *x = a, *y = b;
    if (x->bound != y->bound) return x->bound < y->bound ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Makes the `most` rows of the greatest bounds the trials, of those whose bound is at least `least`. */
static void choose_trials(state *s, int32_t least, size_t most)
{
    size_t n = 0, len = s->table->len;
    for (size_t from = 0; from < len; from += BLOCK) {
        size_t end = len - from < BLOCK ? len : from + BLOCK;
        if (greatest_bound(s->sums + from, s->caps + from, end - from) < least) continue;
        for (size_t row = from; row < end; row++) {
            if (bound_of(s, row) < least || !is_hopeful(s, row)) continue;
            s->hopeful[n++] = (hopeful){bound_of(s, row), (uint32_t)row};
        }
    }
    if (n > most) qsort(s->hopeful, n, sizeof *s->hopeful, compare_hopeful);
    s->trials_len = n < most ? n : most;
    for (size_t i = 0; i < s->trials_len; i++) s->trials[i].row = s->hopeful[i].row;
}

/* The row of the greatest gain, the first of equals, is left in the last trial, or any when that is too much work;
 * false when none is open. */
static bool find_best(state *s)
{
    trial *best = &s->trials[TRIALS];
    int32_t least = greatest_bound(s->sums, s->caps, s->table->len);
    best->gain = -1;
    best->row = UINT32_MAX;
    if (least < 0) return false;
    memset(s->tried, 0, s->table->len);
    for (size_t most = 1;; most = most < TRIALS / 4 ? most * 4 : TRIALS) {
        choose_trials(s, least, most);
        if (s->trials_len == 0 || s->work > s->most) return true;
        measure_trials(s);
        least = bound_of_gain(best->gain);
    }
}

/* ---- the picks ---- */

/* Raises what is covered of a column. */
static void cover_column(state *s, size_t x, float value)
{
    int16_t now = (int16_t)(value * WN_COVER_BOUNDS_ONE);
    if (value <= s->covered[x]) return;
    s->covered[x] = value;
    if (now > s->floors[x]) s->steps[s->steps_len++] = (wn_cover_step){bounds_of(s, x), s->floors[x], now};
    s->floors[x] = now;
}

static wn_status cover_by_preselected(state *s, wn_error *err)
{
    enum { TELL = 1024 };
    const wn_rows *given = &s->roster->request->preselected;
    size_t len = s->table->len, dim = s->table->dim;
    float *point = wn_alloc(WN_MEMORY_SELECTION, dim, sizeof *point), *values = s->trials[TRIALS].values;
    wn_status status = WN_OK;
    if (!point) return wn_fail(err, WN_NOMEM, "no memory for a row of %zu dimensions", dim);
    for (size_t i = 0; i < given->len && !status; i++) {
        const uint32_t row = (uint32_t)given->data[i];
        wn_roster_gather(s->roster, &row, 1, point);
        s->distance.dot_rows_f32(point, s->table->points, dim, NULL, len, dim, values);
        s->steps_len = 0;
        for (size_t x = 0; x < len; x++) {
            float value = s->table->rows[x] == row ? 1 : fminf(values[x], 1);
            if (value >= WN_NEARNESS_LEAST) cover_column(s, x, value);
        }
        if (i % TELL == TELL - 1) status = wn_roster_tell(s->roster, err);
    }
    wn_free(point);
    return status;
}

static void begin_layer(state *s)
{
    for (size_t x = 0; x < s->table->len; x++) {
        s->gone[x] = fmaxf(s->gone[x], s->covered[x]);
        s->covered[x] = 0;
        s->floors[x] = 0;
    }
    wn_pool_for(s->pool, s->table->len, POINTS, start_sums, s);
}

static void take_best(state *s)
{
    const trial *best = &s->trials[TRIALS];
    s->caps[best->row] = -1;
    s->steps_len = 0;
    for (size_t i = 0; i < best->len; i++) cover_column(s, best->columns[i], best->values[i]);
    bool few = s->steps_len * s->table->len < ALONE;
    size_t chunk = s->table->len / (2 * wn_pool_threads(s->pool));
    wn_pool_for(few ? NULL : s->pool, s->table->len, chunk < CHUNK ? CHUNK : chunk + 1, lower_sums, s);
}

static wn_status pick_greedily(state *s, bool *enough, wn_error *err)
{
    const trial *best = &s->trials[TRIALS];
    bool fresh = true;
    double least = 0;
    wn_pool_for(s->pool, s->table->len, POINTS, start_sums, s);
    while (!wn_roster_is_full(s->roster)) {
        if (!find_best(s)) return WN_OK;
        *enough = s->work <= s->most;
        if (!*enough) return WN_OK;
        if (fresh) least = 1e-9 * best->gain;
        if (best->gain <= least) {
            if (fresh) return WN_OK; /* nothing has weight */
            begin_layer(s);
            fresh = true;
            continue;
        }
        fresh = false;
        WN_TRY(wn_roster_take(s->roster, s->table->rows[best->row], err));
        take_best(s);
    }
    return WN_OK;
}

static double measure_objective(const state *s)
{
    double sum = 0;
    for (size_t x = 0; x < s->table->len; x++) sum += (double)fmaxf(s->covered[x], s->gone[x]);
    return s->table->len ? sum / (double)s->table->len : 0;
}

static bool make_room(state *s)
{
    size_t len = s->table->len;
    s->covered = wn_calloc(WN_MEMORY_SELECTION, len, sizeof *s->covered);
    s->gone = wn_calloc(WN_MEMORY_SELECTION, len, sizeof *s->gone);
    s->floors = wn_calloc(WN_MEMORY_SELECTION, len, sizeof *s->floors);
    s->sums = wn_calloc(WN_MEMORY_SELECTION, len, sizeof *s->sums);
    s->caps = wn_calloc(WN_MEMORY_SELECTION, len, sizeof *s->caps);
    s->gains = wn_calloc(WN_MEMORY_SELECTION, len, sizeof *s->gains);
    s->steps = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *s->steps);
    s->hopeful = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *s->hopeful);
    s->tried = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *s->tried);
    s->columns = wn_alloc(WN_MEMORY_SELECTION, len * (TRIALS + 1), sizeof *s->columns);
    s->values = wn_alloc(WN_MEMORY_SELECTION, len * (TRIALS + 1), sizeof *s->values);
    if (!s->covered || !s->gone || !s->floors || !s->sums || !s->caps || !s->gains || !s->steps || !s->hopeful ||
        !s->tried || !s->columns || !s->values)
        return false;
    for (size_t i = 0; i <= TRIALS; i++)
        s->trials[i] = (trial){.columns = s->columns + i * len, .values = s->values + i * len};
    for (size_t c = 0; c < len; c++) s->caps[c] = wn_roster_is_open(s->roster, s->table->rows[c]) ? 0 : -1;
    return true;
}

wn_status wn_cover_bounds_pick(wn_cover_bounds *table, wn_roster *roster, bool *enough, wn_error *err)
{
    state s = {.table = table, .roster = roster, .pool = roster->request->pool};
    wn_status status;
    *enough = true;
    s.most = (double)table->len * (double)table->len * ((double)table->dim / 8 + 8);
    wn_cover_kernels_init(&s.cover, wn_cpu_level());
    wn_distance_kernels_init(&s.distance, wn_cpu_level());
    if (!make_room(&s)) {
        status = wn_fail(err, WN_NOMEM, "no memory to cover %zu rows", table->len);
        goto done;
    }
    if ((status = cover_by_preselected(&s, err))) goto done;
    if ((status = pick_greedily(&s, enough, err))) goto done;
    roster->out->objective = measure_objective(&s);
done:
    wn_free(s.values);
    wn_free(s.columns);
    wn_free(s.tried);
    wn_free(s.hopeful);
    wn_free(s.steps);
    wn_free(s.gains);
    wn_free(s.caps);
    wn_free(s.sums);
    wn_free(s.floors);
    wn_free(s.gone);
    wn_free(s.covered);
    return status;
}
