/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of projection methods, in the order of methods.def.
 */
#include <string.h>

#include "winnow/projection.h"

#define X(name) extern const wn_projection_method wn_projection_method_##name;
#include "projection/methods.def"
#undef X

static const wn_projection_method *const methods[] = {
#define X(name) &wn_projection_method_##name,
#include "projection/methods.def"
#undef X
};

const wn_projection_method *wn_projection_method_at(size_t index)
{
    return index < sizeof methods / sizeof *methods ? methods[index] : NULL;
}

const wn_projection_method *wn_projection_method_find(const char *name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(methods[i]->name, name) == 0) return methods[i];
    }
    return NULL;
}
