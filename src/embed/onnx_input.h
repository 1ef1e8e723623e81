/* SPDX-License-Identifier: Apache-2.0
 *
 * From pixels to what a network expects, by the conventions under which networks are trained.
 */
#ifndef EMBED_ONNX_INPUT_H
#define EMBED_ONNX_INPUT_H

#include "winnow/onnx.h"

/* value = (pixel / 255 * scale - mean) / deviation for red, green, blue; or their luminance where channels is 1. */
typedef struct wn_onnx_input {
    const char *preset;
    float scale, mean[3], deviation[3];
    uint32_t side, channels;
    bool bgr, nhwc;
    int type; /* WN_ORT_FLOAT, _FLOAT16 or _UINT8 (pixels as they are) */
} wn_onnx_input;

/* Settles everything from the model's input and the settings; `path` guides the guess of the preset. */
WN_NODISCARD wn_status wn_onnx_input_settle(const wn_onnx_value *value, const wn_onnx_settings *settings,
                                            const char *path, wn_onnx_input *out, wn_error *err);

/* Bytes of one image. */
size_t wn_onnx_input_bytes(const wn_onnx_input *input);

/* One image (side x side x 3, u8 RGB) as input. */
void wn_onnx_input_fill(const wn_onnx_input *input, const uint8_t *pixels, void *out);

/* WN_INVALID: a preprocessing that there is not, or a mean or deviation that cannot be used. */
WN_NODISCARD wn_status wn_onnx_settings_check(const wn_onnx_settings *settings, wn_error *err);

#endif
