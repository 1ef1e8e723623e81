/* SPDX-License-Identifier: Apache-2.0
 *
 * Groups of pictures that are alike. Rows are taken in blocks: their eight turns against the leaders of earlier blocks
 * in parallel, then among themselves in order, which gives the result of one pass row by row. Among many rows a leader
 * is looked for where one of twelve groups of 20 bits is equal; the groups take every twelfth bit, so each mixes low
 * and high frequencies.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "num/hamming.h"
#include "quality/picture_pair.h"
#include "winnow/memory.h"

enum {
    WORDS = WN_PICTURE_WORDS,
    GROUPS = 12,
    GROUP_BITS = 20,
    BUCKETS = 1 << GROUP_BITS,
    LONGEST = 1024, /* leaders of one bucket that are looked at: pictures with little in them share their bits */
    COMPARE_ALL = 20000,
    MOST_BITS = 96,
    BLOCK = 256,
    GRAIN = 16,
    HASHES_EACH = WN_PICTURE_HASHES
};

#define NONE UINT32_MAX

typedef struct edge {
    uint32_t to, from; /* to > from */
    float distance;
} edge;

typedef struct match {
    uint32_t leader; /* row, or NONE */
    float similarity;
} match;

typedef struct search {
    const wn_alike_request *request;
    wn_hamming_kernels kernels;
    uint64_t *hashes;  /* of the leaders, up to two each */
    uint32_t *leaders; /* the row of each hash */
    size_t count, most;
    uint32_t *heads, *next; /* GROUPS x BUCKETS, GROUPS x most; NULL = compare all */
    match *matches;         /* rows; the leader of a leader is itself */
    edge *edges;            /* by to, then from */
    size_t edge_count;
    uint16_t *bits; /* HASHES_EACH x COMPARE_ALL a worker */
    size_t begin;   /* of the block */
} search;

/* One of the hashes of a row, or NULL. */
static const uint64_t *hash_of(const wn_alike_request *request, size_t row, unsigned which)
{
    const uint64_t *hashes = which ? request->inner_hashes : request->hashes;
    const uint64_t *hash = hashes ? hashes + row * WORDS : NULL;
    return wn_picture_hash_tells(hash) ? hash : NULL;
}

static wn_picture_hashes hashes_of(const wn_alike_request *request, size_t row)
{
    return (wn_picture_hashes){{hash_of(request, row, 0), hash_of(request, row, 1)}};
}

static uint32_t group_of(const uint64_t *hash, unsigned group)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < GROUP_BITS; i++) {
        unsigned bit = 1 + group + GROUPS * i;
        value |= (uint32_t)(hash[bit / 64] >> bit % 64 & 1) << i;
    }
    return value;
}

static unsigned count_between(const uint64_t *a, const uint64_t *b)
{
    unsigned bits = 0;
    for (size_t w = 0; w < WORDS; w++) bits += wn_count_bits(a[w] ^ b[w]);
    return bits;
}

static void keep(match *best, uint32_t leader, unsigned bits, unsigned max_bits)
{
    float similarity = 1 - (float)bits / WN_PICTURE_BITS;
    if (bits > max_bits || leader > best->leader) return;
    if (leader == best->leader && similarity <= best->similarity) return;
    *best = (match){leader, similarity};
}

/* The smallest leader near enough to one turn of a hash. */
static void find_in_all(const search *s, const uint64_t *turned, uint16_t *bits, match *best)
{
    s->kernels.bits_256(turned, s->hashes, s->count, bits);
    for (size_t i = 0; i < s->count; i++) {
        if (bits[i] <= s->request->max_bits) keep(best, s->leaders[i], bits[i], s->request->max_bits);
    }
}

static void find_in_buckets(const search *s, const uint64_t *turned, match *best)
{
    for (unsigned group = 0; group < GROUPS; group++) {
        uint32_t at = s->heads[(size_t)group * BUCKETS + group_of(turned, group)];
        for (unsigned i = 0; at != NONE && i < LONGEST; i++, at = s->next[group * s->most + at])
            keep(best, s->leaders[at], count_between(turned, s->hashes + (size_t)at * WORDS), s->request->max_bits);
    }
}

static void find_leader(const search *s, const uint64_t *hash, uint16_t *bits, match *best)
{
    for (unsigned turn = 0; turn < WN_PICTURE_TURNS; turn++) {
        uint64_t turned[WORDS];
        wn_picture_hash_turn(hash, turn, turned);
        if (s->heads) {
            find_in_buckets(s, turned, best);
        } else {
            find_in_all(s, turned, bits, best);
        }
    }
}

static void find_leaders(void *context, size_t begin, size_t end, unsigned worker)
{
    const search *s = context;
    for (size_t row = s->begin + begin; row < s->begin + end; row++) {
        s->matches[row] = (match){NONE, 0};
        for (unsigned which = 0; which < HASHES_EACH; which++) {
            const uint64_t *hash = hash_of(s->request, row, which);
            uint16_t *bits = s->bits + (size_t)worker * HASHES_EACH * COMPARE_ALL;
            if (hash) find_leader(s, hash, bits, &s->matches[row]);
        }
    }
}

static void add_hash(search *s, uint32_t row, const uint64_t *hash)
{
    size_t at = s->count++;
    memcpy(s->hashes + at * WORDS, hash, WORDS * sizeof *hash);
    s->leaders[at] = row;
    for (unsigned group = 0; s->heads && group < GROUPS; group++) {
        uint32_t *head = s->heads + (size_t)group * BUCKETS + group_of(hash, group);
        s->next[group * s->most + at] = *head;
        *head = (uint32_t)at;
    }
}

static void add_leader(search *s, uint32_t row)
{
    s->matches[row] = (match){row, 1};
    for (unsigned which = 0; which < HASHES_EACH; which++) {
        const uint64_t *hash = hash_of(s->request, row, which);
        if (hash) add_hash(s, row, hash);
    }
}

/* The leaders that joined in this block, from `first` on, against one row. */
static void find_in_block(const search *s, size_t row, size_t first, match *best)
{
    uint16_t bits[HASHES_EACH * BLOCK];
    for (unsigned i = 0; i < HASHES_EACH * WN_PICTURE_TURNS; i++) {
        const uint64_t *hash = hash_of(s->request, row, i / WN_PICTURE_TURNS);
        uint64_t turned[WORDS];
        if (!hash) continue;
        wn_picture_hash_turn(hash, i % WN_PICTURE_TURNS, turned);
        s->kernels.bits_256(turned, s->hashes + first * WORDS, s->count - first, bits);
        for (size_t at = first; at < s->count; at++) keep(best, s->leaders[at], bits[at - first], s->request->max_bits);
    }
}

static void settle_block(search *s, size_t end, size_t *edge_at)
{
    size_t first = s->count;
    for (size_t row = s->begin; row < end; row++) {
        match best = s->matches[row];
        find_in_block(s, row, first, &best);
        for (; *edge_at < s->edge_count && s->edges[*edge_at].to == row; ++*edge_at) {
            const edge *e = s->edges + *edge_at;
            if (s->matches[e->from].leader == e->from && e->from < best.leader)
                best = (match){e->from, 1 - e->distance};
        }
        if (best.leader == NONE) {
            add_leader(s, (uint32_t)row);
        } else {
            s->matches[row] = best;
        }
    }
}

static int compare_edges(const void *a, const void *b)
{
    const edge *x = a, *y = b;
    if (x->to != y->to) return x->to < y->to ? -1 : 1;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return (x->distance > y->distance) - (x->distance < y->distance);
}

static bool is_edge(const wn_alike_request *request, size_t i)
{
    size_t row = i / request->k;
    int64_t id = request->neighbours[i];
    if (id < 0 || (size_t)id >= request->rows || (size_t)id == row) return false;
    if (request->distances[i] <= request->max_distance) return true;
    if (!request->both_bits || request->distances[i] > request->both_distance) return false;
    /* Pictures that are little but ground are near in any embedding. */
    return hash_of(request, row, 0) && hash_of(request, (size_t)id, 0) &&
           wn_picture_pair_bits(hashes_of(request, row), hashes_of(request, (size_t)id)) <= request->both_bits;
}

typedef struct marking {
    const wn_alike_request *request;
    uint8_t *marks; /* rows x k */
} marking;

static void mark_edges(void *context, size_t begin, size_t end, unsigned worker)
{
    const marking *m = context;
    size_t k = m->request->k;
    (void)worker;
    for (size_t i = begin * k; i < end * k; i++) m->marks[i] = is_edge(m->request, i);
}

static wn_status list_edges(search *s, wn_error *err)
{
    const wn_alike_request *request = s->request;
    size_t all = request->neighbours ? request->rows * request->k : 0, n = 0;
    marking m = {request, all ? wn_alloc(WN_MEMORY_GENERAL, all, 1) : NULL};
    if (all && !m.marks) return wn_fail(err, WN_NOMEM, "no memory for %zu pairs of neighbours", all);
    if (all) wn_pool_for(request->pool, request->rows, 256, mark_edges, &m);
    for (size_t i = 0; i < all; i++) s->edge_count += m.marks[i];
    s->edges = wn_alloc(WN_MEMORY_GENERAL, s->edge_count, sizeof *s->edges);
    for (size_t i = 0; i < all && s->edges; i++) {
        if (!m.marks[i]) continue;
        uint32_t row = (uint32_t)(i / request->k), id = (uint32_t)request->neighbours[i];
        s->edges[n++] = (edge){row > id ? row : id, row > id ? id : row, request->distances[i]};
    }
    wn_free(m.marks);
    if (!s->edges) return wn_fail(err, WN_NOMEM, "no memory for %zu pairs of neighbours", s->edge_count);
    qsort(s->edges, n, sizeof *s->edges, compare_edges);
    return WN_OK;
}

static wn_status get_memory(search *s, wn_error *err)
{
    size_t rows = s->request->rows, threads = wn_pool_threads(s->request->pool);
    bool all = rows <= COMPARE_ALL || !s->request->hashes;
    for (size_t row = 0; row < rows; row++)
        for (unsigned which = 0; which < HASHES_EACH; which++) s->most += hash_of(s->request, row, which) != NULL;
    s->hashes = wn_alloc(WN_MEMORY_GENERAL, s->most * WORDS, sizeof *s->hashes);
    s->leaders = wn_alloc(WN_MEMORY_GENERAL, s->most, sizeof *s->leaders);
    s->matches = wn_alloc(WN_MEMORY_GENERAL, rows, sizeof *s->matches);
    s->bits = wn_alloc(WN_MEMORY_GENERAL, threads * HASHES_EACH * COMPARE_ALL, sizeof *s->bits);
    if (!all) {
        s->heads = wn_alloc(WN_MEMORY_GENERAL, (size_t)GROUPS * BUCKETS, sizeof *s->heads);
        s->next = wn_alloc(WN_MEMORY_GENERAL, GROUPS * s->most, sizeof *s->next);
    }
    if (!s->hashes || !s->leaders || !s->matches || !s->bits || (!all && (!s->heads || !s->next)))
        return wn_fail(err, WN_NOMEM, "no memory to compare %zu pictures", rows);
    for (size_t i = 0; !all && i < (size_t)GROUPS * BUCKETS; i++) s->heads[i] = NONE;
    return WN_OK;
}

static wn_status run_blocks(search *s, wn_error *err)
{
    const wn_alike_request *request = s->request;
    size_t edge_at = 0;
    for (s->begin = 0; s->begin < request->rows; s->begin += BLOCK) {
        size_t end = request->rows - s->begin < BLOCK ? request->rows : s->begin + BLOCK;
        wn_pool_for(request->pool, end - s->begin, GRAIN, find_leaders, s);
        settle_block(s, end, &edge_at);
        wn_progress_report report = {.stage = "duplicates", .unit = "images", .done = end, .total = request->rows};
        if (wn_progress_tell(request->progress, &report)) return wn_fail(err, WN_CANCELLED, "cancelled");
    }
    return WN_OK;
}

static int compare_pairs(const void *a, const void *b)
{
    const wn_duplicate *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

static wn_status list_pairs(const search *s, wn_duplicates *out, wn_error *err)
{
    size_t rows = s->request->rows, n = 0;
    for (size_t row = 0; row < rows; row++) n += s->matches[row].leader != row;
    if (!(out->pairs = wn_alloc(WN_MEMORY_GENERAL, n, sizeof *out->pairs)))
        return wn_fail(err, WN_NOMEM, "no memory for %zu pairs of duplicates", n);
    for (size_t row = 0; row < rows; row++) {
        const match *m = s->matches + row;
        if (m->leader != row) out->pairs[out->len++] = (wn_duplicate){m->leader, (int64_t)row, m->similarity};
        out->skipped += s->request->hashes && !hash_of(s->request, row, 0) && !hash_of(s->request, row, 1);
    }
    qsort(out->pairs, out->len, sizeof *out->pairs, compare_pairs);
    for (size_t i = 0; i < out->len; i++) out->groups += i == 0 || out->pairs[i].from != out->pairs[i - 1].from;
    return WN_OK;
}

wn_status wn_duplicates_find_pictures(const wn_alike_request *request, wn_duplicates *out, wn_error *err)
{
    search s = {.request = request};
    *out = (wn_duplicates){0};
    if (request->max_bits > MOST_BITS)
        return wn_fail(err, WN_INVALID, "pictures whose hashes differ in %u bits are not alike; at most %d",
                       request->max_bits, MOST_BITS);
    if (request->rows >= NONE)
        return wn_fail(err, WN_UNSUPPORTED, "%zu rows are more than 32 bits count", request->rows);
    wn_hamming_kernels_init(&s.kernels, wn_cpu_level());
    wn_status status = get_memory(&s, err);
    if (!status) status = list_edges(&s, err);
    if (!status) status = run_blocks(&s, err);
    if (!status) status = list_pairs(&s, out, err);
    if (status) wn_duplicates_clear(out);
    wn_free(s.edges);
    wn_free(s.next);
    wn_free(s.heads);
    wn_free(s.bits);
    wn_free(s.matches);
    wn_free(s.leaders);
    wn_free(s.hashes);
    return status;
}
