/* SPDX-License-Identifier: Apache-2.0
 *
 * Models by the names that users give them: of the workspace, of a file, or of an open model that was pulled.
 */
#ifndef JOBS_FIND_MODEL_H
#define JOBS_FIND_MODEL_H

#include "winnow/catalog.h"
#include "winnow/model.h"
#include "winnow/workspace.h"

/* The file that a user means by `wanted`: the built-in model and files stay what they are; the name of an open model
 * gives its file in the cache folder. A new string. WN_NOTFOUND, with the remedy, where such a model was not pulled
 * yet, and where `wanted` is neither a file nor a name. */
WN_NODISCARD wn_status wn_locate_model(const char *wanted, char **file, wn_error *err);

/* Finds a model by its name in the workspace or by its file; for NULL the newest of the workspace beside the built-in
 * one, which serves where it has none. The strings are new. */
WN_NODISCARD wn_status wn_find_model(wn_workspace *workspace, const char *wanted, char **name, char **file,
                                     wn_error *err);

/* The file of what a training starts from, a model of the workspace or a file; `file` is new, NULL for no `from`.
 * WN_UNSUPPORTED for a model that winnow did not make. */
WN_NODISCARD wn_status wn_find_origin(wn_workspace *workspace, const char *from, char **file, wn_error *err);

/* Adds a model as the newest one, also where another was added in the same second. */
WN_NODISCARD wn_status wn_add_newest_model(wn_workspace *workspace, wn_model_record record, wn_error *err);

/* The first of "trained", "trained-2", ... that the workspace does not have; a new string. */
WN_NODISCARD wn_status wn_unused_model_name(wn_workspace *workspace, char **name, wn_error *err);

/* The name of a model file in a workspace, and its path; both strings are new. */
WN_NODISCARD wn_status wn_name_model_file(const char *path, char **name, char **file, wn_error *err);

/* The name under which a model file stands in the catalogue: `name`, with the hash of the model behind it where another
 * file has that one. A new string. */
WN_NODISCARD wn_status wn_name_in_catalogue(wn_workspace *workspace, const char *name, const char *file,
                                            const wn_model_info *info, char **out, wn_error *err);

/* "models/NAME" with the ending, as the catalogue keeps it and as a path; and a file's path that is good from
 * everywhere. New strings, NULL when memory is short. */
char *wn_model_file_within(const char *name, const char *ending);
char *wn_workspace_model_file(wn_workspace *workspace, const char *name, const char *ending);
char *wn_real_model_file(const char *file);

/* Whether a file lies in the folder of the workspace. */
bool wn_is_workspace_file(wn_workspace *workspace, const char *file);

#endif
