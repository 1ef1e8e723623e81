/* SPDX-License-Identifier: Apache-2.0
 *
 * SimSiam (Chen and He 2021): a predictor turns each view into the others, which get no gradient. The formula is in
 * agreement.h.
 */
#include "pretrain/agreement.h"

static const wn_option options[] = {{0}};

static const wn_mlp_layer projector[] = {{256, WN_ACTIVATION_RELU, true, false},
                                         {128, WN_ACTIVATION_NONE, true, false}};
static const wn_mlp_layer predictor[] = {{64, WN_ACTIVATION_RELU, true, false}, {128, WN_ACTIVATION_NONE, false, true}};

static double loss(const void *context, const wn_loss_input *input, float *dz)
{
    (void)context;
    return wn_agreement(input, input->z, input->views, false, dz);
}

const wn_method wn_method_simsiam = {
    .name = "simsiam",
    .summary = "views predict each other; no negatives, no teacher",
    .advice = "The least memory of all; wants long runs, and collapses sooner than others at high rates.",
    .options = options,
    .views = 2,
    .small_views = 0,
    .unit = true,
    .projector = projector,
    .projector_len = sizeof projector / sizeof projector[0],
    .predictor = predictor,
    .predictor_len = sizeof predictor / sizeof predictor[0],
    .unit_p = true,
    .loss = loss,
};
