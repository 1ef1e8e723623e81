/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow model: model files in and out.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../human.h"
#include "../job_setup.h"
#include "../model_list.h"
#include "../terminal.h"
#include "winnow/hub.h"
#include "winnow/model.h"
#include "winnow/onnx.h"

typedef struct model_params {
    const char *out, *hub, *sha256;
    int format; /* index of formats, behind "auto" */
    bool list;
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
    {WN_OPTION_TEXT, "out",
     "file to write (export: the model's name with the ending of the format; pull: in the cache folder)",
     offsetof(model_params, out), 0, 0, NULL, NULL, "FILE", 'o'},
    {WN_OPTION_CHOICE, "format", "export: of the file; auto goes by its ending, and is onnx without --out",
     offsetof(model_params, format), 0, 0, "auto", format_names, NULL, 0},
    {WN_OPTION_BOOL, "list", "pull: the same as 'winnow model list'; fetches nothing", offsetof(model_params, list), 0,
     0, NULL, NULL, NULL, 0},
    {WN_OPTION_TEXT, "hub", "pull: address of a mirror (default: WINNOW_HUB, else https://huggingface.co)",
     offsetof(model_params, hub), 0, 0, NULL, NULL, "URL", 0},
    {WN_OPTION_TEXT, "sha256", "pull: the hash that the file must have", offsetof(model_params, sha256), 0, 0, NULL,
     NULL, "HEX", 0},
    {0},
};

static const char *const examples[] = {
    "winnow model export photos.wnm --out photos.onnx",
    "a model of winnow for ONNX Runtime and everything that builds on it",
    "winnow model export photos.wnm --out photos.safetensors",
    "its weights for PyTorch and others; 'winnow embed --model photos.safetensors' reads them back",
    "winnow model export small.wnr --out small.onnx",
    "a reduction that 'winnow embed --dim 32 --out-model small.wnr' made, with the network behind it",
    "winnow model export trained -w photos.winnow --out trained.onnx",
    "a model of a workspace by its name",
    "winnow model list",
    "the models that have a name: built in, pulled, and those that can be fetched",
    "winnow model pull dinov2-small",
    "one of them, into the cache folder; every command then takes --model dinov2-small",
    NULL,
};

/* ---- export ---- */

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

static wn_status run_export(session *run, wn_error *err)
{
    const model_params *params = run->params;
    char named[4096];
    const char *out = params->out;
    size_t format;
    wn_model *model = NULL;
    if (params->list || params->hub || params->sha256)
        return command_usage_error(run, err, "--list, --hub and --sha256 belong to 'winnow model pull'");
    if (run->path_count != 2) return command_usage_error(run, err, "name the model: winnow model export FILE.wnm|NAME");
    wn_status status = choose_format(run, &format, err);
    if (!status && !out) {
        status = name_output(run->paths[1], formats[format].suffix, named, sizeof named, err);
        out = named;
    }
    if (!status) status = wn_job_open_model(run->common.workspace, run->paths[1], &model, err);
    if (!status && run->common.dry_run)
        terminal_say(run->terminal, "would write %s; nothing was written (--dry-run)", out);
    if (!status && !run->common.dry_run) {
        status = formats[format].write(model, out, err);
        if (!status) status = say_export(run, wn_model_get_info(model), out, format, err);
    }
    wn_model_close(&model);
    return status;
}

/* ---- pull ---- */

static wn_status find_model(session *run, const wn_hub_model **out, wn_error *err)
{
    char names[256] = "";
    size_t count, used = 0;
    const wn_hub_model *models = wn_hub_models(&count);
    if ((*out = wn_hub_find(run->paths[1]))) return WN_OK;
    for (size_t i = 0; i < count && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", models[i].name);
    return command_usage_error(run, err, "no open model is called '%s'; there are: %s", run->paths[1], names);
}

static wn_status say_pulled(session *run, const wn_hub_model *model, const wn_pull_result *got, wn_error *err)
{
    char size[32];
    human_bytes(got->bytes, size);
    if (got->resumed > 0 && !got->present)
        terminal_say(run->terminal, "  resumed     after %" PRIu64 " bytes of an earlier run", got->resumed);
    terminal_say(run->terminal, "  %-10s  %s: %s", got->present ? "present" : "written", got->path, size);
    terminal_say(run->terminal, "  SHA-256     %s", got->sha256);
    terminal_say(run->terminal, "  checked by  %s", wn_pull_check_text(got->check));
    terminal_say(run->terminal, "  licence     %s", model->licence);
    char usual[WN_PULL_PATH_MAX];
    const bool named = wn_hub_find_pulled(model->name, usual, NULL) == WN_OK && strcmp(usual, got->path) == 0;
    terminal_say(run->terminal, "  next        winnow embed FOLDER --model %s", named ? model->name : got->path);
    if (!run->common.json) return WN_OK;
    return json_print(json_pack("{s:s, s:o, s:o, s:s, s:o, s:o, s:b, s:s}", "name", model->name, "file",
                                json_name(got->path), "url", json_name(got->url), "sha256", got->sha256, "bytes",
                                json_count(got->bytes), "resumed", json_count(got->resumed), "present", got->present,
                                "checked_by", wn_pull_check_text(got->check)),
                      err);
}

static wn_status run_pull(session *run, wn_error *err)
{
    const model_params *params = run->params;
    const wn_pull_settings settings = {.hub = params->hub, .out = params->out, .sha256 = params->sha256};
    const wn_hub_model *model = NULL;
    wn_pull_result got;
    if (params->list) return print_model_list(run, err);
    if (run->path_count != 2)
        return command_usage_error(run, err, "name the model: winnow model pull NAME ('winnow model pull --list')");
    wn_status status = find_model(run, &model, err);
    if (status) return status;
    status = wn_hub_locate(model, &settings, &got, err);
    if (status == WN_INVALID) run->usage_error = true;
    if (status) return status;
    if (run->common.dry_run) {
        terminal_say(run->terminal, "would fetch %s to %s; nothing was fetched (--dry-run)", got.url, got.path);
        return WN_OK;
    }
    status = wn_hub_pull(model, &settings, &run->progress, &got, err);
    return status ? status : say_pulled(run, model, &got, err);
}

static wn_status run_list(session *run, wn_error *err)
{
    const model_params *params = run->params;
    if (run->path_count != 1 || params->out || params->hub || params->sha256)
        return command_usage_error(run, err, "'winnow model list' takes nothing else");
    return print_model_list(run, err);
}

static wn_status run_model(session *run, wn_error *err)
{
    if (strcmp(run->paths[0], "export") == 0) return run_export(run, err);
    if (strcmp(run->paths[0], "pull") == 0) return run_pull(run, err);
    if (strcmp(run->paths[0], "list") == 0) return run_list(run, err);
    return command_usage_error(run, err, "'%s' is nothing to do with a model; there are: export, list, pull",
                               run->paths[0]);
}

const command command_model = {
    .name = "model",
    .summary = "list models, write one for other programs, or fetch an open one",
    .usage = "export FILE.wnm|FILE.wnr|NAME [-w DIR] [--out FILE.onnx|FILE.safetensors] | list | pull NAME",
    .details =
        "export: writes a model that winnow trained, or a reduction of one (.wnr), as an ONNX file of standard "
        "operators. Its input \"images\" takes "
        "N x 3 x SIDE x SIDE numbers, red, green and blue in 0 to 1; its output \"embedding\" gives N rows of length "
        "1, the same vectors that 'winnow embed' gives in fp32 of square pictures. FILE.onnx.json beside it "
        "tells winnow the rest: the preprocessing, and the model's option cut for pictures of other shapes.\n\n"
        "With the format safetensors: the weights of winnow's network under their names, and its description as "
        "metadata. "
        "Every command takes such a file as a model, so weights may be changed by other programs and come back.\n\n"
        "list: the models that have a name, with size, licence, side of the input and numbers of an embedding, and "
        "whether they are here.\n\n"
        "pull: fetches an open model as NAME.onnx into $XDG_CACHE_HOME/winnow/models, or ~/.cache/winnow/models, with "
        "NAME.onnx.json beside it, which tells how pixels become its input; --model NAME finds it there from then on. "
        "A download that breaks is gone on from by "
        "the same command. The file is compared by SHA-256 with --sha256, else with the hash that winnow knows, else "
        "with the one recorded in NAME.onnx.sha256 at the first download, else with the one that the hub announces; "
        "where there is none of these, the hash is recorded, and you are told. A file that is there is compared and "
        "not fetched again; without any hash to compare with it is taken as it is. Proxies are taken from the "
        "environment (https_proxy). Nothing else in winnow uses the network, "
        "and the licence of a model is its makers'.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(model_params),
    .flags = COMMAND_WRITES,
    .least_paths = 1,
    .most_paths = 2,
    .run = run_model,
};
