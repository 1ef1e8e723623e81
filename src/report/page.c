/* SPDX-License-Identifier: Apache-2.0 */
#include "report/page.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define FLUSH_BYTES ((size_t)1 << 18)

static void keep_failure(wn_page *page, wn_status status, const char *what)
{
    if (page->status == WN_OK && status)
        page->status = wn_fail(page->err, status, "%s for the report %s", what, page->path);
}

static void flush(wn_page *page)
{
    if (page->status || page->pending.len == 0) return;
    wn_status status =
        wn_file_write_at(page->writer.fd, page->pending.data, page->pending.len, page->written, page->path, page->err);
    if (status) page->status = status;
    page->written += page->pending.len;
    wn_buffer_reset(&page->pending);
}

wn_status wn_page_begin(wn_page *page, const char *path, const wn_report *report, const wn_progress *progress,
                        wn_error *err)
{
    *page = (wn_page){.report = report, .progress = progress, .path = path, .err = err, .writer.fd = -1};
    page->max_bytes = report->max_bytes ? report->max_bytes : (size_t)12 << 20;
    if (page->max_bytes < (size_t)1 << 20) page->max_bytes = (size_t)1 << 20;
    wn_buffer_init(&page->pending, WN_MEMORY_REPORT, 0);
    wn_buffer_init(&page->name, WN_MEMORY_REPORT, 0);
    wn_buffer_init(&page->thumb, WN_MEMORY_REPORT, 0);
    wn_buffer_init(&page->scratch, WN_MEMORY_REPORT, 0);
    page->status = wn_file_writer_begin(&page->writer, path, err);
    return page->status;
}

wn_status wn_page_end(wn_page *page)
{
    flush(page);
    if (page->writer.path) {
        wn_status status = wn_file_writer_end(&page->writer, page->status == WN_OK, page->status ? NULL : page->err);
        if (page->status == WN_OK) page->status = status;
    }
    wn_buffer_clear(&page->scratch);
    wn_buffer_clear(&page->thumb);
    wn_buffer_clear(&page->name);
    wn_buffer_clear(&page->pending);
    return page->status;
}

uint64_t wn_page_size(const wn_page *page)
{
    return page->written + page->pending.len;
}

static void add(wn_page *page, const char *bytes, size_t len)
{
    if (page->status) return;
    keep_failure(page, wn_buffer_add(&page->pending, bytes, len), "no memory");
    if (page->pending.len >= FLUSH_BYTES) flush(page);
}

void wn_page_markup(wn_page *page, const char *markup)
{
    add(page, markup, strlen(markup));
}

void wn_page_format(wn_page *page, const char *format, ...)
{
    char text[1024];
    va_list list;
    va_start(list, format);
    int len = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (len > 0) add(page, text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1);
}

/* Text as it can be shown, in page->scratch; the middle of long text gives way to an ellipsis. */
static const char *showable(wn_page *page, const char *text, size_t limit, size_t *len)
{
    wn_buffer_reset(&page->scratch);
    wn_text_add_printable(&page->scratch, text ? text : "");
    *len = page->scratch.len;
    if (page->scratch.status) keep_failure(page, page->scratch.status, "no memory");
    if (page->status || *len == 0) return *len = 0, "";
    if (limit == 0 || *len <= limit) return page->scratch.data;
    if (!wn_buffer_reserve(&page->scratch, 3)) { /* the ellipsis may be longer than what it replaces */
        keep_failure(page, page->scratch.status, "no memory");
        return *len = 0, "";
    }
    char *data = page->scratch.data;
    size_t head = limit / 2, tail = *len - (limit - limit / 2);
    while (head > 0 && ((unsigned char)data[head] & 0xc0) == 0x80) head--; /* whole characters only */
    while (tail < *len && ((unsigned char)data[tail] & 0xc0) == 0x80) tail++;
    memmove(data + head + 3, data + tail, *len - tail + 1);
    memcpy(data + head, "\xe2\x80\xa6", 3);
    *len = head + 3 + (*len - tail);
    return data;
}

void wn_page_text(wn_page *page, const char *text, size_t limit)
{
    size_t len, from = 0;
    const char *data = showable(page, text, limit, &len);
    for (size_t i = 0; i < len; i++) {
        const char *entity = data[i] == '&'    ? "&amp;"
                             : data[i] == '<'  ? "&lt;"
                             : data[i] == '>'  ? "&gt;"
                             : data[i] == '"'  ? "&quot;"
                             : data[i] == '\'' ? "&#39;"
                                               : NULL;
        if (!entity) continue;
        add(page, data + from, i - from);
        wn_page_markup(page, entity);
        from = i + 1;
    }
    add(page, data + from, len - from);
}

void wn_page_json(wn_page *page, const char *text, size_t limit)
{
    size_t len, from = 0;
    const char *data = showable(page, text, limit, &len);
    wn_page_markup(page, "\"");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != '\'' && c != '<' && c != '>' && c != '&') continue;
        add(page, data + from, i - from);
        wn_page_format(page, "\\u%04x", (unsigned)c);
        from = i + 1;
    }
    add(page, data + from, len - from);
    wn_page_markup(page, "\"");
}

const char *wn_page_row_name(wn_page *page, int64_t row)
{
    wn_buffer_reset(&page->name);
    if (page->status) return "";
    wn_status status = page->report->name(page->report->context, row, &page->name);
    keep_failure(page, status ? status : page->name.status, "a file name is missing");
    return page->name.len ? page->name.data : "";
}

static const char *image_type(const wn_buffer *bytes)
{
    const char *data = bytes->data;
    if (bytes->len > 3 && memcmp(data, "\xff\xd8\xff", 3) == 0) return "jpeg";
    if (bytes->len > 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0) return "png";
    if (bytes->len > 12 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WEBP", 4) == 0) return "webp";
    return NULL;
}

bool wn_page_thumb(wn_page *page, int64_t row)
{
    if (page->status || !page->report->thumb) return false;
    wn_buffer_reset(&page->thumb);
    wn_status status = page->report->thumb(page->report->context, row, &page->thumb);
    keep_failure(page, status ? status : page->thumb.status, "a thumbnail is missing");
    const char *type = page->status ? NULL : image_type(&page->thumb);
    if (!type) return false;
    wn_page_format(page, "data:image/%s;base64,", type);
    wn_page_base64(page, page->thumb.data, page->thumb.len);
    return true;
}

void wn_page_base64(wn_page *page, const void *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *from = bytes;
    char out[1024];
    size_t fill = 0;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        unsigned a = from[i], b = left > 1 ? from[i + 1] : 0, c = left > 2 ? from[i + 2] : 0;
        out[fill++] = digits[a >> 2];
        out[fill++] = digits[(a & 3) << 4 | b >> 4];
        out[fill++] = left > 1 ? digits[(b & 15) << 2 | c >> 6] : '=';
        out[fill++] = left > 2 ? digits[c & 63] : '=';
        if (fill == sizeof out) add(page, out, fill), fill = 0;
    }
    add(page, out, fill);
}

void wn_page_count(wn_page *page, uint64_t count)
{
    char digits[32], out[48];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count), fill = 0;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) out[fill++] = ',';
        out[fill++] = digits[i];
    }
    add(page, out, (size_t)fill);
}

void wn_page_number(wn_page *page, double value)
{
    double size = fabs(value);
    if (!isfinite(value))
        wn_page_markup(page, "unknown");
    else if (size >= 1000 && size < 1e15) {
        if (value < 0) wn_page_markup(page, "\xe2\x88\x92");
        wn_page_count(page, (uint64_t)(size + 0.5));
    } else if (size != 0 && (size < 1e-4 || size >= 1e15))
        wn_page_format(page, "%.2e", value);
    else
        wn_page_format(page, size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3g", value);
}

void wn_page_section(wn_page *page, const char *id, const char *title)
{
    const wn_progress_report progress = {.stage = "report", .unit = "bytes", .done = wn_page_size(page), .note = title};
    if (page->status == WN_OK && wn_progress_tell(page->progress, &progress))
        page->status = wn_fail(page->err, WN_CANCELLED, "the report was cancelled");
    wn_page_format(page, "<section id=\"%s\">\n<h2>%s</h2>\n", id, title);
}

void wn_page_section_end(wn_page *page)
{
    wn_page_markup(page, "</section>\n");
}
