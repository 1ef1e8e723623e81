/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/find_model.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "jobs/read_reduction.h"
#include "winnow/hub.h"
#include "winnow/memory.h"
#include "winnow/model.h"

static char *join_text(const char *format, const char *a, const char *b)
{
    int len = snprintf(NULL, 0, format, a, b);
    char *out = len < 0 ? NULL : wn_alloc(WN_MEMORY_TEXT, (size_t)len + 1, 1);
    if (out) snprintf(out, (size_t)len + 1, format, a, b);
    return out;
}

/* Both strings, or none of them. */
static wn_status keep_both(char **name, char **file, wn_error *err)
{
    if (*name && *file) return WN_OK;
    wn_free(*name);
    wn_free(*file);
    *name = *file = NULL;
    return wn_fail(err, WN_NOMEM, "out of memory");
}

static wn_status take_record(wn_workspace *workspace, const wn_model_record *record, char **name, char **file,
                             wn_error *err)
{
    *name = wn_text_copy(record->name);
    *file = record->file[0] == '/' || strcmp(record->file, WN_MODEL_DEFAULT) == 0
                ? wn_text_copy(record->file)
                : wn_path_join(wn_workspace_path(workspace), record->file);
    return keep_both(name, file, err);
}

/* The stem of a file name: "models/a.wnm" gives "a". */
static char *stem_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *start = slash ? slash + 1 : file, *dot = strrchr(start, '.');
    return wn_text_copy_len(start, dot && dot > start ? (size_t)(dot - start) : strlen(start));
}

static bool is_plain_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

wn_status wn_locate_model(const char *wanted, char **file, wn_error *err)
{
    char pulled[WN_PULL_PATH_MAX];
    const char *found = wanted;
    *file = NULL;
    if (strcmp(wanted, WN_MODEL_DEFAULT) != 0 && !is_plain_file(wanted)) {
        if (wn_hub_find(wanted)) {
            WN_TRY(wn_hub_find_pulled(wanted, pulled, err));
            found = pulled;
        } else if (!wn_file_exists(wanted)) {
            return wn_fail(err, WN_NOTFOUND,
                           "'%s' is neither a file nor the name of a model; 'winnow model list' names those that "
                           "winnow knows",
                           wanted);
        }
    }
    *file = wn_text_copy(found);
    return *file ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
}

wn_status wn_find_model(wn_workspace *workspace, const char *wanted, char **name, char **file, wn_error *err)
{
    wn_model_record *records = NULL;
    size_t count = 0;
    WN_TRY(wn_model_list(workspace, &records, &count, err));
    wn_status status = WN_NOTFOUND;
    for (size_t i = 0; i < count && status == WN_NOTFOUND; i++)
        if (wanted ? strcmp(records[i].name, wanted) == 0 : strcmp(records[i].file, WN_MODEL_DEFAULT) != 0)
            status = take_record(workspace, &records[i], name, file, err);
    wn_free(records);
    if (status != WN_NOTFOUND) return status;
    char *located = NULL;
    status = wn_locate_model(wanted ? wanted : WN_MODEL_DEFAULT, &located, err);
    if (status == WN_NOTFOUND && !wn_hub_find(wanted))
        status = wn_fail(err, WN_NOTFOUND,
                         "'%s' is neither a model of the workspace, nor a file, nor the name of an open model "
                         "('winnow model list')",
                         wanted);
    if (!status) status = wn_name_model_file(located, name, file, err);
    wn_free(located);
    return status;
}

wn_status wn_name_model_file(const char *path, char **name, char **file, wn_error *err)
{
    *name = stem_of(path);
    *file = wn_text_copy(path);
    return keep_both(name, file, err);
}

char *wn_model_file_within(const char *name, const char *ending)
{
    return join_text("models/%s%s", name, ending);
}

char *wn_workspace_model_file(wn_workspace *workspace, const char *name, const char *ending)
{
    char *relative = wn_model_file_within(name, ending);
    char *file = relative ? wn_path_join(wn_workspace_path(workspace), relative) : NULL;
    wn_free(relative);
    return file;
}

bool wn_is_workspace_file(wn_workspace *workspace, const char *file)
{
    const size_t len = strlen(wn_workspace_path(workspace));
    return strncmp(file, wn_workspace_path(workspace), len) == 0 && file[len] == '/';
}

char *wn_real_model_file(const char *file)
{
    char root[PATH_MAX];
    return wn_text_copy(strcmp(file, WN_MODEL_DEFAULT) != 0 && realpath(file, root) ? root : file);
}

wn_status wn_find_origin(wn_workspace *workspace, const char *from, char **file, wn_error *err)
{
    char *name = NULL;
    *file = NULL;
    if (!from) return WN_OK;
    WN_TRY(wn_find_model(workspace, from, &name, file, err));
    wn_free(name);
    if (!wn_text_ends_with(*file, ".onnx") && !wn_is_reduction(*file)) return WN_OK;
    wn_free(*file);
    *file = NULL;
    return wn_fail(err, WN_UNSUPPORTED,
                   "training starts from a model that winnow made, and '%s' is none; --method distill --teacher %s "
                   "learns from it",
                   from, from);
}

wn_status wn_unused_model_name(wn_workspace *workspace, char **name, wn_error *err)
{
    wn_model_record *records = NULL;
    size_t count = 0;
    WN_TRY(wn_model_list(workspace, &records, &count, err));
    char text[32] = "trained";
    for (size_t number = 2, i = 0; i < count;) {
        if (strcmp(records[i].name, text) != 0) {
            i++;
            continue;
        }
        snprintf(text, sizeof text, "trained-%zu", number++);
        i = 0;
    }
    wn_free(records);
    *name = wn_text_copy(text);
    return *name ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
}

wn_status wn_add_newest_model(wn_workspace *workspace, wn_model_record record, wn_error *err)
{
    wn_model_record *records = NULL;
    size_t count = 0;
    WN_TRY(wn_model_list(workspace, &records, &count, err));
    record.created_at = wn_clock_unix();
    for (size_t i = 0; i < count; i++) {
        if (records[i].created_at >= record.created_at) record.created_at = records[i].created_at + 1;
    }
    wn_free(records);
    return wn_model_add(workspace, &record, err);
}

static bool same_file(const char *a, const char *b)
{
    char real_a[PATH_MAX], real_b[PATH_MAX];
    return strcmp(a, b) == 0 || (realpath(a, real_a) && realpath(b, real_b) && strcmp(real_a, real_b) == 0);
}

wn_status wn_name_in_catalogue(wn_workspace *workspace, const char *name, const char *file, const wn_model_info *info,
                               char **out, wn_error *err)
{
    wn_model_record *records = NULL;
    size_t count = 0;
    char hash[24];
    WN_TRY(wn_model_list(workspace, &records, &count, err));
    snprintf(hash, sizeof hash, "%016" PRIx64, info->hash);
    bool taken = false;
    for (size_t i = 0; i < count && !taken; i++) {
        char *known_name = NULL, *known_file = NULL;
        if (strcmp(records[i].name, name) != 0) continue;
        if (take_record(workspace, &records[i], &known_name, &known_file, NULL) == WN_OK)
            taken = !same_file(known_file, file);
        wn_free(known_name);
        wn_free(known_file);
    }
    wn_free(records);
    *out = taken ? join_text("%s-%.8s", name, hash) : wn_text_copy(name);
    return *out ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
}
