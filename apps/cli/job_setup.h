/* SPDX-License-Identifier: Apache-2.0
 *
 * From a session to a job, and the parts of results that several commands print.
 */
#ifndef CLI_JOB_SETUP_H
#define CLI_JOB_SETUP_H

#include "command.h"
#include "json_text.h"
#include "winnow/jobs.h"

/* The job with the common options of this session. */
wn_job job_of(const session *run);

/* {"scan":..,"read":..,...,"total":..}: the stages named, joined by blanks. */
json_t *json_seconds(const wn_job_seconds *seconds, const char *names);

/* Says how long each stage took that ran, on one line of standard error. */
void say_seconds(session *run, const wn_job_seconds *seconds);

/* Warns of the first files that could not be read, with --verbose of all. */
void say_bad_files(const session *run, const wn_bad_paths *list);

/* [{"path":..,"reason":..}, ...] */
json_t *json_bad_files(const wn_bad_paths *list);

/* Peak memory of the process so far. */
json_t *json_peak_memory(void);

/* wn_job_check_input_side as a matter of usage: a bad side makes the exit status 2. */
wn_status check_input_side(session *run, int64_t side, wn_error *err);

/* For a job that was cancelled or found the disk full: says how to go on. Returns `status`. */
wn_status say_how_to_resume(session *run, wn_status status);

#endif
