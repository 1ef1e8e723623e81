/* SPDX-License-Identifier: Apache-2.0
 *
 * Decoupled contrastive learning with weighted positives (Yeh et al. 2022): pairs of views that agree already count
 * less. The formula is in contrast.h.
 */
#include "pretrain/contrast.h"

typedef struct params {
    double temperature, sigma;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "temperature", "how sharply near negatives are pushed away", offsetof(params, temperature), 0.05,
     10, "0.1", NULL, "T", 0},
    {WN_OPTION_REAL, "sigma", "how much pairs that disagree count more", offsetof(params, sigma), 0.05, 10, "0.5", NULL,
     "S", 0},
    {0},
};

static const wn_mlp_layer projector[] = {{256, WN_ACTIVATION_RELU, true, false}, {64, WN_ACTIVATION_NONE, false, true}};

static double loss(const void *context, const wn_loss_input *input, float *dz)
{
    const params *p = context;
    return wn_contrast(WN_CONTRAST_WEIGHTED, p->temperature, p->sigma, input, dz);
}

const wn_method wn_method_dclw = {
    .name = "dclw",
    .summary = "decoupled contrastive learning, hard positives count more",
    .advice = "As dcl, for images whose views differ much (strong crops, varied scenes); a little slower to settle.",
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
