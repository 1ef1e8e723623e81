/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/open_model.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "embed/onnx_input.h"
#include "interop/option_file.h"
#include "jobs/find_model.h"
#include "jobs/job.h"
#include "jobs/read_reduction.h"
#include "winnow/hub.h"
#include "winnow/jobs.h"
#include "winnow/memory.h"

/* What was set on the command line wins over the file. */
static void lay_over(wn_onnx_settings *settings, const wn_onnx_settings *given)
{
    if (!given) return;
    if (given->preset) settings->preset = given->preset;
    if (given->mean) settings->mean = given->mean;
    if (given->deviation) settings->deviation = given->deviation;
    if (given->layer) settings->layer = given->layer;
    if (given->side > 0) settings->side = given->side;
    if (given->order) settings->order = given->order;
    if (given->layout) settings->layout = given->layout;
    if (given->pool) settings->pool = given->pool;
    if (given->cut > 0.0) settings->cut = given->cut;
}

/* The file beside a model. Values that only the input gives a meaning are checked here, where their file is known. */
static wn_status read_beside(const char *path, wn_onnx_settings *out, wn_arena *arena, wn_error *err)
{
    wn_error why = {0};
    if (!wn_file_exists(path)) return WN_OK;
    WN_TRY(wn_options_read_json(path, wn_onnx_options, out, arena, err));
    wn_status status = wn_onnx_settings_check(out, &why);
    return status ? wn_fail(err, status, "%s: %s", path, why.message) : WN_OK;
}

static wn_status read_settings(const char *path, const wn_onnx_settings *given, wn_onnx_settings *out, wn_arena *arena,
                               wn_error *err)
{
    WN_TRY(wn_options_init(wn_onnx_options, out, err));
    const char *beside = wn_arena_format(arena, "%s.json", path);
    if (!beside) return wn_fail(err, WN_NOMEM, "out of memory");
    WN_TRY(read_beside(beside, out, arena, err));
    lay_over(out, given);
    return WN_OK;
}

/* A reduction and the model behind it. */
static wn_status open_reduced(const char *path, wn_precision precision, const wn_onnx_settings *settings,
                              wn_model **out, wn_error *err)
{
    wn_reduction reduction;
    wn_model *base = NULL;
    char *base_path = NULL;
    WN_TRY(wn_read_model_reduction(path, &reduction, &base_path, err));
    wn_status status = wn_open_model(base_path, precision, settings, &base, err);
    if (status)
        wn_reduction_clear(&reduction);
    else
        status = wn_model_reduce(&base, &reduction, path, out, err);
    wn_free(base_path);
    return status;
}

static wn_status open_file(const char *path, wn_precision precision, const wn_onnx_settings *settings, wn_model **out,
                           wn_error *err)
{
    wn_onnx_settings all;
    wn_arena arena;
    if (wn_is_reduction(path)) return open_reduced(path, precision, settings, out, err);
    if (!wn_text_ends_with(path, ".onnx")) return wn_model_open(path, precision, out, err);
    wn_arena_init(&arena, WN_MEMORY_TEXT, 0);
    wn_status status = read_settings(path, settings, &all, &arena, err);
    if (!status) status = wn_model_open_onnx(path, &all, out, err);
    wn_arena_clear(&arena);
    return status;
}

wn_status wn_open_model(const char *path, wn_precision precision, const wn_onnx_settings *settings, wn_model **out,
                        wn_error *err)
{
    char *file = NULL;
    *out = NULL;
    WN_TRY(wn_locate_model(path, &file, err));
    wn_status status = open_file(file, precision, settings, out, err);
    wn_free(file);
    return status;
}

wn_status wn_model_wants_side(wn_workspace *workspace, const char *wanted, int64_t *side, wn_error *err)
{
    char *name = NULL, *file = NULL;
    wn_model *model = NULL;
    int64_t kept = 0;
    *side = 0;
    if (!wanted) return WN_OK;
    WN_TRY(wn_find_model(workspace, wanted, &name, &file, err));
    wn_status status = wn_open_model(file, WN_PRECISION_FP32, NULL, &model, err);
    if (!status) status = wn_job_input_side(workspace, &kept, err);
    if (!status && !kept) *side = wn_model_get_info(model)->side;
    wn_model_close(&model);
    wn_free(name);
    wn_free(file);
    return status;
}

static wn_status open_of_workspace(wn_workspace *workspace, const char *wanted, wn_model **out, wn_error *err)
{
    char *name = NULL, *file = NULL;
    WN_TRY(wn_find_model(workspace, wanted, &name, &file, err));
    wn_status status = wn_open_model(file, WN_PRECISION_AUTO, NULL, out, err);
    wn_free(name);
    wn_free(file);
    return status;
}

wn_status wn_job_open_model(const char *path, const char *wanted, wn_model **out, wn_error *err)
{
    wn_workspace *workspace = NULL;
    char *file = NULL, *found = NULL;
    *out = NULL;
    wn_status status = path ? WN_NOTFOUND : wn_locate_model(wanted, &file, err);
    wn_free(file);
    if (!status) return wn_open_model(wanted, WN_PRECISION_AUTO, NULL, out, err);
    if (!path && (status != WN_NOTFOUND || wn_hub_find(wanted))) return status;
    status = wn_job_open_workspace(NULL, path, NULL, 0, WN_WORKSPACE_READ, &workspace, &found, path ? err : NULL);
    if (!status)
        status = open_of_workspace(workspace, wanted, out, err);
    else if (!path)
        status = wn_fail(err, WN_NOTFOUND,
                         "'%s' is neither a file nor the name of an open model ('winnow model list'); -w DIR names the "
                         "workspace that has a model of its own",
                         wanted);
    wn_workspace_close(&workspace);
    wn_free(found);
    return status;
}

wn_status wn_job_onnx_facts(const char *path, const wn_onnx_settings *settings, wn_onnx_facts **out, wn_error *err)
{
    wn_onnx_settings all;
    wn_arena arena;
    *out = NULL;
    wn_arena_init(&arena, WN_MEMORY_TEXT, 0);
    wn_status status = read_settings(path, settings, &all, &arena, err);
    if (!status) status = wn_onnx_facts_read(path, &all, out, err);
    wn_arena_clear(&arena);
    return status;
}
