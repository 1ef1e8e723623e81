/* SPDX-License-Identifier: Apache-2.0
 *
 * Collects records of one struct type, texts included, into a single block that the caller frees at once.
 */
#ifndef STORE_RECORD_LIST_H
#define STORE_RECORD_LIST_H

#include <sqlite3.h>

#include "base/buffer.h"

typedef struct wn_record_list {
    wn_buffer records, texts;
    size_t record_bytes;
} wn_record_list;

void wn_record_list_init(wn_record_list *list, size_t record_bytes);

/* Copies bytes and returns what to put into the record's pointer field until finish; NULL for NULL. */
const char *wn_record_list_bytes(wn_record_list *list, const void *bytes, size_t len);

/* The text of a result column; NULL for NULL. */
const char *wn_record_list_text(wn_record_list *list, sqlite3_stmt *statement, int at);

/* The same for a column that is never NULL; in a damaged catalogue it may be, and then the text is empty. */
const char *wn_record_list_required(wn_record_list *list, sqlite3_stmt *statement, int at);

void wn_record_list_add(wn_record_list *list, const void *record);

/* Joins all into one block (wn_free) and turns the pointer fields at `fields` (offsets in the record) into pointers.
 * WN_NOMEM if any step before ran out of memory. Clears the list in any case. */
WN_NODISCARD wn_status wn_record_list_finish(wn_record_list *list, const size_t *fields, size_t field_count, void **out,
                                             size_t *count, wn_error *err);

void wn_record_list_clear(wn_record_list *list);

#endif
