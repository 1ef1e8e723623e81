/* SPDX-License-Identifier: Apache-2.0
 *
 * Batches: groups of views cut into shards, shards handed to threads, gradients added in a fixed order.
 *
 * Gradients of shards are summed in at most 16 accumulators: accumulator k takes shards k, k + 16, k + 32 ... one
 * after the other, and the accumulators are added in order. Memory does not grow with the batch, and the order of
 * every sum depends on the number of shards alone.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "nn/pass.h"
#include "winnow/memory.h"

enum { SHARD_POSITIONS = 65536, SHARD_VIEWS_MAX = 128, ACCUMULATORS_MAX = 16, ADD_GRAIN = 16384 };
/* Inference keeps no activations, so that those of few views stay in the caches: "mobile" at 112 x 112 by 8 views takes
 * 0.955 of the time that it takes by 32. */
enum { SHARD_VIEWS_MIN = 32, SHARD_VIEWS_MIN_INFERENCE = 8 };

typedef struct shard {
    const wn_plan *plan;
    size_t group, first, views; /* views [first, first + views) of the group */
    size_t row;                 /* of its first feature vector */
    void *memory;               /* training: activations */
    wn_status status;
    wn_error error;
} shard;

struct wn_batch {
    wn_network *network;
    bool training;
    unsigned threads;
    size_t rows, group_count;
    wn_batch_group *groups;
    shard *shards;
    size_t shard_count;
    wn_pass_scratch *scratch; /* of each thread */
    void **memory;            /* of each thread; inference */
    float **accumulators;
    size_t accumulator_count;
};

/* Views of one shard of a group. Unless the caller says: as many as give 65536 input positions (64 of 32 x 32), within
 * limits, and in training such that all shards of the group are about equal. Multiples of 8 suit the convolutions. */
static uint32_t shard_size(const wn_batch_options *options, const wn_batch_group *group)
{
    if (options->shard_views) return options->shard_views;
    uint64_t area = (uint64_t)group->side * group->side;
    const uint64_t least = options->training ? SHARD_VIEWS_MIN : SHARD_VIEWS_MIN_INFERENCE;
    uint64_t size = area ? SHARD_POSITIONS / area / 8 * 8 : least;
    if (size < least) size = least;
    if (size > SHARD_VIEWS_MAX) size = SHARD_VIEWS_MAX;
    if (options->training && group->views > 0) {
        uint64_t shards = (group->views + size - 1) / size;
        size = (group->views + shards * 8 - 1) / (shards * 8) * 8;
    }
    return (uint32_t)size;
}

static size_t count_shards(const wn_batch_group *groups, size_t group_count, const wn_batch_options *options)
{
    size_t count = 0;
    for (size_t g = 0; g < group_count; g++) {
        uint32_t size = shard_size(options, &groups[g]);
        count += (groups[g].views + size - 1) / size;
    }
    return count;
}

/* Fills the shards and gets their plans. Inference always uses the plan of a whole shard, so that a view's result does
 * not depend on how many views come with it. */
static wn_status cut_shards(wn_network *network, const wn_batch_group *groups, size_t group_count,
                            const wn_batch_options *options, shard *shards, wn_error *err)
{
    size_t row = 0, k = 0;
    for (size_t g = 0; g < group_count; g++) {
        uint32_t size = shard_size(options, &groups[g]);
        for (size_t first = 0; first < groups[g].views; first += size, k++) {
            size_t views = groups[g].views - first < size ? groups[g].views - first : size;
            shards[k] = (shard){.group = g, .first = first, .views = views, .row = row};
            WN_TRY(wn_plan_get(network, options->training ? (uint32_t)views : size, groups[g].side, options,
                               &shards[k].plan, err));
            row += views;
        }
    }
    return WN_OK;
}

/* The plans of all shards; released with wn_free. */
static const wn_plan **list_plans(const shard *shards, size_t count)
{
    const wn_plan **plans = wn_alloc(WN_MEMORY_TRAINING, count, sizeof(const wn_plan *));
    for (size_t i = 0; plans && i < count; i++) plans[i] = shards[i].plan;
    return plans;
}

static size_t largest_pass(const shard *shards, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (shards[i].plan->pass_bytes > bytes) bytes = shards[i].plan->pass_bytes;
    }
    return bytes;
}

static size_t count_accumulators(size_t shard_count)
{
    return shard_count < ACCUMULATORS_MAX ? shard_count : ACCUMULATORS_MAX;
}

static wn_status allocate_training(wn_batch *batch, wn_error *err)
{
    batch->accumulator_count = count_accumulators(batch->shard_count);
    batch->accumulators = wn_calloc(WN_MEMORY_TRAINING, batch->accumulator_count, sizeof(float *));
    bool complete = batch->accumulators != NULL;
    for (size_t i = 0; complete && i < batch->accumulator_count; i++) {
        batch->accumulators[i] = wn_alloc(WN_MEMORY_TRAINING, batch->network->tensors.trained, sizeof(float));
        complete = batch->accumulators[i] != NULL;
    }
    for (size_t i = 0; complete && i < batch->shard_count; i++) {
        batch->shards[i].memory = wn_alloc(WN_MEMORY_TRAINING, batch->shards[i].plan->pass_bytes, 1);
        complete = batch->shards[i].memory != NULL;
    }
    return complete ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for a training batch of %zu views", batch->rows);
}

static wn_status allocate_inference(wn_batch *batch, wn_error *err)
{
    size_t bytes = largest_pass(batch->shards, batch->shard_count);
    batch->memory = wn_calloc(WN_MEMORY_TRAINING, batch->threads, sizeof(void *));
    bool complete = batch->memory != NULL;
    for (unsigned i = 0; complete && i < batch->threads; i++) {
        batch->memory[i] = wn_alloc(WN_MEMORY_TRAINING, bytes, 1);
        complete = batch->memory[i] != NULL;
    }
    return complete ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for batches of %zu views", batch->rows);
}

wn_status wn_batch_new(wn_network *network, const wn_batch_group *groups, size_t group_count,
                       const wn_batch_options *options, wn_batch **out, wn_error *err)
{
    wn_status status = WN_OK;
    const wn_plan **plans = NULL;

    *out = NULL;
    wn_batch *batch = wn_calloc(WN_MEMORY_TRAINING, 1, sizeof *batch);
    if (!batch) return wn_fail(err, WN_NOMEM, "no memory for a batch");
    *batch = (wn_batch){.network = network,
                        .training = options->training,
                        .threads = options->threads ? options->threads : 1,
                        .group_count = group_count};
    for (size_t g = 0; g < group_count; g++) batch->rows += groups[g].views;
    batch->shard_count = count_shards(groups, group_count, options);
    if (batch->shard_count == 0) {
        status = wn_fail(err, WN_INVALID, "a batch needs at least one view");
        goto done;
    }
    batch->groups = wn_calloc(WN_MEMORY_TRAINING, group_count, sizeof *groups);
    batch->shards = wn_calloc(WN_MEMORY_TRAINING, batch->shard_count, sizeof *batch->shards);
    batch->scratch = wn_calloc(WN_MEMORY_TRAINING, batch->threads, sizeof *batch->scratch);
    if (!batch->groups || !batch->shards || !batch->scratch) {
        status = wn_fail(err, WN_NOMEM, "no memory for a batch");
        goto done;
    }
    memcpy(batch->groups, groups, group_count * sizeof *groups);
    if ((status = cut_shards(network, groups, group_count, options, batch->shards, err))) goto done;
    if (!(plans = list_plans(batch->shards, batch->shard_count))) {
        status = wn_fail(err, WN_NOMEM, "no memory for a batch");
        goto done;
    }
    for (unsigned i = 0; i < batch->threads; i++) {
        if ((status = wn_pass_scratch_new(network, plans, batch->shard_count, &batch->scratch[i], err))) goto done;
    }
    status = batch->training ? allocate_training(batch, err) : allocate_inference(batch, err);

done:
    wn_free(plans);
    if (status != WN_OK) wn_batch_free(&batch);
    *out = batch;
    return status;
}

uint64_t wn_batch_bytes(const wn_architecture *architecture, const wn_batch_group *groups, size_t group_count,
                        const wn_batch_options *options)
{
    wn_network *network = NULL;
    const wn_plan **plans = NULL;
    uint64_t bytes = 0;
    size_t count = count_shards(groups, group_count, options);
    shard *shards = wn_calloc(WN_MEMORY_TRAINING, count, sizeof *shards);

    if (!shards || wn_network_new_empty(architecture, &network, NULL) != WN_OK) goto done;
    if (cut_shards(network, groups, group_count, options, shards, NULL) != WN_OK) goto done;
    if (!(plans = list_plans(shards, count))) goto done;

    unsigned threads = options->threads ? options->threads : 1;
    bytes = (uint64_t)threads * wn_pass_scratch_bytes(network, plans, count);
    if (options->training) {
        for (size_t i = 0; i < count; i++) bytes += shards[i].plan->pass_bytes;
        bytes += (uint64_t)count_accumulators(count) * network->tensors.trained * sizeof(float);
    } else {
        bytes += (uint64_t)threads * largest_pass(shards, count);
    }
    for (size_t i = 0; i < network->packed_count; i++) bytes += wn_conv_weight_bytes(network->packed[i].conv);

done:
    wn_free(plans);
    wn_free(shards);
    wn_network_free(&network);
    return bytes;
}

void wn_batch_free(wn_batch **batch)
{
    wn_batch *b = *batch;
    if (!b) return;
    for (size_t i = 0; b->accumulators && i < b->accumulator_count; i++) wn_free(b->accumulators[i]);
    wn_free(b->accumulators);
    for (unsigned i = 0; b->memory && i < b->threads; i++) wn_free(b->memory[i]);
    wn_free(b->memory);
    for (unsigned i = 0; b->scratch && i < b->threads; i++) wn_pass_scratch_clear(&b->scratch[i]);
    wn_free(b->scratch);
    for (size_t i = 0; b->shards && i < b->shard_count; i++) wn_free(b->shards[i].memory);
    wn_free(b->shards);
    wn_free(b->groups);
    wn_free(b);
    *batch = NULL;
}

size_t wn_batch_rows(const wn_batch *batch)
{
    return batch->rows;
}

/* One forward or backward call in work. */
typedef struct call {
    wn_batch *batch;
    const uint8_t *const *pixels;
    size_t views_max; /* of a group; less than the group holds for wn_batch_forward_some */
    float *features;
    const float *dfeatures;
    float *gradient;
} call;

static void forward_shards(void *context, size_t begin, size_t end, unsigned worker)
{
    call *work = context;
    wn_batch *batch = work->batch;
    size_t width = wn_architecture_features(batch->network->architecture);
    for (size_t i = begin; i < end; i++) {
        shard *s = &batch->shards[i];
        if (s->first >= work->views_max) continue;
        size_t views = work->views_max - s->first < s->views ? work->views_max - s->first : s->views;
        size_t view_bytes = (size_t)s->plan->side * s->plan->side * 3;
        s->status = wn_pass_forward(batch->network, s->plan, batch->training ? s->memory : batch->memory[worker],
                                    &batch->scratch[worker], work->pixels[s->group] + s->first * view_bytes, views,
                                    work->features + s->row * width, &s->error);
    }
}

/* The status of the first shard that failed. */
static wn_status first_failure(const wn_batch *batch, wn_error *err)
{
    for (size_t i = 0; i < batch->shard_count; i++) {
        const shard *s = &batch->shards[i];
        if (s->status != WN_OK) return wn_fail(err, s->status, "%s", s->error.message);
    }
    return WN_OK;
}

static wn_status check_pool(const wn_batch *batch, const wn_pool *pool, wn_error *err)
{
    if (wn_pool_threads(pool) <= batch->threads) return WN_OK;
    return wn_fail(err, WN_INVALID, "a batch for %u threads was given a pool of %u", batch->threads,
                   wn_pool_threads(pool));
}

wn_status wn_batch_forward(wn_batch *batch, wn_pool *pool, const uint8_t *const *pixels, float *features, wn_error *err)
{
    call work = {.batch = batch, .pixels = pixels, .views_max = SIZE_MAX, .features = features};
    WN_TRY(check_pool(batch, pool, err));
    wn_pool_for(pool, batch->shard_count, 1, forward_shards, &work);
    return first_failure(batch, err);
}

wn_status wn_batch_forward_some(wn_batch *batch, wn_pool *pool, const uint8_t *pixels, size_t views, float *features,
                                wn_error *err)
{
    assert(!batch->training && batch->group_count == 1 && views <= batch->rows);
    call work = {.batch = batch, .pixels = &pixels, .views_max = views, .features = features};
    WN_TRY(check_pool(batch, pool, err));
    wn_pool_for(pool, batch->shard_count, 1, forward_shards, &work);
    return first_failure(batch, err);
}

static void backward_shards(void *context, size_t begin, size_t end, unsigned worker)
{
    call *work = context;
    wn_batch *batch = work->batch;
    size_t width = wn_architecture_features(batch->network->architecture);
    for (size_t k = begin; k < end; k++) {
        for (size_t i = k; i < batch->shard_count; i += batch->accumulator_count) {
            shard *s = &batch->shards[i];
            s->status = wn_pass_backward(batch->network, s->plan, s->memory, &batch->scratch[worker],
                                         work->dfeatures + s->row * width, i != k, batch->accumulators[k], &s->error);
        }
    }
}

static void add_accumulators(void *context, size_t begin, size_t end, unsigned worker)
{
    call *work = context;
    wn_batch *batch = work->batch;
    (void)worker;
    memcpy(work->gradient + begin, batch->accumulators[0] + begin, (end - begin) * sizeof(float));
    for (size_t k = 1; k < batch->accumulator_count; k++) {
        const float *from = batch->accumulators[k];
        for (size_t i = begin; i < end; i++) work->gradient[i] += from[i];
    }
}

wn_status wn_batch_backward(wn_batch *batch, wn_pool *pool, const float *dfeatures, float *gradient, wn_error *err)
{
    call work = {.batch = batch, .dfeatures = dfeatures, .gradient = gradient};
    assert(batch->training);
    WN_TRY(check_pool(batch, pool, err));
    wn_pool_for(pool, batch->accumulator_count, 1, backward_shards, &work);
    WN_TRY(first_failure(batch, err));
    wn_pool_for(pool, batch->network->tensors.trained, ADD_GRAIN, add_accumulators, &work);
    return WN_OK;
}

bool wn_batch_is_finite(const wn_batch *batch)
{
    assert(batch->training);
    for (size_t i = 0; i < batch->shard_count; i++) {
        const shard *s = &batch->shards[i];
        for (size_t layer = 0; layer < s->plan->layer_count; layer++) {
            const wn_plan_layer *place = &s->plan->layers[layer];
            const wn_strip_norm *norms = (const void *)((const char *)s->memory + place->norms);
            const float *spread = (const void *)((const char *)s->memory + place->variance);
            for (size_t c = 0; c < place->channels; c++) {
                if (!isfinite(spread[c]) || !isfinite(norms[c / WN_STRIP_CHANNELS].mean[c % WN_STRIP_CHANNELS]))
                    return false;
            }
        }
    }
    return true;
}

/* Adds the layer's mean and variance of every shard with the largest side, weighted by its views. */
static void absorb_layer(wn_batch *batch, size_t layer, uint32_t side, float momentum)
{
    wn_network *network = batch->network;
    float *mean = wn_network_values(network, network->rows[layer].mean);
    float *variance = wn_network_values(network, network->rows[layer].variance);
    size_t channels = network->architecture->layers[layer].channels;

    for (size_t c = 0; c < channels; c++) {
        double m = 0, v = 0, views = 0;
        for (size_t i = 0; i < batch->shard_count; i++) {
            const shard *s = &batch->shards[i];
            if (s->plan->side != side) continue;
            const wn_plan_layer *place = &s->plan->layers[layer];
            const wn_strip_norm *norms = (const void *)((const char *)s->memory + place->norms);
            const float *spread = (const void *)((const char *)s->memory + place->variance);
            m += (double)s->views * (double)norms[c / WN_STRIP_CHANNELS].mean[c % WN_STRIP_CHANNELS];
            v += (double)s->views * (double)spread[c];
            views += (double)s->views;
        }
        /* With a momentum of 1 exactly what was seen, whatever was there before. */
        mean[c] = (1.0F - momentum) * mean[c] + momentum * (float)(m / views);
        variance[c] = (1.0F - momentum) * variance[c] + momentum * (float)(v / views);
    }
}

void wn_batch_absorb(wn_batch *batch, float momentum)
{
    if (batch->shard_count > 0 && batch->shards[0].plan->fixed_norms) return;
    uint32_t side = 0;
    assert(batch->training);
    for (size_t g = 0; g < batch->group_count; g++) {
        if (batch->groups[g].views && batch->groups[g].side > side) side = batch->groups[g].side;
    }
    for (size_t i = 0; i < batch->network->architecture->layer_count; i++) absorb_layer(batch, i, side, momentum);
}
