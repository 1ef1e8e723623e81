/* SPDX-License-Identifier: Apache-2.0
 *
 * The greedy loop over a product of objectives (product_engine.c says how).
 */
#ifndef SELECTION_PRODUCT_ENGINE_H
#define SELECTION_PRODUCT_ENGINE_H

#include "selection/objective.h"

/* One objective of a selection, opened. */
typedef struct wn_factor {
    wn_objective_setting setting;
    const wn_objective *kind;
    void *state;
    unsigned traits;
    bool held; /* the pool of this round */
} wn_factor;

/* Picks into `out`, whose arrays have room for `count`. The factors have met the preselected rows. */
WN_NODISCARD wn_status wn_product_run(const wn_product_request *request, wn_factor *factors, const int64_t *rows,
                                      size_t len, const uint8_t *taken, size_t count, wn_product *out, wn_error *err);

/* Bytes that it allocates for so many items. */
uint64_t wn_product_run_bytes(size_t len);

#endif
