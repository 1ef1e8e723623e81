/* SPDX-License-Identifier: Apache-2.0
 *
 * s is symmetric, so the gradient is one more matrix product: with A_r = d loss_r / d D_r and G_rp = d loss_r / d s_rp,
 *
 *     dz_r = (sum_n exp(s_rn) (A_r + A_n) z_n + sum_p (G_rp + G_pr) z_p) / (rows * temperature)
 */
#include "pretrain/contrast.h"

#include <math.h>

#include "pretrain/product.h"

enum { ROWS_PER_CHUNK = 32 };

typedef struct contrast_work {
    const wn_loss_input *input;
    wn_contrast_kind kind;
    size_t rows, padded; /* padded: row length of e, a multiple of the tile's width */
    float gain;          /* 1 / temperature */
    float *panels;       /* z as centres, then z transposed as centres */
    float *transposed;   /* dim x rows */
    float *e;            /* rows x padded: exp(s - gain), 0 for rows of the same image */
    float *cosines;      /* rows x views: to the other views of the image; then G */
    float *pushes;       /* rows: A */
    float *weights;      /* rows x views: w */
    float *losses;       /* rows */
    float *dz;
} contrast_work;

size_t wn_contrast_scratch(const void *params, size_t images, size_t views, size_t dim)
{
    (void)params;
    size_t rows = images * views, padded = wn_tile_padded(rows);
    size_t panels = padded * dim, panels_transposed = wn_tile_padded(dim) * rows;
    return (panels > panels_transposed ? panels : panels_transposed) + dim * rows + rows * padded + 2 * rows +
           2 * rows * views;
}

/* Similarities of some rows to all: e, and the cosines of the positive pairs. */
static void compare_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const contrast_work *w = context;
    const wn_loss_input *in = w->input;
    (void)worker;
    wn_tile_f32 tile = {.rows = in->z + begin * in->dim,
                        .stride = in->dim,
                        .m = end - begin,
                        .dim = in->dim,
                        .panels = w->panels,
                        .n = w->rows};
    in->kernels->dot_f32(&tile, w->e + begin * w->padded, w->padded);
    for (size_t r = begin; r < end; r++) {
        float *restrict e = w->e + r * w->padded;
        for (size_t v = 0; v < in->views; v++) w->cosines[r * in->views + v] = e[v * in->images + r % in->images];
        for (size_t c = 0; c < w->rows; c++) e[c] = wn_exp_negative((e[c] - 1.0F) * w->gain);
        for (size_t c = r % in->images; c < w->rows; c += in->images) e[c] = 0.0F;
    }
}

/* w of each pair of views, from the mean over the images. */
static void weigh_pairs(const contrast_work *w, double sigma)
{
    const size_t images = w->input->images, views = w->input->views;
    for (size_t a = 0; a < views; a++) {
        for (size_t b = 0; b < views; b++) {
            double mean = 0.0;
            for (size_t i = 0; i < images; i++) {
                mean += exp((double)w->cosines[(a * images + i) * views + b] / sigma) / (double)images;
            }
            for (size_t i = 0; i < images; i++) {
                size_t at = (a * images + i) * views + b;
                w->weights[at] = (float)(2.0 - exp((double)w->cosines[at] / sigma) / mean);
            }
        }
    }
}

/* Loss, A and G of each row; G takes the place of the cosines. */
static void sum_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const contrast_work *w = context;
    const wn_loss_input *in = w->input;
    const float share = 1.0F / (float)(in->views - 1);
    (void)worker;
    for (size_t r = begin; r < end; r++) {
        const float *restrict e = w->e + r * w->padded;
        float sum = 0.0F, push = 0.0F, loss = 0.0F;
        for (size_t c = 0; c < w->rows; c++) sum += e[c];
        for (size_t v = 0; v < in->views; v++) {
            float *at = &w->cosines[r * in->views + v];
            if (v == r / in->images) continue;
            const float s = *at * w->gain, own = w->kind == WN_CONTRAST_NTXENT ? wn_exp_negative(s - w->gain) : 0.0F;
            const float weight = w->kind == WN_CONTRAST_WEIGHTED ? w->weights[r * in->views + v] : 1.0F;
            loss += share * (logf(sum + own) + w->gain - weight * s);
            push += share / (sum + own);
            *at = share * (own / (sum + own) - weight);
        }
        w->pushes[r] = push;
        w->losses[r] = loss;
    }
}

/* dz of some rows; e of these rows becomes the weight of each other row. */
static void pull_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const contrast_work *w = context;
    const wn_loss_input *in = w->input;
    const float scale = w->gain / (float)w->rows;
    (void)worker;
    for (size_t r = begin; r < end; r++) {
        float *restrict e = w->e + r * w->padded;
        const float *restrict pushes = w->pushes, own = pushes[r];
        const size_t image = r % in->images, view = r / in->images;
        for (size_t c = 0; c < w->rows; c++) e[c] *= scale * (own + pushes[c]);
        for (size_t v = 0; v < in->views; v++) {
            const size_t c = v * in->images + image;
            e[c] = v == view ? 0.0F : scale * (w->cosines[r * in->views + v] + w->cosines[c * in->views + view]);
        }
    }
    wn_tile_f32 tile = {.rows = w->e + begin * w->padded,
                        .stride = w->padded,
                        .m = end - begin,
                        .dim = w->rows,
                        .panels = w->panels,
                        .n = in->dim};
    in->kernels->dot_f32(&tile, w->dz + begin * in->dim, in->dim);
}

double wn_contrast(wn_contrast_kind kind, double temperature, double sigma, const wn_loss_input *input, float *dz)
{
    const size_t rows = input->images * input->views, dim = input->dim, padded = wn_tile_padded(rows);
    contrast_work w = {
        .input = input, .kind = kind, .rows = rows, .padded = padded, .gain = (float)(1.0 / temperature)};
    w.dz = dz;
    w.e = input->scratch;
    w.transposed = w.e + rows * padded;
    w.pushes = w.transposed + dim * rows;
    w.losses = w.pushes + rows;
    w.cosines = w.losses + rows;
    w.weights = w.cosines + rows * input->views;
    w.panels = w.weights + rows * input->views;

    input->kernels->pack_f32(input->z, dim, NULL, rows, dim, w.panels, NULL);
    wn_pool_for(input->pool, rows, ROWS_PER_CHUNK, compare_rows, &w);
    if (kind == WN_CONTRAST_WEIGHTED) weigh_pairs(&w, sigma);
    wn_pool_for(input->pool, rows, ROWS_PER_CHUNK, sum_rows, &w);
    wn_transpose(input->z, rows, dim, dim, w.transposed);
    input->kernels->pack_f32(w.transposed, rows, NULL, dim, rows, w.panels, NULL);
    wn_pool_for(input->pool, rows, ROWS_PER_CHUNK, pull_rows, &w);

    double sum = 0.0;
    for (size_t r = 0; r < rows; r++) sum += (double)w.losses[r];
    return sum / (double)rows;
}
