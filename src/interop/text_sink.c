/* SPDX-License-Identifier: Apache-2.0
 *
 * Buffered writing through wn_file_writer.
 */
#include "interop/text_sink.h"

#include "base/error.h"
#include "base/text.h"

enum { FLUSH_BYTES = 1 << 20 };

wn_status wn_text_sink_begin(wn_text_sink *sink, const char *path, wn_error *err)
{
    *sink = (wn_text_sink){.path = path};
    wn_buffer_init(&sink->text, WN_MEMORY_TEXT, 0);
    return wn_file_writer_begin(&sink->writer, path, err);
}

static wn_status write_out(wn_text_sink *sink, wn_error *err)
{
    if (sink->text.status) return wn_fail(err, WN_NOMEM, "no memory to write '%s'", sink->path);
    if (sink->text.len == 0) return WN_OK;
    WN_TRY(wn_file_write_at(sink->writer.fd, sink->text.data, sink->text.len, sink->written, sink->path, err));
    sink->written += sink->text.len;
    wn_buffer_reset(&sink->text);
    return WN_OK;
}

wn_status wn_text_sink_flush(wn_text_sink *sink, wn_error *err)
{
    return sink->text.len < FLUSH_BYTES && !sink->text.status ? WN_OK : write_out(sink, err);
}

wn_status wn_text_sink_end(wn_text_sink *sink, wn_status status, wn_error *err)
{
    if (!status) status = write_out(sink, err);
    wn_status end = wn_file_writer_end(&sink->writer, status == WN_OK, status ? NULL : err);
    wn_buffer_clear(&sink->text);
    return status ? status : end;
}

static int add_bytes(const char *bytes, size_t len, void *context)
{
    return wn_buffer_add(context, bytes, len) == WN_OK ? 0 : -1;
}

void wn_text_sink_json(wn_text_sink *sink, json_t *value)
{
    const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9);
    if (!value || json_dump_callback(value, add_bytes, &sink->text, flags) != 0) sink->text.status = WN_NOMEM;
    json_decref(value);
}

json_t *wn_json_real_list(const float *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(list, json_real(wn_text_decimal(values[i])));
    return list;
}

json_t *wn_json_count_list(const uint32_t *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(list, json_integer(values[i]));
    return list;
}

json_t *wn_json_name(const char *text)
{
    json_t *value = json_string(text);
    if (value) return value;
    wn_buffer printable;
    wn_buffer_init(&printable, WN_MEMORY_TEXT, 0);
    wn_text_add_printable(&printable, text);
    value = printable.status ? NULL : json_string(printable.data ? printable.data : "");
    wn_buffer_clear(&printable);
    return value;
}
