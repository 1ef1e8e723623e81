/* SPDX-License-Identifier: Apache-2.0
 *
 * One config on its way to a plan: what all strategies of a config need.
 */
#ifndef JOBS_CONFIG_PLANNING_H
#define JOBS_CONFIG_PLANNING_H

#include "jobs/config_plan.h"

typedef struct wn_planning {
    const wn_selection_config *config;
    wn_config_source *source;
    const wn_config_strategy *s; /* now */
    wn_config_plan *plan;
    wn_error *err;
    size_t rows, len; /* len: candidates left */
} wn_planning;

/* A new array that lives as long as the plan; NULL when memory is short. */
void *wn_planning_keep(wn_planning *p, size_t count, size_t size);
wn_status wn_planning_no_memory(const wn_planning *p);

/* A new objective of this kind, with the label and strength of the strategy. */
wn_objective_input *wn_planning_add(wn_planning *p, const char *kind);

/* "DIVERSITY of embeddings, strength 1": the beginning of a line of the explanation. */
void wn_planning_explain(wn_planning *p);

/* What an input is called in explanations and in the lists of reasons. */
const char *wn_config_input_name(const wn_config_input *input);

/* Of the candidates' values that are numbers; least and most are infinite where none is known. */
typedef struct wn_planning_summary {
    double least, most, mean;
    size_t known, missing;
} wn_planning_summary;

wn_planning_summary wn_planning_summarize(const wn_planning *p, const float *values);

/* Leaves the candidates whose value passes, and says how many; WN_INVALID when none is left. */
WN_NODISCARD wn_status wn_planning_filter(wn_planning *p, const float *values, wn_threshold operation,
                                          double threshold);

/* The strategies on vectors (config_vectors.c): of images, or of objects. */
WN_NODISCARD wn_status wn_planning_diversity(wn_planning *p);
WN_NODISCARD wn_status wn_planning_typicality(wn_planning *p);
WN_NODISCARD wn_status wn_planning_similarity(wn_planning *p);

#endif
