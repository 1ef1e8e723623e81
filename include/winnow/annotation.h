/* SPDX-License-Identifier: Apache-2.0
 *
 * Labels, predictions and metadata as other tools write them, read into flat arrays.
 *
 *     wn_annotation_options options = {.role = WN_ROLE_LABELS};
 *     wn_annotations *set = NULL;
 *     if (wn_annotations_read("instances.json", &options, &set, &err) != WN_OK) ...
 *     for (size_t i = 0; i < set->image_count; i++) use(&set->images[i]);
 *     wn_annotations_free(&set);
 *
 * An entry that cannot be used (a box outside its image, an unknown category, a damaged line) is left out and listed
 * in `problems` with file, line and reason; the rest is read. What each reader takes: docs/formats/annotations.md.
 */
#ifndef WINNOW_ANNOTATION_H
#define WINNOW_ANNOTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/progress.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the items of a set are; number (stable, in catalogues), text. */
#define WN_ANNOTATION_TASK_MAP(X)                                                                                      \
    X(CLASSIFICATION, 0, "classification")                                                                             \
    X(DETECTION, 1, "object-detection")                                                                                \
    X(KEYPOINTS, 2, "keypoint-detection")                                                                              \
    X(INSTANCES, 3, "instance-segmentation")                                                                           \
    X(SEMANTIC, 4, "semantic-segmentation")

typedef enum wn_annotation_task {
#define X(name, number, text) WN_TASK_##name = number,
    WN_ANNOTATION_TASK_MAP(X)
#undef X
} wn_annotation_task;

/* "object-detection"; NULL outside the list. */
WN_API const char *wn_annotation_task_text(wn_annotation_task task);

/* What a set is for. */
typedef enum wn_annotation_role {
    WN_ROLE_LABELS = 0,
    WN_ROLE_PREDICTIONS = 1,
    WN_ROLE_METADATA = 2
} wn_annotation_role;

/* "labels", "predictions", "metadata"; NULL outside the list. */
WN_API const char *wn_annotation_role_text(wn_annotation_role role);

/* One image as a file names it. Its items are items[first .. first + count). */
typedef struct wn_annotation_image {
    const char *path;      /* as given, '\\' kept; NULL in sets whose images are numbered (`by_row`) */
    int32_t width, height; /* of the upright image in pixels; 0 = not told */
    bool stem;             /* `path` has no suffix: the file said only the stem */
    bool number;           /* `path` is a number that stands for the image (COCO results without their reference) */
    size_t first, count;
} wn_annotation_image;

typedef struct wn_annotation_category {
    int64_t id; /* as in the file; ids may have gaps */
    const char *name;
} wn_annotation_category;

enum {
    WN_ITEM_BOX = 1,        /* `box` is given */
    WN_ITEM_RELATIVE = 2,   /* box, polygon and keypoints are shares of width and height, not pixels */
    WN_ITEM_CROWD = 4,      /* many objects in one box (COCO iscrowd) */
    WN_ITEM_DIFFICULT = 8,  /* VOC */
    WN_ITEM_TRUNCATED = 16, /* VOC: the object goes on outside the image */
    WN_ITEM_DROPPED = 32    /* its box was empty, reversed or outside: the item does not count */
};

/* A run of values in an array of the set. */
typedef struct wn_annotation_span {
    size_t first, count;
} wn_annotation_span;

/* One label, box, mask, or set of keypoints. */
typedef struct wn_annotation_item {
    size_t image;
    int32_t category; /* index into `categories`; -1 = none told */
    uint32_t flags;
    float box[4];                     /* x, y of the upper left corner, width, height */
    float score;                      /* confidence 0..1; NaN = none told */
    wn_annotation_span probabilities; /* in `numbers`, in the order of `categories` */
    wn_annotation_span keypoints;     /* in `numbers`: x, y, confidence or visibility, ... */
    wn_annotation_span polygon;       /* in `numbers`: one ring x, y, ...; a NaN pair divides rings */
    wn_annotation_span mask;          /* in `runs`: row-major run lengths, zeros first */
    int32_t mask_width, mask_height;  /* 0 = as the image */
} wn_annotation_item;

/* One metadata field: one value for each image of the set. */
typedef struct wn_annotation_field {
    const char *name; /* "weather.temperature" */
    bool numeric;
    bool whole;               /* numeric, and all values are whole numbers */
    const double *numbers;    /* image_count, NaN = missing; NULL when not numeric */
    const int32_t *codes;     /* image_count, index into `words`, -1 = missing; NULL when numeric */
    const char *const *words; /* sorted by bytes */
    size_t word_count;
} wn_annotation_field;

/* One entry that was left out or mended. `line` 0 = no line to name. */
typedef struct wn_annotation_problem {
    const char *file;
    size_t line;
    const char *reason;
} wn_annotation_problem;

/* A set. All pointers belong to it and live until wn_annotations_free. */
typedef struct wn_annotations {
    wn_annotation_task task;
    const char *format; /* name of the reader that was used; static storage */
    const char *name;   /* of the task or set, from the file's name where it has none */
    bool by_row;        /* image i is row i of the workspace or array: the file has no names (.npy) */
    wn_annotation_image *images;
    size_t image_count;
    wn_annotation_category *categories;
    size_t category_count;
    wn_annotation_item *items; /* ordered by image, then as in the file */
    size_t item_count;
    float *numbers;
    size_t number_count;
    uint32_t *runs;
    size_t run_count;
    wn_annotation_field *fields;
    size_t field_count;
    wn_annotation_problem *problems; /* the first 10,000 */
    size_t problem_count;            /* all */
    struct wn_annotation_storage *storage;
} wn_annotations;

/* How to read. Zero-initialise, then set; NULL and 0 mean the default. */
typedef struct wn_annotation_options {
    const char *format; /* "auto" or NULL: by name and content */
    wn_annotation_role role;
    const char *task;            /* of a folder that holds several (Lightly); NULL = the only one */
    const char *column;          /* CSV: title of the label column */
    const char *names;           /* file with one category name a line, for formats that have numbers only */
    const char *reference;       /* COCO results: the COCO file that names images and categories */
    const char *box;             /* "xywh", "xyxy": how JSON Lines and CSV boxes are written; NULL = found out */
    const char *ignore;          /* PNG masks: values that are no class, "0,255" or "none"; NULL = 255 */
    const wn_progress *progress; /* stage "import", unit "items"; WN_CANCELLED when it says stop */
} wn_annotation_options;

/* Reads one set. `path` is a file or a folder. WN_NOTFOUND: no such file, or nothing in the folder that the reader
 * takes; WN_INVALID: no reader knows it, or it has none of the role asked for; WN_CORRUPT: the file itself is damaged
 * (file and line in the message). Damage of one file of many is a problem, not a failure. */
WN_API WN_NODISCARD wn_status wn_annotations_read(const char *path, const wn_annotation_options *options,
                                                  wn_annotations **out, wn_error *err);
WN_API void wn_annotations_free(wn_annotations **set);

/* Names of the tasks that a path holds: several for a Lightly folder, else one. One block, released with wn_free. */
WN_API WN_NODISCARD wn_status wn_annotations_tasks(const char *path, const wn_annotation_options *options,
                                                   const char ***names, size_t *count, wn_error *err);

/* Tells a set the size of an image whose file did not (0 where it did is ignored), then puts its items in order: shares
 * become pixels, boxes are cut to the image; an item whose box is empty, reversed or outside gets WN_ITEM_DROPPED and
 * is listed as a problem. Reading has done so where the file tells sizes. `dropped` (may be
 * NULL) gets the number of items dropped so far. */
WN_API WN_NODISCARD wn_status wn_annotations_fit(wn_annotations *set, size_t image, int32_t width, int32_t height,
                                                 size_t *dropped, wn_error *err);

/* Draws the mask of an item (its runs, else its polygon) into width x height bytes of 0 and 1. False when the item
 * has neither, or its runs do not fill such a picture. */
WN_API bool wn_annotation_draw_mask(const wn_annotations *set, const wn_annotation_item *item, int32_t width,
                                    int32_t height, uint8_t *out);

/* --- Readers --------------------------------------------------------------------------------------------------- */

typedef struct wn_annotation_format wn_annotation_format;

/* The table: index 0, 1, ...; NULL beyond the last. */
WN_API const wn_annotation_format *wn_annotation_format_at(size_t index);
WN_API const wn_annotation_format *wn_annotation_format_find(const char *name);
WN_API const char *wn_annotation_format_name(const wn_annotation_format *format);
WN_API const char *wn_annotation_format_summary(const wn_annotation_format *format);

/* --- Writers --------------------------------------------------------------------------------------------------- */

typedef struct wn_annotation_writer wn_annotation_writer;

/* The table: index 0, 1, ...; NULL beyond the last. */
WN_API const wn_annotation_writer *wn_annotation_writer_at(size_t index);
WN_API const wn_annotation_writer *wn_annotation_writer_find(const char *name);
WN_API const char *wn_annotation_writer_name(const wn_annotation_writer *writer);
WN_API const char *wn_annotation_writer_summary(const wn_annotation_writer *writer);

/* Whether it writes a folder; then the paths of the images must be relative. */
WN_API bool wn_annotation_writer_is_folder(const wn_annotation_writer *writer);

/* Writes the images of a set and their items to the file or folder `out`. A file is complete or absent; in a folder,
 * files of the same names are replaced. WN_INVALID: the images have no paths, or a path leads out of the folder. */
WN_API WN_NODISCARD wn_status wn_annotations_write(const wn_annotations *set, const wn_annotation_writer *writer,
                                                   const char *out, wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
