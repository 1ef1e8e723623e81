/* SPDX-License-Identifier: Apache-2.0
 *
 * The lists of a run folder, as files that people script against.
 */
#include "jobs/curate.h"

#include <math.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "jobs/path_list.h"
#include "winnow/memory.h"

static wn_status write_list(const char *folder, const char *name, const wn_buffer *text, wn_error *err)
{
    if (text->status) return wn_fail(err, text->status, "no memory for %s", name);
    char *path = wn_path_join(folder, name);
    if (!path) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_status status = wn_file_write(path, text->data, text->len, err);
    wn_free(path);
    return status;
}

wn_status wn_write_selected(const char *folder, char *const *paths, const float *distances, char *const *nearest,
                            size_t count, wn_error *err)
{
    wn_buffer list, table;
    wn_buffer_init(&list, WN_MEMORY_TEXT, 0);
    wn_buffer_init(&table, WN_MEMORY_TEXT, 0);
    wn_buffer_text(&table, "path,rank,distance,nearest\n");
    for (size_t i = 0; i < count; i++) {
        wn_path_list_add(&list, paths[i]);
        wn_text_add_csv(&table, paths[i]);
        if (isfinite(distances[i]))
            wn_buffer_format(&table, ",%zu,%.6g,", i + 1, (double)distances[i]);
        else
            wn_buffer_format(&table, ",%zu,,", i + 1); /* the first pick has no earlier one */
        if (nearest[i]) wn_text_add_csv(&table, nearest[i]);
        wn_buffer_text(&table, "\n");
    }
    wn_status status = write_list(folder, "selected.txt", &list, err);
    if (!status) status = write_list(folder, "selected.csv", &table, err);
    wn_buffer_clear(&table);
    wn_buffer_clear(&list);
    return status;
}

typedef struct listing {
    const wn_roots *roots;
    wn_buffer text;
} listing;

static wn_status list_bad(void *context, const wn_bad_file *file)
{
    listing *list = context;
    if (!wn_roots_find(list->roots, file->source)) return WN_OK;
    wn_sample sample = {.source = file->source, .name = file->name, .name_len = file->name_len};
    char *path = wn_roots_sample_path(list->roots, &sample);
    if (!path) return WN_NOMEM;
    wn_text_add_csv(&list->text, path);
    wn_buffer_text(&list->text, ",");
    wn_text_add_csv(&list->text, file->reason);
    wn_buffer_text(&list->text, "\n");
    wn_free(path);
    return WN_OK;
}

wn_status wn_write_bad_files(wn_workspace *workspace, const wn_roots *roots, const char *folder, wn_error *err)
{
    listing list = {.roots = roots};
    wn_buffer_init(&list.text, WN_MEMORY_TEXT, 0);
    wn_buffer_text(&list.text, "path,reason\n");
    wn_status status = wn_workspace_visit_bad(workspace, list_bad, &list, err);
    if (!status) status = write_list(folder, "bad_files.csv", &list.text, err);
    wn_buffer_clear(&list.text);
    return status;
}

wn_status wn_write_duplicates(wn_workspace *workspace, const wn_roots *roots, const wn_alike_list *alike,
                              const char *folder, wn_error *err)
{
    wn_status status = WN_OK;
    wn_buffer text;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    wn_buffer_text(&text, "from,to,distance\n");
    for (size_t i = 0; i < alike->len && !status; i++) {
        int64_t rows[2] = {alike->pairs[i].from, alike->pairs[i].to};
        char **paths = NULL;
        if ((status = wn_rows_paths(workspace, roots, rows, 2, &paths, err))) break;
        wn_text_add_csv(&text, paths[0]);
        wn_buffer_text(&text, ",");
        wn_text_add_csv(&text, paths[1]);
        wn_buffer_format(&text, ",%.6g\n", (double)alike->pairs[i].distance);
        wn_paths_clear(&paths, 2);
    }
    if (!status) status = write_list(folder, "duplicates.csv", &text, err);
    wn_buffer_clear(&text);
    return status;
}
