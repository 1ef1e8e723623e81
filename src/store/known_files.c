/* SPDX-License-Identifier: Apache-2.0
 *
 * Known files in memory: entries in one array, names in one arena, and an open-addressing hash table of entry numbers
 * keyed by (source, name). One sequential query fills it, so that a re-scan asks the catalogue nothing.
 */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "store/internal.h"

enum { SLOTS_LEAST = 64, ARENA_BYTES = 1 << 20 };
#define EMPTY UINT32_MAX

struct wn_known_files {
    wn_arena names;
    wn_buffer entries; /* wn_known_file each; found files that were not known are added behind `loaded` */
    size_t loaded;
    uint32_t *slots; /* entry numbers or EMPTY; slot_count is a power of two */
    size_t slot_count;
};

static wn_known_file *entry_at(const wn_known_files *known, size_t i)
{
    return (wn_known_file *)(void *)known->entries.data + i;
}

static size_t entry_count(const wn_known_files *known)
{
    return known->entries.len / sizeof(wn_known_file);
}

/* The slot of that file, or the empty slot where it belongs. */
static size_t find_slot(const wn_known_files *known, int64_t source, const char *name, size_t name_len)
{
    size_t slot = (size_t)wn_hash64_seeded(name, name_len, (uint64_t)source) & (known->slot_count - 1);
    while (known->slots[slot] != EMPTY) {
        const wn_known_file *entry = entry_at(known, known->slots[slot]);
        if (entry->source == source && entry->name_len == name_len && memcmp(entry->name, name, name_len) == 0) break;
        slot = (slot + 1) & (known->slot_count - 1);
    }
    return slot;
}

static bool rebuild_slots(wn_known_files *known, size_t slot_count)
{
    uint32_t *slots = wn_alloc(WN_MEMORY_STORE, slot_count, sizeof *slots);
    if (!slots) return false;
    memset(slots, 0xFF, slot_count * sizeof *slots);
    wn_free(known->slots);
    known->slots = slots;
    known->slot_count = slot_count;
    for (size_t i = 0; i < entry_count(known); i++) {
        const wn_known_file *entry = entry_at(known, i);
        slots[find_slot(known, entry->source, entry->name, entry->name_len)] = (uint32_t)i;
    }
    return true;
}

static bool add_entry(wn_known_files *known, const wn_known_file *file)
{
    if (entry_count(known) >= EMPTY - 1) return false;
    wn_known_file entry = *file;
    entry.name = wn_arena_text(&known->names, file->name, file->name_len);
    return entry.name && wn_buffer_add(&known->entries, &entry, sizeof entry) == WN_OK;
}

/* Makes room so that at most half of the slots are taken, and enters all entries. Where two have the same source and
 * name, the later one counts; the other is then never seen, and so goes the way of vanished files. */
static bool enter_all(wn_known_files *known)
{
    size_t slot_count = known->slot_count ? known->slot_count : SLOTS_LEAST;
    while (slot_count < entry_count(known) * 2 + 2) slot_count *= 2;
    return rebuild_slots(known, slot_count);
}

/* Enters the last entry. */
static bool enter_last(wn_known_files *known)
{
    size_t last = entry_count(known) - 1;
    if ((last + 1) * 2 > known->slot_count) return enter_all(known);
    const wn_known_file *entry = entry_at(known, last);
    known->slots[find_slot(known, entry->source, entry->name, entry->name_len)] = (uint32_t)last;
    return true;
}

static wn_status load(wn_workspace *workspace, const char *sql, int64_t source, wn_known_files *known, wn_error *err)
{
    wn_database *database = &workspace->database;
    sqlite3_stmt *statement = NULL;
    bool row = false;
    wn_status status = wn_database_prepare(database, sql, &statement, err);
    if (status == WN_OK) sqlite3_bind_int64(statement, 1, source);
    while (status == WN_OK && (status = wn_database_step(database, statement, &row, err)) == WN_OK && row) {
        const char *name = sqlite3_column_blob(statement, 2);
        wn_known_file file = {.row = sqlite3_column_int64(statement, 0),
                              .source = sqlite3_column_int64(statement, 1),
                              .name = name ? name : "",
                              .name_len = (uint32_t)sqlite3_column_bytes(statement, 2),
                              .size = (uint64_t)sqlite3_column_int64(statement, 3),
                              .mtime_ns = sqlite3_column_int64(statement, 4)};
        if (!add_entry(known, &file)) status = wn_fail(err, WN_NOMEM, "no memory for the table of known files");
    }
    sqlite3_finalize(statement);
    return status;
}

wn_status wn_workspace_load_known(wn_workspace *workspace, int64_t source, wn_known_files **out, wn_error *err)
{
    wn_known_files *known = wn_calloc(WN_MEMORY_STORE, 1, sizeof *known);
    if (!known) return wn_fail(err, WN_NOMEM, "no memory for the table of known files");
    wn_arena_init(&known->names, WN_MEMORY_STORE, ARENA_BYTES);
    wn_buffer_init(&known->entries, WN_MEMORY_STORE, 0);
    wn_status status = load(workspace,
                            "SELECT row, source, name, size, mtime_ns FROM samples "
                            "WHERE status = 0 AND (?1 = -1 OR source = ?1) ORDER BY row",
                            source, known, err);
    if (status == WN_OK) {
        status = load(workspace,
                      "SELECT -1, source, name, size, mtime_ns FROM bad_files WHERE ?1 = -1 OR source = ?1 "
                      "ORDER BY source, name",
                      source, known, err);
    }
    if (status == WN_OK && !enter_all(known)) {
        status = wn_fail(err, WN_NOMEM, "no memory for the table of known files");
    }
    if (status == WN_OK) {
        known->loaded = entry_count(known);
        *out = known;
    } else {
        wn_known_files_free(&known);
    }
    return status;
}

void wn_known_files_free(wn_known_files **known)
{
    wn_known_files *old = *known;
    if (!old) return;
    wn_arena_clear(&old->names);
    wn_buffer_clear(&old->entries);
    wn_free(old->slots);
    wn_free(old);
    *known = NULL;
}

wn_known_state wn_known_files_check(wn_known_files *known, int64_t source, const char *name, size_t name_len,
                                    uint64_t size, int64_t mtime_ns, const wn_known_file **file)
{
    size_t slot = find_slot(known, source, name, name_len);
    if (file) *file = NULL;
    if (known->slots[slot] == EMPTY) {
        wn_known_file added = {.row = -1,
                               .source = source,
                               .name = name,
                               .name_len = (uint32_t)name_len,
                               .seen = true,
                               .size = size,
                               .mtime_ns = mtime_ns};
        /* Without memory for it the file is still new; only a repetition would not be noticed. */
        if (add_entry(known, &added)) (void)enter_last(known);
        return WN_KNOWN_NEW;
    }
    wn_known_file *entry = entry_at(known, known->slots[slot]);
    if (file && known->slots[slot] < known->loaded) *file = entry;
    if (entry->seen) return WN_KNOWN_REPEATED;
    entry->seen = true;
    return entry->size == size && entry->mtime_ns == mtime_ns ? WN_KNOWN_UNCHANGED : WN_KNOWN_CHANGED;
}

const wn_known_file *wn_known_files_entries(const wn_known_files *known, size_t *count)
{
    *count = known->loaded;
    return entry_at(known, 0);
}
