/* SPDX-License-Identifier: Apache-2.0
 *
 * Pairs of images that are the same or nearly: by hash of the pixels, by hash of the bytes, by perceptual hash.
 */
#include "jobs/curate.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"
#include "winnow/quality.h"

/* 4 of 64 bits: recompressed, resized and slightly brightened copies, hardly ever two different photos. */
enum { NEAR_BITS = 4, LEAST_BITS = 8 };

static int compare_pairs(const void *a, const void *b)
{
    const wn_report_duplicate *x = a, *y = b;
    if (x->distance < y->distance || x->distance > y->distance) return x->distance < y->distance ? -1 : 1;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

static wn_status join_pairs(const wn_row_list *rows, const uint8_t *bytes, const wn_duplicates *exact,
                            const wn_duplicates *near, wn_alike_list *out, wn_error *err)
{
    out->pairs = wn_calloc(WN_MEMORY_GENERAL, exact->len + near->len, sizeof *out->pairs);
    if (!out->pairs) return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < exact->len; i++) {
        size_t from = (size_t)exact->pairs[i].from, to = (size_t)exact->pairs[i].to;
        bool same = memcmp(bytes + from * 16, bytes + to * 16, 16) == 0;
        out->pairs[out->len++] = (wn_report_duplicate){rows->rows[from], rows->rows[to], 0,
                                                       same ? WN_REPORT_ALIKE_BYTES : WN_REPORT_ALIKE_PIXELS};
    }
    for (size_t i = 0; i < near->len; i++) {
        size_t from = (size_t)near->pairs[i].from, to = (size_t)near->pairs[i].to;
        out->pairs[out->len++] = (wn_report_duplicate){rows->rows[from], rows->rows[to],
                                                       1.0F - near->pairs[i].similarity, WN_REPORT_ALIKE_NEAR};
    }
    out->exact = exact->len;
    out->near = near->len;
    qsort(out->pairs, out->len, sizeof *out->pairs, compare_pairs);
    return WN_OK;
}

wn_status wn_stage_duplicates(const wn_job *job, wn_workspace *workspace, const wn_row_list *rows, wn_alike_list *out,
                              wn_error *err)
{
    wn_status status;
    void *pixels = NULL, *bytes = NULL, *perceptual = NULL;
    uint8_t *leads = NULL;
    wn_duplicates exact = {0}, near = {0};
    *out = (wn_alike_list){0};
    if ((status = wn_job_plan(job, "finding duplicates", (uint64_t)rows->len * 128, err))) goto done;
    if ((status = wn_rows_gather(workspace, "pixel_hash", rows, &pixels, err))) goto done;
    if ((status = wn_rows_gather(workspace, "byte_hash", rows, &bytes, err))) goto done;
    if ((status = wn_rows_gather(workspace, "phash", rows, &perceptual, err))) goto done;
    if ((status = wn_duplicates_find_exact(pixels, NULL, rows->len, &exact, err))) goto done;
    if (!(leads = wn_alloc(WN_MEMORY_GENERAL, rows->len, 1))) {
        status = wn_fail(err, WN_NOMEM, "out of memory");
        goto done;
    }
    memset(leads, 1, rows->len);
    for (size_t i = 0; i < exact.len; i++) leads[exact.pairs[i].to] = 0; /* said already */
    if ((status = wn_duplicates_find_near(perceptual, leads, rows->len, NEAR_BITS, LEAST_BITS, job->pool, job->progress,
                                          &near, err)))
        goto done;
    status = join_pairs(rows, bytes, &exact, &near, out, err);
done:
    wn_duplicates_clear(&near);
    wn_duplicates_clear(&exact);
    wn_free(leads);
    wn_free(perceptual);
    wn_free(bytes);
    wn_free(pixels);
    return status;
}
