/* SPDX-License-Identifier: Apache-2.0
 *
 * COCO annotations, with score and probabilities where the items have them.
 */
#include <math.h>

#include "base/error.h"
#include "base/text.h"
#include "interop/annotation_writer.h"
#include "interop/mask.h"

/* Rings, divided by pairs of NaN. */
static json_t *json_polygon(const float *points, size_t count)
{
    json_t *rings = json_array();
    for (size_t at = 0; at < count;) {
        size_t end = at;
        while (end < count && !isnan(points[end])) end += 2;
        if (end > at) json_array_append_new(rings, wn_json_real_list(points + at, end - at));
        at = end + 2;
    }
    return rings;
}

/* NULL for runs that fill no picture; *failed when memory is short. */
static json_t *json_mask(const wn_annotations *set, const wn_annotation_image *image, const wn_annotation_item *item,
                         bool *failed)
{
    int32_t width = item->mask_width ? item->mask_width : image->width;
    int32_t height = item->mask_height ? item->mask_height : image->height;
    wn_buffer runs;
    wn_buffer_init(&runs, WN_MEMORY_TEXT, 0);
    json_t *mask = NULL;
    if (wn_mask_to_columns(set->runs + item->mask.first, item->mask.count, width, height, &runs)) {
        const uint32_t *values = (const uint32_t *)(const void *)runs.data;
        json_t *counts = wn_json_count_list(values, runs.len / sizeof *values);
        mask = json_pack("{s:[i,i], s:o}", "size", (int)height, (int)width, "counts", counts);
    }
    *failed = runs.status != WN_OK;
    wn_buffer_clear(&runs);
    return mask;
}

/* Pixels of the object: of its mask or polygon where it has one, else of its box. Evaluators divide objects into small
 * and large by it, and scale the distances of keypoints. */
static double area_of(const wn_annotations *set, const wn_annotation_item *item)
{
    if (item->polygon.count) return wn_mask_polygon_area(set->numbers + item->polygon.first, item->polygon.count);
    if (item->mask.count) return (double)wn_mask_area(set->runs + item->mask.first, item->mask.count);
    return wn_text_decimal(item->box[2]) * wn_text_decimal(item->box[3]);
}

/* Keypoints with a visibility above 0; evaluators pass over a person who has none. */
static json_int_t keypoints_told(const wn_annotations *set, const wn_annotation_item *item)
{
    json_int_t told = 0;
    for (size_t i = 2; i < item->keypoints.count; i += 3) told += set->numbers[item->keypoints.first + i] > 0;
    return told;
}

static json_t *json_item(const wn_annotations *set, size_t image, const wn_annotation_item *item, size_t id)
{
    json_t *entry = json_pack("{s:I, s:I, s:i}", "id", (json_int_t)id, "image_id", (json_int_t)image + 1, "iscrowd",
                              item->flags & WN_ITEM_CROWD ? 1 : 0);
    if (item->category >= 0)
        json_object_set_new(entry, "category_id", json_integer(set->categories[item->category].id));
    if (item->flags & WN_ITEM_BOX) json_object_set_new(entry, "bbox", wn_json_real_list(item->box, 4));
    if ((item->flags & WN_ITEM_BOX) || item->polygon.count || item->mask.count)
        json_object_set_new(entry, "area", json_real(area_of(set, item)));
    if (!isnan(item->score)) json_object_set_new(entry, "score", json_real(wn_text_decimal(item->score)));
    if (item->probabilities.count)
        json_object_set_new(entry, "probabilities",
                            wn_json_real_list(set->numbers + item->probabilities.first, item->probabilities.count));
    if (item->keypoints.count) {
        json_object_set_new(entry, "keypoints",
                            wn_json_real_list(set->numbers + item->keypoints.first, item->keypoints.count));
        json_object_set_new(entry, "num_keypoints", json_integer(keypoints_told(set, item)));
    }
    if (item->polygon.count) {
        json_object_set_new(entry, "segmentation",
                            json_polygon(set->numbers + item->polygon.first, item->polygon.count));
    } else if (item->mask.count) {
        bool failed;
        json_object_set_new(entry, "segmentation", json_mask(set, &set->images[image], item, &failed));
        if (failed) {
            json_decref(entry);
            return NULL;
        }
    }
    return entry;
}

/* Adds an element of a list on a line of its own. */
static wn_status add_element(wn_text_sink *sink, bool *first, json_t *value, wn_error *err)
{
    wn_buffer_text(&sink->text, *first ? "\n" : ",\n");
    *first = false;
    wn_text_sink_json(sink, value);
    return wn_text_sink_flush(sink, err);
}

static wn_status write_lists(wn_text_sink *sink, const wn_annotations *set, wn_error *err)
{
    bool first = true;
    size_t id = 0;
    wn_buffer_text(&sink->text, "{\"images\":[");
    for (size_t i = 0; i < set->image_count; i++) {
        const wn_annotation_image *image = &set->images[i];
        json_t *entry = json_pack("{s:I, s:o}", "id", (json_int_t)i + 1, "file_name", wn_json_name(image->path));
        if (image->width) {
            json_object_set_new(entry, "width", json_integer(image->width));
            json_object_set_new(entry, "height", json_integer(image->height));
        }
        WN_TRY(add_element(sink, &first, entry, err));
    }
    first = true;
    wn_buffer_text(&sink->text, "],\n\"categories\":[");
    for (size_t i = 0; i < set->category_count; i++)
        WN_TRY(add_element(sink, &first,
                           json_pack("{s:I, s:o}", "id", (json_int_t)set->categories[i].id, "name",
                                     wn_json_name(set->categories[i].name)),
                           err));
    first = true;
    wn_buffer_text(&sink->text, "],\n\"annotations\":[");
    for (size_t i = 0; i < set->image_count; i++)
        for (size_t j = set->images[i].first; j < set->images[i].first + set->images[i].count; j++)
            if (wn_item_counts(&set->items[j]))
                WN_TRY(add_element(sink, &first, json_item(set, i, &set->items[j], ++id), err));
    wn_buffer_text(&sink->text, "]}\n");
    return WN_OK;
}

static wn_status write(const wn_annotations *set, const char *out, wn_error *err)
{
    wn_text_sink sink;
    WN_TRY(wn_text_sink_begin(&sink, out, err));
    return wn_text_sink_end(&sink, write_lists(&sink, set, err), err);
}

const wn_annotation_writer wn_annotation_writer_coco = {
    .name = "coco",
    .summary = "COCO annotations, one JSON file",
    .write = write,
};
