/* SPDX-License-Identifier: Apache-2.0
 *
 * One row a label or box; an image without any has one row with its path alone.
 */
#include <math.h>

#include "base/error.h"
#include "base/text.h"
#include "interop/annotation_writer.h"

static void add_real(wn_buffer *text, double value)
{
    if (isfinite(value)) wn_buffer_format(text, "%.9g", value);
}

static void add_item(wn_text_sink *sink, const wn_annotations *set, const wn_annotation_image *image,
                     const wn_annotation_item *item)
{
    bool box = item && (item->flags & WN_ITEM_BOX);
    wn_text_add_csv(&sink->text, image->path);
    wn_buffer_text(&sink->text, ",");
    if (item) wn_text_add_csv(&sink->text, wn_item_name(set, item));
    wn_buffer_text(&sink->text, ",");
    if (item) add_real(&sink->text, wn_text_decimal(item->score));
    for (int i = 0; i < 4 && set->task != WN_TASK_CLASSIFICATION; i++) {
        wn_buffer_text(&sink->text, ",");
        if (box) add_real(&sink->text, wn_item_corner(item, i));
    }
    wn_buffer_text(&sink->text, "\n");
}

static wn_status write(const wn_annotations *set, const char *out, wn_error *err)
{
    wn_text_sink sink;
    WN_TRY(wn_text_sink_begin(&sink, out, err));
    wn_status status = WN_OK;
    wn_buffer_text(&sink.text, "path,label,score");
    wn_buffer_text(&sink.text, set->task == WN_TASK_CLASSIFICATION ? "\n" : ",xmin,ymin,xmax,ymax\n");
    for (size_t i = 0; i < set->image_count && !status; i++) {
        const wn_annotation_image *image = &set->images[i];
        size_t written = 0;
        for (size_t j = image->first; j < image->first + image->count; j++) {
            if (!wn_item_counts(&set->items[j])) continue;
            add_item(&sink, set, image, &set->items[j]);
            written++;
        }
        if (!written) add_item(&sink, set, image, NULL);
        status = wn_text_sink_flush(&sink, err);
    }
    return wn_text_sink_end(&sink, status, err);
}

const wn_annotation_writer wn_annotation_writer_csv = {
    .name = "csv",
    .summary = "a table of path, label, score and box",
    .write = write,
};
