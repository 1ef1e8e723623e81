/* SPDX-License-Identifier: Apache-2.0
 *
 * A text file with one path a line, relative to the folder of the list. In .csv the first field counts, quoted as in
 * RFC 4180 or not, and a first line whose field is a usual column title is left out. Names with line breaks
 * can be written in quotes in .csv. Blank lines are left out; nothing is a comment, since names may begin with '#'.
 */
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "media/source.h"

#define LARGEST_LIST ((size_t)2 << 30)

static bool accepts(const char *path, const struct stat *info)
{
    return S_ISREG(info->st_mode) &&
           (wn_text_ends_with(path, ".txt") || wn_text_ends_with(path, ".lst") || wn_text_ends_with(path, ".csv"));
}

/* Copies the line at `*at` (CSV: its first field) into `out` and moves past the line. */
static void take_line(const char **at, const char *end, bool csv, wn_buffer *out)
{
    const char *text = *at;
    wn_buffer_reset(out);
    if (csv && text < end && *text == '"') {
        for (text++; text < end; text++) {
            if (*text == '"' && (text + 1 == end || text[1] != '"')) break;
            if (*text == '"') text++;
            wn_buffer_add(out, text, 1);
        }
    } else {
        const char *stop = text;
        while (stop < end && *stop != '\n' && !(csv && *stop == ',')) stop++;
        size_t len = (size_t)(stop - text);
        if (len > 0 && text[len - 1] == '\r') len--;
        wn_buffer_add(out, text, len);
        text = stop;
    }
    const char *newline = text < end ? memchr(text, '\n', (size_t)(end - text)) : NULL;
    *at = newline != NULL ? newline + 1 : end;
}

static bool is_title(const char *field)
{
    static const char *const titles[] = {"path",      "paths",     "file",       "files",    "filename", "filenames",
                                         "file_name", "file_path", "image_path", "filepath", "image",    NULL};
    for (const char *const *title = titles; *title != NULL; title++) {
        if (wn_text_equal_fold(field, *title)) return true;
    }
    return false;
}

static wn_status visit_line(wn_walk *walk, wn_buffer *path, size_t folder_len, const wn_buffer *line, wn_error *err)
{
    path->len = 0;
    if (line->data[0] != '/') path->len = folder_len;
    wn_buffer_add(path, line->data, line->len);
    if (path->status != WN_OK) return wn_fail(err, WN_NOMEM, "line of a list");
    if (memchr(line->data, '\0', line->len) != NULL) {
        return wn_walk_offer_bad(walk, path->data, line->data, NULL, WN_INVALID, "a zero byte in the list", err);
    }
    return wn_walk_visit(walk, path->data, line->data, false, err);
}

static wn_status walk_list(wn_walk *walk, const char *path, const char *name, const struct stat *info, wn_error *err)
{
    (void)name;
    (void)info;
    wn_buffer text, line, full;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    wn_buffer_init(&line, WN_MEMORY_TEXT, 1 << 20);
    wn_buffer_init(&full, WN_MEMORY_TEXT, 0);
    wn_status status = wn_file_read(path, LARGEST_LIST, &text, err);
    bool csv = wn_text_ends_with(path, ".csv");
    size_t folder_len = (size_t)(wn_path_base(path) - path);
    if (status == WN_OK) {
        walk->counts.lists++;
        if (wn_buffer_add(&full, path, folder_len) != WN_OK) status = wn_fail(err, WN_NOMEM, "list %s", path);
    }
    const char *at = text.data, *end = text.data + text.len;
    if (text.len >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0) at += 3; /* byte order mark of some editors */
    for (size_t number = 1; status == WN_OK && at < end; number++) {
        take_line(&at, end, csv, &line);
        if (line.status != WN_OK) {
            status =
                wn_fail(err, line.status, "line %zu of %s is longer than 1 MB; is it a list of paths?", number, path);
        } else if (line.len > 0 && !(csv && number == 1 && is_title(line.data))) {
            status = visit_line(walk, &full, folder_len, &line, err);
        }
    }
    wn_buffer_clear(&text);
    wn_buffer_clear(&line);
    wn_buffer_clear(&full);
    return status;
}

const wn_source_kind wn_source_list = {
    .name = "list", .summary = "a text file with one path a line", .accepts = accepts, .walk = walk_list};
