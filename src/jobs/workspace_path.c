/* SPDX-License-Identifier: Apache-2.0
 *
 * Which workspace a call means: -w, else NAME.winnow in the current folder after the first path, else the only one
 * that is there.
 */
#include "jobs/job.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

static const char ending[] = ".winnow";

/* The only NAME.winnow of the current folder. */
static wn_status find_here(char **out, wn_error *err)
{
    DIR *folder = opendir(".");
    if (!folder) return wn_fail_errno(err, errno, "cannot list the current folder");
    char *found = NULL;
    wn_status status = WN_OK;
    for (struct dirent *entry; !status && (entry = readdir(folder));) {
        size_t len = strlen(entry->d_name);
        if (len <= sizeof ending - 1 || strcmp(entry->d_name + len - (sizeof ending - 1), ending) != 0) continue;
        if (found) {
            status = wn_fail(err, WN_INVALID, "there is more than one workspace here, %s and %s; name one with -w",
                             found, entry->d_name);
        } else if (!(found = wn_text_copy(entry->d_name)))
            status = wn_fail(err, WN_NOMEM, "out of memory");
    }
    closedir(folder);
    if (!status && !found)
        status = wn_fail(err, WN_NOTFOUND,
                         "there is no workspace (NAME.winnow) in this folder; name one with -w, or begin with "
                         "'winnow curate FOLDER -n 100'");
    if (status)
        wn_free(found);
    else
        *out = found;
    return status;
}

/* Last part of a path without the ending of a list, tar or picture. */
static char *name_of(const char *path)
{
    static const char *const endings[] = {".tar.gz", ".tar.zst", ".tar.bz2", ".tar.xz", ".tgz",
                                          ".tar",    ".txt",     ".lst",     ".csv",    NULL};
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') len--;
    size_t start = len;
    while (start > 0 && path[start - 1] != '/') start--;
    char *name = wn_text_copy_len(path + start, len - start);
    for (size_t i = 0; name && endings[i]; i++) {
        size_t full = strlen(name), cut = strlen(endings[i]);
        if (full > cut && wn_text_ends_with(name, endings[i])) {
            name[full - cut] = 0;
            break;
        }
    }
    return name;
}

wn_status wn_job_workspace_path(const char *workspace, const char *const *paths, size_t path_count, char **out,
                                wn_error *err)
{
    if (workspace) {
        *out = wn_text_copy(workspace);
        return *out ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
    }
    if (path_count == 0) return find_here(out, err);

    /* "." and ".." have their name from where they are. */
    char real[PATH_MAX];
    char *name = name_of(paths[0]);
    if (name && (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)) {
        wn_free(name);
        if (!realpath(paths[0], real)) return wn_fail_errno(err, errno, "cannot open '%s'", paths[0]);
        name = name_of(real);
    }
    if (!name) return wn_fail(err, WN_NOMEM, "out of memory");
    if (!name[0] || strcmp(name, "/") == 0) {
        wn_free(name);
        return wn_fail(err, WN_INVALID, "'%s' gives no name for the workspace; name one with -w", paths[0]);
    }
    wn_buffer text;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    wn_buffer_format(&text, "%s%s", name, ending);
    wn_free(name);
    wn_status status = text.status ? wn_fail(err, text.status, "out of memory") : WN_OK;
    if (!status && !(*out = wn_text_copy(text.data))) status = wn_fail(err, WN_NOMEM, "out of memory");
    wn_buffer_clear(&text);
    return status;
}

wn_status wn_job_open_workspace(const wn_job *job, const char *workspace, const char *const *paths, size_t path_count,
                                wn_workspace_mode mode, wn_workspace **out, char **path, wn_error *err)
{
    WN_TRY(wn_job_workspace_path(workspace, paths, path_count, path, err));
    wn_workspace_options options = {.mode = mode, .command = job ? job->command : NULL};
    wn_status status = wn_workspace_open(*path, &options, out, err);
    if (status) {
        wn_free(*path);
        *path = NULL;
    }
    return status;
}

wn_status wn_job_check_input_side(int64_t side, wn_error *err)
{
    if (side == 0 || (side >= 16 && side <= 256 && side % 8 == 0)) return WN_OK;
    return wn_fail(err, WN_INVALID, "pictures of side %lld: models take multiples of 8 from 16 to 256",
                   (long long)side);
}

wn_status wn_job_input_side(wn_workspace *workspace, int64_t *side, wn_error *err)
{
    char *text = NULL;
    *side = 0;
    WN_TRY(wn_setting_get(workspace, WN_SETTING_INPUT_SIDE, &text, err));
    if (!text) return WN_OK;
    bool good = wn_text_to_int(text, side) && *side >= 8 && *side <= 512;
    wn_status status = good ? WN_OK : wn_fail(err, WN_CORRUPT, "the setting input_side of the workspace is '%s'", text);
    wn_free(text);
    return status;
}
