/* SPDX-License-Identifier: Apache-2.0
 *
 * Figures of a selection beside those of random ones. The random selections are those of the strategy "random", so
 * anybody can draw them again.
 */
#include "winnow/evidence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "winnow/index.h"
#include "winnow/memory.h"

enum { RADIUS, MEAN, FAR, COVERAGE, DUPLICATES, FIXED, NEIGHBOURS = 8, MEASURED_MOST = 100000, PAIRED_MOST = 50000 };

/* Pairs of picks nearer than this share of the spread of the rows count as duplicates. */
static const double DUPLICATE_SHARE = 0.05;

static const uint64_t random_salt = 0xC0FE0000; /* streams apart from those of strategies */

void wn_evidence_clear(wn_evidence *evidence)
{
    wn_free(evidence->figures);
    wn_free(evidence->values);
    *evidence = (wn_evidence){0};
}

typedef struct measuring {
    const wn_evidence_request *request;
    wn_covering_request covering;
    int64_t *candidates, *measured, *all; /* all: picks and preselected rows */
    float *distances;
    size_t candidate_count, figures, picks;
    double near;    /* distance of coverage */
    double limit;   /* of duplicates */
    double *values; /* sets x figures */
} measuring;

/* Of more picks than PAIRED_MOST so many are compared, and the pairs counted for all. */
static wn_status count_duplicates(measuring *m, wn_rows picks, double *out, wn_error *err)
{
    const wn_matrix *from = &m->request->embeddings;
    size_t len = picks.len < PAIRED_MOST ? picks.len : PAIRED_MOST;
    size_t dim = from->cols, k = len > NEIGHBOURS ? NEIGHBOURS : len - 1;
    double pairs = (double)picks.len / (double)len;
    wn_neighbours found = {0};
    *out = 0;
    if (k == 0) return WN_OK;
    float *vectors = wn_alloc(WN_MEMORY_SELECTION, len * dim, sizeof *vectors);
    if (!vectors) return wn_fail(err, WN_NOMEM, "no memory for %zu picks", picks.len);
    for (size_t i = 0; i < len; i++)
        memcpy(vectors + i * dim, wn_matrix_row(from, (size_t)picks.data[i * picks.len / len]), dim * sizeof *vectors);
    wn_neighbours_request request = {.embeddings = {vectors, len, dim, dim}, .k = k, .pool = m->request->pool};
    wn_status status = wn_neighbours_find(wn_index_kind_find("flat"), &request, &found, err);
    for (size_t i = 0; i < len * k && !status; i++)
        *out += found.ids[i] >= 0 && (double)found.distances[i] < m->limit ? 0.5 : 0;
    *out = floor(*out * pairs * pairs + 0.5);
    wn_neighbours_clear(&found);
    wn_free(vectors);
    return status;
}

static double entropy(const wn_evidence_classes *classes, wn_rows picks, double *counts)
{
    double all = 0, sum = 0;
    memset(counts, 0, classes->count * sizeof *counts);
    for (size_t i = 0; i < picks.len; i++) {
        int64_t label = classes->labels[picks.data[i]];
        if (label < 0) continue;
        counts[label]++;
        all++;
    }
    for (size_t c = 0; c < classes->count; c++)
        if (counts[c] > 0) sum -= counts[c] / all * log(counts[c] / all);
    return classes->count > 1 ? sum / log((double)classes->count) : 0;
}

/* The mixes of classes. */
static wn_status measure_mixes(measuring *m, wn_rows picks, double *values, wn_error *err)
{
    for (size_t i = 0; i < m->request->class_lists; i++) {
        const wn_evidence_classes *classes = m->request->classes + i;
        double *counts = wn_alloc(WN_MEMORY_SELECTION, classes->count, sizeof *counts);
        if (!counts) return wn_fail(err, WN_NOMEM, "no memory for %zu classes", classes->count);
        values[FIXED + i] = entropy(classes, picks, counts);
        wn_free(counts);
    }
    return WN_OK;
}

/* All figures of one set of picks; coverage needs m->near. */
static wn_status measure_set(measuring *m, const int64_t *picks, double *values, wn_error *err)
{
    const wn_rows *before = &m->request->preselected;
    wn_covering covering;
    memcpy(m->all, picks, m->picks * sizeof *m->all);
    if (before->len) memcpy(m->all + m->picks, before->data, before->len * sizeof *m->all);
    WN_TRY(wn_covering_measure(&m->covering, (wn_rows){m->all, m->picks + before->len}, m->distances, &covering, err));
    values[RADIUS] = covering.radius;
    values[MEAN] = covering.mean;
    values[FAR] = covering.percentile95;
    if (m->near < 0) return WN_OK;
    size_t near = 0;
    for (size_t i = 0; i < m->covering.measured.len; i++) near += (double)m->distances[i] < m->near;
    values[COVERAGE] = (double)near / (double)m->covering.measured.len;
    WN_TRY(count_duplicates(m, (wn_rows){picks, m->picks}, values + DUPLICATES, err));
    return measure_mixes(m, (wn_rows){picks, m->picks}, values, err);
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static wn_status draw(measuring *m, size_t set, wn_selection *out, wn_error *err)
{
    const wn_strategy *strategy = wn_strategy_find("random");
    uint64_t params[16] = {0};
    if (!strategy || strategy->params_size > sizeof params) return wn_fail(err, WN_INTERNAL, "no strategy 'random'");
    if (strategy->options) WN_TRY(wn_options_init(strategy->options, params, err));
    wn_selection_request request = {.embeddings = m->request->embeddings,
                                    .count = m->picks,
                                    .candidates = {m->candidates, m->candidate_count},
                                    .seed = (m->request->seed ^ random_salt) + set};
    request.embeddings.data = NULL;
    return wn_select(strategy, params, &request, out, err);
}

/* The median distance for a random selection is what coverage asks for. */
static wn_status measure_all(measuring *m, double *selected, wn_error *err)
{
    wn_status status = WN_OK;
    for (size_t set = 0; set < m->request->sets && !status; set++) {
        wn_selection random = {0};
        status = draw(m, set, &random, err);
        if (!status && set == 0) {
            m->near = -1;
            status = measure_set(m, random.picks, m->values, err);
            qsort(m->distances, m->covering.measured.len, sizeof *m->distances, compare_floats);
            m->near = (double)m->distances[m->covering.measured.len / 2];
        }
        if (!status) status = measure_set(m, random.picks, m->values + set * m->figures, err);
        wn_selection_clear(&random);
    }
    return status ? status : measure_set(m, m->request->picks.data, selected, err);
}

/* Root mean square distance of rows from their mean, over evenly spread ones. */
static double spread(const wn_matrix *matrix, double *mean)
{
    size_t count = matrix->rows < 1024 ? matrix->rows : 1024;
    double sum = 0;
    memset(mean, 0, matrix->cols * sizeof *mean);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < matrix->cols; k++)
            mean[k] += (double)wn_matrix_row(matrix, i * matrix->rows / count)[k] / (double)count;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < matrix->cols; k++) {
            double d = (double)wn_matrix_row(matrix, i * matrix->rows / count)[k] - mean[k];
            sum += d * d;
        }
    return sqrt(sum / (double)count);
}

static wn_status check(const wn_evidence_request *request, wn_error *err)
{
    size_t rows = request->embeddings.rows;
    if (!request->picks.len || !request->sets)
        return wn_fail(err, WN_INVALID, "there is nothing to compare: %zu picks, %zu random selections",
                       request->picks.len, request->sets);
    const wn_rows *lists[] = {&request->picks, &request->preselected, &request->candidates, &request->measured};
    for (size_t l = 0; l < 4; l++)
        for (size_t i = 0; lists[l]->data && i < lists[l]->len; i++)
            if (lists[l]->data[i] < 0 || (uint64_t)lists[l]->data[i] >= rows)
                return wn_fail(err, WN_INVALID, "row %lld is out of range: there are %zu rows",
                               (long long)lists[l]->data[i], rows);
    for (size_t i = 0; i < request->class_lists; i++)
        for (size_t r = 0; r < rows; r++)
            if (request->classes[i].labels[r] < -1 ||
                request->classes[i].labels[r] >= (int64_t)request->classes[i].count)
                return wn_fail(err, WN_INVALID, "%s: the label of row %zu is %lld", request->classes[i].name, r,
                               (long long)request->classes[i].labels[r]);
    return WN_OK;
}

static wn_status prepare(measuring *m, wn_error *err)
{
    const wn_evidence_request *request = m->request;
    size_t all = request->candidates.data ? request->candidates.len : request->embeddings.rows;
    size_t measured = request->measured.data ? request->measured.len : all;
    size_t most = request->measured_most ? request->measured_most : MEASURED_MOST;
    size_t count = measured < most ? measured : most;
    m->picks = request->picks.len;
    m->candidate_count = all;
    m->figures = FIXED + request->class_lists;
    if (m->picks > all) return wn_fail(err, WN_INVALID, "%zu picks of %zu candidates", m->picks, all);
    m->candidates = wn_alloc(WN_MEMORY_SELECTION, all, sizeof *m->candidates);
    m->measured = wn_alloc(WN_MEMORY_SELECTION, count, sizeof *m->measured);
    m->all = wn_alloc(WN_MEMORY_SELECTION, m->picks + request->preselected.len, sizeof *m->all);
    m->distances = wn_alloc(WN_MEMORY_SELECTION, count, sizeof *m->distances);
    m->values = wn_calloc(WN_MEMORY_SELECTION, (request->sets + 1) * m->figures, sizeof *m->values);
    double *mean = wn_alloc(WN_MEMORY_SELECTION, request->embeddings.cols, sizeof *mean);
    if (!m->candidates || !m->measured || !m->all || !m->distances || !m->values || !mean) {
        wn_free(mean);
        return wn_fail(err, WN_NOMEM, "no memory to compare %zu rows", all);
    }
    for (size_t i = 0; i < all; i++)
        m->candidates[i] = request->candidates.data ? request->candidates.data[i] : (int64_t)i;
    const int64_t *from = request->measured.data ? request->measured.data : m->candidates;
    for (size_t i = 0; i < count; i++) m->measured[i] = from[i * measured / count];
    m->limit = DUPLICATE_SHARE * spread(&request->embeddings, mean);
    m->covering = (wn_covering_request){.matrix = request->embeddings,
                                        .measured = {m->measured, count},
                                        .metric = WN_METRIC_L2,
                                        .pool = request->pool,
                                        .progress = request->progress};
    wn_free(mean);
    return WN_OK;
}

/* The figures of each random selection side by side, as the result keeps them. */
static void fill(const measuring *m, const double *selected, wn_evidence *out)
{
    static const char *const names[FIXED] = {"covering radius", "mean distance", "95 % distance", "coverage",
                                             "duplicate pairs"};
    size_t sets = m->request->sets;
    for (size_t f = 0; f < m->figures; f++) {
        double sum = 0, squares = 0, *random = out->values + f * sets;
        for (size_t set = 0; set < sets; set++) {
            random[set] = m->values[set * m->figures + f];
            sum += random[set];
        }
        double mean = sum / (double)sets;
        for (size_t set = 0; set < sets; set++) squares += (random[set] - mean) * (random[set] - mean);
        out->figures[f] = (wn_evidence_figure){.name = f < FIXED ? names[f] : "entropy",
                                               .of = f < FIXED ? NULL : m->request->classes[f - FIXED].name,
                                               .less_is_more = f != COVERAGE && f < FIXED,
                                               .selected = selected[f],
                                               .random_mean = mean,
                                               .random = random};
        if (sets > 1) out->figures[f].random_deviation = sqrt(squares / (double)(sets - 1));
    }
    out->len = m->figures;
    out->measured = m->covering.measured.len;
    out->sets = sets;
}

/* Room for the figures. */
static wn_status make_room(const measuring *m, wn_evidence *out, wn_error *err)
{
    out->figures = wn_alloc(WN_MEMORY_SELECTION, m->figures, sizeof *out->figures);
    out->values = wn_alloc(WN_MEMORY_SELECTION, m->figures * m->request->sets, sizeof *out->values);
    if (out->figures && out->values) return WN_OK;
    wn_evidence_clear(out);
    return wn_fail(err, WN_NOMEM, "out of memory");
}

wn_status wn_evidence_measure(const wn_evidence_request *request, wn_evidence *out, wn_error *err)
{
    measuring m = {.request = request};
    *out = (wn_evidence){0};
    WN_TRY(check(request, err));
    wn_status status = prepare(&m, err);
    double *selected = m.values ? m.values + request->sets * m.figures : NULL;
    if (!status) status = measure_all(&m, selected, err);
    if (!status) status = make_room(&m, out, err);
    if (!status) fill(&m, selected, out);
    wn_free(m.values);
    wn_free(m.distances);
    wn_free(m.all);
    wn_free(m.measured);
    wn_free(m.candidates);
    return status;
}
