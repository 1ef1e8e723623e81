/* SPDX-License-Identifier: Apache-2.0
 *
 * How typical an image is: one over the mean distance to its nearest neighbours (Hacohen, Dekel and Weinshall 2022,
 * arXiv 2202.02794), as the share of images that are less typical. A score to sort by: it calls nothing an issue unless
 * a threshold is given.
 */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "quality/check_rows.h"
#include "winnow/memory.h"

typedef struct params {
    int64_t neighbours;
    double threshold;
} params;

static const wn_option options[] = {
    {WN_OPTION_INT, "neighbours", "whose mean distance counts", offsetof(params, neighbours), 1, 1000, "20", NULL, "K",
     0},
    {WN_OPTION_REAL, "threshold", "issues score below it", offsetof(params, threshold), 0, 1, "0", NULL, "X", 0},
    {0},
};

typedef struct far_row {
    double distance;
    size_t row;
} far_row;

/* Farthest first, then by row. */
static int compare_rows(const void *a, const void *b)
{
    const far_row *x = a, *y = b;
    if (x->distance < y->distance || x->distance > y->distance) return x->distance > y->distance ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static void rank_rows(far_row *list, size_t n, float *scores)
{
    qsort(list, n, sizeof *list, compare_rows);
    for (size_t i = 0, first = 0; i < n; i++) {
        if (list[i].distance < list[first].distance) first = i; /* equal distances share the first's place */
        scores[list[i].row] = n > 1 ? (float)((double)first / (double)(n - 1)) : 1;
    }
}

static wn_status run(const void *options_given, const wn_check_input *input, wn_check_result *out, wn_error *err)
{
    const params *set = options_given;
    size_t n = 0;
    double *distances = wn_alloc(WN_MEMORY_GENERAL, input->rows, sizeof *distances);
    far_row *list = wn_alloc(WN_MEMORY_GENERAL, input->rows, sizeof *list);
    wn_status status = WN_OK;
    if (distances && list) {
        wn_check_mean_distances(input, (size_t)set->neighbours, distances);
        for (size_t row = 0; row < input->rows; row++) {
            out->scores[row] = NAN;
            if (!isnan(distances[row])) list[n++] = (far_row){distances[row], row};
        }
        rank_rows(list, n, out->scores);
        wn_check_apply_threshold(set->threshold, out);
        wn_check_show_nearest(input, out);
    } else {
        status = wn_fail(err, WN_NOMEM, "no memory to check %zu images", input->rows);
    }
    wn_free(list);
    wn_free(distances);
    return status;
}

const wn_check wn_check_typicality = {
    .name = "typicality",
    .summary = "less like the others than nearly all; a score to sort by",
    .needs = WN_CHECK_GRAPH,
    .evidence = true,
    .options = options,
    .params_size = sizeof(params),
    .run = run,
};
