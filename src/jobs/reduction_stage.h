/* SPDX-License-Identifier: Apache-2.0
 *
 * Models of fewer dimensions: NAME-pcaDIM in the workspace, with the axes in models/NAME-pcaDIM.wnr.
 */
#ifndef JOBS_REDUCTION_STAGE_H
#define JOBS_REDUCTION_STAGE_H

#include "embed/reduction.h"
#include "jobs/job.h"

/* Fits axes to rows under the job's memory limit, and says what they keep. `model` is what messages call the rows. */
WN_NODISCARD wn_status wn_fit_reduction(const wn_job *job, const wn_matrix *rows, const wn_reduce *reduce,
                                        const char *model, wn_pca *out, wn_error *err);

#endif
