/* SPDX-License-Identifier: Apache-2.0
 *
 * How much a model's predictions say that an image is worth labelling. A scorer is one row of a table. It takes the
 * predicted objects of many rows (a classification is one object a row) and gives one number a row, more = sooner.
 *
 *     wn_scorer_request request = {.objects = objects, .task = WN_TASK_DETECTION};
 *     status = wn_score(wn_scorer_find("uncertainty_entropy"), NULL, &request, scores, &err);
 *
 * Of one vector of probabilities p (sorted p1 >= p2 >= ..., n classes), scaled so that certainty gives 0 and ignorance
 * 1 (Settles 2009; Munro 2021; the rescaling of Lightly is the same):
 *
 *     uncertainty_least_confidence   (1 - p1) n / (n - 1)
 *     uncertainty_margin             1 - (p1 - p2)
 *     uncertainty_ratio              p2 / p1
 *     uncertainty_entropy            -sum p log p / log n
 *
 * Vectors are divided by their sum first; a single number p is read as (p, 1 - p); a vector that holds NaN or no mass
 * gives 0.
 */
#ifndef WINNOW_SCORER_H
#define WINNOW_SCORER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/annotation.h"
#include "winnow/matrix.h"
#include "winnow/option.h"
#include "winnow/pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Predicted objects, grouped by row: those of row i are [starts[i], starts[i + 1]). NULL arrays = not known. */
typedef struct wn_scorer_objects {
    size_t rows, count; /* count = starts[rows] */
    const size_t *starts;
    const uint8_t *known; /* rows: 0 = nothing is predicted for the row, its score is NaN; NULL = all are known */
    size_t classes;
    const float *probabilities; /* count x classes; a first value of NaN = the object has none */
    const float *scores;        /* count: confidence 0..1, NaN = none; stands in for probabilities as (s, 1 - s) */
    const int32_t *categories;  /* count: 0 .. classes - 1, -1 = none */
    const float *areas;         /* count: pixels of the mask, for semantic segmentation; NaN = none */
    const float *keypoint_confidences; /* count: mean over the keypoints, NaN = none */
} wn_scorer_objects;

/* How the values of the objects of a row become one. AUTO: mean for semantic segmentation (weighted by area, so it is
 * the mean over pixels where the segments have masks), else max, as Lightly does. */
#define WN_REDUCTION_MAP(X) X(AUTO, "auto") X(MAX, "max") X(SUM, "sum") X(MEAN, "mean") X(TOP, "top")

typedef enum wn_reduction {
#define X(name, text) WN_REDUCTION_##name,
    WN_REDUCTION_MAP(X)
#undef X
        WN_REDUCTION_COUNT
} wn_reduction;

/* The texts above, NULL-terminated; for option tables. */
WN_API extern const char *const wn_reduction_names[WN_REDUCTION_COUNT + 1];

typedef struct wn_scorer_request {
    wn_scorer_objects objects;
    wn_annotation_task task;
    wn_reduction reduction;
    size_t top;                 /* objects that TOP sums up: the greatest; 0 = 3 */
    const float *class_weights; /* classes factors of the value of an object, by its category; NULL = 1 */
    double temperature;         /* p^(1/T), divided by the sum; 0 = 1 */
    wn_pool *pool;
} wn_scorer_request;

/* What a scorer reads. */
enum {
    WN_SCORER_PROBABILITIES = 1, /* or confidences in their place */
    WN_SCORER_SCORES = 2,
    WN_SCORER_CATEGORIES = 4,
    WN_SCORER_KEYPOINTS = 8
};

/* One scorer: of a vector (`value`; the framework reduces) or of all rows (`score`). */
typedef struct wn_scorer {
    const char *name, *summary;
    unsigned tasks; /* 1 << wn_annotation_task of those it makes sense for */
    unsigned needs;
    const wn_option *options;
    size_t params_size;
    double (*value)(const float *p, size_t n); /* p sums up to 1; n >= 2 */
    wn_status (*score)(const void *params, const wn_scorer_request *request, float *out, wn_error *err);
} wn_scorer;

/* The table: index 0, 1, ...; NULL beyond the last. By name; short names ("entropy", "margin", "ratio",
 * "least-confidence") are known too. */
WN_API const wn_scorer *wn_scorer_at(size_t index);
WN_API const wn_scorer *wn_scorer_find(const char *name);

/* Scores all rows: `out` has objects.rows numbers. `params` was set by wn_options_init and wn_options_set, or is NULL
 * for the defaults. WN_INVALID: the task is none of the scorer's, or what it needs is not there. The same for any
 * number of threads. */
WN_API WN_NODISCARD wn_status wn_score(const wn_scorer *scorer, const void *params, const wn_scorer_request *request,
                                       float *out, wn_error *err);

/* The two halves of wn_score for a scorer with `value`: one number an object (objects.count, class weights applied),
 * and those of each row as one. So that several reductions cost one pass over the probabilities. */
WN_API WN_NODISCARD wn_status wn_scorer_values(const wn_scorer *scorer, const wn_scorer_request *request, float *values,
                                               wn_error *err);
WN_API WN_NODISCARD wn_status wn_scorer_reduce(const wn_scorer_request *request, const float *values, float *out,
                                               wn_error *err);

/* Scores rows of probabilities (N x n, or N x 1 = binary). `temperature` 0 = 1. `unusable` (may be NULL) gets the
 * number of rows that gave 0 because they hold NaN, a negative number or no mass. WN_INVALID for a scorer without
 * `value`. */
WN_API WN_NODISCARD wn_status wn_score_probabilities(const wn_scorer *scorer, const wn_matrix *probabilities,
                                                     double temperature, wn_pool *pool, float *out, size_t *unusable,
                                                     wn_error *err);

/* --- Calibration ----------------------------------------------------------------------------------------------- */

typedef struct wn_temperature {
    double temperature;             /* divides the logits (the logarithms of the probabilities) */
    double loss_before, loss_after; /* mean negative log likelihood of the labels */
    size_t rows;                    /* labelled rows that were used */
} wn_temperature;

/* Fits the temperature (Guo et al. 2017) to labels, one a row, negative = none. `logits` tells that the values are
 * logits and not probabilities. In 1/T the loss is convex: Newton steps inside a shrinking bracket, T in [0.01, 100].
 * WN_INVALID when no row is labelled, or a label is out of range. */
WN_API WN_NODISCARD wn_status wn_temperature_fit(const wn_matrix *values, const int64_t *labels, bool logits,
                                                 wn_pool *pool, wn_temperature *out, wn_error *err);

/* --- Several models, or several views of one ---------------------------------------------------------------------- */

/* How much M >= 2 models disagree about a row, in [0, 1]:
 *     vote-entropy         entropy of the votes for the top class / log min(M, n) (Engelson and Dagan 1996)
 *     consensus-entropy    entropy of the mean of the probabilities / log n
 *     mutual-information   entropy of the mean less the mean entropy, / log min(M, n) (Houlsby et al. 2011)
 *     kl-to-mean           the mean Kullback-Leibler divergence to the mean (McCallum and Nigam 1998), / log min(M, n):
 *                          the same number
 *     variation-ratio      share of the models that do not vote for the most frequent class
 * Of exactly two, the old and the new version of a model:
 *     change               half the sum of the absolute differences (total variation)
 *     flip                 1 when the top class is another one */
#define WN_DISAGREEMENT_MAP(X)                                                                                         \
    X(VOTE_ENTROPY, "vote-entropy")                                                                                    \
    X(CONSENSUS_ENTROPY, "consensus-entropy")                                                                          \
    X(MUTUAL_INFORMATION, "mutual-information")                                                                        \
    X(KL_TO_MEAN, "kl-to-mean")                                                                                        \
    X(VARIATION_RATIO, "variation-ratio")                                                                              \
    X(CHANGE, "change")                                                                                                \
    X(FLIP, "flip")

typedef enum wn_disagreement {
#define X(name, text) WN_DISAGREEMENT_##name,
    WN_DISAGREEMENT_MAP(X)
#undef X
        WN_DISAGREEMENT_COUNT
} wn_disagreement;

WN_API extern const char *const wn_disagreement_names[WN_DISAGREEMENT_COUNT + 1];

/* Scores the rows of `count` matrices of one shape. A row that is unusable in any of them gives 0. WN_INVALID: fewer
 * than two, shapes that differ, or not exactly two for CHANGE and FLIP. */
WN_API WN_NODISCARD wn_status wn_disagreement_score(wn_disagreement measure, const wn_matrix *models, size_t count,
                                                    wn_pool *pool, float *out, wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
