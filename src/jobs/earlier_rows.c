/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows that count as picked before a run. They are kept in its folder, one row number a line, because the run may
 * replace the tag that named them: a run that goes on after a kill, and a report drawn later, need what it was before.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/file.h"
#include "jobs/curate.h"
#include "winnow/memory.h"

static const size_t LARGEST = (size_t)1 << 30;

static char *path_in(const char *folder)
{
    return wn_path_join(folder, "earlier_rows.txt");
}

wn_status wn_earlier_rows_write(const wn_row_list *rows, const char *folder, wn_error *err)
{
    wn_buffer text;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    for (size_t i = 0; i < rows->len; i++) wn_buffer_format(&text, "%" PRId64 "\n", rows->rows[i]);
    char *path = path_in(folder);
    wn_status status = text.status || !path ? wn_fail(err, WN_NOMEM, "out of memory")
                                            : wn_file_write(path, text.len ? text.data : "", text.len, err);
    wn_free(path);
    wn_buffer_clear(&text);
    return status;
}

wn_status wn_earlier_rows_keep(wn_workspace *workspace, const char *tag, const char *folder, wn_row_list *out,
                               wn_error *err)
{
    *out = (wn_row_list){0};
    WN_TRY(wn_tag_get(workspace, tag, &out->rows, &out->len, err));
    wn_status status = wn_earlier_rows_write(out, folder, err);
    if (status) {
        wn_free(out->rows);
        *out = (wn_row_list){0};
    }
    return status;
}

/* Rising numbers, one a line. */
static bool parse_rows(const wn_buffer *text, wn_row_list *out)
{
    char *at = text->data, *end = text->data + text->len;
    while (at < end) {
        char *stop;
        errno = 0;
        long long row = strtoll(at, &stop, 10);
        if (stop == at || *stop != '\n' || errno || row < (out->len ? out->rows[out->len - 1] + 1 : 0)) return false;
        out->rows[out->len++] = row;
        at = stop + 1;
    }
    return true;
}

wn_status wn_earlier_rows_load(const char *folder, wn_row_list *out, wn_error *err)
{
    wn_status status = WN_OK;
    wn_buffer text;
    *out = (wn_row_list){0};
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    char *path = path_in(folder);
    if (!path)
        status = wn_fail(err, WN_NOMEM, "out of memory");
    else if (!wn_file_exists(path))
        status = wn_fail(err, WN_NOTFOUND, "there is no %s", path);
    else
        status = wn_file_read(path, LARGEST, &text, err);
    if (!status && !(out->rows = wn_alloc(WN_MEMORY_GENERAL, text.len / 2 + 1, sizeof *out->rows)))
        status = wn_fail(err, WN_NOMEM, "out of memory");
    if (!status && text.len && !parse_rows(&text, out))
        status = wn_fail(err, WN_CORRUPT, "%s is damaged: it holds something else than rising row numbers", path);
    if (status) {
        wn_free(out->rows);
        *out = (wn_row_list){0};
    }
    wn_free(path);
    wn_buffer_clear(&text);
    return status;
}
