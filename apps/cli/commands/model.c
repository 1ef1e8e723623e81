/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow model: model files in and out.
 */
#include <string.h>

#include "../human.h"
#include "../job_setup.h"
#include "../terminal.h"
#include "winnow/model.h"
#include "winnow/onnx.h"

typedef struct model_params {
    const char *out;
    int format; /* index of formats, behind "auto" */
} model_params;

static const struct {
    const char *suffix;
    wn_status (*write)(const wn_model *model, const char *path, wn_error *err);
} formats[] = {
    {".onnx", wn_model_export_onnx},
    {".safetensors", wn_model_export_safetensors},
};

static const char *const format_names[] = {"auto", "onnx", "safetensors", NULL};

static const wn_option options[] = {
    {WN_OPTION_TEXT, "out", "file to write (default: the model's name with the ending of the format)",
     offsetof(model_params, out), 0, 0, NULL, NULL, "FILE", 'o'},
    {WN_OPTION_CHOICE, "format", "of the file; auto goes by its ending, and is onnx without --out",
     offsetof(model_params, format), 0, 0, "auto", format_names, NULL, 0},
    {0},
};

static const char *const examples[] = {
    "winnow model export photos.wnm --out photos.onnx",
    "a model of winnow for ONNX Runtime and everything that builds on it",
    "winnow model export photos.wnm --out photos.safetensors",
    "its weights for PyTorch and others; 'winnow embed --model photos.safetensors' reads them back",
    NULL,
};

/* photos.wnm -> photos.onnx, beside it. */
static wn_status name_output(const char *model, const char *suffix, char *out, size_t size, wn_error *err)
{
    const char *slash = strrchr(model, '/'), *dot = strrchr(slash ? slash : model, '.');
    size_t len = dot && dot != model && dot[-1] != '/' ? (size_t)(dot - model) : strlen(model);
    if (len + strlen(suffix) >= size) return command_fail(err, WN_INVALID, "'%s' is too long; name --out FILE", model);
    memcpy(out, model, len);
    memcpy(out + len, suffix, strlen(suffix) + 1);
    return WN_OK;
}

static bool ends_with(const char *text, const char *ending)
{
    const size_t a = strlen(text), b = strlen(ending);
    return a >= b && strcmp(text + a - b, ending) == 0;
}

static wn_status choose_format(session *run, size_t *out, wn_error *err)
{
    const model_params *params = run->params;
    *out = params->format > 0 ? (size_t)params->format - 1 : 0;
    if (params->format > 0 || !params->out) return WN_OK;
    for (*out = 0; *out < sizeof formats / sizeof *formats; ++*out) {
        if (ends_with(params->out, formats[*out].suffix)) return WN_OK;
    }
    return command_usage_error(run, err, "'%s' ends neither with .onnx nor with .safetensors; name a --format",
                               params->out);
}

static wn_status say_export(session *run, const wn_model_info *info, const char *out, size_t format, wn_error *err)
{
    const bool onnx = formats[format].write == wn_model_export_onnx;
    terminal_say(run->terminal, "  written     %s: %s %u x %u, %sto %u numbers", out,
                 onnx ? "images of" : "weights for", info->side, info->side, onnx ? "RGB in 0 to 1, " : "", info->dim);
    if (!run->common.json) return WN_OK;
    return json_print(json_pack("{s:o, s:o, s:s, s:I, s:I, s:s*}", "model", json_name(run->paths[1]), "file",
                                json_name(out), "format", format_names[format + 1], "dim", (json_int_t)info->dim,
                                "side", (json_int_t)info->side, "preprocess", onnx ? "unit" : NULL),
                      err);
}

static wn_status run_model(session *run, wn_error *err)
{
    const model_params *params = run->params;
    char named[4096];
    const char *out = params->out;
    size_t format;
    wn_model *model = NULL;
    if (strcmp(run->paths[0], "export") != 0)
        return command_usage_error(run, err, "'%s' is nothing to do with a model; there is: export", run->paths[0]);
    if (run->path_count != 2) return command_usage_error(run, err, "name the model file: winnow model export FILE.wnm");
    wn_status status = choose_format(run, &format, err);
    if (!status && !out) {
        status = name_output(run->paths[1], formats[format].suffix, named, sizeof named, err);
        out = named;
    }
    if (!status) status = wn_job_open_model(run->paths[1], &model, err);
    if (!status && run->common.dry_run)
        terminal_say(run->terminal, "would write %s; nothing was written (--dry-run)", out);
    if (!status && !run->common.dry_run) {
        status = formats[format].write(model, out, err);
        if (!status) status = say_export(run, wn_model_get_info(model), out, format, err);
    }
    wn_model_close(&model);
    return status;
}

const command command_model = {
    .name = "model",
    .summary = "write a model for other programs",
    .usage = "export FILE.wnm [--out FILE.onnx|FILE.safetensors] [OPTIONS]",
    .details =
        "export: writes a model that winnow trained as an ONNX file of standard operators. Its input \"images\" takes "
        "N x 3 x SIDE x SIDE numbers, red, green and blue in 0 to 1; its output \"embedding\" gives N rows of length "
        "1, the same vectors that 'winnow embed' gives in fp32 of square pictures. FILE.onnx.json beside it "
        "tells winnow the rest: the preprocessing, and the model's option cut for pictures of other shapes.\n\n"
        "With the format safetensors: the weights of winnow's network under their names, and its description as "
        "metadata. "
        "Every command takes such a file as a model, so weights may be changed by other programs and come back.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(model_params),
    .flags = COMMAND_WRITES,
    .least_paths = 1,
    .most_paths = 2,
    .run = run_model,
};
