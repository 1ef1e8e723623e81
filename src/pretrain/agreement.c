/* SPDX-License-Identifier: Apache-2.0 */
#include "pretrain/agreement.h"

#include <math.h>
#include <string.h>

/* target (dim) = mean over the views of `image` but `view`. */
static void mean_target(const wn_loss_input *in, const float *targets, size_t target_views, size_t image, size_t view,
                        bool rescaled, float *target)
{
    const size_t dim = in->p_dim;
    float count = 0.0F, squares = 0.0F;
    memset(target, 0, dim * sizeof *target);
    for (size_t v = 0; v < target_views; v++) {
        if (v == view) continue;
        const float *q = targets + (v * in->images + image) * dim;
        for (size_t j = 0; j < dim; j++) target[j] += q[j];
        count += 1.0F;
    }
    for (size_t j = 0; j < dim; j++) squares += target[j] * target[j];
    const float length = rescaled ? sqrtf(squares) : count, scale = length > 0.0F ? 1.0F / length : 0.0F;
    for (size_t j = 0; j < dim; j++) target[j] *= scale;
}

double wn_agreement(const wn_loss_input *in, const float *targets, size_t target_views, bool rescaled, float *dz)
{
    const size_t rows = in->images * in->views, dim = in->p_dim;
    double sum = 0.0;
    memset(dz, 0, rows * in->dim * sizeof *dz);
    for (size_t r = 0; r < rows; r++) {
        const float *p = in->p + r * dim;
        float *dp = in->dp + r * dim, dot = 0.0F;
        mean_target(in, targets, target_views, r % in->images, r / in->images, rescaled, dp);
        for (size_t j = 0; j < dim; j++) {
            dot += p[j] * dp[j];
            dp[j] *= -1.0F / (float)rows;
        }
        sum += 1.0 - (double)dot;
    }
    return sum / (double)rows;
}
