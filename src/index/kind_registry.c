/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of kinds, in the order of kinds.def; the first is exact.
 */
#include <string.h>

#include "winnow/index.h"

#define X(name) extern const wn_index_kind wn_index_kind_##name;
#include "index/kinds.def"
#undef X

static const wn_index_kind *const kinds[] = {
#define X(name) &wn_index_kind_##name,
#include "index/kinds.def"
#undef X
};

const wn_index_kind *wn_index_kind_at(size_t index)
{
    return index < sizeof kinds / sizeof *kinds ? kinds[index] : NULL;
}

const wn_index_kind *wn_index_kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i]->name, name) == 0) return kinds[i];
    }
    return NULL;
}

const wn_index_kind *wn_index_kind_choose(size_t rows, double recall)
{
    bool exact = rows <= WN_INDEX_EXACT_ROWS || recall >= 1;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !exact; i++) {
        if (!kinds[i]->exact) return kinds[i];
    }
    return kinds[0];
}
