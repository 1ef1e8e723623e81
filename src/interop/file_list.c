/* SPDX-License-Identifier: Apache-2.0
 *
 * A walk without recursion: folders found are appended to a list that is worked off.
 */
#include "interop/file_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "winnow/log.h"
#include "winnow/memory.h"

enum { DEPTH_MAX = 64 };

typedef struct walk {
    wn_file_list *list;
    wn_buffer folders; /* const char *, relative */
    const char *root;
} walk;

bool wn_is_folder(const char *path)
{
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

/* Whether `facts` are those of the root or of a folder on the way to `name`, whose last part is a link to a folder. */
static bool leads_up(const walk *w, const char *name, const struct stat *facts)
{
    bool same = false;
    struct stat above;
    char *path = wn_path_join(w->root, name);
    size_t root = strlen(w->root);
    for (char *slash = path ? strrchr(path, '/') : NULL; slash && !same; slash = strrchr(path, '/')) {
        *slash = 0;
        same = stat(*path ? path : "/", &above) == 0 && above.st_dev == facts->st_dev && above.st_ino == facts->st_ino;
        if ((size_t)(slash - path) <= root) break;
    }
    wn_free(path);
    return same;
}

/* What a link, or an entry of unknown type, leads to. */
static wn_status find_type(walk *w, const char *name, bool is_link, unsigned char *type, wn_error *err)
{
    struct stat facts;
    char *path = wn_path_join(w->root, name);
    if (!path) return wn_fail(err, WN_NOMEM, "no memory to list '%s'", w->root);
    const bool there = stat(path, &facts) == 0, folder = there && S_ISDIR(facts.st_mode);
    *type = folder ? DT_DIR : (there ? S_ISREG(facts.st_mode) : is_link) ? DT_REG : DT_UNKNOWN;
    if (folder && is_link && leads_up(w, name, &facts)) {
        wn_log(WN_LOG_WARNING, "%s: a link to a folder above it; left out", path);
        *type = DT_UNKNOWN;
    }
    wn_free(path);
    return WN_OK;
}

static wn_status add_entry(walk *w, const char *folder, const struct dirent *entry, wn_error *err)
{
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) return WN_OK;
    const char *name = *folder ? wn_arena_format(&w->list->texts, "%s/%s", folder, entry->d_name)
                               : wn_arena_text(&w->list->texts, entry->d_name, strlen(entry->d_name));
    if (!name) return wn_fail(err, WN_NOMEM, "no memory to list '%s'", w->root);
    unsigned char type = entry->d_type;
    if (type != DT_REG && type != DT_DIR) WN_TRY(find_type(w, name, type == DT_LNK, &type, err));
    size_t depth = 0;
    for (const char *p = name; (p = strchr(p, '/')); p++) depth++;
    if (type == DT_DIR && entry->d_name[0] != '.' && depth < DEPTH_MAX)
        wn_buffer_add(&w->folders, &name, sizeof(char *));
    if (type == DT_REG) wn_buffer_add(&w->list->pointers, &name, sizeof(char *));
    return WN_OK;
}

static wn_status list_folder(walk *w, const char *folder, wn_error *err)
{
    char *path = wn_path_join(w->root, folder);
    if (!path) return wn_fail(err, WN_NOMEM, "no memory to list '%s'", w->root);
    DIR *handle = opendir(path);
    wn_status status = handle ? WN_OK : wn_fail_errno(err, errno, "cannot list '%s'", path);
    for (struct dirent *entry; !status && (entry = readdir(handle));) status = add_entry(w, folder, entry, err);
    if (handle) closedir(handle);
    wn_free(path);
    return status;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

wn_status wn_file_list_load(const char *folder, wn_file_list *out, wn_error *err)
{
    walk w = {.list = out, .root = folder};
    wn_arena_init(&out->texts, WN_MEMORY_TEXT, 0);
    wn_buffer_init(&out->pointers, WN_MEMORY_TEXT, 0);
    wn_buffer_init(&w.folders, WN_MEMORY_TEXT, 0);
    wn_status status = list_folder(&w, "", err);
    for (size_t at = 0; !status && at < w.folders.len; at += sizeof(char *)) {
        const char *name;
        memcpy(&name, w.folders.data + at, sizeof name);
        status = list_folder(&w, name, err);
    }
    if (!status && (w.folders.status || out->pointers.status))
        status = wn_fail(err, WN_NOMEM, "no memory to list '%s'", folder);
    wn_buffer_clear(&w.folders);
    out->names = (const char **)(void *)out->pointers.data;
    out->count = out->pointers.len / sizeof(char *);
    if (out->count) qsort(out->names, out->count, sizeof *out->names, compare_names);
    if (status) wn_file_list_clear(out);
    return status;
}

void wn_file_list_clear(wn_file_list *list)
{
    wn_arena_clear(&list->texts);
    wn_buffer_clear(&list->pointers);
    list->names = NULL;
    list->count = 0;
}

bool wn_file_list_has(const wn_file_list *list, const char *name)
{
    return list->count && bsearch(&name, list->names, list->count, sizeof *list->names, compare_names) != NULL;
}

bool wn_file_list_has_ending(const wn_file_list *list, const char *ending)
{
    for (size_t i = 0; i < list->count; i++)
        if (wn_text_ends_with(list->names[i], ending)) return true;
    return false;
}

void wn_path_stem(const char *path, char *out, size_t size)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') len--;
    size_t start = len;
    while (start > 0 && path[start - 1] != '/') start--;
    size_t end = len;
    for (size_t i = len; i > start + 1; i--) {
        if (path[i - 1] != '.') continue;
        end = i - 1;
        break;
    }
    snprintf(out, size, "%.*s", (int)(end - start), path + start);
}

bool wn_is_image_name(const char *name)
{
    static const char *const endings[] = {".jpg",  ".jpeg", ".png",  ".webp", ".bmp", ".gif", ".tif",
                                          ".tiff", ".heic", ".heif", ".avif", ".jp2", ".jxl", ".jpe"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (wn_text_ends_with(name, endings[i])) return true;
    return false;
}
