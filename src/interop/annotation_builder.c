/* SPDX-License-Identifier: Apache-2.0
 *
 * Growing arrays and tables of names behind a set of annotations.
 */
#include "interop/annotation_builder.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

enum { PROBLEMS_KEPT = 10000 };

wn_status wn_builder_status(const wn_annotation_builder *builder, wn_error *err)
{
    if (!builder->storage->status) return WN_OK;
    if (builder->storage->status == WN_CANCELLED)
        return wn_fail(err, WN_CANCELLED, "stopped while reading annotations");
    return wn_fail(err, WN_NOMEM, "no memory for the annotations of '%s'", builder->root ? builder->root : "");
}

static size_t count_of(const wn_buffer *buffer, size_t size)
{
    return buffer->len / size;
}

static bool append(struct wn_annotation_storage *storage, wn_buffer *buffer, const void *values, size_t bytes)
{
    if (wn_buffer_add(buffer, values, bytes) == WN_OK) return true;
    storage->status = WN_NOMEM;
    return false;
}

const char *wn_builder_text(wn_annotation_builder *builder, const char *text, size_t len)
{
    const char *copy = wn_arena_text(&builder->storage->texts, text, len);
    if (copy) return copy;
    builder->storage->status = WN_NOMEM;
    return "";
}

/* Tells progress now and then, and learns whether to stop. */
static void count_one(wn_annotation_builder *builder)
{
    enum { EVERY = 2048 };
    struct wn_annotation_storage *storage = builder->storage;
    if (++storage->added % EVERY != 0) return;
    wn_progress_report report = {.stage = "import", .unit = "items", .done = storage->added};
    if (wn_progress_tell(builder->options->progress, &report) && !storage->status) storage->status = WN_CANCELLED;
}

static bool has_suffix(const char *path, size_t len)
{
    for (size_t i = len; i > 0 && path[i - 1] != '/' && path[i - 1] != '\\'; i--)
        if (path[i - 1] == '.') return i > 1 && len - i >= 1 && len - i <= 5;
    return false;
}

/* A size counts when both sides are told. */
static void set_size(wn_annotation_image *image, int64_t width, int64_t height)
{
    if (width <= 0 || height <= 0 || width > INT32_MAX || height > INT32_MAX) return;
    image->width = (int32_t)width;
    image->height = (int32_t)height;
}

size_t wn_builder_image(wn_annotation_builder *builder, const char *path, size_t len, int64_t width, int64_t height)
{
    struct wn_annotation_storage *storage = builder->storage;
    size_t index = wn_name_table_find(&storage->image_names, path, len);
    count_one(builder);
    if (index != SIZE_MAX) {
        wn_annotation_image *known = (wn_annotation_image *)(void *)storage->images.data + index;
        if (!known->width) set_size(known, width, height);
        return index;
    }
    index = count_of(&storage->images, sizeof(wn_annotation_image));
    wn_annotation_image image = {.path = wn_name_table_add(&storage->image_names, path, len, index),
                                 .stem = !has_suffix(path, len)};
    set_size(&image, width, height);
    if (!image.path) storage->status = WN_NOMEM;
    return !storage->status && append(storage, &storage->images, &image, sizeof image) ? index : 0;
}

size_t wn_builder_image_of_id(const wn_annotation_builder *builder, int64_t id)
{
    return wn_name_table_find(&builder->storage->image_ids, &id, sizeof id);
}

void wn_builder_name_image(wn_annotation_builder *builder, int64_t id, size_t image)
{
    struct wn_annotation_storage *storage = builder->storage;
    if (wn_name_table_find(&storage->image_ids, &id, sizeof id) != SIZE_MAX) {
        wn_name_table_set(&storage->image_ids, &id, sizeof id, image);
    } else if (!wn_name_table_add(&storage->image_ids, &id, sizeof id, image))
        storage->status = WN_NOMEM;
}

size_t wn_builder_row(wn_annotation_builder *builder)
{
    struct wn_annotation_storage *storage = builder->storage;
    wn_annotation_image image = {0};
    size_t index = count_of(&storage->images, sizeof image);
    return append(storage, &storage->images, &image, sizeof image) ? index : 0;
}

int32_t wn_builder_find_category(const wn_annotation_builder *builder, int64_t id)
{
    size_t index = wn_name_table_find(&builder->storage->category_ids, &id, sizeof id);
    return index == SIZE_MAX ? -1 : (int32_t)index;
}

static int32_t add_category(wn_annotation_builder *builder, int64_t id, const char *name, size_t len)
{
    struct wn_annotation_storage *storage = builder->storage;
    size_t index = count_of(&storage->categories, sizeof(wn_annotation_category));
    wn_annotation_category category = {id, wn_builder_text(builder, name, len)};
    if (storage->status || index >= INT32_MAX) return -1;
    if (!wn_name_table_add(&storage->category_ids, &id, sizeof id, index)) storage->status = WN_NOMEM;
    /* Two ids may have one name: the first is found by it. */
    if (wn_name_table_find(&storage->category_names, name, len) == SIZE_MAX &&
        !wn_name_table_add(&storage->category_names, name, len, index))
        storage->status = WN_NOMEM;
    if (storage->status || !append(storage, &storage->categories, &category, sizeof category)) return -1;
    return (int32_t)index;
}

int32_t wn_builder_category(wn_annotation_builder *builder, int64_t id, const char *name)
{
    char made[32];
    int32_t known = wn_builder_find_category(builder, id);
    if (known >= 0) return known;
    snprintf(made, sizeof made, "class_%lld", (long long)id);
    if (!name) name = made;
    return add_category(builder, id, name, strlen(name));
}

int32_t wn_builder_category_named(wn_annotation_builder *builder, const char *name, size_t len)
{
    struct wn_annotation_storage *storage = builder->storage;
    size_t index = wn_name_table_find(&storage->category_names, name, len);
    if (index != SIZE_MAX) return (int32_t)index;
    int64_t id = (int64_t)count_of(&storage->categories, sizeof(wn_annotation_category));
    while (wn_builder_find_category(builder, id) >= 0) id++;
    return add_category(builder, id, name, len);
}

wn_annotation_item *wn_builder_item(wn_annotation_builder *builder, size_t image, int32_t category)
{
    static _Thread_local wn_annotation_item spare;
    struct wn_annotation_storage *storage = builder->storage;
    wn_annotation_item item = {.image = image, .category = category, .score = NAN};
    spare = item;
    count_one(builder);
    if (!append(storage, &storage->places, &builder->place, sizeof builder->place)) return &spare;
    if (!append(storage, &storage->items, &item, sizeof item)) return &spare;
    return (wn_annotation_item *)(void *)(storage->items.data + storage->items.len - sizeof item);
}

wn_annotation_span wn_builder_numbers(wn_annotation_builder *builder, const float *values, size_t count)
{
    struct wn_annotation_storage *storage = builder->storage;
    wn_annotation_span span = {count_of(&storage->numbers, sizeof *values), count};
    if (!append(storage, &storage->numbers, values, count * sizeof *values)) span.count = 0;
    return span;
}

wn_annotation_span wn_builder_runs(wn_annotation_builder *builder, const uint32_t *values, size_t count)
{
    struct wn_annotation_storage *storage = builder->storage;
    wn_annotation_span span = {count_of(&storage->runs, sizeof *values), count};
    if (!append(storage, &storage->runs, values, count * sizeof *values)) span.count = 0;
    return span;
}

static void add_problem(struct wn_annotation_storage *storage, wn_annotation_place place, const char *format,
                        va_list args)
{
    char reason[400];
    if (storage->problem_count++ >= PROBLEMS_KEPT) return;
    vsnprintf(reason, sizeof reason, format, args);
    wn_annotation_problem problem = {place.file ? place.file : "", place.line,
                                     wn_arena_text(&storage->texts, reason, strlen(reason))};
    if (!problem.reason) storage->status = WN_NOMEM;
    if (problem.reason) append(storage, &storage->problems, &problem, sizeof problem);
}

/* "entry 6 (a.jpg): ", because a list may stand in one line. */
static void name_entry(const wn_annotation_builder *builder, char *out, size_t size)
{
    const wn_buffer *images = &builder->storage->images;
    const wn_annotation_image *first = (const wn_annotation_image *)(const void *)images->data;
    size_t image = builder->entry_image;
    const char *path = image && image <= count_of(images, sizeof *first) ? first[image - 1].path : NULL;
    *out = 0;
    if (builder->entry)
        snprintf(out, size, "entry %zu%s%.150s%s: ", builder->entry, path ? " (" : "", path ? path : "",
                 path ? ")" : "");
}

static void list_problem(wn_annotation_builder *builder, const char *format, ...) WN_PRINTF(2, 3);

static void list_problem(wn_annotation_builder *builder, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_problem(builder->storage, builder->place, format, args);
    va_end(args);
}

void wn_builder_problem(wn_annotation_builder *builder, const char *format, ...)
{
    char entry[200], reason[400];
    va_list args;
    if (builder->storage->problem_count >= PROBLEMS_KEPT) {
        builder->storage->problem_count++;
        return;
    }
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    name_entry(builder, entry, sizeof entry);
    list_problem(builder, "%s%s", entry, reason);
}

void wn_annotations_add_problem(wn_annotations *set, wn_annotation_place place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_problem(set->storage, place, format, args);
    va_end(args);
    set->problems = (wn_annotation_problem *)(void *)set->storage->problems.data;
    set->problem_count = set->storage->problem_count;
}

size_t wn_builder_field(wn_annotation_builder *builder, const char *name, bool categorical)
{
    struct wn_annotation_storage *storage = builder->storage;
    size_t index = wn_name_table_find(&storage->field_names, name, strlen(name));
    if (index != SIZE_MAX) return index;
    index = count_of(&storage->fields, sizeof(wn_annotation_draft));
    wn_annotation_draft draft = {.categorical = categorical, .fallback_number = NAN};
    draft.name = wn_name_table_add(&storage->field_names, name, strlen(name), index);
    if (!draft.name) storage->status = WN_NOMEM;
    return draft.name && append(storage, &storage->fields, &draft, sizeof draft) ? index : 0;
}

wn_annotation_draft *wn_builder_draft(wn_annotation_builder *builder, size_t field)
{
    return (wn_annotation_draft *)(void *)builder->storage->fields.data + field;
}

void wn_builder_word(wn_annotation_builder *builder, size_t field, size_t image, const char *word, size_t len)
{
    struct wn_annotation_storage *storage = builder->storage;
    wn_annotation_value value = {image, field, NAN, wn_builder_text(builder, word, len)};
    append(storage, &storage->values, &value, sizeof value);
}

void wn_builder_number(wn_annotation_builder *builder, size_t field, size_t image, double number)
{
    struct wn_annotation_storage *storage = builder->storage;
    if (storage->status) return;
    if (wn_builder_draft(builder, field)->categorical) {
        char word[40];
        snprintf(word, sizeof word, "%.17g", number);
        wn_builder_word(builder, field, image, word, strlen(word));
        return;
    }
    wn_annotation_value value = {image, field, number, NULL};
    append(storage, &storage->values, &value, sizeof value);
}

wn_status wn_builder_begin(wn_annotation_builder *builder, const wn_annotation_options *options, wn_error *err)
{
    *builder = (wn_annotation_builder){.options = options};
    wn_annotations *set = wn_calloc(WN_MEMORY_TEXT, 1, sizeof *set);
    struct wn_annotation_storage *storage = wn_calloc(WN_MEMORY_TEXT, 1, sizeof *storage);
    if (!set || !storage) {
        wn_free(set);
        wn_free(storage);
        return wn_fail(err, WN_NOMEM, "no memory for a set of annotations");
    }
    wn_buffer *buffers[] = {&storage->images,   &storage->categories, &storage->items,
                            &storage->places,   &storage->numbers,    &storage->runs,
                            &storage->problems, &storage->fields,     &storage->values};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) wn_buffer_init(buffers[i], WN_MEMORY_TEXT, 0);
    wn_arena_init(&storage->texts, WN_MEMORY_TEXT, 0);
    wn_arena_init(&storage->image_names.names, WN_MEMORY_TEXT, 0);
    set->storage = storage;
    builder->set = set;
    builder->storage = storage;
    return WN_OK;
}

void wn_annotations_free(wn_annotations **set)
{
    if (!*set) return;
    struct wn_annotation_storage *storage = (*set)->storage;
    wn_buffer *buffers[] = {&storage->images,   &storage->categories, &storage->items,
                            &storage->places,   &storage->numbers,    &storage->runs,
                            &storage->problems, &storage->fields,     &storage->values};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) wn_buffer_clear(buffers[i]);
    wn_name_table *tables[] = {&storage->image_names, &storage->image_ids, &storage->category_names,
                               &storage->category_ids, &storage->field_names};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) wn_name_table_clear(tables[i]);
    for (size_t i = 0; i < (*set)->field_count; i++) {
        wn_free((void *)(*set)->fields[i].numbers);
        wn_free((void *)(*set)->fields[i].codes);
        wn_free((void *)(*set)->fields[i].words);
    }
    wn_free((*set)->fields);
    wn_arena_clear(&storage->texts);
    wn_free(storage);
    wn_free(*set);
    *set = NULL;
}
