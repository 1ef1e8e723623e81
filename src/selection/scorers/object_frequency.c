/* SPDX-License-Identifier: Apache-2.0
 *
 * Images with many objects of many classes first (the scorer of that name of Lightly): v = sum over the classes present
 * of 1 + penalty (n - 1), n objects of the class; then the range of v over all rows is mapped to [min-score, 1].
 */
#include <math.h>

#include "base/error.h"
#include "selection/scorer_tasks.h"
#include "winnow/memory.h"

typedef struct params {
    double penalty, least;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "frequency-penalty", "what each further object of a class counts", offsetof(params, penalty), 0, 1,
     "0.25", NULL, "X", 0},
    {WN_OPTION_REAL, "min-score", "score of the row with least", offsetof(params, least), 0, 1, "0.9", NULL, "X", 0},
    {0},
};

/* Counts the objects of one row into `counts`, which is zero before and after. */
static double value_of_row(const params *own, const wn_scorer_objects *objects, size_t row, uint32_t *counts)
{
    double value = 0;
    for (size_t i = objects->starts[row]; i < objects->starts[row + 1]; i++) {
        int32_t category = objects->categories[i];
        if (category < 0) continue;
        value += counts[category]++ ? own->penalty : 1;
    }
    for (size_t i = objects->starts[row]; i < objects->starts[row + 1]; i++)
        if (objects->categories[i] >= 0) counts[objects->categories[i]] = 0;
    return value;
}

static wn_status score(const void *parameters, const wn_scorer_request *request, float *out, wn_error *err)
{
    const params *own = parameters;
    const wn_scorer_objects *objects = &request->objects;
    double low = INFINITY, high = -INFINITY;
    uint32_t *counts = wn_calloc(WN_MEMORY_SELECTION, objects->classes, sizeof *counts);
    if (!counts) return wn_fail(err, WN_NOMEM, "no memory to count objects");
    for (size_t row = 0; row < objects->rows; row++) {
        if (objects->known && !objects->known[row]) {
            out[row] = NAN;
            continue;
        }
        double value = value_of_row(own, objects, row, counts);
        out[row] = (float)value;
        low = fmin(low, value);
        high = fmax(high, value);
    }
    wn_free(counts);
    for (size_t row = 0; row < objects->rows; row++) {
        double share = high > low ? ((double)out[row] - low) / (high - low) : 1;
        if (!isnan(out[row])) out[row] = (float)(own->least + (1 - own->least) * share);
    }
    return WN_OK;
}

const wn_scorer wn_scorer_object_frequency = {
    .name = "object_frequency",
    .summary = "many objects of many classes",
    .tasks = WN_SCORER_OBJECT_TASKS,
    .needs = WN_SCORER_CATEGORIES,
    .options = options,
    .params_size = sizeof(params),
    .score = score,
};
