/* SPDX-License-Identifier: Apache-2.0
 *
 * Lightly predictions: OUT/tasks.json, OUT/NAME/schema.json, OUT/NAME/PATH.json for each image. Items must have what
 * their task asks for; a score that is not told is 1, as for ground truth.
 */
#include <math.h>

#include "base/error.h"
#include "base/text.h"
#include "interop/annotation_writer.h"
#include "interop/mask.h"
#include "winnow/memory.h"

/* The mask, or the polygon drawn as one, which the format does not have. False when memory is short. */
static bool add_mask(json_t *entry, const wn_annotations *set, const wn_annotation_image *image,
                     const wn_annotation_item *item)
{
    wn_buffer runs;
    wn_buffer_init(&runs, WN_MEMORY_TEXT, 0);
    if (item->mask.count) {
        json_object_set_new(entry, "segmentation", wn_json_count_list(set->runs + item->mask.first, item->mask.count));
    } else if (wn_mask_from_rings(set, item, image->width, image->height, &runs)) {
        const uint32_t *values = (const uint32_t *)(const void *)runs.data;
        json_object_set_new(entry, "segmentation", wn_json_count_list(values, runs.len / sizeof *values));
    }
    const bool good = runs.status == WN_OK;
    wn_buffer_clear(&runs);
    return good;
}

/* NULL when memory is short. */
static json_t *json_item(const wn_annotations *set, const wn_annotation_image *image, const wn_annotation_item *item)
{
    json_t *entry = json_pack("{s:I, s:f}", "category_id", (json_int_t)set->categories[item->category].id, "score",
                              isnan(item->score) ? 1.0 : wn_text_decimal(item->score));
    if (item->probabilities.count == set->category_count && set->category_count)
        json_object_set_new(entry, "probabilities",
                            wn_json_real_list(set->numbers + item->probabilities.first, item->probabilities.count));
    if (item->flags & WN_ITEM_BOX) json_object_set_new(entry, "bbox", wn_json_real_list(item->box, 4));
    if (item->keypoints.count)
        json_object_set_new(entry, "keypoints",
                            wn_json_real_list(set->numbers + item->keypoints.first, item->keypoints.count));
    if (add_mask(entry, set, image, item)) return entry;
    json_decref(entry);
    return NULL;
}

static wn_status write_json(char *path, json_t *value, wn_error *err)
{
    wn_text_sink sink;
    wn_status status = path ? wn_text_sink_begin(&sink, path, err) : wn_fail(err, WN_NOMEM, "out of memory");
    if (!status) {
        wn_text_sink_json(&sink, value);
        wn_buffer_text(&sink.text, "\n");
        status = wn_text_sink_end(&sink, WN_OK, err);
    } else
        json_decref(value);
    wn_free(path);
    return status;
}

static wn_status write_image(const wn_annotations *set, const wn_annotation_image *image, const char *out,
                             wn_error *err)
{
    char *path = NULL;
    json_t *list = json_array();
    for (size_t i = image->first; i < image->first + image->count; i++)
        if (wn_item_counts(&set->items[i]) && set->items[i].category >= 0 &&
            json_array_append_new(list, json_item(set, image, &set->items[i])) != 0) {
            json_decref(list);
            return wn_fail(err, WN_NOMEM, "out of memory");
        }
    wn_status status = wn_writer_path(out, set->name, image->path, ".json", &path, err);
    if (status) {
        json_decref(list);
        return status;
    }
    return write_json(path, json_pack("{s:o, s:o}", "file_name", wn_json_name(image->path), "predictions", list), err);
}

static wn_status write(const wn_annotations *set, const char *out, wn_error *err)
{
    char *schema = NULL;
    WN_TRY(wn_writer_path(out, set->name, "schema", ".json", &schema, err));
    json_t *categories = json_array();
    for (size_t i = 0; i < set->category_count; i++)
        json_array_append_new(categories, json_pack("{s:I, s:o}", "id", (json_int_t)set->categories[i].id, "name",
                                                    wn_json_name(set->categories[i].name)));
    WN_TRY(write_json(
        schema, json_pack("{s:s, s:o}", "task_type", wn_annotation_task_text(set->task), "categories", categories),
        err));
    WN_TRY(write_json(wn_path_join(out, "tasks.json"), json_pack("[o]", wn_json_name(set->name)), err));
    for (size_t i = 0; i < set->image_count; i++) WN_TRY(write_image(set, &set->images[i], out, err));
    return WN_OK;
}

const wn_annotation_writer wn_annotation_writer_lightly = {
    .name = "lightly",
    .summary = "Lightly predictions: a folder with schema.json and one JSON file for each image",
    .folder = true,
    .write = write,
};
