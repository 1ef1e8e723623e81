/* SPDX-License-Identifier: Apache-2.0
 *
 * Images that are a changed copy of an earlier one: their picture hashes differ little in one of the eight ways to lay
 * a picture down, with or without its frame, or their embeddings lie next to each other, or both are nearly so. The
 * score of a copy is its distance over twice the limit, at most 1/2; all others have 1.
 */
#include <string.h>

#include "base/error.h"
#include "quality/check_rows.h"
#include "winnow/duplicates.h"
#include "winnow/memory.h"

typedef struct params {
    int64_t bits;
    double distance;
    int64_t both_bits;
    double both_distance;
} params;

static const wn_option options[] = {
    {WN_OPTION_INT, "bits", "of 256 in which the picture hashes may differ", offsetof(params, bits), 0, 96, "64", NULL,
     "N", 0},
    {WN_OPTION_REAL, "distance", "cosine distance of embeddings that are alike; 0 = by hash alone",
     offsetof(params, distance), 0, 2, "0", NULL, "X", 0},
    {WN_OPTION_INT, "both-bits", "of 256 in which the hashes may differ where the embeddings are near too; 0 = off",
     offsetof(params, both_bits), 0, 128, "92", NULL, "N", 0},
    {WN_OPTION_REAL, "both-distance", "cosine distance of embeddings that are near in that sense",
     offsetof(params, both_distance), 0, 2, "0.15", NULL, "X", 0},
    {0},
};

/* Copies with the same pixels are told by another check: only the first of them takes part. */
static wn_status hide_exact(const wn_check_input *input, uint64_t *hashes[2], uint8_t **hidden, wn_error *err)
{
    const uint64_t *given[2] = {input->picture_hashes, input->inner_hashes};
    size_t rows = input->rows, bytes = WN_PICTURE_WORDS * sizeof **hashes;
    wn_duplicates found = {0};
    *hidden = wn_calloc(WN_MEMORY_GENERAL, rows, 1);
    for (int i = 0; i < 2; i++) hashes[i] = given[i] ? wn_alloc(WN_MEMORY_GENERAL, rows, bytes) : NULL;
    if (!*hidden || !hashes[0] || (given[1] && !hashes[1]))
        return wn_fail(err, WN_NOMEM, "no memory to compare %zu pictures", rows);
    for (int i = 0; i < 2 && rows; i++) {
        if (given[i]) memcpy(hashes[i], given[i], rows * bytes);
    }
    if (!input->pixel_hashes) return WN_OK;
    WN_TRY(wn_duplicates_find_exact(input->pixel_hashes, NULL, rows, &found, err));
    for (size_t i = 0; i < found.len; i++) {
        size_t to = (size_t)found.pairs[i].to;
        (*hidden)[to] = 1;
        memset(hashes[0] + to * WN_PICTURE_WORDS, 0, bytes);
        if (hashes[1]) memset(hashes[1] + to * WN_PICTURE_WORDS, 0, bytes);
    }
    wn_duplicates_clear(&found);
    return WN_OK;
}

static wn_status find(const params *set, const wn_check_input *input, uint64_t *const hashes[2], const uint8_t *hidden,
                      wn_check_result *out, wn_error *err)
{
    bool alone = set->distance > 0 && input->neighbours, both = set->both_bits > 0 && input->neighbours;
    wn_alike_request request = {.rows = input->rows,
                                .hashes = hashes[0],
                                .inner_hashes = hashes[1],
                                .max_bits = (unsigned)set->bits,
                                .neighbours = alone || both ? input->neighbours : NULL,
                                .distances = input->distances,
                                .k = input->k,
                                .max_distance = alone ? (float)set->distance : -1,
                                .both_distance = (float)set->both_distance,
                                .both_bits = (unsigned)set->both_bits,
                                .pool = input->pool,
                                .progress = input->progress};
    wn_duplicates found;
    WN_TRY(wn_duplicates_find_pictures(&request, &found, err));
    double limit = (double)set->bits / WN_PICTURE_BITS;
    if (alone && set->distance > limit) limit = set->distance;
    if (both && set->both_distance > limit) limit = set->both_distance;
    for (size_t row = 0; row < input->rows; row++) out->scores[row] = 1;
    for (size_t i = 0; i < found.len; i++) {
        size_t from = (size_t)found.pairs[i].from, to = (size_t)found.pairs[i].to;
        float distance = 1 - found.pairs[i].similarity;
        if (hidden[from] || hidden[to]) continue;
        out->scores[to] = limit > 0 ? (float)((double)distance / (2 * limit)) : 0;
        out->is_issue[to] = 1;
        out->evidence[to] = (int64_t)from;
        out->distances[to] = distance;
    }
    wn_duplicates_clear(&found);
    return WN_OK;
}

static wn_status run(const void *options_given, const wn_check_input *input, wn_check_result *out, wn_error *err)
{
    uint64_t *hashes[2] = {NULL, NULL};
    uint8_t *hidden = NULL;
    wn_status status = hide_exact(input, hashes, &hidden, err);
    if (!status) status = find(options_given, input, hashes, hidden, out, err);
    wn_free(hidden);
    wn_free(hashes[0]);
    wn_free(hashes[1]);
    return status;
}

const wn_check wn_check_near_duplicate = {
    .name = "near-duplicate",
    .summary = "a changed copy of an earlier image: recompressed, resized, mirrored, turned, framed, cut",
    .needs = WN_CHECK_PICTURES,
    .evidence = true,
    .options = options,
    .params_size = sizeof(params),
    .run = run,
};
