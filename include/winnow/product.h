/* SPDX-License-Identifier: Apache-2.0
 *
 * Coral: choosing K of N rows by several objectives at once (core sets and active learning). One row is picked at a
 * time; each time the one with the greatest product over all objectives of value ^ strength, at equal products the
 * smallest row number. A product makes the scale of an objective irrelevant.
 *
 *     wn_objective_input objectives[] = {
 *         {.kind = "diversity", .strength = 1, .vectors = embeddings},
 *         {.kind = "weights", .strength = 1, .values = {uncertainty, rows}},
 *     };
 *     wn_product_request request = {.rows = rows, .count = 500, .objectives = objectives, .objective_count = 2};
 *     wn_product picked = {0};
 *     if (!wn_product_select(&request, &picked, &err)) ...
 *     wn_product_clear(&picked);
 *
 * What is multiplied comes in two variants. CANDIDATE multiplies scores of the candidate: the distance to its nearest
 * pick, its weight, how much its classes are wanted. SET multiplies what each objective of the whole set would be
 * if the candidate joined: the sum of all picks' distances to their nearest other pick, the sum of weights, the
 * nearness of the class mix to its target. A value counts as at least 1e-6 of its objective's scale, so that a
 * zero does not silence the others.
 *
 * The picks are those of the plain method that computes every product after every pick. Values that only fall serve as
 * upper bounds while they are stale, so that few rows are touched at a pick (src/selection/product_engine.c).
 */
#ifndef WINNOW_PRODUCT_H
#define WINNOW_PRODUCT_H

#include <stdbool.h>

#include "winnow/index.h"
#include "winnow/selection.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WN_VARIANT_MAP(X) X(CANDIDATE, "candidate") X(SET, "set")

typedef enum wn_variant {
#define X(name, text) WN_VARIANT_##name,
    WN_VARIANT_MAP(X)
#undef X
        WN_VARIANT_COUNT
} wn_variant;

/* The texts above, NULL-terminated; for option tables. */
WN_API extern const char *const wn_variant_names[WN_VARIANT_COUNT + 1];

/* What a balance strives for: given shares, equal ones, or those among the candidates. */
#define WN_BALANCE_MAP(X) X(TARGET, "target") X(UNIFORM, "uniform") X(INPUT, "input")

typedef enum wn_balance {
#define X(name, text) WN_BALANCE_##name,
    WN_BALANCE_MAP(X)
#undef X
        WN_BALANCE_COUNT
} wn_balance;

WN_API extern const char *const wn_balance_names[WN_BALANCE_COUNT + 1];

/* N values, one a row. */
typedef struct wn_values {
    const float *data;
    size_t len;
} wn_values;

/* One factor of the product. `kind` names a row of the table of objectives; each kind reads its own fields. */
typedef struct wn_objective_input {
    const char *kind;  /* "diversity", "weights", "balance" or "quota" */
    const char *label; /* what messages call it; NULL = the kind */
    double strength;   /* the exponent; negative turns the objective around, and for diversity is slow: every row is
                        * measured after every pick */

    /* diversity: the distance to the nearest pick. With owners a row has any number of vectors (an image and its
     * objects), and the mean of their distances counts; a row without vectors cannot be picked. */
    wn_matrix vectors; /* N x dim, or M x dim with owners */
    wn_rows owners;    /* M: the row each vector belongs to; data NULL = vector i belongs to row i */
    wn_metric metric;
    double min_distance; /* rows nearer than this to a pick cannot be picked any more; 0 = no such rule */

    /* weights: a value of each row. When some are negative, all are raised by the least one for the product. */
    wn_values values;
    double stop_sum; /* the selection ends before a pick that would raise the sum of values above this; 0 = never */
    double most_sum; /* rows that would raise the sum above this are passed over; 0 = no such rule */

    /* balance and quota: the class of each row, or an amount for each class (probabilities, numbers of objects). */
    wn_rows labels;    /* N class numbers below class_count, -1 = none; data NULL = see amounts */
    wn_matrix amounts; /* N x class_count, not negative */
    size_t class_count;

    /* balance. Shares of TARGET: class_count values, NaN for classes that are not named: what the others leave of 1 is
     * the share of all of those together. */
    wn_balance balance;
    const double *target;

    /* quota: at most this many picks of each class, preselected rows included (labels only). */
    const int64_t *most; /* class_count; -1 = any number */
} wn_objective_input;

/* What is to be picked from what. Zero-initialise, then set. All pointers are borrowed for the call. */
typedef struct wn_product_request {
    size_t rows;        /* N */
    size_t count;       /* K; SIZE_MAX = until an objective or the rows end it */
    wn_rows candidates; /* rows that may be picked; data NULL = all. Any order */
    wn_rows preselected;
    const wn_objective_input *objectives;
    size_t objective_count; /* from 1 */
    wn_variant variant;
    uint64_t memory_limit; /* bytes that the selection may allocate; 0 = no limit */
    wn_pool *pool;
    const wn_progress *progress; /* stage "select", unit "picks" */
} wn_product_request;

/* The answer. Release with wn_product_clear. */
typedef struct wn_product {
    int64_t *picks; /* `len` row numbers in pick order */
    double *values; /* len x objective_count: value of each objective for the pick when it was made, before strength:
                     * distance (infinite for a first pick), weight, share of the mix that agrees with the target,
                     * picks left in the quota */
    size_t len, objective_count;
    size_t ended_by; /* the objective that ended the selection before K picks; SIZE_MAX = none did */
    size_t rounds;   /* passes over all rows */
} wn_product;

WN_API void wn_product_clear(wn_product *product);

/* Picks. WN_INVALID: a request that contradicts itself; the message names the objective. WN_LIMIT: the plan does not
 * fit memory_limit. WN_CANCELLED: *out holds the picks made so far. The same for any number of threads. */
WN_API WN_NODISCARD wn_status wn_product_select(const wn_product_request *request, wn_product *out, wn_error *err);

/* Bytes that wn_product_select allocates at most, its result included. */
WN_API uint64_t wn_product_memory(const wn_product_request *request);

/* --- Values for the objective "weights" ------------------------------------------------------------------------- */

/* Typicality: (1 / k) * sum over the k nearest rows j of exp(-d(i, j) / mean d), the mean over all lists; in (0, 1].
 * `neighbours` are the lists of all rows; `out` gets one value a row. Lists shorter than k count what they have. */
WN_API void wn_weights_typicality(const wn_neighbours *neighbours, float *out);

/* Similarity to query vectors of the same dimension: exp(-d(i) / mean d), d the distance to the nearest query; times
 * 1 minus the same for `negative` queries where there are any. Either may be empty (data NULL), not both. */
WN_API WN_NODISCARD wn_status wn_weights_similarity(const wn_matrix *rows, const wn_matrix *positive,
                                                    const wn_matrix *negative, wn_pool *pool, float *out,
                                                    wn_error *err);

/* Uniform in (0, 1]; a value depends on seed and row alone. */
WN_API void wn_weights_random(uint64_t seed, size_t rows, float *out);

#define WN_THRESHOLD_MAP(X)                                                                                            \
    X(SMALLER, "SMALLER") X(SMALLER_EQUAL, "SMALLER_EQUAL") X(BIGGER, "BIGGER") X(BIGGER_EQUAL, "BIGGER_EQUAL")

typedef enum wn_threshold {
#define X(name, text) WN_THRESHOLD_##name,
    WN_THRESHOLD_MAP(X)
#undef X
        WN_THRESHOLD_COUNT
} wn_threshold;

WN_API extern const char *const wn_threshold_names[WN_THRESHOLD_COUNT + 1];

/* Keeps those of `rows` (len row numbers) whose value stands in that relation to the threshold, in order; returns how
 * many. A value that is not a number stands in none. */
WN_API size_t wn_threshold_filter(const float *values, wn_threshold operation, double threshold, int64_t *rows,
                                  size_t len);

#ifdef __cplusplus
}
#endif
#endif
