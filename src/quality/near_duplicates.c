/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows with nearly equal 64-bit hashes, by multi-index hashing (Norouzi, Punjani and Fleet 2012, arXiv 1307.2982): of
 * two hashes that differ in at most t bits, one of the four 16-bit parts differs in at most t / 4, so only the rows in
 * those few buckets are compared. Only rows that lead a group stand in the buckets. Rows are taken in blocks: against
 * the leaders of earlier blocks in parallel, then among themselves in order, which gives the result of one pass row by
 * row.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/error.h"
#include "winnow/memory.h"
#include "winnow/quality.h"

enum {
    PARTS = 4,
    BUCKETS = 1 << 16,
    MAX_BITS = 16,
    MAX_PROBES = 2517, /* ways to change at most 4 of 16 bits */
    BLOCK = 2048,
    GRAIN = 64
};

#define NONE UINT32_MAX

typedef struct entry {
    uint64_t hash;
    uint32_t row;
} entry;

typedef struct search {
    unsigned max_bits;
    entry *entries; /* one a different hash, in the order of their rows */
    size_t len;
    uint32_t *leaders; /* per entry: the entry that leads its group, or NONE */
    uint32_t *heads;   /* PARTS x BUCKETS: the newest leader of a bucket */
    uint32_t *next;    /* PARTS x len: the leader before it */
    uint16_t *probes;  /* MAX_PROBES: bits to change, fewest first */
    size_t probe_count;
} search;

/* Bits set; the portable form, as the common code may not use POPCNT. */
static unsigned count_bits(uint64_t x)
{
    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (unsigned)(x * 0x0101010101010101u >> 56);
}

static unsigned part_of(uint64_t hash, unsigned part)
{
    return (unsigned)(hash >> 16 * part) & (BUCKETS - 1);
}

static void list_probes(search *s)
{
    for (unsigned bits = 0; bits <= s->max_bits / PARTS; bits++) {
        for (unsigned mask = 0; mask < BUCKETS; mask++) {
            if (count_bits(mask) == bits) s->probes[s->probe_count++] = (uint16_t)mask;
        }
    }
    assert(s->probe_count <= MAX_PROBES);
}

/* The smallest leader near enough to the hash, or NONE. */
static uint32_t find_leader(const search *s, uint64_t hash)
{
    uint32_t best = NONE;
    for (unsigned part = 0; part < PARTS; part++) {
        const uint32_t *heads = s->heads + (size_t)part * BUCKETS, *next = s->next + part * s->len;
        for (size_t i = 0; i < s->probe_count; i++) {
            uint32_t at = heads[part_of(hash, part) ^ s->probes[i]];
            for (; at != NONE; at = next[at]) {
                if (at < best && count_bits(s->entries[at].hash ^ hash) <= s->max_bits) best = at;
            }
        }
    }
    return best;
}

static void find_leaders(void *context, size_t begin, size_t end, unsigned worker)
{
    const search *const *job = context;
    const search *s = job[0];
    size_t first = (size_t)(job[1]->entries - s->entries);
    (void)worker;
    for (size_t i = first + begin; i < first + end; i++) s->leaders[i] = find_leader(s, s->entries[i].hash);
}

static void add_leader(search *s, uint32_t at)
{
    s->leaders[at] = at;
    for (unsigned part = 0; part < PARTS; part++) {
        uint32_t *head = s->heads + (size_t)part * BUCKETS + part_of(s->entries[at].hash, part);
        s->next[part * s->len + at] = *head;
        *head = at;
    }
}

/* Rows of the block that no earlier leader is near to join or become leaders of the block. */
static void settle_block(search *s, size_t begin, size_t end)
{
    uint32_t fresh[BLOCK];
    size_t count = 0;
    for (size_t i = begin; i < end; i++) {
        for (size_t j = 0; j < count && s->leaders[i] == NONE; j++) {
            if (count_bits(s->entries[fresh[j]].hash ^ s->entries[i].hash) <= s->max_bits) s->leaders[i] = fresh[j];
        }
        if (s->leaders[i] != NONE) continue;
        fresh[count++] = (uint32_t)i;
        add_leader(s, (uint32_t)i);
    }
}

static int compare_hashes(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int compare_rows(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    return (x->row > y->row) - (x->row < y->row);
}

static int compare_pairs(const void *a, const void *b)
{
    const wn_duplicate *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

static bool says_something(uint64_t hash, unsigned min_bits)
{
    unsigned bits = count_bits(hash);
    return bits >= min_bits && 64 - bits >= min_bits;
}

/* Keeps the first row of each hash in `entries`, in row order. Every usable row with its hash stays in `all`, sorted by
 * hash; the answer is their number. */
static size_t list_entries(const uint64_t *hashes, const uint8_t *valid, size_t rows, unsigned min_bits, entry *all,
                           entry *entries, size_t *len)
{
    size_t n = 0;
    for (size_t row = 0; row < rows; row++) {
        if ((!valid || valid[row]) && says_something(hashes[row], min_bits))
            all[n++] = (entry){hashes[row], (uint32_t)row};
    }
    qsort(all, n, sizeof *all, compare_hashes);
    *len = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || all[i].hash != all[i - 1].hash) entries[(*len)++] = all[i];
    }
    qsort(entries, *len, sizeof *entries, compare_rows);
    return n;
}

static wn_status run_blocks(search *s, wn_pool *pool, const wn_progress *progress, wn_error *err)
{
    for (size_t begin = 0; begin < s->len; begin += BLOCK) {
        size_t end = s->len - begin < BLOCK ? s->len : begin + BLOCK;
        search block = {.entries = s->entries + begin};
        const search *job[2] = {s, &block};
        wn_pool_for(pool, end - begin, GRAIN, find_leaders, job);
        settle_block(s, begin, end);
        wn_progress_report report = {.stage = "duplicates", .unit = "images", .done = end, .total = s->len};
        if (wn_progress_tell(progress, &report)) return wn_fail(err, WN_CANCELLED, "cancelled");
    }
    return WN_OK;
}

/* One pair for each row that does not lead: rows of a hash follow its first row. `order` maps rows to entries. */
static wn_status list_pairs(const search *s, const entry *all, size_t n, uint32_t *order, wn_duplicates *out,
                            wn_error *err)
{
    size_t leading = 0;
    uint64_t last = UINT64_MAX;
    for (size_t i = 0; i < s->len; i++) {
        order[s->entries[i].row] = (uint32_t)i;
        leading += s->leaders[i] == i;
    }
    if (!(out->pairs = wn_alloc(WN_MEMORY_GENERAL, n - leading, sizeof *out->pairs)))
        return wn_fail(err, WN_NOMEM, "no memory for %zu pairs of duplicates", n - leading);
    for (size_t i = 0, first = 0; i < n; i++) {
        if (all[i].hash != all[first].hash) first = i;
        const entry *leader = s->entries + s->leaders[order[all[first].row]];
        if (leader->row == all[i].row) continue;
        unsigned bits = count_bits(leader->hash ^ all[i].hash);
        out->pairs[out->len++] = (wn_duplicate){leader->row, all[i].row, 1 - (float)bits / 64};
    }
    qsort(out->pairs, out->len, sizeof *out->pairs, compare_pairs);
    for (size_t i = 0; i < out->len; i++) {
        out->groups += (uint64_t)out->pairs[i].from != last;
        last = (uint64_t)out->pairs[i].from;
    }
    return WN_OK;
}

wn_status wn_duplicates_find_near(const uint64_t *hashes, const uint8_t *valid, size_t rows, unsigned max_bits,
                                  unsigned min_bits, wn_pool *pool, const wn_progress *progress, wn_duplicates *out,
                                  wn_error *err)
{
    search s = {.max_bits = max_bits};
    entry *all = NULL;
    uint32_t *order = NULL;
    wn_status status;

    *out = (wn_duplicates){0};
    if (max_bits > MAX_BITS)
        return wn_fail(err, WN_INVALID, "hashes that differ in %u bits are not near; at most %d", max_bits, MAX_BITS);
    if (rows >= NONE) return wn_fail(err, WN_UNSUPPORTED, "%zu rows are more than 32 bits count", rows);
    all = wn_alloc(WN_MEMORY_GENERAL, rows, sizeof *all);
    s.entries = wn_alloc(WN_MEMORY_GENERAL, rows, sizeof *s.entries);
    order = wn_alloc(WN_MEMORY_GENERAL, rows, sizeof *order);
    s.heads = wn_alloc(WN_MEMORY_GENERAL, (size_t)PARTS * BUCKETS, sizeof *s.heads);
    s.probes = wn_alloc(WN_MEMORY_GENERAL, MAX_PROBES, sizeof *s.probes);
    status = WN_NOMEM;
    if (!all || !s.entries || !order || !s.heads || !s.probes) goto done;
    size_t n = list_entries(hashes, valid, rows, min_bits, all, s.entries, &s.len);
    s.next = wn_alloc(WN_MEMORY_GENERAL, PARTS * s.len, sizeof *s.next);
    s.leaders = wn_alloc(WN_MEMORY_GENERAL, s.len, sizeof *s.leaders);
    if (!s.next || !s.leaders) goto done;
    for (size_t i = 0; i < (size_t)PARTS * BUCKETS; i++) s.heads[i] = NONE;
    list_probes(&s);
    out->skipped = rows - n;
    if ((status = run_blocks(&s, pool, progress, err))) goto done;
    status = list_pairs(&s, all, n, order, out, err);
done:
    if (status == WN_NOMEM) wn_fail(err, status, "no memory to compare %zu hashes", rows);
    if (status) wn_duplicates_clear(out);
    wn_free(s.leaders);
    wn_free(s.next);
    wn_free(s.probes);
    wn_free(s.heads);
    wn_free(order);
    wn_free(s.entries);
    wn_free(all);
    return status;
}
