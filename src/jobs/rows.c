/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows that take part in a job, their columns and their paths.
 */
#include "jobs/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"
#include "winnow/quality.h"

typedef struct collecting {
    const wn_roots *roots;
    wn_row_list *list;
} collecting;

static wn_status collect_row(void *context, const wn_sample *sample)
{
    collecting *collect = context;
    if (sample->status == WN_SAMPLE_OK && wn_roots_find(collect->roots, sample->source))
        collect->list->rows[collect->list->len++] = sample->row;
    return WN_OK;
}

wn_status wn_rows_load(wn_workspace *workspace, const wn_roots *roots, wn_row_list *out, wn_error *err)
{
    wn_workspace_counts counts;
    *out = (wn_row_list){0};
    WN_TRY(wn_workspace_count(workspace, &counts, err));
    out->rows = wn_alloc(WN_MEMORY_GENERAL, (size_t)counts.rows, sizeof *out->rows);
    if (!out->rows) return wn_fail(err, WN_NOMEM, "no memory for a list of %lld rows", (long long)counts.rows);
    collecting collect = {roots, out};
    wn_status status = wn_workspace_visit_samples(workspace, 0, counts.rows, collect_row, &collect, err);
    if (status) {
        wn_free(out->rows);
        *out = (wn_row_list){0};
    }
    return status;
}

size_t wn_rows_find(const wn_row_list *list, int64_t row)
{
    size_t low = 0, high = list->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->rows[middle] < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low < list->len && list->rows[low] == row ? low : SIZE_MAX;
}

wn_status wn_rows_gather(wn_workspace *workspace, const char *name, const wn_row_list *rows, void **out, wn_error *err)
{
    enum { BLOCK = 4096 };
    wn_column *column = NULL;
    *out = NULL;
    WN_TRY(wn_column_open(workspace, name, &column, err));
    size_t row_bytes = wn_column_describe(column)->row_bytes;
    char *bytes = wn_alloc(WN_MEMORY_MATRIX, rows->len, row_bytes);
    wn_status status = bytes ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for %zu rows of '%s'", rows->len, name);
    for (size_t at = 0; at < rows->len && !status; at += BLOCK) {
        size_t count = rows->len - at < BLOCK ? rows->len - at : BLOCK;
        status = wn_column_gather(column, rows->rows + at, count, bytes + at * row_bytes, err);
    }
    wn_column_close(&column);
    if (status)
        wn_free(bytes);
    else
        *out = bytes;
    return status;
}

wn_status wn_find_repeats(wn_workspace *workspace, const wn_row_list *rows, uint8_t **repeats, size_t *count,
                          wn_error *err)
{
    wn_status status;
    void *hashes = NULL;
    wn_duplicates pairs = {0};
    *repeats = NULL;
    *count = 0;
    if ((status = wn_rows_gather(workspace, "pixel_hash", rows, &hashes, err))) goto done;
    if ((status = wn_duplicates_find_exact(hashes, NULL, rows->len, &pairs, err))) goto done;
    if (!(*repeats = wn_calloc(WN_MEMORY_GENERAL, rows->len, 1))) {
        status = wn_fail(err, WN_NOMEM, "out of memory");
        goto done;
    }
    for (size_t i = 0; i < pairs.len; i++) (*repeats)[pairs.pairs[i].to] = 1;
    *count = pairs.len;
done:
    wn_duplicates_clear(&pairs);
    wn_free(hashes);
    return status;
}

wn_status wn_rows_paths(wn_workspace *workspace, const wn_roots *roots, const int64_t *rows, size_t count, char ***out,
                        wn_error *err)
{
    wn_status status = WN_OK;
    char **paths = wn_calloc(WN_MEMORY_TEXT, count, sizeof *paths);
    if (!paths) return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < count && !status; i++) {
        wn_sample *sample = NULL;
        if ((status = wn_workspace_get_sample(workspace, rows[i], &sample, err))) break;
        if (!(paths[i] = wn_roots_sample_path(roots, sample))) status = wn_fail(err, WN_NOMEM, "out of memory");
        wn_free(sample);
    }
    if (status)
        wn_paths_clear(&paths, count);
    else
        *out = paths;
    return status;
}

void wn_paths_clear(char ***paths, size_t count)
{
    for (size_t i = 0; *paths && i < count; i++) wn_free((*paths)[i]);
    wn_free(*paths);
    *paths = NULL;
}
