/* SPDX-License-Identifier: Apache-2.0
 *
 * Making plans.
 */
#include "nn/plan.h"

#include "base/error.h"
#include "winnow/memory.h"

/* The front of inference (plan.h): measured with "mobile" at 112 x 112, 8 views, and "tiny" and "small" at 32 x 32, 64.
 */
enum { FRONT_BYTES = 2 << 20, FRONT_SIDE = 16, FRONT_PART = 2 };

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* To whole cache lines. */
static size_t round_up(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* Takes `bytes` of the pass memory, on a cache line of its own. */
static size_t take(wn_plan *plan, size_t bytes)
{
    size_t offset = plan->pass_bytes;
    plan->pass_bytes += round_up(bytes);
    return offset;
}

/* Whether the activation of layer i is an operand or a result of a skip, or read by a row that is not the next. */
static bool joins_skip(const wn_architecture *architecture, size_t i)
{
    if (architecture->layers[i].clip == WN_CLIP_JOINED) return true; /* the backward pass looks at its sign */
    if (architecture->layers[i].skip) return i + 1 < architecture->layer_count;
    for (size_t k = i + 1; k < architecture->layer_count; k++) {
        if (architecture->layers[k].skip == k - i) return true;
        if (k > i + 1 && wn_architecture_source(architecture, k) == i) return true;
    }
    return false;
}

/* The shape of each layer. */
static void shape_layers(wn_plan *plan, const wn_architecture *architecture)
{
    for (size_t i = 0; i < plan->layer_count; i++) {
        const wn_layer *row = &architecture->layers[i];
        wn_plan_layer *layer = &plan->layers[i];
        layer->source = i == 0 ? 0 : wn_architecture_source(architecture, i);
        layer->channels_in = i == 0 ? 3 : plan->layers[layer->source].channels;
        layer->channels = row->channels;
        layer->side_in = i == 0 ? plan->side : plan->layers[layer->source].side;
        layer->side_full = row->stride == 2 ? (layer->side_in + 1) / 2 : layer->side_in;
        layer->side = row->pool ? layer->side_full / 2 : layer->side_full;
        layer->pool = row->pool;
        layer->skip = row->skip;
        layer->clip = row->clip;
        layer->last_reader = plan->layer_count;
        if (i > 0) plan->layers[layer->source].last_reader = i;
        if (row->skip) plan->layers[i - row->skip].last_reader = i;
    }
}

/* What is kept of the activation of layer i: of the front the last one is whole, the others are there for a part. */
static size_t activation_bytes(const wn_plan *plan, size_t i)
{
    const size_t views = i + 1 < plan->front ? plan->part : plan->views;
    return views * wn_plan_view_bytes(plan, i);
}

/* Whether rows from `front` on read and add, of those before, the last one alone. */
static bool can_cut(const wn_plan *plan, size_t front)
{
    for (size_t i = 0; i + 1 < front; i++) {
        if (plan->layers[i].last_reader >= front) return false;
    }
    return true;
}

/* The front are the first layers as long as their activations of all views do not fit into a cache, and positions are
 * many enough for the convolutions of a part. */
static void cut_front(wn_plan *plan)
{
    size_t front = 0;
    plan->part = plan->views;
    if (plan->training || plan->views % FRONT_PART != 0) return;
    while (front < plan->layer_count && plan->views * wn_plan_view_bytes(plan, front) > FRONT_BYTES &&
           plan->layers[front].side >= FRONT_SIDE)
        front++;
    while (front > 0 && !can_cut(plan, front)) front--;
    plan->front = front;
    if (front) plan->part = FRONT_PART;
}

/* Training keeps what the backward pass reads. */
static void place_training(wn_plan *plan, const wn_architecture *architecture)
{
    for (size_t i = 0; i < plan->layer_count; i++) {
        wn_plan_layer *layer = &plan->layers[i];
        const size_t bytes = activation_bytes(plan, i);
        layer->z = layer->a = take(plan, bytes);
        layer->kept = joins_skip(architecture, i);
        if (layer->kept) layer->a = take(plan, bytes);
        if (layer->pool) layer->which = take(plan, bytes / plan->kernels.element_size);
        plan->gradient_bytes = max_size(plan->gradient_bytes, bytes);
    }
}

/* The first place from `base` on where `bytes` touch no activation that is still read when layer i is computed. */
static size_t free_place(const wn_plan *plan, size_t i, size_t base, size_t bytes)
{
    size_t place = base;
    for (size_t k = 0; k < i;) {
        const wn_plan_layer *other = &plan->layers[k];
        const size_t end = other->z + round_up(activation_bytes(plan, k));
        const bool taken = other->last_reader >= i && other->z < place + bytes && place < end;
        if (taken) place = end;
        k = taken ? 0 : k + 1;
    }
    return place;
}

/* Inference uses the place of an activation again when its last reader is done: less memory, more of it in caches. */
static void place_inference(wn_plan *plan)
{
    const size_t base = plan->pass_bytes;
    const size_t whole = plan->front ? round_up(activation_bytes(plan, plan->front - 1)) : 0; /* written by each part */
    size_t end = base + whole;
    for (size_t i = 0; i < plan->layer_count; i++) {
        wn_plan_layer *layer = &plan->layers[i];
        const size_t bytes = activation_bytes(plan, i);
        const bool part = i + 1 < plan->front;
        layer->z = layer->a = i + 1 == plan->front ? base : free_place(plan, i, part ? base + whole : base, bytes);
        layer->kept = true;
        end = max_size(end, layer->z + bytes);
    }
    (void)take(plan, end - base);
}

static void place_layers(wn_plan *plan, const wn_architecture *architecture)
{
    shape_layers(plan, architecture);
    cut_front(plan);
    plan->input = take(plan, (size_t)plan->part * 3 * plan->side * plan->side * plan->kernels.element_size);
    for (size_t i = 0; i < plan->layer_count; i++) {
        wn_plan_layer *layer = &plan->layers[i];
        layer->norms = take(plan, layer->channels / WN_STRIP_CHANNELS * sizeof(wn_strip_norm));
        layer->variance = take(plan, layer->channels * sizeof(float));
        layer->views = i < plan->front ? plan->part : plan->views;
        if (layer->pool) plan->full_bytes = max_size(plan->full_bytes, 4 * layer->views * wn_plan_view_bytes(plan, i));
        plan->sum_count = max_size(plan->sum_count, 2 * (size_t)layer->channels);
    }
    if (plan->training)
        place_training(plan, architecture);
    else
        place_inference(plan);
}

/* Weights times the scale of the norm with running statistics, and its shift behind them. */
static wn_status pack_folded(const wn_network *network, const wn_packed *packed, wn_onednn_stream *stream,
                             wn_error *err)
{
    const wn_layer_rows *rows = &network->rows[packed->layer];
    const wn_tensor *tensor = &network->tensors.rows[rows->weight];
    const float *weights = wn_network_values(network, rows->weight);
    const float *gamma = wn_network_values(network, rows->scale), *beta = wn_network_values(network, rows->shift);
    const float *mean = wn_network_values(network, rows->mean), *variance = wn_network_values(network, rows->variance);
    const double epsilon = wn_architecture_epsilon(network->architecture);
    const size_t channels = tensor->shape[0], each = tensor->count / channels;

    float *plain = wn_alloc(WN_MEMORY_NETWORK, tensor->count + channels, sizeof *plain);
    if (!plain) return wn_fail(err, WN_NOMEM, "no memory for the packed weights");
    float *shift = plain + tensor->count;
    for (size_t c = 0; c < channels; c++) {
        const wn_channel_norm norm =
            wn_channel_norm_of(gamma[c], beta[c], (double)mean[c], (double)variance[c], epsilon);
        for (size_t k = c * each; k < (c + 1) * each; k++) plain[k] = (float)((double)weights[k] * norm.scale);
        shift[c] = (float)norm.shift;
    }
    wn_status status = wn_conv_pack(packed->conv, stream, plain, shift, packed->weights, err);
    wn_free(plain);
    return status;
}

wn_status wn_plan_pack(const wn_network *network, const wn_packed *packed, wn_onednn_stream *stream, wn_error *err)
{
    if (wn_conv_shifts(packed->conv)) return pack_folded(network, packed, stream, err);
    return wn_conv_pack(packed->conv, stream, wn_network_values(network, network->rows[packed->layer].weight), NULL,
                        packed->weights, err);
}

/* The number of the packed weights of `layer` that suit `conv`; made and filled when they are new. */
static wn_status find_packed(wn_network *network, size_t layer, const wn_conv *conv, size_t *out, wn_error *err)
{
    for (size_t i = 0; i < network->packed_count; i++) {
        const wn_packed *packed = &network->packed[i];
        if (packed->layer == layer && wn_conv_same_weights(packed->conv, conv)) {
            *out = i;
            return WN_OK;
        }
    }

    wn_status status;
    wn_onednn_stream *stream = NULL;
    wn_packed *grown = wn_realloc(WN_MEMORY_NETWORK, network->packed, network->packed_count + 1, sizeof *grown);
    if (!grown) return wn_fail(err, WN_NOMEM, "no memory for the packed weights");
    network->packed = grown;
    wn_packed *packed = &grown[network->packed_count];
    *packed = (wn_packed){.layer = layer, .conv = conv};
    packed->weights = wn_calloc(WN_MEMORY_NETWORK, wn_conv_weight_bytes(conv), 1);
    if (!packed->weights) return wn_fail(err, WN_NOMEM, "no memory for the packed weights");

    if ((status = wn_onednn_stream_new(network->onednn, &stream, err))) goto done;
    wn_onednn_section section = wn_onednn_enter();
    status = wn_plan_pack(network, packed, stream, err);
    wn_onednn_leave(section);
    wn_onednn_stream_free(&stream);

done:
    if (status == WN_OK)
        *out = network->packed_count++;
    else
        wn_free(packed->weights);
    return status;
}

/* Pooling stands between convolution and norm, a skip between norm and what the layer gives. */
static bool can_fold(const wn_layer *row)
{
    return !row->pool && !row->skip && row->clip != WN_CLIP_JOINED;
}

static void note_conv(wn_plan *plan, const wn_conv *conv, bool gradient)
{
    plan->conv_bytes = max_size(plan->conv_bytes, wn_conv_scratch_bytes(conv));
    if (gradient) plan->packed_bytes = max_size(plan->packed_bytes, wn_conv_weight_bytes(conv));
}

static wn_status make_convs(wn_network *network, wn_plan *plan, size_t i, wn_error *err)
{
    wn_plan_layer *layer = &plan->layers[i];
    const wn_layer *row = &network->architecture->layers[i];
    wn_conv_shape shape = {.views = layer->views,
                           .side = layer->side_in,
                           .channels_in = layer->channels_in,
                           .channels_out = layer->channels,
                           .kernel = row->kernel,
                           .stride = row->stride == 2 ? 2 : 1,
                           .depthwise = row->depthwise,
                           .late = row->late,
                           .bf16 = plan->bf16,
                           .layout = plan->layout,
                           .low = wn_clip_low(row->clip),
                           .high = wn_clip_high(row->clip)};
    layer->folded = !plan->training && can_fold(row) && wn_conv_can_shift(network->onednn, &shape);
    shape.shifted = layer->folded;

    WN_TRY(wn_conv_new(network->onednn, WN_CONV_FORWARD, &shape, &layer->forward, err));
    WN_TRY(find_packed(network, i, layer->forward, &layer->packed_forward, err));
    note_conv(plan, layer->forward, false);
    if (!plan->training) return WN_OK;

    WN_TRY(wn_conv_new(network->onednn, WN_CONV_BACKWARD_WEIGHTS, &shape, &layer->backward_weights, err));
    note_conv(plan, layer->backward_weights, true);
    if (i == 0) return WN_OK; /* nobody asks for the gradient of the pixels */
    WN_TRY(wn_conv_new(network->onednn, WN_CONV_BACKWARD_DATA, &shape, &layer->backward_data, err));
    WN_TRY(find_packed(network, i, layer->backward_data, &layer->packed_backward, err));
    note_conv(plan, layer->backward_data, false);
    return WN_OK;
}

wn_status wn_plan_get(wn_network *network, uint32_t views, uint32_t side, const wn_batch_options *options,
                      const wn_plan **out, wn_error *err)
{
    const bool bf16 = wn_precision_resolve(options->precision) == WN_PRECISION_BF16, training = options->training;
    const bool fixed = training && options->fixed_norms;
    for (size_t i = 0; i < network->plan_count; i++) {
        const wn_plan *known = network->plans[i];
        if (known->views == views && known->side == side && known->bf16 == bf16 && known->training == training &&
            known->fixed_norms == fixed) {
            *out = known;
            return WN_OK;
        }
    }

    if (views == 0 || !wn_architecture_takes_side(network->architecture, side))
        return wn_fail(err, WN_INVALID, "network %s takes views whose side is a multiple of %u, not %u",
                       network->architecture->name, wn_architecture_side_step(network->architecture), side);

    wn_plan **grown = wn_realloc(WN_MEMORY_NETWORK, network->plans, network->plan_count + 1, sizeof *grown);
    if (!grown) return wn_fail(err, WN_NOMEM, "no memory for the network");
    network->plans = grown;
    wn_plan *plan = wn_calloc(WN_MEMORY_NETWORK, 1, sizeof *plan);
    if (!plan) return wn_fail(err, WN_NOMEM, "no memory for the network");
    network->plans[network->plan_count++] = plan;

    *plan = (wn_plan){.views = views, .bf16 = bf16, .training = training, .fixed_norms = fixed};
    plan->layout = !bf16 && wn_onednn_prefers_blocks() ? WN_LAYOUT_BLOCKS : WN_LAYOUT_TOGETHER;
    wn_strip_kernels_init(&plan->kernels, wn_cpu_level(), bf16);
    plan->layer_count = network->architecture->layer_count;
    plan->side = side;
    place_layers(plan, network->architecture);
    for (size_t i = 0; i < plan->layer_count; i++) {
        wn_status status = make_convs(network, plan, i, err);
        if (status != WN_OK) {
            plan->views = 0; /* never found again; released with the network */
            return status;
        }
    }
    *out = plan;
    return WN_OK;
}

void wn_plan_clear_all(wn_network *network)
{
    for (size_t i = 0; i < network->packed_count; i++) wn_free(network->packed[i].weights);
    wn_free(network->packed);
    network->packed = NULL;
    network->packed_count = 0;
    for (size_t i = 0; i < network->plan_count; i++) {
        wn_plan *plan = network->plans[i];
        for (size_t k = 0; k < plan->layer_count; k++) {
            wn_conv_free(&plan->layers[k].forward);
            wn_conv_free(&plan->layers[k].backward_data);
            wn_conv_free(&plan->layers[k].backward_weights);
        }
        wn_free(plan);
    }
    wn_free(network->plans);
    network->plans = NULL;
    network->plan_count = 0;
}
