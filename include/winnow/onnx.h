/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX models as embedding models. What a file holds is read by winnow itself; running it takes ONNX Runtime, which is
 * looked for at run time and need not be there for anything else.
 *
 *     wn_onnx_settings settings = {.preset = "clip"};
 *     wn_model *model = NULL;
 *     if (wn_model_open_onnx("resnet50.onnx", &settings, &model, &err)) return 1;
 *     status = wn_model_embed(model, pool, images, count, rows, &err);      as any other model
 */
#ifndef WINNOW_ONNX_H
#define WINNOW_ONNX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/model.h"
#include "winnow/option.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How pixels become input and which layer becomes the embedding. Start from wn_options_init(wn_onnx_options, ...); NULL
 * and 0 mean "find out". Texts are borrowed. */
typedef struct wn_onnx_settings {
    const char *preset;    /* "imagenet", "clip", "dinov2", "tf" (-1 .. 1), "unit" (0 .. 1), "raw" (0 .. 255) */
    const char *mean;      /* "0.485,0.456,0.406": of pixels in 0 .. 1, red, green, blue; over the preset's */
    const char *deviation; /* the same */
    int order;             /* 0 = RGB, 1 = BGR */
    int layout;            /* 0 = found out, 1 = NCHW, 2 = NHWC */
    int64_t side;          /* for inputs of any size; 0 = 224 */
    const char *layer;     /* name of the value to embed from */
    int pool;              /* of layers with places or tokens: 0 = mean, 1 = first token, 2 = greatest */
    double cut; /* by how much the longer axis of a picture is cut at most (wn_model_fit); 0 and 1 = not at all */
} wn_onnx_settings;

/* Table over wn_onnx_settings: the keys of a sidecar file MODEL.onnx.json, and options of commands. */
WN_API extern const wn_option wn_onnx_options[];

enum { WN_ONNX_RANK_MAX = 8 };

/* One input or output. Dimensions that are not fixed are -1. */
typedef struct wn_onnx_value {
    const char *name;
    const char *type; /* "float32", "float16", "uint8", ...; "?" where the file does not tell */
    size_t rank;
    int64_t dims[WN_ONNX_RANK_MAX];
} wn_onnx_value;

/* What a file says of itself. Release with wn_onnx_facts_free. */
typedef struct wn_onnx_facts {
    const wn_onnx_value *inputs, *outputs;
    size_t input_count, output_count, node_count;
    int64_t opset;        /* of the standard operators */
    const char *producer; /* "pytorch 2.1"; "" where it is not told */
    const char *layer;    /* the value to embed from */
    const char *layer_why;
    const char *preset; /* of preprocessing */
    float cut;          /* as in wn_model_info */
    bool nhwc;
    uint32_t side;
    struct wn_onnx_storage *storage;
} wn_onnx_facts;

/* Reads a file without running it. `settings` may be NULL. WN_NOTFOUND; WN_CORRUPT: not ONNX, or damaged;
 * WN_UNSUPPORTED: custom operators, an input that is no batch of square images; WN_NOTFOUND too where a file with
 * weights is missing, or the layer that was asked for. */
WN_API WN_NODISCARD wn_status wn_onnx_facts_read(const char *path, const wn_onnx_settings *settings,
                                                 wn_onnx_facts **out, wn_error *err);
WN_API void wn_onnx_facts_free(wn_onnx_facts **facts);

/* Opens it to embed. Errors of wn_onnx_facts_read, and WN_UNSUPPORTED where ONNX Runtime is not found (the message
 * tells where it was looked for) or refuses the model. Rows come out with length 1; the only prefix is the whole. */
WN_API WN_NODISCARD wn_status wn_model_open_onnx(const char *path, const wn_onnx_settings *settings, wn_model **out,
                                                 wn_error *err);

/* Writes one of winnow's own models, or a reduction of one, as an ONNX file (opset 13): input "images", N x 3 x side x
 * side, RGB in 0 .. 1, which is the preset "unit" and stands with the model's cut in PATH.json beside it; output
 * "embedding", N x dim, rows of length 1. ONNX Runtime gives the same vectors as wn_model_embed in fp32 to about 1e-5.
 * WN_UNSUPPORTED: an ONNX model, or a reduction of one; WN_NOSPACE, WN_IO. */
WN_API WN_NODISCARD wn_status wn_model_export_onnx(const wn_model *model, const char *path, wn_error *err);

/* The version and file of ONNX Runtime that would be used; false with the places that were looked at in `where` when
 * there is none. Both texts go to caller's memory. */
WN_API bool wn_onnx_runtime_find(char version[32], char where[512]);

#ifdef __cplusplus
}
#endif
#endif
