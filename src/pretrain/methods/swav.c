/* SPDX-License-Identifier: Apache-2.0
 *
 * SwAV (Caron et al. 2020): each full view is assigned to prototypes, all prototypes getting equal shares of the batch
 * (Sinkhorn and Knopp), and every other view predicts that assignment. With p the cosines of z to the prototypes:
 *
 *     q_a = sinkhorn(exp(p_a / epsilon))
 *     loss = mean over full views a and views b != a of  -q_a . log softmax(p_b / T)
 *
 * q gets no gradient.
 */
#include <math.h>
#include <string.h>

#include "pretrain/method.h"
#include "pretrain/product.h"

typedef struct params {
    double temperature, epsilon;
    int64_t rounds, full_views;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "temperature", "of the predictions", offsetof(params, temperature), 0.02, 10, "0.1", NULL, "T", 0},
    {WN_OPTION_REAL, "epsilon", "softness of the assignments", offsetof(params, epsilon), 0.01, 10, "0.05", NULL, "E",
     0},
    {WN_OPTION_INT, "rounds", "of Sinkhorn's scaling", offsetof(params, rounds), 1, 100, "3", NULL, "N", 0},
    {WN_OPTION_INT, "full-views", "first views that are assigned", offsetof(params, full_views), 1, 64, "2", NULL, "N",
     0},
    {0},
};

enum { PROTOTYPES = 256 };

static const wn_mlp_layer projector[] = {{256, WN_ACTIVATION_RELU, true, false}, {64, WN_ACTIVATION_NONE, false, true}};
static const wn_mlp_layer predictor[] = {{PROTOTYPES, WN_ACTIVATION_NONE, false, false}};

static size_t scratch_floats(const void *context, size_t images, size_t views, size_t dim)
{
    (void)context, (void)views, (void)dim;
    return 2 * images * PROTOTYPES;
}

/* q (images x PROTOTYPES) from the scores of one view; each row ends with sum 1. */
static void assign(const wn_loss_input *in, const params *p, const float *scores, float *q)
{
    const size_t n = in->images;
    float largest = scores[0];
    for (size_t i = 1; i < n * PROTOTYPES; i++) largest = scores[i] > largest ? scores[i] : largest;
    for (size_t i = 0; i < n * PROTOTYPES; i++) {
        q[i] = wn_exp_negative((scores[i] - largest) * (float)(1.0 / p->epsilon));
    }
    for (int64_t round = 0; round < p->rounds; round++) {
        float sums[PROTOTYPES] = {0};
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < PROTOTYPES; j++) sums[j] += q[i * PROTOTYPES + j];
        }
        for (size_t j = 0; j < PROTOTYPES; j++) sums[j] = sums[j] > 0.0F ? 1.0F / sums[j] : 0.0F;
        for (size_t i = 0; i < n; i++) {
            float *row = q + i * PROTOTYPES, sum = 0.0F;
            for (size_t j = 0; j < PROTOTYPES; j++) row[j] *= sums[j];
            for (size_t j = 0; j < PROTOTYPES; j++) sum += row[j];
            const float scale = sum > 0.0F ? 1.0F / sum : 0.0F;
            for (size_t j = 0; j < PROTOTYPES; j++) row[j] *= scale;
        }
    }
}

/* Cross entropy of the scores of view b against q; adds its gradient to dp. */
static double predict(const wn_loss_input *in, const params *p, const float *q, const float *scores, float *row_room,
                      double weight, float *dp)
{
    const double gain = 1.0 / p->temperature;
    const float slope = (float)(weight * gain);
    double sum = 0.0;
    for (size_t i = 0; i < in->images; i++) {
        const float *target = q + i * PROTOTYPES, *x = scores + i * PROTOTYPES;
        memcpy(row_room, x, PROTOTYPES * sizeof *row_room);
        const double log_sum = wn_softmax(row_room, PROTOTYPES, gain);
        double along = 0.0;
        for (size_t j = 0; j < PROTOTYPES; j++) along += (double)target[j] * (log_sum - gain * (double)x[j]);
        for (size_t j = 0; j < PROTOTYPES; j++) dp[i * PROTOTYPES + j] += slope * (row_room[j] - target[j]);
        sum += weight * along;
    }
    return sum;
}

static double loss(const void *context, const wn_loss_input *in, float *dz)
{
    const params *p = context;
    const size_t cells = in->images * PROTOTYPES;
    const size_t assigned = (size_t)p->full_views < in->views ? (size_t)p->full_views : in->views;
    const double weight = 1.0 / (double)(assigned * (in->views - 1) * in->images);
    float *q = in->scratch, *row_room = q + cells;
    double sum = 0.0;
    memset(dz, 0, in->views * in->images * in->dim * sizeof *dz);
    memset(in->dp, 0, in->views * cells * sizeof *in->dp);
    for (size_t a = 0; a < assigned; a++) {
        assign(in, p, in->p + a * cells, q);
        for (size_t b = 0; b < in->views; b++) {
            if (a != b) sum += predict(in, p, q, in->p + b * cells, row_room, weight, in->dp + b * cells);
        }
    }
    return sum;
}

const wn_method wn_method_swav = {
    .name = "swav",
    .summary = "views predict each other's assignment to prototypes",
    .advice = "Makes good use of many small views of larger images (64 pixels and up); wants batches of 128 and up.",
    .options = options,
    .params_size = sizeof(params),
    .views = 2,
    .small_views = 4,
    .unit = true,
    .projector = projector,
    .projector_len = sizeof projector / sizeof projector[0],
    .predictor = predictor,
    .predictor_len = sizeof predictor / sizeof predictor[0],
    .predict_unit = true,
    .prototypes = true,
    .scratch = scratch_floats,
    .loss = loss,
};
