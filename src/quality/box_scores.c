/* SPDX-License-Identifier: Apache-2.0
 *
 * Scores of boxes, image by image. Two passes: the least likeness of the whole set is a term of single scores.
 */
#include <math.h>
#include <stdbool.h>

#include "base/error.h"
#include "winnow/boxes.h"
#include "winnow/memory.h"

#define IOU_SHARE   0.9
#define FAR_FACTOR  0.1 /* a pixel of distance takes a tenth off the exponent */
#define LOW         0.5
#define HIGH        0.95
#define SAME_PLACE  0.95
#define TEMPERATURE 0.1
#define TINY        1e-100
#define LEAST_AREA  1e-6

enum { GRAIN = 64 };

typedef struct scoring {
    const wn_box_request *request;
    wn_box_scores *out;
    double *least; /* of each image */
} scoring;

static double get_iou(const wn_box *a, const wn_box *b)
{
    double left = fmax((double)a->x1, (double)b->x1), right = fmin((double)a->x2, (double)b->x2);
    double top = fmax((double)a->y1, (double)b->y1), bottom = fmin((double)a->y2, (double)b->y2);
    if (right < left || bottom < top) return 0;
    double both = (right - left) * (bottom - top);
    double area_a = ((double)a->x2 - (double)a->x1) * ((double)a->y2 - (double)a->y1);
    double area_b = ((double)b->x2 - (double)b->x1) * ((double)b->y2 - (double)b->y1);
    return both / fmax(area_a + area_b - both, LEAST_AREA);
}

static double get_likeness(const wn_box *a, const wn_box *b)
{
    double dx = ((double)a->x1 + (double)a->x2 - (double)b->x1 - (double)b->x2) / 2;
    double dy = ((double)a->y1 + (double)a->y2 - (double)b->y1 - (double)b->y2) / 2;
    return IOU_SHARE * get_iou(a, b) + (1 - IOU_SHARE) * exp(-sqrt(dx * dx + dy * dy) * FAR_FACTOR);
}

static void find_least(void *context, size_t begin, size_t end, unsigned worker)
{
    const scoring *s = context;
    const wn_box_request *r = s->request;
    (void)worker;
    for (size_t image = begin; image < end; image++) {
        s->least[image] = 1;
        for (size_t i = r->label_starts[image]; i < r->label_starts[image + 1]; i++) {
            for (size_t j = r->prediction_starts[image]; j < r->prediction_starts[image + 1]; j++) {
                double likeness = get_likeness(r->labels + i, r->predictions + j);
                if (likeness > 0 && likeness < s->least[image]) s->least[image] = likeness;
            }
        }
    }
}

static double score_missed(const scoring *s, size_t image, const wn_box *predicted)
{
    const wn_box_request *r = s->request;
    double best = -1;
    if ((double)predicted->score < HIGH) return NAN;
    for (size_t i = r->label_starts[image]; i < r->label_starts[image + 1]; i++) {
        if (get_iou(r->labels + i, predicted) > 0) return NAN;
        if (r->labels[i].label != predicted->label) continue;
        best = fmax(best, get_likeness(r->labels + i, predicted));
    }
    return best >= 0 ? best : s->out->least * (1 - (double)predicted->score);
}

static double score_misplaced(const scoring *s, size_t image, const wn_box *label)
{
    const wn_box_request *r = s->request;
    double best = -1;
    for (size_t j = r->prediction_starts[image]; j < r->prediction_starts[image + 1]; j++) {
        const wn_box *predicted = r->predictions + j;
        if (predicted->label != label->label || (double)predicted->score <= LOW || get_iou(label, predicted) <= 0)
            continue;
        best = fmax(best, get_likeness(label, predicted));
    }
    return best >= 0 ? best : 1;
}

/* Whether a label of another class has the same place. */
static bool is_contradicted(const scoring *s, size_t image, const wn_box *label)
{
    const wn_box_request *r = s->request;
    for (size_t i = r->label_starts[image]; i < r->label_starts[image + 1]; i++) {
        if (r->labels[i].label != label->label && get_iou(r->labels + i, label) >= SAME_PLACE) return true;
    }
    return false;
}

static double score_misnamed(const scoring *s, size_t image, const wn_box *label, int32_t *suggested)
{
    const wn_box_request *r = s->request;
    double best = -1;
    *suggested = label->label;
    for (size_t j = r->prediction_starts[image]; j < r->prediction_starts[image + 1]; j++) {
        const wn_box *predicted = r->predictions + j;
        if (predicted->label == label->label || (double)predicted->score <= HIGH) continue;
        double likeness = get_likeness(label, predicted);
        if (likeness <= best) continue;
        best = likeness;
        *suggested = predicted->label;
    }
    if (is_contradicted(s, image, label)) return s->out->least;
    return best >= 0 ? fmax(s->out->least, 1 - best) : 1;
}

/* Soft minimum of the scores that are numbers; 1 when there is none. */
static double pool_scores(const float *scores, size_t begin, size_t end)
{
    double least = INFINITY, weights = 0, sum = 0;
    for (size_t i = begin; i < end; i++) least = (double)scores[i] < least ? (double)scores[i] : least;
    if (!isfinite(least)) return 1;
    for (size_t i = begin; i < end; i++) {
        if (isnan(scores[i])) continue;
        double weight = exp((least - (double)scores[i]) / TEMPERATURE);
        weights += weight;
        sum += weight * (double)scores[i];
    }
    return sum / weights;
}

static void score_images(void *context, size_t begin, size_t end, unsigned worker)
{
    const scoring *s = context;
    const wn_box_request *r = s->request;
    wn_box_scores *out = s->out;
    (void)worker;
    for (size_t image = begin; image < end; image++) {
        size_t labels = r->label_starts[image], labels_end = r->label_starts[image + 1];
        size_t predictions = r->prediction_starts[image], predictions_end = r->prediction_starts[image + 1];
        for (size_t j = predictions; j < predictions_end; j++)
            out->missed[j] = (float)score_missed(s, image, r->predictions + j);
        for (size_t i = labels; i < labels_end; i++) {
            out->misplaced[i] = (float)score_misplaced(s, image, r->labels + i);
            out->misnamed[i] = (float)score_misnamed(s, image, r->labels + i, out->suggested + i);
        }
        double missed = pool_scores(out->missed, predictions, predictions_end);
        double misplaced = pool_scores(out->misplaced, labels, labels_end);
        double misnamed = pool_scores(out->misnamed, labels, labels_end);
        out->image_missed[image] = (float)missed;
        out->image_misplaced[image] = (float)misplaced;
        out->image_misnamed[image] = (float)misnamed;
        out->image[image] = (float)exp((log(TINY + missed) + log(TINY + misplaced) + log(TINY + misnamed)) / 3);
    }
}

static wn_status check_box(const wn_box *box, bool scored, const char *what, size_t image, size_t number, wn_error *err)
{
    if (!isfinite(box->x1) || !isfinite(box->y1) || !isfinite(box->x2) || !isfinite(box->y2))
        return wn_fail(err, WN_INVALID, "image %zu, %s %zu: a corner is no number", image, what, number);
    if (!(box->x2 > box->x1 && box->y2 > box->y1))
        return wn_fail(err, WN_INVALID, "image %zu, %s %zu: the box from (%g, %g) to (%g, %g) is empty or reversed",
                       image, what, number, (double)box->x1, (double)box->y1, (double)box->x2, (double)box->y2);
    if (scored && !(box->score >= 0 && box->score <= 1))
        return wn_fail(err, WN_INVALID, "image %zu, %s %zu: the probability %g is outside 0 to 1", image, what, number,
                       (double)box->score);
    return WN_OK;
}

static wn_status check_request(const wn_box_request *r, wn_error *err)
{
    for (size_t image = 0; image < r->images; image++) {
        if (r->label_starts[image] > r->label_starts[image + 1] ||
            r->prediction_starts[image] > r->prediction_starts[image + 1])
            return wn_fail(err, WN_INVALID, "image %zu: its boxes end before they start", image);
        for (size_t i = r->label_starts[image]; i < r->label_starts[image + 1]; i++)
            WN_TRY(check_box(r->labels + i, false, "label", image, i - r->label_starts[image], err));
        for (size_t j = r->prediction_starts[image]; j < r->prediction_starts[image + 1]; j++)
            WN_TRY(check_box(r->predictions + j, true, "prediction", image, j - r->prediction_starts[image], err));
    }
    return WN_OK;
}

void wn_box_scores_clear(wn_box_scores *scores)
{
    wn_free(scores->suggested);
    wn_free(scores->image_misnamed);
    wn_free(scores->image_misplaced);
    wn_free(scores->image_missed);
    wn_free(scores->image);
    wn_free(scores->misnamed);
    wn_free(scores->misplaced);
    wn_free(scores->missed);
    *scores = (wn_box_scores){0};
}

static wn_status get_memory(scoring *s, wn_error *err)
{
    wn_box_scores *out = s->out;
    float **per_image[] = {&out->image, &out->image_missed, &out->image_misplaced, &out->image_misnamed};
    bool there = true;
    for (size_t i = 0; i < sizeof per_image / sizeof *per_image; i++) {
        *per_image[i] = wn_alloc(WN_MEMORY_GENERAL, out->images, sizeof(float));
        there = there && *per_image[i];
    }
    s->least = wn_alloc(WN_MEMORY_GENERAL, out->images, sizeof *s->least);
    out->missed = wn_alloc(WN_MEMORY_GENERAL, out->predictions, sizeof *out->missed);
    out->misplaced = wn_alloc(WN_MEMORY_GENERAL, out->labels, sizeof *out->misplaced);
    out->misnamed = wn_alloc(WN_MEMORY_GENERAL, out->labels, sizeof *out->misnamed);
    out->suggested = wn_alloc(WN_MEMORY_GENERAL, out->labels, sizeof *out->suggested);
    if (there && s->least && out->missed && out->misplaced && out->misnamed && out->suggested) return WN_OK;
    return wn_fail(err, WN_NOMEM, "no memory to check the boxes of %zu images", out->images);
}

wn_status wn_boxes_score(const wn_box_request *request, wn_box_scores *out, wn_error *err)
{
    size_t images = request->images;
    *out = (wn_box_scores){.images = images, .least = 1};
    WN_TRY(check_request(request, err));
    out->labels = images ? request->label_starts[images] : 0;
    out->predictions = images ? request->prediction_starts[images] : 0;
    scoring s = {.request = request, .out = out};
    wn_status status = get_memory(&s, err);
    if (!status) {
        wn_pool_for(request->pool, images, GRAIN, find_least, &s);
        for (size_t i = 0; i < images; i++) out->least = s.least[i] < out->least ? s.least[i] : out->least;
        wn_pool_for(request->pool, images, GRAIN, score_images, &s);
    } else {
        wn_box_scores_clear(out);
    }
    wn_free(s.least);
    return status;
}
