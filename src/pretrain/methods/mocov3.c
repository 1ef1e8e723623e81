/* SPDX-License-Identifier: Apache-2.0
 *
 * MoCo v3 (Chen, Xie and He 2021): no queue; the keys are what the slow teacher makes of another view of the same
 * batch, and the student has a predictor:
 *
 *     loss = mean over pairs of views a != b of InfoNCE(p_a; keys tz_b)
 */
#include <string.h>

#include "pretrain/infonce.h"
#include "pretrain/method.h"
#include "pretrain/product.h"

typedef struct params {
    double temperature, momentum;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "temperature", "how sharply near negatives are pushed away", offsetof(params, temperature), 0.05,
     10, "0.2", NULL, "T", 0},
    {WN_OPTION_REAL, "momentum", "how slowly the teacher follows, at the start", offsetof(params, momentum), 0, 1,
     "0.99", NULL, "M", 0},
    {0},
};

static const wn_mlp_layer projector[] = {{256, WN_ACTIVATION_RELU, true, false}, {64, WN_ACTIVATION_NONE, false, true}};
static const wn_mlp_layer predictor[] = {{256, WN_ACTIVATION_RELU, true, false}, {64, WN_ACTIVATION_NONE, false, true}};

static double momentum(const void *context, double progress)
{
    return wn_momentum_cosine(((const params *)context)->momentum, progress);
}

static size_t scratch_floats(const void *context, size_t images, size_t views, size_t dim)
{
    (void)context, (void)views;
    return wn_infonce_scratch(images, images, dim);
}

static double loss(const void *context, const wn_loss_input *in, float *dz)
{
    const params *p = context;
    const size_t cells = in->images * in->dim, pairs = in->teacher_views * (in->views - 1);
    double sum = 0.0;
    memset(dz, 0, in->views * cells * sizeof *dz);
    memset(in->dp, 0, in->views * in->images * in->p_dim * sizeof *in->dp);
    for (size_t a = 0; a < in->views; a++) {
        for (size_t b = 0; b < in->teacher_views; b++) {
            if (a == b) continue;
            const wn_infonce pair = {.queries = in->p + a * cells,
                                     .keys = in->tz + b * cells,
                                     .m = in->images,
                                     .n = in->images,
                                     .dim = in->dim,
                                     .temperature = p->temperature,
                                     .weight = 1.0 / (double)pairs,
                                     .kernels = in->kernels,
                                     .pool = in->pool,
                                     .scratch = in->scratch};
            sum += wn_infonce_loss(&pair, in->dp + a * cells, NULL) / (double)pairs;
        }
    }
    return sum;
}

const wn_method wn_method_mocov3 = {
    .name = "mocov3",
    .summary = "contrast with a slow teacher inside the batch",
    .advice = "As simclr with a teacher: large batches, long runs.",
    .options = options,
    .params_size = sizeof(params),
    .views = 2,
    .small_views = 0,
    .unit = true,
    .projector = projector,
    .projector_len = sizeof projector / sizeof projector[0],
    .predictor = predictor,
    .predictor_len = sizeof predictor / sizeof predictor[0],
    .unit_p = true,
    .momentum = momentum,
    .scratch = scratch_floats,
    .loss = loss,
};
