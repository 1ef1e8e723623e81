/* SPDX-License-Identifier: Apache-2.0
 *
 * The index of an embedding, kept in the workspace as index/COLUMN.METRIC.index. It is made of one version of the
 * column and says so in its stamp; rows of a version never change, so that all that can happen to it is that rows are
 * added, or that it is of no use any more.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "jobs/vectors.h"
#include "winnow/log.h"
#include "winnow/memory.h"

static const char folder[] = "index", ending[] = ".index";

static char *index_path(wn_workspace *workspace, const char *column, wn_index_metric metric)
{
    char name[WN_COLUMN_NAME_MAX + 64];
    snprintf(name, sizeof name, "%s/%s.%s%s", folder, column, wn_index_metric_names[metric], ending);
    return wn_path_join(wn_workspace_path(workspace), name);
}

static void make_stamp(const wn_column_info *info, char stamp[WN_INDEX_STAMP_MAX])
{
    /* the name alone may be too long; what was cut off is told apart by the version */
    snprintf(stamp, WN_INDEX_STAMP_MAX, "%.80s#%lld", info->name, (long long)info->version);
}

wn_status wn_kept_index_open(wn_workspace *workspace, wn_column *column, wn_index_metric metric, wn_index **out,
                             wn_error *err)
{
    const wn_column_info *info = wn_column_describe(column);
    const void *values = NULL;
    char stamp[WN_INDEX_STAMP_MAX];
    wn_error reason = {0};
    *out = NULL;
    if (info->type != WN_COLUMN_F32 || info->rows == 0) return WN_OK;
    char *path = index_path(workspace, info->name, metric);
    if (!path) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_status status = wn_column_map_unchecked(column, &values, err);
    if (!status) {
        wn_matrix rows = {values, (size_t)info->rows, info->width, info->width};
        make_stamp(info, stamp);
        wn_status opened = wn_index_open(path, &rows, stamp, out, &reason);
        if (opened == WN_NOMEM) status = wn_fail(err, WN_NOMEM, "%s", reason.message);
        if (opened == WN_CORRUPT || opened == WN_IO)
            wn_log(WN_LOG_WARNING, "%s", reason.message);
        else if (opened && opened != WN_NOTFOUND)
            wn_log(WN_LOG_VERBOSE, "%s", reason.message);
    }
    wn_free(path);
    return status;
}

/* Removes the files of columns that are no more. */
static wn_status remove_orphans(wn_workspace *workspace, wn_error *err)
{
    wn_column_info *columns = NULL;
    size_t count = 0;
    wn_status status = WN_OK;
    char *path = wn_path_join(wn_workspace_path(workspace), folder);
    DIR *list = path ? opendir(path) : NULL;
    if (!list || (status = wn_column_list(workspace, &columns, &count, err))) goto done;
    for (struct dirent *entry; (entry = readdir(list));) {
        size_t len = strlen(entry->d_name), known = 0;
        if (len <= strlen(ending) || strcmp(entry->d_name + len - strlen(ending), ending) != 0) continue;
        for (; known < count; known++) {
            size_t name = strlen(columns[known].name);
            if (strncmp(entry->d_name, columns[known].name, name) == 0 && entry->d_name[name] == '.') break;
        }
        if (known < count) continue;
        char *orphan = wn_path_join(path, entry->d_name);
        if (orphan) unlink(orphan);
        wn_free(orphan);
    }
done:
    if (list) closedir(list);
    wn_free(columns);
    wn_free(path);
    return status;
}

static wn_status save(wn_workspace *workspace, const wn_index *index, const char *path, wn_error *err)
{
    char *parent = wn_path_join(wn_workspace_path(workspace), folder);
    wn_status status = parent ? wn_file_make_folder(parent, err) : wn_fail(err, WN_NOMEM, "out of memory");
    if (!status) status = wn_index_save(index, path, err);
    wn_free(parent);
    return status ? status : remove_orphans(workspace, err);
}

/* Makes it, or adds the rows that it lacks. */
static wn_status bring_up_to_date(const wn_job *job, wn_column *column, wn_index_metric metric, wn_index **index,
                                  wn_error *err)
{
    const wn_column_info *info = wn_column_describe(column);
    const void *values = NULL;
    char stamp[WN_INDEX_STAMP_MAX];
    WN_TRY(wn_column_map(column, &values, err));
    wn_matrix rows = {values, (size_t)info->rows, info->width, info->width};
    wn_error reason = {0};
    if (*index && !wn_index_add(*index, &rows, job->pool, &reason)) return WN_OK;
    wn_index_close(index);
    make_stamp(info, stamp);
    wn_index_options options = {.metric = metric,
                                .seed = job->seed,
                                .memory_limit = wn_job_memory_left(job),
                                .stamp = stamp,
                                .pool = job->pool};
    return wn_index_build(&rows, &options, index, err);
}

wn_status wn_stage_index(const wn_job *job, wn_workspace *workspace, const char *column, wn_index_metric metric,
                         wn_error *err)
{
    wn_column *values = NULL;
    wn_index *index = NULL;
    char *path = index_path(workspace, column, metric);
    wn_error reason = {0};
    if (!path) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_status status = wn_column_open(workspace, column, &values, err);
    if (!status) status = wn_kept_index_open(workspace, values, metric, &index, err);
    if (!status && !(index && (int64_t)wn_index_describe(index)->rows == wn_column_describe(values)->rows)) {
        wn_status made = bring_up_to_date(job, values, metric, &index, &reason);
        if (!made) {
            status = save(workspace, index, path, err);
        } else if (made == WN_INVALID || made == WN_UNSUPPORTED || made == WN_LIMIT) {
            /* without it a search reads all rows: slower, and the same answer */
            wn_log(WN_LOG_VERBOSE, "no index is kept: %s", reason.message);
        } else {
            status = wn_fail(err, made, "%s", reason.message);
        }
    }
    wn_index_close(&index);
    wn_column_close(&values);
    wn_free(path);
    return status;
}
