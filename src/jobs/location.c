/* SPDX-License-Identifier: Apache-2.0
 *
 * From a sample to its file. A sample's name is relative to its source: to the folder itself, or to the folder that
 * holds the list, tar or file named as source. A member of a tar is written TAR/MEMBER.
 */
#include "jobs/job.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"
#include "winnow/memory.h"

wn_status wn_root_kind(const char *path, const char **kind, wn_error *err)
{
    static const char *const tars[] = {".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.bz2", ".tar.xz", NULL};
    static const char *const lists[] = {".txt", ".lst", ".csv", NULL};
    struct stat facts;
    if (stat(path, &facts) != 0) return wn_fail_errno(err, errno, "cannot open '%s'", path);
    *kind = S_ISDIR(facts.st_mode) ? "folder" : "file";
    if (S_ISDIR(facts.st_mode)) return WN_OK;
    for (size_t i = 0; tars[i]; i++)
        if (wn_text_ends_with(path, tars[i])) *kind = "tar";
    for (size_t i = 0; lists[i]; i++)
        if (wn_text_ends_with(path, lists[i])) *kind = "list";
    return WN_OK;
}

char *wn_sample_path(const char *kind, const char *root, const char *name, size_t len)
{
    if (len && name[0] == '/') return wn_text_copy_len(name, len);
    size_t base = strlen(root);
    if (strcmp(kind, "folder") != 0)
        while (base > 0 && root[base - 1] != '/') base--;
    while (base > 1 && root[base - 1] == '/') base--;
    bool slash = base > 0 && root[base - 1] != '/';
    char *out = wn_alloc(WN_MEMORY_TEXT, base + len + 2, 1);
    if (!out) return NULL;
    memcpy(out, root, base);
    if (slash) out[base++] = '/';
    memcpy(out + base, name, len);
    out[base + len] = 0;
    return out;
}

void wn_sample_path_split(char *path, char **member)
{
    struct stat facts;
    *member = NULL;
    if (lstat(path, &facts) == 0) return;
    for (char *slash = strrchr(path, '/'); slash && slash > path;) {
        *slash = 0;
        if (stat(path, &facts) == 0) {
            if (S_ISREG(facts.st_mode)) {
                *member = slash + 1;
                return;
            }
            *slash = '/';
            return; /* a folder without that file: it vanished */
        }
        char *next = strrchr(path, '/');
        *slash = '/';
        slash = next;
    }
}

static const wn_source *find_source(const wn_roots *roots, const char *kind, const char *path)
{
    for (size_t i = 0; i < roots->source_count; i++)
        if (strcmp(roots->sources[i].path, path) == 0 && strcmp(roots->sources[i].kind, kind) == 0)
            return &roots->sources[i];
    return NULL;
}

/* Registers each path under its real name, which is the same from every folder. */
static wn_status add_sources(wn_workspace *workspace, const char *const *paths, size_t path_count, wn_error *err)
{
    for (size_t i = 0; i < path_count; i++) {
        const char *kind;
        char real[PATH_MAX];
        int64_t id;
        WN_TRY(wn_root_kind(paths[i], &kind, err));
        if (!realpath(paths[i], real)) return wn_fail_errno(err, errno, "cannot open '%s'", paths[i]);
        WN_TRY(wn_workspace_add_source(workspace, kind, real, &id, err));
    }
    return WN_OK;
}

static wn_status name_roots(wn_roots *roots, const char *const *paths, size_t path_count, bool any, wn_error *err)
{
    for (size_t i = 0; i < path_count; i++) {
        const char *kind;
        char real[PATH_MAX];
        WN_TRY(wn_root_kind(paths[i], &kind, err));
        if (!realpath(paths[i], real)) return wn_fail_errno(err, errno, "cannot open '%s'", paths[i]);
        const wn_source *source = find_source(roots, kind, real);
        if (!source && any) {
            roots->items[roots->len++] = (wn_root){.source = -1, .kind = kind, .typed = paths[i], .path = paths[i]};
            continue;
        }
        if (!source)
            return wn_fail(err, WN_NOTFOUND, "'%s' is not in the workspace; add it with 'winnow add'", paths[i]);
        roots->items[roots->len++] =
            (wn_root){.source = source->id, .kind = source->kind, .typed = paths[i], .path = source->path};
    }
    return WN_OK;
}

wn_status wn_roots_load(wn_workspace *workspace, const char *const *paths, size_t path_count, wn_roots_mode mode,
                        wn_roots *out, wn_error *err)
{
    wn_status status;
    *out = (wn_roots){.all = path_count == 0};
    if (mode == WN_ROOTS_ADD) WN_TRY(add_sources(workspace, paths, path_count, err));
    WN_TRY(wn_workspace_list_sources(workspace, &out->sources, &out->source_count, err));
    size_t count = path_count ? path_count : out->source_count;
    if (!(out->items = wn_calloc(WN_MEMORY_GENERAL, count, sizeof *out->items))) {
        status = wn_fail(err, WN_NOMEM, "out of memory");
        goto done;
    }
    status = name_roots(out, paths, path_count, mode == WN_ROOTS_ANY, err);
    for (size_t i = 0; !status && out->all && i < out->source_count; i++) {
        const wn_source *source = &out->sources[i];
        out->items[out->len++] = (wn_root){.source = source->id, .kind = source->kind, .path = source->path};
    }
done:
    if (status) wn_roots_clear(out);
    return status;
}

void wn_roots_clear(wn_roots *roots)
{
    wn_free(roots->items);
    wn_free(roots->sources);
    *roots = (wn_roots){0};
}

const wn_root *wn_roots_find(const wn_roots *roots, int64_t source)
{
    for (size_t i = 0; i < roots->len; i++)
        if (roots->items[i].source == source) return &roots->items[i];
    return NULL;
}

char *wn_roots_sample_path(const wn_roots *roots, const wn_sample *sample)
{
    const wn_root *root = wn_roots_find(roots, sample->source);
    if (!root) return wn_text_copy_len(sample->name, sample->name_len);
    return wn_sample_path(root->kind, root->typed ? root->typed : root->path, sample->name, sample->name_len);
}
