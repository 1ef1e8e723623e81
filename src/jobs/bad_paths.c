/* SPDX-License-Identifier: Apache-2.0
 *
 * The list grows by doubling; each entry owns its two texts.
 */
#include "jobs/bad_paths.h"

#include <stdio.h>

#include "base/error.h"
#include "base/text.h"
#include "winnow/memory.h"

wn_status wn_bad_paths_add(wn_bad_paths *list, const char *path, const char *reason, wn_error *err)
{
    if (list->len == list->capacity) {
        const size_t capacity = list->capacity ? list->capacity * 2 : 16;
        wn_bad_path *items = wn_realloc(WN_MEMORY_TEXT, list->items, capacity, sizeof *items);
        if (!items) return wn_fail(err, WN_NOMEM, "no memory for a list of %zu bad files", capacity);
        list->items = items;
        list->capacity = capacity;
    }
    wn_bad_path *item = &list->items[list->len];
    *item = (wn_bad_path){wn_text_copy(path), wn_text_copy(reason)};
    list->len++;
    return item->path && item->reason ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
}

void wn_bad_paths_clear(wn_bad_paths *list)
{
    for (size_t i = 0; i < list->len; i++) {
        wn_free(list->items[i].path);
        wn_free(list->items[i].reason);
    }
    wn_free(list->items);
    *list = (wn_bad_paths){0};
}

typedef struct loading {
    const wn_roots *roots;
    wn_bad_paths *list;
    wn_error *err;
} loading;

static wn_status take_bad(void *context, const wn_bad_file *file)
{
    loading *load = context;
    if (!wn_roots_find(load->roots, file->source)) return WN_OK;
    const wn_sample sample = {.source = file->source, .name = file->name, .name_len = file->name_len};
    char *path = wn_roots_sample_path(load->roots, &sample);
    if (!path) return wn_fail(load->err, WN_NOMEM, "out of memory");
    wn_status status = wn_bad_paths_add(load->list, path, file->reason, load->err);
    wn_free(path);
    return status;
}

wn_status wn_bad_paths_load(wn_workspace *workspace, const char *const *paths, size_t path_count, wn_bad_paths *out,
                            wn_error *err)
{
    wn_roots roots = {0};
    loading load = {&roots, out, err};
    wn_status status = wn_roots_load(workspace, paths, path_count, WN_ROOTS_KNOWN, &roots, err);
    if (!status) status = wn_workspace_visit_bad(workspace, take_bad, &load, err);
    wn_roots_clear(&roots);
    return status;
}

const char *wn_bad_paths_first(const wn_bad_paths *list, char out[WN_BAD_FIRST_MAX])
{
    out[0] = '\0';
    if (list->len)
        (void)snprintf(out, WN_BAD_FIRST_MAX, "; the first is '%s': %s", list->items[0].path, list->items[0].reason);
    return out;
}
