/* SPDX-License-Identifier: Apache-2.0
 *
 * Decoupled contrastive learning (Yeh et al. 2022): the positive pair is not in the sum of the negatives, which is what
 * makes small batches work. The formula is in contrast.h.
 */
#include "pretrain/contrast.h"

typedef struct params {
    double temperature;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "temperature", "how sharply near negatives are pushed away", offsetof(params, temperature), 0.05,
     10, "0.1", NULL, "T", 0},
    {0},
};

static const wn_mlp_layer projector[] = {{256, WN_ACTIVATION_RELU, true, false}, {64, WN_ACTIVATION_NONE, false, true}};

static double loss(const void *context, const wn_loss_input *input, float *dz)
{
    const params *p = context;
    return wn_contrast(WN_CONTRAST_DECOUPLED, p->temperature, 1.0, input, dz);
}

const wn_method wn_method_dcl = {
    .name = "dcl",
    .summary = "decoupled contrastive learning over several views",
    .advice = "The default: quick from the first minutes, and the batch may be small (64 and up).",
    .options = options,
    .params_size = sizeof(params),
    .views = 4,
    .small_views = 0,
    .unit = true,
    .projector = projector,
    .projector_len = sizeof projector / sizeof projector[0],
    .scratch = wn_contrast_scratch,
    .loss = loss,
};
