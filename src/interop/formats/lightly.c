/* SPDX-License-Identifier: Apache-2.0
 *
 * The Lightly layout. Predictions: predictions/tasks.json names the tasks, predictions/TASK/schema.json their type and
 * categories, and beside it lies one JSON file an image at the image's relative path. Metadata: metadata/schema.json
 * names the fields, beside it one JSON file an image. Either folder may be named itself, or the folder above, or the
 * one that holds .lightly; a folder of one task may be named too.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "interop/annotation_json.h"

typedef struct lightly_field {
    const char *path;
    size_t index; /* of the set's field */
    bool words;
} lightly_field;

typedef struct lightly_state {
    lightly_field *fields;
    size_t field_count;
    size_t points; /* keypoints of an item, 0 = any number */
} lightly_state;

static bool has_file(const char *folder, const char *name)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/%s", folder, name);
    return len > 0 && len < PATH_MAX && wn_file_exists(path);
}

/* The folder of predictions or metadata that `path` stands for; false when there is none. */
static bool find_base(const char *path, wn_annotation_role role, char out[PATH_MAX])
{
    static const char *const below[] = {"", "/", "/.lightly/"};
    const char *kind = role == WN_ROLE_METADATA ? "metadata" : "predictions";
    for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
        int len = snprintf(out, PATH_MAX, "%s%s%s", path, below[i], i ? kind : "");
        if (len <= 0 || len >= PATH_MAX) continue;
        if (has_file(out, "schema.json") || (role != WN_ROLE_METADATA && has_file(out, "tasks.json"))) return true;
    }
    return false;
}

static bool probe(const wn_annotation_source *source)
{
    char base[PATH_MAX];
    return source->files && find_base(source->path, source->options->role, base);
}

/* A JSON file beside the predictions as one value. */
static wn_status load_json(const char *folder, const char *name, json_t **out, wn_error *err)
{
    wn_buffer text;
    json_error_t error;
    char *path = wn_path_join(folder, name);
    *out = NULL;
    if (!path) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_status status = wn_annotation_side_file(path, &text, err);
    if (!status) {
        size_t mark = text.len >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
        *out = json_loadb(text.data ? text.data + mark : "", text.len - mark, JSON_DECODE_ANY, &error);
        if (!*out) status = wn_fail(err, WN_CORRUPT, "%s:%d: %s", path, error.line, error.text);
        wn_buffer_clear(&text);
    }
    wn_free(path);
    return status;
}

/* The names of tasks.json, or the folders are named by nothing: then the base is a task itself. */
static wn_status list_tasks(const char *base, wn_buffer *out, wn_error *err)
{
    json_t *list = NULL;
    WN_TRY(load_json(base, "tasks.json", &list, err));
    wn_status status = WN_OK;
    if (!json_is_array(list)) status = wn_fail(err, WN_CORRUPT, "%s/tasks.json: no list of task names", base);
    for (size_t i = 0; !status && i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (!name || !*name || strchr(name, '/') || strcmp(name, "..") == 0) {
            status = wn_fail(err, WN_CORRUPT, "%s/tasks.json: entry %zu is no name of a folder", base, i);
        } else
            wn_buffer_add(out, name, strlen(name) + 1);
    }
    json_decref(list);
    if (!status && out->status) status = wn_fail(err, WN_NOMEM, "out of memory");
    if (!status && out->len == 0) status = wn_fail(err, WN_NOTFOUND, "%s/tasks.json names no task", base);
    return status;
}

static wn_status tasks(const char *path, const wn_annotation_options *options, wn_buffer *out, wn_error *err)
{
    char stem[256], base[PATH_MAX];
    if (!find_base(path, options->role, base))
        return wn_fail(err, WN_NOTFOUND, "'%s' holds no Lightly %s", path, wn_annotation_role_text(options->role));
    wn_status status = WN_OK;
    if (options->role != WN_ROLE_METADATA && !has_file(base, "schema.json")) {
        status = list_tasks(base, out, err);
    } else {
        wn_path_stem(base, stem, sizeof stem);
        wn_buffer_add(out, stem, strlen(stem) + 1);
    }
    return status;
}

/* The one task of the base that options.task names. */
static wn_status choose_task(const char *base, const wn_annotation_options *options, wn_buffer *out, wn_error *err)
{
    wn_buffer names;
    wn_buffer_init(&names, WN_MEMORY_TEXT, 0);
    wn_status status = list_tasks(base, &names, err);
    const char *chosen = NULL;
    size_t count = 0;
    for (size_t at = 0; !status && at < names.len; at += strlen(names.data + at) + 1, count++)
        if (!options->task || strcmp(options->task, names.data + at) == 0) chosen = names.data + at;
    if (!status && !chosen) status = wn_fail(err, WN_NOTFOUND, "%s/tasks.json names no task '%s'", base, options->task);
    if (!status && !options->task && count > 1)
        status = wn_fail(err, WN_INVALID, "%s/tasks.json names %zu tasks; name one with --task", base, count);
    if (!status) wn_buffer_format(out, "%s/%s", base, chosen);
    wn_buffer_clear(&names);
    return status;
}

static wn_status resolve(const char *path, const wn_annotation_options *options, wn_buffer *out, wn_error *err)
{
    char base[PATH_MAX];
    if (!find_base(path, options->role, base))
        return wn_fail(err, WN_NOTFOUND, "'%s' holds no Lightly %s", path, wn_annotation_role_text(options->role));
    wn_status status = WN_OK;
    if (options->role != WN_ROLE_METADATA && !has_file(base, "schema.json")) {
        status = choose_task(base, options, out, err);
    } else
        wn_buffer_text(out, base);
    return status;
}

/* --- Schemas ---------------------------------------------------------------------------------------------------- */

static wn_status read_task_schema(wn_annotation_builder *builder, const json_t *schema, wn_error *err)
{
    const char *type = json_string_value(json_object_get(schema, "task_type"));
    const json_t *categories = json_object_get(schema, "categories");
    bool known = false;
    for (int task = WN_TASK_CLASSIFICATION; type && task <= WN_TASK_SEMANTIC; task++)
        if (strcmp(type, wn_annotation_task_text((wn_annotation_task)task)) == 0) {
            builder->set->task = (wn_annotation_task)task;
            known = true;
        }
    if (!known)
        return wn_fail(err, WN_CORRUPT,
                       "%s/schema.json: task_type '%s' is none of classification, object-detection, "
                       "keypoint-detection, instance-segmentation, semantic-segmentation",
                       builder->root, type ? type : "");
    if (!json_is_array(categories))
        return wn_fail(err, WN_CORRUPT, "%s/schema.json: there is no list of categories", builder->root);
    for (size_t i = 0; i < json_array_size(categories); i++) {
        const json_t *id = json_object_get(json_array_get(categories, i), "id");
        const json_t *name = json_object_get(json_array_get(categories, i), "name");
        if (!json_is_integer(id) || !json_is_string(name))
            return wn_fail(err, WN_CORRUPT, "%s/schema.json: category %zu has no whole-numbered id or no name",
                           builder->root, i);
        if (wn_builder_find_category(builder, json_integer_value(id)) >= 0)
            return wn_fail(err, WN_CORRUPT, "%s/schema.json: the category id %lld stands there twice", builder->root,
                           (long long)json_integer_value(id));
        wn_builder_category(builder, json_integer_value(id), json_string_value(name));
    }
    ((lightly_state *)builder->state)->points = json_array_size(json_object_get(schema, "keypoint_names"));
    return WN_OK;
}

static void set_default(wn_annotation_builder *builder, size_t field, const json_t *value, bool words)
{
    wn_annotation_draft *draft = wn_builder_draft(builder, field);
    double number;
    if (words && json_is_string(value))
        draft->fallback_word = wn_builder_text(builder, json_string_value(value), json_string_length(value));
    if (words && json_is_boolean(value)) draft->fallback_word = json_is_true(value) ? "true" : "false";
    if (!wn_json_number(value, &number)) return;
    if (words) {
        char text[40];
        int len = snprintf(text, sizeof text, "%.17g", number);
        draft->fallback_word = wn_builder_text(builder, text, (size_t)len);
    } else
        draft->fallback_number = number;
}

static wn_status read_metadata_schema(wn_annotation_builder *builder, const json_t *schema, wn_error *err)
{
    lightly_state *state = builder->state;
    if (!json_is_array(schema)) return wn_fail(err, WN_CORRUPT, "%s/schema.json: no list of fields", builder->root);
    state->fields = wn_calloc(WN_MEMORY_TEXT, json_array_size(schema), sizeof *state->fields);
    if (!state->fields) return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < json_array_size(schema); i++) {
        const json_t *entry = json_array_get(schema, i);
        const json_t *path = json_object_get(entry, "path");
        const char *type = json_string_value(json_object_get(entry, "valueDataType"));
        if (!json_is_string(path) || !json_string_length(path) || !type)
            return wn_fail(err, WN_CORRUPT, "%s/schema.json: field %zu has no path or no valueDataType", builder->root,
                           i);
        if (strncmp(json_string_value(path), "lightly.", 8) == 0) {
            wn_builder_problem(builder, "the path '%.100s' is reserved; left out", json_string_value(path));
            continue;
        }
        bool words = strncmp(type, "NUMERIC_", 8) != 0;
        lightly_field *field = &state->fields[state->field_count++];
        field->path = wn_builder_text(builder, json_string_value(path), json_string_length(path));
        field->words = words;
        field->index = wn_builder_field(builder, field->path, words);
        WN_TRY(wn_builder_status(builder, err));
        set_default(builder, field->index, json_object_get(entry, "defaultValue"), words);
    }
    return WN_OK;
}

static wn_status begin(wn_annotation_builder *builder, const wn_file_list *files, wn_error *err)
{
    json_t *schema = NULL;
    (void)files;
    lightly_state *state = wn_calloc(WN_MEMORY_TEXT, 1, sizeof *state);
    if (!state) return wn_fail(err, WN_NOMEM, "out of memory");
    builder->state = state;
    builder->place = (wn_annotation_place){"schema.json", 0};
    WN_TRY(load_json(builder->root, "schema.json", &schema, err));
    wn_status status = builder->options->role == WN_ROLE_METADATA ? read_metadata_schema(builder, schema, err)
                                                                  : read_task_schema(builder, schema, err);
    json_decref(schema);
    return status;
}

/* --- One file an image ------------------------------------------------------------------------------------------- */

static bool takes(const wn_annotation_builder *builder, const char *name)
{
    (void)builder;
    return wn_text_ends_with(name, ".json") && strcmp(name, "schema.json") != 0 && strcmp(name, "tasks.json") != 0;
}

/* file_name, or the place of the JSON file with an unknown suffix. */
static size_t name_image(wn_annotation_builder *builder, const json_t *page, const char *name)
{
    const json_t *told = json_object_get(page, "file_name");
    if (json_is_string(told) && json_string_length(told))
        return wn_builder_image(builder, json_string_value(told), json_string_length(told), 0, 0);
    size_t len = strlen(name), cut = wn_text_ends_with(name, ".json") ? strlen(".json") : 0;
    size_t image = wn_builder_image(builder, name, len - cut, 0, 0);
    if (!builder->storage->status) ((wn_annotation_image *)(void *)builder->storage->images.data)[image].stem = true;
    return image;
}

static void take_prediction(wn_annotation_builder *builder, size_t image, const json_t *entry)
{
    const json_t *id = json_object_get(entry, "category_id"), *box = json_object_get(entry, "bbox");
    const json_t *mask = json_object_get(entry, "segmentation"), *points = json_object_get(entry, "keypoints");
    const lightly_state *state = builder->state;
    wn_annotation_task task = builder->set->task;
    char shown[WN_JSON_SHOWN];
    int32_t category = json_is_integer(id) ? wn_builder_find_category(builder, json_integer_value(id)) : -1;
    if (category < 0) {
        wn_builder_problem(builder, "the category_id %s is not in schema.json; left out", wn_json_shown(id, shown));
        return;
    }
    if ((task == WN_TASK_DETECTION && !box) || (task == WN_TASK_KEYPOINTS && !points) ||
        ((task == WN_TASK_INSTANCES || task == WN_TASK_SEMANTIC) && !mask)) {
        wn_builder_problem(builder, "a prediction without the bbox, keypoints or segmentation of its task; left out");
        return;
    }
    size_t classes = builder->storage->categories.len / sizeof(wn_annotation_category);
    wn_annotation_item *item = wn_builder_item(builder, image, category);
    bool good = wn_item_set_box(builder, item, box, false) &&
                wn_item_set_score(builder, item, json_object_get(entry, "score")) &&
                wn_item_set_probabilities(builder, item, json_object_get(entry, "probabilities"), classes) &&
                wn_item_set_keypoints(builder, item, points, state->points) &&
                wn_item_set_rows_mask(builder, item, mask);
    if (!good) item->flags |= WN_ITEM_DROPPED;
}

/* The value at a dotted path; numbers step into lists. */
static const json_t *find_path(const json_t *value, const char *path)
{
    char part[256];
    while (value && *path) {
        size_t len = strcspn(path, ".");
        int64_t index;
        if (len >= sizeof part) return NULL;
        memcpy(part, path, len);
        part[len] = 0;
        value = json_is_array(value)
                    ? (wn_text_to_int(part, &index) && index >= 0 ? json_array_get(value, (size_t)index) : NULL)
                    : json_object_get(value, part);
        path += len + (path[len] == '.');
    }
    return value;
}

static void take_metadata(wn_annotation_builder *builder, size_t image, const json_t *metadata)
{
    const lightly_state *state = builder->state;
    for (size_t i = 0; i < state->field_count; i++) {
        const lightly_field *field = &state->fields[i];
        const json_t *value = find_path(metadata, field->path);
        double number;
        if (!value || json_is_null(value)) continue;
        if (wn_json_number(value, &number)) {
            wn_builder_number(builder, field->index, image, number);
        } else if (field->words && json_is_string(value)) {
            wn_builder_word(builder, field->index, image, json_string_value(value), json_string_length(value));
        } else if (field->words && json_is_boolean(value)) {
            const char *word = json_is_true(value) ? "true" : "false";
            wn_builder_word(builder, field->index, image, word, strlen(word));
        } else
            wn_builder_problem(builder, "the value of '%.100s' is not of the type in schema.json; left out",
                               field->path);
    }
}

static wn_status parse(wn_annotation_builder *builder, const wn_annotation_file *file, wn_error *err)
{
    wn_json_scan scan;
    json_t *page = NULL;
    size_t line = 0;
    bool metadata = builder->options->role == WN_ROLE_METADATA;
    wn_json_scan_init(&scan, file->text, file->len, file->path);
    scan.gaps = metadata;
    WN_TRY(wn_json_scan_value(&scan, &page, &line, err));
    const json_t *list = json_object_get(page, metadata ? "metadata" : "predictions");
    wn_status status = wn_json_scan_end(&scan, err);
    if (!status && !(metadata ? json_is_object(list) : json_is_array(list)))
        status = wn_fail(err, WN_CORRUPT, "%s:%zu: there is no %s", file->path, line,
                         metadata ? "object 'metadata'" : "list 'predictions'");
    if (!status) {
        size_t image = name_image(builder, page, file->name);
        if (metadata) take_metadata(builder, image, list);
        for (size_t i = 0; !metadata && i < json_array_size(list); i++) {
            builder->entry = i + 1;
            builder->entry_image = image + 1;
            take_prediction(builder, image, json_array_get(list, i));
        }
        builder->entry = builder->entry_image = 0;
    }
    json_decref(page);
    return status;
}

static void end(wn_annotation_builder *builder)
{
    lightly_state *state = builder->state;
    if (!state) return;
    wn_free(state->fields);
    wn_free(state);
    builder->state = NULL;
}

const wn_annotation_format wn_annotation_format_lightly = {
    .name = "lightly",
    .summary = "the Lightly folders of predictions (all five task types) and metadata",
    .roles = WN_ROLE_BIT(WN_ROLE_LABELS) | WN_ROLE_BIT(WN_ROLE_PREDICTIONS) | WN_ROLE_BIT(WN_ROLE_METADATA),
    .probe = probe,
    .resolve = resolve,
    .tasks = tasks,
    .begin = begin,
    .takes = takes,
    .parse = parse,
    .end = end,
};
