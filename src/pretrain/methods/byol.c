/* SPDX-License-Identifier: Apache-2.0
 *
 * BYOL (Grill et al. 2020): a predictor turns each view of the student into what a slow teacher makes of the others.
 * The formula is in agreement.h, with the teacher's rows as targets.
 */
#include "pretrain/agreement.h"
#include "pretrain/product.h"

typedef struct params {
    double momentum;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "momentum", "how slowly the teacher follows, at the start", offsetof(params, momentum), 0, 1,
     "0.99", NULL, "M", 0},
    {0},
};

static const wn_mlp_layer projector[] = {{256, WN_ACTIVATION_RELU, true, false},
                                         {128, WN_ACTIVATION_NONE, false, true}};
static const wn_mlp_layer predictor[] = {{256, WN_ACTIVATION_RELU, true, false},
                                         {128, WN_ACTIVATION_NONE, false, true}};

static double momentum(const void *context, double progress)
{
    return wn_momentum_cosine(((const params *)context)->momentum, progress);
}

static double loss(const void *context, const wn_loss_input *input, float *dz)
{
    (void)context;
    return wn_agreement(input, input->tz, input->teacher_views, false, dz);
}

const wn_method wn_method_byol = {
    .name = "byol",
    .summary = "views predict what a slow teacher makes of the others",
    .advice = "Among the best after long runs, and indifferent to the batch; the teacher costs a third more time.",
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
    .loss = loss,
};
