/* SPDX-License-Identifier: Apache-2.0
 *
 * Picks by a prepared config, and the reasons of picks of any strategy.
 */
#ifndef JOBS_CONFIG_RUN_H
#define JOBS_CONFIG_RUN_H

#include "jobs/config_plan.h"

/* Runs the plan. `out` receives the selection, `reasons` the ranking: up to twice as many rows as were asked for, whose
 * first ones are the picks. Positions are those of the plan. */
WN_NODISCARD wn_status wn_config_run(const wn_job *job, const wn_config_plan *plan, const wn_matrix *embeddings,
                                     wn_selection *out, wn_pick_reasons *reasons, wn_error *err);

/* The ranking of a selection that a strategy made: its picks alone, with their nearest earlier ones. */
WN_NODISCARD wn_status wn_reasons_of(const wn_job *job, const wn_matrix *embeddings, wn_rows preselected,
                                     const wn_selection *selection, wn_pick_reasons *out, wn_error *err);

#endif
