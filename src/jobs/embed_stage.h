/* SPDX-License-Identifier: Apache-2.0
 *
 * Embedding with one model, which is no reduction.
 */
#ifndef JOBS_EMBED_STAGE_H
#define JOBS_EMBED_STAGE_H

#include "jobs/job.h"
#include "winnow/model.h"

/* The part of wn_stage_embed before the embedding: fills `out` but for `rows`, makes the column and the records where
 * they are missing (not in a dry run), and says how many rows the column has. */
WN_NODISCARD wn_status wn_embedded_open(const wn_job *job, wn_workspace *workspace, const char *name, const char *file,
                                        const wn_model_info *info, wn_embedded *out, int64_t *known, wn_error *err);

/* The part of it after the embedding: a column that has grown, and is large enough, gets its index (not in a dry run).
 * Whatever fails, `status` or this, is returned and clears `out`. */
WN_NODISCARD wn_status wn_embedded_finish(const wn_job *job, wn_workspace *workspace, wn_status status,
                                          wn_embedded *out, wn_error *err);

/* wn_stage_embed for a model that is no reduction, and no fewer dimensions than it has. */
WN_NODISCARD wn_status wn_stage_embed_plain(const wn_job *job, wn_workspace *workspace, const char *name,
                                            const char *file, wn_embedded *out, wn_error *err);

#endif
