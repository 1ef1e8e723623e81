/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of curate that work on one run: its folder, its figures, duplicates, covering, map, copies and page.
 */
#ifndef JOBS_CURATE_H
#define JOBS_CURATE_H

#include <stdio.h>

#include "base/arena.h"
#include "jobs/job.h"
#include "report/report.h"

/* ---- figures: what the page says and the catalogue does not know (run_figures.c) ---- */

enum { WN_RANDOM_SETS = 10 };

/* Kept in the run folder as lines "name value"; texts are borrowed from `storage` or from the caller. */
typedef struct wn_run_figures {
    const char *title, *model, *model_file, *strategy, *command, *earlier_tag;
    const char *roots;    /* "ID path as typed" joined by line breaks */
    const char *random;   /* radius, 95th percentile, mean of each random selection, by blanks */
    const char *evidence; /* what else was compared with them, a figure a line (wn_evidence_write) */
    bool trained;
    int64_t created, selection, found, readable, bad, exact_duplicates, near_duplicates, dim, seed, peak_memory;
    int64_t covering_rows; /* a sample on which the coverings were measured; 0 = all */
    double radius, percentile95, mean, share_x, share_y;
    double scan, read, train, embed, check, select, total;
    wn_buffer storage;
} wn_run_figures;

WN_NODISCARD wn_status wn_run_figures_save(const wn_run_figures *figures, const char *folder, wn_error *err);
WN_NODISCARD wn_status wn_run_figures_load(const char *folder, wn_run_figures *out, wn_error *err);
void wn_run_figures_clear(wn_run_figures *figures);

/* ---- duplicates (duplicates_stage.c) ---- */

/* Pairs among the rows, ordered by distance, then rows: 0 for the same pixels, else the share of differing bits of the
 * perceptual hashes. Release with wn_free. */
typedef struct wn_alike_list {
    wn_report_duplicate *pairs;
    size_t len, exact, near;
} wn_alike_list;
WN_NODISCARD wn_status wn_stage_duplicates(const wn_job *job, wn_workspace *workspace, const wn_row_list *rows,
                                           wn_alike_list *out, wn_error *err);

/* ---- covering (covering_stage.c) ---- */

/* How well the picks, with those of before, cover the rows, and the same for random picks in their place; zero when
 * there are no picks. Release with wn_select_result_clear(&compared). */
typedef struct wn_coverings {
    size_t rows; /* measured: all, or a fixed sample of them */
    wn_report_covering selected, random[WN_RANDOM_SETS];
    double radius_mean, radius_std, mean_mean, mean_std;
    wn_select_result compared; /* its evidence, with what is beyond distances */
} wn_coverings;
WN_NODISCARD wn_status wn_stage_covering(const wn_job *job, wn_workspace *workspace, const wn_selecting *selecting,
                                         wn_coverings *out, wn_error *err);

/* The figures beyond distances as text, and out of it; a line that cannot be read is left out. */
void wn_evidence_write(const wn_evidence *evidence, wn_buffer *out);
WN_NODISCARD wn_status wn_evidence_read(const char *text, wn_arena *arena, wn_report_evidence **out, size_t *len,
                                        wn_error *err);

/* ---- rows picked before a run (earlier_rows.c) ---- */

/* The rows of a tag, sorted, which are written to the folder of the run as well. Release with wn_free(rows). */
WN_NODISCARD wn_status wn_earlier_rows_keep(wn_workspace *workspace, const char *tag, const char *folder,
                                            wn_row_list *out, wn_error *err);
/* The same for rows that are known. */
WN_NODISCARD wn_status wn_earlier_rows_write(const wn_row_list *rows, const char *folder, wn_error *err);
/* What was written there; WN_NOTFOUND when nothing was. */
WN_NODISCARD wn_status wn_earlier_rows_load(const char *folder, wn_row_list *out, wn_error *err);

/* ---- lists and copies ---- */

/* selected.txt, selected.csv (path,rank,distance,nearest); `nearest` has a path or NULL for each pick. */
WN_NODISCARD wn_status wn_write_selected(const char *folder, char *const *paths, const float *distances,
                                         char *const *nearest, size_t count, wn_error *err);
/* bad_files.csv (path,reason) of the roots. */
WN_NODISCARD wn_status wn_write_bad_files(wn_workspace *workspace, const wn_roots *roots, const char *folder,
                                          wn_error *err);
/* duplicates.csv (from,to,distance). */
WN_NODISCARD wn_status wn_write_duplicates(wn_workspace *workspace, const wn_roots *roots, const wn_alike_list *alike,
                                           const char *folder, wn_error *err);

/* Copies of the rows in `target`, or symbolic links where `link`. Existing files are never replaced: a name that is
 * taken gets "-2", and so on; a file that holds the same already is left. Writes copies.csv or links.csv (path,copy) to
 * `folder`, and adds to `copied` and `copies_found` of the result. */
WN_NODISCARD wn_status wn_stage_copy(const wn_job *job, wn_workspace *workspace, const wn_roots *roots, wn_rows rows,
                                     const char *target, bool link, const char *folder, wn_curate_result *result,
                                     wn_error *err);

/* ---- the page (report_stage.c) ---- */

/* Writes report.html into `folder` from the figures and the workspace. */
WN_NODISCARD wn_status wn_stage_report(const wn_job *job, wn_workspace *workspace, const wn_run_figures *figures,
                                       const char *folder, wn_error *err);

#endif
