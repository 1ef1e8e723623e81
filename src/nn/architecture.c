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

double wn_architecture_flop(const wn_architecture *architecture, uint32_t side)
{
    double flop = 0, channels = 3, positions = (double)side * side;
    for (size_t i = 0; i < architecture->layer_count; i++) {
        const wn_layer *layer = &architecture->layers[i];
        flop += 2 * positions * channels * layer->channels * layer->kernel * layer->kernel;
        channels = layer->channels;
        if (layer->pool) positions /= 4;
    }
    return flop;
}

uint32_t wn_architecture_side_step(const wn_architecture *architecture)
{
    uint32_t step = 1;
    for (size_t i = 0; i < architecture->layer_count; i++) {
        if (architecture->layers[i].pool) step *= 2;
    }
    return step;
}
