/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow embed: images to vectors, in a workspace or as arrays.
 */
#include <string.h>

#include "../human.h"
#include "../job_setup.h"
#include "../reduce_options.h"
#include "../terminal.h"

typedef struct embed_params {
    const char *model, *embeddings, *out, *out_paths, *out_model;
    wn_reduce reduce;
    wn_onnx_settings onnx;
} embed_params;

#define ONNX_AT(field) offsetof(embed_params, onnx) + offsetof(wn_onnx_settings, field)

static const char *const pools[] = {"mean", "first", "max", NULL};

static const wn_option options[] = {
    {WN_OPTION_TEXT, "model",
     "model: a file, a name in the workspace, or default (default: its newest, else the built-in one)",
     offsetof(embed_params, model), 0, 0, NULL, NULL, "FILE|NAME", 'm'},
    REDUCE_OPTION_ROWS(embed_params, reduce),
    {WN_OPTION_TEXT, "embeddings", "reduce the rows of this array to --dim D, or by --model FILE.wnr; no images",
     offsetof(embed_params, embeddings), 0, 0, NULL, NULL, "E.npy", 0},
    {WN_OPTION_TEXT, "out", "write the embeddings to this .npy (float32, one row an image)",
     offsetof(embed_params, out), 0, 0, NULL, NULL, "E.npy", 'o'},
    {WN_OPTION_TEXT, "out-paths", "write the paths of the rows to this file, one a line",
     offsetof(embed_params, out_paths), 0, 0, NULL, NULL, "PATHS.txt", 0},
    {WN_OPTION_TEXT, "out-model", "with --dim and arrays: write the axes too, a model for more images or rows",
     offsetof(embed_params, out_model), 0, 0, NULL, NULL, "FILE.wnr", 0},
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
    "winnow embed -w photos.winnow --dim 64",
    "64 dimensions by principal components, kept as a model of their own: default-pca64",
    "winnow embed --embeddings e.npy --dim 64 --whiten --out f.npy --out-model f.wnr",
    "the same for any array; --embeddings g.npy --model f.wnr --out h.npy turns others by the same axes",
    NULL,
};

/* --embeddings: an array instead of images. */
static wn_status reduce_array(session *run, const embed_params *params, wn_error *err)
{
    wn_job job = job_of(run);
    wn_reduce_result result;
    if (!params->out) return command_usage_error(run, err, "name the file for the reduced rows: --out F.npy");
    if (run->path_count || run->common.workspace || params->out_paths)
        return command_usage_error(run, err, "--embeddings stands in the place of images: no PATH, -w or --out-paths");
    if (!params->model == !params->reduce.dim)
        return command_usage_error(run, err, "--embeddings goes with either --dim D or --model FILE.wnr");
    const wn_reduce_options reduce = {.embeddings = params->embeddings,
                                      .model = params->model,
                                      .reduce = params->reduce,
                                      .out = params->out,
                                      .out_model = params->out_model};
    wn_status status = wn_job_reduce(&job, &reduce, &result, err);
    if (status) return status;
    terminal_say(run->terminal, "  reduced     %lld rows from %lld to %lld dimensions, which keep %.1f %% of the %s",
                 (long long)result.rows, (long long)result.from, (long long)result.dim, 100 * result.explained,
                 params->model ? "variance of the rows it was fitted to" : "variance");
    terminal_say(run->terminal, "  written     %s", params->out);
    if (!run->common.json) return WN_OK;
    return json_print(json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "rows", (json_int_t)result.rows, "from",
                                (json_int_t)result.from, "dim", (json_int_t)result.dim, "rank", (json_int_t)result.rank,
                                "variance_kept", json_figure(result.explained), "seconds",
                                json_seconds(&result.seconds, "embed total"), "peak_memory_bytes", json_peak_memory()),
                      err);
}

static wn_status check_params(session *run, const embed_params *params, wn_error *err)
{
    const wn_onnx_settings *onnx = &params->onnx;
    const bool arrays = params->out && run->path_count && !run->common.workspace;
    wn_status status = check_reduce(run, &params->reduce, false, err);
    if (status) return status;
    if (params->out_paths && !params->out)
        return command_usage_error(run, err, "--out-paths goes with --out: name the file for the embeddings too");
    if (params->out && params->out_paths && strcmp(params->out, params->out_paths) == 0)
        return command_usage_error(run, err, "--out and --out-paths name the same file");
    if (params->out_model && (!arrays || !params->reduce.dim))
        return command_usage_error(run, err,
                                   "--out-model goes with --dim, paths and --out; a workspace keeps the model in its "
                                   "folder models");
    if ((run->common.workspace || !params->out) && (onnx->preset || onnx->layer || onnx->pool || onnx->side))
        return command_usage_error(run, err,
                                   "--preprocess, --layer, --pool and --side serve arrays (--out without -w); for a "
                                   "workspace write them into MODEL.onnx.json beside the model");
    return WN_OK;
}

static wn_status print_result(const wn_embed_result *result, wn_error *err)
{
    json_t *object = json_pack(
        "{s:I, s:I, s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "rows", (json_int_t)result->rows, "dim",
        (json_int_t)result->dim, "model", json_name(result->model), "bad", json_count(result->bad), "bad_files",
        json_bad_files(&result->bad_paths), "new", (json_int_t)result->fresh, "workspace", json_name(result->workspace),
        "seconds", json_seconds(&result->seconds, "scan read embed total"), "peak_memory_bytes", json_peak_memory());
    if (object && result->explained > 0) json_object_set_new(object, "variance_kept", json_figure(result->explained));
    return json_print(object, err);
}

static wn_status run_embed(session *run, wn_error *err)
{
    const embed_params *params = run->params;
    wn_job job = job_of(run);
    wn_embed_result result;
    char rows[32], fresh[32];
    if (params->embeddings) {
        wn_status usage = check_reduce(run, &params->reduce, false, err);
        return usage ? usage : reduce_array(run, params, err);
    }
    wn_status status = check_params(run, params, err);
    if (status) return status;
    wn_embed_options embed = {.workspace = run->common.workspace,
                              .paths = run->paths,
                              .path_count = run->path_count,
                              .model = params->model,
                              .out = params->out,
                              .out_paths = params->out_paths,
                              .out_model = params->out_model,
                              .reduce = params->reduce,
                              .onnx = &params->onnx};
    status = wn_job_embed(&job, &embed, &result, err);
    if (status) return say_how_to_resume(run, status);
    terminal_say(run->terminal, "  embedded    %s images with '%s', %lld dimensions (%s new)",
                 human_count((uint64_t)result.rows, rows), result.model, (long long)result.dim,
                 human_count((uint64_t)result.fresh, fresh));
    if (result.bad) terminal_say(run->terminal, "  bad         %llu files", (unsigned long long)result.bad);
    say_bad_files(run, &result.bad_paths);
    if (params->out) terminal_say(run->terminal, "  written     %s", params->out);
    if (params->out_model) terminal_say(run->terminal, "              %s", params->out_model);
    if (result.workspace) terminal_say(run->terminal, "  workspace   %s", result.workspace);
    say_seconds(run, &result.seconds);
    if (run->common.json) status = print_result(&result, err);
    wn_embed_result_clear(&result);
    return status;
}

const command command_embed = {
    .name = "embed",
    .summary = "turn images into vectors with a model",
    .usage = "[PATH...] [--model FILE|NAME] [--dim D] [--out E.npy --out-paths PATHS.txt] [OPTIONS]\n"
             "       winnow embed --embeddings E.npy --dim D [--whiten] --out F.npy [OPTIONS]",
    .details =
        "In a workspace: embeds the images that have no embedding of this model yet, after adding the paths given.\n\n"
        "As arrays: with paths and --out, and no -w, the images are read and embedded, and nothing is "
        "kept "
        "but the files named. Rows stand in the order of the paths file; images that cannot be read have no row; the "
        "first of them are named with the reason, with -v or --json all. With -w the rows of the workspace are "
        "written.\n\n"
        "An ONNX model (FILE.onnx) runs on ONNX Runtime, which is looked for where pip, npm or the system put it, or "
        "where "
        "WINNOW_ONNXRUNTIME says. Of a classifier the layer before the class scores is taken. Settings stand in "
        "FILE.onnx.json: preprocess, mean, deviation, order, layout, side, layer, pool, cut.\n\n"
        "--dim D keeps the D directions in which the embeddings vary most (principal components; found at random "
        "above 4,096 dimensions), --whiten makes them vary alike. The axes are fitted to the images that are there "
        "when --dim D is first asked for, and kept: images that come later are turned by the same axes. In a "
        "workspace the result is a model of its own, NAME-pcaD or NAME-pcaDw, and the newest one, which other "
        "commands take when none is named. Rows of a model are scaled to length 1; rows of an array (--embeddings) "
        "are left as they come out, so that distances stay.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(embed_params),
    .flags = COMMAND_READS,
    .most_paths = SIZE_MAX,
    .run = run_embed,
};
