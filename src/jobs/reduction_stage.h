/* SPDX-License-Identifier: Apache-2.0
 *
 * Models of fewer dimensions: NAME-pcaDIM in the workspace, with the axes in models/NAME-pcaDIM.wnr.
 */
#ifndef JOBS_REDUCTION_STAGE_H
#define JOBS_REDUCTION_STAGE_H

#include "embed/reduction.h"
#include "jobs/job.h"

/* Whether a model's file is a reduction, by its ending. */
bool wn_is_reduction(const char *file);

/* Path of the model behind the reduction that was read from `file`, in one new string; NULL when memory is short. */
char *wn_reduction_base(const char *file, const wn_reduction *reduction);

/* Reads a reduction that has a model behind it, and receives that model's path, which is there. */
WN_NODISCARD wn_status wn_read_model_reduction(const char *file, wn_reduction *out, char **base, wn_error *err);

/* Fits axes to rows under the job's memory limit, and says what they keep. `model` is what messages call the rows. */
WN_NODISCARD wn_status wn_fit_reduction(const wn_job *job, const wn_matrix *rows, const wn_reduce *reduce,
                                        const char *model, wn_pca *out, wn_error *err);

/* wn_stage_embed for a model that is a reduction: brings the embeddings of the model behind it up to date, and turns
 * the rows that are new. */
WN_NODISCARD wn_status wn_stage_turn(const wn_job *job, wn_workspace *workspace, const char *name, const char *file,
                                     wn_embedded *out, wn_error *err);

/* The same for any model and the dimensions that are asked for, with axes fitted where there are none yet. */
WN_NODISCARD wn_status wn_stage_reduce(const wn_job *job, wn_workspace *workspace, const char *name, const char *file,
                                       const wn_reduce *reduce, wn_embedded *out, wn_error *err);

#endif
