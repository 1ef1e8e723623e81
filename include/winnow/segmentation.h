/* SPDX-License-Identifier: Apache-2.0
 *
 * Masks that are probably wrong: every pixel has a class of its own, and a model that did not learn from these masks
 * gives it probabilities (Lad and Mueller 2023, arXiv 2307.05080). Arrays are read plane by plane, so files larger than
 * memory will do; a worker holds some planes of one image.
 *
 *     wn_segmentation_request request = {.probabilities = planes, .labels = masks, .classes = 21, .pool = pool};
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

/* Zero-initialise, then set. All pointers are borrowed for the call. */
typedef struct wn_segmentation_request {
    wn_table labels;        /* images x pixels: class numbers; negative, or 255 with fewer classes = not known */
    wn_table probabilities; /* (images * classes) x pixels: row i * classes + k is class k in image i; in [0, 1] */
    size_t classes;         /* at least two */
    double temperature;     /* of the soft minimum; 0 = 0.1 */
    bool masks;             /* fill `masks` and `suggested` of the answer: three bytes a pixel */
    wn_pool *pool;
    const wn_progress *progress; /* stage "masks", unit "images", four times */
} wn_segmentation_request;

/* The answer. Release with wn_segmentation_issues_clear. */
typedef struct wn_segmentation_issues {
    size_t images, pixels, classes;
    float *scores;       /* images: soft minimum of the probabilities of the given classes of its pixels, 0 worst to
                          * 1; NaN = no pixel is known */
    uint64_t *counts;    /* images: pixels that are issues */
    uint64_t *by_class;  /* classes: the same by given class */
    uint64_t issues;     /* the same of all images */
    uint64_t confident;  /* pixels whose likeliest class is another one and reaches the mean that it has in its own
                          * pixels: an estimate of the number of errors */
    double *thresholds;  /* classes: that mean; 2e-6 for a class without pixels */
    uint8_t *masks;      /* images x pixels: 1 = an issue; NULL when not asked for */
    uint16_t *suggested; /* images x pixels: the likeliest class of an issue, else the given one; 65535 = not known */
    uint64_t unlabelled; /* pixels without a class */
    uint64_t unusable;   /* pixels with a class, and a probability that is no number; they take no part */
} wn_segmentation_issues;

/* Issues are the `confident` pixels of least probability of the given class, and those that tie with the last of them,
 * without those whose likeliest class is the given one. WN_INVALID: a label that is no class, a value outside [0, 1]
 * (the message names image and pixel), fewer than two classes or more than 65,534, tables that do not fit. */
WN_API WN_NODISCARD wn_status wn_segmentation_find_issues(const wn_segmentation_request *request,
                                                          wn_segmentation_issues *out, wn_error *err);

/* Releases the arrays and zeroes the struct. */
WN_API void wn_segmentation_issues_clear(wn_segmentation_issues *issues);

#ifdef __cplusplus
}
#endif
#endif
