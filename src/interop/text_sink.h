/* SPDX-License-Identifier: Apache-2.0
 *
 * A text file that is written in pieces and is complete or absent.
 */
#ifndef INTEROP_TEXT_SINK_H
#define INTEROP_TEXT_SINK_H

#include <jansson.h>

#include "base/buffer.h"
#include "base/file.h"

typedef struct wn_text_sink {
    wn_file_writer writer;
    wn_buffer text; /* add to it; flush now and then */
    uint64_t written;
    const char *path;
} wn_text_sink;

/* `path` must outlive the sink. */
WN_NODISCARD wn_status wn_text_sink_begin(wn_text_sink *sink, const char *path, wn_error *err);

/* Writes out what was added when it is more than a megabyte. */
WN_NODISCARD wn_status wn_text_sink_flush(wn_text_sink *sink, wn_error *err);

/* Ends the file, or removes it when `status` is a failure, which is then returned. */
WN_NODISCARD wn_status wn_text_sink_end(wn_text_sink *sink, wn_status status, wn_error *err);

/* Adds a JSON value in one line and releases it; NULL counts as memory that is short. */
void wn_text_sink_json(wn_text_sink *sink, json_t *value);

/* JSON lists of numbers; floats with as few digits as tell them apart. */
json_t *wn_json_real_list(const float *values, size_t count);
json_t *wn_json_count_list(const uint32_t *values, size_t count);

/* A JSON string of any bytes: invalid UTF-8 becomes \xHH. */
json_t *wn_json_name(const char *text);

#endif
