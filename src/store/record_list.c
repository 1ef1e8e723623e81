/* SPDX-License-Identifier: Apache-2.0
 *
 * While the list grows, a pointer field holds the offset of its text plus one; finish adds the address of the block.
 */
#include "store/record_list.h"

#include <stdint.h>
#include <string.h>

#include "base/error.h"

void wn_record_list_init(wn_record_list *list, size_t record_bytes)
{
    *list = (wn_record_list){.record_bytes = record_bytes};
    wn_buffer_init(&list->records, WN_MEMORY_STORE, 0);
    wn_buffer_init(&list->texts, WN_MEMORY_STORE, 0);
}

const char *wn_record_list_bytes(wn_record_list *list, const void *bytes, size_t len)
{
    if (!bytes) return NULL;
    size_t offset = list->texts.len;
    wn_buffer_add(&list->texts, bytes, len);
    wn_buffer_add(&list->texts, "", 1);
    return (const char *)(uintptr_t)(offset + 1);
}

const char *wn_record_list_text(wn_record_list *list, sqlite3_stmt *statement, int at)
{
    if (sqlite3_column_type(statement, at) == SQLITE_NULL) return NULL;
    const void *bytes = sqlite3_column_blob(statement, at);
    return wn_record_list_bytes(list, bytes ? bytes : "", (size_t)sqlite3_column_bytes(statement, at));
}

const char *wn_record_list_required(wn_record_list *list, sqlite3_stmt *statement, int at)
{
    const char *text = wn_record_list_text(list, statement, at);
    return text ? text : wn_record_list_bytes(list, "", 0);
}

void wn_record_list_add(wn_record_list *list, const void *record)
{
    wn_buffer_add(&list->records, record, list->record_bytes);
}

wn_status wn_record_list_finish(wn_record_list *list, const size_t *fields, size_t field_count, void **out,
                                size_t *count, wn_error *err)
{
    size_t records = list->records.len, texts = list->texts.len;
    char *block = NULL;
    if (list->records.status == WN_OK && list->texts.status == WN_OK) {
        block = wn_alloc(WN_MEMORY_STORE, records + texts + 1, 1);
    }
    if (!block) {
        wn_record_list_clear(list);
        return wn_fail(err, WN_NOMEM, "no memory for a list of records");
    }
    if (records) memcpy(block, list->records.data, records);
    if (texts) memcpy(block + records, list->texts.data, texts);
    for (size_t at = 0; at < records; at += list->record_bytes) {
        for (size_t i = 0; i < field_count; i++) {
            uintptr_t offset;
            memcpy(&offset, block + at + fields[i], sizeof offset);
            if (offset == 0) continue;
            const char *text = block + records + (offset - 1);
            memcpy(block + at + fields[i], &text, sizeof text);
        }
    }
    *count = records / list->record_bytes;
    *out = block;
    wn_record_list_clear(list);
    return WN_OK;
}

void wn_record_list_clear(wn_record_list *list)
{
    wn_buffer_clear(&list->records);
    wn_buffer_clear(&list->texts);
}
