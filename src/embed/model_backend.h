/* SPDX-License-Identifier: Apache-2.0
 *
 * Models that are not winnow's own networks: what stands behind a wn_model of that kind.
 */
#ifndef EMBED_MODEL_BACKEND_H
#define EMBED_MODEL_BACKEND_H

#include "winnow/model.h"

typedef struct wn_model_backend {
    /* As wn_model_embed, without scaling the rows. */
    wn_status (*embed)(void *self, wn_pool *pool, const uint8_t *images, size_t n, float *out, wn_error *err);
    uint64_t (*memory)(const void *self, unsigned threads);
    void (*close)(void *self);
} wn_model_backend;

/* A model around `self`, which it owns from now on, also when this fails. The texts of `info` are copied. */
WN_NODISCARD wn_status wn_model_wrap(const wn_model_backend *backend, void *self, const wn_model_info *info,
                                     wn_model **out, wn_error *err);

#endif
