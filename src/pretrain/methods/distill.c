/* SPDX-License-Identifier: Apache-2.0
 *
 * Distillation: every view of an image shall say what a teacher says about the image. With unit rows z of n views and
 * unit targets t of their images,
 *
 *     loss = mean over r of (1 - z_r . t_r) + relations * mean over r != s of (z_r . z_s - t_r . t_s)^2
 *
 * The first part copies directions (Romero et al. 2015), the second the similarities between images (Tung and Mori
 * 2019), whatever the directions. Views of one image have similarity 1, so the second part also pulls them together.
 * The product is symmetric in r and s, so with d_rs = z_r . z_s - t_r . t_s
 *
 *     dz_r = -t_r / n + 4 relations / (n (n - 1)) sum over s != r of d_rs z_s
 */
#include "pretrain/method.h"

typedef struct params {
    double relations;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "relations", "weight of the similarities between images", offsetof(params, relations), 0, 1000,
     "2", NULL, "W", 0},
    {0},
};

static const wn_mlp_layer projector[] = {{128, WN_ACTIVATION_NONE, false, true}};

enum { ROWS_PER_CHUNK = 32 };

typedef struct work {
    const wn_loss_input *input;
    size_t rows, padded, padded_images; /* padded: row length of d, a multiple of the tile's width */
    float *panels, *target_panels;
    float *transposed;       /* dim x rows */
    float *d;                /* rows x padded */
    float *known;            /* images x padded_images: similarities of the targets */
    float *losses, *squares; /* rows: 1 - z . t, and the sum of d^2 */
    float factor, scale;     /* 4 relations / (n (n - 1)), 1 / n */
    float *dz;
} work;

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t scratch_floats(const void *context, size_t images, size_t views, size_t dim)
{
    (void)context;
    size_t rows = images * views, padded = wn_tile_padded(rows), padded_images = wn_tile_padded(images);
    size_t panels = most(padded * dim, wn_tile_padded(dim) * rows);
    return panels + padded_images * dim + dim * rows + rows * padded + images * padded_images + 2 * rows;
}

static void compare_targets(void *context, size_t begin, size_t end, unsigned worker)
{
    const work *w = context;
    const wn_loss_input *in = w->input;
    (void)worker;
    wn_tile_f32 tile = {.rows = in->targets + begin * in->dim,
                        .stride = in->dim,
                        .m = end - begin,
                        .dim = in->dim,
                        .panels = w->target_panels,
                        .n = in->images};
    in->kernels->dot_f32(&tile, w->known + begin * w->padded_images, w->padded_images);
}

/* d of some rows, and their losses. */
static void compare_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const work *w = context;
    const wn_loss_input *in = w->input;
    (void)worker;
    wn_tile_f32 tile = {.rows = in->z + begin * in->dim,
                        .stride = in->dim,
                        .m = end - begin,
                        .dim = in->dim,
                        .panels = w->panels,
                        .n = w->rows};
    in->kernels->dot_f32(&tile, w->d + begin * w->padded, w->padded);
    for (size_t r = begin; r < end; r++) {
        float *restrict d = w->d + r * w->padded, sum = 0.0F, agreement = 0.0F;
        const float *restrict known = w->known + r % in->images * w->padded_images;
        for (size_t first = 0; first < w->rows; first += in->images) {
            for (size_t i = 0; i < in->images; i++) d[first + i] -= known[i];
        }
        d[r] = 0.0F;
        for (size_t s = 0; s < w->rows; s++) sum += d[s] * d[s];
        for (size_t s = 0; s < w->rows; s++) d[s] *= w->factor;
        const float *z = in->z + r * in->dim, *t = in->targets + r % in->images * in->dim;
        for (size_t j = 0; j < in->dim; j++) agreement += z[j] * t[j];
        w->losses[r] = 1.0F - agreement;
        w->squares[r] = sum;
    }
}

static void pull_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const work *w = context;
    const wn_loss_input *in = w->input;
    (void)worker;
    wn_tile_f32 tile = {.rows = w->d + begin * w->padded,
                        .stride = w->padded,
                        .m = end - begin,
                        .dim = w->rows,
                        .panels = w->panels,
                        .n = in->dim};
    in->kernels->dot_f32(&tile, w->dz + begin * in->dim, in->dim);
    for (size_t r = begin; r < end; r++) {
        const float *t = in->targets + r % in->images * in->dim;
        for (size_t j = 0; j < in->dim; j++) w->dz[r * in->dim + j] -= w->scale * t[j];
    }
}

static double loss(const void *context, const wn_loss_input *input, float *dz)
{
    const params *p = context;
    const size_t rows = input->images * input->views, dim = input->dim;
    const double pairs = (double)rows * ((double)rows - 1.0);
    work w = {.input = input,
              .rows = rows,
              .padded = wn_tile_padded(rows),
              .padded_images = wn_tile_padded(input->images),
              .factor = (float)(4.0 * p->relations / pairs),
              .scale = 1.0F / (float)rows,
              .dz = dz};
    w.d = input->scratch;
    w.known = w.d + rows * w.padded;
    w.transposed = w.known + input->images * w.padded_images;
    w.losses = w.transposed + dim * rows;
    w.squares = w.losses + rows;
    w.target_panels = w.squares + rows;
    w.panels = w.target_panels + w.padded_images * dim;

    input->kernels->pack_f32(input->targets, dim, NULL, input->images, dim, w.target_panels, NULL);
    wn_pool_for(input->pool, input->images, ROWS_PER_CHUNK, compare_targets, &w);
    input->kernels->pack_f32(input->z, dim, NULL, rows, dim, w.panels, NULL);
    wn_pool_for(input->pool, rows, ROWS_PER_CHUNK, compare_rows, &w);
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < dim; j++) w.transposed[j * rows + r] = input->z[r * dim + j];
    }
    input->kernels->pack_f32(w.transposed, rows, NULL, dim, rows, w.panels, NULL);
    wn_pool_for(input->pool, rows, ROWS_PER_CHUNK, pull_rows, &w);

    double directions = 0.0, relations = 0.0;
    for (size_t r = 0; r < rows; r++) {
        directions += (double)w.losses[r];
        relations += (double)w.squares[r];
    }
    return directions / (double)rows + p->relations * relations / pairs;
}

const wn_method wn_method_distill = {
    .name = "distill",
    .summary = "a student that says what another model says (--teacher MODEL)",
    .advice = "When there is a better, slower model (--teacher MODEL), or its embeddings of the same images (--teacher "
              "E.npy).",
    .options = options,
    .params_size = sizeof(params),
    .views = 1,
    .small_views = 0,
    .views_least = 1,
    .taught = true,
    .axes_keep = 1.0,
    .unit = true,
    .projector = projector,
    .projector_len = sizeof projector / sizeof projector[0],
    .scratch = scratch_floats,
    .loss = loss,
};
