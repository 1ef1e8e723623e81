/* SPDX-License-Identifier: Apache-2.0
 *
 * VICReg (Bardes et al. 2022) over several views: views of an image agree (variance of its V rows), each dimension
 * keeps a deviation of 1 over the images of a view, and dimensions of a view are uncorrelated:
 *
 *     loss = invariance * 2 / (V - 1) * sum_v mean |z_v - mean over views|^2
 *          + variance * mean over views and dimensions of max(0, 1 - deviation)
 *          + covariance * 2 * mean over views of (sum of squares off the diagonal of the covariance) / dim
 *
 * For two views and weights 25, 25, 1 this is the loss of the paper; the weights here are those over 25. It needs no
 * pairs of images, so its cost grows with the batch only.
 */
#include <math.h>

#include "pretrain/method.h"

typedef struct params {
    double invariance, variance, covariance;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "invariance", "weight of the agreement of views", offsetof(params, invariance), 0, 1e4, "1", NULL,
     "W", 0},
    {WN_OPTION_REAL, "variance", "weight of the spread of each dimension", offsetof(params, variance), 0, 1e4, "1",
     NULL, "W", 0},
    {WN_OPTION_REAL, "covariance", "weight of the decorrelation", offsetof(params, covariance), 0, 1e4, "0.04", NULL,
     "W", 0},
    {0},
};

static const wn_mlp_layer projector[] = {{256, WN_ACTIVATION_RELU, true, false},
                                         {256, WN_ACTIVATION_NONE, false, true}};

static const double variance_floor = 1e-4;

typedef struct work {
    const wn_loss_input *input;
    const params *p;
    float *means;    /* images x dim: mean over the views */
    float *per_view; /* views x floats_per_view */
    size_t floats_per_view;
    double *losses; /* views */
    float *dz;
} work;

/* centred and transposed: images x dim each; covariance: dim x dim; panels for either product; gains: dim. */
static size_t view_floats(size_t images, size_t dim)
{
    size_t wide = images > dim ? images : dim;
    return 2 * images * dim + dim * dim + wn_tile_padded(dim) * wide + dim;
}

static size_t scratch_floats(const void *context, size_t images, size_t views, size_t dim)
{
    (void)context;
    return images * dim + views * view_floats(images, dim) + 2 * views;
}

/* Variance and covariance terms of one view, given its centred rows; adds their gradient to dz. */
static double spread_loss(const work *w, const float *centred, float *dz, float *space)
{
    const wn_loss_input *in = w->input;
    const size_t n = in->images, dim = in->dim;
    float *transposed = space, *covariance = transposed + n * dim, *panels = covariance + dim * dim;
    const double views = (double)in->views, freedom = (double)(n - 1);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < dim; j++) transposed[j * n + i] = centred[i * dim + j];
    }
    in->kernels->pack_f32(transposed, n, NULL, dim, n, panels, NULL);
    wn_tile_f32 product = {.rows = transposed, .stride = n, .m = dim, .dim = n, .panels = panels, .n = dim};
    in->kernels->dot_f32(&product, covariance, dim);

    double hinge = 0.0, squares = 0.0;
    const double covariance_gain = w->p->covariance * 8.0 / (views * (double)dim * freedom);
    for (size_t i = 0; i < dim; i++) {
        float *row = covariance + i * dim;
        double deviation = sqrt((double)row[i] / freedom + variance_floor);
        for (size_t j = 0; j < dim; j++) {
            double value = i == j ? 0.0 : (double)row[j] / freedom;
            squares += value * value;
            row[j] = (float)(value * covariance_gain);
        }
        if (deviation < 1.0) {
            hinge += 1.0 - deviation;
            row[i] = (float)(-w->p->variance / (views * (double)dim * freedom * deviation));
        }
    }
    /* Both gradients are one product with the centred rows; the mean's own share cancels, as these sum to 0. */
    in->kernels->pack_f32(covariance, dim, NULL, dim, dim, panels, NULL);
    wn_tile_f32 back = {.rows = centred, .stride = dim, .m = n, .dim = dim, .panels = panels, .n = dim};
    in->kernels->dot_f32(&back, transposed, dim);
    for (size_t i = 0; i < n * dim; i++) dz[i] += transposed[i];
    return (w->p->variance * hinge + w->p->covariance * 2.0 * squares) / (views * (double)dim);
}

static void view_loss(void *context, size_t begin, size_t end, unsigned worker)
{
    const work *w = context;
    const wn_loss_input *in = w->input;
    const size_t n = in->images, dim = in->dim;
    (void)worker;
    for (size_t v = begin; v < end; v++) {
        const float *z = in->z + v * n * dim;
        float *centred = w->per_view + v * w->floats_per_view, *dz = w->dz + v * n * dim;
        double gain = w->p->invariance * 2.0 / ((double)(in->views - 1) * (double)(n * dim)), distance = 0.0;
        for (size_t i = 0; i < n * dim; i++) {
            float apart = z[i] - w->means[i];
            distance += (double)apart * (double)apart;
            dz[i] = (float)(2.0 * gain) * apart;
        }
        for (size_t j = 0; j < dim; j++) {
            double mean = 0.0;
            for (size_t i = 0; i < n; i++) mean += (double)z[i * dim + j];
            mean /= (double)n;
            for (size_t i = 0; i < n; i++) centred[i * dim + j] = z[i * dim + j] - (float)mean;
        }
        w->losses[v] = gain * distance + spread_loss(w, centred, dz, centred + n * dim);
    }
}

static double loss(const void *context, const wn_loss_input *input, float *dz)
{
    const size_t cells = input->images * input->dim;
    work w = {.input = input, .p = context, .dz = dz, .floats_per_view = view_floats(input->images, input->dim)};
    w.losses = (double *)(void *)input->scratch;
    w.means = input->scratch + 2 * input->views;
    w.per_view = w.means + cells;
    for (size_t i = 0; i < cells; i++) {
        float sum = 0.0F;
        for (size_t v = 0; v < input->views; v++) sum += input->z[v * cells + i];
        w.means[i] = sum / (float)input->views;
    }
    wn_pool_for(input->pool, input->views, 1, view_loss, &w);
    double sum = 0.0;
    for (size_t v = 0; v < input->views; v++) sum += w.losses[v];
    return sum;
}

const wn_method wn_method_vicreg = {
    .name = "vicreg",
    .summary = "variance, invariance and covariance; needs no pairs of images",
    .advice =
        "Needs neither negatives nor a teacher; steady from the first minutes, and fine with batches of 64 and up.",
    .options = options,
    .params_size = sizeof(params),
    .views = 4,
    .small_views = 0,
    .unit = false,
    .projector = projector,
    .projector_len = sizeof projector / sizeof projector[0],
    .scratch = scratch_floats,
    .loss = loss,
};
