/* SPDX-License-Identifier: Apache-2.0
 *
 * Label Studio: one task an image. Items become regions of a first prediction, in percent of the image, so that a
 * labeller starts from them: choices for a classification, rectangles for boxes. The names "label" and "image" are
 * those of the control and the object tag of the labelling interface.
 */
#include <math.h>

#include "base/error.h"
#include "base/text.h"
#include "interop/annotation_writer.h"

static json_t *json_choice(const wn_annotations *set, const wn_annotation_item *item)
{
    return json_pack("{s:s, s:s, s:s, s:{s:[o]}}", "type", "choices", "from_name", "label", "to_name", "image", "value",
                     "choices", wn_json_name(wn_item_name(set, item)));
}

static json_t *json_rectangle(const wn_annotations *set, const wn_annotation_image *image,
                              const wn_annotation_item *item)
{
    double x = 100.0 / image->width, y = 100.0 / image->height;
    json_t *value =
        json_pack("{s:f, s:f, s:f, s:f, s:i, s:[o]}", "x", (double)item->box[0] * x, "y", (double)item->box[1] * y,
                  "width", (double)item->box[2] * x, "height", (double)item->box[3] * y, "rotation", 0,
                  "rectanglelabels", wn_json_name(wn_item_name(set, item)));
    json_t *region =
        json_pack("{s:s, s:s, s:s, s:i, s:i, s:o}", "type", "rectanglelabels", "from_name", "label", "to_name", "image",
                  "original_width", (int)image->width, "original_height", (int)image->height, "value", value);
    if (!isnan(item->score)) json_object_set_new(region, "score", json_real(wn_text_decimal(item->score)));
    return region;
}

static json_t *json_task(const wn_annotations *set, const wn_annotation_image *image)
{
    json_t *regions = json_array();
    for (size_t i = image->first; i < image->first + image->count; i++) {
        const wn_annotation_item *item = &set->items[i];
        if (!wn_item_counts(item) || item->category < 0) continue;
        if ((item->flags & WN_ITEM_BOX) && image->width > 0)
            json_array_append_new(regions, json_rectangle(set, image, item));
        else if (set->task == WN_TASK_CLASSIFICATION)
            json_array_append_new(regions, json_choice(set, item));
    }
    json_t *task = json_pack("{s:{s:o}}", "data", "image", wn_json_name(image->path));
    if (json_array_size(regions)) {
        json_object_set_new(task, "predictions",
                            json_pack("[{s:o, s:o}]", "model_version", wn_json_name(set->name), "result", regions));
    } else
        json_decref(regions);
    return task;
}

static wn_status write(const wn_annotations *set, const char *out, wn_error *err)
{
    wn_text_sink sink;
    WN_TRY(wn_text_sink_begin(&sink, out, err));
    wn_status status = WN_OK;
    wn_buffer_text(&sink.text, "[");
    for (size_t i = 0; i < set->image_count && !status; i++) {
        wn_buffer_text(&sink.text, i ? ",\n" : "\n");
        wn_text_sink_json(&sink, json_task(set, &set->images[i]));
        status = wn_text_sink_flush(&sink, err);
    }
    wn_buffer_text(&sink.text, "]\n");
    return wn_text_sink_end(&sink, status, err);
}

const wn_annotation_writer wn_annotation_writer_label_studio = {
    .name = "label-studio",
    .summary = "Label Studio tasks, one JSON file",
    .write = write,
};
