/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/fact_list.h"

#include "base/error.h"
#include "base/text.h"
#include "winnow/memory.h"

/* `count` beyond `capacity` says that memory ran short. */
static wn_fact *next_fact(wn_file_facts *facts)
{
    if (facts->count > facts->capacity) return NULL;
    if (facts->count == facts->capacity) {
        const size_t capacity = facts->capacity ? 2 * facts->capacity : 24;
        wn_fact *rows = wn_realloc(WN_MEMORY_TEXT, facts->rows, capacity, sizeof *rows);
        if (!rows) {
            facts->count = facts->capacity + 1;
            return NULL;
        }
        facts->rows = rows;
        facts->capacity = capacity;
    }
    return &facts->rows[facts->count++];
}

void wn_fact_text(wn_file_facts *facts, const char *key, const char *text)
{
    if (!text || !*text) return;
    wn_fact *fact = next_fact(facts);
    if (fact) *fact = (wn_fact){.key = key, .type = WN_FACT_TEXT, .text = wn_text_copy(text)};
}

void wn_fact_item(wn_file_facts *facts, const char *key, const char *text)
{
    const size_t before = facts->count;
    wn_fact_text(facts, key, text);
    if (facts->count == before + 1 && facts->count <= facts->capacity) facts->rows[before].item = true;
}

void wn_fact_count(wn_file_facts *facts, const char *key, int64_t count)
{
    wn_fact *fact = next_fact(facts);
    if (fact) *fact = (wn_fact){.key = key, .type = WN_FACT_COUNT, .count = count};
}

void wn_fact_bytes(wn_file_facts *facts, const char *key, uint64_t bytes)
{
    wn_fact *fact = next_fact(facts);
    if (fact) *fact = (wn_fact){.key = key, .type = WN_FACT_BYTES, .count = (int64_t)bytes};
}

void wn_fact_real(wn_file_facts *facts, const char *key, double value)
{
    wn_fact *fact = next_fact(facts);
    if (fact) *fact = (wn_fact){.key = key, .type = WN_FACT_REAL, .real = value};
}

wn_status wn_facts_complete(const wn_file_facts *facts, wn_error *err)
{
    bool complete = facts->count <= facts->capacity;
    for (size_t i = 0; complete && i < facts->count; i++)
        complete = facts->rows[i].type != WN_FACT_TEXT || facts->rows[i].text;
    return complete ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
}

void wn_file_facts_clear(wn_file_facts *facts)
{
    for (size_t i = 0; i < facts->count && i < facts->capacity; i++) wn_free(facts->rows[i].text);
    wn_free(facts->rows);
    wn_free(facts->path);
    *facts = (wn_file_facts){.kind = ""};
}
