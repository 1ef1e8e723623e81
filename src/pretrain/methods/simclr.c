/* SPDX-License-Identifier: Apache-2.0
 *
 * SimCLR (Chen et al. 2020): the normalised temperature-scaled cross entropy, over any number of views. The formula is
 * in contrast.h.
 */
#include "pretrain/contrast.h"

typedef struct params {
    double temperature;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "temperature", "how sharply near negatives are pushed away", offsetof(params, temperature), 0.05,
     10, "0.2", NULL, "T", 0},
    {0},
};

static const wn_mlp_layer projector[] = {{256, WN_ACTIVATION_RELU, true, false}, {64, WN_ACTIVATION_NONE, false, true}};

static double loss(const void *context, const wn_loss_input *input, float *dz)
{
    const params *p = context;
    return wn_contrast(WN_CONTRAST_NTXENT, p->temperature, 1.0, input, dz);
}

const wn_method wn_method_simclr = {
    .name = "simclr",
    .summary = "contrast of views against all other images of the batch",
    .advice = "The reference to compare with; wants large batches (256 and up), else take dcl.",
    .options = options,
    .params_size = sizeof(params),
    .views = 2,
    .small_views = 0,
    .unit = true,
    .projector = projector,
    .projector_len = sizeof projector / sizeof projector[0],
    .scratch = wn_contrast_scratch,
    .loss = loss,
};
