/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of reductions (FILE.wnr) and the models behind them.
 */
#ifndef JOBS_READ_REDUCTION_H
#define JOBS_READ_REDUCTION_H

#include "embed/reduction.h"

/* Whether a model's file is a reduction, by its ending. */
bool wn_is_reduction(const char *file);

/* Reads a reduction that has a model behind it, and receives that model's path, which is there; release it with
 * wn_free. */
WN_NODISCARD wn_status wn_read_model_reduction(const char *file, wn_reduction *out, char **base, wn_error *err);

/* Whether the file is the built-in model, or a reduction of it. */
bool wn_model_is_builtin(const char *file);

#endif
