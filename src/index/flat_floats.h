/* SPDX-License-Identifier: Apache-2.0
 *
 * The exact scan in float32, one of the two ways of the kind `flat`.
 */
#ifndef INDEX_FLAT_FLOATS_H
#define INDEX_FLAT_FLOATS_H

#include "index/index_task.h"

WN_NODISCARD wn_status wn_flat_floats_search(const wn_index_task *task, wn_error *err);

/* Bytes that it needs. */
uint64_t wn_flat_floats_memory(const wn_index_task *task);

#endif
