/* SPDX-License-Identifier: Apache-2.0
 *
 * The model file, docs/formats/model.md: a fixed head, three texts, a table of tensors and their numbers, all
 * little-endian, under one checksum.
 */
#ifndef EMBED_MODEL_FILE_H
#define EMBED_MODEL_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "nn/tensor.h"
#include "winnow/model.h"

enum { WN_MODEL_FILE_VERSION = 1, WN_MODEL_FILE_HASH_AT = 24 };

/* The texts and figures of a model; strings are borrowed. */
typedef struct wn_model_description {
    const char *architecture, *method, *options;
    uint32_t side, dim, features;
    uint32_t prefix_count, prefixes[WN_MODEL_PREFIXES_MAX];
    uint64_t parameters, images, steps;
} wn_model_description;

/* What a checked file holds; points into the bytes that were given. */
typedef struct wn_model_content {
    wn_model_description description;
    size_t tensor_count, float_count;
    const unsigned char *tensors; /* rows of the file's table */
    const unsigned char *floats;
    uint64_t hash;
} wn_model_content;

/* The bytes of a file with the tensors of all sets, in order. */
WN_NODISCARD wn_status wn_model_file_build(const wn_model_description *description, const wn_tensors *const *sets,
                                           size_t set_count, wn_buffer *out, wn_error *err);

/* The bytes of a model file, those of a safetensors file turned into one, or those of the built-in model for
 * WN_MODEL_DEFAULT. */
WN_NODISCARD wn_status wn_model_file_read(const char *path, wn_buffer *out, wn_error *err);

/* The hash of the built-in model, which is part of the program: what wn_model_info has of WN_MODEL_DEFAULT. */
uint64_t wn_model_file_builtin_hash(void);

/* Checks bytes and gives their content. `name` is the file's name in messages. */
WN_NODISCARD wn_status wn_model_file_parse(const void *bytes, size_t len, const char *name, wn_model_content *out,
                                           wn_error *err);

/* The number behind "cut=" among the options of a model, as in wn_model_info: 1 where it is not given, 0 where it is
 * not within 1 to 16. */
float wn_model_file_cut(const char *options);

/* The side of the views that a model learned from: the number behind "side=" among its options; 0 where it is not
 * given. */
uint32_t wn_model_file_view_side(const char *options);

/* Copies the file's numbers into every tensor of `set`; one that is absent or has another shape is WN_CORRUPT. */
WN_NODISCARD wn_status wn_model_file_load(const wn_model_content *content, const char *name, wn_tensors *set,
                                          wn_error *err);

#endif
