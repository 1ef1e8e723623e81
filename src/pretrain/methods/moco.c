/* SPDX-License-Identifier: Apache-2.0
 *
 * MoCo v2 (He et al. 2020, Chen et al. 2020): a view is told apart, by its slow teacher's other views, from a queue of
 * what the teacher made of earlier images:
 *
 *     loss = mean over pairs of views a != b of InfoNCE(z_a; own key tz_b, other keys: queue)
 */
#include <string.h>

#include "pretrain/infonce.h"
#include "pretrain/method.h"
#include "pretrain/product.h"

typedef struct params {
    double temperature, momentum;
    int64_t queue;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "temperature", "how sharply near negatives are pushed away", offsetof(params, temperature), 0.05,
     10, "0.1", NULL, "T", 0},
    {WN_OPTION_REAL, "momentum", "how slowly the teacher follows", offsetof(params, momentum), 0, 1, "0.99", NULL, "M",
     0},
    {WN_OPTION_INT, "queue", "earlier images to be told apart from", offsetof(params, queue), 1, 65536, "4096", NULL,
     "N", 0},
    {0},
};

static const wn_mlp_layer projector[] = {{256, WN_ACTIVATION_RELU, true, false}, {64, WN_ACTIVATION_NONE, false, true}};

static size_t memory_floats(const void *context, size_t dim, size_t p_dim)
{
    (void)p_dim;
    return wn_row_ring_floats((size_t)((const params *)context)->queue, dim);
}

static double momentum(const void *context, double progress)
{
    (void)progress;
    return ((const params *)context)->momentum;
}

static size_t scratch_floats(const void *context, size_t images, size_t views, size_t dim)
{
    (void)views;
    return wn_infonce_scratch(images, (size_t)((const params *)context)->queue, dim);
}

static double loss(const void *context, const wn_loss_input *in, float *dz)
{
    const params *p = context;
    const size_t cells = in->images * in->dim, pairs = in->teacher_views * (in->views - 1);
    wn_row_ring queue = wn_row_ring_open(in->memory, (size_t)p->queue, in->dim);
    double sum = 0.0;
    memset(dz, 0, in->views * cells * sizeof *dz);
    for (size_t a = 0; a < in->views; a++) {
        for (size_t b = 0; b < in->teacher_views; b++) {
            if (a == b) continue;
            const wn_infonce pair = {.queries = in->z + a * cells,
                                     .own = in->tz + b * cells,
                                     .keys = queue.rows,
                                     .m = in->images,
                                     .n = queue.len,
                                     .dim = in->dim,
                                     .temperature = p->temperature,
                                     .weight = 1.0 / (double)pairs,
                                     .kernels = in->kernels,
                                     .pool = in->pool,
                                     .scratch = in->scratch};
            sum += wn_infonce_loss(&pair, dz + a * cells, NULL) / (double)pairs;
        }
    }
    wn_row_ring_push(&queue, in->tz, in->images);
    return sum;
}

const wn_method wn_method_moco = {
    .name = "moco",
    .summary = "contrast with a slow teacher's queue of earlier images",
    .advice = "For small batches with many negatives, of large and varied sets; below some thousand images take dcl.",
    .options = options,
    .params_size = sizeof(params),
    .views = 2,
    .small_views = 0,
    .unit = true,
    .projector = projector,
    .projector_len = sizeof projector / sizeof projector[0],
    .momentum = momentum,
    .scratch = scratch_floats,
    .memory = memory_floats,
    .loss = loss,
};
