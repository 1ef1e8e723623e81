/* SPDX-License-Identifier: Apache-2.0
 *
 * FastSiam (Pototzky et al. 2022): as SimSiam, but each view predicts the mean of all others, which is a steadier
 * target; so smaller batches and fewer epochs do. The formula is in agreement.h.
 */
#include "pretrain/agreement.h"

static const wn_option options[] = {{0}};

static const wn_mlp_layer projector[] = {{256, WN_ACTIVATION_RELU, true, false},
                                         {128, WN_ACTIVATION_NONE, true, false}};
static const wn_mlp_layer predictor[] = {{64, WN_ACTIVATION_RELU, true, false}, {128, WN_ACTIVATION_NONE, false, true}};

static double loss(const void *context, const wn_loss_input *input, float *dz)
{
    (void)context;
    return wn_agreement(input, input->z, input->views, true, dz);
}

const wn_method wn_method_fastsiam = {
    .name = "fastsiam",
    .summary = "each view predicts the mean of the others; no negatives, no teacher",
    .advice = "The best of those without negatives when several hours are there; small batches are fine.",
    .options = options,
    .views = 4,
    .small_views = 0,
    .unit = true,
    .projector = projector,
    .projector_len = sizeof projector / sizeof projector[0],
    .predictor = predictor,
    .predictor_len = sizeof predictor / sizeof predictor[0],
    .unit_p = true,
    .loss = loss,
};
