/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of architectures and what follows from their rows.
 */
#include "nn/architecture.h"

#include <string.h>

#define X(name) extern const wn_architecture wn_architecture_##name;
#include "nn/architectures.def"
#undef X

static const wn_architecture *const architectures[] = {
#define X(name) &wn_architecture_##name,
#include "nn/architectures.def"
#undef X
};

const wn_architecture *wn_architecture_at(size_t i)
{
    return i < sizeof architectures / sizeof *architectures ? architectures[i] : NULL;
}

const wn_architecture *wn_architecture_find(const char *name)
{
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++) {
        if (strcmp(architectures[i]->name, name) == 0) return architectures[i];
    }
    return NULL;
}

uint32_t wn_architecture_features(const wn_architecture *architecture)
{
    return architecture->layers[architecture->layer_count - 1].channels;
}

/* Channels that row i reads, and by how many halvings its input and output are smaller than the view. */
typedef struct reach {
    uint32_t channels_in, halved_in, halved;
} reach;

static void follow(const wn_architecture *architecture, reach reached[WN_ARCHITECTURE_LAYERS_MAX])
{
    for (size_t i = 0; i < architecture->layer_count; i++) {
        const wn_layer *layer = &architecture->layers[i];
        reach *to = &reached[i];
        *to = (reach){.channels_in = 3};
        if (i > 0) {
            size_t source = wn_architecture_source(architecture, i);
            to->channels_in = architecture->layers[source].channels;
            to->halved_in = reached[source].halved;
        }
        to->halved = to->halved_in + (layer->pool ? 1 : 0) + (layer->stride == 2 ? 1 : 0);
    }
}

/* An odd side is halved upwards. */
static uint32_t halved_side(uint32_t side, uint32_t times)
{
    return (side + (1U << times) - 1) >> times;
}

uint32_t wn_architecture_side_in(const wn_architecture *architecture, size_t i, uint32_t side)
{
    reach reached[WN_ARCHITECTURE_LAYERS_MAX];
    follow(architecture, reached);
    return halved_side(side, reached[i].halved_in);
}

/* Weights of one filter. */
static double filter_numbers(const wn_layer *layer, uint32_t channels_in)
{
    return (double)layer->kernel * layer->kernel * (layer->depthwise ? 1 : channels_in);
}

/* Of one row. */
static double row_flop(const wn_layer *layer, const reach *reached, uint32_t side)
{
    double edge = (double)halved_side(side, reached->halved_in + (layer->stride == 2 ? 1 : 0));
    return 2 * edge * edge * layer->channels * filter_numbers(layer, reached->channels_in);
}

double wn_architecture_flop(const wn_architecture *architecture, uint32_t side)
{
    reach reached[WN_ARCHITECTURE_LAYERS_MAX];
    double flop = 0;
    follow(architecture, reached);
    for (size_t i = 0; i < architecture->layer_count; i++) {
        flop += row_flop(&architecture->layers[i], &reached[i], side);
    }
    return flop;
}

double wn_architecture_epsilon(const wn_architecture *architecture)
{
    return architecture->epsilon > 0 ? architecture->epsilon : 1e-5;
}

uint64_t wn_architecture_numbers(const wn_architecture *architecture)
{
    reach reached[WN_ARCHITECTURE_LAYERS_MAX];
    uint64_t count = 6;
    follow(architecture, reached);
    for (size_t i = 0; i < architecture->layer_count; i++) {
        const wn_layer *layer = &architecture->layers[i];
        count += layer->channels * ((uint64_t)filter_numbers(layer, reached[i].channels_in) + 4);
    }
    return count;
}

uint32_t wn_architecture_side_step(const wn_architecture *architecture)
{
    reach reached[WN_ARCHITECTURE_LAYERS_MAX];
    uint32_t halved = 0;
    follow(architecture, reached);
    for (size_t i = 0; i < architecture->layer_count; i++) {
        if (reached[i].halved > halved) halved = reached[i].halved;
    }
    return 1U << halved;
}

bool wn_architecture_takes_side(const wn_architecture *architecture, uint32_t side)
{
    reach reached[WN_ARCHITECTURE_LAYERS_MAX];
    const uint32_t step = wn_architecture_side_step(architecture);
    if (side == 0 || step == 1 || side % step == 0) return side > 0;
    if (side % (step / 2) != 0) return false;
    follow(architecture, reached);
    for (size_t i = 0; i < architecture->layer_count; i++) {
        if (architecture->layers[i].pool && 1U << reached[i].halved == step) return false;
    }
    return true;
}

static bool row_valid(const wn_architecture *architecture, const reach *reached, size_t i)
{
    const wn_layer *layer = &architecture->layers[i];
    if (layer->channels == 0 || layer->channels % 16 != 0 || layer->kernel % 2 == 0 || layer->kernel > 7) return false;
    if (layer->stride > 2 || layer->from > i || layer->skip > i || reached[i].halved > 8) return false;
    if (layer->depthwise && (i == 0 || layer->channels != reached[i].channels_in)) return false;
    if (!layer->skip) return layer->clip != WN_CLIP_JOINED;
    size_t other = i - layer->skip;
    return architecture->layers[other].channels == layer->channels && reached[other].halved == reached[i].halved;
}

/* Walks backward as a pass does and counts the gradients that wait beside the row in work. */
static bool gradients_fit(const wn_architecture *architecture)
{
    bool waiting[WN_ARCHITECTURE_LAYERS_MAX] = {false};
    waiting[architecture->layer_count - 1] = true;
    for (size_t i = architecture->layer_count; i-- > 0;) {
        size_t count = 0;
        if (!waiting[i]) return false; /* nobody reads the row */
        waiting[i] = false;
        for (size_t k = 0; k < i; k++) count += waiting[k];
        if (architecture->layers[i].skip) {
            /* its gradient joins one that waits after the convolution's own is written beside it */
            if (count > 1) return false;
            count += waiting[i - architecture->layers[i].skip] ? 0 : 1;
            waiting[i - architecture->layers[i].skip] = true;
        }
        if (count > 1) return false; /* with the row's own and its input's that makes three */
        if (i > 0) waiting[wn_architecture_source(architecture, i)] = true;
    }
    return true;
}

bool wn_architecture_valid(const wn_architecture *architecture)
{
    reach reached[WN_ARCHITECTURE_LAYERS_MAX];
    size_t count = architecture->layer_count;
    if (count == 0 || count > WN_ARCHITECTURE_LAYERS_MAX) return false;
    for (size_t i = 0; i < count; i++) {
        if (architecture->layers[i].from > i) return false;
    }
    follow(architecture, reached);
    for (size_t i = 0; i < count; i++) {
        if (!row_valid(architecture, reached, i)) return false;
    }
    return gradients_fit(architecture);
}
