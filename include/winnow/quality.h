/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks on a set of images and on embeddings: duplicates, and how well neighbours predict labels.
 */
#ifndef WINNOW_QUALITY_H
#define WINNOW_QUALITY_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/matrix.h"
#include "winnow/pool.h"
#include "winnow/progress.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `to` repeats `from`, the smallest row of its group. similarity is 1 for equal hashes, else 1 - bits that differ / 64.
 */
typedef struct wn_duplicate {
    int64_t from, to;
    float similarity;
} wn_duplicate;

/* Ordered by from, then to; each row is `to` at most once and never both. Release with wn_duplicates_clear. */
typedef struct wn_duplicates {
    wn_duplicate *pairs;
    size_t len;
    size_t groups;  /* number of different `from` */
    size_t skipped; /* rows without a usable hash */
} wn_duplicates;

/* Releases the pairs and zeroes the struct. */
WN_API void wn_duplicates_clear(wn_duplicates *duplicates);

/* Rows with equal 128-bit hashes (16 bytes a row, of file bytes or of pixels). `valid` is NULL or one byte a row: 0 =
 * no hash (an unreadable file). */
WN_API WN_NODISCARD wn_status wn_duplicates_find_exact(const uint8_t *hashes, const uint8_t *valid, size_t rows,
                                                       wn_duplicates *out, wn_error *err);

/* Rows whose 64-bit perceptual hashes differ in at most `max_bits` bits (0..16). In row order each row joins the
 * smallest earlier row that leads a group and is near enough, or leads a group of its own: members are near their
 * leader, chains do not drift. A hash with fewer than `min_bits` bits set, or clear, says nothing (a flat image) and is
 * skipped; 8 is a good value, 0 takes all. */
WN_API WN_NODISCARD wn_status wn_duplicates_find_near(const uint64_t *hashes, const uint8_t *valid, size_t rows,
                                                      unsigned max_bits, unsigned min_bits, wn_pool *pool,
                                                      const wn_progress *progress, wn_duplicates *out, wn_error *err);

/* What wn_evaluate_knn compares. Labels are any numbers; rows with a negative label are left out. */
typedef struct wn_knn_request {
    wn_matrix train;
    const int64_t *train_labels;
    wn_matrix test; /* data NULL = each training row against all others */
    const int64_t *test_labels;
    size_t k;           /* neighbours, 200 by custom; fewer where there are not so many */
    double temperature; /* of the weights exp(similarity / temperature), 0.1 by custom */
    wn_pool *pool;
    const wn_progress *progress; /* stage "evaluate", unit "rows" */
} wn_knn_request;

typedef struct wn_knn_result {
    double accuracy; /* share of the test rows whose label wins the vote */
    double top5;     /* share whose label is among the five best */
    size_t rows_train, rows_test, classes;
} wn_knn_result;

/* Weighted nearest-neighbour vote under the cosine similarity (Wu et al. 2018, arXiv 1805.01978, section 3.4). Equal
 * votes go to the smaller label, equal similarities to the smaller row. `predictions` is NULL or gets one label a test
 * row
 * (-1 where the row was left out). */
WN_API WN_NODISCARD wn_status wn_evaluate_knn(const wn_knn_request *request, int64_t *predictions, wn_knn_result *out,
                                              wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
