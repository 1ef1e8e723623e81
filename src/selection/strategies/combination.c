/* SPDX-License-Identifier: Apache-2.0
 *
 * Combinations of uncertainty and diversity (Munro 2021, "Human-in-the-loop machine learning", section 5.1). Each stage
 * keeps a part of the rows that the stage before left, and the last one picks:
 *
 *     uncertain-clusters            the most uncertain rows, then one from each of K clusters of them in turn (5.1.1)
 *     uncertain-outliers            the most uncertain rows, of them those the model reacts to least (5.1.2)
 *     uncertain-outliers-clusters   both, then clusters (5.1.3)
 *     representative-clusters       one representative row from each cluster in turn (5.1.4)
 *     highest-entropy-cluster       rows at random of the clusters whose mean uncertainty is greatest (5.1.5)
 *     mean-rank                     the best mean of the ranks by uncertainty, outlier and representative (5.1.6)
 *
 * Uncertainty is the score of a row. Outliers need activations (logits) as probabilities and preselected rows,
 * representative ones preselected rows. The objective is the mean score of the picks.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "selection/grouping.h"
#include "selection/munro.h"
#include "selection/ranking.h"
#include "selection/strategy_options.h"
#include "winnow/memory.h"

typedef enum kind {
    UNCERTAIN_CLUSTERS,
    UNCERTAIN_OUTLIERS,
    UNCERTAIN_OUTLIERS_CLUSTERS,
    REPRESENTATIVE_CLUSTERS,
    HIGHEST_ENTROPY_CLUSTER,
    MEAN_RANK
} kind;

static const char *const kinds[] = {"uncertain-clusters",
                                    "uncertain-outliers",
                                    "uncertain-outliers-clusters",
                                    "representative-clusters",
                                    "highest-entropy-cluster",
                                    "mean-rank",
                                    NULL};

typedef struct params {
    int metric, of;
    int64_t clusters, iterations;
    double factor;
} params;

static const wn_option options[] = {
    WN_OPTION_METRIC(params),
    {WN_OPTION_CHOICE, "of", "what is combined", offsetof(params, of), 0, 0, "uncertain-clusters", kinds, NULL, 0},
    {WN_OPTION_REAL, "factor", "rows that a stage keeps for each one of the next", offsetof(params, factor), 1, 1e6,
     "4", NULL, "F", 0},
    WN_OPTION_CLUSTERS(params, "clusters to make; 0 = as many as picks, or 20 for the highest entropy"),
    WN_OPTION_ITERATIONS(params),
    {0},
};

typedef struct run {
    const params *params;
    wn_roster *roster;
    float *scores, *keys; /* per row: uncertainty, and what a stage orders by */
    uint32_t *kept;       /* rows that are left */
    size_t len;
} run;

static size_t count_clusters(const params *p, const wn_selection_request *request)
{
    size_t clusters = p->of == HIGHEST_ENTROPY_CLUSTER ? 20 : request->count;
    if (p->clusters) clusters = (size_t)p->clusters;
    return clusters < request->embeddings.rows ? clusters : request->embeddings.rows;
}

static uint64_t memory(const void *parameters, const wn_selection_request *request)
{
    uint64_t rows = request->embeddings.rows;
    return wn_roster_bytes(request) + wn_munro_bytes(request) + 2 * wn_rank_bytes(rows) + rows * 4 * sizeof(float) +
           request->preselected.len * sizeof(uint32_t) +
           wn_grouping_bytes(request, count_clusters(parameters, request));
}

/* Keeps the `n` rows with the greatest keys. */
static wn_status keep_best(run *r, const float *keys, double n, wn_error *err)
{
    WN_TRY(wn_rank_sort(r->kept, r->len, keys, err));
    if (n < (double)r->len) r->len = (size_t)n;
    return WN_OK;
}

/* Clusters the rows that are left. `keys` of items follow from keys[row], greatest first. */
static wn_status cluster_kept(const run *r, wn_grouping **out, float **keys, wn_error *err)
{
    const wn_roster *roster = r->roster;
    WN_TRY(wn_grouping_new(roster, out, err));
    wn_grouping *grouping = *out;
    uint8_t *left = wn_calloc(WN_MEMORY_SELECTION, roster->request->embeddings.rows, 1);
    *keys = wn_alloc(WN_MEMORY_SELECTION, grouping->len, sizeof **keys);
    size_t n = 0;
    bool enough = left && *keys;
    for (size_t i = 0; i < r->len && enough; i++) left[r->kept[i]] = 1;
    for (size_t i = 0; i < grouping->len && enough; i++) {
        uint32_t row = grouping->rows[i];
        if (!left[row]) continue;
        memmove(grouping->points + n * grouping->dim, grouping->points + i * grouping->dim,
                grouping->dim * sizeof(float));
        (*keys)[n] = -r->keys[row];
        grouping->rows[n++] = row;
    }
    grouping->len = n;
    wn_free(left);
    if (!enough) return wn_fail(err, WN_NOMEM, "no memory to cluster %zu rows", r->len);
    return wn_grouping_cluster(grouping, roster, count_clusters(r->params, roster->request),
                               (size_t)r->params->iterations, NULL, err);
}

static wn_status take_round(run *r, wn_error *err)
{
    wn_grouping *grouping = NULL;
    float *keys = NULL;
    wn_rounds rounds = {0};
    wn_status status = cluster_kept(r, &grouping, &keys, err);
    rounds.keys = keys;
    if (!status) status = wn_rounds_take(&rounds, grouping, r->roster, err);
    wn_free(keys);
    wn_grouping_free(&grouping);
    return status;
}

/* Clusters by mean uncertainty, the greatest first; of each all rows in random order before the next. */
static wn_status take_entropy(run *r, wn_error *err)
{
    wn_grouping *grouping = NULL;
    float *keys = NULL;
    wn_rng rng;
    wn_rng_init(&rng, r->roster->request->seed, 0x3e);
    wn_status status = cluster_kept(r, &grouping, &keys, err);
    wn_free(keys);
    float *means = status ? NULL : wn_alloc(WN_MEMORY_SELECTION, grouping->kmeans.clusters, sizeof *means);
    if (!status && !means) status = wn_fail(err, WN_NOMEM, "no memory for %zu clusters", grouping->kmeans.clusters);
    for (size_t c = 0; !status && c < grouping->kmeans.clusters; c++) {
        const wn_kmeans *k = &grouping->kmeans;
        double sum = 0;
        for (uint32_t m = k->starts[c]; m < k->starts[c + 1]; m++)
            sum += (double)r->scores[grouping->rows[k->members[m]]];
        means[c] = (float)(sum / (k->starts[c + 1] - k->starts[c]));
    }
    /* one order by (mean of the cluster, chance): ranks of clusters are whole numbers, chance lies below 1 */
    for (size_t i = 0; !status && i < grouping->len; i++) {
        size_t rank = 0, own = grouping->kmeans.cluster[i];
        for (size_t c = 0; c < grouping->kmeans.clusters; c++)
            rank += means[c] > means[own] || (means[c] >= means[own] && c < own);
        r->keys[grouping->rows[i]] = -(float)rank - 0.99f * wn_rng_uniform(&rng);
    }
    wn_free(means);
    wn_grouping_free(&grouping);
    return status ? status : wn_rank_take(r->roster, r->keys, err);
}

static wn_status find_representative(run *r, float *out, wn_error *err)
{
    size_t len = r->roster->request->preselected.len;
    uint32_t *known = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *known);
    if (!known) return wn_fail(err, WN_NOMEM, "no memory for %zu preselected rows", len);
    wn_munro_known(r->roster, known);
    wn_status status = wn_munro_representative(r->roster, known, len, out, err);
    wn_free(known);
    return status;
}

static wn_status take_mean_rank(run *r, wn_error *err)
{
    const wn_roster *roster = r->roster;
    size_t rows = roster->request->embeddings.rows;
    float *one = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *one);
    if (!one) return wn_fail(err, WN_NOMEM, "no memory to rank %zu rows", rows);
    memset(r->keys, 0, rows * sizeof *r->keys);
    const float third = 1.0f / 3;
    wn_status status = wn_rank_add(roster->available, roster->available_len, r->scores, third, r->keys, err);
    if (!status) status = wn_munro_outliers(roster, one, err);
    if (!status) status = wn_rank_add(roster->available, roster->available_len, one, third, r->keys, err);
    if (!status) status = find_representative(r, one, err);
    if (!status) status = wn_rank_add(roster->available, roster->available_len, one, third, r->keys, err);
    wn_free(one);
    return status ? status : wn_rank_take(r->roster, r->keys, err);
}

static wn_status combine(run *r, wn_error *err)
{
    double count = (double)r->roster->request->count, factor = r->params->factor;
    size_t rows = r->roster->request->embeddings.rows;
    bool clusters = r->params->of == UNCERTAIN_CLUSTERS || r->params->of == UNCERTAIN_OUTLIERS_CLUSTERS;
    memcpy(r->keys, r->scores, rows * sizeof *r->keys);
    switch ((kind)r->params->of) {
    case UNCERTAIN_OUTLIERS:
    case UNCERTAIN_OUTLIERS_CLUSTERS:
        WN_TRY(keep_best(r, r->scores, factor * (clusters ? factor : 1) * count, err));
        WN_TRY(wn_munro_outliers(r->roster, r->keys, err));
        break;
    case REPRESENTATIVE_CLUSTERS:
        WN_TRY(find_representative(r, r->keys, err));
        return take_round(r, err);
    case HIGHEST_ENTROPY_CLUSTER:
        return take_entropy(r, err);
    case MEAN_RANK:
        return take_mean_rank(r, err);
    default:
        break;
    }
    WN_TRY(keep_best(r, r->keys, clusters ? factor * count : count, err));
    if (clusters) return take_round(r, err);
    for (size_t i = 0; i < r->len; i++) WN_TRY(wn_roster_take(r->roster, r->kept[i], err));
    return WN_OK;
}

static wn_status check(const params *p, const wn_selection_request *request, wn_error *err)
{
    bool outliers = p->of == UNCERTAIN_OUTLIERS || p->of == UNCERTAIN_OUTLIERS_CLUSTERS || p->of == MEAN_RANK;
    if (outliers && !request->probabilities.data)
        return wn_fail(err, WN_INVALID, "of=%s needs activations (logits) as probabilities", kinds[p->of]);
    if ((outliers || p->of == REPRESENTATIVE_CLUSTERS) && !request->preselected.len)
        return wn_fail(err, WN_INVALID, "of=%s needs preselected rows", kinds[p->of]);
    return WN_OK;
}

static wn_status pick(const void *parameters, const wn_selection_request *request, wn_selection *out, wn_error *err)
{
    const params *p = parameters;
    run r = {.params = p};
    size_t rows = request->embeddings.rows;
    double sum = 0;
    if (rows == 0) return WN_OK;
    WN_TRY(check(p, request, err));
    wn_status status = wn_roster_new(request, (wn_metric)p->metric, out, &r.roster, err);
    r.scores = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *r.scores);
    r.keys = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *r.keys);
    r.kept = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *r.kept);
    if (!status && (!r.scores || !r.keys || !r.kept))
        status = wn_fail(err, WN_NOMEM, "no memory to combine %zu rows", rows);
    if (!status) status = wn_selection_score(request, r.scores, err);
    if (!status) {
        r.len = r.roster->available_len;
        memcpy(r.kept, r.roster->available, r.len * sizeof *r.kept);
        status = combine(&r, err);
    }
    for (size_t i = 0; i < out->len; i++) sum += (double)r.scores[out->picks[i]];
    if (!status) status = wn_roster_finish(r.roster, err);
    out->objective = out->len ? sum / (double)out->len : 0;
    wn_free(r.kept);
    wn_free(r.keys);
    wn_free(r.scores);
    wn_roster_free(&r.roster);
    return status;
}

const wn_strategy wn_strategy_combination = {
    .name = "combination",
    .summary = "uncertain rows that are diverse too, stage by stage (see the setting 'of')",
    .needs = WN_STRATEGY_EMBEDDINGS | WN_STRATEGY_SCORES,
    .options = options,
    .params_size = sizeof(params),
    .pick = pick,
    .memory = memory,
};
