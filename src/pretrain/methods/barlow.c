/* SPDX-License-Identifier: Apache-2.0
 *
 * Barlow Twins (Zbontar et al. 2021): the cross-correlation matrix C of two views, each dimension standardised over the
 * images, becomes the unit matrix:
 *
 *     loss = mean over pairs of views of (sum_i (1 - C_ii)^2 + lambda sum_{i != j} C_ij^2) / dim
 */
#include <math.h>
#include <string.h>

#include "pretrain/method.h"
#include "pretrain/product.h"

typedef struct params {
    double lambda;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "lambda", "weight of the decorrelation", offsetof(params, lambda), 0, 10, "0.005", NULL, "L", 0},
    {0},
};

static const wn_mlp_layer projector[] = {{256, WN_ACTIVATION_RELU, true, false},
                                         {256, WN_ACTIVATION_NONE, false, true}};

static const double variance_floor = 1e-5;

typedef struct work {
    const wn_loss_input *input;
    double lambda;
    float *standard;   /* views x (dim x images): standardised, transposed */
    float *deviations; /* views x dim */
    float *slopes;     /* views x (dim x images): d loss / d standard */
    float *correlation, *product, *panels;
} work;

static size_t panel_floats(size_t images, size_t dim)
{
    size_t by_images = wn_product_panels(dim, images), by_dim = wn_product_panels(images, dim);
    return by_images > by_dim ? by_images : by_dim;
}

static size_t scratch_floats(const void *context, size_t images, size_t views, size_t dim)
{
    (void)context;
    return 2 * views * dim * images + views * dim + 2 * dim * dim + 2 * dim * images + panel_floats(images, dim);
}

static void standardise(const work *w)
{
    const wn_loss_input *in = w->input;
    for (size_t v = 0; v < in->views; v++) {
        for (size_t j = 0; j < in->dim; j++) {
            const float *z = in->z + v * in->images * in->dim + j;
            float *out = w->standard + (v * in->dim + j) * in->images;
            double mean = 0.0, variance = 0.0;
            for (size_t i = 0; i < in->images; i++) mean += (double)z[i * in->dim];
            mean /= (double)in->images;
            for (size_t i = 0; i < in->images; i++) variance += pow((double)z[i * in->dim] - mean, 2);
            const double deviation = sqrt(variance / (double)in->images + variance_floor);
            for (size_t i = 0; i < in->images; i++) out[i] = (float)(((double)z[i * in->dim] - mean) / deviation);
            w->deviations[v * in->dim + j] = (float)deviation;
        }
    }
}

/* slopes (dim x images) += matrix (dim x dim) times other (dim x images). */
static void add_slopes(const work *w, const float *matrix, const float *other, float *slopes)
{
    const wn_loss_input *in = w->input;
    const size_t cells = in->dim * in->images;
    float *transposed = w->product, *out = transposed + cells;
    wn_transpose(other, in->dim, in->images, in->images, transposed);
    wn_product(in->kernels, in->pool, matrix, in->dim, transposed, in->images, in->dim, w->panels, out, in->images);
    for (size_t i = 0; i < cells; i++) slopes[i] += out[i];
}

/* The loss of one pair; adds to the slopes of both. */
static double pair_loss(const work *w, size_t a, size_t b, double weight)
{
    const wn_loss_input *in = w->input;
    const size_t dim = in->dim, cells = dim * in->images;
    const float *one = w->standard + a * cells, *other = w->standard + b * cells;
    float *c = w->correlation, *flipped = c + dim * dim;
    double sum = 0.0;
    wn_product(in->kernels, in->pool, one, dim, other, dim, in->images, w->panels, c, dim);
    for (size_t i = 0; i < dim; i++) {
        for (size_t j = 0; j < dim; j++) {
            const double value = (double)c[i * dim + j] / (double)in->images, off = i == j ? value - 1.0 : value;
            const double gain = i == j ? 1.0 : w->lambda;
            sum += gain * off * off;
            c[i * dim + j] = (float)(weight * 2.0 * gain * off / (double)in->images);
        }
    }
    add_slopes(w, c, other, w->slopes + a * cells);
    wn_transpose(c, dim, dim, dim, flipped);
    add_slopes(w, flipped, one, w->slopes + b * cells);
    return weight * sum;
}

/* dz from the slopes: the derivative of standardising. */
static void unstandardise(const work *w, float *dz)
{
    const wn_loss_input *in = w->input;
    const double n = (double)in->images;
    for (size_t v = 0; v < in->views; v++) {
        for (size_t j = 0; j < in->dim; j++) {
            const size_t row = (v * in->dim + j) * in->images;
            const float *x = w->standard + row, *g = w->slopes + row;
            double mean = 0.0, along = 0.0;
            for (size_t i = 0; i < in->images; i++) {
                mean += (double)g[i] / n;
                along += (double)g[i] * (double)x[i] / n;
            }
            for (size_t i = 0; i < in->images; i++) {
                dz[(v * in->images + i) * in->dim + j] =
                    (float)(((double)g[i] - mean - along * (double)x[i]) / (double)w->deviations[v * in->dim + j]);
            }
        }
    }
}

static double loss(const void *context, const wn_loss_input *input, float *dz)
{
    const params *p = context;
    const size_t cells = input->dim * input->images, views = input->views;
    const double weight = 2.0 / ((double)(views * (views - 1)) * (double)input->dim);
    work w = {.input = input, .lambda = p->lambda, .standard = input->scratch};
    w.slopes = w.standard + views * cells;
    w.deviations = w.slopes + views * cells;
    w.correlation = w.deviations + views * input->dim;
    w.product = w.correlation + 2 * input->dim * input->dim;
    w.panels = w.product + 2 * cells;
    standardise(&w);
    memset(w.slopes, 0, views * cells * sizeof *w.slopes);
    double sum = 0.0;
    for (size_t a = 0; a < views; a++) {
        for (size_t b = a + 1; b < views; b++) sum += pair_loss(&w, a, b, weight);
    }
    unstandardise(&w, dz);
    return sum;
}

const wn_method wn_method_barlow = {
    .name = "barlow",
    .summary = "Barlow Twins: views correlate, dimensions do not",
    .advice = "Needs neither negatives nor a teacher; slower to settle than vicreg, but without its three weights.",
    .options = options,
    .params_size = sizeof(params),
    .views = 2,
    .small_views = 0,
    .unit = false,
    .projector = projector,
    .projector_len = sizeof projector / sizeof projector[0],
    .scratch = scratch_floats,
    .loss = loss,
};
