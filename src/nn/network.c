/* SPDX-License-Identifier: Apache-2.0
 *
 * A network: its table of tensors, random weights, and the packed copies that convolutions read.
 */
#include "nn/network.h"

#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "base/rng.h"
#include "nn/plan.h"
#include "winnow/memory.h"

static wn_status check_architecture(const wn_architecture *architecture, wn_error *err)
{
    if (wn_architecture_valid(architecture)) return WN_OK;
    return wn_fail(err, WN_INVALID, "the table of network %s is not valid", architecture->name);
}

static wn_status add_tensor(wn_network *network, size_t layer, const char *part, wn_tensor_role role, uint32_t rank,
                            const uint32_t *shape, size_t *row, wn_error *err)
{
    char name[WN_TENSOR_NAME_BYTES];
    snprintf(name, sizeof name, "conv%zu.%s", layer, part);
    return wn_tensors_add(&network->tensors, name, role, rank, shape, row, err);
}

static wn_status build_table(wn_network *network, wn_error *err)
{
    const wn_architecture *architecture = network->architecture;
    for (size_t i = 0; i < architecture->layer_count; i++) {
        const wn_layer *layer = &architecture->layers[i];
        uint32_t channels = i == 0 ? 3 : architecture->layers[wn_architecture_source(architecture, i)].channels;
        const uint32_t shape[] = {layer->channels, layer->depthwise ? 1 : channels, layer->kernel, layer->kernel};
        wn_layer_rows *rows = &network->rows[i];
        WN_TRY(add_tensor(network, i, "weight", WN_TENSOR_WEIGHT, 4, shape, &rows->weight, err));
        WN_TRY(add_tensor(network, i, "scale", WN_TENSOR_SHIFT, 1, shape, &rows->scale, err));
        WN_TRY(add_tensor(network, i, "shift", WN_TENSOR_SHIFT, 1, shape, &rows->shift, err));
    }
    for (size_t i = 0; i < architecture->layer_count; i++) {
        const uint32_t *shape = &architecture->layers[i].channels;
        WN_TRY(add_tensor(network, i, "mean", WN_TENSOR_STATISTIC, 1, shape, &network->rows[i].mean, err));
        WN_TRY(add_tensor(network, i, "variance", WN_TENSOR_STATISTIC, 1, shape, &network->rows[i].variance, err));
    }
    const uint32_t three = 3;
    wn_tensors *tensors = &network->tensors;
    WN_TRY(wn_tensors_add(tensors, "input.mean", WN_TENSOR_STATISTIC, 1, &three, &network->input_mean, err));
    WN_TRY(wn_tensors_add(tensors, "input.deviation", WN_TENSOR_STATISTIC, 1, &three, &network->input_deviation, err));
    return wn_tensors_allocate(tensors, err);
}

static void fill(wn_network *network, size_t row, float value)
{
    float *values = wn_network_values(network, row);
    for (size_t i = 0; i < network->tensors.rows[row].count; i++) values[i] = value;
}

/* A normal number of deviation 1 after cutting at two deviations. */
static float truncated_normal(wn_rng *rng)
{
    float x = wn_rng_normal(rng);
    while (x < -2 || x > 2) x = wn_rng_normal(rng);
    return x / 0.8796257F;
}

static void fill_weights(wn_network *network, size_t layer, uint64_t seed)
{
    const wn_tensor *tensor = &network->tensors.rows[network->rows[layer].weight];
    float *values = wn_network_values(network, network->rows[layer].weight);
    float deviation = sqrtf(2.0F / (float)(tensor->shape[1] * tensor->shape[2] * tensor->shape[3]));
    wn_rng rng;

    wn_rng_init(&rng, seed, layer);
    for (size_t i = 0; i < tensor->count; i++) values[i] = deviation * truncated_normal(&rng);
}

static void set_pixels(wn_network *network)
{
    const float *mean = wn_network_values(network, network->input_mean);
    const float *deviation = wn_network_values(network, network->input_deviation);
    for (size_t c = 0; c < 3; c++) {
        for (size_t i = 0; i < 256; i++) network->pixels[c][i] = ((float)i / 255.0F - mean[c]) / deviation[c];
    }
}

wn_status wn_network_new_empty(const wn_architecture *architecture, wn_network **out, wn_error *err)
{
    wn_status status;

    *out = NULL;
    WN_TRY(check_architecture(architecture, err));
    wn_network *network = wn_calloc(WN_MEMORY_NETWORK, 1, sizeof *network);
    if (!network) return wn_fail(err, WN_NOMEM, "no memory for the network");
    network->architecture = architecture;
    if ((status = wn_onednn_new(&network->onednn, err))) goto done;
    if ((status = build_table(network, err))) goto done;
    for (size_t i = 0; i < architecture->layer_count; i++) {
        fill(network, network->rows[i].scale, 1);
        fill(network, network->rows[i].variance, 1);
    }
    fill(network, network->input_mean, 0.5F);
    fill(network, network->input_deviation, 0.25F);
    set_pixels(network);

done:
    if (status != WN_OK) wn_network_free(&network);
    *out = network;
    return status;
}

wn_status wn_network_new(const wn_architecture *architecture, uint64_t seed, wn_network **out, wn_error *err)
{
    WN_TRY(wn_network_new_empty(architecture, out, err));
    for (size_t i = 0; i < architecture->layer_count; i++) fill_weights(*out, i, seed);
    return WN_OK;
}

void wn_network_free(wn_network **network)
{
    if (!*network) return;
    wn_plan_clear_all(*network);
    wn_onednn_free(&(*network)->onednn);
    wn_tensors_clear(&(*network)->tensors);
    wn_free(*network);
    *network = NULL;
}

const wn_architecture *wn_network_architecture(const wn_network *network)
{
    return network->architecture;
}

wn_tensors *wn_network_tensors(wn_network *network)
{
    return &network->tensors;
}

typedef struct commit {
    wn_network *network;
    wn_onednn_stream **streams; /* of each worker */
    wn_status *statuses;        /* of each packed tensor */
    wn_error *errors;           /* of each worker: the message of its last failure */
} commit;

static void commit_some(void *context, size_t begin, size_t end, unsigned worker)
{
    commit *work = context;
    wn_network *network = work->network;
    wn_onednn_section section = wn_onednn_enter();
    for (size_t i = begin; i < end; i++) {
        const wn_packed *packed = &network->packed[i];
        work->statuses[i] = wn_plan_pack(network, packed, work->streams[worker], &work->errors[worker]);
    }
    wn_onednn_leave(section);
}

wn_status wn_network_commit(wn_network *network, wn_pool *pool, wn_error *err)
{
    wn_status status = WN_OK;
    unsigned threads = wn_pool_threads(pool);
    commit work = {.network = network};

    set_pixels(network);
    work.streams = wn_calloc(WN_MEMORY_NETWORK, threads, sizeof(wn_onednn_stream *));
    work.errors = wn_calloc(WN_MEMORY_NETWORK, threads, sizeof *work.errors);
    work.statuses = wn_calloc(WN_MEMORY_NETWORK, network->packed_count, sizeof *work.statuses);
    if (!work.streams || !work.errors || !work.statuses) {
        status = wn_fail(err, WN_NOMEM, "no memory to pack the weights");
        goto done;
    }
    for (unsigned i = 0; i < threads; i++) {
        if ((status = wn_onednn_stream_new(network->onednn, &work.streams[i], err))) goto done;
    }
    wn_pool_for(pool, network->packed_count, 1, commit_some, &work);
    for (size_t i = 0; i < network->packed_count && status == WN_OK; i++) {
        if (work.statuses[i] != WN_OK) status = wn_fail(err, work.statuses[i], "the weights cannot be packed");
    }

done:
    for (unsigned i = 0; work.streams && i < threads; i++) wn_onednn_stream_free(&work.streams[i]);
    wn_free(work.statuses);
    wn_free(work.errors);
    wn_free(work.streams);
    return status;
}
