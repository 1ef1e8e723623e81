/* SPDX-License-Identifier: Apache-2.0
 *
 * Models of fewer dimensions: NAME-pcaDIM in the workspace, with the axes in models/NAME-pcaDIM.wnr.
 */
#ifndef JOBS_REDUCTION_STAGE_H
#define JOBS_REDUCTION_STAGE_H

#include "jobs/job.h"
#include "winnow/pca.h"

/* wn_find_model for a command that reads embeddings: where fewer dimensions are asked for, the model that has them.
 * WN_NOTFOUND with the remedy when nothing was reduced to them yet. */
WN_NODISCARD wn_status wn_find_reduced(wn_workspace *workspace, const char *wanted, const wn_reduce *reduce,
                                       char **name, char **file, wn_error *err);

/* Fits axes to rows under the job's memory limit, and says what they keep. `model` is what messages call the rows. */
WN_NODISCARD wn_status wn_fit_reduction(const wn_job *job, const wn_matrix *rows, const wn_reduce *reduce,
                                        const char *model, wn_pca *out, wn_error *err);

#endif
