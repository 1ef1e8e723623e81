/* SPDX-License-Identifier: Apache-2.0
 *
 * COCO: one object with images, categories and annotations, in any order, or a list of results whose images and
 * categories stand in another file (options.reference). Two walks: first the images and categories, then the rest.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "interop/annotation_json.h"

typedef struct coco_state {
    bool boxes, masks, keypoints;
    wn_buffer points; /* a size_t for each category: keypoints of an item, 0 = any number */
} coco_state;

static bool probe(const wn_annotation_source *source)
{
    const char *head = source->head + strspn(source->head, " \t\r\n\xEF\xBB\xBF");
    return !source->files && (*head == '{' || *head == '[') && wn_text_ends_with(source->path, ".json");
}

static void take_image(wn_annotation_builder *builder, const json_t *image)
{
    const json_t *id = json_object_get(image, "id"), *name = json_object_get(image, "file_name");
    if (!json_is_integer(id) || !json_is_string(name) || !json_string_length(name)) {
        wn_builder_problem(builder, "an image without a whole-numbered id or without file_name");
        return;
    }
    if (wn_builder_image_of_id(builder, json_integer_value(id)) != SIZE_MAX)
        wn_builder_problem(builder, "the image id %lld for the second time; the last counts",
                           (long long)json_integer_value(id));
    size_t index = wn_builder_image(builder, json_string_value(name), json_string_length(name),
                                    json_integer_value(json_object_get(image, "width")),
                                    json_integer_value(json_object_get(image, "height")));
    wn_builder_name_image(builder, json_integer_value(id), index);
}

static void take_category(wn_annotation_builder *builder, const json_t *category)
{
    const json_t *id = json_object_get(category, "id"), *name = json_object_get(category, "name");
    if (!json_is_integer(id) || !json_is_string(name)) {
        wn_builder_problem(builder, "a category without a whole-numbered id or without name");
    } else if (wn_builder_find_category(builder, json_integer_value(id)) >= 0) {
        wn_builder_problem(builder, "the category id %lld for the second time", (long long)json_integer_value(id));
    } else {
        coco_state *state = builder->state;
        size_t points = json_array_size(json_object_get(category, "keypoints"));
        wn_builder_category(builder, json_integer_value(id), json_string_value(name));
        if (wn_buffer_add(&state->points, &points, sizeof points)) builder->storage->status = WN_NOMEM;
    }
}

static size_t points_of(const coco_state *state, int32_t category)
{
    size_t points = 0, at = (size_t)category * sizeof points;
    if (category >= 0 && at < state->points.len) memcpy(&points, state->points.data + at, sizeof points);
    return points;
}

/* The image of an annotation; a text, or the number of an image nobody described, stands for its name. */
static size_t find_image(wn_annotation_builder *builder, const json_t *id, bool results)
{
    char digits[32];
    int64_t number;
    if (json_is_string(id) && wn_text_to_int(json_string_value(id), &number)) {
        size_t index = wn_builder_image_of_id(builder, number);
        if (index != SIZE_MAX) return index;
    }
    if (json_is_string(id) && json_string_length(id))
        return wn_builder_image(builder, json_string_value(id), json_string_length(id), 0, 0);
    if (!json_is_integer(id)) return SIZE_MAX;
    size_t index = wn_builder_image_of_id(builder, json_integer_value(id));
    if (index != SIZE_MAX || !results || builder->options->reference) return index;
    int len = snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(id));
    index = wn_builder_image(builder, digits, (size_t)len, 0, 0);
    if (!builder->storage->status) ((wn_annotation_image *)(void *)builder->storage->images.data)[index].number = true;
    return index;
}

static void take_annotation(wn_annotation_builder *builder, const json_t *entry, bool results)
{
    coco_state *state = builder->state;
    const json_t *id = json_object_get(entry, "category_id"), *image_id = json_object_get(entry, "image_id");
    size_t image = find_image(builder, image_id, results);
    char shown[WN_JSON_SHOWN];
    if (image == SIZE_MAX) {
        const char *who = !results                      ? "the file describes"
                          : builder->options->reference ? "the reference describes"
                                                        : "has a name";
        wn_builder_problem(builder, "the image_id %s is none of an image that %s; left out",
                           wn_json_shown(image_id, shown), who);
        return;
    }
    builder->entry_image = image + 1;
    int32_t category = json_is_integer(id) ? wn_builder_find_category(builder, json_integer_value(id)) : -1;
    if (category < 0 && json_is_integer(id) && results && !builder->options->reference)
        category = wn_builder_category(builder, json_integer_value(id), NULL);
    if (category < 0 && id) {
        wn_builder_problem(builder, "the category_id %s is an unknown category; left out", wn_json_shown(id, shown));
        return;
    }
    wn_annotation_item *item = wn_builder_item(builder, image, category);
    const json_t *mask = json_object_get(entry, "segmentation"), *points = json_object_get(entry, "keypoints");
    bool good = wn_item_set_box(builder, item, json_object_get(entry, "bbox"), false) &&
                wn_item_set_score(builder, item, json_object_get(entry, "score")) &&
                wn_item_set_probabilities(builder, item, json_object_get(entry, "probabilities"), 0) &&
                wn_item_set_keypoints(builder, item, points, points_of(state, category)) &&
                wn_item_set_coco_mask(builder, item, mask);
    if (json_integer_value(json_object_get(entry, "iscrowd")) || json_is_true(json_object_get(entry, "iscrowd")))
        item->flags |= WN_ITEM_CROWD;
    if (!good) item->flags |= WN_ITEM_DROPPED;
    state->boxes |= (item->flags & WN_ITEM_BOX) != 0;
    state->masks |= item->mask.count || item->polygon.count;
    state->keypoints |= item->keypoints.count != 0;
}

typedef void take_entry(wn_annotation_builder *builder, const json_t *entry);

static void take_labelled(wn_annotation_builder *builder, const json_t *entry)
{
    take_annotation(builder, entry, false);
}

static void take_result(wn_annotation_builder *builder, const json_t *entry)
{
    take_annotation(builder, entry, true);
}

static wn_status walk_list(wn_annotation_builder *builder, wn_json_scan *scan, take_entry *take, wn_error *err)
{
    bool found = true;
    WN_TRY(wn_json_scan_enter(scan, '[', err));
    for (size_t count = 1;; count++) {
        json_t *entry = NULL;
        builder->entry = builder->entry_image = 0;
        WN_TRY(wn_json_scan_more(scan, &found, err));
        if (!found) return WN_OK;
        builder->entry = count;
        WN_TRY(wn_json_scan_value(scan, &entry, &builder->place.line, err));
        if (json_is_object(entry)) {
            take(builder, entry);
        } else
            wn_builder_problem(builder, "an entry that is no object");
        json_decref(entry);
        WN_TRY(wn_builder_status(builder, err));
    }
}

/* One walk over the outer object: `late` reads the annotations, the other walk what they refer to. */
static wn_status walk_object(wn_annotation_builder *builder, const wn_annotation_file *file, bool late, bool *any,
                             wn_error *err)
{
    wn_json_scan scan;
    char key[32];
    bool found = true;
    wn_json_scan_init(&scan, file->text, file->len, file->path);
    WN_TRY(wn_json_scan_enter(&scan, '{', err));
    while (true) {
        WN_TRY(wn_json_scan_key(&scan, key, sizeof key, &found, err));
        if (!found) break;
        take_entry *take = NULL;
        if (!late && strcmp(key, "images") == 0) take = take_image;
        if (!late && strcmp(key, "categories") == 0) take = take_category;
        if (late && strcmp(key, "annotations") == 0) take = take_labelled;
        WN_TRY(take && wn_json_scan_peek(&scan) == '[' ? walk_list(builder, &scan, take, err)
                                                       : wn_json_scan_skip(&scan, err));
        if (take) *any = true;
    }
    return wn_json_scan_end(&scan, err);
}

static wn_status read_reference(wn_annotation_builder *builder, wn_error *err)
{
    wn_file_map map;
    bool any = false;
    const char *path = builder->options->reference;
    WN_TRY(wn_file_map_open(path, &map, err));
    wn_annotation_file file = {path, path, map.data ? (const char *)map.data : "", map.len};
    wn_json_scan scan;
    wn_json_scan_init(&scan, file.text, file.len, path);
    wn_status status = wn_json_scan_peek(&scan) == '['
                           ? wn_fail(err, WN_INVALID,
                                     "the reference '%s' is a list of results; the annotation file that they belong to "
                                     "is meant, with images and categories",
                                     path)
                           : walk_object(builder, &file, false, &any, err);
    if (!status && !any) status = wn_fail(err, WN_INVALID, "the reference '%s' has no images and no categories", path);
    wn_file_map_close(&map);
    return status;
}

static wn_status read_results(wn_annotation_builder *builder, const wn_annotation_file *file, wn_error *err)
{
    wn_json_scan scan;
    if (builder->options->reference) WN_TRY(read_reference(builder, err));
    wn_json_scan_init(&scan, file->text, file->len, file->path);
    WN_TRY(walk_list(builder, &scan, take_result, err));
    return wn_json_scan_end(&scan, err);
}

static wn_status read_either(wn_annotation_builder *builder, const wn_annotation_file *file, wn_error *err)
{
    wn_json_scan scan;
    bool any = false;
    wn_json_scan_init(&scan, file->text, file->len, file->path);
    if (wn_json_scan_peek(&scan) == '[') return read_results(builder, file, err);
    WN_TRY(walk_object(builder, file, false, &any, err));
    WN_TRY(walk_object(builder, file, true, &any, err));
    if (any) return WN_OK;
    return wn_fail(err, WN_INVALID, "%s: no COCO file: it has none of images, categories, annotations", file->path);
}

static wn_status parse(wn_annotation_builder *builder, const wn_annotation_file *file, wn_error *err)
{
    coco_state state = {0};
    wn_buffer_init(&state.points, WN_MEMORY_TEXT, 0);
    builder->state = &state;
    wn_status status = read_either(builder, file, err);
    wn_buffer_clear(&state.points);
    builder->set->task = state.keypoints ? WN_TASK_KEYPOINTS
                         : state.masks   ? WN_TASK_INSTANCES
                         : state.boxes   ? WN_TASK_DETECTION
                                         : WN_TASK_CLASSIFICATION;
    builder->state = NULL;
    builder->entry = builder->entry_image = 0;
    return status;
}

const wn_annotation_format wn_annotation_format_coco = {
    .name = "coco",
    .summary = "COCO annotations, or a COCO result file with --reference naming the annotations",
    .roles = WN_ROLE_BIT(WN_ROLE_LABELS) | WN_ROLE_BIT(WN_ROLE_PREDICTIONS),
    .probe = probe,
    .parse = parse,
};
