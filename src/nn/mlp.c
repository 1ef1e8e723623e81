/* SPDX-License-Identifier: Apache-2.0
 *
 * Heads: the table of tensors and the first values.
 */
#include "nn/mlp.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "nn/mlp_private.h"
#include "winnow/memory.h"

static wn_status add_tensor(wn_mlp *mlp, const char *prefix, size_t layer, const char *part, wn_tensor_role role,
                            uint32_t rank, const uint32_t *shape, size_t *row, wn_error *err)
{
    char name[WN_TENSOR_NAME_BYTES];
    if (snprintf(name, sizeof name, "%s%zu.%s", prefix, layer, part) >= (int)sizeof name)
        return wn_fail(err, WN_INVALID, "the prefix %s is too long for a tensor name", prefix);
    return wn_tensors_add(&mlp->tensors, name, role, rank, shape, row, err);
}

static wn_status build_table(wn_mlp *mlp, const char *prefix, wn_error *err)
{
    for (size_t i = 0; i < mlp->layer_count; i++) {
        const wn_mlp_layer *layer = &mlp->layers[i];
        const uint32_t shape[] = {layer->width, wn_mlp_layer_width_in(mlp, i)};
        wn_mlp_rows *rows = &mlp->rows[i];
        *rows = (wn_mlp_rows){SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX};
        WN_TRY(add_tensor(mlp, prefix, i, "weight", WN_TENSOR_WEIGHT, 2, shape, &rows->weight, err));
        if (layer->bias) WN_TRY(add_tensor(mlp, prefix, i, "bias", WN_TENSOR_SHIFT, 1, shape, &rows->bias, err));
        if (!layer->norm) continue;
        WN_TRY(add_tensor(mlp, prefix, i, "scale", WN_TENSOR_SHIFT, 1, shape, &rows->scale, err));
        WN_TRY(add_tensor(mlp, prefix, i, "shift", WN_TENSOR_SHIFT, 1, shape, &rows->shift, err));
    }
    for (size_t i = 0; i < mlp->layer_count; i++) {
        const uint32_t *shape = &mlp->layers[i].width;
        if (!mlp->layers[i].norm) continue;
        WN_TRY(add_tensor(mlp, prefix, i, "mean", WN_TENSOR_STATISTIC, 1, shape, &mlp->rows[i].mean, err));
        WN_TRY(add_tensor(mlp, prefix, i, "variance", WN_TENSOR_STATISTIC, 1, shape, &mlp->rows[i].variance, err));
    }
    return wn_tensors_allocate(&mlp->tensors, err);
}

static void fill_values(wn_mlp *mlp, uint64_t seed)
{
    for (size_t i = 0; i < mlp->layer_count; i++) {
        wn_rng rng;
        wn_rng_init(&rng, seed, i);
        size_t count = (size_t)mlp->layers[i].width * wn_mlp_layer_width_in(mlp, i);
        float gain = mlp->layers[i].activation == WN_ACTIVATION_NONE ? 1 : 2;
        float deviation = sqrtf(gain / (float)wn_mlp_layer_width_in(mlp, i));
        float *weight = wn_mlp_values(mlp, mlp->rows[i].weight);
        for (size_t k = 0; k < count; k++) weight[k] = deviation * wn_rng_normal(&rng);
        for (size_t k = 0; mlp->layers[i].norm && k < mlp->layers[i].width; k++) {
            wn_mlp_values(mlp, mlp->rows[i].scale)[k] = 1;
            wn_mlp_values(mlp, mlp->rows[i].variance)[k] = 1;
        }
    }
}

wn_status wn_mlp_new(uint32_t width_in, const wn_mlp_layer *layers, size_t layer_count, const char *prefix,
                     uint64_t seed, wn_mlp **out, wn_error *err)
{
    *out = NULL;
    if (width_in == 0 || layer_count == 0 || layer_count > WN_MLP_LAYERS_MAX)
        return wn_fail(err, WN_INVALID, "a head has 1 to %d layers, not %zu", WN_MLP_LAYERS_MAX, layer_count);
    for (size_t i = 0; i < layer_count; i++) {
        if (layers[i].width == 0) return wn_fail(err, WN_INVALID, "layer %zu of head %s has no width", i, prefix);
    }
    wn_mlp *mlp = wn_calloc(WN_MEMORY_NETWORK, 1, sizeof *mlp);
    if (!mlp) return wn_fail(err, WN_NOMEM, "no memory for a head");
    mlp->width_in = width_in;
    mlp->layer_count = layer_count;
    memcpy(mlp->layers, layers, layer_count * sizeof *layers);
    wn_status status = build_table(mlp, prefix, err);
    if (status == WN_OK)
        fill_values(mlp, seed);
    else
        wn_mlp_free(&mlp);
    *out = mlp;
    return status;
}

void wn_mlp_free(wn_mlp **mlp)
{
    if (!*mlp) return;
    wn_tensors_clear(&(*mlp)->tensors);
    wn_free(*mlp);
    *mlp = NULL;
}

wn_tensors *wn_mlp_tensors(wn_mlp *mlp)
{
    return &mlp->tensors;
}

uint32_t wn_mlp_width_in(const wn_mlp *mlp)
{
    return mlp->width_in;
}

uint32_t wn_mlp_width_out(const wn_mlp *mlp)
{
    return mlp->layers[mlp->layer_count - 1].width;
}
