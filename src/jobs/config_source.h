/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a selection config finds its inputs: in a workspace, or in arrays.
 */
#ifndef JOBS_CONFIG_SOURCE_H
#define JOBS_CONFIG_SOURCE_H

#include "base/arena.h"
#include "jobs/job.h"
#include "jobs/objects.h"
#include "winnow/npy.h"
#include "winnow/selection_config.h"

/* The classes of all rows: one a row (labels), or an amount of each (amounts). Arrays are released with wn_free, the
 * names belong to the arena. */
typedef struct wn_config_classes {
    int64_t *labels; /* rows, -1 = none; or NULL */
    float *amounts;  /* rows x count, NaN = nothing is known */
    const char **names;
    size_t count;
} wn_config_classes;

/* All functions speak of `rows` positions. `arena` is for names and texts. */
typedef struct wn_config_source {
    void *context;
    const wn_job *job;
    wn_matrix embeddings; /* rows x dim */
    wn_arena *arena;
    /* One value a row for SCORES, METADATA and CATEGORY_COUNT; NaN = none. */
    wn_status (*numbers)(const struct wn_config_source *source, const wn_config_input *input, float *out,
                         wn_error *err);
    /* The classes for METADATA and CLASS_DISTRIBUTION. */
    wn_status (*classes)(const struct wn_config_source *source, const wn_config_input *input, wn_config_classes *out,
                         wn_error *err);
    /* The positions that a tag or a list of paths names; those that it does not know are left out. */
    wn_status (*rows)(const struct wn_config_source *source, const wn_config_rows *rows, wn_row_list *out,
                      wn_error *err);
    /* The k nearest neighbours of all rows (L2); release with wn_neighbours_clear. */
    wn_status (*neighbours)(const struct wn_config_source *source, size_t k, wn_neighbours *out, wn_error *err);
    /* The objects of a task, or those that an automatic task `made` makes (NULL = none); release with
     * wn_objects_clear. */
    wn_status (*objects)(const struct wn_config_source *source, const char *task, const wn_config_auto_task *made,
                         wn_objects *out, wn_error *err);
} wn_config_source;

/* Whether a set of rows is named at all. */
bool wn_config_rows_given(const wn_config_rows *rows);

/* The positions that a set of rows names, or a .npy file of row numbers; release with wn_free(out->rows). */
WN_NODISCARD wn_status wn_config_positions(const wn_config_source *source, const wn_config_rows *rows, wn_row_list *out,
                                           wn_error *err);

/* A .npy file of one number a row, in a new array. */
WN_NODISCARD wn_status wn_config_array_numbers(const char *path, size_t rows, float *out, wn_error *err);

/* A .npy file of classes: whole numbers are labels, a matrix is amounts. Names are those of `categories`, or numbers.
 */
WN_NODISCARD wn_status wn_config_array_classes(const wn_config_source *source, const wn_config_input *input,
                                               const char *path, wn_config_classes *out, wn_error *err);

/* What a config is run on when there is no workspace. Paths of arrays may be NULL. */
typedef struct wn_config_arrays {
    const char *scores, *probabilities, *labels;
} wn_config_arrays;

/* The source for arrays; `arrays` must outlive it. */
void wn_config_source_arrays(wn_config_source *source, const wn_config_arrays *arrays);

#endif
