/* SPDX-License-Identifier: Apache-2.0
 *
 * Objects of images: boxes that were imported, tiles, fixed regions; and one embedding each, of the part of the
 * original image inside the box. The embeddings are kept in the workspace under the row and the box, so no object is
 * ever embedded twice by one model.
 */
#ifndef JOBS_OBJECTS_H
#define JOBS_OBJECTS_H

#include "base/hash.h"
#include "jobs/job.h"
#include "media/crops.h"
#include "winnow/selection_config.h"

/* A box that is shorter than this on one side, after what lies outside the image is cut off, is left out: so few pixels
 * say nothing about an object. */
#define WN_OBJECT_LEAST_PIXELS 8

typedef struct wn_object {
    wn_crop crop;
    uint32_t position; /* of its row in the list of rows */
    wn_hash128 key;    /* of the row of the workspace and the crop */
    int64_t slot;      /* where its embedding is kept; -1 = it has none */
} wn_object;

/* The size of an image, as the catalogue has it. */
typedef struct wn_image_size {
    int32_t width, height;
} wn_image_size;

/* Zero-initialise; release with wn_object_list_clear. */
typedef struct wn_object_list {
    wn_object *items; /* by position, then by key */
    size_t len, capacity;
    size_t small;         /* boxes left out for their size */
    size_t outside;       /* ... for lying outside their image */
    wn_image_size *sizes; /* of the rows */
} wn_object_list;

/* The boxes of the prediction task `task`, or of the labels of that name, in the rows given. WN_NOTFOUND names the
 * tasks that there are; WN_INVALID: a set without boxes. */
WN_NODISCARD wn_status wn_object_boxes(wn_workspace *workspace, const char *task, const wn_row_list *rows,
                                       wn_object_list *out, wn_error *err);

/* The boxes that an automatic task makes in each of the rows. */
WN_NODISCARD wn_status wn_object_regions(wn_workspace *workspace, const wn_config_auto_task *task,
                                         const wn_row_list *rows, wn_object_list *out, wn_error *err);
void wn_object_list_clear(wn_object_list *list);

/* Takes the embeddings of some objects: `count` rows, for list->items[which[i]]. */
typedef wn_status wn_object_sink(void *context, const uint32_t *which, const float *vectors, size_t count,
                                 wn_error *err);

/* What is embedded. */
typedef struct wn_object_embedding {
    wn_workspace *workspace;
    const wn_row_list *rows;
    const char *model; /* name in the workspace */
    const wn_object_list *list;
    wn_object_sink *sink;
    void *context;
} wn_object_embedding;

/* Reads the images of all objects without a slot, cuts, embeds, and hands on what was embedded by blocks of about a
 * second. Images that cannot be read (any more) are counted in `unreadable`, the first ones named in a warning. */
WN_NODISCARD wn_status wn_object_embed(const wn_job *job, const wn_object_embedding *embedding, size_t *unreadable,
                                       wn_error *err);

/* The objects of some rows as vectors. Release with wn_objects_clear. */
typedef struct wn_objects {
    float *vectors;  /* len x dim */
    int64_t *owners; /* len: positions in the rows, rising */
    size_t len, dim;
    size_t images; /* rows with at least one */
    size_t fresh;  /* embedded now */
    size_t small;  /* boxes left out for their size */
    size_t unreadable;
} wn_objects;

/* What wn_stage_objects works on. */
typedef struct wn_objects_request {
    const char *task;
    const wn_config_auto_task *made; /* in place of an imported task; or NULL */
    const wn_row_list *rows;
    const char *model, *column; /* name of the model, and of the column of its embeddings of images */
} wn_objects_request;

/* Embeds what was not embedded before, and gives all. The workspace is open for writing. */
WN_NODISCARD wn_status wn_stage_objects(const wn_job *job, wn_workspace *workspace, const wn_objects_request *request,
                                        wn_objects *out, wn_error *err);
void wn_objects_clear(wn_objects *objects);

/* How many objects wn_stage_objects would embed. The column need not be there yet, and the workspace may be open for
 * reading. */
WN_NODISCARD wn_status wn_objects_count_missing(wn_workspace *workspace, const wn_objects_request *request,
                                                size_t *missing, wn_error *err);

#endif
