/* SPDX-License-Identifier: Apache-2.0
 *
 * Masks that are probably wrong: every pixel has a class of its own, and a model that did not learn from these masks
 * gives it probabilities (Lad and Mueller 2023, arXiv 2307.05080). An image is read once into a digest of 20 bytes a
 * pixel, whatever the number of classes; digests that do not fit into `keep` bytes are made anew for each walk, so
 * files larger than memory will do.
 *
 *     wn_mask_tables tables = {.labels = masks, .probabilities = planes, .classes = 21};
 *     wn_segmentation_request request = {.images = n, .pixels = sizes, .classes = 21, .read = wn_mask_tables_read,
 *                                        .context = &tables, .pool = pool};
 *     wn_segmentation_issues issues;
 *     if (!wn_segmentation_find_issues(&request, &issues, &err)) ...    issues.scores[3] judges image 3
 *     wn_segmentation_issues_clear(&issues);
 */
#ifndef WINNOW_SEGMENTATION_H
#define WINNOW_SEGMENTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/matrix.h"
#include "winnow/pool.h"
#include "winnow/progress.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The label of a pixel that has a class and no usable prediction; of that, the class again. */
#define WN_MASK_UNUSABLE(class) (-2 - (class))

/* What is judged of one image: arrays of `pixels`, which a reader fills. */
typedef struct wn_mask_digest {
    size_t pixels;
    int32_t *labels;     /* the given class; negative = takes no part: -1 = not known, else WN_MASK_UNUSABLE(class) */
    int32_t *likeliest;  /* class of the greatest probability; of equal ones the smallest number */
    float *given;        /* probability of the given class, at least 0; not read where the label is negative */
    double *best;        /* the greatest probability */
    uint64_t unlabelled; /* pixels without a class */
    uint64_t unusable;   /* pixels with a class, and a probability that is no number */
} wn_mask_digest;

/* Fills the digest of an image, all arrays of it. Called from several threads. A failure ends the walk. */
typedef wn_status wn_mask_read(void *context, size_t image, wn_mask_digest *out, wn_error *err);

/* Is told the issues of an image, one byte a pixel, in the last walk. Called from several threads. A failure ends it.
 */
typedef wn_status wn_mask_found(void *context, size_t image, const wn_mask_digest *digest, const uint8_t *issues,
                                wn_error *err);

/* Zero-initialise, then set. All pointers are borrowed for the call. */
typedef struct wn_segmentation_request {
    size_t images, classes; /* at least two classes */
    const size_t *pixels;   /* images: how many each has */
    wn_mask_read *read;
    wn_mask_found *found;  /* may be NULL */
    void *context;         /* of both */
    double temperature;    /* of the soft minimum; 0 = 0.1 */
    bool masks;            /* fill `masks` and `suggested` of the answer: three bytes a pixel */
    uint64_t keep;         /* bytes for digests that stay in memory between the walks; 0 = 512 MiB */
    uint64_t memory_limit; /* bytes that the call may take, without the reader's own; 0 = no limit. Fewer digests are
                            * kept */
    wn_pool *pool;
    const wn_progress *progress; /* stage "masks", unit "images", four times */
} wn_segmentation_request;

/* The answer. Release with wn_segmentation_issues_clear. */
typedef struct wn_segmentation_issues {
    size_t images, classes;
    size_t *starts;         /* images + 1: where the pixels of each begin */
    float *scores;          /* images: soft minimum of the probabilities of the given classes of its pixels, 0 worst to
                             * 1; NaN = no pixel is known */
    uint64_t *counts;       /* images: pixels that are issues */
    uint64_t *by_class;     /* classes: the same by given class */
    uint64_t *class_pixels; /* classes: known pixels by given class */
    uint64_t issues;        /* pixels that are issues, of all images */
    uint64_t confident;     /* pixels whose likeliest class is another one and reaches the mean that it has in its own
                             * pixels: an estimate of the number of errors */
    double *thresholds;     /* classes: that mean; 2e-6 for a class without pixels */
    uint8_t *masks;         /* pixels: 1 = an issue; NULL when not asked for */
    uint16_t *suggested;    /* pixels: the likeliest class of an issue, else the given one; 65535 = not known */
    uint64_t unlabelled;    /* pixels without a class */
    uint64_t unusable;      /* pixels with a class, and a probability that is no number; they take no part */
} wn_segmentation_issues;

/* Issues are the `confident` pixels of least probability of the given class, and those that tie with the last of them,
 * without those whose likeliest class is the given one. WN_INVALID: fewer than two classes or more than 65,534;
 * WN_LIMIT: not even the digests of the images that are read at once have room; what the reader answers. */
WN_API WN_NODISCARD wn_status wn_segmentation_find_issues(const wn_segmentation_request *request,
                                                          wn_segmentation_issues *out, wn_error *err);

/* Releases the arrays and zeroes the struct. */
WN_API void wn_segmentation_issues_clear(wn_segmentation_issues *issues);

/* --- Readers ----------------------------------------------------------------------------------------------------- */

/* Probabilities where they lie: that of class k in pixel i is values[k * class_step + i * pixel_step]. */
typedef struct wn_mask_probabilities {
    const float *values;
    size_t classes, class_step, pixel_step;
} wn_mask_probabilities;

/* Fills all but the labels of a digest, which must be there. WN_INVALID, naming the pixel: a value outside 0 to 1 by
 * more than 1e-6, a label that is none of the classes. */
WN_API WN_NODISCARD wn_status wn_mask_digest_fill(const wn_mask_probabilities *probabilities, wn_mask_digest *digest,
                                                  wn_error *err);

/* The same from a class for each pixel, as of another mask: it has the probability 1. -1 = none told. */
WN_API void wn_mask_digest_compare(const int32_t *predicted, wn_mask_digest *digest);

/* Masks and probabilities of images of one size, read plane by plane. */
typedef struct wn_mask_tables {
    wn_table labels;        /* images x pixels: class numbers; negative, or 255 with fewer classes = not known */
    wn_table probabilities; /* (images * classes) x pixels: row i * classes + k is class k in image i; in [0, 1] */
    size_t classes;
} wn_mask_tables;

/* WN_INVALID: tables that do not fit each other. */
WN_API WN_NODISCARD wn_status wn_mask_tables_check(const wn_mask_tables *tables, wn_error *err);

/* A wn_mask_read whose context is a wn_mask_tables. WN_INVALID: a label that is no class, a value outside [0, 1]; the
 * message names image and pixel. */
WN_API WN_NODISCARD wn_status wn_mask_tables_read(void *context, size_t image, wn_mask_digest *out, wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
