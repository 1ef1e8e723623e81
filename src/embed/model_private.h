/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of models share.
 */
#ifndef EMBED_MODEL_PRIVATE_H
#define EMBED_MODEL_PRIVATE_H

#include "embed/model_backend.h"
#include "nn/network.h"

struct wn_model {
    wn_model_info info;
    char *texts[3]; /* behind info.architecture, method, options */
    uint32_t feature_width;
    wn_network *network;
    wn_batch *batch; /* made at the first call, for `batch_threads` */
    unsigned batch_threads;
    wn_tensors head;                 /* "embedding0.weight" (dim x features), "embedding0.bias" (dim) */
    float *weights;                  /* the same transposed: features x dim */
    const float *bias;               /* in `head` */
    float *features;                 /* rows of one pass x features */
    const wn_model_backend *backend; /* NULL for winnow's own networks, which the fields above serve */
    void *self;                      /* of the backend */
};

#endif
