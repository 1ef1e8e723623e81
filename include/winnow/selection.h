/* SPDX-License-Identifier: Apache-2.0
 *
 * Choosing K of N rows. A strategy is one row of a table; its options are declared once and serve the command line,
 * JSON and help.
 *
 *     const wn_strategy *strategy = wn_strategy_find("farthest-first");
 *     void *params = wn_alloc(WN_MEMORY_SELECTION, 1, strategy->params_size);
 *     wn_selection_request request = {.embeddings = matrix, .count = 500};
 *     wn_selection selection = {0};
 *     if (!wn_options_init(strategy->options, params, &err) &&
 *         !wn_select(strategy, params, &request, &selection, &err)) ...
 *     wn_selection_clear(&selection);
 */
#ifndef WINNOW_SELECTION_H
#define WINNOW_SELECTION_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/index.h"
#include "winnow/matrix.h"
#include "winnow/option.h"
#include "winnow/pool.h"
#include "winnow/progress.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How far apart two rows are. L2 is the Euclidean distance. COSINE is 1 - cos(a, b), computed as half the squared
 * distance of the rows scaled to length 1; a row of zeros stays as it is, so it is 0 from other such rows and 0.5
 * from all others. */
#define WN_METRIC_MAP(X) X(L2, "l2") X(COSINE, "cosine")

typedef enum wn_metric {
#define X(name, text) WN_METRIC_##name,
    WN_METRIC_MAP(X)
#undef X
        WN_METRIC_COUNT
} wn_metric;

/* The texts above, NULL-terminated; for option tables. */
WN_API extern const char *const wn_metric_names[WN_METRIC_COUNT + 1];

/* What is to be selected from what. Zero-initialise, then set. All pointers are borrowed for the call. */
typedef struct wn_selection_request {
    wn_matrix embeddings;    /* N x dim; every value finite */
    size_t count;            /* K; at most the number of rows that can be picked */
    wn_rows preselected;     /* rows that count as picked already and are not returned; any order, repeats allowed */
    wn_rows candidates;      /* rows that may be picked; data NULL = all */
    wn_matrix scores;        /* N x 1, the higher the more wanted; data NULL = none */
    wn_matrix probabilities; /* N x C, what a model says of each class (or its activations); data NULL = none */
    wn_rows labels;          /* N class numbers, -1 where none is known; data NULL = none */
    const wn_neighbours *neighbours; /* N lists, of the rows among themselves; NULL = found when needed */
    wn_metric neighbours_metric;     /* in which their distances are */
    uint64_t seed;
    uint64_t memory_limit; /* bytes that the selection may allocate beside the embeddings; 0 = no limit */
    wn_pool *pool;
    const wn_progress *progress; /* stage "select", unit "picks" */
} wn_selection_request;

/* The answer. Release with wn_selection_clear. Distances are in the metric that was asked for. */
typedef struct wn_selection {
    int64_t *picks;   /* `len` row numbers in pick order */
    float *distances; /* per pick: to the nearest earlier pick or preselected row; infinite for a first pick, NaN where
                       * that was not measured: picks by another order than distance beyond some 280,000 */
    size_t len;       /* less than asked only when `minimum distance` stopped the selection */
    int stopped;      /* 1 when the minimum distance ended it */
    double radius;    /* greatest distance of a candidate row to its nearest pick or preselected row */
    double mean; /* mean of the same over the candidate rows. Both are over evenly spread ones when rows x picks are
                    more than 10^9; the radius of farthest-first is always over all */
    double objective; /* what the strategy optimises; equals radius for farthest-first */
} wn_selection;

/* Releases the arrays and zeroes the struct. */
WN_API void wn_selection_clear(wn_selection *selection);

/* What the framework has to check and give. Whatever else is given is checked too, and may be used. */
enum {
    WN_STRATEGY_EMBEDDINGS = 1,    /* reads the values, not only the number of rows */
    WN_STRATEGY_SCORES = 2,        /* scores, or probabilities from which they follow (wn_selection_score) */
    WN_STRATEGY_PROBABILITIES = 4, /* no value below 0, each row with a sum of about 1 */
    WN_STRATEGY_ACTIVATIONS = 8,   /* the same matrix, from before softmax: any finite values */
    WN_STRATEGY_LABELS = 16,       /* at least one that is not -1 */
    WN_STRATEGY_GRAPH = 32,        /* neighbours, or embeddings to find them from */
    WN_STRATEGY_PRESELECTED = 64   /* at least one row, such as those that are labelled already */
};

/* One strategy. `pick` gets checked input and fills picks, distances, len, stopped, radius, mean and objective.
 * `memory` tells the bytes that it needs at most for this request; NULL = next to nothing. */
typedef struct wn_strategy {
    const char *name, *summary;
    unsigned needs;
    const wn_option *options;
    size_t params_size;
    wn_status (*pick)(const void *params, const wn_selection_request *request, wn_selection *out, wn_error *err);
    uint64_t (*memory)(const void *params, const wn_selection_request *request);
} wn_strategy;

/* The table: index 0, 1, ... in the order of the list; NULL beyond the last. */
WN_API const wn_strategy *wn_strategy_at(size_t index);

/* The strategy of that name; NULL when there is none. */
WN_API const wn_strategy *wn_strategy_find(const char *name);

/* Checks the request and runs the strategy. `params` was set by wn_options_init and wn_options_set. WN_INVALID: more
 * picks than rows, a row number out of range, a value that is not finite (the message names the row), something that
 * the strategy needs and that is absent or of another length. WN_LIMIT: the plan does not fit memory_limit (the message
 * has both numbers). WN_CANCELLED: *out holds the picks made so far. */
WN_API WN_NODISCARD wn_status wn_select(const wn_strategy *strategy, const void *params,
                                        const wn_selection_request *request, wn_selection *out, wn_error *err);

/* out[row] = the score of each row: those given, else 1 - (p1 - p2) of the two greatest probabilities, the margin by
 * which a model is unsure. `out` has room for N floats. WN_INVALID when the request has neither. */
WN_API WN_NODISCARD wn_status wn_selection_score(const wn_selection_request *request, float *out, wn_error *err);

/* Bytes that wn_select would allocate at most for this request, its result included. With a memory_limit the strategies
 * that can work in smaller blocks do so, and the figure says what they then need. */
WN_API uint64_t wn_select_memory(const wn_strategy *strategy, const void *params, const wn_selection_request *request);

/* How well some rows cover all rows. */
typedef struct wn_covering {
    double radius;       /* greatest distance of a row to its nearest pick */
    double mean;         /* mean distance */
    double percentile95; /* distance that 95 % of the rows do not exceed */
} wn_covering;

/* Rows that picks shall cover. Zero-initialise, then set. All pointers are borrowed for the call. */
typedef struct wn_covering_request {
    wn_matrix matrix; /* N x dim; every value finite */
    wn_rows measured; /* rows whose distances count, ascending; data NULL = all. Picks may lie outside */
    wn_metric metric;
    wn_pool *pool;
    const wn_progress *progress; /* stage "covering", unit "rows" */
} wn_covering_request;

/* Measures picks (row numbers of the matrix, at least one). `distances` is NULL or gets one value a measured row.
 * WN_INVALID: a row out of range or out of order, a value that is not finite; WN_CANCELLED. Takes rows measured x picks
 * x dim steps: of millions of rows measure a sample. */
WN_API WN_NODISCARD wn_status wn_covering_measure(const wn_covering_request *request, wn_rows picks, float *distances,
                                                  wn_covering *out, wn_error *err);

/* The same for `sets` random selections of `count` rows of the matrix, to compare a selection with: out[0 .. sets).
 * Set 0 is what the strategy "random" draws with this seed. */
WN_API WN_NODISCARD wn_status wn_covering_measure_random(const wn_covering_request *request, size_t count, size_t sets,
                                                         uint64_t seed, wn_covering *out, wn_error *err);

/* Bytes that either allocates at most for so many picks. */
WN_API uint64_t wn_covering_memory(const wn_covering_request *request, size_t picks);

#ifdef __cplusplus
}
#endif
#endif
