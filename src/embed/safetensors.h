/* SPDX-License-Identifier: Apache-2.0
 *
 * The safetensors container: a length (u64), a header in JSON, numbers. Nothing in a header is trusted: what is
 * accepted here has tensors whose ranges lie one behind the other and fill the file, as the format wants it.
 *
 *     wn_safetensors file;
 *     if ((status = wn_safetensors_parse(bytes, len, path, &file, err))) return status;
 *     const wn_safetensor *tensor = wn_safetensors_find(&file, "conv0.weight");
 *     if (tensor && wn_safetensor_floats(&file, tensor, out)) ...
 *     wn_safetensors_clear(&file);
 */
#ifndef EMBED_SAFETENSORS_H
#define EMBED_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "winnow/status.h"

enum { WN_SAFETENSOR_RANK_MAX = 8 };

typedef struct wn_safetensor {
    const char *name;
    const char *type; /* "F32", static storage */
    size_t type_bytes, rank;
    uint64_t shape[WN_SAFETENSOR_RANK_MAX];
    uint64_t count, begin, end; /* numbers; bytes from `data` on */
} wn_safetensor;

/* One pair of __metadata__. */
typedef struct wn_safetensors_pair {
    const char *key, *value;
} wn_safetensors_pair;

typedef struct wn_safetensors {
    wn_arena texts;
    wn_buffer tensor_rows, pair_rows;
    const wn_safetensor *tensors; /* ascending by name */
    const wn_safetensors_pair *pairs;
    size_t tensor_count, pair_count;
    const unsigned char *data; /* in the bytes that were given */
} wn_safetensors;

/* `name` is the file's name in messages; the bytes must outlive `out`, which is cleared after a failure. WN_CORRUPT,
 * WN_LIMIT, WN_NOMEM. */
WN_NODISCARD wn_status wn_safetensors_parse(const void *bytes, size_t len, const char *name, wn_safetensors *out,
                                            wn_error *err);
void wn_safetensors_clear(wn_safetensors *file);

/* NULL when it is not there. */
const wn_safetensor *wn_safetensors_find(const wn_safetensors *file, const char *name);
const char *wn_safetensors_text(const wn_safetensors *file, const char *key);

/* All numbers of a tensor as float32; false where its type is not F32, F16, BF16 or F64. */
bool wn_safetensor_floats(const wn_safetensors *file, const wn_safetensor *tensor, float *out);

/* Adds text as a JSON string with its quotes. */
void wn_safetensors_add_string(wn_buffer *out, const char *text);

#endif
