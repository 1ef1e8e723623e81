/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that could not be read, collected for those who named them.
 */
#ifndef JOBS_BAD_PATHS_H
#define JOBS_BAD_PATHS_H

#include "jobs/job.h"

/* Adds copies of both texts. */
WN_NODISCARD wn_status wn_bad_paths_add(wn_bad_paths *list, const char *path, const char *reason, wn_error *err);
void wn_bad_paths_clear(wn_bad_paths *list);

/* Those that the workspace remembers of the paths, ordered by source and name. */
WN_NODISCARD wn_status wn_bad_paths_load(wn_workspace *workspace, const char *const *paths, size_t path_count,
                                         wn_bad_paths *out, wn_error *err);

/* "; the first is 'a.jpg': not an image", or "" where the list is empty. */
enum { WN_BAD_FIRST_MAX = 400 };
const char *wn_bad_paths_first(const wn_bad_paths *list, char out[WN_BAD_FIRST_MAX]);

#endif
