/* SPDX-License-Identifier: Apache-2.0
 *
 * Training methods. A method says how many views of an image it wants, which head stands between the embedding and
 * its loss, and what the loss and its gradient are. A new one is a file in methods/ and a line in methods.def; the
 * framework owns views, network, prefixes, optimiser, checkpoints and progress.
 */
#ifndef PRETRAIN_METHOD_H
#define PRETRAIN_METHOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nn/mlp.h"
#include "num/tile.h"
#include "winnow/option.h"
#include "winnow/pool.h"

enum { WN_METHOD_PARAMS_MAX = 64 };

/* What a loss looks at. Row `view * images + image` of z holds one view; scratch holds method->scratch() floats. */
typedef struct wn_loss_input {
    const float *z; /* (views * images) x dim */
    size_t images, views, dim;
    const wn_tile_kernels *kernels;
    wn_pool *pool;
    float *scratch;
    const float *targets; /* images x dim: what the teacher says, rows of length 1; NULL without a teacher */
} wn_loss_input;

typedef struct wn_method {
    const char *name, *summary;
    const wn_option *options; /* over its parameter struct */
    size_t params_size;       /* <= WN_METHOD_PARAMS_MAX */
    int64_t views, small_views;
    int64_t views_least; /* of both kinds; 0 = 2 */
    bool taught;         /* needs a teacher */
    double axes_keep;    /* share of their variances that the axes of the finished embedding keep; 0 = the usual 0.25 */
    bool unit;           /* rows of z are scaled to length 1 before the loss */
    const wn_mlp_layer *projector;
    size_t projector_len;

    /* Floats of scratch for that shape. */
    size_t (*scratch)(size_t images, size_t views, size_t dim);

    /* The loss, and dz (as z, overwritten) = its gradient. Needs images >= 2 and views >= views_least; the same bytes
     * for any pool. */
    double (*loss)(const void *params, const wn_loss_input *input, float *dz);
} wn_method;

/* The i-th method, or NULL beyond the last. The first one is the default. */
const wn_method *wn_method_at(size_t i);

/* By name; NULL when there is none. */
const wn_method *wn_method_find(const char *name);

/* Defaults, then "name=value,name=value" of `text` (NULL allowed), into params (WN_METHOD_PARAMS_MAX bytes). */
WN_NODISCARD wn_status wn_method_read_options(const wn_method *method, const char *text, void *params, wn_error *err);

#endif
