/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow check --calibrate: a table of limits.
 */
#include <stdio.h>

#include "check_options.h"
#include "human.h"
#include "job_setup.h"
#include "terminal.h"
#include "winnow/duplicates.h"

enum { FIRST = 16, STEP = 8, LAST = 96 };

typedef struct limit_row {
    double recall;   /* share of all changed copies */
    double mistaken; /* pairs of different images expected among all images */
    double precision;
} limit_row;

/* With one copy for each image there would be `images` right pairs, times the recall. */
static limit_row row_of(const wn_calibration *c, int64_t images, size_t bits)
{
    size_t found = 0;
    for (size_t k = 0; k < WN_PICTURE_CHANGE_COUNT; k++) found += c->found[k][bits];
    double all = (double)images * ((double)images - 1) / 2;
    limit_row row = {.recall = (double)found / ((double)c->copies * WN_PICTURE_CHANGE_COUNT)};
    row.mistaken = c->pairs ? (double)c->mistaken[bits] / (double)c->pairs * all : 0;
    double right = row.recall * (double)images;
    row.precision = right + row.mistaken > 0 ? right / (right + row.mistaken) : 1;
    return row;
}

static json_t *json_row(const wn_calibration *c, int64_t images, size_t bits)
{
    limit_row row = row_of(c, images, bits);
    json_t *changes = json_object();
    for (size_t k = 0; k < WN_PICTURE_CHANGE_COUNT; k++)
        json_object_set_new(changes, wn_picture_change_names[k],
                            json_figure((double)c->found[k][bits] / (double)c->copies));
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "bits", json_count(bits), "recall", json_figure(row.recall),
                     "mistaken_pairs", json_figure(row.mistaken), "precision", json_figure(row.precision), "changes",
                     changes);
}

static void print_table(const wn_calibration *c, int64_t images)
{
    printf("bits  recall  mistaken pairs  precision");
    for (size_t k = 0; k < WN_PICTURE_CHANGE_COUNT; k++) printf("  %8s", wn_picture_change_names[k]);
    printf("\n");
    for (size_t bits = FIRST; bits <= LAST; bits += STEP) {
        limit_row row = row_of(c, images, bits);
        printf("%4zu  %6.3f  %14.1f  %9.4f", bits, row.recall, row.mistaken, row.precision);
        for (size_t k = 0; k < WN_PICTURE_CHANGE_COUNT; k++)
            printf("  %8.3f", (double)c->found[k][bits] / (double)c->copies);
        printf("\n");
    }
}

wn_status check_calibrate(session *run, wn_error *err)
{
    static wn_calibration found;
    wn_job job = job_of(run);
    int64_t images = 0;
    wn_status status = wn_job_calibrate(&job, run->common.workspace, &images, &found, err);
    if (status) return status;
    if (found.copies < 2)
        return command_fail(err, WN_INVALID, "there are %zu images with anything in them; at least two are needed",
                            found.copies);
    terminal_say(run->terminal, "  sample      %zu images of %lld, %d changed copies of each", found.copies,
                 (long long)images, (int)WN_PICTURE_CHANGE_COUNT);
    if (!run->common.json) {
        print_table(&found, images);
        return WN_OK;
    }
    json_t *rows = json_array();
    for (size_t bits = FIRST; bits <= LAST; bits += STEP) json_array_append_new(rows, json_row(&found, images, bits));
    return json_print(json_pack("{s:I, s:o, s:o, s:o}", "images", (json_int_t)images, "sample",
                                json_count(found.copies), "limits", rows, "peak_memory_bytes", json_peak_memory()),
                      err);
}
