/* SPDX-License-Identifier: Apache-2.0
 *
 * Rounds of all pairs by the circle method (Lucas 1883): one player stays, the others move round a circle. Rounds of
 * some pairs by first fit.
 */
#include "index/rounds.h"

#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

static wn_status get_rounds(size_t pairs, size_t rounds, wn_rounds *out, wn_error *err)
{
    *out = (wn_rounds){0};
    out->pairs = wn_alloc(WN_MEMORY_MATRIX, pairs, sizeof *out->pairs);
    out->starts = wn_calloc(WN_MEMORY_MATRIX, rounds + 1, sizeof *out->starts);
    if (out->pairs && out->starts) return WN_OK;
    wn_rounds_clear(out);
    return wn_fail(err, WN_NOMEM, "no memory for %zu pairs of blocks", pairs);
}

void wn_rounds_clear(wn_rounds *rounds)
{
    wn_free(rounds->pairs);
    wn_free(rounds->starts);
    *rounds = (wn_rounds){0};
}

wn_status wn_rounds_of_all(size_t blocks, wn_rounds *out, wn_error *err)
{
    size_t circle = blocks % 2 ? blocks : blocks - 1, len = 0;
    WN_TRY(get_rounds(blocks * (blocks + 1) / 2, circle + 1, out, err));
    for (size_t i = 0; i < blocks; i++) out->pairs[len++] = (wn_scan_pair){(uint32_t)i, (uint32_t)i, false};
    out->starts[++out->count] = len;
    for (size_t round = 0; round < circle && blocks > 1; round++) {
        if (blocks % 2 == 0) out->pairs[len++] = (wn_scan_pair){(uint32_t)round, (uint32_t)circle, true};
        for (size_t i = 1; i <= (circle - 1) / 2; i++) {
            size_t a = (round + i) % circle, b = (round + circle - i) % circle;
            out->pairs[len++] = (wn_scan_pair){(uint32_t)a, (uint32_t)b, true};
        }
        out->starts[++out->count] = len;
    }
    return WN_OK;
}

/* The first round in which neither block plays; `busy` has `words` words of 64 rounds a block. */
static size_t first_free(const uint64_t *a, const uint64_t *b, size_t words)
{
    for (size_t word = 0; word < words; word++) {
        uint64_t free_rounds = ~(a[word] | b[word]);
        if (free_rounds) return word * 64 + (size_t)__builtin_ctzll(free_rounds);
    }
    return words * 64;
}

/* Chooses the round of each pair; returns how many rounds there are. A pair meets at most as many busy rounds as its
 * blocks have other pairs. */
static size_t choose_rounds(const wn_scan_pair *pairs, size_t len, uint64_t *busy, size_t words, uint32_t *round_of)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++) {
        uint64_t *a = busy + pairs[i].a * words, *b = busy + pairs[i].b * words;
        size_t round = first_free(a, b, words);
        a[round / 64] |= (uint64_t)1 << round % 64;
        b[round / 64] |= (uint64_t)1 << round % 64;
        round_of[i] = (uint32_t)round;
        if (round + 1 > count) count = round + 1;
    }
    return count;
}

static size_t greatest_degree(size_t blocks, const wn_scan_pair *pairs, size_t len, uint64_t *degrees)
{
    size_t most = 0;
    memset(degrees, 0, blocks * sizeof *degrees);
    for (size_t i = 0; i < len; i++) {
        degrees[pairs[i].a]++;
        degrees[pairs[i].b]++;
    }
    for (size_t i = 0; i < blocks; i++) most = degrees[i] > most ? (size_t)degrees[i] : most;
    return most;
}

wn_status wn_rounds_of(size_t blocks, const wn_scan_pair *pairs, size_t len, wn_rounds *out, wn_error *err)
{
    uint32_t *round_of = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *round_of);
    uint64_t *degrees = wn_alloc(WN_MEMORY_MATRIX, blocks, sizeof *degrees), *busy = NULL;
    wn_status status = round_of && degrees ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for %zu pairs of blocks", len);
    size_t words = status ? 0 : (2 * greatest_degree(blocks, pairs, len, degrees) + 64) / 64;
    if (!status && !(busy = wn_calloc(WN_MEMORY_MATRIX, blocks * words, sizeof *busy)))
        status = wn_fail(err, WN_NOMEM, "no memory for %zu pairs of blocks", len);
    if (!status) {
        size_t count = choose_rounds(pairs, len, busy, words, round_of), *at;
        status = get_rounds(blocks + len, count + 2, out, err);
        if (!status) {
            for (size_t i = 0; i < blocks; i++) out->pairs[i] = (wn_scan_pair){(uint32_t)i, (uint32_t)i, false};
            out->count = count + 1;
            at = out->starts;
            for (size_t i = 0; i < len; i++) at[round_of[i] + 2]++;
            at[1] = blocks;
            for (size_t round = 1; round <= count; round++) at[round + 1] += at[round];
            for (size_t i = 0; i < len; i++) out->pairs[at[round_of[i] + 1]++] = pairs[i];
            for (size_t round = count + 1; round > 1; round--) at[round] = at[round - 1];
            at[1] = blocks;
        }
    }
    wn_free(busy);
    wn_free(degrees);
    wn_free(round_of);
    return status;
}

wn_status wn_rounds_run(const wn_rounds *rounds, wn_scan *scan, const wn_progress *progress, uint64_t total,
                        wn_error *err)
{
    size_t pairs = rounds->starts[rounds->count];
    for (size_t round = 0; round < rounds->count; round++) {
        wn_progress_report report = {
            .stage = "neighbours", .unit = "rows", .done = total * rounds->starts[round] / pairs, .total = total};
        if (wn_progress_tell(progress, &report)) return wn_fail(err, WN_CANCELLED, "cancelled");
        wn_scan_run(scan, rounds->pairs + rounds->starts[round], rounds->starts[round + 1] - rounds->starts[round]);
    }
    return WN_OK;
}
