/* SPDX-License-Identifier: Apache-2.0
 *
 * check --calibrate: what limits on picture hashes are worth on a sample of a workspace.
 */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/rng.h"
#include "jobs/job.h"
#include "winnow/duplicates.h"
#include "winnow/memory.h"

enum { SAMPLE = 500 };

static int compare_rows(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Rows whose pixels repeat no earlier row, at most SAMPLE of them, at random. */
static wn_status draw_sample(const wn_job *job, wn_workspace *workspace, wn_row_list *rows, wn_error *err)
{
    uint8_t *repeats = NULL;
    size_t count = 0, n = 0;
    int64_t picks[SAMPLE], kept[SAMPLE];
    wn_rng rng;
    WN_TRY(wn_find_repeats(workspace, rows, &repeats, &count, err));
    for (size_t i = 0; i < rows->len; i++) {
        if (!repeats[i]) rows->rows[n++] = rows->rows[i];
    }
    wn_free(repeats);
    rows->len = n;
    if (n <= SAMPLE) return WN_OK;
    wn_rng_init(&rng, job->seed, 0);
    if (!wn_rng_sample(&rng, (int64_t)n, SAMPLE, picks)) return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < SAMPLE; i++) kept[i] = rows->rows[picks[i]];
    qsort(kept, SAMPLE, sizeof *kept, compare_rows);
    for (size_t i = 0; i < SAMPLE; i++) rows->rows[i] = kept[i];
    rows->len = SAMPLE;
    return WN_OK;
}

static wn_status calibrate_in(const wn_job *job, wn_workspace *workspace, int64_t *images, wn_calibration *out,
                              wn_error *err)
{
    wn_roots roots = {0};
    wn_row_list rows = {0};
    void *pictures = NULL;
    wn_column_info info;
    wn_status status;
    if ((status = wn_roots_load(workspace, NULL, 0, WN_ROOTS_KNOWN, &roots, err))) goto done;
    if ((status = wn_rows_load(workspace, &roots, &rows, err))) goto done;
    *images = (int64_t)rows.len;
    if ((status = draw_sample(job, workspace, &rows, err))) goto done;
    if ((status = wn_column_find(workspace, WN_INPUT_COLUMN, &info, err))) goto done;
    if ((status = wn_rows_gather(workspace, WN_INPUT_COLUMN, &rows, &pictures, err))) goto done;
    wn_calibration_request request = {.pictures = pictures,
                                      .count = rows.len,
                                      .side = (size_t)(sqrt((double)info.row_bytes / 3) + 0.5),
                                      .seed = job->seed,
                                      .pool = job->pool};
    status = wn_duplicates_calibrate(&request, out, err);
done:
    wn_free(pictures);
    wn_free(rows.rows);
    wn_roots_clear(&roots);
    return status;
}

wn_status wn_job_calibrate(const wn_job *job, const char *name, int64_t *images, struct wn_calibration *out,
                           wn_error *err)
{
    wn_workspace *workspace = NULL;
    char *path = NULL;
    *out = (wn_calibration){0};
    WN_TRY(wn_job_open_workspace(job, name, NULL, 0, WN_WORKSPACE_READ, &workspace, &path, err));
    wn_status status = calibrate_in(job, workspace, images, out, err);
    wn_workspace_close(&workspace);
    wn_free(path);
    return status;
}
