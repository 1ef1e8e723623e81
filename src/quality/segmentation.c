/* SPDX-License-Identifier: Apache-2.0
 *
 * Four walks over the planes: means of each class and scores of images; a count of confident issues, and of the upper
 * halves of the bits of all pixel scores; of the lower halves where the limit lies; what is below the limit. Scores are
 * not negative, so they are ordered as their bits are, and no pixel has to be kept or sorted.
 */
#include "winnow/segmentation.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

enum { BINS = 1 << 16, BLOCK = 16, VOID_CLASS = 255, MOST_CLASSES = 65534, WALKS = 4 };

static const double SLACK = 1e-6, LEAST_THRESHOLD = 2e-6; /* as cleanlab has them */

typedef enum walk_kind { WALK_MEANS, WALK_COUNT, WALK_LIMIT, WALK_MARK } walk_kind;

/* What a worker holds of one image. */
typedef struct planes {
    double *plane;              /* pixels: as read */
    double *best;               /* pixels: the greatest probability */
    float *given;               /* pixels: the probability of the given class */
    int32_t *label, *likeliest; /* pixels; label -1 = takes no part */
    uint64_t *bins;             /* BINS */
} planes;

typedef struct judging {
    const wn_segmentation_request *request;
    wn_segmentation_issues *out;
    size_t pixels, classes, first; /* first image of the block */
    walk_kind walk;
    planes *workers;
    size_t worker_count;
    double *sums;                                               /* BLOCK x classes: of the images of a block */
    uint64_t *class_counts, *confident, *unlabelled, *unusable; /* BLOCK, class_counts BLOCK x classes */
    uint32_t limit;                                             /* bits of the greatest score that is an issue */
    bool any;                                                   /* there is one */
    wn_status status[BLOCK];                                    /* of reading */
    wn_error errors[BLOCK];
} judging;

/* ---- one image ---- */

static wn_status read_labels(const judging *j, planes *p, size_t image, uint64_t *unlabelled, wn_error *err)
{
    const wn_table *table = &j->request->labels;
    WN_TRY(table->read(table->context, image, 1, p->plane, err));
    *unlabelled = 0;
    for (size_t i = 0; i < j->pixels; i++) {
        double value = p->plane[i];
        bool none = value < 0 || (value == VOID_CLASS && j->classes <= VOID_CLASS);
        if (!none && !(value < (double)j->classes && value == floor(value)))
            return wn_fail(err, WN_INVALID, "image %zu, pixel %zu: the label %g is none of %zu classes", image, i,
                           value, j->classes);
        p->label[i] = none ? -1 : (int32_t)value;
        *unlabelled += none;
    }
    return WN_OK;
}

/* Label, probability of it, and likeliest class of each pixel; equal classes go by the smaller number. */
static wn_status read_image(const judging *j, planes *p, size_t image, size_t slot, wn_error *err)
{
    const wn_table *table = &j->request->probabilities;
    uint64_t unusable = 0;
    WN_TRY(read_labels(j, p, image, &j->unlabelled[slot], err));
    for (size_t i = 0; i < j->pixels; i++) p->best[i] = -1;
    for (size_t k = 0; k < j->classes; k++) {
        WN_TRY(table->read(table->context, image * j->classes + k, 1, p->plane, err));
        for (size_t i = 0; i < j->pixels; i++) {
            double value = p->plane[i];
            if (value < -SLACK || value > 1 + SLACK)
                return wn_fail(err, WN_INVALID, "image %zu, class %zu, pixel %zu: %g is no probability; apply softmax",
                               image, k, i, value);
            if (p->label[i] >= 0 && !isfinite(value)) {
                p->label[i] = -1;
                unusable++;
            }
            if (value > p->best[i]) {
                p->best[i] = value;
                p->likeliest[i] = (int32_t)k;
            }
            if (p->label[i] == (int32_t)k) p->given[i] = value > 0 ? (float)value : 0;
        }
    }
    j->unusable[slot] = unusable;
    return WN_OK;
}

static void add_means(judging *j, const planes *p, size_t image, size_t slot)
{
    double *sums = j->sums + slot * j->classes, temperature = j->request->temperature, least = INFINITY;
    uint64_t *counts = j->class_counts + slot * j->classes;
    double weights = 0, weighted = 0;
    memset(sums, 0, j->classes * sizeof *sums);
    memset(counts, 0, j->classes * sizeof *counts);
    for (size_t i = 0; i < j->pixels; i++) {
        if (p->label[i] < 0) continue;
        sums[p->label[i]] += (double)p->given[i];
        counts[p->label[i]]++;
        least = fmin(least, (double)p->given[i]);
    }
    if (!(temperature > 0)) temperature = 0.1;
    for (size_t i = 0; i < j->pixels; i++) {
        if (p->label[i] < 0) continue;
        double weight = exp((least - (double)p->given[i]) / temperature);
        weights += weight;
        weighted += weight * (double)p->given[i];
    }
    j->out->scores[image] = weights > 0 ? (float)(weighted / weights) : NAN;
}

static uint32_t bits_of(float score)
{
    uint32_t bits;
    memcpy(&bits, &score, sizeof bits);
    return bits;
}

static void count_image(judging *j, const planes *p, size_t slot)
{
    uint64_t confident = 0;
    for (size_t i = 0; i < j->pixels; i++) {
        if (p->label[i] < 0) continue;
        uint32_t bits = bits_of(p->given[i]);
        if (j->walk == WALK_COUNT) {
            p->bins[bits >> 16]++;
            confident += p->likeliest[i] != p->label[i] && p->best[i] >= j->out->thresholds[p->likeliest[i]] - SLACK;
        } else if (bits >> 16 == j->limit >> 16) {
            p->bins[bits & 0xffff]++;
        }
    }
    j->confident[slot] = confident;
}

static void mark_image(judging *j, const planes *p, size_t image, size_t slot)
{
    wn_segmentation_issues *out = j->out;
    uint64_t *by_class = j->class_counts + slot * j->classes;
    memset(by_class, 0, j->classes * sizeof *by_class);
    out->counts[image] = 0;
    for (size_t i = 0; i < j->pixels; i++) {
        bool issue = j->any && p->label[i] >= 0 && p->likeliest[i] != p->label[i] && bits_of(p->given[i]) <= j->limit;
        if (issue) by_class[p->label[i]]++;
        out->counts[image] += issue;
        if (!out->masks) continue;
        out->masks[image * j->pixels + i] = issue;
        out->suggested[image * j->pixels + i] = (uint16_t)(issue ? p->likeliest[i] : p->label[i]);
    }
}

static void judge_images(void *context, size_t begin, size_t end, unsigned worker)
{
    judging *j = context;
    planes *p = &j->workers[worker];
    for (size_t slot = begin; slot < end; slot++) {
        size_t image = j->first + slot;
        if ((j->status[slot] = read_image(j, p, image, slot, &j->errors[slot]))) continue;
        if (j->walk == WALK_MEANS) {
            add_means(j, p, image, slot);
        } else if (j->walk == WALK_MARK) {
            mark_image(j, p, image, slot);
        } else {
            count_image(j, p, slot);
        }
    }
}

/* ---- all images ---- */

/* What a block of images adds, in their order. */
static void add_block(judging *j, size_t count, double *sums, uint64_t *counts)
{
    wn_segmentation_issues *out = j->out;
    for (size_t slot = 0; slot < count; slot++) {
        for (size_t k = 0; k < j->classes && (j->walk == WALK_MEANS || j->walk == WALK_MARK); k++) {
            counts[k] += j->class_counts[slot * j->classes + k];
            if (j->walk == WALK_MEANS) sums[k] += j->sums[slot * j->classes + k];
        }
        if (j->walk == WALK_MEANS) {
            out->unlabelled += j->unlabelled[slot];
            out->unusable += j->unusable[slot];
        } else if (j->walk == WALK_COUNT) {
            out->confident += j->confident[slot];
        } else if (j->walk == WALK_MARK) {
            out->issues += out->counts[j->first + slot];
        }
    }
}

static wn_status walk_images(judging *j, walk_kind walk, double *sums, uint64_t *counts, wn_error *err)
{
    size_t images = j->out->images;
    j->walk = walk;
    for (size_t w = 0; w < j->worker_count; w++) memset(j->workers[w].bins, 0, BINS * sizeof *j->workers[w].bins);
    for (j->first = 0; j->first < images; j->first += BLOCK) {
        size_t count = images - j->first < BLOCK ? images - j->first : BLOCK;
        wn_pool_for(j->request->pool, count, 1, judge_images, j);
        for (size_t slot = 0; slot < count; slot++) {
            if (!j->status[slot]) continue;
            if (err) *err = j->errors[slot];
            return j->status[slot];
        }
        add_block(j, count, sums, counts);
        wn_progress_report report = {.stage = "masks",
                                     .unit = "images",
                                     .done = (uint64_t)walk * images + j->first + count,
                                     .total = WALKS * (uint64_t)images};
        if (wn_progress_tell(j->request->progress, &report)) return wn_fail(err, WN_CANCELLED, "cancelled");
    }
    return WN_OK;
}

/* The bin in which the `wanted`-th pixel from below is; `below` becomes the number of pixels in the bins before. */
static uint32_t find_bin(const judging *j, uint64_t wanted, uint64_t *below)
{
    *below = 0;
    for (uint32_t bin = 0; bin < BINS; bin++) {
        uint64_t here = 0;
        for (size_t w = 0; w < j->worker_count; w++) here += j->workers[w].bins[bin];
        if (*below + here >= wanted) return bin;
        *below += here;
    }
    return BINS - 1;
}

static wn_status find_issues(judging *j, double *sums, uint64_t *counts, wn_error *err)
{
    wn_segmentation_issues *out = j->out;
    uint64_t below, none;
    WN_TRY(walk_images(j, WALK_MEANS, sums, counts, err));
    for (size_t k = 0; k < j->classes; k++)
        out->thresholds[k] = fmax(counts[k] ? sums[k] / (double)counts[k] : 0, LEAST_THRESHOLD);
    WN_TRY(walk_images(j, WALK_COUNT, NULL, NULL, err));
    j->any = out->confident > 0;
    j->limit = find_bin(j, out->confident, &below) << 16;
    WN_TRY(walk_images(j, WALK_LIMIT, NULL, NULL, err));
    j->limit |= find_bin(j, out->confident - below, &none);
    return walk_images(j, WALK_MARK, NULL, out->by_class, err);
}

static wn_status check_tables(const wn_segmentation_request *request, wn_error *err)
{
    const wn_table *labels = &request->labels, *probabilities = &request->probabilities;
    if (request->classes < 2 || request->classes > MOST_CLASSES)
        return wn_fail(err, WN_INVALID, "%zu classes; 2 to %d can be told apart", request->classes, MOST_CLASSES);
    if (probabilities->rows % request->classes || probabilities->rows / request->classes != labels->rows ||
        probabilities->cols != labels->cols)
        return wn_fail(err, WN_INVALID,
                       "probabilities of %zu planes of %zu pixels do not fit %zu masks of %zu pixels and %zu classes",
                       probabilities->rows, probabilities->cols, labels->rows, labels->cols, request->classes);
    return WN_OK;
}

static bool make_room(judging *j, wn_segmentation_issues *out)
{
    size_t pixels = j->pixels, classes = j->classes;
    bool ok = j->workers != NULL;
    for (size_t w = 0; ok && w < j->worker_count; w++) {
        planes *p = &j->workers[w];
        p->plane = wn_alloc(WN_MEMORY_MATRIX, pixels, sizeof *p->plane);
        p->best = wn_alloc(WN_MEMORY_MATRIX, pixels, sizeof *p->best);
        p->given = wn_alloc(WN_MEMORY_MATRIX, pixels, sizeof *p->given);
        p->label = wn_alloc(WN_MEMORY_MATRIX, pixels, sizeof *p->label);
        p->likeliest = wn_alloc(WN_MEMORY_MATRIX, pixels, sizeof *p->likeliest);
        p->bins = wn_alloc(WN_MEMORY_MATRIX, BINS, sizeof *p->bins);
        ok = p->plane && p->best && p->given && p->label && p->likeliest && p->bins;
    }
    j->sums = wn_alloc(WN_MEMORY_MATRIX, BLOCK * classes, sizeof *j->sums);
    j->class_counts = wn_alloc(WN_MEMORY_MATRIX, BLOCK * classes, sizeof *j->class_counts);
    j->confident = wn_alloc(WN_MEMORY_MATRIX, (size_t)3 * BLOCK, sizeof *j->confident);
    out->scores = wn_alloc(WN_MEMORY_MATRIX, out->images, sizeof *out->scores);
    out->counts = wn_calloc(WN_MEMORY_MATRIX, out->images, sizeof *out->counts);
    out->by_class = wn_calloc(WN_MEMORY_MATRIX, classes, sizeof *out->by_class);
    out->thresholds = wn_alloc(WN_MEMORY_MATRIX, classes, sizeof *out->thresholds);
    ok = ok && j->sums && j->class_counts && j->confident && out->scores && out->counts && out->by_class &&
         out->thresholds;
    if (!ok) return false;
    j->unlabelled = j->confident + BLOCK;
    j->unusable = j->unlabelled + BLOCK;
    if (!j->request->masks) return true;
    out->masks = wn_alloc(WN_MEMORY_MATRIX, out->images, pixels);
    out->suggested = wn_alloc(WN_MEMORY_MATRIX, out->images * pixels, sizeof *out->suggested);
    return out->masks && out->suggested;
}

static void clear_room(judging *j)
{
    for (size_t w = 0; j->workers && w < j->worker_count; w++) {
        wn_free(j->workers[w].plane);
        wn_free(j->workers[w].best);
        wn_free(j->workers[w].given);
        wn_free(j->workers[w].label);
        wn_free(j->workers[w].likeliest);
        wn_free(j->workers[w].bins);
    }
    wn_free(j->workers);
    wn_free(j->sums);
    wn_free(j->class_counts);
    wn_free(j->confident);
}

wn_status wn_segmentation_find_issues(const wn_segmentation_request *request, wn_segmentation_issues *out,
                                      wn_error *err)
{
    *out = (wn_segmentation_issues){0};
    WN_TRY(check_tables(request, err));
    out->images = request->labels.rows;
    out->pixels = request->labels.cols;
    out->classes = request->classes;
    judging j = {.request = request, .out = out, .pixels = out->pixels, .classes = out->classes};
    j.worker_count = wn_pool_threads(request->pool);
    j.workers = wn_calloc(WN_MEMORY_MATRIX, j.worker_count, sizeof *j.workers);
    double *sums = wn_calloc(WN_MEMORY_MATRIX, out->classes, sizeof *sums);
    uint64_t *counts = wn_calloc(WN_MEMORY_MATRIX, out->classes, sizeof *counts);
    wn_status status = make_room(&j, out) && sums && counts
                           ? find_issues(&j, sums, counts, err)
                           : wn_fail(err, WN_NOMEM, "no memory for %zu masks of %zu pixels", out->images, out->pixels);
    wn_free(counts);
    wn_free(sums);
    clear_room(&j);
    if (status) wn_segmentation_issues_clear(out);
    return status;
}

void wn_segmentation_issues_clear(wn_segmentation_issues *issues)
{
    wn_free(issues->scores);
    wn_free(issues->counts);
    wn_free(issues->by_class);
    wn_free(issues->thresholds);
    wn_free(issues->masks);
    wn_free(issues->suggested);
    *issues = (wn_segmentation_issues){0};
}
