/* SPDX-License-Identifier: Apache-2.0
 *
 * The k nearest rows of each row. A kind is one way to find them, a row of a table; `flat` compares all pairs and
 * is exact. wn_index_kind_choose takes the kind that suits the size and the recall asked for.
 *
 *     wn_neighbours_request request = {.embeddings = matrix, .k = 20, .recall = 0.98, .pool = pool};
 *     wn_neighbours found = {0};
 *     if (!wn_neighbours_find(wn_index_kind_choose(matrix.rows, request.recall), &request, &found, &err)) ...
 *     wn_neighbours_clear(&found);
 */
#ifndef WINNOW_INDEX_H
#define WINNOW_INDEX_H

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

/* How near two rows are. L2 is the Euclidean distance. COSINE is 1 - cos(a, b), computed as half the squared distance
 * of the rows scaled to length 1; a row of zeros stays as it is, so it is 0 from other such rows and 0.5 from
 * all others. IP is the inner product: the greatest is the nearest, and the value reported is the product. */
#define WN_INDEX_METRIC_MAP(X) X(L2, "l2") X(COSINE, "cosine") X(IP, "ip")

typedef enum wn_index_metric {
#define X(name, text) WN_INDEX_METRIC_##name,
    WN_INDEX_METRIC_MAP(X)
#undef X
        WN_INDEX_METRIC_COUNT
} wn_index_metric;

/* The texts above, NULL-terminated; for option tables. */
WN_API extern const char *const wn_index_metric_names[WN_INDEX_METRIC_COUNT + 1];

/* Whose neighbours, among what. Zero-initialise, then set. All pointers are borrowed for the call. */
typedef struct wn_neighbours_request {
    wn_matrix embeddings; /* N x dim; every value finite */
    wn_matrix queries;    /* M x dim; data NULL = the embeddings, each row left out of its own list */
    size_t k;             /* at least 1 */
    double recall; /* share of the true neighbours that is asked of a kind that is not exact, at most 1; 0 = 0.98 */
    wn_index_metric metric;
    uint64_t seed;
    uint64_t memory_limit; /* bytes that may be allocated beside the arrays given; 0 = no limit */
    wn_pool *pool;
    const wn_progress *progress; /* stage "neighbours", unit "rows" */
} wn_neighbours_request;

/* The lists. Release with wn_neighbours_clear. */
typedef struct wn_neighbours {
    int64_t *ids;     /* rows x k row numbers of the embeddings, nearest first, equals by the smaller number; -1 where
                         there are fewer than k */
    float *distances; /* rows x k, as the metric says; where the id is -1 infinite, for IP minus infinite */
    size_t rows, k;   /* M (or N), and k as asked for */
    double recall;    /* share of true neighbours among those given; 1 for an exact kind, else measured on a sample */
    size_t distinct;  /* embeddings that differ */
    size_t rescanned; /* lists for which a first scan in float32 was not proof enough */
} wn_neighbours;

/* Releases the arrays and zeroes the struct. */
WN_API void wn_neighbours_clear(wn_neighbours *neighbours);

/* One kind. What it searches is private to the module. */
struct wn_index_task;
struct wn_bytes_form;
struct wn_bytes;
struct wn_index_layout;
typedef struct wn_index_kind {
    const char *name, *summary;
    bool exact;
    wn_status (*search)(const struct wn_index_task *task, wn_error *err);
    uint64_t (*memory)(const struct wn_index_task *task); /* bytes that search needs at most */
    /* the order of rows in an index that is kept (winnow/index_file.h) */
    wn_status (*arrange)(const struct wn_index_task *task, const struct wn_bytes_form *form,
                         const struct wn_bytes *bytes, struct wn_index_layout *out, wn_error *err);
} wn_index_kind;

/* The table: index 0, 1, ... in the order of the list; NULL beyond the last. */
WN_API const wn_index_kind *wn_index_kind_at(size_t index);

/* The kind of that name; NULL when there is none. */
WN_API const wn_index_kind *wn_index_kind_find(const char *name);

/* The kind that suits: an exact one for a recall of 1 and up to WN_INDEX_EXACT_ROWS embeddings, where comparing all
 * pairs takes seconds; beyond, one that reaches the recall. `recall` 0 = 0.98. Never NULL. */
#define WN_INDEX_EXACT_ROWS 250000
WN_API const wn_index_kind *wn_index_kind_choose(size_t rows, double recall);

/* Finds the neighbours. Rows with equal values are searched once. The same input gives the same bytes for any number of
 * threads and, with an exact kind, at any CPU level. WN_INVALID: k is 0, no dimensions, different dimensions, a value
 * that is not finite (the message names the row). WN_UNSUPPORTED: more than 2^32 - 2 rows or 16,384 dimensions.
 * WN_LIMIT: the plan does not fit memory_limit (the message has both numbers). WN_CANCELLED: nothing is kept. */
WN_API WN_NODISCARD wn_status wn_neighbours_find(const wn_index_kind *kind, const wn_neighbours_request *request,
                                                 wn_neighbours *out, wn_error *err);

/* Brings the lists of a set of rows among itself up to date after rows were added at its end. `lists` are those of the
 * first lists->rows embeddings; stale[i] (lists->rows bytes, NULL = none) says that list i is to be found anew, for
 * instance because it names a row that is gone. Only the new and the stale rows are searched among all; the other lists
 * take in the new rows that are nearer. With an exact kind and exact lists the result has the same bytes as a
 * search from nothing. `request` has no queries and the k of the lists. Fails as wn_neighbours_find does, and with
 * WN_INVALID where the lists do not fit the request; `lists` is then as before. */
WN_API WN_NODISCARD wn_status wn_neighbours_update(const wn_index_kind *kind, const wn_neighbours_request *request,
                                                   const uint8_t *stale, wn_neighbours *lists, wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
