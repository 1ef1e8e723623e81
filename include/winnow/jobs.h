/* SPDX-License-Identifier: Apache-2.0
 *
 * Use cases: what a user asks for, from paths to results. The program, and later the server and the bindings, call
 * these; each opens the workspace that it needs, does its stages and closes it.
 *
 *     wn_job job = {.pool = pool, .progress = &progress};
 *     wn_curate_options options = {.paths = paths, .path_count = 1, .count = "500"};
 *     wn_curate_result result = {0};
 *     if (wn_job_curate(&job, &options, &result, &err) == WN_OK) puts(result.report);
 *     wn_curate_result_clear(&result);
 *
 * Every job leaves the workspace in order when it is stopped (WN_CANCELLED) or killed, and goes on where it was when
 * it is called again.
 */
#ifndef WINNOW_JOBS_H
#define WINNOW_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/annotation.h"
#include "winnow/evidence.h"
#include "winnow/index.h"
#include "winnow/map_quality.h"
#include "winnow/onnx.h"
#include "winnow/plot.h"
#include "winnow/pool.h"
#include "winnow/progress.h"
#include "winnow/selection.h"
#include "winnow/selection_config.h"
#include "winnow/train.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What all jobs share. Zero-initialise, then set. */
typedef struct wn_job {
    wn_pool *pool;               /* NULL = one thread */
    const wn_progress *progress; /* NULL = silence */
    uint64_t memory_limit;       /* bytes for the whole process; 0 = no limit. A stage that cannot fit fails with
                                  * WN_LIMIT before it starts, and says both numbers */
    uint64_t seed;
    bool strict;         /* bad input files make the job fail, after everything else is done */
    bool dry_run;        /* find out and say what would be done; write nothing */
    const char *command; /* as typed; kept in the log and shown to who finds the workspace busy */
} wn_job;

/* Wall time of each stage; 0 for those that did not run. */
typedef struct wn_job_seconds {
    double scan, read, train, embed, neighbours, check, select, map, report, total;
} wn_job_seconds;

/* Fewer dimensions than a model gives, by principal components (winnow/pca.h) of the embeddings that are there when
 * they are first asked for; rows that come later are turned by the same axes. In a workspace they are a model of their
 * own, NAME-pcaDIM, or NAME-pcaDIMw where whitened. */
typedef struct wn_reduce {
    int64_t dim; /* 1 .. those of the model; 0 = all that the model gives, as they are */
    bool whiten; /* divide by the standard deviation of each axis */
} wn_reduce;

/* Which workspace. `workspace` NULL: NAME.winnow in the current folder, named after the first path; without paths the
 * only *.winnow in the current folder. Paths are folders, lists, tars or files (winnow/media.h). */

/* The path that those rules give, released with wn_free. WN_NOTFOUND or WN_INVALID when they give none. */
WN_API WN_NODISCARD wn_status wn_job_workspace_path(const char *workspace, const char *const *paths, size_t path_count,
                                                    char **out, wn_error *err);

/* ------------------------------------------------------------------------------------------------ add */

/* Files that could not be read, and why. Released with the result that holds them. */
typedef struct wn_bad_path {
    char *path; /* as the images of the call are named: below the path that was given */
    char *reason;
} wn_bad_path;

typedef struct wn_bad_paths {
    wn_bad_path *items;
    size_t len, capacity;
} wn_bad_paths;

/* WN_INVALID for a side of the model input that no network takes; 0 = to be decided, is good. */
WN_API WN_NODISCARD wn_status wn_job_check_input_side(int64_t side, wn_error *err);

typedef struct wn_add_options {
    const char *workspace;
    const char *const *paths;
    size_t path_count;
    int64_t input_side; /* of the model input in a new workspace, a multiple of 8 in 16..256: 0 = 32 when half of the
                         * images are at most 48 pixels on their shorter side, else 64 */
} wn_add_options;

typedef struct wn_add_result {
    char *workspace;
    uint64_t found, readable, bad; /* files of these paths, now */
    uint64_t added, changed, unchanged, gone, skipped;
    int64_t input_side;
    wn_bad_paths bad_paths; /* the bad ones; of a dry run none */
    wn_job_seconds seconds;
} wn_add_result;

/* Indexes what is new or changed under the paths: facts, hashes, thumbnail and model input from one read of each file.
 * WN_NOTFOUND when a path does not exist or no image is there. */
WN_API WN_NODISCARD wn_status wn_job_add(const wn_job *job, const wn_add_options *options, wn_add_result *out,
                                         wn_error *err);
WN_API void wn_add_result_clear(wn_add_result *result);

/* ------------------------------------------------------------------------------------------------ train */

typedef struct wn_train_job_options {
    const char *workspace;
    const char *const *paths; /* added first, and trained on alone; none = all that the workspace holds */
    size_t path_count;
    const char *name;             /* of the model in the workspace; NULL = "trained", "trained-2", ... */
    const char *copy_to;          /* also write the model file there; NULL = no */
    const char *teacher;          /* a model, as in wn_embed_options, or a .npy with a row for each image, in the order
                                   * of `winnow embed`; NULL = none */
    const wn_train_params *train; /* seed and memory_limit are taken from the job */
} wn_train_job_options;

typedef struct wn_train_job_result {
    char *workspace;
    char *model; /* name in the workspace */
    char *file;  /* its path */
    wn_train_result training;
    int64_t images;
    int64_t dim;
    wn_job_seconds seconds;
} wn_train_job_result;

/* Trains a model on the images, without labels; continues a training that was stopped. */
WN_API WN_NODISCARD wn_status wn_job_train(const wn_job *job, const wn_train_job_options *options,
                                           wn_train_job_result *out, wn_error *err);
WN_API void wn_train_job_result_clear(wn_train_job_result *result);

/* ------------------------------------------------------------------------------------------------ embed */

typedef struct wn_embed_options {
    const char *workspace;
    const char *const *paths;
    size_t path_count;
    const char *model;     /* a name in the workspace or a file; NULL = the newest of the workspace */
    const char *out;       /* array mode: embeddings as .npy, rows in the order of `out_paths` */
    const char *out_paths; /* array mode: one path a line */
    const char *out_model; /* array mode with fewer dimensions: a model file (.wnr) that gives them again; NULL */
    wn_reduce reduce;
    const wn_onnx_settings *onnx; /* array mode with an ONNX model: over those of MODEL.onnx.json; NULL = none */
} wn_embed_options;

typedef struct wn_embed_result {
    char *workspace; /* NULL in array mode without one */
    char *model;
    int64_t rows, dim; /* rows that have an embedding now, or were written */
    int64_t fresh;     /* embedded by this call */
    double explained;  /* fewer dimensions: share of the variance that they keep; 0 = all dimensions */
    uint64_t bad;
    wn_bad_paths bad_paths; /* the bad ones */
    wn_job_seconds seconds;
} wn_embed_result;

/* Embeds the samples that have no embedding of this model yet, after adding the paths. With paths, `out`, a model file
 * and no workspace, the images are read and embedded without keeping anything else. */
WN_API WN_NODISCARD wn_status wn_job_embed(const wn_job *job, const wn_embed_options *options, wn_embed_result *out,
                                           wn_error *err);
WN_API void wn_embed_result_clear(wn_embed_result *result);

typedef struct wn_reduce_options {
    const char *embeddings; /* .npy of rows, every value finite */
    const char *model;      /* a reduction (.wnr) to apply; NULL = fit one as `reduce` says */
    wn_reduce reduce;
    const char *out;       /* .npy of the reduced rows */
    const char *out_model; /* also write the reduction there; NULL = no */
} wn_reduce_options;

typedef struct wn_reduce_result {
    int64_t rows, from, dim;
    int64_t rank;     /* axes along which the fitted rows vary */
    double explained; /* share of their variance that is kept */
    wn_job_seconds seconds;
} wn_reduce_result;

/* Reduces the rows of an array. They are scaled to length 1 only by a reduction of a model. */
WN_API WN_NODISCARD wn_status wn_job_reduce(const wn_job *job, const wn_reduce_options *options, wn_reduce_result *out,
                                            wn_error *err);

/* Opens a model of the workspace by its name, or a model file of either kind: a winnow model, or FILE.onnx under the
 * settings of FILE.onnx.json. `workspace` NULL: a file comes first, then the only workspace of the current folder.
 * Close it with wn_model_close. */
WN_API WN_NODISCARD wn_status wn_job_open_model(const char *workspace, const char *wanted, wn_model **out,
                                                wn_error *err);

/* What an ONNX file holds and how it would be used, under the settings of FILE.onnx.json and `settings` (NULL allowed)
 * over them. Errors of wn_onnx_facts_read. */
WN_API WN_NODISCARD wn_status wn_job_onnx_facts(const char *path, const wn_onnx_settings *settings, wn_onnx_facts **out,
                                                wn_error *err);

/* ------------------------------------------------------------------------------------------------ neighbours */

typedef struct wn_neighbours_options {
    const char *workspace;
    const char *model; /* a name in the workspace; NULL = its newest */
    wn_reduce reduce;
    size_t k;
    wn_index_metric metric;
    double recall; /* at least this share of true neighbours; 0 = 0.98 */
} wn_neighbours_options;

typedef struct wn_neighbours_result {
    char *workspace, *model;
    int64_t rows, dim;      /* images that take part */
    int64_t kept, searched; /* lists that were there already; found now */
    double recall;
    wn_job_seconds seconds;
} wn_neighbours_result;

/* Brings the neighbour graph of the model's embeddings up to date; other jobs then read it. */
WN_API WN_NODISCARD wn_status wn_job_neighbours(const wn_job *job, const wn_neighbours_options *options,
                                                wn_neighbours_result *out, wn_error *err);
WN_API void wn_neighbours_result_clear(wn_neighbours_result *result);

/* ------------------------------------------------------------------------------------------------ search */

typedef struct wn_search_options {
    const char *workspace;
    const char *model; /* a name in the workspace; NULL = its newest */
    wn_reduce reduce;
    const char *const *images;     /* files that the results should be like */
    const char *const *not_images; /* files that they should not be like */
    size_t image_count, not_image_count;
    const char *samples, *not_samples; /* samples of the workspace: rows "17" or "17,40", or one path */
    const char *tag, *not_tag;         /* the mean of the samples with a tag */
    const char *region;                /* "x,y,w,h" in pixels of the first image: look for that part */
    const char *where;                 /* "tag=T", "label=L", "FIELD>=3", joined by commas: all must hold */
    bool farthest; /* the least alike first; without any query, those that are far from their nearest neighbours */
    size_t count;
    const char *sheet; /* also draw the results into this .png, which is no image of theirs; NULL = no */
} wn_search_options;

typedef struct wn_search_result {
    char *workspace, *model;
    int64_t rows, dim; /* that were compared */
    size_t count;
    int64_t *found;   /* rows, best first */
    float *distances; /* 1 - cosine; of outliers the mean distance to the 10 nearest */
    char **paths;
    wn_job_seconds seconds; /* embed: of the query; select: of the search */
} wn_search_result;

/* Finds images like others, by the embeddings of a model. Writes nothing but the sheet. WN_NOTFOUND for a model,
 * sample, tag or field that is not there; WN_INVALID for a query that says nothing. */
WN_API WN_NODISCARD wn_status wn_job_search(const wn_job *job, const wn_search_options *options, wn_search_result *out,
                                            wn_error *err);
WN_API void wn_search_result_clear(wn_search_result *result);

/* --------------------------------------------------------------------------------------------------- map */

/* How a map is drawn into a file. Zero-initialise, then set. */
typedef struct wn_map_plot {
    const char *path;      /* .png or .svg */
    const char *colour_by; /* "tag:NAME", "label", "cluster", or a metadata field; NULL = label where rows have one,
                              else cluster */
    size_t width;          /* pixels; 0 = WN_PLOT_WIDTH_USUAL */
    double point_size;     /* pixels; 0 = by number and density */
    int64_t clusters;      /* groups marked by a typical image; negative = 12 when coloured by cluster, else none */
    bool thumbnails;       /* pictures all over the map, as many as have room */
} wn_map_plot;

/* What is drawn, and what its colours tell: the first of codes, integers and numbers that is not NULL; clusters where
 * all are. */
typedef struct wn_map_plot_data {
    wn_matrix points;              /* N x 2 or 3; NaN = not drawn */
    wn_matrix rows;                /* N x dim: typical rows are chosen by them; data NULL = by the points */
    const char *method;            /* "umap" */
    const char *row_word;          /* "images", "rows" */
    const char *about;             /* what they are of; NULL = not said */
    const wn_map_quality *quality; /* NULL, or sampled 0 = not said */
    const char *colour_title;
    const int32_t *codes;     /* N, -1 = none */
    const char *const *names; /* of the codes */
    size_t names_len;
    const char *none;        /* what rows without are called */
    const int64_t *integers; /* N, categories that are numbers; negative = none */
    const float *numbers;    /* N, NaN = none */
    wn_plot_picture *picture;
    void *context;
} wn_map_plot_data;

/* Draws a map with title, figures and legend. Errors of wn_plot_write. */
WN_API WN_NODISCARD wn_status wn_map_plot_draw(const wn_map_plot *plot, const wn_map_plot_data *data, wn_error *err);

typedef struct wn_map_options {
    const char *workspace;
    const char *model; /* a name in the workspace; NULL = its newest */
    wn_reduce reduce;
    const char *method;   /* NULL = "umap" */
    const char *settings; /* of the method: "name=value,name=value", or NULL */
    size_t dims;          /* 2 or 3 */
    wn_index_metric metric;
    bool anew;               /* also images that are on the map already move */
    const wn_map_plot *plot; /* also draw it; NULL = no */
} wn_map_options;

typedef struct wn_map_result {
    char *workspace, *model;
    int64_t rows, dim; /* images on the map */
    int64_t placed;    /* of them put among those that were on it already */
    wn_map_quality quality;
    const char *objective_name; /* static; NULL when nothing was made small */
    double objective;
    size_t iterations;
    wn_job_seconds seconds;
} wn_map_result;

/* Makes the map of a workspace, or puts new images on it without moving the others; more new ones than old make it
 * anew. The coordinates are the column map.METHOD (docs/formats/workspace.md). */
WN_API WN_NODISCARD wn_status wn_job_map(const wn_job *job, const wn_map_options *options, wn_map_result *out,
                                         wn_error *err);
WN_API void wn_map_result_clear(wn_map_result *result);

/* ------------------------------------------------------------------------------------------------ select */

typedef struct wn_select_options {
    const char *workspace;
    const char *count;           /* "500", or "10%" of the images that can be picked */
    const char *strategy;        /* NULL = "farthest-first" */
    const char *const *settings; /* of the strategy: name, value, name, value, ..., NULL */
    const char *model;           /* as for embed */
    wn_reduce reduce;
    const char *tag;                   /* NULL = "selected" */
    const char *except_tag;            /* rows with this tag count as picked already; NULL = none */
    bool at_most;                      /* fewer images than asked for are no failure */
    bool keep_duplicates;              /* images with the same pixels may all be picked */
    const wn_selection_config *config; /* in place of a strategy; NULL = none. `count` NULL = as it says */
    const char *from;                  /* a stored selection, by tag or number: its first `count` images; NULL = none */
    int64_t first_row;                 /* rows of the workspace before this cannot be picked; 0 = all can */
    int64_t sequence_length;           /* pick runs of so many files that follow each other in a folder; 0, 1 = files */
    bool evaluate;                     /* compare with random selections */
    bool explain;                      /* say what would be done, and do not pick */
} wn_select_options;

typedef struct wn_select_result {
    char *workspace, *model, *tag;
    const char *strategy; /* static storage */
    int64_t rows, dim;    /* that took part */
    int64_t candidates;   /* of them, that could be picked */
    int64_t *picks;       /* rows of the workspace in pick order */
    float *distances;     /* to the nearest earlier pick */
    char **paths;         /* of the picks */
    int64_t selected;
    bool stopped; /* before as many as were asked for */
    double objective, radius, mean;
    int64_t *nearest;     /* of each pick: row of the nearest one picked before; -1 = none, or not known */
    char **nearest_paths; /* its path, NULL where nearest is -1; NULL on arrays */
    char **objectives;    /* of a config: names of the values */
    size_t objective_count;
    double *values;       /* selected x objective_count: value of each objective when the pick was made */
    char *explain;        /* what was done, or would be, one line each; NULL for a plain strategy */
    wn_evidence evidence; /* figures beside those of random selections; none unless asked for */
    char **class_names;   /* storage of its names */
    size_t class_name_count;
    int64_t ranked; /* rows whose order is known: the picks, and those that would come next */
    /* Of a dry run that found images, or objects of a config, without an embedding: how many; and how many images would
     * be picked once they have one. There are no picks then. */
    int64_t unembedded, unembedded_objects, planned;
    wn_job_seconds seconds;
} wn_select_result;

/* A selection config on arrays, without a workspace. Paths may be NULL. */
typedef struct wn_select_arrays_options {
    const wn_selection_config *config;
    wn_matrix embeddings;                        /* finite values */
    wn_rows preselected;                         /* row numbers that count as picked already */
    const char *count;                           /* NULL = as the config says */
    const char *scores, *probabilities, *labels; /* .npy files for inputs that name no array of their own */
    bool at_most, explain, evaluate;
} wn_select_arrays_options;

/* The evidence of any picks on arrays. `labels` is a .npy file or NULL. Adds to a result that is zero or of select. */
WN_API WN_NODISCARD wn_status wn_job_evaluate_arrays(const wn_job *job, const wn_matrix *embeddings, wn_rows picks,
                                                     wn_rows preselected, const char *labels, wn_select_result *out,
                                                     wn_error *err);

/* Picks and nearest rows of the result are row numbers of the embeddings; it has no workspace, model, tag or paths. */
WN_API WN_NODISCARD wn_status wn_job_select_arrays(const wn_job *job, const wn_select_arrays_options *options,
                                                   wn_select_result *out, wn_error *err);

/* "500" or "10%" of `available` rows; more than available is WN_INVALID, or all of them where `at_most`. */
WN_API WN_NODISCARD wn_status wn_job_parse_count(const char *text, size_t available, bool at_most, size_t *out,
                                                 wn_error *err);

/* In place of a setting's name: the value is a list of them, "name=value,name=value". */
#define WN_SETTINGS_LIST "strategy-options"

/* A strategy by name (NULL = "farthest-first") with its settings; release with wn_free(params). */
WN_API WN_NODISCARD wn_status wn_job_prepare_strategy(const char *name, const char *const *settings,
                                                      const wn_strategy **strategy, void **params, wn_error *err);

/* Selects among all images of the workspace that have an embedding, and stores the selection as a tag. */
WN_API WN_NODISCARD wn_status wn_job_select(const wn_job *job, const wn_select_options *options, wn_select_result *out,
                                            wn_error *err);
WN_API void wn_select_result_clear(wn_select_result *result);

/* ------------------------------------------------------------------------------------------------ evaluate */

typedef struct wn_labelled_options {
    const char *workspace;
    const char *model; /* NULL = the newest */
    wn_reduce reduce;
    const char
        *labels;  /* an imported set of classification labels; NULL = the newest, or folders where there is none */
    bool folders; /* the folder that holds a file, below its source, names its class, whatever was imported */
} wn_labelled_options;

/* Embeddings of a workspace, one label a row. Release with wn_labelled_clear. */
typedef struct wn_labelled {
    char *workspace, *model;
    char *label_set; /* of the import; NULL = by folders */
    wn_matrix matrix;
    wn_rows rows;    /* of the workspace */
    int64_t *labels; /* class numbers, -1 = none */
    void *storage;   /* what `matrix` and `rows` look into */
} wn_labelled;

/* What the evaluations of winnow/evaluate.h and winnow/quality.h judge. WN_NOTFOUND: no such model, set or
 * embedding. */
WN_API WN_NODISCARD wn_status wn_job_load_labelled(const wn_job *job, const wn_labelled_options *options,
                                                   wn_labelled *out, wn_error *err);
WN_API void wn_labelled_clear(wn_labelled *labelled);

/* ------------------------------------------------------------------------------------------------ curate */

typedef struct wn_curate_options {
    const char *workspace;
    const char *const *paths; /* none = all that the workspace holds */
    size_t path_count;
    const char *count;    /* "500" or "10%"; NULL = as the config says */
    const char *strategy; /* NULL = uncertainty-herding with predictions in the workspace, else farthest-first */
    const char *const *settings;
    const wn_selection_config *config; /* what picks in place of a strategy; NULL = none */
    const char *model;                 /* NULL = the newest of the workspace, else WN_MODEL_DEFAULT */
    wn_reduce reduce;
    const wn_train_params
        *train; /* NULL = never train. Else, where the workspace has no model of its own, one is trained
                 * now: the built-in model is adapted, or a network that is named starts afresh */
    const char *except_tag;
    const char *copy, *link; /* folders that get copies of the picks, or links to them */
    int64_t input_side;
    bool at_most;
    bool keep_duplicates;
    bool since_last; /* pick among images that the last finished run did not see, as far as possible from all that
                      * runs picked before; as many as there are where they are fewer than asked for */
} wn_curate_options;

/* What one check found. */
typedef struct wn_check_summary {
    const char *name, *summary; /* static storage */
    const char *left_out;       /* why it did not run; NULL = it did */
    int64_t issues;
    double threshold;        /* scores below it are issues; NaN = decided in another way */
    const char *figure_name; /* of a number about all images: "p-value"; NULL = none */
    double figure;
} wn_check_summary;

typedef struct wn_curate_result {
    char *workspace, *run, *model; /* run: its folder */
    bool trained, resumed;
    uint64_t found, readable, bad, exact_duplicates, near_duplicates;
    int64_t embedded, dim, selected;
    int64_t covering_rows; /* images on which the coverings below were measured: all, or a fixed sample of 100,000; 0
                            * and NaN where nothing was (a dry run, or nothing new) */
    double covering_selected, covering_random_mean, covering_random_std; /* greatest distance of an image to its
                                                                          * nearest pick */
    double mean_selected, mean_random_mean, mean_random_std;             /* mean of the same */
    char *list, *csv, *bad_list, *duplicates, *report;                   /* files */
    uint64_t copied, copies_found;
    wn_check_summary *checks; /* of blur, darkness, outliers and the like; repeats are counted above */
    size_t check_count;       /* 0 where the memory limit leaves no room for them */
    wn_job_seconds seconds;
    bool nothing_new; /* with since_last: no run was made, nothing but `workspace` and the counts is set */
} wn_curate_result;

/* The whole way: add, train where that is asked for, embed, find duplicates, select, compare with chance, check,
 * report. */
WN_API WN_NODISCARD wn_status wn_job_curate(const wn_job *job, const wn_curate_options *options, wn_curate_result *out,
                                            wn_error *err);
WN_API void wn_curate_result_clear(wn_curate_result *result);

/* ------------------------------------------------------------------------------------------------ import */

typedef struct wn_import_options {
    const char *workspace;
    const char *path;
    wn_annotation_role role;
    const char *name;                    /* of the set; NULL = as the file or task is called */
    const wn_annotation_options *reader; /* format, task, column, ...; its role is set by the job. NULL = defaults */
    const char *paths;                   /* file with one path a line: the images of the rows of an array; NULL */
    const char *class_weights;           /* "NAME=FACTOR,...": factors of the scores of objects; NULL = 1 for all */
    const char *strip;                   /* beginning of the paths in the file to leave out; NULL */
} wn_import_options;

/* One set: several for a Lightly folder of several tasks. */
typedef struct wn_import_set {
    char *name;
    const char *task, *format; /* static storage */
    int64_t images;            /* in the file */
    int64_t matched, unmatched, ambiguous;
    int64_t rows;      /* of the workspace that have something now */
    int64_t items;     /* labels, boxes, masks that were kept */
    int64_t confident; /* those of them that have a confidence */
    int64_t dropped;
    int64_t categories, fields, scores;
    int64_t problems;
    char **shown; /* the first few problems as "file:line: reason" */
    size_t shown_count;
} wn_import_set;

typedef struct wn_import_result {
    char *workspace;
    char
        *problems; /* CSV file with file, line and reason of everything that was left out; NULL when there is nothing */
    wn_import_set *sets;
    size_t set_count;
    double seconds;
} wn_import_result;

/* Reads labels, predictions or metadata and keeps them in the workspace; a set of the same role and name is replaced.
 * WN_NOTFOUND when no image of the file is in the workspace. */
WN_API WN_NODISCARD wn_status wn_job_import(const wn_job *job, const wn_import_options *options, wn_import_result *out,
                                            wn_error *err);
WN_API void wn_import_result_clear(wn_import_result *result);

/* ------------------------------------------------------------------------------------------------ export */

typedef struct wn_export_options {
    const char *workspace;
    const char *format; /* of a writer (winnow/annotation.h); NULL = "list" */
    const char *out;    /* file or folder */
    const char *tag;    /* images with this tag; NULL = all */
    wn_annotation_role role;
    const char
        *set;      /* labels or predictions to write; NULL = the newest of the role where the writer has use for some */
    bool relative; /* paths below their source; always so for writers of folders */
    bool bare;     /* no labels or predictions, images alone */
    bool scores;   /* in place of a format a CSV table of all scores of the predictions `set` (NULL = the newest), */
    bool metadata; /* of all metadata, imported and measured, or of both */
} wn_export_options;

typedef struct wn_export_result {
    char *workspace;
    char *set; /* that was written; NULL = none */
    int64_t images, items;
    int64_t columns; /* of a table, beside the path */
    double seconds;
} wn_export_result;

/* Writes images of the workspace, with their labels or predictions, for another tool. */
WN_API WN_NODISCARD wn_status wn_job_export(const wn_job *job, const wn_export_options *options, wn_export_result *out,
                                            wn_error *err);
WN_API void wn_export_result_clear(wn_export_result *result);

/* ------------------------------------------------------------------------------------------------ tags */

typedef enum wn_tag_action {
    WN_TAG_LIST,
    WN_TAG_SHOW,      /* `name` */
    WN_TAG_CREATE,    /* `name` from `paths`, `selection` or `label` */
    WN_TAG_UNION,     /* `name` = all rows of the tags `from` */
    WN_TAG_INTERSECT, /* `name` = rows that are in all of them */
    WN_TAG_SUBTRACT,  /* `name` = rows of the first that are in none of the others */
    WN_TAG_DELETE,    /* `name` */
    WN_TAG_UNDO       /* the last change of any tag, deletions included */
} wn_tag_action;

typedef struct wn_tag_options {
    const char *workspace;
    wn_tag_action action;
    const char *name;
    const char *const *from; /* tags */
    size_t from_count;
    const char *paths; /* file with one path a line, found as by import */
    int64_t selection; /* number of a selection; 0 = none, -1 = the newest */
    const char *label; /* a class of the label set `label_set` (NULL = the newest) */
    const char *label_set;
} wn_tag_options;

typedef struct wn_tag_entry {
    char *name;
    int64_t rows;
    int64_t created_at;
} wn_tag_entry;

typedef struct wn_tag_result {
    char *workspace;
    char *name;         /* of the tag that was changed or shown; NULL for a list */
    bool gone;          /* it does not exist any more */
    int64_t rows;       /* that it has now */
    int64_t unmatched;  /* paths that are no image of the workspace */
    char **paths;       /* of its images, for SHOW; `rows` of them */
    wn_tag_entry *tags; /* for LIST, by name */
    size_t tag_count;
} wn_tag_result;

/* Lists, shows, makes, combines and deletes tags. Every change can be taken back. With job->dry_run nothing is written.
 */
WN_API WN_NODISCARD wn_status wn_job_tag(const wn_job *job, const wn_tag_options *options, wn_tag_result *out,
                                         wn_error *err);
WN_API void wn_tag_result_clear(wn_tag_result *result);

/* ------------------------------------------------------------------------------------------------ check */

typedef struct wn_check_options {
    const char *workspace;
    const char *const *paths; /* check these alone, which the workspace knows; none = all */
    size_t path_count;
    const char *const
        *checks; /* names of winnow/check.h, "labels", "boxes" and "masks"; none = all that the workspace can serve */
    size_t check_count;
    const char *const *settings; /* "CHECK.OPTION", value, ..., NULL */
    const char *model;           /* whose neighbours count; as for embed */
    wn_reduce reduce;
    const char *const *tags; /* splits that should not share images; none = folders called train, val and test */
    size_t tag_count;
    const char *masks;  /* folder of predicted masks or their probabilities, NAME.npy or NAME.png for the image NAME;
                         * NULL =  the newest that were imported */
    const char *ignore; /* values of these files that are no class, "0,255" or "none"; NULL = 255 */
    bool apply;         /* set the tags "check:NAME" to the issues, and "check:drop" to the repeats that are not kept */
} wn_check_options;

typedef struct wn_check_job_result {
    char *workspace, *run, *model; /* run: its folder, NULL for a dry run; model NULL = there are no embeddings */
    char *report;                  /* the page */
    int64_t rows, bad;
    wn_check_summary *checks;
    size_t check_count;
    int64_t exact_duplicates;
    int64_t duplicates, groups;             /* images that repeat another, exactly or nearly, and their groups */
    int64_t leaks, leaks_with_disagreement; /* repeats in another split; of them, with another label */
    int64_t label_errors;                   /* how many labels are wrong, by estimate */
    int64_t mask_pixels, mask_problems;     /* pixels of masks that are issues; masks and predictions left out */
    int64_t tagged;
    wn_job_seconds seconds;
} wn_check_job_result;

/* Checks the images of a workspace and writes issues.csv, duplicates.csv, components.csv, outliers.csv, leaks.csv,
 * label_issues.csv, label_health.csv, label_overlaps.csv, box_issues.csv, mask_issues.csv, mask_health.csv,
 * mask_problems.csv, stats.csv, bad_files.csv and report.html into a run folder (docs/checks.md). No image is changed
 * or deleted. */
WN_API WN_NODISCARD wn_status wn_job_check(const wn_job *job, const wn_check_options *options, wn_check_job_result *out,
                                           wn_error *err);
WN_API void wn_check_job_result_clear(wn_check_job_result *result);

/* Masks of a folder against predictions of another one, without a workspace. */
typedef struct wn_mask_check_options {
    const char *labels;                  /* folder of NAME.png: the value of a pixel is its class */
    const char *predictions;             /* folder of NAME.npy, probabilities or classes, or NAME.png, classes */
    const char *ignore;                  /* values that are no class, "0,255" or "none"; NULL = 255 */
    const char *out;                     /* folder for masks.csv and the lists; NULL = none are written */
    const char *out_issues, *out_mended; /* folders for NAME.png; NULL = none are written */
} wn_mask_check_options;

typedef struct wn_mask_check_result {
    int64_t images, classes;  /* pairs that were compared; classes that the predictions tell apart */
    int64_t image_issues;     /* images whose score is below 0.1 and that have a pixel that is an issue */
    int64_t pixels, estimate; /* pixels that are issues; labels of pixels that are wrong, by estimate */
    int64_t problems;         /* files left out */
    char *shown[5];           /* the first reasons */
    double seconds;
} wn_mask_check_result;

/* Compares the files of one name in both folders, and writes masks.csv (size, score and issues of each image),
 * mask_issues.csv, mask_health.csv and mask_problems.csv (docs/checks.md). A file without a partner, and a pair that
 * does not fit, is left out and listed. WN_NOTFOUND: no two files have one name. */
WN_API WN_NODISCARD wn_status wn_job_check_masks(const wn_job *job, const wn_mask_check_options *options,
                                                 wn_mask_check_result *out, wn_error *err);
WN_API void wn_mask_check_result_clear(wn_mask_check_result *result);

struct wn_calibration; /* winnow/duplicates.h */

/* What limits of the near-duplicate check would find and mistake on up to 500 images of the workspace, drawn by the
 * seed among those that repeat no other. `images` receives how many there are in all. Nothing is written. */
WN_API WN_NODISCARD wn_status wn_job_calibrate(const wn_job *job, const char *workspace, int64_t *images,
                                               struct wn_calibration *out, wn_error *err);

/* ------------------------------------------------------------------------------------------------ report, status */

/* Renders the page of a run again; run 0 = the last finished one. `out` receives its path, released with wn_free. */
WN_API WN_NODISCARD wn_status wn_job_report(const wn_job *job, const char *workspace, int64_t run, char **out,
                                            wn_error *err);

typedef struct wn_status_model {
    char *name;
    int64_t dim, embedded;
} wn_status_model;

typedef struct wn_status_run {
    int64_t id;
    char *command, *state;
    int64_t started_at, finished_at;
} wn_status_run;

/* Labels, predictions or metadata. */
typedef struct wn_status_set {
    char *name;
    const char *role, *task; /* static storage */
    int64_t images, items;
} wn_status_set;

typedef struct wn_status_result {
    char *workspace;
    int64_t readable, bad, gone;
    int64_t input_side;
    char **sources;
    size_t source_count;
    wn_status_model *models;
    size_t model_count;
    wn_status_run *runs;
    size_t run_count;
    char **tags;
    int64_t *tag_rows;
    size_t tag_count;
    wn_status_set *sets; /* by role, then by name */
    size_t set_count;
    uint64_t bytes; /* on disk */
} wn_status_result;

/* What is in a workspace and what is missing. */
WN_API WN_NODISCARD wn_status wn_job_status(const char *workspace, wn_status_result *out, wn_error *err);
WN_API void wn_status_result_clear(wn_status_result *result);

#ifdef __cplusplus
}
#endif
#endif
