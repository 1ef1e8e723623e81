/* SPDX-License-Identifier: Apache-2.0
 *
 * YOLO v5 and later: one text file an image, one object a line, in shares of width and height:
 *     class cx cy w h [confidence]          a box
 *     class x1 y1 x2 y2 x3 y3 ... [conf]    a polygon, at least three points
 *     class cx cy w h x y [v] x y [v] ...   keypoints, when data.yaml has kpt_shape
 * Names come from data.yaml, classes.txt or obj.names. x/labels/a/b.txt is the image
 * x/images/a/b.*, and labels/a/b.txt the image a/b.*.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "interop/annotation_format.h"
#include "interop/yaml_names.h"

enum { VALUES_MAX = 1 << 16, CLASSES_FILLED = 1000 };

typedef struct yolo_state {
    int64_t keypoints, values; /* of kpt_shape; 0 = none */
    bool boxes, polygons;
    const char *names_file;    /* where the names of classes stand; NULL = nowhere */
    size_t named, unnamed;     /* classes with a name; objects of the others */
    wn_annotation_place first; /* of those objects */
    int64_t first_class;
} yolo_state;

static const char *const yaml_names[] = {"data.yaml", "dataset.yaml", "data.yml", "dataset.yml", NULL};
static const char *const list_names[] = {"classes.txt", "obj.names", "labels/classes.txt", "names.txt", NULL};

static const char *first_of(const wn_file_list *files, const char *const *names)
{
    for (size_t i = 0; names[i]; i++)
        if (wn_file_list_has(files, names[i])) return names[i];
    return NULL;
}

static bool is_yaml(const char *path)
{
    return wn_text_ends_with(path, ".yaml") || wn_text_ends_with(path, ".yml");
}

static bool probe(const wn_annotation_source *source)
{
    if (!source->files) return is_yaml(source->path) && strstr(source->head, "names") != NULL;
    if (!wn_file_list_has_ending(source->files, ".txt")) return false;
    if (first_of(source->files, yaml_names) || first_of(source->files, list_names)) return true;
    for (size_t i = 0; i < source->files->count; i++) {
        const char *name = source->files->names[i];
        if (wn_text_ends_with(name, ".txt") && (strncmp(name, "labels/", 7) == 0 || strstr(name, "/labels/")))
            return true;
    }
    return false;
}

/* data.yaml stands for its folder. */
static wn_status resolve(const char *path, const wn_annotation_options *options, wn_buffer *out, wn_error *err)
{
    (void)options;
    const char *slash = strrchr(path, '/');
    if (!is_yaml(path)) {
        wn_buffer_text(out, path);
    } else if (slash) {
        wn_buffer_add(out, path, slash == path ? 1 : (size_t)(slash - path));
    } else
        wn_buffer_text(out, ".");
    return out->status ? wn_fail(err, out->status, "out of memory") : WN_OK;
}

static void take_name(void *context, int64_t id, const char *name, size_t len)
{
    wn_annotation_builder *builder = context;
    const char *text = wn_builder_text(builder, name, len);
    wn_builder_category(builder, id, text);
}

static wn_status read_yaml(wn_annotation_builder *builder, yolo_state *state, const char *name, wn_error *err)
{
    wn_buffer text;
    char *path = wn_path_join(builder->root, name);
    if (!path) return wn_fail(err, WN_NOMEM, "no memory to read '%s'", name);
    wn_status status = wn_annotation_side_file(path, &text, err);
    if (!status) {
        status =
            wn_yaml_read_names(text.data, text.len, path, take_name, builder, &state->keypoints, &state->values, err);
        wn_buffer_clear(&text);
    }
    wn_free(path);
    return status;
}

static wn_status read_list(wn_annotation_builder *builder, const char *name, wn_error *err)
{
    char *path = wn_path_join(builder->root, name);
    if (!path) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_status status = wn_annotation_read_names(builder, path, err);
    wn_free(path);
    return status;
}

static wn_status begin(wn_annotation_builder *builder, const wn_file_list *files, wn_error *err)
{
    yolo_state *state = wn_calloc(WN_MEMORY_TEXT, 1, sizeof *state);
    if (!state) return wn_fail(err, WN_NOMEM, "out of memory");
    builder->state = state;
    const char *yaml = files ? first_of(files, yaml_names) : NULL, *list = files ? first_of(files, list_names) : NULL;
    if (builder->options->names) {
        state->names_file = builder->options->names;
    } else if (yaml) {
        state->names_file = yaml;
        WN_TRY(read_yaml(builder, state, yaml, err));
    } else if (list) {
        state->names_file = list;
        WN_TRY(read_list(builder, list, err));
    }
    state->named = builder->storage->categories.len / sizeof(wn_annotation_category);
    return WN_OK;
}

static bool takes(const wn_annotation_builder *builder, const char *name)
{
    static const char *const others[] = {"classes.txt", "train.txt", "val.txt",          "test.txt",
                                         "names.txt",   "notes.txt", "requirements.txt", "readme.txt"};
    (void)builder;
    const char *slash = strrchr(name, '/'), *last = slash ? slash + 1 : name;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (wn_text_equal_fold(last, others[i])) return false;
    return wn_text_ends_with(name, ".txt");
}

/* x/labels/a/b.txt -> x/images/a/b, labels/a/b.txt -> a/b; the last part called labels is the one. */
static size_t name_image(wn_annotation_builder *builder, const char *name)
{
    char path[2048];
    size_t len = strlen(name) - strlen(".txt"), at = SIZE_MAX;
    if (strlen(name) < 4) len = strlen(name);
    for (size_t i = 0; i + 7 <= len; i++)
        if ((i == 0 || name[i - 1] == '/') && strncmp(name + i, "labels/", 7) == 0) at = i;
    int written;
    if (at == SIZE_MAX) {
        written = snprintf(path, sizeof path, "%.*s", (int)(len < 2000 ? len : 2000), name);
    } else
        written = snprintf(path, sizeof path, "%.*s%s%.*s", (int)(at < 1000 ? at : 1000), name, at ? "images/" : "",
                           (int)(len - at - 7 < 1000 ? len - at - 7 : 1000), name + at + 7);
    size_t image = wn_builder_image(builder, path, (size_t)written, 0, 0);
    if (!builder->storage->status) ((wn_annotation_image *)(void *)builder->storage->images.data)[image].stem = true;
    return image;
}

static void set_box(wn_annotation_item *item, const float *values)
{
    item->box[0] = values[0] - values[2] / 2;
    item->box[1] = values[1] - values[3] / 2;
    item->box[2] = values[2];
    item->box[3] = values[3];
    item->flags |= WN_ITEM_BOX | WN_ITEM_RELATIVE;
}

/* The smallest box around the corners of a polygon. */
static void set_polygon(wn_annotation_builder *builder, wn_annotation_item *item, const float *points, size_t count)
{
    float low[2] = {points[0], points[1]}, high[2] = {points[0], points[1]};
    for (size_t i = 0; i < count; i++) {
        low[i % 2] = fminf(low[i % 2], points[i]);
        high[i % 2] = fmaxf(high[i % 2], points[i]);
    }
    float box[4] = {(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, high[0] - low[0], high[1] - low[1]};
    set_box(item, box);
    item->polygon = wn_builder_numbers(builder, points, count);
}

static void set_keypoints(wn_annotation_builder *builder, wn_annotation_item *item, const yolo_state *state,
                          const float *values)
{
    size_t first = 0, count = 0;
    for (int64_t i = 0; i < state->keypoints; i++) {
        const float *point = values + i * state->values;
        float triple[3] = {point[0], point[1], state->values == 3 ? point[2] : 1};
        wn_annotation_span span = wn_builder_numbers(builder, triple, 3);
        if (i == 0) first = span.first;
        count += span.count;
    }
    item->keypoints = (wn_annotation_span){first, count};
}

static bool in_unit(float value)
{
    return value >= 0 && value <= 1;
}

/* One object: `values` behind the class. */
static const char *take_values(wn_annotation_builder *builder, size_t image, int32_t category, const float *values,
                               size_t count)
{
    yolo_state *state = builder->state;
    size_t pose = 4 + (size_t)(state->keypoints * state->values);
    bool box = count == 4 || count == 5, keypoints = state->keypoints && (count == pose || count == pose + 1);
    if (!box && !keypoints && count < 6) return "neither a box (4 or 5 numbers) nor a polygon (6 or more)";
    size_t shares = keypoints ? pose : box ? 4 : count / 2 * 2;
    bool scored = keypoints ? count > pose : count % 2 == 1;
    if (scored && !in_unit(values[count - 1])) return "the confidence at its end is not between 0 and 1";
    for (size_t i = 0; i < (keypoints ? 4 : shares); i++)
        if (!(values[i] >= -1 && values[i] <= 2)) return "the numbers are no shares of width and height";
    wn_annotation_item *item = wn_builder_item(builder, image, category);
    if (box || keypoints) {
        set_box(item, values);
        state->boxes = true;
    } else {
        set_polygon(builder, item, values, shares);
        state->polygons = true;
    }
    if (keypoints) set_keypoints(builder, item, state, values + 4);
    if (scored) item->score = values[count - 1];
    return NULL;
}

/* Numbers of a line; false when something is none. */
static bool read_numbers(const char *text, size_t len, float *values, size_t *count)
{
    char word[64];
    *count = 0;
    for (size_t at = 0; at < len;) {
        while (at < len && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r')) at++;
        size_t begin = at;
        while (at < len && text[at] != ' ' && text[at] != '\t' && text[at] != '\r') at++;
        double value;
        if (at == begin) break;
        if (at - begin >= sizeof word || *count == VALUES_MAX) return false;
        memcpy(word, text + begin, at - begin);
        word[at - begin] = 0;
        if (strlen(word) != at - begin || !wn_text_to_real(word, &value)) return false;
        values[(*count)++] = (float)value;
    }
    return true;
}

/* Where no names are told, the classes below this one are there too: a class then stays the number that it is, also
 * when it is written as YOLO again. */
static int32_t find_class(wn_annotation_builder *builder, int64_t class)
{
    const yolo_state *state = builder->state;
    for (int64_t id = 0; id < class && class < CLASSES_FILLED && !state->named; id++)
        if (wn_builder_find_category(builder, id) < 0) wn_builder_category(builder, id, NULL);
    return wn_builder_category(builder, class, NULL);
}

/* Objects of a class that the list of names does not reach are kept, and told of once. */
static void note_unnamed(wn_annotation_builder *builder, int64_t class)
{
    yolo_state *state = builder->state;
    if (state->unnamed++) return;
    state->first = builder->place;
    state->first_class = class;
}

static wn_status parse(wn_annotation_builder *builder, const wn_annotation_file *file, wn_error *err)
{
    float *values = wn_alloc(WN_MEMORY_TEXT, VALUES_MAX, sizeof *values);
    if (!values) return wn_fail(err, WN_NOMEM, "no memory to read '%s'", file->path);
    const yolo_state *state = builder->state;
    size_t image = name_image(builder, file->name);
    for (size_t at = 0; at < file->len;) {
        const char *line = file->text + at, *end = memchr(line, '\n', file->len - at);
        size_t len = end ? (size_t)(end - line) : file->len - at, count = 0;
        at += len + 1;
        builder->place.line++;
        if (!read_numbers(line, len, values, &count)) {
            wn_builder_problem(builder, "something that is no number; left out");
        } else if (count > 0 && (values[0] < 0 || values[0] > 1e6f || values[0] != truncf(values[0]))) {
            wn_builder_problem(builder, "the class %g is no whole number from 0; left out", (double)values[0]);
        } else if (count > 0) {
            int32_t category = find_class(builder, (int64_t)values[0]);
            const char *fault = take_values(builder, image, category, values + 1, count - 1);
            if (fault)
                wn_builder_problem(builder, "%s; left out", fault);
            else if (state->named && category >= 0 && (size_t)category >= state->named)
                note_unnamed(builder, (int64_t)values[0]);
        }
    }
    wn_free(values);
    return WN_OK;
}

static void end(wn_annotation_builder *builder)
{
    yolo_state *state = builder->state;
    if (!state) return;
    if (state->unnamed) {
        builder->place = state->first;
        wn_builder_problem(
            builder, "the class %lld is none of the %zu of '%s'; kept as class_%lld (%zu objects of such classes)",
            (long long)state->first_class, state->named, state->names_file, (long long)state->first_class,
            state->unnamed);
    }
    builder->set->task = state->keypoints ? WN_TASK_KEYPOINTS : state->polygons ? WN_TASK_INSTANCES : WN_TASK_DETECTION;
    wn_free(state);
    builder->state = NULL;
}

const wn_annotation_format wn_annotation_format_yolo = {
    .name = "yolo",
    .summary = "YOLO v5 and later: one text file for each image; boxes, polygons or keypoints",
    .roles = WN_ROLE_BIT(WN_ROLE_LABELS) | WN_ROLE_BIT(WN_ROLE_PREDICTIONS),
    .probe = probe,
    .resolve = resolve,
    .begin = begin,
    .takes = takes,
    .parse = parse,
    .end = end,
};
