/* SPDX-License-Identifier: Apache-2.0
 *
 * Picks by a prepared config, and the reasons of picks.
 */
#include "jobs/config_run.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "num/distance.h"
#include "winnow/memory.h"

/* Pairs of picks that are compared to find the nearest earlier one, and rows x picks for the covering: beyond, the
 * first is left out and the second is measured on evenly spread rows. */
static const double MOST_PAIRS = 1e9, MOST_COVER = 4e9;

void wn_pick_reasons_clear(wn_pick_reasons *reasons)
{
    for (size_t i = 0; i < reasons->label_count && reasons->labels; i++) wn_free(reasons->labels[i]);
    wn_free(reasons->labels);
    wn_free(reasons->values);
    wn_free(reasons->ranked);
    wn_free(reasons->nearest);
    wn_free(reasons->distances);
    *reasons = (wn_pick_reasons){0};
}

/* ---- the nearest earlier pick ---- */

typedef struct nearest_job {
    const wn_matrix *embeddings;
    wn_rows preselected;
    wn_pick_reasons *reasons;
    float *vectors; /* preselected, then ranked */
    float *scratch; /* threads x vectors */
    size_t all;
    wn_distance_kernels kernels;
} nearest_job;

static void find_nearest(void *opaque, size_t begin, size_t end, unsigned worker)
{
    const nearest_job *job = opaque;
    size_t dim = job->embeddings->cols, before = job->preselected.len;
    float *squares = job->scratch + worker * job->all;
    for (size_t i = begin; i < end; i++) {
        size_t n = before + i, best = 0;
        job->reasons->nearest[i] = -1;
        job->reasons->distances[i] = INFINITY;
        if (n == 0) continue;
        job->kernels.l2sq_rows_f32(job->vectors + n * dim, job->vectors, dim, NULL, n, dim, squares);
        for (size_t j = 1; j < n; j++)
            if (squares[j] < squares[best]) best = j;
        job->reasons->nearest[i] = best < before ? job->preselected.data[best] : job->reasons->ranked[best - before];
        job->reasons->distances[i] = sqrtf(fmaxf(squares[best], 0));
    }
}

/* Fills nearest and distances of the ranking; leaves -1 and NaN where the pairs are too many. */
static wn_status add_nearest(const wn_job *job, const wn_matrix *embeddings, wn_rows preselected,
                             wn_pick_reasons *reasons, wn_error *err)
{
    size_t dim = embeddings->cols, all = preselected.len + reasons->len;
    nearest_job nearest = {.embeddings = embeddings, .preselected = preselected, .reasons = reasons, .all = all};
    reasons->nearest = wn_alloc(WN_MEMORY_SELECTION, reasons->len, sizeof *reasons->nearest);
    reasons->distances = wn_alloc(WN_MEMORY_SELECTION, reasons->len, sizeof *reasons->distances);
    if (!reasons->nearest || !reasons->distances) return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < reasons->len; i++) {
        reasons->nearest[i] = -1;
        reasons->distances[i] = NAN;
    }
    if (!embeddings->data || (double)all * (double)reasons->len > MOST_PAIRS) return WN_OK;
    nearest.vectors = wn_alloc(WN_MEMORY_SELECTION, all * dim, sizeof *nearest.vectors);
    nearest.scratch = wn_alloc(WN_MEMORY_SELECTION, all * wn_pool_threads(job->pool), sizeof *nearest.scratch);
    wn_status status = nearest.vectors && nearest.scratch ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < all && !status; i++) {
        int64_t row = i < preselected.len ? preselected.data[i] : reasons->ranked[i - preselected.len];
        memcpy(nearest.vectors + i * dim, wn_matrix_row(embeddings, (size_t)row), dim * sizeof *nearest.vectors);
    }
    if (!status) {
        wn_distance_kernels_init(&nearest.kernels, wn_cpu_level());
        wn_pool_for(job->pool, reasons->len, 16, find_nearest, &nearest);
    }
    wn_free(nearest.scratch);
    wn_free(nearest.vectors);
    return status;
}

wn_status wn_reasons_of(const wn_job *job, const wn_matrix *embeddings, wn_rows preselected,
                        const wn_selection *selection, wn_pick_reasons *out, wn_error *err)
{
    *out = (wn_pick_reasons){.len = selection->len};
    if (!(out->ranked = wn_alloc(WN_MEMORY_SELECTION, selection->len, sizeof *out->ranked)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    memcpy(out->ranked, selection->picks, selection->len * sizeof *out->ranked);
    return add_nearest(job, embeddings, preselected, out, err);
}

/* ---- by a config ---- */

static wn_status copy_labels(const wn_config_plan *plan, wn_pick_reasons *out, wn_error *err)
{
    out->label_count = plan->request.objective_count;
    if (!(out->labels = wn_calloc(WN_MEMORY_SELECTION, out->label_count, sizeof *out->labels)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < out->label_count; i++)
        if (!(out->labels[i] = wn_text_copy(plan->labels[i]))) return wn_fail(err, WN_NOMEM, "out of memory");
    return WN_OK;
}

/* How well the picks and the preselected rows cover the candidates. */
static wn_status add_covering(const wn_job *job, const wn_config_plan *plan, const wn_matrix *embeddings,
                              wn_selection *out, wn_error *err)
{
    const wn_rows *before = &plan->request.preselected, *candidates = &plan->request.candidates;
    size_t picks = out->len + before->len, rows = candidates->len;
    if (!embeddings->data || !picks) return WN_OK;
    while ((double)rows * (double)picks > MOST_COVER) rows /= 2;
    int64_t *all = wn_alloc(WN_MEMORY_SELECTION, picks + rows, sizeof *all);
    if (!all) return wn_fail(err, WN_NOMEM, "out of memory");
    int64_t *measured = all + picks;
    memcpy(all, out->picks, out->len * sizeof *all);
    if (before->len) memcpy(all + out->len, before->data, before->len * sizeof *all);
    for (size_t i = 0; i < rows; i++) measured[i] = candidates->data[i * candidates->len / rows];
    wn_covering covering;
    wn_covering_request request = {.matrix = *embeddings,
                                   .measured = {measured, rows},
                                   .metric = WN_METRIC_L2,
                                   .pool = job->pool,
                                   .progress = job->progress};
    wn_status status = rows ? wn_covering_measure(&request, (wn_rows){all, picks}, NULL, &covering, err) : WN_OK;
    if (!status && rows) {
        out->radius = covering.radius;
        out->mean = covering.mean;
    }
    wn_free(all);
    return status;
}

static wn_status fill_selection(const wn_product *product, const wn_pick_reasons *reasons, size_t len,
                                wn_selection *out, wn_error *err)
{
    out->len = len;
    out->picks = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *out->picks);
    out->distances = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *out->distances);
    if (!out->picks || !out->distances) return wn_fail(err, WN_NOMEM, "out of memory");
    memcpy(out->picks, product->picks, len * sizeof *out->picks);
    memcpy(out->distances, reasons->distances, len * sizeof *out->distances);
    return WN_OK;
}

wn_status wn_config_run(const wn_job *job, const wn_config_plan *plan, const wn_matrix *embeddings, wn_selection *out,
                        wn_pick_reasons *reasons, wn_error *err)
{
    wn_product_request request = plan->request;
    wn_product product = {0};
    size_t wanted = request.count, available = request.candidates.len;
    *out = (wn_selection){0};
    *reasons = (wn_pick_reasons){0};
    if (wanted != SIZE_MAX) request.count = available - wanted > wanted ? 2 * wanted : available;
    wn_status status = wn_product_select(&request, &product, err);
    if (status) {
        wn_product_clear(&product);
        return status;
    }
    size_t len = product.len < wanted ? product.len : wanted;
    out->stopped = product.len < wanted && wanted != SIZE_MAX;
    reasons->len = product.len;
    reasons->ranked = product.picks;
    reasons->values = product.values;
    status = copy_labels(plan, reasons, err);
    if (!status) status = add_nearest(job, embeddings, request.preselected, reasons, err);
    if (!status) status = fill_selection(&product, reasons, len, out, err);
    if (!status) status = add_covering(job, plan, embeddings, out, err);
    out->objective = out->radius;
    if (status) {
        wn_selection_clear(out);
        wn_pick_reasons_clear(reasons);
    }
    return status;
}
