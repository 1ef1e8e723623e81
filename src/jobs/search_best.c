/* SPDX-License-Identifier: Apache-2.0
 *
 * From distances to the samples that a search shows.
 */
#include "jobs/search.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "index/keys.h"
#include "winnow/memory.h"

/* Orders as the distance does; distances are at least about 0. */
static int32_t order_of(float distance, bool farthest)
{
    int32_t bits;
    distance += 1; /* above zero, so that the bits rise with the value */
    memcpy(&bits, &distance, sizeof bits);
    return farthest ? -bits : bits;
}

/* The results, best first: their keys have the place in `rows` below. */
static wn_status take(wn_workspace *workspace, const wn_search_query *query, const int64_t *rows,
                      const float *distances, const uint64_t *keys, size_t count, size_t wanted, wn_search_result *out,
                      wn_error *err)
{
    out->found = wn_alloc(WN_MEMORY_GENERAL, wanted, sizeof *out->found);
    out->distances = wn_alloc(WN_MEMORY_GENERAL, wanted, sizeof *out->distances);
    if (!out->found || !out->distances) return wn_fail(err, WN_NOMEM, "no memory for %zu results", wanted);
    for (size_t i = 0; i < count && out->count < wanted; i++) {
        uint32_t at = (uint32_t)keys[i];
        int64_t row = rows ? rows[at] : (int64_t)at;
        wn_sample *sample = NULL;
        bool asked = false;
        for (size_t j = 0; j < query->row_count && !asked; j++) asked = query->rows[j] == row;
        if (asked) continue;
        WN_TRY(wn_workspace_get_sample(workspace, row, &sample, err));
        if (sample->status == WN_SAMPLE_OK) {
            out->found[out->count] = row;
            out->distances[out->count++] = distances[at];
        }
        wn_free(sample);
    }
    return WN_OK;
}

wn_status wn_search_take_best(wn_workspace *workspace, const wn_search_query *query, const int64_t *rows,
                              const float *distances, size_t len, bool farthest, size_t wanted, wn_search_result *out,
                              wn_error *err)
{
    wn_workspace_counts counts;
    size_t count = 0;
    WN_TRY(wn_workspace_count(workspace, &counts, err));
    uint64_t *keys = wn_alloc(WN_MEMORY_GENERAL, len, sizeof *keys);
    if (!keys) return wn_fail(err, WN_NOMEM, "no memory to order %zu rows", len);
    for (size_t i = 0; i < len; i++)
        if (!isnan(distances[i])) keys[count++] = wn_key_make(order_of(distances[i], farthest), (uint32_t)i);
    out->rows = (int64_t)count;
    out->count = 0;
    size_t most = wanted + query->row_count + (size_t)counts.gone;
    if (most < count) {
        wn_keys_select(keys, count, most);
        count = most;
    }
    wn_keys_sort(keys, count);
    wn_status status = take(workspace, query, rows, distances, keys, count, wanted, out, err);
    wn_free(keys);
    return status;
}
