/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of strategies, in the order of strategies.def.
 */
#include <string.h>

#include "winnow/selection.h"

#define X(name) extern const wn_strategy wn_strategy_##name;
#include "selection/strategies.def"
#undef X

static const wn_strategy *const strategies[] = {
#define X(name) &wn_strategy_##name,
#include "selection/strategies.def"
#undef X
};

const wn_strategy *wn_strategy_at(size_t index)
{
    return index < sizeof strategies / sizeof *strategies ? strategies[index] : NULL;
}

const wn_strategy *wn_strategy_find(const char *name)
{
    for (size_t i = 0; i < sizeof strategies / sizeof *strategies; i++) {
        if (strcmp(strategies[i]->name, name) == 0) return strategies[i];
    }
    return NULL;
}
