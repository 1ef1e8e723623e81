/* SPDX-License-Identifier: Apache-2.0
 *
 * NNCLR (Dwibedi et al. 2021): the positive of a view is not its own image but the nearest of the earlier ones:
 *
 *     loss = mean over pairs of views a != b of InfoNCE(nn(z_a); keys p_b)
 *
 * with nn(z) the row of the queue of earlier z with the greatest product. nn gets no gradient, so z gets none. Until
 * the queue holds something, nn(z) = z.
 */
#include <string.h>

#include "pretrain/infonce.h"
#include "pretrain/method.h"
#include "pretrain/product.h"

typedef struct params {
    double temperature;
    int64_t queue;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "temperature", "how sharply near negatives are pushed away", offsetof(params, temperature), 0.05,
     10, "0.1", NULL, "T", 0},
    {WN_OPTION_INT, "queue", "earlier images among which neighbours are sought", offsetof(params, queue), 1, 65536,
     "4096", NULL, "N", 0},
    {0},
};

static const wn_mlp_layer projector[] = {{256, WN_ACTIVATION_RELU, true, false}, {64, WN_ACTIVATION_NONE, true, false}};
static const wn_mlp_layer predictor[] = {{256, WN_ACTIVATION_RELU, true, false}, {64, WN_ACTIVATION_NONE, false, true}};

enum { ROWS_PER_CHUNK = 16 };

static size_t memory_floats(const void *context, size_t dim, size_t p_dim)
{
    (void)p_dim;
    return wn_row_ring_floats((size_t)((const params *)context)->queue, dim);
}

/* Products with the queue, then the nearest rows, then room for the contrast. */
static size_t scratch_floats(const void *context, size_t images, size_t views, size_t dim)
{
    const size_t queue = (size_t)((const params *)context)->queue;
    size_t search = images * wn_tile_padded(queue) + wn_product_panels(queue, dim);
    size_t contrast = wn_infonce_scratch(images, images, dim);
    (void)views;
    return images * dim + (search > contrast ? search : contrast);
}

typedef struct search {
    const float *products, *queue;
    size_t padded, len, dim;
    float *nearest;
} search;

static void take_nearest(void *context, size_t begin, size_t end, unsigned worker)
{
    const search *s = context;
    (void)worker;
    for (size_t r = begin; r < end; r++) {
        const float *row = s->products + r * s->padded;
        size_t best = 0;
        for (size_t c = 1; c < s->len; c++) best = row[c] > row[best] ? c : best;
        memcpy(s->nearest + r * s->dim, s->queue + best * s->dim, s->dim * sizeof *s->nearest);
    }
}

static void find_nearest(const wn_loss_input *in, const wn_row_ring *queue, const float *z, float *nearest, float *room)
{
    if (queue->len == 0) {
        memcpy(nearest, z, in->images * in->dim * sizeof *nearest);
        return;
    }
    search s = {room, queue->rows, wn_tile_padded(queue->len), queue->len, in->dim, nearest};
    wn_product(in->kernels, in->pool, z, in->images, queue->rows, queue->len, in->dim, room + in->images * s.padded,
               room, s.padded);
    wn_pool_for(in->pool, in->images, ROWS_PER_CHUNK, take_nearest, &s);
}

static double loss(const void *context, const wn_loss_input *in, float *dz)
{
    const params *p = context;
    const size_t cells = in->images * in->dim, pairs = in->views * (in->views - 1);
    wn_row_ring queue = wn_row_ring_open(in->memory, (size_t)p->queue, in->dim);
    float *nearest = in->scratch, *room = nearest + cells;
    double sum = 0.0;
    memset(dz, 0, in->views * cells * sizeof *dz);
    memset(in->dp, 0, in->views * in->images * in->p_dim * sizeof *in->dp);
    for (size_t a = 0; a < in->views; a++) {
        find_nearest(in, &queue, in->z + a * cells, nearest, room);
        for (size_t b = 0; b < in->views; b++) {
            if (a == b) continue;
            const wn_infonce pair = {.queries = nearest,
                                     .keys = in->p + b * cells,
                                     .m = in->images,
                                     .n = in->images,
                                     .dim = in->dim,
                                     .temperature = p->temperature,
                                     .weight = 1.0 / (double)pairs,
                                     .kernels = in->kernels,
                                     .pool = in->pool,
                                     .scratch = room};
            sum += wn_infonce_loss(&pair, NULL, in->dp + b * cells) / (double)pairs;
        }
    }
    wn_row_ring_push(&queue, in->z, in->images);
    return sum;
}

const wn_method wn_method_nnclr = {
    .name = "nnclr",
    .summary = "contrast with the nearest earlier image as the positive",
    .advice = "For sets whose classes vary more than crops and colours do; needs some thousand images for the queue.",
    .options = options,
    .params_size = sizeof(params),
    .views = 2,
    .small_views = 0,
    .unit = true,
    .projector = projector,
    .projector_len = sizeof projector / sizeof projector[0],
    .predictor = predictor,
    .predictor_len = sizeof predictor / sizeof predictor[0],
    .unit_p = true,
    .scratch = scratch_floats,
    .memory = memory_floats,
    .loss = loss,
};
