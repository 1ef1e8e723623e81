/* SPDX-License-Identifier: Apache-2.0
 *
 * ALFA-Mix (Parvaneh et al. 2022, "Active learning by feature mixing", CVPR): a row is interesting when moving its
 * embedding a little towards the mean of a class of labelled rows changes the predicted class. With z the row, z* the
 * mean of a class and g the gradient of the loss of the predicted label, the move that raises the loss most within
 * epsilon |z* - z| is
 *
 *     z~ = z + epsilon |z* - z| g / |g|        (equation 5 of the paper, put into its equation 1).
 *
 * Rows whose class changes for some z* are clustered into as many clusters as picks, and the row nearest to each centre
 * is picked; when too few change, the others follow by the margin of the head. The classifier is a softmax regression
 * on the embeddings of the preselected rows with labels (it stands for the last layer of the model).
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "selection/grouping.h"
#include "selection/linear_head.h"
#include "selection/ranking.h"
#include "selection/strategy_options.h"
#include "winnow/memory.h"

typedef struct params {
    int metric;
    int64_t iterations;
    double epsilon, penalty;
} params;

static const wn_option options[] = {
    WN_OPTION_METRIC(params),
    {WN_OPTION_REAL, "epsilon", "how far rows are moved", offsetof(params, epsilon), 0, 1, "0.2", NULL, "E", 0},
    {WN_OPTION_REAL, "penalty", "on the weights of the head", offsetof(params, penalty), 0, 1e6, "0.01", NULL, "L2", 0},
    WN_OPTION_ITERATIONS(params),
    {0},
};

enum { GRAIN = 64, MOST_CLASSES = 10000 };

typedef struct run {
    const params *params;
    const wn_roster *roster;
    wn_linear_head head;
    uint32_t *rows, *classes; /* labelled examples */
    size_t labelled, count;   /* of them; classes from 0 */
    float *anchors;           /* count x dim; classes without rows have NaN first */
    float *margins;           /* per row: 1 - (p1 - p2), plus 2 where the class changes */
    float *scratch;           /* threads x dim */
    double *p;                /* threads x 2 count */
} run;

static size_t count_classes(const wn_selection_request *request)
{
    int64_t most = 0;
    for (size_t i = 0; i < request->preselected.len && request->labels.data; i++) {
        int64_t label = request->labels.data[request->preselected.data[i]];
        if (label > most) most = label;
    }
    return (size_t)most + 1;
}

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    uint64_t rows = request->embeddings.rows, dim = request->embeddings.cols, given = request->preselected.len;
    uint64_t classes = count_classes(request) < MOST_CLASSES ? count_classes(request) : MOST_CLASSES;
    (void)parameters;
    return wn_roster_bytes(request) + wn_grouping_bytes(request, request->count) + wn_rank_bytes(rows) +
           wn_linear_head_bytes(given, dim, classes) + given * 8 + classes * (dim + 4) * 8 + rows * 8 +
           wn_pool_threads(request->pool) * (dim + 4 * classes) * 8;
}

static wn_status list_examples(run *r, wn_error *err)
{
    const wn_selection_request *request = r->roster->request;
    for (size_t i = 0; i < request->preselected.len; i++) {
        int64_t row = request->preselected.data[i], label = request->labels.data[row];
        if (label < 0) continue;
        r->rows[r->labelled] = (uint32_t)row;
        r->classes[r->labelled++] = (uint32_t)label;
    }
    if (r->labelled == 0) return wn_fail(err, WN_INVALID, "no preselected row has a label to learn from");
    if (r->count > MOST_CLASSES)
        return wn_fail(err, WN_INVALID, "labels go up to %zu; number classes from 0, at most %d", r->count - 1,
                       MOST_CLASSES);
    return WN_OK;
}

static wn_status make_anchors(run *r, wn_error *err)
{
    const wn_matrix *matrix = &r->roster->request->embeddings;
    size_t dim = matrix->cols;
    double *sums = wn_calloc(WN_MEMORY_SELECTION, r->count * (dim + 1), sizeof *sums);
    if (!sums) return wn_fail(err, WN_NOMEM, "no memory for %zu classes", r->count);
    for (size_t i = 0; i < r->labelled; i++) {
        double *sum = sums + r->classes[i] * (dim + 1);
        const float *row = wn_matrix_row(matrix, r->rows[i]);
        for (size_t k = 0; k < dim; k++) sum[k] += (double)row[k];
        sum[dim]++;
    }
    for (size_t c = 0; c < r->count; c++) {
        const double *sum = sums + c * (dim + 1);
        for (size_t k = 0; k < dim; k++) r->anchors[c * dim + k] = sum[dim] > 0 ? (float)(sum[k] / sum[dim]) : NAN;
    }
    wn_free(sums);
    return WN_OK;
}

static size_t likeliest(const double *p, size_t n)
{
    size_t best = 0;
    for (size_t c = 1; c < n; c++) {
        if (p[c] > p[best]) best = c;
    }
    return best;
}

/* Gradient of -log p(best) with respect to the row; returns its length. */
static double find_gradient(const run *r, const double *p, size_t best, float *gradient)
{
    size_t dim = r->head.dim;
    double square = 0;
    for (size_t k = 0; k < dim; k++) {
        double sum = 0;
        for (size_t c = 0; c < r->count; c++) sum += r->head.weights[c * (dim + 1) + k] * (p[c] - (c == best));
        gradient[k] = (float)(sum * r->head.scale[k]);
        square += (double)gradient[k] * (double)gradient[k];
    }
    return sqrt(square);
}

/* Whether the class of the row changes when it is moved towards some anchor. */
static bool changes(const run *r, const float *row, size_t best, float *scratch, double length, double *p)
{
    size_t dim = r->head.dim, width = dim + 1;
    for (size_t c = 0; c < r->count; c++) {
        const float *anchor = r->anchors + c * dim;
        double square = 0;
        if (isnan(anchor[0])) continue;
        for (size_t k = 0; k < dim; k++) square += pow((double)anchor[k] - (double)row[k], 2);
        double step = r->params->epsilon * sqrt(square) / length;
        for (size_t o = 0; o < r->count; o++) {
            const double *w = r->head.weights + o * width;
            double sum = w[dim];
            for (size_t k = 0; k < dim; k++)
                sum += w[k] * ((double)row[k] + step * (double)scratch[k] - r->head.mean[k]) * r->head.scale[k];
            p[o] = sum;
        }
        if (likeliest(p, r->count) != best) return true;
    }
    return false;
}

static void judge_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const run *r = context;
    float *scratch = r->scratch + (size_t)worker * r->head.dim;
    double *p = r->p + (size_t)worker * 2 * r->count;
    for (size_t i = begin; i < end; i++) {
        uint32_t id = r->roster->available[i];
        const float *row = wn_matrix_row(&r->roster->request->embeddings, id);
        wn_linear_head_apply(&r->head, row, p);
        size_t best = likeliest(p, r->count);
        double second = 0;
        for (size_t c = 0; c < r->count; c++) second = c == best ? second : fmax(second, p[c]);
        r->margins[id] = (float)(1 - (p[best] - second));
        double length = find_gradient(r, p, best, scratch);
        if (length > 0 && changes(r, row, best, scratch, length, p + r->count)) r->margins[id] += 2;
    }
}

/* Picks among the rows whose class changes: the nearest to the centres of as many clusters as picks. */
static wn_status take_changing(const run *r, wn_roster *roster, wn_error *err)
{
    const wn_selection_request *request = roster->request;
    wn_grouping *grouping = NULL;
    wn_rounds rounds = {0};
    size_t n = 0;
    WN_TRY(wn_grouping_new(roster, &grouping, err));
    for (size_t i = 0; i < grouping->len; i++) {
        uint32_t row = grouping->rows[i];
        if (!wn_roster_is_open(roster, row) || r->margins[row] < 2) continue;
        memmove(grouping->points + n * grouping->dim, grouping->points + i * grouping->dim,
                grouping->dim * sizeof(float));
        grouping->rows[n++] = row;
    }
    grouping->len = n;
    roster->out->objective = (double)n;
    wn_status status = WN_OK;
    if (n) status = wn_grouping_cluster(grouping, roster, request->count, (size_t)r->params->iterations, NULL, err);
    if (!status && n) {
        rounds.keys = grouping->kmeans.squares;
        status = wn_rounds_take(&rounds, grouping, roster, err);
    }
    wn_grouping_free(&grouping);
    return status;
}

static wn_status judge(run *r, wn_roster *roster, wn_error *err)
{
    const wn_selection_request *request = roster->request;
    wn_linear_examples examples = {&request->embeddings, r->rows, r->classes, 0, r->count, NULL};
    WN_TRY(list_examples(r, err));
    WN_TRY(make_anchors(r, err));
    examples.n = r->labelled;
    WN_TRY(wn_linear_head_fit(&examples, r->params->penalty, &r->head, err));
    wn_pool_for(request->pool, roster->available_len, GRAIN, judge_rows, r);
    WN_TRY(wn_roster_tell(roster, err));
    WN_TRY(take_changing(r, roster, err));
    return wn_rank_take(roster, r->margins, err);
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    wn_roster *roster = NULL;
    size_t threads = wn_pool_threads(request->pool), dim = request->embeddings.cols, rows = request->embeddings.rows;
    run r = {.params = parameters, .count = count_classes(request)};
    wn_status status = wn_roster_new(request, (wn_metric)r.params->metric, out, &roster, err);
    if (status || rows == 0) goto done;
    r.roster = roster;
    size_t room = r.count < MOST_CLASSES ? r.count : 1;
    r.rows = wn_alloc(WN_MEMORY_SELECTION, request->preselected.len, sizeof *r.rows);
    r.classes = wn_alloc(WN_MEMORY_SELECTION, request->preselected.len, sizeof *r.classes);
    r.anchors = wn_alloc(WN_MEMORY_SELECTION, room * dim, sizeof *r.anchors);
    r.margins = wn_calloc(WN_MEMORY_SELECTION, rows, sizeof *r.margins);
    r.scratch = wn_alloc(WN_MEMORY_SELECTION, threads * dim, sizeof *r.scratch);
    r.p = wn_alloc(WN_MEMORY_SELECTION, threads * 2 * room, sizeof *r.p);
    if (!r.rows || !r.classes || !r.anchors || !r.margins || !r.scratch || !r.p) {
        status = wn_fail(err, WN_NOMEM, "no memory to judge %zu rows", rows);
        goto done;
    }
    if ((status = judge(&r, roster, err))) goto done;
    status = wn_roster_finish(roster, err);
done:
    wn_linear_head_clear(&r.head);
    wn_free(r.p);
    wn_free(r.scratch);
    wn_free(r.margins);
    wn_free(r.anchors);
    wn_free(r.classes);
    wn_free(r.rows);
    wn_roster_free(&roster);
    return status;
}

const wn_strategy wn_strategy_alfa_mix = {
    .name = "alfa-mix",
    .summary = "rows whose class changes when a little of a labelled class is mixed in",
    .needs = WN_STRATEGY_EMBEDDINGS | WN_STRATEGY_LABELS | WN_STRATEGY_PRESELECTED,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
