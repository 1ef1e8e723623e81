/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of scorers, in the order of scorers.def.
 */
#include <string.h>

#include "winnow/scorer.h"

#define X(name) extern const wn_scorer wn_scorer_##name;
#include "selection/scorers.def"
#undef X

static const wn_scorer *const scorers[] = {
#define X(name) &wn_scorer_##name,
#include "selection/scorers.def"
#undef X
};

const char *const wn_reduction_names[WN_REDUCTION_COUNT + 1] = {
#define X(name, text) text,
    WN_REDUCTION_MAP(X)
#undef X
        NULL,
};

const char *const wn_disagreement_names[WN_DISAGREEMENT_COUNT + 1] = {
#define X(name, text) text,
    WN_DISAGREEMENT_MAP(X)
#undef X
        NULL,
};

const wn_scorer *wn_scorer_at(size_t index)
{
    return index < sizeof scorers / sizeof *scorers ? scorers[index] : NULL;
}

const wn_scorer *wn_scorer_find(const char *name)
{
    static const char *const shorter[][2] = {{"least-confidence", "uncertainty_least_confidence"},
                                             {"margin", "uncertainty_margin"},
                                             {"ratio", "uncertainty_ratio"},
                                             {"entropy", "uncertainty_entropy"}};
    for (size_t i = 0; i < sizeof shorter / sizeof *shorter; i++)
        if (strcmp(name, shorter[i][0]) == 0) name = shorter[i][1];
    for (size_t i = 0; i < sizeof scorers / sizeof *scorers; i++)
        if (strcmp(scorers[i]->name, name) == 0) return scorers[i];
    return NULL;
}
