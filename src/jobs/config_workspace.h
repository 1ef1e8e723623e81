/* SPDX-License-Identifier: Apache-2.0
 *
 * Inputs of a selection config from a workspace.
 */
#ifndef JOBS_CONFIG_WORKSPACE_H
#define JOBS_CONFIG_WORKSPACE_H

#include "jobs/config_source.h"

/* What the source reads from. Position i is row rows->rows[i] of the workspace. */
typedef struct wn_config_workspace {
    wn_workspace *workspace;
    const wn_row_list *rows;
    const wn_roots *roots;
    const char *column; /* of the embeddings */
    const char *model;  /* that made them */
} wn_config_workspace;

/* `from` must outlive the source. */
void wn_config_source_workspace(wn_config_source *source, const wn_config_workspace *from);

#endif
