/* SPDX-License-Identifier: Apache-2.0
 *
 * The index file of an array.
 */
#ifndef CLI_KEPT_INDEX_H
#define CLI_KEPT_INDEX_H

#include "session.h"
#include "winnow/index_file.h"

/* Opens the index of the embeddings, which must outlive it. One that lacks rows at the end is grown, one that is not
 * there is made, and the file written; `how` receives "read", "grown" or "made". An index of other embeddings, another
 * metric or another kind (NULL = any) is an error: the file may be somebody's. */
wn_status kept_index_open(session *run, const char *path, const wn_matrix *embeddings, const wn_index_options *options,
                          wn_index **out, const char **how, wn_error *err);

#endif
