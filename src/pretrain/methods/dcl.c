/* SPDX-License-Identifier: Apache-2.0
 *
 * Decoupled contrastive learning (Yeh et al. 2022) over several views. With unit rows z, s = z.z' / temperature, for
 * each row r with V - 1 other views p of its image and the rows n of all other images:
 *
 *     loss = mean over r of  log sum_n exp(s_rn) - (mean over p of s_rp)
 *
 * The positive pair is not in the sum, which is what makes small batches work. s is symmetric, so with
 * D_r = sum_n exp(s_rn) the gradient is one more matrix product:
 *
 *     dz_r = (sum_n exp(s_rn) (1/D_r + 1/D_n) z_n - 2 / (V - 1) sum_p z_p) / (rows * temperature)
 */
#include <math.h>

#include "pretrain/method.h"

typedef struct params {
    double temperature;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "temperature", "how sharply near negatives are pushed away", offsetof(params, temperature), 0.05,
     10, "0.1", NULL, "T", 0},
    {0},
};

static const wn_mlp_layer projector[] = {{256, WN_ACTIVATION_RELU, true, false}, {64, WN_ACTIVATION_NONE, false, true}};

enum { ROWS_PER_CHUNK = 32 };

typedef struct work {
    const wn_loss_input *input;
    size_t rows, padded; /* padded: row length of e, a multiple of the tile's width */
    float inverse_temperature;
    float *panels;       /* z as centres, then z transposed as centres */
    float *transposed;   /* dim x rows */
    float *e;            /* rows x padded: exp(s - 1 / temperature), 0 for rows of the same image */
    float *inverse_sums; /* rows: 1 / D */
    float *losses;       /* rows */
    float *dz;
} work;

static size_t scratch_floats(size_t images, size_t views, size_t dim)
{
    size_t rows = images * views, padded = wn_tile_padded(rows);
    size_t panels = padded * dim, panels_transposed = wn_tile_padded(dim) * rows;
    return (panels > panels_transposed ? panels : panels_transposed) + dim * rows + rows * padded + 2 * rows;
}

/* exp(x) for x up to about 0, relative error below 1e-6; plain arithmetic, so that loops vectorise. */
static inline float exp_negative(float x)
{
    x = x > -80.0F ? x : -80.0F;
    int n = (int)(x * 1.44269504F - 0.5F);
    float r = (x - (float)n * 0.693359375F) + (float)n * 2.12194440e-4F;
    float p = 1.9875691500e-4F;
    p = p * r + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = p * r * r + r + 1.0F;
    union {
        int bits;
        float value;
    } power = {(n + 127) << 23};
    return p * power.value;
}

/* Similarities of some rows to all: e, 1 / D and the loss of each row. */
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
    in->kernels->dot_f32(&tile, w->e + begin * w->padded, w->padded);
    for (size_t r = begin; r < end; r++) {
        float *restrict e = w->e + r * w->padded, positive = 0.0F, sum = 0.0F;
        const float scale = w->inverse_temperature;
        for (size_t c = r % in->images; c < w->rows; c += in->images) {
            if (c != r) positive += e[c];
        }
        for (size_t c = 0; c < w->rows; c++) e[c] = exp_negative((e[c] - 1.0F) * scale);
        for (size_t c = r % in->images; c < w->rows; c += in->images) e[c] = 0.0F;
        for (size_t c = 0; c < w->rows; c++) sum += e[c];
        w->inverse_sums[r] = 1.0F / sum;
        w->losses[r] = logf(sum) + scale - scale * positive / (float)(in->views - 1);
    }
}

/* dz of some rows from e and all sums; e of these rows becomes the weight of each other row. */
static void pull_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const work *w = context;
    const wn_loss_input *in = w->input;
    const float scale = w->inverse_temperature / (float)w->rows, pull = -2.0F / (float)(in->views - 1);
    (void)worker;
    for (size_t r = begin; r < end; r++) {
        float *restrict e = w->e + r * w->padded;
        const float *restrict inverse_sums = w->inverse_sums, own = inverse_sums[r];
        for (size_t c = 0; c < w->rows; c++) e[c] *= scale * (own + inverse_sums[c]);
        for (size_t c = r % in->images; c < w->rows; c += in->images) e[c] = c == r ? 0.0F : scale * pull;
    }
    wn_tile_f32 tile = {.rows = w->e + begin * w->padded,
                        .stride = w->padded,
                        .m = end - begin,
                        .dim = w->rows,
                        .panels = w->panels,
                        .n = in->dim};
    in->kernels->dot_f32(&tile, w->dz + begin * in->dim, in->dim);
}

static double loss(const void *context, const wn_loss_input *input, float *dz)
{
    const params *p = context;
    const size_t rows = input->images * input->views, dim = input->dim, padded = wn_tile_padded(rows);
    work w = {.input = input, .rows = rows, .padded = padded, .inverse_temperature = (float)(1.0 / p->temperature)};
    w.dz = dz;
    w.e = input->scratch;
    w.transposed = w.e + rows * padded;
    w.inverse_sums = w.transposed + dim * rows;
    w.losses = w.inverse_sums + rows;
    w.panels = w.losses + rows;

    input->kernels->pack_f32(input->z, dim, NULL, rows, dim, w.panels, NULL);
    wn_pool_for(input->pool, rows, ROWS_PER_CHUNK, compare_rows, &w);
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < dim; j++) w.transposed[j * rows + r] = input->z[r * dim + j];
    }
    input->kernels->pack_f32(w.transposed, rows, NULL, dim, rows, w.panels, NULL);
    wn_pool_for(input->pool, rows, ROWS_PER_CHUNK, pull_rows, &w);

    double sum = 0.0;
    for (size_t r = 0; r < rows; r++) sum += (double)w.losses[r];
    return sum / (double)rows;
}

const wn_method wn_method_dcl = {
    .name = "dcl",
    .summary = "decoupled contrastive learning over several views",
    .options = options,
    .params_size = sizeof(params),
    .views = 4,
    .small_views = 0,
    .unit = true,
    .projector = projector,
    .projector_len = sizeof projector / sizeof projector[0],
    .scratch = scratch_floats,
    .loss = loss,
};
