/* SPDX-License-Identifier: Apache-2.0
 *
 * status: what a workspace holds. Reads only, also while another process writes.
 */
#include "jobs/job.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "jobs/vectors.h"
#include "winnow/annotation_records.h"
#include "winnow/memory.h"

enum { FOLDER_DEPTH = 4 };

static uint64_t folder_bytes(const char *path, int depth)
{
    uint64_t bytes = 0;
    DIR *folder = depth ? opendir(path) : NULL;
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        struct stat facts;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        char *inner = wn_path_join(path, entry->d_name);
        if (inner && lstat(inner, &facts) == 0)
            bytes += S_ISDIR(facts.st_mode) ? folder_bytes(inner, depth - 1) : (uint64_t)facts.st_blocks * 512;
        wn_free(inner);
    }
    if (folder) closedir(folder);
    return bytes;
}

static wn_status list_sources(wn_workspace *workspace, wn_status_result *out, wn_error *err)
{
    wn_source *sources = NULL;
    size_t count = 0;
    WN_TRY(wn_workspace_list_sources(workspace, &sources, &count, err));
    out->sources = wn_calloc(WN_MEMORY_TEXT, count, sizeof *out->sources);
    wn_status status = out->sources ? WN_OK : WN_NOMEM;
    for (size_t i = 0; i < count && !status; i++)
        if ((out->sources[out->source_count] = wn_text_copy(sources[i].path)))
            out->source_count++;
        else
            status = WN_NOMEM;
    wn_free(sources);
    return status ? wn_fail(err, status, "out of memory") : WN_OK;
}

static wn_status list_models(wn_workspace *workspace, wn_status_result *out, wn_error *err)
{
    wn_model_record *models = NULL;
    wn_embedding_record *embeddings = NULL;
    size_t count = 0, embedding_count = 0;
    WN_TRY(wn_model_list(workspace, &models, &count, err));
    wn_status status = wn_embedding_list(workspace, &embeddings, &embedding_count, err);
    if (!status && !(out->models = wn_calloc(WN_MEMORY_TEXT, count, sizeof *out->models)))
        status = wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < count && !status; i++) {
        wn_status_model *model = &out->models[out->model_count];
        *model = (wn_status_model){.name = wn_text_copy(models[i].name), .dim = models[i].dim};
        for (size_t j = 0; j < embedding_count; j++) {
            if (strcmp(embeddings[j].model, models[i].name) != 0) continue;
            if (wn_embedding_is_outdated(&models[i], embeddings[j].column)) continue;
            if (embeddings[j].rows > model->embedded) model->embedded = embeddings[j].rows;
        }
        if (model->name)
            out->model_count++;
        else
            status = wn_fail(err, WN_NOMEM, "out of memory");
    }
    wn_free(models);
    wn_free(embeddings);
    return status;
}

static wn_status list_runs(wn_workspace *workspace, wn_status_result *out, wn_error *err)
{
    wn_run_record *runs = NULL;
    size_t count = 0;
    WN_TRY(wn_run_list(workspace, &runs, &count, err));
    wn_status status = WN_OK;
    if (!(out->runs = wn_calloc(WN_MEMORY_TEXT, count, sizeof *out->runs))) status = WN_NOMEM;
    for (size_t i = 0; i < count && !status; i++) {
        wn_status_run *run = &out->runs[out->run_count++];
        *run = (wn_status_run){.id = runs[i].id,
                               .command = wn_text_copy(runs[i].command),
                               .state = wn_text_copy(runs[i].state),
                               .started_at = runs[i].started_at,
                               .finished_at = runs[i].finished_at};
        if (!run->command || !run->state) status = WN_NOMEM;
    }
    wn_free(runs);
    return status ? wn_fail(err, status, "out of memory") : WN_OK;
}

static wn_status list_tags(wn_workspace *workspace, wn_status_result *out, wn_error *err)
{
    wn_tag_record *tags = NULL;
    size_t count = 0;
    WN_TRY(wn_tag_list(workspace, &tags, &count, err));
    wn_status status = WN_OK;
    out->tags = wn_calloc(WN_MEMORY_TEXT, count, sizeof *out->tags);
    out->tag_rows = wn_calloc(WN_MEMORY_TEXT, count, sizeof *out->tag_rows);
    if (!out->tags || !out->tag_rows) status = WN_NOMEM;
    for (size_t i = 0; i < count && !status; i++) {
        out->tag_rows[out->tag_count] = tags[i].rows;
        if ((out->tags[out->tag_count] = wn_text_copy(tags[i].name)))
            out->tag_count++;
        else
            status = WN_NOMEM;
    }
    wn_free(tags);
    return status ? wn_fail(err, status, "out of memory") : WN_OK;
}

static wn_status list_sets(wn_workspace *workspace, wn_status_result *out, wn_error *err)
{
    wn_annotation_set_record *sets = NULL;
    size_t count = 0;
    WN_TRY(wn_annotation_set_list(workspace, &sets, &count, err));
    wn_status status = WN_OK;
    if (!(out->sets = wn_calloc(WN_MEMORY_TEXT, count, sizeof *out->sets))) status = WN_NOMEM;
    for (size_t i = 0; i < count && !status; i++) {
        wn_status_set *set = &out->sets[out->set_count];
        *set = (wn_status_set){.name = wn_text_copy(sets[i].name),
                               .role = wn_annotation_role_text(sets[i].role),
                               .task = wn_annotation_task_text(sets[i].task),
                               .images = sets[i].images,
                               .items = sets[i].items};
        if (set->name)
            out->set_count++;
        else
            status = WN_NOMEM;
    }
    wn_free(sets);
    return status ? wn_fail(err, status, "out of memory") : WN_OK;
}

wn_status wn_job_status(const char *path, wn_status_result *out, wn_error *err)
{
    wn_workspace *workspace = NULL;
    wn_workspace_counts counts;
    *out = (wn_status_result){0};
    wn_status status = wn_job_open_workspace(NULL, path, NULL, 0, WN_WORKSPACE_READ, &workspace, &out->workspace, err);
    if (status) return status;
    if ((status = wn_workspace_count(workspace, &counts, err))) goto done;
    out->readable = counts.ok;
    out->bad = counts.bad;
    out->gone = counts.gone;
    if ((status = wn_job_input_side(workspace, &out->input_side, err))) goto done;
    if ((status = list_sources(workspace, out, err))) goto done;
    if ((status = list_models(workspace, out, err))) goto done;
    if ((status = list_runs(workspace, out, err))) goto done;
    if ((status = list_tags(workspace, out, err))) goto done;
    if ((status = list_sets(workspace, out, err))) goto done;
    out->bytes = folder_bytes(out->workspace, FOLDER_DEPTH);
done:
    wn_workspace_close(&workspace);
    if (status) wn_status_result_clear(out);
    return status;
}

void wn_status_result_clear(wn_status_result *result)
{
    for (size_t i = 0; i < result->source_count; i++) wn_free(result->sources[i]);
    for (size_t i = 0; i < result->model_count; i++) wn_free(result->models[i].name);
    for (size_t i = 0; i < result->run_count; i++) {
        wn_free(result->runs[i].command);
        wn_free(result->runs[i].state);
    }
    for (size_t i = 0; i < result->tag_count; i++) wn_free(result->tags[i]);
    for (size_t i = 0; i < result->set_count; i++) wn_free(result->sets[i].name);
    wn_free(result->sets);
    wn_free(result->sources);
    wn_free(result->models);
    wn_free(result->runs);
    wn_free(result->tags);
    wn_free(result->tag_rows);
    wn_free(result->workspace);
    *result = (wn_status_result){0};
}
