/* SPDX-License-Identifier: Apache-2.0
 *
 * Images that are a changed copy of an earlier one: their picture hashes differ little in one of the eight ways to lay
 * a picture down, or their embeddings lie next to each other. The score of a copy is its distance over twice the limit,
 * below 1/2; all others have 1.
 */
#include <string.h>

#include "base/error.h"
#include "quality/check_rows.h"
#include "winnow/duplicates.h"
#include "winnow/memory.h"

typedef struct params {
    int64_t bits;
    double distance;
} params;

static const wn_option options[] = {
    {WN_OPTION_INT, "bits", "of 256 in which the picture hashes may differ", offsetof(params, bits), 0, 96, "56", NULL,
     "N", 0},
    {WN_OPTION_REAL, "distance", "cosine distance of embeddings that are alike; 0 = by hash alone",
     offsetof(params, distance), 0, 2, "0", NULL, "X", 0},
    {0},
};

/* Copies with the same pixels are told by another check: only the first of them takes part. */
static wn_status hide_exact(const wn_check_input *input, uint64_t **hashes, uint8_t **hidden, wn_error *err)
{
    size_t rows = input->rows;
    wn_duplicates found = {0};
    *hashes = wn_alloc(WN_MEMORY_GENERAL, rows * WN_PICTURE_WORDS, sizeof **hashes);
    *hidden = wn_calloc(WN_MEMORY_GENERAL, rows, 1);
    if (!*hashes || !*hidden) return wn_fail(err, WN_NOMEM, "no memory to compare %zu pictures", rows);
    if (rows) memcpy(*hashes, input->picture_hashes, rows * WN_PICTURE_WORDS * sizeof **hashes);
    if (!input->pixel_hashes) return WN_OK;
    WN_TRY(wn_duplicates_find_exact(input->pixel_hashes, NULL, rows, &found, err));
    for (size_t i = 0; i < found.len; i++) {
        (*hidden)[found.pairs[i].to] = 1;
        memset(*hashes + found.pairs[i].to * WN_PICTURE_WORDS, 0, WN_PICTURE_WORDS * sizeof **hashes);
    }
    wn_duplicates_clear(&found);
    return WN_OK;
}

static wn_status find(const params *set, const wn_check_input *input, const uint64_t *hashes, const uint8_t *hidden,
                      wn_check_result *out, wn_error *err)
{
    bool graph = set->distance > 0 && input->neighbours;
    wn_alike_request request = {.rows = input->rows,
                                .hashes = hashes,
                                .max_bits = (unsigned)set->bits,
                                .neighbours = graph ? input->neighbours : NULL,
                                .distances = input->distances,
                                .k = input->k,
                                .max_distance = (float)set->distance,
                                .pool = input->pool,
                                .progress = input->progress};
    wn_duplicates found;
    WN_TRY(wn_duplicates_find_pictures(&request, &found, err));
    double limit = (double)set->bits / WN_PICTURE_BITS;
    if (graph && set->distance > limit) limit = set->distance;
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
    uint64_t *hashes = NULL;
    uint8_t *hidden = NULL;
    wn_status status = hide_exact(input, &hashes, &hidden, err);
    if (!status) status = find(options_given, input, hashes, hidden, out, err);
    wn_free(hidden);
    wn_free(hashes);
    return status;
}

const wn_check wn_check_near_duplicate = {
    .name = "near-duplicate",
    .summary = "a changed copy of an earlier image: recompressed, resized, mirrored, turned",
    .needs = WN_CHECK_PICTURES,
    .evidence = true,
    .options = options,
    .params_size = sizeof(params),
    .run = run,
};
