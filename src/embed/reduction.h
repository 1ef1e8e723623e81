/* SPDX-License-Identifier: Apache-2.0
 *
 * Reductions: the principal components of some embeddings in a file (docs/formats/reduction.md), and a model with fewer
 * dimensions made of one and the model behind it.
 */
#ifndef EMBED_REDUCTION_H
#define EMBED_REDUCTION_H

#include "winnow/model.h"
#include "winnow/pca.h"

#define WN_REDUCTION_ENDING ".wnr"

typedef struct wn_reduction {
    wn_pca pca;
    char *base;         /* file of the model behind it: WN_MODEL_DEFAULT, absolute, or relative to the reduction's own
                         * folder; "" = it was fitted to an array */
    uint64_t base_hash; /* of that model */
    uint64_t hash;      /* of the file's content; set by reading and writing */
} wn_reduction;

/* Writes the file in one step. `base` NULL means "". */
WN_NODISCARD wn_status wn_reduction_write(const char *path, wn_reduction *reduction, wn_error *err);

/* WN_NOTFOUND, WN_CORRUPT (no reduction, damaged, cut short), WN_VERSION. Release with wn_reduction_clear. */
WN_NODISCARD wn_status wn_reduction_read(const char *path, wn_reduction *out, wn_error *err);

/* The same from memory; `name` stands for the path in messages. */
WN_NODISCARD wn_status wn_reduction_parse(const void *bytes, size_t len, const char *name, wn_reduction *out,
                                          wn_error *err);

void wn_reduction_clear(wn_reduction *reduction);

/* Reduces rows as the model of the reduction gives them: to length 1 where there is a model behind it. */
WN_NODISCARD wn_status wn_reduction_apply(const wn_reduction *reduction, const wn_matrix *matrix, wn_pool *pool,
                                          float *out, wn_error *err);

/* A model around both, which it owns from now on and which are cleared, also when this fails. WN_INVALID when `base` is
 * not the model that the reduction was fitted to. */
WN_NODISCARD wn_status wn_model_reduce(wn_model **base, wn_reduction *reduction, const char *name, wn_model **out,
                                       wn_error *err);

/* The axes of a reduced model, and in `base` the model behind it; NULL, and `base` left alone, for any other model. */
const wn_pca *wn_model_reduction(const wn_model *model, const wn_model **base);

#endif
