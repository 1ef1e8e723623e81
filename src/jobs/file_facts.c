/* SPDX-License-Identifier: Apache-2.0
 *
 * What a file is, and its facts: a table of kinds by their first bytes and endings, one function a kind.
 */
#include "winnow/file_facts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "embed/reduction.h"
#include "embed/safetensors.h"
#include "jobs/fact_list.h"
#include "jobs/find_model.h"
#include "pretrain/train_checkpoint.h"
#include "winnow/index.h"
#include "winnow/index_file.h"
#include "winnow/jobs.h"
#include "winnow/memory.h"

enum { FIRST = 8 };

static const size_t safetensors_bytes_max = (size_t)1 << 34;

/* ---- models ---- */

static void add_model(wn_file_facts *facts, const wn_model_info *info)
{
    char text[160] = "";
    size_t used = 0;
    wn_fact_text(facts, "network", info->architecture);
    wn_fact_count(facts, "side", info->side);
    wn_fact_count(facts, "dim", info->dim);
    for (uint32_t i = 0; i < info->prefix_count && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%u", i ? ", " : "", (unsigned)info->prefixes[i]);
    wn_fact_text(facts, "nested_dims", text);
    wn_fact_count(facts, "parameters", (int64_t)info->parameters);
    wn_fact_real(facts, "gflop_per_image", info->flop * 1e-9);
    wn_fact_real(facts, "cut", (double)info->cut);
    wn_fact_text(facts, "trained_by", info->method);
    wn_fact_count(facts, "trained_images", (int64_t)info->images);
    wn_fact_count(facts, "trained_steps", (int64_t)info->steps);
    wn_fact_text(facts, "options", info->options);
    (void)snprintf(text, sizeof text, "%016" PRIx64, info->hash);
    wn_fact_text(facts, "hash", text);
}

static wn_status describe_model(const char *path, wn_file_facts *facts, wn_error *err)
{
    wn_model *model = NULL;
    WN_TRY(wn_model_open(path, WN_PRECISION_AUTO, &model, err));
    add_model(facts, wn_model_get_info(model));
    wn_model_close(&model);
    return WN_OK;
}

static wn_status describe_reduction(const char *path, wn_file_facts *facts, wn_error *err)
{
    wn_reduction reduction;
    char text[32];
    WN_TRY(wn_reduction_read(path, &reduction, err));
    const wn_pca *pca = &reduction.pca;
    wn_fact_text(facts, "model", reduction.base[0] ? reduction.base : "none: it was fitted to an array");
    wn_fact_count(facts, "from_dim", (int64_t)pca->from);
    wn_fact_count(facts, "dim", (int64_t)pca->dim);
    wn_fact_text(facts, "whitened", pca->whiten ? "yes" : "no");
    wn_fact_real(facts, "variance_kept", wn_pca_explained(pca));
    wn_fact_count(facts, "fitted_rows", (int64_t)pca->rows);
    wn_fact_count(facts, "rank", (int64_t)pca->rank);
    (void)snprintf(text, sizeof text, "%016" PRIx64, reduction.hash);
    wn_fact_text(facts, "hash", text);
    wn_reduction_clear(&reduction);
    return WN_OK;
}

static void add_tensors(wn_file_facts *facts, const wn_safetensors *file)
{
    uint64_t numbers = 0;
    wn_fact_count(facts, "tensors", (int64_t)file->tensor_count);
    for (size_t i = 0; i < file->tensor_count; i++) numbers += file->tensors[i].count;
    wn_fact_count(facts, "numbers", (int64_t)numbers);
    for (size_t i = 0; i < file->tensor_count; i++) {
        const char *type = file->tensors[i].type;
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++) seen = strcmp(file->tensors[k].type, type) == 0;
        if (!seen) wn_fact_item(facts, "types", type);
    }
    if (file->tensor_count > 0) {
        wn_fact_text(facts, "first_tensor", file->tensors[0].name);
        wn_fact_text(facts, "last_tensor", file->tensors[file->tensor_count - 1].name);
    }
}

/* Weights of winnow's networks are a model; others are told by their tensors. */
static wn_status describe_safetensors(const char *path, wn_file_facts *facts, wn_error *err)
{
    wn_buffer bytes;
    wn_safetensors file;
    wn_buffer_init(&bytes, WN_MEMORY_GENERAL, 0);
    wn_status status = wn_file_read(path, safetensors_bytes_max, &bytes, err);
    if (!status) status = wn_safetensors_parse(bytes.data ? bytes.data : "", bytes.len, path, &file, err);
    if (!status) {
        const bool own = wn_safetensors_text(&file, "architecture") != NULL;
        add_tensors(facts, &file);
        wn_safetensors_clear(&file);
        if (own)
            status = describe_model(path, facts, err);
        else
            wn_fact_text(facts, "model", "none of winnow's: it does not name one of its networks");
    }
    wn_buffer_clear(&bytes);
    return status;
}

/* ---- runs ---- */

static wn_status describe_checkpoint(const char *path, wn_file_facts *facts, wn_error *err)
{
    wn_train_state state;
    uint64_t identity;
    char text[32];
    WN_TRY(wn_train_checkpoint_inspect(path, &state, &identity, err));
    wn_fact_count(facts, "step", state.step);
    wn_fact_count(facts, "steps", state.steps);
    wn_fact_count(facts, "steps_planned", state.steps_planned);
    wn_fact_real(facts, "loss", state.loss);
    wn_fact_real(facts, "seconds", state.seconds);
    (void)snprintf(text, sizeof text, "%016" PRIx64, identity);
    wn_fact_text(facts, "identity", text);
    wn_fact_text(facts, "use", "the command that wrote it, given again, goes on from here");
    return WN_OK;
}

static wn_status describe_index(const char *path, wn_file_facts *facts, wn_error *err)
{
    wn_index_info info;
    WN_TRY(wn_index_inspect(path, &info, err));
    wn_fact_text(facts, "method", info.kind->name);
    wn_fact_text(facts, "metric", wn_index_metric_names[info.metric]);
    wn_fact_count(facts, "rows", (int64_t)info.rows);
    wn_fact_count(facts, "dim", (int64_t)info.dim);
    wn_fact_count(facts, "finite_rows", (int64_t)info.finite);
    wn_fact_count(facts, "distinct_rows", (int64_t)info.distinct);
    wn_fact_count(facts, "fitted_rows", (int64_t)info.trained);
    wn_fact_count(facts, "cells", (int64_t)info.cells);
    wn_fact_text(facts, "embeddings", info.stamp);
    return WN_OK;
}

/* ---- workspaces ---- */

static wn_status describe_workspace(const char *path, wn_file_facts *facts, wn_error *err)
{
    wn_status_result found;
    wn_buffer text;
    WN_TRY(wn_job_status(path, &found, err));
    wn_fact_count(facts, "readable", found.readable);
    wn_fact_count(facts, "bad", found.bad);
    wn_fact_count(facts, "gone", found.gone);
    wn_fact_count(facts, "input_side", found.input_side);
    for (size_t i = 0; i < found.source_count; i++) wn_fact_item(facts, "sources", found.sources[i]);
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    for (size_t i = 0; i < found.model_count; i++) {
        const wn_status_model *model = &found.models[i];
        wn_buffer_reset(&text);
        if (!wn_buffer_format(&text, "%s, %" PRId64 " dimensions, %" PRId64 " images embedded", model->name, model->dim,
                              model->embedded))
            wn_fact_item(facts, "models", text.data);
    }
    wn_buffer_clear(&text);
    wn_fact_count(facts, "runs", (int64_t)found.run_count);
    wn_fact_count(facts, "tags", (int64_t)found.tag_count);
    wn_fact_bytes(facts, "bytes", found.bytes);
    wn_status_result_clear(&found);
    return WN_OK;
}

/* ---- which ---- */

static wn_status leave_to_reader(const char *path, wn_file_facts *facts, wn_error *err)
{
    (void)path;
    (void)facts;
    (void)err;
    return WN_OK;
}

/* By the first bytes, then by the ending: a file with the ending alone gets its reader's complaint. */
static const struct {
    const char *kind, *first, *ending;
    wn_status (*describe)(const char *path, wn_file_facts *facts, wn_error *err);
} kinds[] = {
    {"model", "WNMODEL\n", ".wnm", describe_model},
    {"reduction", "WNREDUC\n", WN_REDUCTION_ENDING, describe_reduction},
    {"array", "\x93NUMPY", ".npy", wn_describe_array},
    {"checkpoint", "WNTRAIN", ".checkpoint", describe_checkpoint},
    {"index", "WNINDEX", ".index", describe_index},
    {"onnx", NULL, ".onnx", leave_to_reader},
    {"safetensors", NULL, ".safetensors", describe_safetensors},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static wn_status read_first(const char *path, char first[FIRST + 1], wn_error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return wn_fail_errno(err, errno, "%s: cannot be read", path);
    const ssize_t got = read(fd, first, FIRST);
    const int code = errno;
    (void)close(fd);
    if (got < 0) return wn_fail_errno(err, code, "%s: cannot be read", path);
    first[got] = 0;
    return got > 0 ? WN_OK : wn_fail(err, WN_CORRUPT, "%s: an empty file", path);
}

static wn_status find_kind(const char *path, size_t *out, wn_error *err)
{
    char first[FIRST + 1] = "";
    WN_TRY(read_first(path, first, err));
    for (*out = 0; *out < KINDS; ++*out)
        if (kinds[*out].first && strncmp(first, kinds[*out].first, strlen(kinds[*out].first)) == 0) return WN_OK;
    for (*out = 0; *out < KINDS; ++*out)
        if (wn_text_ends_with(path, kinds[*out].ending)) return WN_OK;
    return wn_fail(err, WN_UNSUPPORTED,
                   "%s: no file that winnow reads: a model (.wnm, .wnr, .onnx, .safetensors), an array (.npy), a "
                   "checkpoint, an index or a workspace; pictures are what 'winnow add' takes",
                   path);
}

static wn_status describe(wn_file_facts *facts, wn_error *err)
{
    struct stat info;
    size_t kind;
    if (strcmp(facts->path, WN_MODEL_DEFAULT) == 0) {
        facts->kind = "model";
        return describe_model(facts->path, facts, err);
    }
    if (stat(facts->path, &info) != 0) return wn_fail_errno(err, errno, "%s", facts->path);
    if (S_ISDIR(info.st_mode)) {
        facts->kind = "workspace";
        return describe_workspace(facts->path, facts, err);
    }
    if (!S_ISREG(info.st_mode)) return wn_fail(err, WN_INVALID, "%s: neither a file nor a folder", facts->path);
    WN_TRY(find_kind(facts->path, &kind, err));
    facts->kind = kinds[kind].kind;
    wn_fact_bytes(facts, "bytes", (uint64_t)info.st_size);
    return kinds[kind].describe(facts->path, facts, err);
}

wn_status wn_job_file_facts(const char *wanted, wn_file_facts *out, wn_error *err)
{
    *out = (wn_file_facts){.kind = ""};
    WN_TRY(wn_locate_model(wanted, &out->path, err));
    wn_status status = describe(out, err);
    if (!status) status = wn_facts_complete(out, err);
    if (status) wn_file_facts_clear(out);
    return status;
}
