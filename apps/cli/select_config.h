/* SPDX-License-Identifier: Apache-2.0
 *
 * What a selection by a config prints.
 */
#ifndef CLI_SELECT_CONFIG_H
#define CLI_SELECT_CONFIG_H

#include <jansson.h>

#include "command.h"
#include "winnow/jobs.h"

/* What would be done: lines of text, or {"explain": [...]} with --json. */
wn_status print_explanation(session *run, const wn_select_result *result, wn_error *err);

/* A table of rank, row or path, distance, nearest, and the value of each objective. */
wn_status write_reasons(const char *path, const wn_select_result *result, wn_error *err);

/* Row numbers of picks on arrays, unless they were written to `out`; and the figures. */
wn_status print_array_picks(session *run, const char *out, const wn_select_result *result, wn_error *err);

/* The figures beside those of random selections, where they were asked for: a table on the terminal, or the key
 * "evidence". */
void say_evidence(session *run, const wn_select_result *result);
void json_add_evidence(json_t *object, const wn_select_result *result);

/* Names of the objectives and how many rows are ranked. */
void json_add_objectives(json_t *object, const wn_select_result *result);

#endif
