/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of an entry.
 */
#ifndef MEDIA_ENTRY_H
#define MEDIA_ENTRY_H

#include "base/buffer.h"
#include "winnow/media.h"

/* Reads the bytes of `entry` into `scratch`, or points at those that it carries. Messages are phrases without the
 * path. WN_LIMIT above `max_bytes`. */
wn_status wn_entry_fetch(const wn_entry *entry, uint64_t max_bytes, wn_buffer *scratch, const uint8_t **bytes,
                         size_t *len, wn_error *err);

/* The same, but of a plain file no more than its first `head` bytes. *whole says whether these are all. */
wn_status wn_entry_fetch_head(const wn_entry *entry, uint64_t max_bytes, size_t head, wn_buffer *scratch,
                              const uint8_t **bytes, size_t *len, bool *whole, wn_error *err);

#endif
