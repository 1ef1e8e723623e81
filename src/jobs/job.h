/* SPDX-License-Identifier: Apache-2.0
 *
 * What the jobs share: names of the columns, memory plans, where the files of a sample are.
 */
#ifndef JOBS_JOB_H
#define JOBS_JOB_H

#include "base/buffer.h"
#include "winnow/catalog.h"
#include "winnow/column.h"
#include "winnow/jobs.h"
#include "winnow/media.h"
#include "winnow/selection.h"
#include "winnow/workspace.h"

/* Columns that reading fills; name, type, values of a row. The model input stands beside them: its width depends on
 * the workspace. */
#define WN_FACT_COLUMN_MAP(X)                                                                                          \
    X(BYTE_HASH, "byte_hash", HASH128, 1)                                                                              \
    X(PIXEL_HASH, "pixel_hash", HASH128, 1)                                                                            \
    X(PHASH, "phash", I64, 1)                                                                                          \
    X(LUMINANCE, "luminance", F32, 1)                                                                                  \
    X(CONTRAST, "contrast", F32, 1)                                                                                    \
    X(SHARPNESS, "sharpness", F32, 1)                                                                                  \
    X(NOISE, "signal_to_noise", F32, 1)                                                                                \
    X(UNIFORM, "uniform_row_ratio", F32, 1)                                                                            \
    X(MEAN, "mean_rgb", F32, 3)                                                                                        \
    X(DEVIATION, "deviation_rgb", F32, 3)

enum {
#define X(id, name, type, width) WN_FACT_COLUMN_##id,
    WN_FACT_COLUMN_MAP(X)
#undef X
        WN_FACT_COLUMN_COUNT
};

#define WN_INPUT_COLUMN "input"

/* Settings of a workspace. */
#define WN_SETTING_INPUT_SIDE "input_side"

/* Checks that `bytes` more fit the job's memory limit beside what the process holds now, and logs the plan of the
 * stage. WN_LIMIT names both numbers. */
WN_NODISCARD wn_status wn_job_plan(const wn_job *job, const char *stage, uint64_t bytes, wn_error *err);

/* Bytes that a stage may still take: the limit less what the process holds, at least 1; 0 without a limit. */
uint64_t wn_job_memory_left(const wn_job *job);

/* The same for a stage whose result depends on the number: it follows from the limit and the number of rows alone, so
 * that a run that goes on after a kill finds what it found before. */
uint64_t wn_job_memory_share(const wn_job *job, size_t rows);

/* What that sets aside for the program itself. */
uint64_t wn_job_memory_aside(size_t rows);

/* Opens the workspace of the rules in jobs.h and receives its path (released with wn_free). */
WN_NODISCARD wn_status wn_job_open_workspace(const wn_job *job, const char *workspace, const char *const *paths,
                                             size_t path_count, wn_workspace_mode mode, wn_workspace **out, char **path,
                                             wn_error *err);

/* Side of the model input; 0 while it is not decided. */
WN_NODISCARD wn_status wn_job_input_side(wn_workspace *workspace, int64_t *side, wn_error *err);

/* ---- where files are (location.c) ---- */

/* Kind of a root: "folder", "list", "tar" or "file"; WN_NOTFOUND when it does not exist. */
WN_NODISCARD wn_status wn_root_kind(const char *path, const char **kind, wn_error *err);

/* The path of a sample: `name` (of `len` bytes) as it stands under a source of that kind and path; in one new string,
 * NULL when memory is short. With the source's path as typed by the user this is what to show them. */
char *wn_sample_path(const char *kind, const char *root, const char *name, size_t len);

/* Splits such a path into the file to open and the member inside it, when the file is a tar. `*member` points into
 * `path`, or is NULL for a plain file; the file's name is then cut off in place. */
void wn_sample_path_split(char *path, char **member);

/* ---- the paths of one call as sources of the workspace ---- */

typedef struct wn_root {
    int64_t source;
    const char *kind;
    const char *typed; /* as given; NULL for a source that was not named in this call: its own path is shown */
    const char *path;  /* of the source */
} wn_root;

/* Sources that matter for one call: those of `paths`, or all when there are none. */
typedef struct wn_roots {
    wn_root *items;
    size_t len;
    bool all;
    wn_source *sources; /* storage of the strings */
    size_t source_count;
} wn_roots;

/* What to do with a path that is no source of the workspace yet. */
typedef enum wn_roots_mode {
    WN_ROOTS_ADD,   /* make it one */
    WN_ROOTS_KNOWN, /* fail with WN_NOTFOUND */
    WN_ROOTS_ANY    /* go on: it has source -1 */
} wn_roots_mode;
WN_NODISCARD wn_status wn_roots_load(wn_workspace *workspace, const char *const *paths, size_t path_count,
                                     wn_roots_mode mode, wn_roots *out, wn_error *err);
void wn_roots_clear(wn_roots *roots);

/* The root of a source id; NULL when it does not take part. */
const wn_root *wn_roots_find(const wn_roots *roots, int64_t source);

/* Path of a sample to show, in one new string; NULL when memory is short. */
char *wn_roots_sample_path(const wn_roots *roots, const wn_sample *sample);

/* ---- stages on an open workspace ---- */

/* Adds what is new under `paths`. */
WN_NODISCARD wn_status wn_stage_add(const wn_job *job, wn_workspace *workspace, const wn_add_options *options,
                                    wn_add_result *out, wn_error *err);

/* Row numbers of the workspace in rising order. Release with wn_free(rows). */
typedef struct wn_row_list {
    int64_t *rows;
    size_t len;
} wn_row_list;

/* The samples of the roots whose file is there. */
WN_NODISCARD wn_status wn_rows_load(wn_workspace *workspace, const wn_roots *roots, wn_row_list *out, wn_error *err);

/* Position of a row in the list, or SIZE_MAX. */
size_t wn_rows_find(const wn_row_list *list, int64_t row);

/* Reads one column for the rows of a list into a new array, released with wn_free. */
WN_NODISCARD wn_status wn_rows_gather(wn_workspace *workspace, const char *column, const wn_row_list *rows, void **out,
                                      wn_error *err);

/* Which of the rows repeat the pixels of an earlier one: one byte a row. */
WN_NODISCARD wn_status wn_find_repeats(wn_workspace *workspace, const wn_row_list *rows, uint8_t **repeats,
                                       size_t *count, wn_error *err);

/* Trains on the rows; `teacher` NULL or a matrix with a row for each of them; `name` NULL = the next free of "trained",
 * "trained-2", ... The strings are new. */
WN_NODISCARD wn_status wn_stage_train(const wn_job *job, wn_workspace *workspace, const wn_row_list *rows,
                                      const char *name, const wn_matrix *teacher, const wn_train_params *params,
                                      char **model, char **file, wn_train_result *out, wn_error *err);

/* Embeds all rows that lack an embedding of this model; `reduce` (NULL allowed) asks for fewer dimensions. With
 * job->dry_run it only counts those rows, and a workspace that is open for reading will do. */
typedef struct wn_embedded {
    char *column; /* a new string */
    char *model;  /* the name under which the workspace knows it; a new string */
    int64_t rows, dim, fresh;
    int64_t missing;  /* in a dry run: rows that are left without an embedding; 0 else */
    uint64_t hash;    /* of the model */
    double explained; /* of a reduction: share of the variance that it keeps; 0 = none */
} wn_embedded;
WN_NODISCARD wn_status wn_stage_embed(const wn_job *job, wn_workspace *workspace, const char *name, const char *file,
                                      const wn_reduce *reduce, wn_embedded *out, wn_error *err);
void wn_embedded_clear(wn_embedded *embedded);

/* "500" or "10%" of `available` (at least 1). WN_INVALID for anything else, and for more than available unless
 * `at_most`, which takes all. `repeats` is for the message only. */
WN_NODISCARD wn_status wn_count_parse(const char *text, size_t available, size_t repeats, bool at_most, size_t *out,
                                      wn_error *err);

/* The order in which rows were chosen, and why. Its first ones are the picks; what follows would be picked next. Row
 * numbers are positions of the list that the selection worked on. Release with wn_pick_reasons_clear. */
typedef struct wn_pick_reasons {
    int64_t *ranked; /* len */
    size_t len;
    int64_t *nearest; /* len: the nearest of the earlier picks and the rows picked before; -1 = none, or not known */
    float *distances; /* len: to it; infinite where there is none, NaN where it is not known */
    char **labels;    /* of the objectives; none for a strategy without */
    size_t label_count;
    double *values; /* len x label_count: their values when the row was chosen */
} wn_pick_reasons;

void wn_pick_reasons_clear(wn_pick_reasons *reasons);

/* "500" or "10%" as a config says it, written to `text`; *out is NULL for "until something ends the selection". */
WN_NODISCARD wn_status wn_config_count(const wn_selection_config *config, char *text, size_t size, const char **out,
                                       wn_error *err);

/* What a strategy would do, one line each, in a new string. */
WN_NODISCARD wn_status wn_explain_strategy(const wn_strategy *strategy, const wn_selection_request *request,
                                           uint64_t bytes, char **out, wn_error *err);

/* One selection and what it was made from. */
typedef struct wn_selecting {
    const wn_strategy *strategy;
    wn_row_list rows;  /* that take part: those of the roots, and the ones selected before */
    float *embeddings; /* rows.len x dim */
    size_t dim, candidates, repeats, count;
    size_t missing_objects; /* in a dry run: objects of a config that have no embedding */
    bool unready;           /* in a dry run: there are no picks, for want of embeddings; `count` says how many */
    wn_selection selection; /* picks are positions in `rows` */
    wn_pick_reasons reasons;
    char *explain;                     /* what was done, one line each */
    char *config;                      /* the text of the selection config; NULL = none */
    int64_t *candidate_rows, *earlier; /* positions: `candidates` that could be picked, `earlier_count` picked before */
    size_t earlier_count;
} wn_selecting;

/* Selects among the rows of the roots. `earlier` are the rows that count as picked already; NULL = those of the tag in
 * the options. */
WN_NODISCARD wn_status wn_stage_select(const wn_job *job, wn_workspace *workspace, const wn_select_options *options,
                                       const wn_roots *roots, const wn_row_list *earlier, const wn_embedded *embedded,
                                       wn_selecting *out, wn_error *err);
void wn_selecting_clear(wn_selecting *selecting);

#define WN_UNPREDICTED_STRATEGY "max-herding"

/* The strategy for a workspace where none was named (default_strategy.c): "uncertainty-herding" where there are
 * predictions, WN_UNPREDICTED_STRATEGY where there are none, "farthest-first" where settings are given. Settings as
 * name, value, ..., NULL; may be NULL. */
WN_NODISCARD wn_status wn_default_strategy(wn_workspace *workspace, const char *const *settings, const char **out,
                                           wn_error *err);

/* The i-th metadata field that winnow measures itself ("lightly.sharpness"); NULL beyond the last (metadata_values.c).
 */
const char *wn_metadata_fact_at(size_t i);

/* How unsure the newest predictions are about each of the rows: 1 - (p1 - p2). Rows without predictions get the mean of
 * the candidates, which are positions in `rows`. NULL where no candidate has any; release with wn_free. */
WN_NODISCARD wn_status wn_predicted_scores(wn_workspace *workspace, wn_rows rows, wn_rows candidates, float **out,
                                           wn_error *err);

/* Stores the selection and its tag. */
WN_NODISCARD wn_status wn_selecting_store(wn_workspace *workspace, const wn_selecting *selecting, const char *tag,
                                          int64_t run, int64_t seed, int64_t *id, wn_error *err);

/* The first `count` of the ranking of a stored selection as a selection of their own. */
WN_NODISCARD wn_status wn_select_from(const wn_job *job, wn_workspace *workspace, const wn_select_options *options,
                                      wn_select_result *out, wn_error *err);

/* Compares the selection with random ones, and the classes of its images where labels or words of metadata are known.
 * Distances are those of the rows `measured`; data NULL = the candidates. Fills the evidence of the result. */
WN_NODISCARD wn_status wn_stage_evidence(const wn_job *job, wn_workspace *workspace, const wn_selecting *selecting,
                                         wn_rows measured, wn_select_result *out, wn_error *err);

/* Stores the ranking of a selection that was stored. */
WN_NODISCARD wn_status wn_reasons_store(wn_workspace *workspace, int64_t selection, const wn_selecting *selecting,
                                        wn_error *err);

/* Paths to show of some rows, in the order given: an array of new strings. */
WN_NODISCARD wn_status wn_rows_paths(wn_workspace *workspace, const wn_roots *roots, const int64_t *rows, size_t count,
                                     char ***out, wn_error *err);
void wn_paths_clear(char ***paths, size_t count);

#endif
