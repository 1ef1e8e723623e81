/* SPDX-License-Identifier: Apache-2.0
 *
 * Coral on what a request carries: the product of the distance to the nearest pick, the
 * score of each row, and the balance of the labels' classes. A selection config says the same with more inputs.
 */
#include <math.h>

#include "base/error.h"
#include "winnow/memory.h"
#include "winnow/product.h"

typedef struct params {
    double diversity, score, balance, min_distance;
    int metric, variant;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "diversity", "exponent of the distance to the nearest pick; 0 = leave it out",
     offsetof(params, diversity), -1e6, 1e6, "1", NULL, "S", 0},
    {WN_OPTION_REAL, "score", "exponent of the score, where there are scores or probabilities", offsetof(params, score),
     -1e6, 1e6, "1", NULL, "S", 0},
    {WN_OPTION_REAL, "balance", "exponent of the balance to equal shares of the labels; 0 = leave it out",
     offsetof(params, balance), -1e6, 1e6, "0", NULL, "S", 0},
    {WN_OPTION_REAL, "min-distance", "rows nearer than this to a pick cannot be picked", offsetof(params, min_distance),
     0, 1e300, "0", NULL, "D", 0},
    {WN_OPTION_CHOICE, "metric", "distance of two rows", offsetof(params, metric), 0, 0, "l2", wn_metric_names, NULL,
     0},
    {WN_OPTION_CHOICE, "variant", "what is multiplied: scores of the candidate, or objectives of the set",
     offsetof(params, variant), 0, 0, "candidate", wn_variant_names, NULL, 0},
    {0},
};

/* The objectives that the request gives material for; returns how many. */
static size_t make_inputs(const params *p, const wn_selection_request *request, const float *scores, size_t classes,
                          wn_objective_input *inputs)
{
    size_t count = 0, rows = request->embeddings.rows;
    if (p->diversity != 0 || p->min_distance > 0)
        inputs[count++] = (wn_objective_input){.kind = "diversity",
                                               .strength = p->diversity,
                                               .vectors = request->embeddings,
                                               .metric = (wn_metric)p->metric,
                                               .min_distance = p->min_distance};
    if (scores)
        inputs[count++] =
            (wn_objective_input){.kind = "weights", .label = "score", .strength = p->score, .values = {scores, rows}};
    if (classes)
        inputs[count++] = (wn_objective_input){.kind = "balance",
                                               .strength = p->balance,
                                               .labels = request->labels,
                                               .class_count = classes,
                                               .balance = WN_BALANCE_UNIFORM};
    return count;
}

static size_t count_classes(const params *p, const wn_selection_request *request)
{
    int64_t most = -1;
    if (p->balance == 0) return 0;
    for (size_t i = 0; i < request->labels.len; i++)
        if (request->labels.data[i] > most) most = request->labels.data[i];
    return (size_t)(most + 1);
}

static bool has_scores(const params *p, const wn_selection_request *request)
{
    return p->score != 0 && (request->scores.data || request->probabilities.data);
}

static void make_request(const wn_selection_request *request, const wn_objective_input *inputs, size_t count,
                         const params *p, wn_product_request *out)
{
    *out = (wn_product_request){.rows = request->embeddings.rows,
                                .count = request->count,
                                .candidates = request->candidates,
                                .preselected = request->preselected,
                                .objectives = inputs,
                                .objective_count = count,
                                .variant = (wn_variant)p->variant,
                                .pool = request->pool,
                                .progress = request->progress};
}

/* How well the picks and the preselected rows cover the candidates. */
static wn_status measure(const params *p, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    wn_covering covering;
    size_t before = request->preselected.len, picks = out->len + before;
    wn_covering_request asked = {.matrix = request->embeddings,
                                 .measured = request->candidates,
                                 .metric = (wn_metric)p->metric,
                                 .pool = request->pool,
                                 .progress = request->progress};
    if (picks == 0 || request->embeddings.rows == 0) return WN_OK;
    int64_t *all = wn_alloc(WN_MEMORY_SELECTION, picks, sizeof *all);
    if (!all) return wn_fail(err, WN_NOMEM, "no memory for %zu picks", picks);
    for (size_t i = 0; i < picks; i++) all[i] = i < before ? request->preselected.data[i] : out->picks[i - before];
    wn_status status = wn_covering_measure(&asked, (wn_rows){all, picks}, NULL, &covering, err);
    if (!status) {
        out->radius = out->objective = covering.radius;
        out->mean = covering.mean;
    }
    wn_free(all);
    return status;
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    wn_objective_input inputs[3];
    wn_product_request product_request;
    wn_product product = {0};
    wn_status status = WN_OK;
    float *scores = NULL;
    if (has_scores(p, request)) {
        if (!(scores = wn_alloc(WN_MEMORY_SELECTION, request->embeddings.rows, sizeof *scores)))
            return wn_fail(err, WN_NOMEM, "no memory for the scores of %zu rows", request->embeddings.rows);
        status = wn_selection_score(request, scores, err);
    }
    size_t count = make_inputs(p, request, scores, count_classes(p, request), inputs);
    if (!status && count == 0) status = wn_fail(err, WN_INVALID, "coral has nothing to go by: all exponents are 0");
    make_request(request, inputs, count, p, &product_request);
    if (!status) status = wn_product_select(&product_request, &product, err);
    for (size_t i = 0; i < product.len; i++) {
        out->picks[i] = product.picks[i];
        out->distances[i] = inputs[0].vectors.data ? (float)product.values[i * count] : INFINITY;
    }
    out->len = product.len;
    out->stopped = !status && product.len < request->count;
    wn_product_clear(&product);
    wn_free(scores);
    return status ? status : measure(p, request, out, err);
}

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    static const float none = 0;
    const params *p = parameters;
    wn_objective_input inputs[3];
    wn_product_request product_request;
    size_t count = make_inputs(p, request, has_scores(p, request) ? &none : NULL, count_classes(p, request), inputs);
    wn_covering_request asked = {.matrix = request->embeddings, .measured = request->candidates, .pool = request->pool};
    uint64_t covering = wn_covering_memory(&asked, request->count + request->preselected.len);
    make_request(request, inputs, count, p, &product_request);
    uint64_t picking = wn_product_memory(&product_request);
    return request->embeddings.rows * sizeof(float) + (picking > covering ? picking : covering);
}

const wn_strategy wn_strategy_coral = {
    .name = "coral",
    .summary = "the greatest product of distance to the picks, score, and balance",
    .needs = WN_STRATEGY_EMBEDDINGS,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
