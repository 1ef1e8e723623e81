/* SPDX-License-Identifier: Apache-2.0
 *
 * EMP-SSL (Tong et al. 2023): many views of an image agree with their mean, while the images of each view fill the
 * space, measured by the total coding rate (Yu et al. 2020). With unit rows z, m_i the mean of z over the views of
 * image i, and Z_v the images x dim rows of view v:
 *
 *     loss = -mean over i of |m_i|  -  rate * mean over v of  1/2 log det(I + dim / (images epsilon) Z_v' Z_v)
 *
 * |m_i| is the mean cosine of the views to their mean. d/dZ of the rate is dim / (images epsilon) Z (I + ...)^-1.
 */
#include <math.h>
#include <string.h>

#include "pretrain/method.h"
#include "pretrain/product.h"

typedef struct params {
    double rate, epsilon;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "rate", "weight of the coding rate", offsetof(params, rate), 0, 100, "0.01", NULL, "W", 0},
    {WN_OPTION_REAL, "epsilon", "distortion of the coding rate", offsetof(params, epsilon), 1e-3, 100, "0.2", NULL, "E",
     0},
    {0},
};

enum { WIDTH = 64 };

static const wn_mlp_layer projector[] = {{256, WN_ACTIVATION_RELU, true, false},
                                         {WIDTH, WN_ACTIVATION_NONE, false, true}};

static size_t view_floats(size_t images, size_t dim)
{
    size_t gram = wn_product_panels(dim, images), back = wn_product_panels(dim, dim);
    size_t floats = images * dim + (gram > back ? gram : back) + 5 * dim * dim;
    return (floats + 15) / 16 * 16; /* doubles come first */
}

static size_t scratch_floats(const void *context, size_t images, size_t views, size_t dim)
{
    (void)context;
    return views * view_floats(images, dim) + 2 * views + images * dim;
}

/* Cholesky of the symmetric n x n matrix; then `inverse`. Returns log det. The matrix is I + a Gram matrix, so it is
 * positive definite; NaN goes through. */
static double invert(double *a, size_t n, double *inverse)
{
    double log_det = 0.0;
    for (size_t j = 0; j < n; j++) {
        for (size_t k = 0; k < j; k++) {
            const double factor = a[j * n + k];
            for (size_t i = j; i < n; i++) a[i * n + j] -= a[i * n + k] * factor;
        }
        const double root = sqrt(a[j * n + j]);
        log_det += 2.0 * log(root);
        for (size_t i = j; i < n; i++) a[i * n + j] /= root;
    }
    for (size_t c = 0; c < n; c++) { /* columns of the inverse: L y = e_c, then L' x = y */
        double *x = inverse + c * n;
        for (size_t i = 0; i < n; i++) {
            double sum = i == c ? 1.0 : 0.0;
            for (size_t k = c; k < i; k++) sum -= a[i * n + k] * x[k];
            x[i] = i < c ? 0.0 : sum / a[i * n + i];
        }
        for (size_t i = n; i-- > 0;) {
            double sum = x[i];
            for (size_t k = i + 1; k < n; k++) sum -= a[k * n + i] * x[k];
            x[i] = sum / a[i * n + i];
        }
    }
    return log_det;
}

typedef struct work {
    const wn_loss_input *in;
    const params *p;
    float *room;
    double *rates; /* of each view */
    float *dz;
} work;

/* The coding rate of some views; overwrites their dz with its gradient times the weight. */
static void code_views(void *context, size_t begin, size_t end, unsigned worker)
{
    const work *w = context;
    const wn_loss_input *in = w->in;
    const size_t n = in->images, dim = in->dim;
    const double gain = (double)dim / ((double)n * w->p->epsilon), weight = w->p->rate / (double)in->views;
    (void)worker;
    for (size_t v = begin; v < end; v++) {
        const float *z = in->z + v * n * dim;
        double *matrix = (double *)(void *)(w->room + v * view_floats(n, dim)), *inverse = matrix + dim * dim;
        float *transposed = (float *)(void *)(inverse + dim * dim), *gram = transposed + n * dim;
        float *panels = gram + dim * dim;
        wn_transpose(z, n, dim, dim, transposed);
        wn_product(in->kernels, NULL, transposed, dim, transposed, dim, n, panels, gram, dim);
        for (size_t i = 0; i < dim * dim; i++) {
            matrix[i] = gain * (double)gram[i] + (i / dim == i % dim ? 1.0 : 0.0);
        }
        w->rates[v] = 0.5 * invert(matrix, dim, inverse);
        for (size_t i = 0; i < dim * dim; i++) gram[i] = (float)(-weight * gain * inverse[i]);
        wn_product(in->kernels, NULL, z, n, gram, dim, dim, panels, w->dz + v * n * dim, dim);
    }
}

/* Adds the agreement of the views of each image. */
static double agree(const wn_loss_input *in, float *mean, float *dz)
{
    const size_t dim = in->dim, cells = in->images * dim;
    double sum = 0.0;
    for (size_t i = 0; i < in->images; i++) {
        float *m = mean + i * dim;
        double squares = 0.0;
        memset(m, 0, dim * sizeof *m);
        for (size_t v = 0; v < in->views; v++) {
            for (size_t j = 0; j < dim; j++) m[j] += in->z[v * cells + i * dim + j] / (float)in->views;
        }
        for (size_t j = 0; j < dim; j++) squares += (double)m[j] * (double)m[j];
        const double length = sqrt(squares);
        const float slope = length > 0.0 ? (float)(-1.0 / (length * (double)(in->views * in->images))) : 0.0F;
        for (size_t v = 0; v < in->views; v++) {
            for (size_t j = 0; j < dim; j++) dz[v * cells + i * dim + j] += slope * m[j];
        }
        sum += length / (double)in->images;
    }
    return sum;
}

static double loss(const void *context, const wn_loss_input *in, float *dz)
{
    const params *p = context;
    work w = {.in = in, .p = p, .dz = dz, .room = in->scratch};
    float *rest = in->scratch + in->views * view_floats(in->images, in->dim);
    w.rates = (double *)(void *)rest;
    wn_pool_for(in->pool, in->views, 1, code_views, &w);
    double sum = -agree(in, rest + 2 * in->views, dz);
    for (size_t v = 0; v < in->views; v++) sum -= p->rate * w.rates[v] / (double)in->views;
    return sum;
}

const wn_method wn_method_emp = {
    .name = "emp",
    .summary = "many views of an image agree, images fill the space",
    .advice = "For one to ten passes over the images: many views make each pass worth more. Slow per image.",
    .options = options,
    .params_size = sizeof(params),
    .views = 8,
    .small_views = 0,
    .unit = true,
    .projector = projector,
    .projector_len = sizeof projector / sizeof projector[0],
    .scratch = scratch_floats,
    .loss = loss,
};
