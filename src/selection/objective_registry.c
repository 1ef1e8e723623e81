/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of objectives, in the order of objectives.def.
 */
#include <string.h>

#include "selection/objective.h"

#define X(name) extern const wn_objective wn_objective_##name;
#include "selection/objectives.def"
#undef X

static const wn_objective *const objectives[] = {
#define X(name) &wn_objective_##name,
#include "selection/objectives.def"
#undef X
};

const wn_objective *wn_objective_at(size_t index)
{
    return index < sizeof objectives / sizeof *objectives ? objectives[index] : NULL;
}

const wn_objective *wn_objective_find(const char *name)
{
    for (size_t i = 0; i < sizeof objectives / sizeof *objectives; i++) {
        if (strcmp(objectives[i]->name, name) == 0) return objectives[i];
    }
    return NULL;
}
