/* SPDX-License-Identifier: Apache-2.0 */
#include "embed/onnx_input.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/half.h"
#include "base/text.h"
#include "embed/ort.h"

enum { SIDE_USUAL = 224, SIDE_LEAST = 8, SIDE_MOST = 1024 };

/* The conventions of torchvision, OpenAI's CLIP, TensorFlow's MobileNet, and plain ranges. DINOv2 takes ImageNet's. */
static const struct preset {
    const char *name;
    float scale, mean[3], deviation[3];
} presets[] = {
    {"imagenet", 1.0F, {0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}},
    {"clip", 1.0F, {0.48145466F, 0.4578275F, 0.40821073F}, {0.26862954F, 0.26130258F, 0.27577711F}},
    {"dinov2", 1.0F, {0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}},
    {"tf", 1.0F, {0.5F, 0.5F, 0.5F}, {0.5F, 0.5F, 0.5F}},
    {"unit", 1.0F, {0.0F, 0.0F, 0.0F}, {1.0F, 1.0F, 1.0F}},
    {"raw", 255.0F, {0.0F, 0.0F, 0.0F}, {1.0F, 1.0F, 1.0F}},
};

enum { PRESETS = sizeof presets / sizeof presets[0] };

static const char *const orders[] = {"rgb", "bgr", NULL};
static const char *const layouts[] = {"auto", "nchw", "nhwc", NULL};
static const char *const pools[] = {"mean", "first", "max", NULL};

const wn_option wn_onnx_options[] = {
    {WN_OPTION_TEXT, "preprocess", "how pixels become input: imagenet, clip, dinov2, tf, unit or raw",
     offsetof(wn_onnx_settings, preset), 0, 0, NULL, NULL, "PRESET", 0},
    {WN_OPTION_TEXT, "mean", "of red, green and blue in 0 to 1, taken off", offsetof(wn_onnx_settings, mean), 0, 0,
     NULL, NULL, "R,G,B", 0},
    {WN_OPTION_TEXT, "deviation", "of red, green and blue, divided by", offsetof(wn_onnx_settings, deviation), 0, 0,
     NULL, NULL, "R,G,B", 0},
    {WN_OPTION_CHOICE, "order", "of the channels", offsetof(wn_onnx_settings, order), 0, 0, "rgb", orders, NULL, 0},
    {WN_OPTION_CHOICE, "layout", "of the input", offsetof(wn_onnx_settings, layout), 0, 0, "auto", layouts, NULL, 0},
    {WN_OPTION_INT, "side", "of the input where any will do (0 = 224)", offsetof(wn_onnx_settings, side), 0, SIDE_MOST,
     "0", NULL, "N", 0},
    {WN_OPTION_TEXT, "layer", "value to embed from (default: what the layer of the class scores reads)",
     offsetof(wn_onnx_settings, layer), 0, 0, NULL, NULL, "NAME", 0},
    {WN_OPTION_CHOICE, "pool", "places or tokens of that value to one vector", offsetof(wn_onnx_settings, pool), 0, 0,
     "mean", pools, NULL, 0},
    {WN_OPTION_REAL, "cut",
     "by how much the longer axis of a picture is cut at most, before it is squeezed to a square",
     offsetof(wn_onnx_settings, cut), 1, 16, "1", NULL, "C", 0},
    {WN_OPTION_END, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, 0},
};

static const struct preset *find_preset(const char *name)
{
    for (int i = 0; i < PRESETS; i++) {
        if (strcmp(presets[i].name, name) == 0) return &presets[i];
    }
    return NULL;
}

/* Words in the name of the file; ImageNet's convention is the commonest. */
static const struct preset *guess_preset(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (strstr(name, "clip") || strstr(name, "CLIP")) return find_preset("clip");
    if (strstr(name, "dino") || strstr(name, "DINO")) return find_preset("dinov2");
    return find_preset("imagenet");
}

static wn_status read_three(const char *text, const char *what, float out[3], wn_error *err)
{
    const char *at = text;
    char *end;
    for (int c = 0; c < 3; c++) {
        out[c] = strtof(at, &end);
        if (end == at || !isfinite(out[c]) || (c < 2 ? *end != ',' : *end != '\0'))
            return wn_fail(err, WN_INVALID, "%s \"%s\" is not three numbers like 0.485,0.456,0.406", what, text);
        at = end + 1;
    }
    return WN_OK;
}

static wn_status settle_numbers(const wn_onnx_settings *settings, const char *path, wn_onnx_input *out, wn_error *err)
{
    const char *names[PRESETS + 1] = {NULL};
    for (int i = 0; i < PRESETS; i++) names[i] = presets[i].name;
    const struct preset *preset = settings->preset ? find_preset(settings->preset) : guess_preset(path);
    if (!preset) {
        const char *near = wn_nearest_word(settings->preset, names);
        return wn_fail(err, WN_INVALID, "no preprocessing \"%s\"; %s%s%s", settings->preset,
                       near ? "did you mean \"" : "there are imagenet, clip, dinov2, tf, unit and raw",
                       near ? near : "", near ? "\"?" : "");
    }
    out->preset = preset->name;
    out->scale = preset->scale;
    memcpy(out->mean, preset->mean, sizeof out->mean);
    memcpy(out->deviation, preset->deviation, sizeof out->deviation);
    if (settings->mean) WN_TRY(read_three(settings->mean, "mean", out->mean, err));
    if (settings->deviation) WN_TRY(read_three(settings->deviation, "deviation", out->deviation, err));
    for (int c = 0; c < 3; c++) {
        if (out->deviation[c] == 0.0F) return wn_fail(err, WN_INVALID, "a deviation of 0 cannot be divided by");
    }
    return WN_OK;
}

wn_status wn_onnx_settings_check(const wn_onnx_settings *settings, wn_error *err)
{
    wn_onnx_input unused = {0};
    return settle_numbers(settings, "", &unused, err);
}

static wn_status settle_shape(const wn_onnx_value *value, const wn_onnx_settings *settings, const char *path,
                              wn_onnx_input *out, wn_error *err)
{
    const int64_t *d = value->dims;
    if (value->rank != 4)
        return wn_fail(
            err, WN_UNSUPPORTED,
            "%s: the input \"%s\" has %zu dimensions; a batch of images has 4 (images, channels, height, width)", path,
            value->name, value->rank);
    out->nhwc = settings->layout == 2 || (settings->layout == 0 && (d[3] == 3 || d[3] == 1) && d[1] != 3 && d[1] != 1);
    const int64_t channels = out->nhwc ? d[3] : d[1], height = out->nhwc ? d[1] : d[2], width = out->nhwc ? d[2] : d[3];
    if (channels != 3 && channels != 1 && channels != -1)
        return wn_fail(err, WN_UNSUPPORTED, "%s: the input has %lld channels; images have 3, or 1 in grey", path,
                       (long long)channels);
    if (height > 0 && width > 0 && height != width)
        return wn_fail(err, WN_UNSUPPORTED, "%s: the input is %lld x %lld; winnow gives square images", path,
                       (long long)width, (long long)height);
    const int64_t fixed = height > 0 ? height : width;
    if (fixed > 0 && settings->side > 0 && settings->side != fixed)
        return wn_fail(err, WN_INVALID, "%s takes images of %lld x %lld only; leave the side out", path,
                       (long long)fixed, (long long)fixed);
    const int64_t side = fixed > 0 ? fixed : settings->side > 0 ? settings->side : SIDE_USUAL;
    if (side < SIDE_LEAST || side > SIDE_MOST)
        return wn_fail(err, WN_UNSUPPORTED, "%s: images of side %lld; winnow gives %d to %d", path, (long long)side,
                       SIDE_LEAST, SIDE_MOST);
    out->side = (uint32_t)side;
    out->channels = channels == 1 ? 1 : 3;
    return WN_OK;
}

wn_status wn_onnx_input_settle(const wn_onnx_value *value, const wn_onnx_settings *settings, const char *path,
                               wn_onnx_input *out, wn_error *err)
{
    *out = (wn_onnx_input){.bgr = settings->order == 1, .type = WN_ORT_FLOAT};
    if (strcmp(value->type, "float16") == 0)
        out->type = WN_ORT_FLOAT16;
    else if (strcmp(value->type, "uint8") == 0)
        out->type = WN_ORT_UINT8;
    else if (strcmp(value->type, "float32") != 0)
        return wn_fail(err, WN_UNSUPPORTED, "%s: the input \"%s\" is of type %s; images are float32, float16 or uint8",
                       path, value->name, value->type);
    WN_TRY(settle_numbers(settings, path, out, err));
    return settle_shape(value, settings, path, out, err);
}

size_t wn_onnx_input_bytes(const wn_onnx_input *input)
{
    const size_t each = input->type == WN_ORT_FLOAT ? 4 : input->type == WN_ORT_FLOAT16 ? 2 : 1;
    return (size_t)input->side * input->side * input->channels * each;
}

/* Channel c of a pixel. Luminance is that of ITU-R BT.601. */
static float channel_of(const wn_onnx_input *in, const uint8_t *pixel, uint32_t c)
{
    if (in->channels == 1) {
        const float grey = 0.299F * (float)pixel[0] + 0.587F * (float)pixel[1] + 0.114F * (float)pixel[2];
        return (grey / 255.0F * in->scale - in->mean[0]) / in->deviation[0];
    }
    return ((float)pixel[c] / 255.0F * in->scale - in->mean[c]) / in->deviation[c];
}

void wn_onnx_input_fill(const wn_onnx_input *in, const uint8_t *pixels, void *out)
{
    const size_t places = (size_t)in->side * in->side;
    float *floats = out;
    uint16_t *halves = out;
    uint8_t *bytes = out;
    for (uint32_t k = 0; k < in->channels; k++) {
        const uint32_t c = in->bgr && in->channels == 3 ? 2 - k : k;
        for (size_t i = 0; i < places; i++) {
            const size_t at = in->nhwc ? i * in->channels + k : k * places + i;
            const uint8_t *pixel = pixels + 3 * i;
            if (in->type == WN_ORT_FLOAT)
                floats[at] = channel_of(in, pixel, c);
            else if (in->type == WN_ORT_FLOAT16)
                halves[at] = wn_half_from_float(channel_of(in, pixel, c));
            else
                bytes[at] = in->channels == 1
                                ? (uint8_t)((299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2] + 500) / 1000)
                                : pixel[c];
        }
    }
}
