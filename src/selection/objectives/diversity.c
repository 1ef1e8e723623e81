/* SPDX-License-Identifier: Apache-2.0
 *
 * Diversity: the distance to the nearest pick. As a score of the candidate it is what farthest-first traversal takes
 * the greatest of; as an objective of the set it is the sum over the picks of the distance to their nearest other pick.
 *
 * Distances to the nearest pick only fall, so stale ones are upper bounds; frontier.h keeps them. A row may have any
 * number of vectors: its distance is the mean of theirs, and all of them join when it is picked.
 *
 * To the sum over the picks a row adds its distance, and takes what its nearness costs the picks that it would be
 * nearest to. Codes tell for every row what that is at least; a pick changes it by the terms of the new pick and of
 * those that have a nearer neighbour now, about one of them.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "selection/frontier.h"
#include "selection/objective.h"
#include "winnow/memory.h"

/* Items whose codes stay in the L2 cache while all new picks meet them. */
enum { LOSS_ITEMS = 4096, TAIL_SHARE = 4 };

/* Of the sum over all picks: more than adding and taking off terms of a loss can leave behind. */
static const double LOSS_ROUNDING = 1e-10;

typedef struct state {
    const wn_objective_setting *setting;
    bool is_set;
    double strength, least_square, floor, floor_square;
    wn_space space; /* a slot is a vector: that of an item, or with owners any */
    wn_coarse *coarse;
    wn_picks *picks;
    wn_frontier *frontier;
    const double *bounds; /* squares, of the slots */
    uint32_t *first;      /* rows + 1: vectors of row r stand in vectors[first[r] .. first[r + 1]); NULL = one each */
    uint32_t *vectors;
    uint32_t *list; /* of slots, for the passes */
    uint8_t *code;  /* scratch of settle */
    float *row;
    int32_t *squares;
    uint32_t *hits;
    size_t marked; /* picks at the mark */
    bool scanned;  /* since the first pick */
    /* of the set */
    double sum, marked_sum;
    double *nearest; /* of the picks: distance to the nearest other one */
    double *known;   /* of the picks: what `nearest` was when `losses` took it in; 0 = not yet */
    double *losses;  /* of the items: what the picks' distances would lose, at least, if it joined */
    double fallen;   /* of all `nearest` since then, and so at most of any loss */
    double *joining; /* of the items at the mark: distance less loss, at most; what the sum would gain */
    double typical;  /* most items have more of it; growth is told for those, and the others are strays */
    uint32_t *tail;  /* those others */
    size_t tail_len;
    int32_t *item_squares; /* LOSS_ITEMS a worker */
    uint8_t *fell;         /* of the items: their loss is less than before */
    double *marked_losses; /* at the mark */
    uint32_t *news;        /* picks that `losses` does not know yet */
    size_t news_len;
    double *joined; /* of the items: the sum if it joined; exact where joined_at is `stamp` */
    uint32_t *joined_at;
    uint32_t stamp; /* counts picks, and rounds: growth since a mark is told for bounds, not for exact sums */
} state;

static size_t slot_count(const wn_objective_setting *setting)
{
    return setting->input->owners.data ? setting->input->vectors.rows : setting->len;
}

static size_t vector_capacity(const wn_objective_setting *setting)
{
    return setting->input->owners.data ? setting->input->vectors.rows : setting->capacity;
}

static wn_status check_input(const wn_objective_setting *setting, wn_error *err)
{
    const wn_objective_input *input = setting->input;
    const char *label = wn_objective_label(input);
    size_t rows = setting->request->rows;
    if (!input->vectors.data || !input->vectors.cols)
        return wn_fail(err, WN_INVALID, "%s needs embeddings of at least one dimension", label);
    if (input->vectors.cols > WN_COARSE_DIM_MAX)
        return wn_fail(err, WN_UNSUPPORTED, "%s: embeddings of %zu dimensions; at most %d are understood", label,
                       input->vectors.cols, WN_COARSE_DIM_MAX);
    if (input->owners.data ? input->owners.len != input->vectors.rows : input->vectors.rows != rows)
        return wn_fail(err, WN_INVALID, "%s: %zu embeddings for %zu rows; give one a row, or the row of each", label,
                       input->vectors.rows, input->owners.data ? input->owners.len : rows);
    for (size_t i = 0; i < input->owners.len && input->owners.data; i++)
        if (input->owners.data[i] < 0 || (uint64_t)input->owners.data[i] >= rows)
            return wn_fail(err, WN_INVALID, "%s: embedding %zu belongs to row %" PRId64 ", but there are %zu rows",
                           label, i, input->owners.data[i], rows);
    return wn_matrix_check_finite(&input->vectors, label, setting->request->pool, err);
}

/* Sorts the vectors by the row they belong to. */
static wn_status group_vectors(state *s, wn_error *err)
{
    const wn_rows *owners = &s->setting->input->owners;
    size_t rows = s->setting->request->rows;
    if (!owners->data) return WN_OK;
    s->first = wn_calloc(WN_MEMORY_SELECTION, rows + 2, sizeof *s->first);
    s->vectors = wn_alloc(WN_MEMORY_SELECTION, owners->len, sizeof *s->vectors);
    if (!s->first || !s->vectors) return wn_fail(err, WN_NOMEM, "no memory for the owners of %zu vectors", owners->len);
    for (size_t i = 0; i < owners->len; i++) s->first[owners->data[i] + 2]++;
    for (size_t r = 2; r < rows + 2; r++) s->first[r] += s->first[r - 1];
    for (size_t i = 0; i < owners->len; i++) s->vectors[s->first[owners->data[i] + 1]++] = (uint32_t)i;
    return WN_OK;
}

/* The scale of distances: a root mean square about the mean, over evenly spread slots. */
static double measure_scale(const wn_space *space, const double *mean)
{
    size_t dim = space->matrix.cols, count = space->len < 1024 ? space->len : 1024;
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const float *row = wn_matrix_row(&space->matrix, wn_space_row(space, i * space->len / count));
        double scale = wn_space_scale(space, row);
        for (size_t k = 0; k < dim; k++) {
            double difference = (double)row[k] * scale - mean[k];
            sum += difference * difference;
        }
    }
    double square = count ? sum / (double)count : 0;
    return square > 0 ? wn_space_distance(space, square) : 1;
}

static wn_status open_geometry(state *s, wn_error *err)
{
    const wn_objective_setting *setting = s->setting;
    size_t dim = setting->input->vectors.cols;
    double *mean = wn_alloc(WN_MEMORY_SELECTION, dim, sizeof *mean);
    if (!mean) return wn_fail(err, WN_NOMEM, "no memory for diversity");
    wn_status status = wn_space_mean(&s->space, setting->request->pool, mean, err);
    s->floor = WN_OBJECTIVE_FLOOR * measure_scale(&s->space, mean);
    s->floor_square = wn_space_distance_square(&s->space, s->floor);
    s->least_square = wn_space_distance_square(&s->space, setting->input->min_distance);
    if (!status) status = wn_coarse_new(&s->space, mean, true, setting->request->pool, &s->coarse, err);
    if (!status) status = wn_picks_new(s->coarse, vector_capacity(setting), &s->picks, err);
    if (!status) status = wn_frontier_new(s->picks, setting->request->pool, &s->frontier, err);
    if (!status) s->bounds = wn_frontier_bounds(s->frontier);
    wn_free(mean);
    return status;
}

static wn_status open(const wn_objective_setting *setting, void **out, wn_error *err)
{
    const wn_objective_input *input = setting->input;
    state *s = wn_calloc(WN_MEMORY_SELECTION, 1, sizeof *s);
    *out = s;
    if (!s) return wn_fail(err, WN_NOMEM, "no memory for diversity");
    s->setting = setting;
    s->strength = input->strength;
    s->is_set = setting->request->variant == WN_VARIANT_SET;
    WN_TRY(check_input(setting, err));
    if (s->is_set && input->owners.data)
        return wn_fail(err, WN_UNSUPPORTED, "%s: the variant 'set' takes one embedding a row",
                       wn_objective_label(input));
    s->space = (wn_space){.matrix = input->vectors, .metric = input->metric, .len = slot_count(setting)};
    if (!input->owners.data) s->space.rows = setting->rows;
    s->list = wn_alloc(WN_MEMORY_SELECTION, s->space.len, sizeof *s->list);
    s->code = wn_alloc(WN_MEMORY_SELECTION, wn_coarse_stride(input->vectors.cols), 1);
    s->row = wn_alloc(WN_MEMORY_SELECTION, input->vectors.cols, sizeof *s->row);
    s->squares = wn_alloc(WN_MEMORY_SELECTION, WN_PICKS_BLOCK, sizeof *s->squares);
    s->hits = wn_alloc(WN_MEMORY_SELECTION, WN_PICKS_BLOCK, sizeof *s->hits);
    if (s->is_set) {
        s->nearest = wn_alloc(WN_MEMORY_SELECTION, setting->capacity, sizeof *s->nearest);
        s->known = wn_calloc(WN_MEMORY_SELECTION, setting->capacity, sizeof *s->known);
        s->news = wn_alloc(WN_MEMORY_SELECTION, setting->capacity, sizeof *s->news);
        s->losses = wn_calloc(WN_MEMORY_SELECTION, setting->len, sizeof *s->losses);
        s->fell = wn_calloc(WN_MEMORY_SELECTION, setting->len, 1);
        s->marked_losses = wn_alloc(WN_MEMORY_SELECTION, setting->len, sizeof *s->marked_losses);
        s->joining = wn_alloc(WN_MEMORY_SELECTION, setting->len, sizeof *s->joining);
        s->tail = wn_alloc(WN_MEMORY_SELECTION, setting->len, sizeof *s->tail);
        s->item_squares = wn_alloc(WN_MEMORY_SELECTION, wn_pool_threads(setting->request->pool) * (size_t)LOSS_ITEMS,
                                   sizeof *s->item_squares);
        s->joined = wn_alloc(WN_MEMORY_SELECTION, setting->len, sizeof *s->joined);
        s->joined_at = wn_calloc(WN_MEMORY_SELECTION, setting->len, sizeof *s->joined_at);
    }
    if (!s->list || !s->code || !s->row || !s->squares || !s->hits ||
        (s->is_set && (!s->nearest || !s->joined || !s->joined_at || !s->known || !s->news || !s->losses || !s->fell ||
                       !s->marked_losses || !s->joining || !s->tail || !s->item_squares)))
        return wn_fail(err, WN_NOMEM, "no memory for the distances of %zu rows", setting->len);
    WN_TRY(group_vectors(s, err));
    return s->space.len ? open_geometry(s, err) : WN_OK;
}

static void close(void *opaque)
{
    state *s = opaque;
    if (!s) return;
    wn_frontier_free(&s->frontier);
    wn_picks_free(&s->picks);
    wn_coarse_free(&s->coarse);
    wn_free(s->item_squares);
    wn_free(s->tail);
    wn_free(s->joining);
    wn_free(s->marked_losses);
    wn_free(s->fell);
    wn_free(s->losses);
    wn_free(s->news);
    wn_free(s->known);
    wn_free(s->joined_at);
    wn_free(s->joined);
    wn_free(s->nearest);
    wn_free(s->hits);
    wn_free(s->squares);
    wn_free(s->row);
    wn_free(s->code);
    wn_free(s->list);
    wn_free(s->vectors);
    wn_free(s->first);
    wn_free(s);
}

static uint64_t memory(const wn_objective_setting *setting)
{
    size_t dim = setting->input->vectors.cols, len = slot_count(setting), capacity = vector_capacity(setting);
    unsigned threads = wn_pool_threads(setting->request->pool);
    uint64_t bytes = wn_coarse_bytes(len, dim, true) + wn_picks_bytes(capacity, dim) +
                     wn_frontier_bytes(len, dim, capacity, threads) + len * sizeof(uint32_t) +
                     2048 * ((uint64_t)(dim + 1) * sizeof(float) + 4 * sizeof(double)) +
                     (uint64_t)(len / 4096 + 2) * dim * sizeof(double) + 16384;
    if (setting->input->owners.data) bytes += (setting->request->rows + 2 + len) * sizeof(uint32_t);
    if (setting->request->variant == WN_VARIANT_SET)
        bytes += (uint64_t)setting->len * 41 + capacity * 20 + threads * (uint64_t)LOSS_ITEMS * sizeof(int32_t);
    return bytes;
}

static unsigned traits(const void *opaque)
{
    const state *s = opaque;
    unsigned traits = s->is_set ? WN_OBJECTIVE_MOVES : 0;
    return s->strength < 0 ? traits | WN_OBJECTIVE_EAGER : traits;
}

/* The slots of an item. */
static const uint32_t *item_slots(const state *s, size_t item, uint32_t *own, size_t *n)
{
    if (s->first) {
        size_t row = wn_objective_row(s->setting, item);
        *n = s->first[row + 1] - s->first[row];
        return s->vectors + s->first[row];
    }
    *own = (uint32_t)item;
    *n = 1;
    return own;
}

/* An upper bound of the distance: of an item with several vectors the mean of theirs. Negative for one without vectors,
 * or that is picked. */
static double item_distance(const state *s, size_t item)
{
    uint32_t own;
    size_t n;
    double sum = 0;
    const uint32_t *slots = item_slots(s, item, &own, &n);
    for (size_t i = 0; i < n; i++) {
        if (s->bounds[slots[i]] < 0) return -1;
        sum += wn_space_distance(&s->space, s->bounds[slots[i]]);
    }
    return n ? sum / (double)n : -1;
}

/* Contributions of items with several vectors. */
static void add_means(const state *s, const uint32_t *items, size_t first, size_t n, double *keys)
{
    for (size_t i = 0; i < n; i++) {
        double distance = item_distance(s, items ? items[i] : first + i);
        if (distance < 0 || distance < s->setting->input->min_distance)
            keys[i] = -INFINITY;
        else if (s->picks->len > 0)
            keys[i] += s->strength * log(fmax(distance, s->floor));
    }
}

/* At most the sum of the set with an item that is not settled. */
static double most_joined(const state *s, size_t item)
{
    double distance = wn_space_distance(&s->space, s->bounds[item]);
    if (s->picks->len == 1) return s->sum + 2 * distance;
    return s->sum + distance - fmax(0, s->losses[item] - s->fallen - LOSS_ROUNDING * s->sum);
}

static void add(const void *opaque, const uint32_t *items, size_t first, size_t n, double *keys)
{
    const state *s = opaque;
    /* log(distance) is half the logarithm of its square in L2; the cosine distance is half its square. */
    double half = s->space.metric == WN_METRIC_COSINE ? s->strength : s->strength / 2;
    if (s->first) {
        add_means(s, items, first, n, keys);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        size_t item = items ? items[i] : first + i;
        double bound = s->bounds[item];
        if (bound < 0 || bound < s->least_square) {
            keys[i] = -INFINITY;
        } else if (s->picks->len == 0) {
            continue; /* nothing to be far from: all are alike */
        } else if (!s->is_set) {
            keys[i] += half * log(fmax(bound, s->floor_square));
        } else {
            double sum = s->joined_at[item] == s->stamp ? s->joined[item] : most_joined(s, item);
            keys[i] += s->strength * log(fmax(sum, s->floor));
        }
    }
}

static void settle_slot(state *s, uint32_t slot)
{
    size_t exact = wn_frontier_exact(s->frontier, slot);
    if (s->bounds[slot] < 0 || exact >= s->picks->len) return;
    const float *values = wn_matrix_row(&s->space.matrix, wn_space_row(&s->space, slot));
    wn_probe probe = {.values = values, .scale = wn_space_scale(&s->space, values), .code = s->code};
    int32_t norm;
    wn_coarse_gather(s->coarse, &slot, 1, s->row, s->code, &norm, &probe.error);
    double bound = wn_picks_refine_from(s->picks, &probe, exact, s->bounds[slot], s->squares, s->hits);
    wn_frontier_set(s->frontier, slot, bound, s->picks->len);
}

/* Calls `visit` with each pick that may be nearer to the values than the pick's own nearest, and its distance. */
typedef void visit_pick(state *s, size_t pick, double distance, double *sum);

static void visit_near(state *s, const float *values, visit_pick *visit, double *sum)
{
    const wn_picks *picks = s->picks;
    size_t dim = s->space.matrix.cols, stride = s->coarse->stride;
    double scale = wn_space_scale(&s->space, values);
    int32_t norm;
    float error;
    wn_coarse_encode(s->coarse, values, s->row, s->code, &norm, &error);
    for (size_t from = 0; from < picks->len; from += WN_PICKS_BLOCK) {
        size_t n = picks->len - from < WN_PICKS_BLOCK ? picks->len - from : WN_PICKS_BLOCK;
        picks->distance.l2sq_rows_u8(s->code, picks->codes + from * stride, stride, NULL, n, stride, s->squares);
        for (size_t i = 0; i < n; i++) {
            size_t pick = from + i;
            double limit = wn_space_distance_square(&s->space, s->nearest[pick]);
            if (wn_coarse_lower(s->coarse, s->squares[i], (double)error + (double)picks->errors[pick]) >= limit)
                continue;
            double square = wn_space_square(values, scale, picks->values + pick * dim, picks->scales[pick], dim);
            visit(s, pick, wn_space_distance(&s->space, square), sum);
        }
    }
}

static void count_loss(state *s, size_t pick, double distance, double *sum)
{
    if (distance < s->nearest[pick]) *sum -= s->nearest[pick] - distance;
}

static void lower_nearest(state *s, size_t pick, double distance, double *sum)
{
    (void)sum;
    if (distance >= s->nearest[pick]) return;
    s->fallen += s->nearest[pick] - distance;
    s->nearest[pick] = distance;
}

static void settle(void *opaque, size_t item)
{
    state *s = opaque;
    uint32_t own;
    size_t n;
    const uint32_t *slots = item_slots(s, item, &own, &n);
    for (size_t i = 0; i < n; i++) settle_slot(s, slots[i]);
    if (!s->is_set || s->picks->len == 0 || s->joined_at[item] == s->stamp || s->bounds[item] < 0) return;
    double distance = wn_space_distance(&s->space, s->bounds[item]), sum = s->sum + distance;
    if (s->picks->len == 1) {
        sum = 2 * distance;
    } else {
        visit_near(s, wn_matrix_row(&s->space.matrix, wn_space_row(&s->space, item)), count_loss, &sum);
    }
    s->joined[item] = sum;
    s->joined_at[item] = s->stamp;
}

/* Adds a vector; for the set its distance to the nearest pick, and theirs to it. */
static void join(state *s, size_t row, double distance)
{
    if (s->is_set) {
        if (s->picks->len == 1) s->nearest[0] = distance;
        if (s->picks->len > 1) visit_near(s, wn_matrix_row(&s->space.matrix, row), lower_nearest, NULL);
        s->nearest[s->picks->len] = distance;
        s->sum = 0;
        for (size_t i = 0; i <= s->picks->len && s->picks->len > 0; i++) s->sum += s->nearest[i];
    }
    s->stamp++;
    wn_picks_add(s->picks, row);
}

static double cost(const void *opaque)
{
    return ((const state *)opaque)->is_set ? 20 : 12;
}

static void enter(void *opaque, size_t row)
{
    state *s = opaque;
    if (!s->picks) return;
    if (s->first) {
        for (uint32_t i = s->first[row]; i < s->first[row + 1]; i++) {
            join(s, s->vectors[i], INFINITY);
            wn_frontier_take(s->frontier, s->vectors[i]);
        }
        return;
    }
    double square = INFINITY;
    const float *values = wn_matrix_row(&s->space.matrix, row);
    for (size_t i = 0; i < s->picks->len && s->is_set; i++)
        square = fmin(square, wn_space_square(values, wn_space_scale(&s->space, values),
                                              s->picks->values + i * s->space.matrix.cols, s->picks->scales[i],
                                              s->space.matrix.cols));
    join(s, row, wn_space_distance(&s->space, square));
}

static void take(void *opaque, size_t item)
{
    state *s = opaque;
    uint32_t own;
    size_t n;
    const uint32_t *slots = item_slots(s, item, &own, &n);
    for (size_t i = 0; i < n; i++) {
        join(s, wn_space_row(&s->space, slots[i]), wn_space_distance(&s->space, s->bounds[slots[i]]));
        wn_frontier_take(s->frontier, slots[i]);
    }
}

static double value(const void *opaque, size_t item)
{
    const state *s = opaque;
    return item_distance(s, item);
}

/* What a pick with that distance to its nearest other one loses to an item, at least. */
static double loss_of(const state *s, double nearest, double upper)
{
    double distance = wn_space_distance(&s->space, upper);
    return nearest > distance ? nearest - distance : 0;
}

/* Is there a set that can lose? */
static bool loses(const state *s)
{
    return s->is_set && s->strength > 0 && s->picks && s->picks->len > 1;
}

/* Brings the losses of items up to date with the picks that are new or nearer to another one than before. */
static void lose(void *opaque, size_t begin, size_t end, unsigned worker)
{
    const state *s = opaque;
    const wn_coarse *coarse = s->coarse;
    int32_t *squares = s->item_squares + (size_t)worker * LOSS_ITEMS;
    size_t stride = coarse->stride;
    for (size_t i = 0; i < s->news_len; i++) {
        size_t pick = s->news[i];
        double now = s->nearest[pick], before = s->known[pick], error = (double)s->picks->errors[pick];
        double most = wn_space_distance_square(&s->space, fmax(now, before));
        int32_t limit = wn_coarse_limit(coarse, most, 0);
        s->picks->distance.l2sq_rows_u8(s->picks->codes + pick * stride, coarse->codes + begin * stride, stride, NULL,
                                        end - begin, stride, squares);
        for (size_t item = begin; item < end; item++) {
            if (squares[item - begin] > limit) continue;
            double upper = wn_coarse_upper(coarse, squares[item - begin], error + (double)coarse->errors[item]);
            double more = loss_of(s, now, upper) - loss_of(s, before, upper);
            s->losses[item] += more;
            if (more < 0) s->fell[item] = 1;
        }
    }
}

static void update_losses(state *s)
{
    s->news_len = 0;
    s->fallen = 0;
    for (size_t pick = 0; pick < s->picks->len; pick++)
        if (s->nearest[pick] != s->known[pick]) s->news[s->news_len++] = (uint32_t)pick;
    wn_pool_for(s->setting->request->pool, s->space.len, LOSS_ITEMS, lose, s);
    for (size_t i = 0; i < s->news_len; i++) s->known[s->news[i]] = s->nearest[s->news[i]];
}

/* How much more than a typical item one of the tail grew, and what losses that fell add. With g what the item gains the
 * sum, t what a typical one does, and the sum grown from m to n,
 *
 *     log((n + g) / (m + g)) - log((n + t) / (m + t)) <= (n - m) (t - g) / ((m + g) (n + t)). */
static double stray_growth(const state *s, size_t item, double fall)
{
    double g = fmin(s->joining[item], s->typical), grown = fmax(s->sum - s->marked_sum, 0);
    double more = grown * (s->typical - g) / ((s->marked_sum + g) * (s->marked_sum + grown + s->typical));
    return s->strength * (more * (1 + 1e-9) + fall / fmax(s->sum + g, s->floor));
}

static size_t strays(void *opaque, uint32_t *items, double *more)
{
    state *s = opaque;
    size_t n = 0;
    if (!loses(s)) return 0;
    update_losses(s);
    for (size_t i = 0; i < s->tail_len; i++) s->fell[s->tail[i]] = 1;
    for (size_t item = 0; item < s->space.len; item++) {
        if (!s->fell[item]) continue;
        double fall = fmax(s->marked_losses[item] - s->losses[item], 0) + LOSS_ROUNDING * s->sum;
        s->fell[item] = 0;
        items[n] = (uint32_t)item;
        more[n++] = stray_growth(s, item, fall);
    }
    return n;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Losses at the mark, and who is in the tail. While the sum is so small that one item can take most of it away, nobody
 * is, and all count as typical. */
static void mark_losses(state *s)
{
    enum { SAMPLED = 1024 };
    double sample[SAMPLED], least = INFINITY;
    size_t n = 0;
    if (!loses(s)) return;
    update_losses(s);
    memset(s->fell, 0, s->space.len);
    memcpy(s->marked_losses, s->losses, s->space.len * sizeof *s->losses);
    s->tail_len = 0;
    for (size_t item = 0; item < s->space.len; item++) {
        s->joining[item] = s->bounds[item] < 0 ? INFINITY : most_joined(s, item) - s->sum;
        least = fmin(least, s->joining[item]);
    }
    if (least == INFINITY) least = 0; /* all are picked */
    s->typical = fmax(least, s->floor - s->sum);
    if (s->sum + least < s->sum / 2) return;
    for (size_t i = 0; i < SAMPLED; i++) {
        double joining = s->joining[i * s->space.len / SAMPLED];
        if (joining < INFINITY) sample[n++] = joining;
    }
    if (n == 0) return;
    qsort(sample, n, sizeof *sample, compare_doubles);
    s->typical = fmax(s->typical, sample[n / TAIL_SHARE]);
    for (size_t item = 0; item < s->space.len; item++)
        if (s->joining[item] < s->typical) s->tail[s->tail_len++] = (uint32_t)item;
}

/* The bounds of all slots, once there is something to be far from. */
static void mark(void *opaque)
{
    state *s = opaque;
    size_t n = 0;
    s->marked = s->picks ? s->picks->len : 0;
    s->marked_sum = s->sum;
    s->stamp++;
    if (s->marked == 0) return;
    wn_picks_pack(s->picks);
    for (size_t slot = 0; slot < s->space.len && !s->scanned; slot++)
        if (s->bounds[slot] >= 0) s->list[n++] = (uint32_t)slot;
    if (!s->scanned) wn_frontier_scan(s->frontier, s->list, n);
    s->scanned = true;
    mark_losses(s);
}

static double growth(const void *opaque, size_t cell)
{
    const state *s = opaque;
    (void)cell;
    if (s->picks->len == s->marked) return 0;
    if (s->marked == 0 || (s->is_set && s->marked == 1)) return INFINITY; /* another formula held at the mark */
    double sum = s->sum + s->fallen;
    if (!s->is_set || sum <= s->marked_sum) return 0;
    /* With g what an item gains the sum, (sum + g) / (marked + g) falls as g grows. */
    return s->strength * log((sum + s->typical) / (s->marked_sum + s->typical));
}

/* The slots of a list of items that are not picked. */
static size_t collect_slots(state *s, const uint32_t *items, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t own;
        size_t len;
        const uint32_t *slots = item_slots(s, items[i], &own, &len);
        for (size_t j = 0; j < len; j++)
            if (s->bounds[slots[j]] >= 0) s->list[count++] = slots[j];
    }
    return count;
}

static void scan(void *opaque, uint32_t *items, size_t n)
{
    state *s = opaque;
    if (s->marked == 0) return;
    wn_frontier_scan(s->frontier, s->list, collect_slots(s, items, n));
}

static void refine(void *opaque, uint32_t *items, size_t n)
{
    state *s = opaque;
    if (s->marked == 0) return;
    wn_frontier_refine(s->frontier, s->list, collect_slots(s, items, n));
}

const wn_objective wn_objective_diversity = {
    .name = "diversity",
    .summary = "prefers rows far from all picks",
    .open = open,
    .close = close,
    .memory = memory,
    .traits = traits,
    .cost = cost,
    .enter = enter,
    .take = take,
    .value = value,
    .add = add,
    .mark = mark,
    .growth = growth,
    .strays = strays,
    .scan = scan,
    .refine = refine,
    .settle = settle,
};
