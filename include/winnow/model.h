/* SPDX-License-Identifier: Apache-2.0
 *
 * Embedding models: a network with its weights, read from one file (docs/formats/model.md).
 *
 * The embedding is nested: its first 32 or 64 numbers (wn_model_info.prefixes) are an embedding of their own.
 * Rows come out with length 1 over all `dim` numbers; whoever uses a prefix scales it to length 1 again
 * (wn_model_cut_prefix does).
 *
 *     wn_model *model = NULL;
 *     if (wn_model_open("photos.wnm", WN_PRECISION_AUTO, &model, &err)) return 1;
 *     status = wn_model_embed(model, pool, images, count, rows, &err);
 *     wn_model_close(&model);
 */
#ifndef WINNOW_MODEL_H
#define WINNOW_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/pool.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { WN_MODEL_PREFIXES_MAX = 8 };

/* In the place of a path: the model that is a part of the library (docs/models/default.md). A file of that name is
 * "./default". */
#define WN_MODEL_DEFAULT "default"

/* Arithmetic of a network. AUTO: in training bf16 where the processor has it; in embedding bf16 with AMX, else fp32,
 * whose vectors other machines and exported models repeat. BF16 becomes fp32 below the CPU level avx512bf16. */
typedef enum wn_precision { WN_PRECISION_AUTO, WN_PRECISION_FP32, WN_PRECISION_BF16 } wn_precision;

typedef struct wn_model wn_model;

/* What a model is and where it comes from. Strings belong to the model. */
typedef struct wn_model_info {
    const char *architecture; /* a word of the network table, "small" */
    const char *method;       /* of training, "dcl" */
    const char *options;      /* every training option as "name=value name=value" */
    uint32_t side;            /* input: side x side x 3, u8 RGB, interleaved */
    uint32_t dim;             /* numbers of one embedding */
    uint32_t prefix_count;
    uint32_t prefixes[WN_MODEL_PREFIXES_MAX]; /* ascending; the last one equals dim */
    uint64_t parameters;                      /* trained numbers */
    uint64_t images, steps;                   /* what it was trained on, and for how long */
    double flop;                              /* of embedding one image */
    uint64_t hash;                            /* of the file's content: names the model where embeddings are stored */
    wn_precision precision;                   /* in force: FP32 or BF16 */
    float cut; /* by how much the longer axis of a picture is cut at most (wn_model_fit); 1 = not at all */
} wn_model_info;

/* Reads a model file, one of winnow's networks as FILE.safetensors (docs/formats/safetensors.md), or
 * WN_MODEL_DEFAULT. WN_NOTFOUND, WN_CORRUPT (not a model, damaged, cut short), WN_VERSION
 * (another format version), WN_UNSUPPORTED (an architecture that this build lacks). */
WN_API WN_NODISCARD wn_status wn_model_open(const char *path, wn_precision precision, wn_model **out, wn_error *err);

/* The same from memory; `name` stands for the path in messages. The bytes may be released afterwards. */
WN_API WN_NODISCARD wn_status wn_model_open_memory(const void *bytes, size_t len, const char *name,
                                                   wn_precision precision, wn_model **out, wn_error *err);

/* Writes one of winnow's own models as safetensors, which wn_model_open reads as the same model, and other programs as
 * tensors. WN_UNSUPPORTED: an ONNX model, or a reduced one; WN_NOSPACE, WN_IO. */
WN_API WN_NODISCARD wn_status wn_model_export_safetensors(const wn_model *model, const char *path, wn_error *err);

/* Releases the model and clears the pointer. */
WN_API void wn_model_close(wn_model **model);

/* Never NULL; lives as long as the model. */
WN_API const wn_model_info *wn_model_get_info(const wn_model *model);

/* Bytes that the model and wn_model_embed hold with a pool of `threads`, whatever `n` is. */
WN_API uint64_t wn_model_get_memory(const wn_model *model, unsigned threads);

/* Makes of n pictures that were squeezed to side x side what the model wants to see, in place: the longer axis of each
 * is cut around its centre by a factor of at most info.cut, and what is left fills the square. `aspects` holds width /
 * height of each picture. Bytes do not depend on the number of threads. */
WN_API void wn_model_fit(const wn_model *model, wn_pool *pool, uint8_t *images, size_t n, const float *aspects);

/* Embeds n images (n x side x side x 3, u8 RGB) into `out` (n x dim float32, each row of length 1). Bytes do not depend
 * on the number of threads, nor on how the images are cut into calls. One call at a time on one model. */
WN_API WN_NODISCARD wn_status wn_model_embed(wn_model *model, wn_pool *pool, const uint8_t *images, size_t n,
                                             float *out, wn_error *err);

/* out (n x prefix) = the first `prefix` numbers of each row (n x dim), scaled to length 1. In place is allowed. */
WN_API void wn_model_cut_prefix(const float *rows, size_t n, size_t dim, size_t prefix, float *out);

#ifdef __cplusplus
}
#endif
#endif
