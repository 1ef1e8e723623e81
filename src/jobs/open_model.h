/* SPDX-License-Identifier: Apache-2.0
 *
 * Models by file name, whatever their kind.
 */
#ifndef JOBS_OPEN_MODEL_H
#define JOBS_OPEN_MODEL_H

#include "winnow/model.h"
#include "winnow/onnx.h"

/* The file that a user means by `wanted`: the built-in model and files stay what they are; the name of an open model
 * gives its file in the cache folder. A new string. WN_NOTFOUND, with the remedy, where such a model was not pulled
 * yet, and where `wanted` is neither a file nor a name. */
WN_NODISCARD wn_status wn_locate_model(const char *wanted, char **file, wn_error *err);

/* What wn_locate_model finds: a winnow model, a reduction (FILE.wnr) with the model behind it, or an ONNX model
 * (FILE.onnx) under the settings of FILE.onnx.json where there is one, with what `settings` (NULL allowed) sets over
 * them. */
WN_NODISCARD wn_status wn_open_model(const char *path, wn_precision precision, const wn_onnx_settings *settings,
                                     wn_model **out, wn_error *err);

#endif
