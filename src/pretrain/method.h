/* SPDX-License-Identifier: Apache-2.0
 *
 * Training methods. A method says how many views of an image it wants, which heads stand between the embedding and
 * its loss, and what the loss and its gradient are. A new one is a file in methods/ and a line in methods.def; the
 * framework owns views, network, prefixes, teacher, optimiser, checkpoints and progress.
 *
 *     embedding prefix -> projector -> z -> [predictor -> p]          the student, all views
 *     embedding prefix -> projector -> tz -> [predictor -> tp]        the teacher, full views, no gradient
 *
 * The teacher has the same layers; its numbers are a moving average of the student's (He et al. 2020).
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

/* What a loss looks at. Row `view * images + image` of z, p, tz and tp holds one view; full views come first, so the
 * teacher's rows are the first ones of the student's. `scratch` holds method->scratch() floats, `memory` as many as
 * method->memory(): zeros at the first step, then kept from step to step and in checkpoints. */
typedef struct wn_loss_input {
    const float *z; /* (views * images) x dim */
    size_t images, views, dim;
    const wn_tile_kernels *kernels;
    wn_pool *pool;
    float *scratch;
    const float *p; /* (views * images) x p_dim; NULL without a predictor */
    float *dp;      /* where the gradient by p goes; NULL without one */
    size_t p_dim;
    const float *tz; /* (teacher_views * images) x dim; NULL without a teacher */
    const float *tp; /* (teacher_views * images) x p_dim; NULL unless the teacher predicts */
    size_t teacher_views;
    float *memory;
    int64_t step;    /* from 0 */
    double progress; /* share of the steps that are done, in [0, 1) */
    uint64_t seed;
    const float *targets; /* images x dim: what an outside teacher says, rows of length 1; NULL without one */
} wn_loss_input;

typedef struct wn_method {
    const char *name, *summary;
    const char *advice;       /* when to use it, one or two sentences */
    const wn_option *options; /* over its parameter struct */
    size_t params_size;       /* <= WN_METHOD_PARAMS_MAX */
    int64_t views, small_views;
    int64_t views_least; /* of both kinds; 0 = 2 */
    bool taught;         /* needs targets: embeddings of the same images by another model */
    double axes_keep; /* share of their variances that the axes of the finished embedding keep; 0 = the usual 0.375 */
    bool unit;        /* rows of z and tz are scaled to length 1 before the loss */
    const wn_mlp_layer *projector;
    size_t projector_len;

    /* The predictor, NULL for none: it reads z as the loss does (predict_unit) or before scaling; rows of p and tp are
     * scaled to length 1 where `unit_p` says so. Rows of the last weight matrix are kept at length 1 after each step
     * where `prototypes` says so: outputs are then cosines to prototypes. */
    const wn_mlp_layer *predictor;
    size_t predictor_len;
    bool predict_unit, unit_p, prototypes;

    /* How slowly the teacher follows, in [0, 1] (1: it never moves), at `progress`; NULL for no teacher. */
    double (*momentum)(const void *params, double progress);
    bool teacher_predicts;

    /* Floats of scratch for that shape, `views` counts all views; NULL for none. */
    size_t (*scratch)(const void *params, size_t images, size_t views, size_t dim);

    /* Floats of memory, for one prefix; NULL for none. */
    size_t (*memory)(const void *params, size_t dim, size_t p_dim);

    /* The loss; dz (as z, overwritten) and input->dp (as p, overwritten) = its gradient. Needs images >= 2 and
     * views >= views_least; the same bytes for any pool. */
    double (*loss)(const void *params, const wn_loss_input *input, float *dz);
} wn_method;

/* The i-th method, or NULL beyond the last. The first one is the default. */
const wn_method *wn_method_at(size_t i);

/* By name; NULL when there is none. */
const wn_method *wn_method_find(const char *name);

/* Width of z, and of p (0 without a predictor). */
size_t wn_method_width(const wn_method *method);
size_t wn_method_predictor_width(const wn_method *method);

/* Defaults, then "name=value,name=value" of `text` (NULL allowed), into params (WN_METHOD_PARAMS_MAX bytes). */
WN_NODISCARD wn_status wn_method_read_options(const wn_method *method, const char *text, void *params, wn_error *err);

#endif
