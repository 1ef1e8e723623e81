/* SPDX-License-Identifier: Apache-2.0
 *
 * One option table describes the figures, so that saving and loading are the same few lines for all of them.
 */
#include "jobs/curate.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "winnow/memory.h"

#define TEXT(field)                                                                                                    \
    {                                                                                                                  \
        WN_OPTION_TEXT, #field, "", offsetof(wn_run_figures, field), 0, 0, NULL, NULL, NULL, 0                         \
    }
#define FLAG(field)                                                                                                    \
    {                                                                                                                  \
        WN_OPTION_BOOL, #field, "", offsetof(wn_run_figures, field), 0, 0, NULL, NULL, NULL, 0                         \
    }
#define INTEGER(field)                                                                                                 \
    {                                                                                                                  \
        WN_OPTION_INT, #field, "", offsetof(wn_run_figures, field), -9e15, 9e15, NULL, NULL, NULL, 0                   \
    }
#define REAL(field)                                                                                                    \
    {                                                                                                                  \
        WN_OPTION_REAL, #field, "", offsetof(wn_run_figures, field), -1e300, 1e300, NULL, NULL, NULL, 0                \
    }

static const wn_option table[] = {
    TEXT(title),
    TEXT(model),
    TEXT(model_file),
    TEXT(strategy),
    TEXT(command),
    TEXT(earlier_tag),
    TEXT(roots),
    TEXT(random),
    TEXT(evidence),
    FLAG(trained),
    INTEGER(created),
    INTEGER(selection),
    INTEGER(found),
    INTEGER(readable),
    INTEGER(bad),
    INTEGER(exact_duplicates),
    INTEGER(near_duplicates),
    INTEGER(dim),
    INTEGER(seed),
    INTEGER(peak_memory),
    INTEGER(covering_rows),
    REAL(radius),
    REAL(percentile95),
    REAL(mean),
    REAL(share_x),
    REAL(share_y),
    REAL(scan),
    REAL(read),
    REAL(train),
    REAL(embed),
    REAL(check),
    REAL(select),
    REAL(total),
    {0},
};

static const char file_name[] = "figures.txt";

/* Line breaks and backslashes inside a text are escaped: one figure is one line. */
static void add_escaped(wn_buffer *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            wn_buffer_text(out, "\\n");
        else if (*text == '\\')
            wn_buffer_text(out, "\\\\");
        else
            wn_buffer_add(out, text, 1);
    }
}

static void unescape(char *text)
{
    char *to = text;
    for (; *text; text++) {
        if (*text == '\\' && text[1]) {
            text++;
            *to++ = *text == 'n' ? '\n' : *text;
        } else
            *to++ = *text;
    }
    *to = 0;
}

wn_status wn_run_figures_save(const wn_run_figures *figures, const char *folder, wn_error *err)
{
    wn_buffer out;
    wn_buffer_init(&out, WN_MEMORY_TEXT, 0);
    for (const wn_option *row = table; row->type != WN_OPTION_END; row++) {
        const char *field = (const char *)figures + row->offset;
        const char *text = row->type == WN_OPTION_TEXT ? *(const char *const *)(const void *)field : "";
        if (!text) continue;
        wn_buffer_format(&out, "%s ", row->name);
        if (row->type == WN_OPTION_TEXT)
            add_escaped(&out, text);
        else if (row->type == WN_OPTION_BOOL)
            wn_buffer_text(&out, *(const bool *)field ? "true" : "false");
        else if (row->type == WN_OPTION_INT)
            wn_buffer_format(&out, "%" PRId64, *(const int64_t *)(const void *)field);
        else
            wn_buffer_format(&out, "%.9g", *(const double *)(const void *)field);
        wn_buffer_text(&out, "\n");
    }
    char *path = wn_path_join(folder, file_name);
    wn_status status =
        out.status || !path ? wn_fail(err, WN_NOMEM, "out of memory") : wn_file_write(path, out.data, out.len, err);
    wn_free(path);
    wn_buffer_clear(&out);
    return status;
}

wn_status wn_run_figures_load(const char *folder, wn_run_figures *out, wn_error *err)
{
    *out = (wn_run_figures){0};
    wn_buffer_init(&out->storage, WN_MEMORY_TEXT, 0);
    WN_TRY(wn_options_init(table, out, err));
    char *path = wn_path_join(folder, file_name);
    if (!path) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_status status = wn_file_read(path, 1 << 24, &out->storage, err);
    char *line = status || !out->storage.len ? NULL : out->storage.data;
    while (line && *line && !status) {
        char *end = strchr(line, '\n'), *blank = strchr(line, ' ');
        if (!end || !blank || blank > end) {
            status = wn_fail(err, WN_CORRUPT, "'%s' is damaged; run 'winnow curate' again", path);
            break;
        }
        *end = *blank = 0;
        unescape(blank + 1);
        status = wn_options_set(table, out, line, blank + 1, err);
        line = end + 1;
    }
    wn_free(path);
    if (status) wn_run_figures_clear(out);
    return status;
}

void wn_run_figures_clear(wn_run_figures *figures)
{
    wn_buffer_clear(&figures->storage);
    *figures = (wn_run_figures){0};
}
