/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Lines: one object an image and line,
 *     {"image": PATH, "width": W, "height": H, "detections": [{"bbox": [..], "score": S, "class": ID, "name": NAME,
 *      "probs": [..]}, ...]}
 * or, for classification, {"image": PATH, "label": NAME, "probabilities": [..]}; with the common other words for each
 * key. Boxes are two corners or corner and size: told by options.box, else corners where size would leave the
 * images. A line that is no such object is a problem, the others are read.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "interop/annotation_json.h"

typedef struct jsonl_state {
    bool corners, boxes, masks, keypoints;
} jsonl_state;

static const char *const image_keys[] = {"image", "file_name", "filename", "path", "file", "image_path", NULL};
static const char *const list_keys[] = {"detections", "predictions", "objects", "annotations", "boxes", NULL};
static const char *const box_keys[] = {"bbox", "box", NULL};
static const char *const score_keys[] = {"score", "confidence", "conf", NULL};
static const char *const id_keys[] = {"class", "category_id", "class_id", "label", "category", NULL};
static const char *const name_keys[] = {"name", "class_name", "category_name", "label_name", NULL};
static const char *const probability_keys[] = {"probs", "probabilities", "class_probabilities", NULL};

static const json_t *find(const json_t *object, const char *const *keys)
{
    for (size_t i = 0; keys[i]; i++) {
        const json_t *value = json_object_get(object, keys[i]);
        if (value && !json_is_null(value)) return value;
    }
    return NULL;
}

static bool probe(const wn_annotation_source *source)
{
    return !source->files && (wn_text_ends_with(source->path, ".jsonl") || wn_text_ends_with(source->path, ".ndjson"));
}

/* The category of an entry; -1 when none is told. Probabilities are in the order of ids, so ids come first. */
static int32_t find_category(wn_annotation_builder *builder, const json_t *entry, size_t classes)
{
    const json_t *id = find(entry, id_keys), *name = find(entry, name_keys);
    const char *text = json_string_value(name);
    if (json_is_integer(id)) {
        int64_t number = json_integer_value(id);
        if (text && (size_t)number < classes) {
            wn_annotation_category *known = (wn_annotation_category *)(void *)builder->storage->categories.data;
            int32_t at = wn_builder_find_category(builder, number);
            char made[32];
            snprintf(made, sizeof made, "class_%lld", (long long)number);
            if (at >= 0 && strcmp(known[at].name, made) == 0)
                known[at].name = wn_builder_text(builder, text, json_string_length(name));
        }
        return wn_builder_category(builder, number, text);
    }
    if (json_is_string(id) && !text) {
        name = id;
        text = json_string_value(id);
    }
    return text ? wn_builder_category_named(builder, text, json_string_length(name)) : -1;
}

static void take_object(wn_annotation_builder *builder, size_t image, const json_t *entry)
{
    jsonl_state *state = builder->state;
    const json_t *probabilities = find(entry, probability_keys);
    size_t classes = json_array_size(probabilities);
    if (classes > 65536) {
        wn_builder_problem(builder, "more than 65536 probabilities");
        return;
    }
    for (size_t i = 0; i < classes; i++) wn_builder_category(builder, (int64_t)i, NULL);
    wn_annotation_item *item = wn_builder_item(builder, image, find_category(builder, entry, classes));
    const json_t *mask = json_object_get(entry, "segmentation"), *points = json_object_get(entry, "keypoints");
    bool good = wn_item_set_box(builder, item, find(entry, box_keys), state->corners) &&
                wn_item_set_score(builder, item, find(entry, score_keys)) &&
                wn_item_set_probabilities(builder, item, probabilities, 0) &&
                wn_item_set_keypoints(builder, item, points, 0) && wn_item_set_coco_mask(builder, item, mask);
    if (!good) item->flags |= WN_ITEM_DROPPED;
    state->boxes |= (item->flags & WN_ITEM_BOX) != 0;
    state->masks |= item->mask.count || item->polygon.count;
    state->keypoints |= item->keypoints.count != 0;
}

/* Everything that is not known is metadata. */
static void take_fields(wn_annotation_builder *builder, size_t image, json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        double number;
        bool known = strcmp(key, "width") == 0 || strcmp(key, "height") == 0;
        for (size_t i = 0; image_keys[i]; i++) known |= strcmp(key, image_keys[i]) == 0;
        if (known) continue;
        if (wn_json_number(value, &number)) {
            wn_builder_number(builder, wn_builder_field(builder, key, false), image, number);
        } else if (json_is_string(value)) {
            wn_builder_word(builder, wn_builder_field(builder, key, true), image, json_string_value(value),
                            json_string_length(value));
        } else if (json_is_boolean(value))
            wn_builder_word(builder, wn_builder_field(builder, key, true), image,
                            json_is_true(value) ? "true" : "false", json_is_true(value) ? 4 : 5);
    }
}

static void take_line(wn_annotation_builder *builder, json_t *object)
{
    const json_t *path = find(object, image_keys), *list = find(object, list_keys);
    if (!json_is_string(path) || !json_string_length(path)) {
        wn_builder_problem(builder, "an object that names no image");
        return;
    }
    size_t image = wn_builder_image(builder, json_string_value(path), json_string_length(path),
                                    json_integer_value(json_object_get(object, "width")),
                                    json_integer_value(json_object_get(object, "height")));
    if (builder->options->role == WN_ROLE_METADATA) {
        take_fields(builder, image, object);
    } else if (json_is_array(list)) {
        for (size_t i = 0; i < json_array_size(list); i++) {
            if (json_is_object(json_array_get(list, i))) {
                take_object(builder, image, json_array_get(list, i));
            } else
                wn_builder_problem(builder, "a detection that is no object");
        }
    } else if (find(object, id_keys) || find(object, name_keys) || find(object, probability_keys))
        take_object(builder, image, object);
}

/* Whether the boxes of a line can only be corners (+1), only corner and size (-1), or either (0). */
static int judge_boxes(wn_annotation_builder *builder, const json_t *object)
{
    const json_t *list = find(object, list_keys);
    double width = (double)json_integer_value(json_object_get(object, "width"));
    double height = (double)json_integer_value(json_object_get(object, "height"));
    int verdict = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        size_t count = 0;
        float *box = wn_json_floats(builder, find(json_array_get(list, i), box_keys), &count);
        if (box && count == 4) {
            bool ordered = box[2] > box[0] && box[3] > box[1];
            bool leaves = width > 0 && height > 0 &&
                          ((double)(box[0] + box[2]) > width + 1 || (double)(box[1] + box[3]) > height + 1);
            if (!ordered) verdict = -1;
            if (ordered && leaves && verdict == 0) verdict = 1;
        }
        wn_free(box);
    }
    return verdict;
}

typedef void take_json(wn_annotation_builder *builder, json_t *object, void *context);

static wn_status each_line(wn_annotation_builder *builder, const wn_annotation_file *file, bool list_problems,
                           take_json *take, void *context, wn_error *err)
{
    builder->place.line = 0;
    for (size_t at = 0; at < file->len;) {
        const char *line = file->text + at, *end = memchr(line, '\n', file->len - at);
        size_t len = end ? (size_t)(end - line) : file->len - at;
        json_error_t error;
        if (at == 0 && len >= 3 && memcmp(line, "\xEF\xBB\xBF", 3) == 0) {
            line += 3;
            len -= 3;
            at += 3;
        }
        at += len + 1;
        builder->place.line++;
        while (len && (line[len - 1] == '\r' || line[len - 1] == ' ')) len--;
        if (len == 0) continue;
        json_t *object = wn_json_load(line, len, JSON_ALLOW_NUL, builder->options->role == WN_ROLE_METADATA, &error);
        if (json_is_object(object)) {
            take(builder, object, context);
        } else if (list_problems)
            wn_builder_problem(builder, "%s; the line was left out", object ? "no JSON object" : error.text);
        json_decref(object);
        WN_TRY(wn_builder_status(builder, err));
    }
    return WN_OK;
}

static void judge_line(wn_annotation_builder *builder, json_t *object, void *context)
{
    int *verdicts = context, verdict = judge_boxes(builder, object);
    if (verdict < 0) verdicts[0] = 1;
    if (verdict > 0) verdicts[1] = 1;
}

static void read_line(wn_annotation_builder *builder, json_t *object, void *context)
{
    (void)context;
    take_line(builder, object);
}

static wn_status parse(wn_annotation_builder *builder, const wn_annotation_file *file, wn_error *err)
{
    jsonl_state state = {0};
    int verdicts[2] = {0, 0};
    const char *box = builder->options->box;
    if (box) {
        state.corners = strcmp(box, "xyxy") == 0;
    } else {
        WN_TRY(each_line(builder, file, false, judge_line, verdicts, err));
        state.corners = verdicts[1] && !verdicts[0];
    }
    builder->state = &state;
    wn_status status = each_line(builder, file, true, read_line, NULL, err);
    builder->state = NULL;
    builder->set->task = state.keypoints ? WN_TASK_KEYPOINTS
                         : state.masks   ? WN_TASK_INSTANCES
                         : state.boxes   ? WN_TASK_DETECTION
                                         : WN_TASK_CLASSIFICATION;
    if (status) return status;
    if (builder->storage->images.len == 0 && builder->storage->problem_count)
        return wn_fail(err, WN_CORRUPT, "%s: no line is a JSON object that names an image", file->path);
    return WN_OK;
}

const wn_annotation_format wn_annotation_format_jsonl = {
    .name = "jsonl",
    .summary = "JSON Lines: one object for each image, with its detections or its label",
    .roles = WN_ROLE_BIT(WN_ROLE_LABELS) | WN_ROLE_BIT(WN_ROLE_PREDICTIONS) | WN_ROLE_BIT(WN_ROLE_METADATA),
    .probe = probe,
    .parse = parse,
};
