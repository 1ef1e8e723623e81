/* SPDX-License-Identifier: Apache-2.0
 *
 * From a selection config and a source of its inputs to a product of objectives.
 */
#ifndef JOBS_CONFIG_PLAN_H
#define JOBS_CONFIG_PLAN_H

#include "jobs/config_source.h"
#include "winnow/product.h"

enum { WN_CONFIG_ARRAYS_MOST = 256 };

/* Who may be picked, and how many. */
typedef struct wn_config_bounds {
    wn_rows candidates, preselected; /* positions; candidates must be given */
    const char *count;               /* "500", "10%"; NULL = as the config says */
    bool at_most;
} wn_config_bounds;

/* What will be done. Zero-initialise; release with wn_config_plan_clear. */
typedef struct wn_config_plan {
    wn_product_request request; /* count: the selection alone */
    wn_objective_input *inputs;
    const char **labels; /* of the objectives */
    int64_t *candidates, *preselected;
    size_t removed;    /* by thresholds */
    size_t bare;       /* candidates left out because they have no object */
    wn_buffer explain; /* what will be done, one line each */
    wn_arena arena;
    void *arrays[WN_CONFIG_ARRAYS_MOST]; /* to release */
    wn_npy *files[WN_CONFIG_ARRAYS_MOST];
    size_t array_count, file_count;
} wn_config_plan;

/* `source` gets the arena of the plan. Messages name the file, line and place of the config. */
WN_NODISCARD wn_status wn_config_plan_make(const wn_selection_config *config, wn_config_source *source,
                                           const wn_config_bounds *bounds, wn_config_plan *out, wn_error *err);
void wn_config_plan_clear(wn_config_plan *plan);

#endif
