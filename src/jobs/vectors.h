/* SPDX-License-Identifier: Apache-2.0
 *
 * Embeddings of a workspace as a matrix, and the one graph of nearest neighbours that selection, checks, maps and
 * search share:
 *
 *     wn_vectors vectors = {0};
 *     wn_graph graph = {0};
 *     if ((status = wn_find_embedding(workspace, model, &column, err))) goto done;     or embedded.column
 *     if ((status = wn_vectors_load(job, workspace, column, &vectors, err))) goto done;
 *     wn_graph_request request = {.column = column, .k = 30};
 *     if ((status = wn_stage_graph(job, workspace, &request, &vectors, &graph, err))) goto done;
 *     ... vectors.matrix, vectors.rows.rows[i] (row of the workspace), graph.lists.ids[i * graph.lists.k + j] ...
 *     wn_graph_clear(&graph);
 *     wn_vectors_clear(&vectors);
 */
#ifndef JOBS_VECTORS_H
#define JOBS_VECTORS_H

#include "jobs/job.h"
#include "winnow/index_file.h"

enum { WN_EMBEDDING_COLUMN_MAX = 40 };

/* The name of the column for what a model gives: of its content, so that two models never share one. */
void wn_embedding_column(uint64_t hash, char out[WN_EMBEDDING_COLUMN_MAX]);

/* Whether a column of the built-in model holds what that of another version of winnow gave. False for the columns of
 * other models. */
bool wn_embedding_is_outdated(const wn_model_record *model, const char *column);

/* The column with the embeddings of a model, by the name under which the workspace knows it; a new string. Warns where
 * it is outdated: its rows still compare with each other. */
WN_NODISCARD wn_status wn_find_embedding(wn_workspace *workspace, const char *model, char **column, wn_error *err);

/* Row i of `matrix` is row rows.rows[i] of the workspace; rows rise. Rows whose file is gone or that have no finite
 * embedding are left out. */
typedef struct wn_vectors {
    wn_matrix matrix;
    wn_row_list rows;
    int64_t column_rows; /* of the column, those left out included */
    wn_column *column;   /* what the matrix is mapped from, or NULL */
    float *copy;         /* what it was copied to, or NULL */
} wn_vectors;

/* Release with wn_vectors_clear. WN_LIMIT when the embeddings do not fit the job's memory limit. */
WN_NODISCARD wn_status wn_vectors_load(const wn_job *job, wn_workspace *workspace, const char *column, wn_vectors *out,
                                       wn_error *err);
void wn_vectors_clear(wn_vectors *vectors);

/* What is wanted. Zero-initialise, then set. */
typedef struct wn_graph_request {
    const char *column; /* of the embeddings */
    size_t k;
    wn_index_metric metric;
    double recall;    /* at least this share of true neighbours; 0 = 0.98. Up to 250,000 rows lists are exact */
    bool only_memory; /* store nothing (a workspace opened for reading) */
} wn_graph_request;

/* The lists: ids are positions in vectors->rows, nearest first, -1 where there are fewer. */
typedef struct wn_graph {
    wn_neighbours lists;
    size_t kept;     /* lists that were found in the workspace and are still right */
    size_t searched; /* lists found now */
} wn_graph;

/* The k nearest neighbours of each row of `vectors`, which wn_vectors_load gave for the same column. They are kept in
 * the workspace as two columns named after the embedding, so that the next caller only reads them; when rows were
 * added, the new ones alone are searched, and lists that name a row that is gone are found again. More neighbours
 * than are kept, or another metric, cost a search from nothing. The workspace must be open for writing unless
 * `only_memory`. Release with wn_graph_clear. */
WN_NODISCARD wn_status wn_stage_graph(const wn_job *job, wn_workspace *workspace, const wn_graph_request *request,
                                      const wn_vectors *vectors, wn_graph *out, wn_error *err);
void wn_graph_clear(wn_graph *graph);

/* Rows from which on an index makes a search faster than reading all of them. */
enum { WN_KEPT_INDEX_LEAST = 65536 };

/* Brings the index file of an embedding (docs/formats/index.md) up to date: made, grown by new rows, or left as it is.
 * `metric` as the searches of it want. The workspace is open for writing. */
WN_NODISCARD wn_status wn_stage_index(const wn_job *job, wn_workspace *workspace, const char *column,
                                      wn_index_metric metric, wn_error *err);

/* The index of a column that is open, as far as there is one that fits: *out stays NULL where there is none, or one
 * that is damaged or of other rows, which is logged. It may have fewer rows than the column. `column` must outlive it.
 */
WN_NODISCARD wn_status wn_kept_index_open(wn_workspace *workspace, wn_column *column, wn_index_metric metric,
                                          wn_index **out, wn_error *err);

#endif
