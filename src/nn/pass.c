/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk of one shard through the layers, forward and backward. Between the convolutions (conv.h) all is
 * one strip kernel after the other, except where a convolution does norm and cut itself (`folded` in plan.h).
 */
#include "nn/pass.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

/* A pass in work: saves passing six arguments around. */
typedef struct walk {
    const wn_network *network;
    const wn_plan *plan;
    const wn_strip_kernels *kernels;
    char *memory;
    wn_pass_scratch *scratch;
    size_t first; /* view of the part in work, in the front of the plan; else 0 */
} walk;

/* The strips of an activation: `at(n, group)` is n * view + group * block elements into it. */
typedef struct strips {
    wn_strip strip;
    size_t view, block, groups; /* elements from view to view, from strip to strip of a view; strips of a view */
} strips;

static strips strips_of(const walk *w, uint32_t channels, uint32_t side)
{
    size_t positions = (size_t)side * side;
    bool blocks = w->plan->layout == WN_LAYOUT_BLOCKS;
    return (strips){.strip = {positions, side, blocks ? WN_STRIP_CHANNELS : channels},
                    .view = positions * channels,
                    .block = blocks ? positions * WN_STRIP_CHANNELS : WN_STRIP_CHANNELS,
                    .groups = channels / WN_STRIP_CHANNELS};
}

/* Byte offset of strip (view, group). */
static size_t strip_at(const walk *w, const strips *s, size_t view, size_t group)
{
    return (view * s->view + group * s->block) * w->kernels->element_size;
}

static wn_strip_norm *norms_of(const walk *w, const wn_plan_layer *layer)
{
    return (wn_strip_norm *)(void *)(w->memory + layer->norms);
}

static void load_input(const walk *w, const uint8_t *pixels, size_t views)
{
    const wn_plan *plan = w->plan;
    size_t positions = (size_t)plan->side * plan->side, element = w->kernels->element_size;
    bool blocks = plan->layout == WN_LAYOUT_BLOCKS;
    char *input = w->memory + plan->input;

    for (size_t n = 0; n < views; n++)
        w->kernels->load_pixels(pixels + n * positions * 3, positions, w->network->pixels, blocks ? 1 : 3,
                                blocks ? positions : 1, input + n * positions * 3 * element);
    memset(input + views * positions * 3 * element, 0, (plan->part - views) * positions * 3 * element);
}

/* z of every strip from the convolution's output (pooling on the way), and its sums in training. */
static void collect_moments(const walk *w, const wn_plan_layer *layer, double *first, double *second)
{
    strips s = strips_of(w, layer->channels, layer->side), f = strips_of(w, layer->channels, layer->side_full);
    char *z = w->memory + layer->z, *full = w->scratch->full;
    wn_strip_sums sums;

    memset(first, 0, layer->channels * sizeof *first);
    memset(second, 0, layer->channels * sizeof *second);
    for (size_t n = 0; n < layer->views; n++) {
        for (size_t g = 0; g < s.groups; g++) {
            void *strip = z + strip_at(w, &s, n, g);
            if (layer->pool) {
                uint8_t *which = (uint8_t *)w->memory + layer->which + (n * s.groups + g) * s.strip.positions * 16;
                w->kernels->pool(&s.strip, full + strip_at(w, &f, n, g), strip, w->plan->training ? which : NULL,
                                 &sums);
            } else {
                w->kernels->moments(&s.strip, strip, &sums);
            }
            for (size_t c = 0; c < WN_STRIP_CHANNELS; c++) {
                first[g * WN_STRIP_CHANNELS + c] += (double)sums.first[c];
                second[g * WN_STRIP_CHANNELS + c] += (double)sums.second[c];
            }
        }
    }
}

/* Scale and shift of every channel from the shard's statistics (training) or the running ones. */
static void set_norms(const walk *w, size_t i, const double *first, const double *second)
{
    const wn_plan_layer *layer = &w->plan->layers[i];
    const wn_layer_rows *rows = &w->network->rows[i];
    const float *gamma = wn_network_values(w->network, rows->scale), *beta = wn_network_values(w->network, rows->shift);
    const float *mean = wn_network_values(w->network, rows->mean);
    const float *variance = wn_network_values(w->network, rows->variance);
    float *keep = (float *)(void *)(w->memory + layer->variance);
    double count = (double)w->plan->views * layer->side * layer->side,
           epsilon = wn_architecture_epsilon(w->network->architecture);
    const bool measured = w->plan->training && !w->plan->fixed_norms;

    for (size_t c = 0; c < layer->channels; c++) {
        wn_strip_norm *norm = &norms_of(w, layer)[c / WN_STRIP_CHANNELS];
        size_t k = c % WN_STRIP_CHANNELS;
        double m = measured ? first[c] / count : (double)mean[c];
        double v = measured ? fmax(0, second[c] / count - m * m) : (double)variance[c];
        const wn_channel_norm channel = wn_channel_norm_of(gamma[c], beta[c], m, v, epsilon);
        keep[c] = (float)(count > 1 ? v * count / (count - 1) : v);
        norm->mean[k] = (float)m;
        norm->inverse[k] = (float)channel.inverse;
        norm->scale[k] = (float)channel.scale;
        norm->shift[k] = (float)channel.shift;
        norm->low[k] = wn_clip_low(layer->clip);
        norm->high[k] = wn_clip_high(layer->clip);
    }
}

/* Byte offset of the part in work into what the front leaves, which is there for all views. */
static size_t part_at(const walk *w, size_t i)
{
    return i + 1 == w->plan->front ? w->first * wn_plan_view_bytes(w->plan, i) : 0;
}

/* Where the forward pass leaves the activation of layer i. The next layer reads it and writes to the other buffer. */
static void *activation_of(const walk *w, size_t i)
{
    const wn_plan_layer *layer = &w->plan->layers[i];
    return layer->kept ? w->memory + layer->a + part_at(w, i) : w->scratch->gradients[i % 2];
}

static void activate_layer(const walk *w, size_t i, char *a)
{
    const wn_plan_layer *layer = &w->plan->layers[i];
    const wn_strip_norm *norms = norms_of(w, layer);
    const char *z = w->memory + layer->z + part_at(w, i),
               *skip = layer->skip ? activation_of(w, i - layer->skip) : NULL;
    strips s = strips_of(w, layer->channels, layer->side);

    for (size_t n = 0; n < layer->views; n++) {
        for (size_t g = 0; g < s.groups; g++) {
            size_t at = strip_at(w, &s, n, g);
            if (layer->clip == WN_CLIP_JOINED)
                w->kernels->join(&s.strip, &norms[g], z + at, skip + at, a + at);
            else
                w->kernels->activate(&s.strip, &norms[g], z + at, skip ? skip + at : NULL, a + at);
        }
    }
}

/* Inference: one visit of each strip does pooling, norm and ReLU while it is in the cache. */
static void pool_and_activate(const walk *w, size_t i)
{
    const wn_plan_layer *layer = &w->plan->layers[i];
    const wn_strip_norm *norms = norms_of(w, layer);
    strips s = strips_of(w, layer->channels, layer->side), f = strips_of(w, layer->channels, layer->side_full);
    char *a = activation_of(w, i), *full = w->scratch->full;
    const char *skip = layer->skip ? activation_of(w, i - layer->skip) : NULL;
    wn_strip_sums unused;

    for (size_t n = 0; n < layer->views; n++) {
        for (size_t g = 0; g < s.groups; g++) {
            size_t at = strip_at(w, &s, n, g);
            w->kernels->pool(&s.strip, full + strip_at(w, &f, n, g), a + at, NULL, &unused);
            w->kernels->activate(&s.strip, &norms[g], a + at, skip ? skip + at : NULL, a + at);
        }
    }
}

static wn_status forward_layer(const walk *w, size_t i, wn_error *err)
{
    const wn_plan_layer *layer = &w->plan->layers[i];
    double *first = w->scratch->sums, *second = first + layer->channels;
    void *out = layer->pool ? w->scratch->full : w->memory + layer->z + part_at(w, i);

    void *in = i == 0 ? w->memory + w->plan->input : activation_of(w, layer->source);

    WN_TRY(wn_conv_run(layer->forward, w->scratch->stream, in, w->network->packed[layer->packed_forward].weights, out,
                       w->scratch->conv, err));
    if (layer->folded) return WN_OK;
    if (w->plan->training) collect_moments(w, layer, first, second);
    if (w->first == 0) set_norms(w, i, first, second); /* the running statistics are the same for all parts */
    if (layer->pool && layer->clip != WN_CLIP_JOINED && !w->plan->training)
        pool_and_activate(w, i);
    else
        activate_layer(w, i, activation_of(w, i));
    return WN_OK;
}

/* Pixels and the front, a part of the views after the other; one part with all of them where there is no front. */
static wn_status forward_front(walk *w, const uint8_t *pixels, size_t views, wn_error *err)
{
    const wn_plan *plan = w->plan;
    const size_t view_bytes = (size_t)plan->side * plan->side * 3;
    for (; w->first < views; w->first += plan->part) {
        const size_t left = views - w->first;
        load_input(w, pixels + w->first * view_bytes, left < plan->part ? left : plan->part);
        for (size_t i = 0; i < plan->front; i++) WN_TRY(forward_layer(w, i, err));
    }
    w->first = 0;
    return WN_OK;
}

wn_status wn_pass_forward(const wn_network *network, const wn_plan *plan, void *memory, wn_pass_scratch *scratch,
                          const uint8_t *pixels, size_t views, float *features, wn_error *err)
{
    walk w = {network, plan, &plan->kernels, memory, scratch, 0};
    const wn_plan_layer *last = &plan->layers[plan->layer_count - 1];
    strips s = strips_of(&w, last->channels, last->side);

    wn_onednn_section section = wn_onednn_enter();
    wn_status status = forward_front(&w, pixels, views, err);
    for (size_t i = plan->front; i < plan->layer_count && status == WN_OK; i++) status = forward_layer(&w, i, err);
    for (size_t n = 0; n < views && status == WN_OK; n++) {
        for (size_t g = 0; g < s.groups; g++)
            plan->kernels.average(&s.strip, (char *)activation_of(&w, plan->layer_count - 1) + strip_at(&w, &s, n, g),
                                  features + n * last->channels + g * WN_STRIP_CHANNELS);
    }
    wn_onednn_leave(section);
    return status;
}

static void add_to(float *target, float value, bool add)
{
    *target = add ? *target + value : value;
}

/* Gradients of scale and shift, and the three factors that turn h and z into the gradient of z: with N elements a
 * channel, dz = scale * (h - sum(h) / N - (z - mean) inverse^2 sum(h (z - mean)) / N). */
static void set_backward_norms(const walk *w, size_t i, const double *first, const double *second, bool add,
                               float *gradient)
{
    const wn_plan_layer *layer = &w->plan->layers[i];
    const wn_tensor *rows = w->network->tensors.rows;
    float *dscale = gradient + rows[w->network->rows[i].scale].offset;
    float *dshift = gradient + rows[w->network->rows[i].shift].offset;
    double count = (double)w->plan->views * layer->side * layer->side;

    for (size_t c = 0; c < layer->channels; c++) {
        wn_strip_norm *norm = &norms_of(w, layer)[c / WN_STRIP_CHANNELS];
        size_t k = c % WN_STRIP_CHANNELS;
        double scale = (double)norm->scale[k], inverse = (double)norm->inverse[k];
        double by_z = w->plan->fixed_norms ? 0 : -scale * inverse * inverse * second[c] / count;
        add_to(&dscale[c], (float)(inverse * second[c]), add);
        add_to(&dshift[c], (float)first[c], add);
        norm->by_h[k] = norm->scale[k];
        norm->by_z[k] = (float)by_z;
        norm->constant[k] =
            w->plan->fixed_norms ? 0.0F : (float)(-scale * first[c] / count - by_z * (double)norm->mean[k]);
    }
}

/* Sums over the layer of h and h (z - mean), h = the gradient behind the ReLU. */
static void collect_reductions(const walk *w, const wn_plan_layer *layer, const char *g, double *first, double *second)
{
    const wn_strip_norm *norms = norms_of(w, layer);
    const char *z = w->memory + layer->z;
    strips s = strips_of(w, layer->channels, layer->side);
    wn_strip_sums sums;

    memset(first, 0, layer->channels * sizeof *first);
    memset(second, 0, layer->channels * sizeof *second);
    for (size_t n = 0; n < w->plan->views; n++) {
        for (size_t group = 0; group < s.groups; group++) {
            size_t at = strip_at(w, &s, n, group);
            w->kernels->reduce(&s.strip, &norms[group], g + at, z + at, &sums);
            for (size_t c = 0; c < WN_STRIP_CHANNELS; c++) {
                first[group * WN_STRIP_CHANNELS + c] += (double)sums.first[c];
                second[group * WN_STRIP_CHANNELS + c] += (double)sums.second[c];
            }
        }
    }
}

/* The gradient of the convolution's output, to `full` for pooled layers, else to `d` (which may be g). */
static void differentiate_layer(const walk *w, const wn_plan_layer *layer, const char *g, char *d)
{
    const wn_strip_norm *norms = norms_of(w, layer);
    const char *z = w->memory + layer->z;
    strips s = strips_of(w, layer->channels, layer->side), f = strips_of(w, layer->channels, layer->side_full);

    for (size_t n = 0; n < w->plan->views; n++) {
        for (size_t group = 0; group < s.groups; group++) {
            size_t at = strip_at(w, &s, n, group);
            const uint8_t *which =
                (uint8_t *)w->memory + layer->which + (n * s.groups + group) * s.strip.positions * 16;
            if (layer->pool)
                w->kernels->unpool(&s.strip, &norms[group], g + at, z + at, which, d + strip_at(w, &f, n, group));
            else
                w->kernels->differentiate(&s.strip, &norms[group], g + at, z + at, d + at);
        }
    }
}

/* `spare` holds the layer's input when that has to be computed again. */
static wn_status weight_gradient(const walk *w, size_t i, void *d, void *spare, bool add, float *gradient,
                                 wn_error *err)
{
    const wn_plan_layer *layer = &w->plan->layers[i];
    const wn_tensor *tensor = &w->network->tensors.rows[w->network->rows[i].weight];
    wn_pass_scratch *scratch = w->scratch;
    float *target = gradient + tensor->offset;
    void *in = w->memory + (i == 0 ? w->plan->input : w->plan->layers[layer->source].a);

    if (i > 0 && !w->plan->layers[layer->source].kept) {
        activate_layer(w, layer->source, spare);
        in = spare;
    }
    WN_TRY(wn_conv_run(layer->backward_weights, scratch->stream, in, scratch->packed, d, scratch->conv, err));
    WN_TRY(
        wn_conv_unpack(layer->backward_weights, scratch->stream, scratch->packed, add ? scratch->plain : target, err));
    for (size_t k = 0; add && k < tensor->count; k++) target[k] += scratch->plain[k];
    return WN_OK;
}

enum { BUFFERS = 3, NOBODY = WN_ARCHITECTURE_LAYERS_MAX };

/* The gradients of activations that are alive: which layer each buffer belongs to. wn_architecture_valid has seen to it
 * that three are enough. */
typedef struct flow {
    size_t owner[BUFFERS];
} flow;

static size_t buffer_of(const flow *at, size_t owner)
{
    for (size_t i = 0; i < BUFFERS; i++) {
        if (at->owner[i] == owner) return i;
    }
    return BUFFERS;
}

/* buffer[to] += buffer[from], both of layer i. */
static void add_buffers(const walk *w, size_t i, size_t to, size_t from)
{
    const wn_plan_layer *layer = &w->plan->layers[i];
    strips s = strips_of(w, layer->channels, layer->side);
    char *g = w->scratch->gradients[to];
    const char *other = w->scratch->gradients[from];

    for (size_t n = 0; n < w->plan->views; n++) {
        for (size_t group = 0; group < s.groups; group++) {
            size_t offset = strip_at(w, &s, n, group);
            w->kernels->add(&s.strip, g + offset, other + offset);
        }
    }
}

/* The gradient in a buffer is that of layer i, or a part of it. */
static void give(const walk *w, flow *at, size_t i, size_t buffer)
{
    size_t known = buffer_of(at, i);
    at->owner[buffer] = i;
    if (known == BUFFERS) return;
    add_buffers(w, i, buffer, known);
    at->owner[known] = NOBODY;
}

/* Joined layers: what passes the ReLU is the gradient of both summands. */
static void mask_joined(const walk *w, const wn_plan_layer *layer, char *g)
{
    strips s = strips_of(w, layer->channels, layer->side);
    for (size_t n = 0; n < w->plan->views; n++) {
        for (size_t group = 0; group < s.groups; group++) {
            size_t offset = strip_at(w, &s, n, group);
            w->kernels->mask(&s.strip, w->memory + layer->a + offset, g + offset);
        }
    }
}

static wn_status backward_layer(const walk *w, size_t i, flow *at, bool add, float *gradient, wn_error *err)
{
    const wn_plan_layer *layer = &w->plan->layers[i];
    wn_pass_scratch *scratch = w->scratch;
    double *first = scratch->sums, *second = first + layer->channels;
    size_t own = buffer_of(at, i), place = own; /* of the gradient of z */
    char *g = scratch->gradients[own];

    if (layer->clip == WN_CLIP_JOINED) mask_joined(w, layer, g);
    collect_reductions(w, layer, g, first, second);
    set_backward_norms(w, i, first, second, add, gradient);

    if (layer->skip && !layer->pool) {
        place = buffer_of(at, NOBODY);
        at->owner[place] = i;
    }
    void *d = layer->pool ? scratch->full : scratch->gradients[place];
    differentiate_layer(w, layer, g, d);
    if (layer->skip)
        give(w, at, i - layer->skip, own);
    else if (layer->pool)
        at->owner[own] = NOBODY;
    size_t next = buffer_of(at, NOBODY);
    WN_TRY(weight_gradient(w, i, d, scratch->gradients[next], add, gradient, err));
    if (i == 0) return WN_OK;
    WN_TRY(wn_conv_run(layer->backward_data, scratch->stream, scratch->gradients[next],
                       w->network->packed[layer->packed_backward].weights, d, scratch->conv, err));
    if (!layer->pool) at->owner[place] = NOBODY;
    give(w, at, layer->source, next);
    return WN_OK;
}

wn_status wn_pass_backward(const wn_network *network, const wn_plan *plan, void *memory, wn_pass_scratch *scratch,
                           const float *dfeatures, bool add, float *gradient, wn_error *err)
{
    walk w = {network, plan, &plan->kernels, memory, scratch, 0};
    const wn_plan_layer *last = &plan->layers[plan->layer_count - 1];
    strips s = strips_of(&w, last->channels, last->side);
    flow at = {.owner = {plan->layer_count - 1, NOBODY, NOBODY}};
    wn_status status = WN_OK;

    wn_onednn_section section = wn_onednn_enter();
    for (size_t n = 0; n < plan->views; n++) {
        for (size_t g = 0; g < s.groups; g++)
            plan->kernels.spread(&s.strip, dfeatures + n * last->channels + g * WN_STRIP_CHANNELS,
                                 (char *)scratch->gradients[0] + strip_at(&w, &s, n, g));
    }
    for (size_t i = plan->layer_count; i-- > 0 && status == WN_OK;)
        status = backward_layer(&w, i, &at, add, gradient, err);
    wn_onednn_leave(section);
    return status;
}
