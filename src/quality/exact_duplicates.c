/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows with equal 128-bit hashes: sorted by hash and row, equal ones stand together, the smallest row first.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"
#include "winnow/quality.h"

enum { HASH_BYTES = 16 };

typedef struct entry {
    uint8_t hash[HASH_BYTES];
    int64_t row;
} entry;

void wn_duplicates_clear(wn_duplicates *duplicates)
{
    wn_free(duplicates->pairs);
    *duplicates = (wn_duplicates){0};
}

static int compare_entries(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    int order = memcmp(x->hash, y->hash, HASH_BYTES);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

static int compare_pairs(const void *a, const void *b)
{
    const wn_duplicate *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

/* Writes a pair for every entry but the first of each run; returns how many. */
static size_t list_pairs(const entry *entries, size_t n, wn_duplicate *pairs, size_t *groups)
{
    size_t len = 0, leader = 0;
    for (size_t i = 1; i < n; i++) {
        if (memcmp(entries[i].hash, entries[leader].hash, HASH_BYTES) != 0) {
            leader = i;
            continue;
        }
        *groups += i == leader + 1;
        if (pairs) pairs[len] = (wn_duplicate){entries[leader].row, entries[i].row, 1};
        len++;
    }
    return len;
}

wn_status wn_duplicates_find_exact(const uint8_t *hashes, const uint8_t *valid, size_t rows, wn_duplicates *out,
                                   wn_error *err)
{
    size_t n = 0, ignored = 0;
    *out = (wn_duplicates){0};
    entry *entries = wn_alloc(WN_MEMORY_GENERAL, rows, sizeof *entries);
    if (!entries) return wn_fail(err, WN_NOMEM, "no memory to compare %zu hashes", rows);
    for (size_t row = 0; row < rows; row++) {
        if (valid && !valid[row]) continue;
        memcpy(entries[n].hash, hashes + row * HASH_BYTES, HASH_BYTES);
        entries[n++].row = (int64_t)row;
    }
    qsort(entries, n, sizeof *entries, compare_entries);
    out->skipped = rows - n;
    out->len = list_pairs(entries, n, NULL, &ignored);
    if (!(out->pairs = wn_alloc(WN_MEMORY_GENERAL, out->len, sizeof *out->pairs))) {
        wn_free(entries);
        *out = (wn_duplicates){0};
        return wn_fail(err, WN_NOMEM, "no memory for the duplicates of %zu rows", rows);
    }
    list_pairs(entries, n, out->pairs, &out->groups);
    qsort(out->pairs, out->len, sizeof *out->pairs, compare_pairs);
    wn_free(entries);
    return WN_OK;
}
