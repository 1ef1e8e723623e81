/* SPDX-License-Identifier: Apache-2.0
 *
 * The stages of curate: what they share and how one is described. A stage is one file in curate_stages/ and one line in
 * curate_stages.def; the stages run in the order of those lines.
 */
#ifndef JOBS_CURATE_STAGE_H
#define JOBS_CURATE_STAGE_H

#include "jobs/curate.h"
#include "winnow/log.h"

/* One call of curate. Each field is made by the stage named, and there for the stages behind it. */
typedef struct wn_curating {
    const wn_job *job;
    const wn_curate_options *options;
    wn_curate_result *result;
    wn_workspace *workspace;
    double started;

    /* the run (curate_run.c) */
    int64_t run;
    char *folder;
    wn_buffer config;

    /* add */
    wn_roots roots;
    wn_row_list rows;

    int64_t first_row; /* with since_last: the first one that the last run did not see (since_last.c) */

    /* duplicates */
    wn_row_list earlier; /* those that count as picked already */
    wn_alike_list alike;

    /* model, embed */
    char *model, *model_file;
    wn_embedded embedded;

    /* select, covering, map */
    wn_selecting selecting;
    wn_coverings coverings;
    double share[2];

    /* lists */
    int64_t selection; /* of this run; 0 = not stored yet */
} wn_curating;

/* `seconds` of a stage that keeps its time itself, or that nobody asks about. */
#define WN_CURATE_UNTIMED SIZE_MAX

typedef struct wn_curate_stage {
    const char *name;
    size_t seconds; /* offset in wn_job_seconds: the stage's wall time is added there; or WN_CURATE_UNTIMED */
    wn_status (*run)(wn_curating *run, wn_error *err);
    void (*clear)(wn_curating *run); /* (optional) releases what the stage made, also when it failed or did not run */
} wn_curate_stage;

/* Begins a run, or goes on with the last one of the same configuration if that did not end: `run`, `folder`, `config`
 * and, where it was stored already, `selection`. */
WN_NODISCARD wn_status wn_curating_begin(wn_curating *run, wn_error *err);

/* Keeps the end of the run in the catalogue and gives back the status that counts: a failure to do so does not hide an
 * earlier failure. */
WN_NODISCARD wn_status wn_curating_end(wn_curating *run, wn_status status, wn_error *err);

/* With since_last: finds `first_row`, adds what is new, and says whether there is anything to pick from. */
WN_NODISCARD wn_status wn_curating_look(wn_curating *run, bool *nothing, wn_error *err);

/* Keeps how far a finished run saw. */
WN_NODISCARD wn_status wn_curating_seen(wn_curating *run, wn_error *err);

/* The rows that finished runs picked; release with wn_free(rows). */
WN_NODISCARD wn_status wn_curating_picked(wn_curating *run, wn_row_list *out, wn_error *err);

/* One line in the log of the run, and in the talk of the program at the level given. */
void wn_curating_note(wn_curating *run, wn_log_level level, const char *format, ...) WN_PRINTF(3, 4);

#endif
