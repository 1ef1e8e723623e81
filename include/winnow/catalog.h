/* SPDX-License-Identifier: Apache-2.0
 *
 * Records that a workspace keeps beside its samples: settings, runs, models, embeddings, tags and selections. Writing
 * functions need a workspace opened for writing; each is one transaction. Lists come in one block, strings
 * included, released with wn_free; texts are UTF-8, NULL where absent. Times are seconds since 1970 UTC.
 */
#ifndef WINNOW_CATALOG_H
#define WINNOW_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "winnow/matrix.h"
#include "winnow/workspace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- Settings ------------------------------------------------------------------------------------------------- */

/* Small named values of the workspace: side of the model input, seed, ... `value` NULL removes. */
WN_API WN_NODISCARD wn_status wn_setting_set(wn_workspace *workspace, const char *key, const char *value,
                                             wn_error *err);

/* `out` receives the value (release with wn_free), or NULL when the key is absent, which is no failure. */
WN_API WN_NODISCARD wn_status wn_setting_get(wn_workspace *workspace, const char *key, char **out, wn_error *err);

/* --- Runs ----------------------------------------------------------------------------------------------------- */

/* `state` is one of "running", "done", "failed", "cancelled", and "killed" for one whose process ended without saying.
 */
typedef struct wn_run_record {
    int64_t id;          /* from 1; names the folder runs/NNNN, four digits or more */
    const char *command; /* "curate" */
    const char *config;  /* JSON */
    const char *state;
    int64_t started_at, finished_at; /* finished_at 0 while running */
    const char *stages;              /* JSON object: stage -> seconds; NULL while running */
    const char *summary;             /* JSON of the result, or the error text; may be NULL */
} wn_run_record;

/* Registers a run in state "running" and makes its folder, whose path `folder` (may be NULL) receives; wn_free it. */
WN_API WN_NODISCARD wn_status wn_run_begin(wn_workspace *workspace, const char *command, const char *config,
                                           int64_t *id, char **folder, wn_error *err);
WN_API WN_NODISCARD wn_status wn_run_end(wn_workspace *workspace, int64_t id, const char *state, const char *stages,
                                         const char *summary, wn_error *err);
/* By id. */
WN_API WN_NODISCARD wn_status wn_run_list(wn_workspace *workspace, wn_run_record **out, size_t *count, wn_error *err);

/* --- Models and their embeddings ------------------------------------------------------------------------------ */

typedef struct wn_model_record {
    const char *name; /* unique */
    const char *file; /* relative to the workspace ("models/a.wnm") or absolute */
    int64_t dim;
    int64_t created_at; /* 0 when adding = now */
    const char *note;   /* JSON or text; may be NULL */
} wn_model_record;

/* Adds a model, or overwrites the record of that name. */
WN_API WN_NODISCARD wn_status wn_model_add(wn_workspace *workspace, const wn_model_record *model, wn_error *err);
/* Newest first; models of the same second by name. */
WN_API WN_NODISCARD wn_status wn_model_list(wn_workspace *workspace, wn_model_record **out, size_t *count,
                                            wn_error *err);

/* Which column holds the embeddings of a model. */
typedef struct wn_embedding_record {
    const char *model;
    const char *column;
    int64_t dim;
    int64_t rows; /* done; from the column */
} wn_embedding_record;

/* Registers or overwrites; the model must have been added. `rows` is ignored. */
WN_API WN_NODISCARD wn_status wn_embedding_add(wn_workspace *workspace, const wn_embedding_record *embedding,
                                               wn_error *err);
/* By model name. */
WN_API WN_NODISCARD wn_status wn_embedding_list(wn_workspace *workspace, wn_embedding_record **out, size_t *count,
                                                wn_error *err);

/* --- Tags and selections -------------------------------------------------------------------------------------- */

typedef struct wn_tag_record {
    const char *name; /* unique */
    int64_t rows;
    int64_t created_at;
} wn_tag_record;

/* Sets the rows of a tag, which is made when new; no rows leaves an empty tag. Duplicate rows count once. */
WN_API WN_NODISCARD wn_status wn_tag_set(wn_workspace *workspace, const char *name, wn_rows rows, wn_error *err);
WN_API WN_NODISCARD wn_status wn_tag_remove(wn_workspace *workspace, const char *name, wn_error *err);
/* Rows in rising order, released with wn_free. WN_NOTFOUND when there is no such tag. */
WN_API WN_NODISCARD wn_status wn_tag_get(wn_workspace *workspace, const char *name, int64_t **rows, size_t *count,
                                         wn_error *err);
WN_API WN_NODISCARD wn_status wn_tag_list(wn_workspace *workspace, wn_tag_record **out, size_t *count, wn_error *err);

/* A change of a tag that can be taken back. */
typedef struct wn_tag_change_record {
    int64_t id;
    const char *name;
    int64_t made_at;
    bool created;        /* there was no such tag before */
    int64_t rows_before; /* rows that it had */
} wn_tag_change_record;

/* The newest first; those taken back are left out. */
WN_API WN_NODISCARD wn_status wn_tag_change_list(wn_workspace *workspace, wn_tag_change_record **out, size_t *count,
                                                 wn_error *err);

/* Takes the newest change back: the tag is as it was before, or gone. `name` receives the tag (wn_free). WN_NOTFOUND
 * when nothing is left. */
WN_API WN_NODISCARD wn_status wn_tag_undo(wn_workspace *workspace, char **name, wn_error *err);

typedef struct wn_pick {
    int64_t row;
    float distance; /* to the nearest earlier pick; NaN = none earlier */
    float score;    /* of the strategy; NaN = it has none */
} wn_pick;

typedef struct wn_selection_record {
    int64_t id;      /* set by the store */
    const char *tag; /* name of the tag with the same rows */
    int64_t run;     /* 0 = none */
    const char *strategy;
    int64_t k; /* asked for */
    int64_t seed;
    const char *config; /* JSON; may be NULL */
    int64_t created_at; /* set by the store */
    int64_t picks;      /* number of picks; set by the store */
} wn_selection_record;

/* Stores the picks in their order and sets the tag to their rows. A tag of an earlier selection is taken over: the
 * earlier selection stays with its picks. */
WN_API WN_NODISCARD wn_status wn_selection_add(wn_workspace *workspace, const wn_selection_record *selection,
                                               const wn_pick *picks, size_t count, int64_t *id, wn_error *err);
/* By id. */
WN_API WN_NODISCARD wn_status wn_selection_list(wn_workspace *workspace, wn_selection_record **out, size_t *count,
                                                wn_error *err);
/* The picks in pick order, released with wn_free. WN_NOTFOUND when there is no such selection. */
WN_API WN_NODISCARD wn_status wn_selection_picks(wn_workspace *workspace, int64_t id, wn_pick **picks, size_t *count,
                                                 wn_error *err);

/* The order in which a selection took rows, and why; its first ones are the picks, the others would have come next. */
typedef struct wn_ranked {
    int64_t row;
    int64_t nearest;     /* row of the nearest one before it; -1 = none, or not known */
    float distance;      /* to that; NaN = none, or not known */
    const char *reasons; /* values of the objectives, by blanks; "" for a strategy without */
} wn_ranked;

/* Keeps the ranking of a selection; `objectives` are the names of the values, one a line. */
WN_API WN_NODISCARD wn_status wn_ranking_add(wn_workspace *workspace, int64_t selection, const char *objectives,
                                             const wn_ranked *ranked, size_t count, wn_error *err);
/* The ranking and the names in two blocks, released with wn_free. WN_NOTFOUND when there is none. */
WN_API WN_NODISCARD wn_status wn_ranking_get(wn_workspace *workspace, int64_t selection, char **objectives,
                                             wn_ranked **ranked, size_t *count, wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
