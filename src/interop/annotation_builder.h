/* SPDX-License-Identifier: Apache-2.0
 *
 * How readers fill a set. Every function may fail for want of memory; the first failure sticks in `status`, so a reader
 * checks it once in a while and the framework at the end.
 */
#ifndef INTEROP_ANNOTATION_BUILDER_H
#define INTEROP_ANNOTATION_BUILDER_H

#include "base/arena.h"
#include "base/buffer.h"
#include "interop/name_table.h"
#include "winnow/annotation.h"

/* Where something stands, for problems. */
typedef struct wn_annotation_place {
    const char *file;
    size_t line;
} wn_annotation_place;

struct wn_annotation_storage {
    wn_arena texts;
    wn_buffer images, categories, items, places, numbers, runs, problems, fields, values;
    wn_name_table image_names, image_ids, category_names, category_ids, field_names;
    size_t problem_count;
    uint64_t added;   /* images and items so far, for progress */
    wn_status status; /* WN_NOMEM or WN_CANCELLED */
};

/* A value of metadata while the set is built. */
typedef struct wn_annotation_value {
    size_t image, field;
    double number; /* NaN when it is a word */
    const char *word;
} wn_annotation_value;

/* A field while the set is built. */
typedef struct wn_annotation_draft {
    const char *name;
    bool categorical; /* numbers of this field are names */
    const char *fallback_word;
    double fallback_number; /* NaN = none */
} wn_annotation_draft;

typedef struct wn_annotation_builder {
    wn_annotations *set;
    struct wn_annotation_storage *storage;
    const wn_annotation_options *options;
    const char *root;          /* file or folder that is read */
    wn_annotation_place place; /* of what is being read; the file's name is kept by the storage */
    size_t entry;              /* of the list that is read, from 1, for problems; 0 = none */
    size_t entry_image;        /* plus 1; 0 = not known */
    void *state;               /* of the reader, made by begin and released by end */
} wn_annotation_builder;

/* `status` of the storage as an error. */
WN_NODISCARD wn_status wn_builder_status(const wn_annotation_builder *builder, wn_error *err);

/* A copy of some bytes that lives as long as the set; "" when memory is short. */
const char *wn_builder_text(wn_annotation_builder *builder, const char *text, size_t len);

/* The image of that path, new or known. Sizes that are told later are taken. */
size_t wn_builder_image(wn_annotation_builder *builder, const char *path, size_t len, int64_t width, int64_t height);

/* The same for a number that stands for an image (COCO). SIZE_MAX when it is unknown. */
size_t wn_builder_image_of_id(const wn_annotation_builder *builder, int64_t id);
void wn_builder_name_image(wn_annotation_builder *builder, int64_t id, size_t image);

/* An image without a name, for sets by row. */
size_t wn_builder_row(wn_annotation_builder *builder);

/* The category of that id, made with `name` (NULL = "class_ID") when new; by name, with the next free id. -1 when
 * memory is short. */
int32_t wn_builder_category(wn_annotation_builder *builder, int64_t id, const char *name);
int32_t wn_builder_category_named(wn_annotation_builder *builder, const char *name, size_t len);

/* The category of that id; -1 when there is none. */
int32_t wn_builder_find_category(const wn_annotation_builder *builder, int64_t id);

/* A new item at the builder's place; valid until the next. Never NULL: a spare one when memory is short. */
wn_annotation_item *wn_builder_item(wn_annotation_builder *builder, size_t image, int32_t category);

/* Values that an item points to. */
wn_annotation_span wn_builder_numbers(wn_annotation_builder *builder, const float *values, size_t count);
wn_annotation_span wn_builder_runs(wn_annotation_builder *builder, const uint32_t *values, size_t count);

/* Lists something that was left out, at the builder's place and entry. */
void wn_builder_problem(wn_annotation_builder *builder, const char *format, ...) WN_PRINTF(2, 3);

/* A metadata field, new or known, and its value for an image. A number in a categorical field becomes a name. */
size_t wn_builder_field(wn_annotation_builder *builder, const char *name, bool categorical);
void wn_builder_number(wn_annotation_builder *builder, size_t field, size_t image, double value);
void wn_builder_word(wn_annotation_builder *builder, size_t field, size_t image, const char *word, size_t len);
wn_annotation_draft *wn_builder_draft(wn_annotation_builder *builder, size_t field);

/* Begins an empty set; ends it: sorts the items, makes the fields, fits what has a size. On failure the set is gone. */
WN_NODISCARD wn_status wn_builder_begin(wn_annotation_builder *builder, const wn_annotation_options *options,
                                        wn_error *err);
WN_NODISCARD wn_status wn_builder_finish(wn_annotation_builder *builder, wn_annotations **out, wn_error *err);

/* Lists a problem of a set that is finished. */
void wn_annotations_add_problem(wn_annotations *set, wn_annotation_place place, const char *format, ...)
    WN_PRINTF(3, 4);

#endif
