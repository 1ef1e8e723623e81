/* SPDX-License-Identifier: Apache-2.0
 *
 * Models by file name, whatever their kind.
 */
#ifndef JOBS_OPEN_MODEL_H
#define JOBS_OPEN_MODEL_H

#include "winnow/model.h"
#include "winnow/onnx.h"
#include "winnow/workspace.h"

/* What wn_locate_model finds: a winnow model, a reduction (FILE.wnr) with the model behind it, or an ONNX model
 * (FILE.onnx) under the settings of FILE.onnx.json where there is one, with what `settings` (NULL allowed) sets over
 * them. */
WN_NODISCARD wn_status wn_open_model(const char *path, wn_precision precision, const wn_onnx_settings *settings,
                                     wn_model **out, wn_error *err);

/* Checks early that `wanted` (may be NULL) names a model, and says which side of the input a workspace that has none
 * yet should take for it: 0 when the model does not decide. */
WN_NODISCARD wn_status wn_model_wants_side(wn_workspace *workspace, const char *wanted, int64_t *side, wn_error *err);

#endif
