/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows gather in memory and go to the file a mebibyte at a time.
 */
#include "jobs/csv_table.h"

#include <math.h>

#include "base/error.h"
#include "winnow/memory.h"

enum { FLUSH = 1 << 20 };

void wn_csv_table_open(wn_csv_table *t, const char *folder, const char *name, const char *head, wn_error *err)
{
    *t = (wn_csv_table){.err = err};
    wn_buffer_init(&t->text, WN_MEMORY_TEXT, 0);
    t->writer.fd = -1;
    if (!(t->path = wn_path_join(folder, name))) {
        t->status = wn_fail(err, WN_NOMEM, "out of memory");
        return;
    }
    t->status = wn_file_writer_begin(&t->writer, t->path, err);
    wn_buffer_text(&t->text, head);
}

static void flush(wn_csv_table *t, size_t least)
{
    if (t->status || t->text.len < least) return;
    if (t->text.status) {
        t->status = wn_fail(t->err, t->text.status, "no memory for %s", t->path);
        return;
    }
    t->status = wn_file_write_at(t->writer.fd, t->text.data, t->text.len, t->offset, t->path, t->err);
    t->offset += t->text.len;
    wn_buffer_reset(&t->text);
}

void wn_csv_table_flush(wn_csv_table *t)
{
    flush(t, FLUSH);
}

void wn_csv_table_figure(wn_csv_table *t, double value)
{
    if (isfinite(value)) {
        wn_buffer_format(&t->text, ",%.6g", value);
    } else {
        wn_buffer_text(&t->text, ",");
    }
}

wn_status wn_csv_table_close(wn_csv_table *t)
{
    flush(t, 1);
    if (t->writer.path) {
        wn_status status = wn_file_writer_end(&t->writer, !t->status, t->err);
        if (!t->status) t->status = status;
    }
    wn_buffer_clear(&t->text);
    wn_free(t->path);
    return t->status;
}
