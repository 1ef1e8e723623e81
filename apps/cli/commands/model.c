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
} model_params;

static const wn_option options[] = {
    {WN_OPTION_TEXT, "out", "file to write (default: the model's name with .onnx)", offsetof(model_params, out), 0, 0,
     NULL, NULL, "FILE.onnx", 'o'},
    {0},
};

static const char *const examples[] = {
    "winnow model export photos.wnm --out photos.onnx",
    "a model of winnow for ONNX Runtime and everything that builds on it",
    NULL,
};

/* photos.wnm -> photos.onnx, beside it. */
static wn_status name_output(const char *model, char *out, size_t size, wn_error *err)
{
    const char *slash = strrchr(model, '/'), *dot = strrchr(slash ? slash : model, '.');
    size_t len = dot && dot != model && dot[-1] != '/' ? (size_t)(dot - model) : strlen(model);
    if (len + sizeof ".onnx" > size)
        return command_fail(err, WN_INVALID, "'%s' is too long; name --out FILE.onnx", model);
    memcpy(out, model, len);
    memcpy(out + len, ".onnx", sizeof ".onnx");
    return WN_OK;
}

static wn_status run_model(session *run, wn_error *err)
{
    const model_params *params = run->params;
    char named[4096];
    const char *out = params->out;
    wn_model *model = NULL;
    if (strcmp(run->paths[0], "export") != 0)
        return command_usage_error(run, err, "'%s' is nothing to do with a model; there is: export", run->paths[0]);
    if (run->path_count != 2) return command_usage_error(run, err, "name the model file: winnow model export FILE.wnm");
    wn_status status = out ? WN_OK : name_output(run->paths[1], named, sizeof named, err);
    if (status) return status;
    if (!out) out = named;
    if ((status = wn_model_open(run->paths[1], WN_PRECISION_FP32, &model, err))) return status;
    const wn_model_info *info = wn_model_get_info(model);
    if (run->common.dry_run)
        terminal_say(run->terminal, "would write %s; nothing was written (--dry-run)", out);
    else
        status = wn_model_export_onnx(model, out, err);
    if (!status && !run->common.dry_run)
        terminal_say(run->terminal, "  written     %s: images of %u x %u, RGB in 0 to 1, to %u numbers", out,
                     info->side, info->side, info->dim);
    if (!status && run->common.json)
        status =
            json_print(json_pack("{s:o, s:o, s:I, s:I, s:s}", "model", json_name(run->paths[1]), "file", json_name(out),
                                 "dim", (json_int_t)info->dim, "side", (json_int_t)info->side, "preprocess", "unit"),
                       err);
    wn_model_close(&model);
    return status;
}

const command command_model = {
    .name = "model",
    .summary = "write a model for other programs",
    .usage = "export FILE.wnm [--out FILE.onnx] [OPTIONS]",
    .details =
        "export: writes a model that winnow trained as an ONNX file of standard operators. Its input \"images\" takes "
        "N x 3 x SIDE x SIDE numbers, red, green and blue in 0 to 1; its output \"embedding\" gives N rows of length "
        "1, the same vectors that 'winnow embed' gives in fp32 of square pictures. What a model cuts off others (its "
        "option "
        "cut) is not a part of the file.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(model_params),
    .flags = COMMAND_WRITES,
    .least_paths = 1,
    .most_paths = 2,
    .run = run_model,
};
