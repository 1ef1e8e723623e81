/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows by one number each.
 */
#include "selection/ranking.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

typedef struct entry {
    float key;
    uint32_t row;
} entry;

static int compare(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->key > y->key || x->key < y->key) return x->key > y->key ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

uint64_t wn_rank_bytes(size_t n)
{
    return (uint64_t)n * (sizeof(entry) + sizeof(uint32_t));
}

/* Released with wn_free; NULL when memory is short. */
static entry *sort_entries(const uint32_t *rows, size_t n, const float *keys)
{
    entry *entries = wn_alloc(WN_MEMORY_SELECTION, n, sizeof *entries);
    for (size_t i = 0; entries && i < n; i++) entries[i] = (entry){keys[rows[i]], rows[i]};
    if (entries) qsort(entries, n, sizeof *entries, compare);
    return entries;
}

wn_status wn_rank_sort(uint32_t *rows, size_t n, const float *keys, wn_error *err)
{
    entry *entries = sort_entries(rows, n, keys);
    if (!entries) return wn_fail(err, WN_NOMEM, "no memory to sort %zu rows", n);
    for (size_t i = 0; i < n; i++) rows[i] = entries[i].row;
    wn_free(entries);
    return WN_OK;
}

wn_status wn_rank_take(wn_roster *roster, const float *keys, wn_error *err)
{
    size_t n = roster->available_len;
    wn_status status = WN_OK;
    entry *entries = sort_entries(roster->available, n, keys);
    if (!entries) return wn_fail(err, WN_NOMEM, "no memory to sort %zu rows", n);
    for (size_t i = 0; i < n && !status && !wn_roster_is_full(roster); i++) {
        if (wn_roster_is_open(roster, entries[i].row)) status = wn_roster_take(roster, entries[i].row, err);
    }
    wn_free(entries);
    return status;
}

wn_status wn_rank_add(const uint32_t *rows, size_t n, const float *keys, float share, float *out, wn_error *err)
{
    entry *entries = sort_entries(rows, n, keys);
    if (!entries) return wn_fail(err, WN_NOMEM, "no memory to sort %zu rows", n);
    for (size_t begin = 0, end; begin < n; begin = end) {
        for (end = begin + 1; end < n && entries[end].key >= entries[begin].key;) end++;
        double place = (double)(begin + end - 1) / 2, rank = n > 1 ? 1 - place / (double)(n - 1) : 1;
        for (size_t i = begin; i < end; i++) out[entries[i].row] += share * (float)rank;
    }
    wn_free(entries);
    return WN_OK;
}
