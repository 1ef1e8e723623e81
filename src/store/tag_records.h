/* SPDX-License-Identifier: Apache-2.0
 *
 * Setting a tag inside a transaction that does more.
 */
#ifndef STORE_TAG_RECORDS_H
#define STORE_TAG_RECORDS_H

#include "winnow/catalog.h"

/* As wn_tag_set; rows come from `rows` with `stride` bytes from one to the next. */
WN_NODISCARD wn_status wn_store_write_tag(wn_workspace *workspace, const char *name, const int64_t *rows, size_t count,
                                          size_t stride, wn_error *err);

/* The same without a record of what was; and the removal of a tag. */
WN_NODISCARD wn_status wn_store_put_tag(wn_workspace *workspace, const char *name, const int64_t *rows, size_t count,
                                        size_t stride, wn_error *err);
WN_NODISCARD wn_status wn_store_drop_tag(wn_workspace *workspace, const char *name, wn_error *err);

/* Records what a tag is, before it changes. */
WN_NODISCARD wn_status wn_store_record_tag(wn_workspace *workspace, const char *name, wn_error *err);

#endif
