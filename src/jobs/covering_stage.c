/* SPDX-License-Identifier: Apache-2.0
 *
 * Is the selection better than chance? The distance of every image to its nearest pick, for the selection and for ten
 * random selections of the same size; of many images, on a fixed sample.
 */
#include "jobs/curate.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/rng.h"
#include "winnow/memory.h"

/* Rows on which coverings are compared. Ten random selections cost ten times rows x picks; a sample of this size gives
 * the same picture of millions of rows. */
enum { MEASURED_MOST = 100000 };

static const uint64_t random_salt = 0xC0FE0000, measured_salt = 0x5A3B1E00; /* streams apart from those of strategies */

static double mean_of(const double *values, size_t count, double *deviation)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) sum += values[i];
    double mean = sum / (double)count;
    for (size_t i = 0; i < count; i++) squares += (values[i] - mean) * (values[i] - mean);
    *deviation = count > 1 ? sqrt(squares / (double)(count - 1)) : 0;
    return mean;
}

static int compare_rows(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The rows to measure; data NULL = all. The same sample for the same number of rows. Release with wn_free. */
static wn_status draw_measured(size_t rows, int64_t **storage, wn_rows *out, wn_error *err)
{
    wn_rng rng;
    *out = (wn_rows){NULL, rows};
    if (rows <= MEASURED_MOST) return WN_OK;
    wn_rng_init(&rng, measured_salt, 0);
    *storage = wn_alloc(WN_MEMORY_SELECTION, MEASURED_MOST, sizeof **storage);
    if (!*storage || !wn_rng_sample(&rng, (int64_t)rows, MEASURED_MOST, *storage))
        return wn_fail(err, WN_NOMEM, "out of memory");
    qsort(*storage, MEASURED_MOST, sizeof **storage, compare_rows);
    *out = (wn_rows){*storage, MEASURED_MOST};
    return WN_OK;
}

static void compare_coverings(const wn_covering *selected, const wn_covering *random, wn_coverings *out)
{
    double radii[WN_RANDOM_SETS], means[WN_RANDOM_SETS];
    out->selected = (wn_report_covering){selected->radius, selected->percentile95, selected->mean};
    for (size_t i = 0; i < WN_RANDOM_SETS; i++) {
        out->random[i] = (wn_report_covering){random[i].radius, random[i].percentile95, random[i].mean};
        radii[i] = random[i].radius;
        means[i] = random[i].mean;
    }
    out->radius_mean = mean_of(radii, WN_RANDOM_SETS, &out->radius_std);
    out->mean_mean = mean_of(means, WN_RANDOM_SETS, &out->mean_std);
}

wn_status wn_stage_covering(const wn_job *job, const wn_selecting *selecting, wn_coverings *out, wn_error *err)
{
    size_t rows = selecting->rows.len, count = selecting->selection.len;
    wn_covering_request request = {.matrix = {selecting->embeddings, rows, selecting->dim, selecting->dim},
                                   .metric = WN_METRIC_L2,
                                   .pool = job->pool,
                                   .progress = job->progress};
    wn_rows picks = {selecting->selection.picks, count};
    wn_covering selected, random[WN_RANDOM_SETS];
    int64_t *storage = NULL;
    *out = (wn_coverings){0};
    wn_status status = draw_measured(rows, &storage, &request.measured, err);
    if (!status) status = wn_job_plan(job, "measuring the covering", wn_covering_memory(&request, count), err);
    if (!status) status = wn_covering_measure(&request, picks, NULL, &selected, err);
    if (!status)
        status = wn_covering_measure_random(&request, count, WN_RANDOM_SETS, job->seed ^ random_salt, random, err);
    if (!status) {
        out->rows = request.measured.len;
        compare_coverings(&selected, random, out);
    }
    wn_free(storage);
    return status;
}
