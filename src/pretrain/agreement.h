/* SPDX-License-Identifier: Apache-2.0
 *
 * Each view predicts the other views of its image: with unit rows p and targets q without gradient,
 *
 *     loss = mean over rows r of p of  1 - p_r . target_r
 *
 * where target_r is the mean of q over the other views of r's image, scaled to length 1 again where `rescaled` says so.
 */
#ifndef PRETRAIN_AGREEMENT_H
#define PRETRAIN_AGREEMENT_H

#include "pretrain/method.h"

/* The loss of input->p against `targets` (target_views x images rows of p_dim); overwrites input->dp and zeroes dz. */
double wn_agreement(const wn_loss_input *input, const float *targets, size_t target_views, bool rescaled, float *dz);

#endif
