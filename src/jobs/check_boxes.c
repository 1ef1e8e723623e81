/* SPDX-License-Identifier: Apache-2.0
 *
 * Labelled boxes of a workspace against the boxes that imported predictions give.
 */
#include "jobs/check.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

#define THRESHOLD 0.1 /* of the score of an image */

static const wn_check boxes_check = {.name = "boxes", .summary = "a box is missed, misplaced or wrongly named"};

/* ---- sets ---- */

/* Copies the newest set of boxes of a role; id 0 = there is none. */
static wn_status find_set(wn_checking *s, wn_annotation_role role, int64_t *id, wn_error *err)
{
    wn_annotation_set_record *sets = NULL;
    size_t count = 0;
    int64_t newest = 0;
    *id = 0;
    WN_TRY(wn_annotation_set_list(s->workspace, &sets, &count, err));
    for (size_t i = 0; i < count; i++) {
        bool boxes = sets[i].task == WN_TASK_DETECTION || sets[i].task == WN_TASK_INSTANCES;
        if (sets[i].role != role || !boxes || (*id && sets[i].created_at < newest)) continue;
        newest = sets[i].created_at;
        *id = sets[i].id;
    }
    wn_free(sets);
    return WN_OK;
}

/* ---- items ---- */

/* Boxes in the order of the images; the first walk counts, the second one fills. */
typedef struct taking {
    const wn_checking *checking;
    const int32_t *classes; /* of the set -> of the labels; NULL = the same */
    bool scored;
    wn_box *boxes; /* NULL while counting */
    size_t *starts;
    size_t len;
} taking;

static bool is_usable(const taking *t, const wn_annotation_record *item)
{
    if (!(item->flags & WN_ITEM_BOX) || (item->flags & WN_ITEM_CROWD) || item->category < 0) return false;
    for (int i = 0; i < 4; i++) {
        if (!isfinite(item->box[i])) return false;
    }
    if (!(item->box[2] > 0 && item->box[3] > 0)) return false;
    return !t->scored || (item->score >= 0 && item->score <= 1);
}

static wn_status take_item(void *context, const wn_annotation_record *item)
{
    taking *t = context;
    size_t at = wn_rows_find(&t->checking->rows, item->row);
    if (at == SIZE_MAX || !is_usable(t, item)) return WN_OK;
    if (!t->boxes) {
        t->starts[at + 1]++;
    } else {
        const float *box = item->box;
        t->boxes[t->starts[at]++] = (wn_box){.x1 = box[0],
                                             .y1 = box[1],
                                             .x2 = box[0] + box[2],
                                             .y2 = box[1] + box[3],
                                             .score = t->scored ? item->score : 1,
                                             .label = t->classes ? t->classes[item->category] : item->category};
    }
    t->len++;
    return WN_OK;
}

static wn_status take_boxes(wn_checking *s, int64_t set, taking *t, wn_error *err)
{
    size_t rows = s->rows.len;
    t->checking = s;
    if (!(t->starts = wn_calloc(WN_MEMORY_GENERAL, rows + 1, sizeof *t->starts)))
        return wn_fail(err, WN_NOMEM, "no memory for the boxes of %zu images", rows);
    WN_TRY(wn_annotation_set_visit(s->workspace, set, -1, take_item, t, err));
    for (size_t i = 0; i < rows; i++) t->starts[i + 1] += t->starts[i];
    if (!(t->boxes = wn_alloc(WN_MEMORY_GENERAL, t->len, sizeof *t->boxes)))
        return wn_fail(err, WN_NOMEM, "no memory for %zu boxes", t->len);
    WN_TRY(wn_annotation_set_visit(s->workspace, set, -1, take_item, t, err));
    for (size_t i = rows; i > 0; i--) t->starts[i] = t->starts[i - 1]; /* filling moved each to its end */
    t->starts[0] = 0;
    return WN_OK;
}

/* Classes of the predictions by the names of the labels; others get numbers beyond. Names of all stay for the list. */
static wn_status match_classes(wn_checking *s, int64_t set, int32_t **out, wn_error *err)
{
    wn_check_boxes *boxes = &s->boxes;
    WN_TRY(wn_annotation_set_categories(s->workspace, set, &boxes->predicted, &boxes->predicted_count, err));
    int32_t *classes = *out = wn_alloc(WN_MEMORY_GENERAL, boxes->predicted_count, sizeof *classes);
    if (!classes) return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t k = 0; k < boxes->predicted_count; k++) {
        classes[k] = (int32_t)(boxes->classes + k);
        for (size_t i = 0; i < boxes->classes; i++) {
            if (strcmp(boxes->names[i].name, boxes->predicted[k].name) == 0) classes[k] = (int32_t)i;
        }
    }
    return WN_OK;
}

static wn_status fill_result(wn_checking *s, wn_check_result *out, wn_error *err)
{
    size_t rows = s->rows.len;
    *out = (wn_check_result){.rows = rows, .threshold = THRESHOLD, .figure = NAN};
    out->scores = wn_alloc(WN_MEMORY_GENERAL, rows, sizeof *out->scores);
    out->is_issue = wn_calloc(WN_MEMORY_GENERAL, rows, 1);
    if (!out->scores || !out->is_issue) return wn_fail(err, WN_NOMEM, "no memory to check %zu images", rows);
    for (size_t row = 0; row < rows; row++) {
        out->scores[row] = s->boxes.found.image[row];
        out->is_issue[row] = (double)out->scores[row] < THRESHOLD;
        out->issues += out->is_issue[row];
    }
    return WN_OK;
}

static wn_status score_boxes(wn_checking *s, int64_t labels, int64_t predictions, wn_error *err)
{
    taking given = {0}, predicted = {.scored = true};
    int32_t *classes = NULL;
    wn_check_boxes *boxes = &s->boxes;
    wn_status status = wn_annotation_set_categories(s->workspace, labels, &boxes->names, &boxes->classes, err);
    if (!status) status = match_classes(s, predictions, &classes, err);
    predicted.classes = classes;
    if (!status) status = take_boxes(s, labels, &given, err);
    if (!status) status = take_boxes(s, predictions, &predicted, err);
    boxes->request = (wn_box_request){.images = s->rows.len,
                                      .labels = boxes->labels = given.boxes,
                                      .predictions = boxes->predictions = predicted.boxes,
                                      .label_starts = boxes->label_starts = given.starts,
                                      .prediction_starts = boxes->prediction_starts = predicted.starts,
                                      .pool = s->job->pool};
    if (!status) status = wn_boxes_score(&boxes->request, &boxes->found, err);
    wn_free(classes);
    return status;
}

wn_status wn_checking_boxes(wn_checking *s, wn_check_summary *summary, wn_error *err)
{
    int64_t labels, predictions;
    *summary = (wn_check_summary){.name = boxes_check.name, .summary = boxes_check.summary, .threshold = THRESHOLD};
    WN_TRY(find_set(s, WN_ROLE_LABELS, &labels, err));
    WN_TRY(find_set(s, WN_ROLE_PREDICTIONS, &predictions, err));
    if (!labels || !predictions) {
        summary->left_out = labels ? "there are no predicted boxes; 'winnow import --as predictions' brings them"
                                   : "there are no labelled boxes; 'winnow import' brings them";
        return WN_OK;
    }
    WN_TRY(score_boxes(s, labels, predictions, err));
    wn_check_result *result = &s->results[s->count];
    s->checks[s->count++] = &boxes_check;
    WN_TRY(fill_result(s, result, err));
    summary->issues = (int64_t)result->issues;
    return WN_OK;
}

void wn_checking_boxes_clear(wn_check_boxes *boxes)
{
    wn_box_scores_clear(&boxes->found);
    wn_free(boxes->predicted);
    wn_free(boxes->names);
    wn_free(boxes->prediction_starts);
    wn_free(boxes->label_starts);
    wn_free(boxes->predictions);
    wn_free(boxes->labels);
    *boxes = (wn_check_boxes){0};
}
