/* SPDX-License-Identifier: Apache-2.0
 *
 * Four walks over the digests: means of each class and scores of images; a count of confident issues, and of the upper
 * halves of the bits of all pixel scores; of the lower halves where the limit lies; what is below the limit. Scores are
 * not negative, so they are ordered as their bits are, and no pixel has to be sorted. The digests of the first images
 * are kept from the first walk on, as many as the request has room for; others are read again.
 */
#include "winnow/segmentation.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "winnow/memory.h"

enum { BINS = 1 << 16, BLOCK = 16, MOST_CLASSES = 65534, WALKS = 4 };

/* Bytes of a pixel of a digest, and of kept digests where the request tells none. */
enum { PIXEL_BYTES = 2 * sizeof(int32_t) + sizeof(float) + sizeof(double), KEPT_BYTES = 512 << 20 };

static const double SLACK = 1e-6, LEAST_THRESHOLD = 2e-6; /* as cleanlab has them */

typedef enum walk_kind { WALK_MEANS, WALK_COUNT, WALK_LIMIT, WALK_MARK } walk_kind;

typedef struct worker_state {
    wn_mask_digest digest; /* of an image that is not kept */
    uint64_t *bins;        /* BINS */
    uint8_t *marks;        /* of an image; NULL when nobody wants them */
} worker_state;

typedef struct judging {
    const wn_segmentation_request *request;
    wn_segmentation_issues *out;
    size_t classes, first; /* first image of the block */
    walk_kind walk;
    worker_state *workers;
    size_t worker_count;
    wn_mask_digest kept; /* arrays of the first kept_images, one after the other */
    size_t kept_images;
    double *sums;                                               /* BLOCK x classes: of the images of a block */
    uint64_t *class_counts, *confident, *unlabelled, *unusable; /* BLOCK, class_counts BLOCK x classes */
    uint32_t limit;                                             /* bits of the greatest score that is an issue */
    bool any;                                                   /* there is one */
    wn_status status[BLOCK];                                    /* of reading */
    wn_error errors[BLOCK];
} judging;

/* ---- digests ---- */

static bool make_digest(size_t pixels, wn_mask_digest *out)
{
    out->labels = wn_alloc(WN_MEMORY_MATRIX, pixels, sizeof *out->labels);
    out->likeliest = wn_alloc(WN_MEMORY_MATRIX, pixels, sizeof *out->likeliest);
    out->given = wn_alloc(WN_MEMORY_MATRIX, pixels, sizeof *out->given);
    out->best = wn_alloc(WN_MEMORY_MATRIX, pixels, sizeof *out->best);
    return out->labels && out->likeliest && out->given && out->best;
}

static void clear_digest(wn_mask_digest *digest)
{
    wn_free(digest->labels);
    wn_free(digest->likeliest);
    wn_free(digest->given);
    wn_free(digest->best);
}

/* The digest of an image: where it is kept, else in the room of the worker, which is filled. */
static wn_status get_digest(judging *j, unsigned worker, size_t image, size_t slot, wn_mask_digest *out, wn_error *err)
{
    size_t first = j->out->starts[image];
    bool kept = image < j->kept_images;
    *out = kept ? j->kept : j->workers[worker].digest;
    if (kept) {
        out->labels += first;
        out->likeliest += first;
        out->given += first;
        out->best += first;
    }
    out->pixels = j->out->starts[image + 1] - first;
    if (kept && j->walk != WALK_MEANS) return WN_OK;
    out->unlabelled = out->unusable = 0;
    WN_TRY(j->request->read(j->request->context, image, out, err));
    j->unlabelled[slot] = out->unlabelled;
    j->unusable[slot] = out->unusable;
    return WN_OK;
}

/* ---- one image ---- */

static void add_means(judging *j, const wn_mask_digest *d, size_t image, size_t slot)
{
    double *sums = j->sums + slot * j->classes, temperature = j->request->temperature, least = INFINITY;
    uint64_t *counts = j->class_counts + slot * j->classes;
    double weights = 0, weighted = 0;
    memset(sums, 0, j->classes * sizeof *sums);
    memset(counts, 0, j->classes * sizeof *counts);
    for (size_t i = 0; i < d->pixels; i++) {
        if (d->labels[i] < 0) continue;
        sums[d->labels[i]] += (double)d->given[i];
        counts[d->labels[i]]++;
        if ((double)d->given[i] < least) least = (double)d->given[i];
    }
    if (!(temperature > 0)) temperature = 0.1;
    for (size_t i = 0; i < d->pixels; i++) {
        if (d->labels[i] < 0) continue;
        double weight = exp((least - (double)d->given[i]) / temperature);
        weights += weight;
        weighted += weight * (double)d->given[i];
    }
    j->out->scores[image] = weights > 0 ? (float)(weighted / weights) : NAN;
}

static uint32_t bits_of(float score)
{
    uint32_t bits;
    memcpy(&bits, &score, sizeof bits);
    return bits;
}

static void count_image(judging *j, const wn_mask_digest *d, uint64_t *bins, size_t slot)
{
    uint64_t confident = 0;
    for (size_t i = 0; i < d->pixels; i++) {
        if (d->labels[i] < 0) continue;
        uint32_t bits = bits_of(d->given[i]);
        if (j->walk == WALK_COUNT) {
            bins[bits >> 16]++;
            confident += d->likeliest[i] != d->labels[i] && d->best[i] >= j->out->thresholds[d->likeliest[i]] - SLACK;
        } else if (bits >> 16 == j->limit >> 16) {
            bins[bits & 0xffff]++;
        }
    }
    j->confident[slot] = confident;
}

static bool is_issue(const judging *j, const wn_mask_digest *d, size_t i)
{
    return j->any && d->labels[i] >= 0 && d->likeliest[i] != d->labels[i] && bits_of(d->given[i]) <= j->limit;
}

/* What is suggested where nothing is wrong; -1 becomes 65535. */
static int32_t given_class(int32_t label)
{
    return label < -1 ? WN_MASK_UNUSABLE(label) : label;
}

static void count_issues(judging *j, const wn_mask_digest *d, size_t image, size_t slot)
{
    wn_segmentation_issues *out = j->out;
    uint64_t *by_class = j->class_counts + slot * j->classes;
    memset(by_class, 0, j->classes * sizeof *by_class);
    out->counts[image] = 0;
    for (size_t i = 0; i < d->pixels; i++) {
        bool issue = is_issue(j, d, i);
        if (issue) by_class[d->labels[i]]++;
        out->counts[image] += issue;
        if (!out->masks) continue;
        out->masks[out->starts[image] + i] = issue;
        out->suggested[out->starts[image] + i] = (uint16_t)(issue ? d->likeliest[i] : given_class(d->labels[i]));
    }
}

static wn_status mark_image(judging *j, const wn_mask_digest *d, uint8_t *marks, size_t image, size_t slot,
                            wn_error *err)
{
    const wn_segmentation_request *request = j->request;
    count_issues(j, d, image, slot);
    if (!request->found) return WN_OK;
    for (size_t i = 0; i < d->pixels; i++) marks[i] = is_issue(j, d, i);
    return request->found(request->context, image, d, marks, err);
}

static void judge_images(void *context, size_t begin, size_t end, unsigned worker)
{
    judging *j = context;
    wn_mask_digest d;
    for (size_t slot = begin; slot < end; slot++) {
        size_t image = j->first + slot;
        if ((j->status[slot] = get_digest(j, worker, image, slot, &d, &j->errors[slot]))) continue;
        if (j->walk == WALK_MEANS) {
            add_means(j, &d, image, slot);
        } else if (j->walk == WALK_MARK) {
            j->status[slot] = mark_image(j, &d, j->workers[worker].marks, image, slot, &j->errors[slot]);
        } else {
            count_image(j, &d, j->workers[worker].bins, slot);
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

static wn_status find_issues(judging *j, double *sums, wn_error *err)
{
    wn_segmentation_issues *out = j->out;
    uint64_t below, none;
    WN_TRY(walk_images(j, WALK_MEANS, sums, out->class_pixels, err));
    for (size_t k = 0; k < j->classes; k++)
        out->thresholds[k] = fmax(out->class_pixels[k] ? sums[k] / (double)out->class_pixels[k] : 0, LEAST_THRESHOLD);
    WN_TRY(walk_images(j, WALK_COUNT, NULL, NULL, err));
    j->any = out->confident > 0;
    j->limit = find_bin(j, out->confident, &below) << 16;
    WN_TRY(walk_images(j, WALK_LIMIT, NULL, NULL, err));
    j->limit |= find_bin(j, out->confident - below, &none);
    return walk_images(j, WALK_MARK, NULL, out->by_class, err);
}

/* What is needed also where no digest is kept: one for each thread, bins and marks, sums, the answer. */
static uint64_t least_bytes(const judging *j, size_t largest_of_all)
{
    const uint64_t worker = (uint64_t)largest_of_all * (PIXEL_BYTES + 1) + BINS * sizeof(uint64_t);
    const uint64_t answer = j->request->masks ? j->out->starts[j->out->images] * (uint64_t)3 : 0;
    return worker * j->worker_count + (uint64_t)BLOCK * j->classes * 16 + (uint64_t)j->out->images * 20 + answer;
}

/* Bytes for digests that are kept. */
static wn_status find_room(const judging *j, size_t largest_of_all, uint64_t *room, wn_error *err)
{
    const uint64_t limit = j->request->memory_limit, least = least_bytes(j, largest_of_all);
    char need[32], left[32];
    *room = j->request->keep ? j->request->keep : KEPT_BYTES;
    if (!limit) return WN_OK;
    wn_text_bytes(least, need);
    wn_text_bytes(limit, left);
    if (least > limit)
        return wn_fail(
            err, WN_LIMIT,
            "checking %zu masks of up to %zu pixels takes %s, more than the %s that the memory limit leaves; "
            "raise it, or take fewer threads",
            j->out->images, largest_of_all, need, left);
    if (*room > limit - least) *room = limit - least;
    return WN_OK;
}

/* How many images from the first on have digests that fit, and the pixels of the largest one that has not; and of the
 * largest of all. */
static wn_status plan_kept(judging *j, size_t *largest, size_t *largest_of_all, wn_error *err)
{
    const wn_segmentation_request *request = j->request;
    uint64_t room;
    *largest = *largest_of_all = 0;
    for (size_t i = 0; i < request->images; i++)
        if (request->pixels[i] > *largest_of_all) *largest_of_all = request->pixels[i];
    WN_TRY(find_room(j, *largest_of_all, &room, err));
    while (j->kept_images < request->images && j->out->starts[j->kept_images + 1] <= room / PIXEL_BYTES)
        j->kept_images++;
    for (size_t i = j->kept_images; i < request->images; i++)
        if (request->pixels[i] > *largest) *largest = request->pixels[i];
    return WN_OK;
}

static bool make_answer(judging *j, wn_segmentation_issues *out)
{
    size_t images = out->images, classes = out->classes, pixels = out->starts[images];
    out->scores = wn_alloc(WN_MEMORY_MATRIX, images, sizeof *out->scores);
    out->counts = wn_calloc(WN_MEMORY_MATRIX, images, sizeof *out->counts);
    out->by_class = wn_calloc(WN_MEMORY_MATRIX, classes, sizeof *out->by_class);
    out->class_pixels = wn_calloc(WN_MEMORY_MATRIX, classes, sizeof *out->class_pixels);
    out->thresholds = wn_alloc(WN_MEMORY_MATRIX, classes, sizeof *out->thresholds);
    if (!out->class_pixels || !out->scores || !out->counts || !out->by_class || !out->thresholds) return false;
    if (!j->request->masks) return true;
    out->masks = wn_alloc(WN_MEMORY_MATRIX, pixels, sizeof *out->masks);
    out->suggested = wn_alloc(WN_MEMORY_MATRIX, pixels, sizeof *out->suggested);
    return out->masks && out->suggested;
}

static wn_status make_room(judging *j, wn_segmentation_issues *out, wn_error *err)
{
    size_t largest, largest_of_all;
    WN_TRY(plan_kept(j, &largest, &largest_of_all, err));
    bool ok = j->workers != NULL && make_digest(out->starts[j->kept_images], &j->kept);
    for (size_t w = 0; ok && w < j->worker_count; w++) {
        j->workers[w].bins = wn_alloc(WN_MEMORY_MATRIX, BINS, sizeof *j->workers[w].bins);
        ok = make_digest(largest, &j->workers[w].digest) && j->workers[w].bins;
        if (!ok || !j->request->found) continue;
        ok = (j->workers[w].marks = wn_alloc(WN_MEMORY_MATRIX, largest_of_all, 1)) != NULL;
    }
    j->sums = wn_alloc(WN_MEMORY_MATRIX, BLOCK * j->classes, sizeof *j->sums);
    j->class_counts = wn_alloc(WN_MEMORY_MATRIX, BLOCK * j->classes, sizeof *j->class_counts);
    j->confident = wn_alloc(WN_MEMORY_MATRIX, (size_t)3 * BLOCK, sizeof *j->confident);
    ok = ok && j->sums && j->class_counts && j->confident && make_answer(j, out);
    if (!ok) return wn_fail(err, WN_NOMEM, "no memory for %zu masks", out->images);
    j->unlabelled = j->confident + BLOCK;
    j->unusable = j->unlabelled + BLOCK;
    return WN_OK;
}

static void clear_room(judging *j)
{
    for (size_t w = 0; j->workers && w < j->worker_count; w++) {
        clear_digest(&j->workers[w].digest);
        wn_free(j->workers[w].bins);
        wn_free(j->workers[w].marks);
    }
    clear_digest(&j->kept);
    wn_free(j->workers);
    wn_free(j->sums);
    wn_free(j->class_counts);
    wn_free(j->confident);
}

wn_status wn_segmentation_find_issues(const wn_segmentation_request *request, wn_segmentation_issues *out,
                                      wn_error *err)
{
    *out = (wn_segmentation_issues){0};
    if (request->classes < 2 || request->classes > MOST_CLASSES)
        return wn_fail(err, WN_INVALID, "%zu classes; 2 to %d can be told apart", request->classes, MOST_CLASSES);
    out->images = request->images;
    out->classes = request->classes;
    judging j = {.request = request, .out = out, .classes = out->classes};
    j.worker_count = wn_pool_threads(request->pool);
    j.workers = wn_calloc(WN_MEMORY_MATRIX, j.worker_count, sizeof *j.workers);
    double *sums = wn_calloc(WN_MEMORY_MATRIX, out->classes, sizeof *sums);
    out->starts = wn_calloc(WN_MEMORY_MATRIX, out->images + 1, sizeof *out->starts);
    for (size_t i = 0; out->starts && i < out->images; i++) out->starts[i + 1] = out->starts[i] + request->pixels[i];
    wn_status status =
        out->starts && sums ? make_room(&j, out, err) : wn_fail(err, WN_NOMEM, "no memory for %zu masks", out->images);
    if (!status) status = find_issues(&j, sums, err);
    wn_free(sums);
    clear_room(&j);
    if (status) wn_segmentation_issues_clear(out);
    return status;
}

void wn_segmentation_issues_clear(wn_segmentation_issues *issues)
{
    wn_free(issues->starts);
    wn_free(issues->scores);
    wn_free(issues->counts);
    wn_free(issues->by_class);
    wn_free(issues->class_pixels);
    wn_free(issues->thresholds);
    wn_free(issues->masks);
    wn_free(issues->suggested);
    *issues = (wn_segmentation_issues){0};
}
