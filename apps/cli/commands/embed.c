/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow embed: images to vectors, in a workspace or as arrays.
 */
#include "../human.h"
#include "../job_setup.h"
#include "../terminal.h"

typedef struct embed_params {
    const char *model, *out, *out_paths;
    wn_onnx_settings onnx;
} embed_params;

#define ONNX_AT(field) offsetof(embed_params, onnx) + offsetof(wn_onnx_settings, field)

static const char *const pools[] = {"mean", "first", "max", NULL};

static const wn_option options[] = {
    {WN_OPTION_TEXT, "model",
     "model: a file, a name in the workspace, or default (default: its newest, else the built-in one)",
     offsetof(embed_params, model), 0, 0, NULL, NULL, "FILE|NAME", 'm'},
    {WN_OPTION_TEXT, "out", "write the embeddings to this .npy (float32, one row an image)",
     offsetof(embed_params, out), 0, 0, NULL, NULL, "E.npy", 'o'},
    {WN_OPTION_TEXT, "out-paths", "write the paths of the rows to this file, one a line",
     offsetof(embed_params, out_paths), 0, 0, NULL, NULL, "PATHS.txt", 0},
    {WN_OPTION_TEXT, "preprocess",
     "ONNX: imagenet, clip, dinov2, tf, unit or raw (default: by the file's name, else imagenet)", ONNX_AT(preset), 0,
     0, NULL, NULL, "PRESET", 0},
    {WN_OPTION_TEXT, "layer", "ONNX: value to embed from (default: what the layer of the class scores reads)",
     ONNX_AT(layer), 0, 0, NULL, NULL, "NAME", 0},
    {WN_OPTION_CHOICE, "pool", "ONNX: places or tokens of that value to one vector", ONNX_AT(pool), 0, 0, "mean", pools,
     NULL, 0},
    {WN_OPTION_INT, "side", "ONNX: of the input where any will do (0 = 224)", ONNX_AT(side), 0, 1024, "0", NULL, "N",
     0},
    {0},
};

static const char *const examples[] = {
    "winnow embed -w photos.winnow",
    "embed what is new in the workspace with its newest model",
    "winnow embed photos/ --model m.wnm --out e.npy --out-paths paths.txt",
    "straight from files to arrays, no workspace",
    "winnow embed photos/ --model resnet50.onnx --out e.npy",
    "with your own ONNX model; 'winnow info resnet50.onnx' tells how it is used",
    NULL,
};

static wn_status run_embed(session *run, wn_error *err)
{
    const embed_params *params = run->params;
    wn_job job = job_of(run);
    wn_embed_result result;
    char rows[32], fresh[32];
    if (params->out_paths && !params->out)
        return command_usage_error(run, err, "--out-paths goes with --out: name the file for the embeddings too");
    const wn_onnx_settings *onnx = &params->onnx;
    if ((run->common.workspace || !params->out) && (onnx->preset || onnx->layer || onnx->pool || onnx->side))
        return command_usage_error(run, err,
                                   "--preprocess, --layer, --pool and --side serve arrays (--out without -w); for a "
                                   "workspace write them into MODEL.onnx.json beside the model");
    wn_embed_options embed = {.workspace = run->common.workspace,
                              .paths = run->paths,
                              .path_count = run->path_count,
                              .model = params->model,
                              .out = params->out,
                              .out_paths = params->out_paths,
                              .onnx = onnx};
    wn_status status = wn_job_embed(&job, &embed, &result, err);
    if (status) return say_how_to_resume(run, status);
    terminal_say(run->terminal, "  embedded    %s images with '%s', %lld dimensions (%s new)",
                 human_count((uint64_t)result.rows, rows), result.model, (long long)result.dim,
                 human_count((uint64_t)result.fresh, fresh));
    if (result.bad) terminal_say(run->terminal, "  bad         %llu files", (unsigned long long)result.bad);
    if (params->out) terminal_say(run->terminal, "  written     %s", params->out);
    if (result.workspace) terminal_say(run->terminal, "  workspace   %s", result.workspace);
    say_seconds(run, &result.seconds);
    if (run->common.json)
        status = json_print(
            json_pack("{s:I, s:I, s:o, s:o, s:I, s:o, s:o, s:o}", "rows", (json_int_t)result.rows, "dim",
                      (json_int_t)result.dim, "model", json_name(result.model), "bad", json_count(result.bad), "new",
                      (json_int_t)result.fresh, "workspace", json_name(result.workspace), "seconds",
                      json_seconds(&result.seconds, "scan read embed total"), "peak_memory_bytes", json_peak_memory()),
            err);
    wn_embed_result_clear(&result);
    return status;
}

const command command_embed = {
    .name = "embed",
    .summary = "turn images into vectors with a model",
    .usage = "[PATH...] [--model FILE|NAME] [--out E.npy --out-paths PATHS.txt] [OPTIONS]",
    .details =
        "In a workspace: embeds the images that have no embedding of this model yet, after adding the paths given.\n\n"
        "As arrays: with paths and --out, and no -w, the images are read and embedded, and nothing is "
        "kept "
        "but the files named. Rows stand in the order of the paths file; images that cannot be read have no row. With "
        "-w "
        "the rows of the workspace are written.\n\n"
        "An ONNX model (FILE.onnx) runs on ONNX Runtime, which is looked for where pip, npm or the system put it, or "
        "where "
        "WINNOW_ONNXRUNTIME says. Of a classifier the layer before the class scores is taken. Settings stand in "
        "FILE.onnx.json: preprocess, mean, deviation, order, layout, side, layer, pool.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(embed_params),
    .flags = COMMAND_READS,
    .most_paths = SIZE_MAX,
    .run = run_embed,
};
