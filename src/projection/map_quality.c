/* SPDX-License-Identifier: Apache-2.0
 *
 * Quality of a map: distances from each sampled row to all others, in the data and on the map; ranks by counting.
 */
#include "winnow/map_quality.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "num/distance.h"
#include "winnow/memory.h"

enum { NEIGHBOURS = 15, FEW = 10, TRIPLETS = 5, BATCH = 64 };

static const uint64_t sample_salt = 0x9A17, triplet_salt = 0x7121;

/* Sums of one sampled row, in its own place so that threads do not matter. */
typedef struct figures {
    double trust, continuity, recall, triplets;
    int label; /* 1 right, 0 wrong, -1 none */
} figures;

typedef struct measuring {
    const wn_map_quality_request *request;
    wn_distance_kernels kernels;
    const int64_t *sample;
    size_t k;
    float *distances; /* for each worker 2 N */
    figures *found;
    size_t first;
} measuring;

static bool is_nearer(const float *distances, size_t a, size_t b)
{
    return distances[a] < distances[b] || (distances[a] == distances[b] && a < b);
}

/* The k nearest rows but `self`, nearest first. */
static void nearest_rows(const float *distances, size_t rows, size_t self, size_t k, size_t *out)
{
    size_t len = 0;
    for (size_t i = 0; i < rows; i++) {
        if (i == self || (len == k && !is_nearer(distances, i, out[k - 1]))) continue;
        size_t at = len < k ? len++ : k - 1;
        for (; at > 0 && is_nearer(distances, i, out[at - 1]); at--) out[at] = out[at - 1];
        out[at] = i;
    }
}

/* Sum over the rows named of how far their rank by `distances`, from 1, is above k. */
static double ranks_above(const float *distances, size_t rows, size_t self, const size_t *named, size_t k)
{
    double sum = 0;
    for (size_t n = 0; n < k; n++) {
        float limit = distances[named[n]];
        uint32_t before = 0, equal = 0;
        for (size_t i = 0; i < rows; i++) before += distances[i] < limit;
        for (size_t i = 0; i < named[n]; i++) equal += distances[i] == limit;
        before -= distances[self] < limit;
        equal -= self < named[n] && distances[self] == limit;
        size_t rank = (size_t)before + equal + 1;
        sum += rank > k ? (double)(rank - k) : 0;
    }
    return sum;
}

static double count_shared(const size_t *a, const size_t *b, size_t n)
{
    double count = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) count += a[i] == b[j];
    return count;
}

static int vote(const int64_t *labels, size_t row, const size_t *near, size_t n)
{
    int64_t best = -1;
    size_t most = 0;
    if (!labels || labels[row] < 0) return -1;
    for (size_t i = 0; i < n; i++) {
        size_t count = 0;
        int64_t label = labels[near[i]];
        for (size_t j = 0; j < n; j++) count += labels[near[j]] == label;
        if (label >= 0 && (count > most || (count == most && label < best))) most = count, best = label;
    }
    return best == labels[row];
}

static double compare_triplets(const measuring *m, size_t row, const float *data, const float *map)
{
    uint32_t rows = (uint32_t)m->request->rows.rows;
    double agreed = 0;
    wn_rng rng;
    wn_rng_init(&rng, m->request->seed ^ triplet_salt, row);
    for (int i = 0; i < TRIPLETS; i++) {
        uint32_t a = wn_rng_below(&rng, rows - 1), b = wn_rng_below(&rng, rows - 2);
        a += a >= row; /* two rows, different from each other and from this */
        b += b >= (row < a ? row : a);
        b += b >= (row < a ? a : row);
        agreed += is_nearer(data, a, b) == is_nearer(map, a, b);
    }
    return agreed;
}

static void measure_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const measuring *m = context;
    const wn_map_quality_request *request = m->request;
    const wn_matrix *x = &request->rows, *y = &request->points;
    float *data = m->distances + (size_t)worker * 2 * x->rows, *map = data + x->rows;
    size_t few = m->k < FEW ? m->k : FEW;
    for (size_t i = begin; i < end; i++) {
        size_t near_data[NEIGHBOURS] = {0}, near_map[NEIGHBOURS] = {0}, row = (size_t)m->sample[m->first + i];
        figures *f = &m->found[m->first + i];
        m->kernels.l2sq_rows_f32(wn_matrix_row(x, row), x->data, x->stride, NULL, x->rows, x->cols, data);
        m->kernels.l2sq_rows_f32(wn_matrix_row(y, row), y->data, y->stride, NULL, y->rows, y->cols, map);
        nearest_rows(data, x->rows, row, m->k, near_data);
        nearest_rows(map, x->rows, row, m->k, near_map);
        f->trust = ranks_above(data, x->rows, row, near_map, m->k);
        f->continuity = ranks_above(map, x->rows, row, near_data, m->k);
        f->recall = count_shared(near_data, near_map, few) / (double)few;
        f->triplets = compare_triplets(m, row, data, map);
        f->label = vote(request->labels, row, near_map, few);
    }
}

static int compare_rows(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static wn_status draw_sample(const wn_map_quality_request *request, size_t count, int64_t **out, wn_error *err)
{
    wn_rng rng;
    wn_rng_init(&rng, request->seed, sample_salt);
    *out = wn_alloc(WN_MEMORY_MATRIX, count, sizeof **out);
    if (!*out || !wn_rng_sample(&rng, (int64_t)request->rows.rows, (int64_t)count, *out))
        return wn_fail(err, WN_NOMEM, "no memory to measure a map of %zu rows", request->rows.rows);
    qsort(*out, count, sizeof **out, compare_rows);
    return WN_OK;
}

static void add_up(const measuring *m, wn_map_quality *out)
{
    double n = (double)out->sampled, k = (double)m->k, trust = 0, continuity = 0, recall = 0, triplets = 0, right = 0;
    double rows = (double)m->request->rows.rows, factor = 2 / (n * k * (2 * rows - 3 * k - 1)), labelled = 0;
    for (size_t i = 0; i < out->sampled; i++) {
        const figures *f = &m->found[i];
        trust += f->trust, continuity += f->continuity, recall += f->recall, triplets += f->triplets;
        if (f->label >= 0) right += f->label, labelled++;
    }
    out->trustworthiness = 1 - factor * trust;
    out->continuity = 1 - factor * continuity;
    out->recall = recall / n;
    out->triplets = triplets / (n * TRIPLETS);
    out->labels = labelled > 0 ? right / labelled : NAN;
}

wn_status wn_map_quality_measure(const wn_map_quality_request *request, wn_map_quality *out, wn_error *err)
{
    size_t rows = request->rows.rows;
    measuring m = {.request = request};
    int64_t *sample = NULL;
    wn_status status = WN_OK;
    *out = (wn_map_quality){NAN, NAN, NAN, NAN, NAN, 0, 0};
    if (request->points.rows != rows)
        return wn_fail(err, WN_INVALID, "the map has %zu rows, the data %zu", request->points.rows, rows);
    if (rows < 4) return WN_OK;
    size_t count = request->sample ? request->sample : rows <= 2000 ? rows : rows <= 200000 ? 1000 : 300;
    if (count > rows) count = rows;
    m.k = (rows - 1) / 2 < NEIGHBOURS ? (rows - 1) / 2 : NEIGHBOURS;
    if ((status = draw_sample(request, count, &sample, err))) goto done;
    m.sample = sample;
    m.distances = wn_alloc(WN_MEMORY_MATRIX, wn_pool_threads(request->pool) * 2 * rows, sizeof *m.distances);
    m.found = wn_alloc(WN_MEMORY_MATRIX, count, sizeof *m.found);
    if (!m.distances || !m.found) {
        status = wn_fail(err, WN_NOMEM, "no memory to measure a map of %zu rows", rows);
        goto done;
    }
    wn_distance_kernels_init(&m.kernels, wn_cpu_level());
    for (m.first = 0; m.first < count; m.first += BATCH) {
        wn_progress_report report = {.stage = "measure", .unit = "rows", .done = m.first, .total = count};
        if (wn_progress_tell(request->progress, &report)) {
            status = wn_fail(err, WN_CANCELLED, "cancelled");
            goto done;
        }
        wn_pool_for(request->pool, count - m.first < BATCH ? count - m.first : BATCH, 1, measure_rows, &m);
    }
    out->k = m.k, out->sampled = count;
    add_up(&m, out);
done:
    wn_free(m.found);
    wn_free(m.distances);
    wn_free(sample);
    return status;
}
