/* SPDX-License-Identifier: Apache-2.0
 *
 * One path a line.
 */
#include "base/error.h"
#include "interop/annotation_writer.h"

static wn_status write(const wn_annotations *set, const char *out, wn_error *err)
{
    wn_text_sink sink;
    WN_TRY(wn_text_sink_begin(&sink, out, err));
    wn_status status = WN_OK;
    for (size_t i = 0; i < set->image_count && !status; i++) {
        wn_buffer_text(&sink.text, set->images[i].path);
        wn_buffer_text(&sink.text, "\n");
        status = wn_text_sink_flush(&sink, err);
    }
    return wn_text_sink_end(&sink, status, err);
}

const wn_annotation_writer wn_annotation_writer_list = {
    .name = "list",
    .summary = "one path a line",
    .write = write,
};
