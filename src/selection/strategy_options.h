/* SPDX-License-Identifier: Apache-2.0
 *
 * Option rows that several strategies share, for a struct with the field named like the row.
 */
#ifndef SELECTION_STRATEGY_OPTIONS_H
#define SELECTION_STRATEGY_OPTIONS_H

#include "winnow/selection.h"

/* int metric */
#define WN_OPTION_METRIC(type)                                                                                         \
    {                                                                                                                  \
        WN_OPTION_CHOICE, "metric", "distance of two rows", offsetof(type, metric), 0, 0, "l2", wn_metric_names, NULL, \
            0                                                                                                          \
    }

/* int form; int64_t neighbours */
#define WN_OPTION_COVERAGE_FORM(type)                                                                                  \
    {WN_OPTION_CHOICE,                                                                                                 \
     "form",                                                                                                           \
     "all pairs (dense), near pairs (sparse), or all pairs of a sample",                                               \
     offsetof(type, form),                                                                                             \
     0,                                                                                                                \
     0,                                                                                                                \
     "auto",                                                                                                           \
     wn_coverage_form_names,                                                                                           \
     NULL,                                                                                                             \
     0},                                                                                                               \
    {                                                                                                                  \
        WN_OPTION_INT, "neighbours", "nearest rows that a pick can cover in the sparse form",                          \
            offsetof(type, neighbours), 1, 10000, "100", NULL, "M", 0                                                  \
    }

/* int64_t sweeps */
#define WN_OPTION_SWEEPS(type)                                                                                         \
    {                                                                                                                  \
        WN_OPTION_INT, "sweeps", "passes of exchanging picks for better rows (not in the sparse form); 0 = greedy",    \
            offsetof(type, sweeps), 0, 1000, "10", NULL, "N", 0                                                        \
    }

/* int64_t clusters, iterations */
#define WN_OPTION_CLUSTERS(type, text)                                                                                 \
    {                                                                                                                  \
        WN_OPTION_INT, "clusters", text, offsetof(type, clusters), 0, 1e9, "0", NULL, "N", 0                           \
    }
#define WN_OPTION_ITERATIONS(type)                                                                                     \
    {                                                                                                                  \
        WN_OPTION_INT, "iterations", "passes of k-means at most", offsetof(type, iterations), 1, 10000, "20", NULL,    \
            "N", 0                                                                                                     \
    }

#endif
