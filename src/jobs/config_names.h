/* SPDX-License-Identifier: Apache-2.0
 *
 * Names in a selection config, checked before anything that takes time.
 */
#ifndef JOBS_CONFIG_NAMES_H
#define JOBS_CONFIG_NAMES_H

#include "jobs/job.h"
#include "winnow/selection_config.h"

/* The automatic task of that name; NULL where the config has none. */
const wn_config_auto_task *wn_config_find_auto_task(const wn_selection_config *config, const char *name);

/* Every tag, task, score, metadata field, class and file that the config names must be there. `workspace` NULL = there
 * is none yet: then only what winnow itself will measure can be named. The message has file, line and place, and the
 * nearest valid word. */
WN_NODISCARD wn_status wn_config_check_names(wn_workspace *workspace, const wn_selection_config *config, wn_error *err);

/* The same before a workspace is opened for writing, or made. */
WN_NODISCARD wn_status wn_config_check_names_early(const wn_job *job, const char *workspace, const char *const *paths,
                                                   size_t path_count, const wn_selection_config *config, wn_error *err);

#endif
