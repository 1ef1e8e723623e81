/* SPDX-License-Identifier: Apache-2.0
 *
 * Open addressing with linear probing; at most two thirds full.
 */
#include "interop/name_table.h"

#include <stdbool.h>
#include <string.h>

#include "base/hash.h"

static wn_name_slot *find_slot(const wn_name_table *table, const void *name, size_t len, uint64_t hash)
{
    size_t at = (size_t)hash & (table->capacity - 1);
    for (;; at = (at + 1) & (table->capacity - 1)) {
        wn_name_slot *slot = &table->slots[at];
        if (!slot->name) return slot;
        if (slot->hash == hash && slot->len == len && (len == 0 || memcmp(slot->name, name, len) == 0)) return slot;
    }
}

size_t wn_name_table_find(const wn_name_table *table, const void *name, size_t len)
{
    if (!table->capacity) return SIZE_MAX;
    const wn_name_slot *slot = find_slot(table, name, len, wn_hash64_of(name, len));
    return slot->name ? slot->value : SIZE_MAX;
}

static bool grow(wn_name_table *table)
{
    wn_name_table bigger = {.capacity = table->capacity ? table->capacity * 2 : 64};
    bigger.slots = wn_calloc(WN_MEMORY_TEXT, bigger.capacity, sizeof *bigger.slots);
    if (!bigger.slots) return false;
    for (size_t i = 0; i < table->capacity; i++) {
        const wn_name_slot *slot = &table->slots[i];
        if (slot->name) *find_slot(&bigger, slot->name, slot->len, slot->hash) = *slot;
    }
    wn_free(table->slots);
    table->slots = bigger.slots;
    table->capacity = bigger.capacity;
    return true;
}

const char *wn_name_table_add(wn_name_table *table, const void *name, size_t len, size_t value)
{
    if (3 * (table->count + 1) > 2 * table->capacity && !grow(table)) return NULL;
    const char *copy = wn_arena_text(&table->names, name, len);
    if (!copy) return NULL;
    uint64_t hash = wn_hash64_of(name, len);
    *find_slot(table, name, len, hash) = (wn_name_slot){copy, len, value, hash};
    table->count++;
    return copy;
}

void wn_name_table_set(wn_name_table *table, const void *name, size_t len, size_t value)
{
    if (!table->capacity) return;
    wn_name_slot *slot = find_slot(table, name, len, wn_hash64_of(name, len));
    if (slot->name) slot->value = value;
}

void wn_name_table_clear(wn_name_table *table)
{
    wn_free(table->slots);
    wn_arena_clear(&table->names);
    *table = (wn_name_table){0};
}
