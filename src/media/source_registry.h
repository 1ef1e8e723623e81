/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of source kinds.
 */
#ifndef MEDIA_SOURCE_REGISTRY_H
#define MEDIA_SOURCE_REGISTRY_H

#include "media/source.h"

/* The kind that `path` is of, or NULL for a plain file. Lists are considered only when `lists` is set. */
const wn_source_kind *wn_source_of(const char *path, const struct stat *info, bool lists);

/* The i-th kind, NULL beyond the last. */
const wn_source_kind *wn_source_at(size_t i);

#endif
