/* SPDX-License-Identifier: Apache-2.0
 *
 * Accuracy of a weighted nearest-neighbour vote (Wu et al. 2018, arXiv 1805.01978): the k training rows of greatest
 * cosine similarity s vote for their labels with weight exp(s / T). All similarities are computed, as tiles of a slab
 * of test rows against a block of packed training rows. Test rows are scaled to length -1, so that a tile's dot
 * products are distances: the smallest belong to the nearest.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "num/convert.h"
#include "num/tile.h"
#include "num/topk.h"
#include "winnow/memory.h"
#include "winnow/quality.h"

/* Test rows whose neighbours are kept at once, training rows packed at once, and the tile of one call. */
enum { SLAB = 8192, PACKED = 8192, TILE_ROWS = 64, TILE_COLS = 512 };

typedef struct knn {
    const wn_knn_request *request;
    wn_matrix test;
    const int64_t *test_labels;
    bool leave_out;          /* test rows are the training rows */
    uint32_t *train, *tests; /* rows with labels */
    size_t train_len, test_len, k;
    int64_t *classes;   /* ascending */
    uint32_t *class_of; /* of each row of `train` */
    size_t class_count;
    float *slab, *block, *panels; /* SLAB x dim, PACKED x dim, packed block */
    float *products;              /* TILE_ROWS x TILE_COLS a worker */
    float *distances;             /* k a worker */
    uint32_t *ids;
    double *weights; /* class_count a worker, all 0 between rows */
    uint8_t *right;  /* per row of a slab: 2 = first, 1 = among five */
    int64_t *predictions;
    wn_topk *topk;
    wn_tile_kernels tile;
    wn_convert_kernels convert;
    size_t slab_begin, slab_len, block_begin, block_len;
} knn;

static int compare_labels(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static wn_status check_request(const wn_knn_request *request, wn_error *err)
{
    const wn_matrix *train = &request->train, *test = &request->test;
    if (!request->train_labels || (test->data && !request->test_labels))
        return wn_fail(err, WN_INVALID, "labels are missing");
    if (test->data && test->cols != train->cols) {
        return wn_fail(err, WN_INVALID,
                       "training rows have %zu dimensions, test rows %zu; both must come from one model", train->cols,
                       test->cols);
    }
    if (train->cols == 0) return wn_fail(err, WN_INVALID, "the rows have no dimensions");
    if (train->rows >= UINT32_MAX || test->rows >= UINT32_MAX)
        return wn_fail(err, WN_UNSUPPORTED, "more rows than 32 bits count");
    if (request->k == 0) return wn_fail(err, WN_INVALID, "k is 0; ask for at least one neighbour");
    if (!(request->temperature > 0 && request->temperature < INFINITY))
        return wn_fail(err, WN_INVALID, "the temperature %g is not above 0", request->temperature);
    wn_status status = wn_matrix_check_finite(train, "training embeddings", request->pool, err);
    if (status || !test->data) return status;
    return wn_matrix_check_finite(test, "test embeddings", request->pool, err);
}

static size_t list_labelled(const int64_t *labels, size_t rows, uint32_t *list)
{
    size_t n = 0;
    for (size_t row = 0; row < rows; row++) {
        if (labels[row] >= 0) list[n++] = (uint32_t)row;
    }
    return n;
}

/* Position of a label among the classes, or class_count. */
static size_t find_class(const knn *s, int64_t label)
{
    const int64_t *found = bsearch(&label, s->classes, s->class_count, sizeof label, compare_labels);
    return found ? (size_t)(found - s->classes) : s->class_count;
}

static void list_classes(knn *s)
{
    const int64_t *labels = s->request->train_labels;
    size_t n = 0;
    for (size_t i = 0; i < s->train_len; i++) s->classes[i] = labels[s->train[i]];
    qsort(s->classes, s->train_len, sizeof *s->classes, compare_labels);
    for (size_t i = 0; i < s->train_len; i++) {
        if (i == 0 || s->classes[i] != s->classes[n - 1]) s->classes[n++] = s->classes[i];
    }
    s->class_count = n;
    for (size_t i = 0; i < s->train_len; i++) s->class_of[i] = (uint32_t)find_class(s, labels[s->train[i]]);
}

static wn_status list_rows(knn *s, wn_error *err)
{
    const wn_knn_request *request = s->request;
    size_t rows = request->train.rows;
    s->train = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *s->train);
    s->tests = wn_alloc(WN_MEMORY_MATRIX, s->test.rows, sizeof *s->tests);
    s->classes = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *s->classes);
    s->class_of = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *s->class_of);
    if (!s->train || !s->tests || !s->classes || !s->class_of)
        return wn_fail(err, WN_NOMEM, "no memory to compare %zu rows", rows);
    s->train_len = list_labelled(request->train_labels, rows, s->train);
    s->test_len = list_labelled(s->test_labels, s->test.rows, s->tests);
    if (s->train_len < 1 + (size_t)s->leave_out || s->test_len == 0) {
        return wn_fail(err, WN_INVALID, "%zu training rows and %zu test rows have a label; both are needed",
                       s->train_len, s->test_len);
    }
    size_t most = s->train_len - s->leave_out;
    s->k = request->k < most ? request->k : most;
    list_classes(s);
    return WN_OK;
}

static wn_status get_scratch(knn *s, wn_error *err)
{
    size_t dim = s->request->train.cols, threads = wn_pool_threads(s->request->pool);
    size_t slab = s->test_len < SLAB ? s->test_len : SLAB, packed = s->train_len < PACKED ? s->train_len : PACKED;
    s->slab = wn_alloc(WN_MEMORY_MATRIX, slab * dim, sizeof *s->slab);
    s->block = wn_alloc(WN_MEMORY_MATRIX, packed * dim, sizeof *s->block);
    s->panels = wn_alloc(WN_MEMORY_MATRIX, wn_tile_panel_len(packed, dim, 1), sizeof *s->panels);
    s->products = wn_alloc(WN_MEMORY_MATRIX, threads * TILE_ROWS * TILE_COLS, sizeof *s->products);
    s->distances = wn_alloc(WN_MEMORY_MATRIX, threads * (s->k + 1), sizeof *s->distances);
    s->ids = wn_alloc(WN_MEMORY_MATRIX, threads * (s->k + 1), sizeof *s->ids);
    s->weights = wn_calloc(WN_MEMORY_MATRIX, threads * s->class_count, sizeof *s->weights);
    s->right = wn_alloc(WN_MEMORY_MATRIX, slab, 1);
    if (!s->slab || !s->block || !s->panels || !s->products || !s->distances || !s->ids || !s->weights || !s->right)
        return wn_fail(err, WN_NOMEM, "no memory to compare %zu rows", s->train_len);
    wn_tile_kernels_init(&s->tile, wn_cpu_level());
    wn_convert_kernels_init(&s->convert, wn_cpu_level());
    /* one more neighbour where the row itself will be among them */
    return wn_topk_new(slab, s->k + s->leave_out, wn_cpu_level(), &s->topk, err);
}

/* Copies rows and scales them to length `sign`. */
static void copy_rows(const knn *s, const wn_matrix *from, const uint32_t *rows, size_t n, float sign, float *out)
{
    size_t dim = from->cols;
    for (size_t i = 0; i < n; i++) memcpy(out + i * dim, wn_matrix_row(from, rows[i]), dim * sizeof *out);
    s->convert.normalise_f32(out, n, dim, dim);
    for (size_t i = 0; sign < 0 && i < n * dim; i++) out[i] = -out[i];
}

static void copy_slab(void *context, size_t begin, size_t end, unsigned worker)
{
    const knn *s = context;
    (void)worker;
    copy_rows(s, &s->test, s->tests + s->slab_begin + begin, end - begin, -1, s->slab + begin * s->test.cols);
}

static void pack_block(void *context, size_t begin, size_t end, unsigned worker)
{
    const knn *s = context;
    size_t dim = s->test.cols;
    (void)worker;
    copy_rows(s, &s->request->train, s->train + s->block_begin + begin, end - begin, 1, s->block + begin * dim);
    s->tile.pack_f32(s->block + begin * dim, dim, NULL, end - begin, dim, s->panels + begin * dim, NULL);
}

static void compare_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const knn *s = context;
    size_t dim = s->test.cols;
    float *products = s->products + (size_t)worker * TILE_ROWS * TILE_COLS;
    for (size_t col = 0; col < s->block_len; col += TILE_COLS) {
        size_t cols = s->block_len - col < TILE_COLS ? s->block_len - col : TILE_COLS;
        wn_tile_f32 tile = {.rows = s->slab + begin * dim,
                            .stride = dim,
                            .m = end - begin,
                            .dim = dim,
                            .panels = s->panels + col * dim,
                            .n = cols};
        s->tile.dot_f32(&tile, products, TILE_COLS);
        for (size_t i = 0; i < end - begin; i++) {
            wn_topk_push_f32(s->topk, begin + i, products + i * TILE_COLS, NULL, cols,
                             (uint32_t)(s->block_begin + col));
        }
    }
}

/* The place of the class in the order of (weight falling, class rising): 0 = the winner. */
static size_t rank_class(const double *weights, size_t classes, size_t at)
{
    size_t rank = 0;
    for (size_t i = 0; i < classes; i++) rank += weights[i] > weights[at] || (weights[i] == weights[at] && i < at);
    return rank;
}

/* One test row's vote. */
static void take_vote(const knn *s, size_t at, float *distances, uint32_t *ids, double *weights)
{
    uint32_t row = s->tests[s->slab_begin + at];
    size_t n = wn_topk_take_f32(s->topk, at, distances, ids), used = 0, winner = 0;
    size_t truth = find_class(s, s->test_labels[row]);
    double nearest = 0;
    for (size_t i = 0; i < n && used < s->k; i++) {
        if (s->leave_out && s->train[ids[i]] == row) continue;
        /* relative to the nearest, so that no temperature overflows or loses all votes */
        if (used++ == 0) nearest = (double)distances[i];
        weights[s->class_of[ids[i]]] += exp((nearest - (double)distances[i]) / s->request->temperature);
    }
    for (size_t i = 1; i < s->class_count; i++) {
        if (weights[i] > weights[winner]) winner = i;
    }
    bool known = truth < s->class_count;
    s->right[at] = known && winner == truth ? 2 : known && rank_class(weights, s->class_count, truth) < 5;
    if (s->predictions) s->predictions[row] = s->classes[winner];
    memset(weights, 0, s->class_count * sizeof *weights);
}

static void take_votes(void *context, size_t begin, size_t end, unsigned worker)
{
    const knn *s = context;
    for (size_t at = begin; at < end; at++) {
        take_vote(s, at, s->distances + worker * (s->k + 1), s->ids + worker * (s->k + 1),
                  s->weights + worker * s->class_count);
    }
}

static wn_status run_slab(knn *s, wn_error *err)
{
    wn_pool *pool = s->request->pool;
    wn_topk_reset(s->topk);
    wn_pool_for(pool, s->slab_len, TILE_ROWS, copy_slab, s);
    for (s->block_begin = 0; s->block_begin < s->train_len; s->block_begin += PACKED) {
        s->block_len = s->train_len - s->block_begin < PACKED ? s->train_len - s->block_begin : PACKED;
        wn_pool_for(pool, s->block_len, WN_TILE_WIDTH, pack_block, s);
        wn_pool_for(pool, s->slab_len, TILE_ROWS, compare_rows, s);
        wn_progress_report report = {.stage = "evaluate", .unit = "rows", .done = s->slab_begin, .total = s->test_len};
        if (wn_progress_tell(s->request->progress, &report)) return wn_fail(err, WN_CANCELLED, "cancelled");
    }
    wn_pool_for(pool, s->slab_len, TILE_ROWS, take_votes, s);
    return WN_OK;
}

static wn_status run_all(knn *s, wn_knn_result *out, wn_error *err)
{
    size_t first = 0, five = 0;
    for (s->slab_begin = 0; s->slab_begin < s->test_len; s->slab_begin += SLAB) {
        s->slab_len = s->test_len - s->slab_begin < SLAB ? s->test_len - s->slab_begin : SLAB;
        WN_TRY(run_slab(s, err));
        for (size_t at = 0; at < s->slab_len; at++) {
            first += s->right[at] == 2;
            five += s->right[at] > 0;
        }
    }
    *out = (wn_knn_result){.accuracy = (double)first / (double)s->test_len,
                           .top5 = (double)five / (double)s->test_len,
                           .rows_train = s->train_len,
                           .rows_test = s->test_len,
                           .classes = s->class_count};
    return WN_OK;
}

wn_status wn_evaluate_knn(const wn_knn_request *request, int64_t *predictions, wn_knn_result *out, wn_error *err)
{
    wn_status status;
    knn s = {.request = request, .predictions = predictions, .leave_out = !request->test.data};
    *out = (wn_knn_result){0};
    s.test = s.leave_out ? request->train : request->test;
    s.test_labels = s.leave_out ? request->train_labels : request->test_labels;
    WN_TRY(check_request(request, err));
    if ((status = list_rows(&s, err)) || (status = get_scratch(&s, err))) goto done;
    for (size_t row = 0; predictions && row < s.test.rows; row++) predictions[row] = -1;
    status = run_all(&s, out, err);
done:
    wn_topk_free(&s.topk);
    wn_free(s.right);
    wn_free(s.weights);
    wn_free(s.ids);
    wn_free(s.distances);
    wn_free(s.products);
    wn_free(s.panels);
    wn_free(s.block);
    wn_free(s.slab);
    wn_free(s.class_of);
    wn_free(s.classes);
    wn_free(s.tests);
    wn_free(s.train);
    return status;
}
