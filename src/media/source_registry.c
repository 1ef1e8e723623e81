/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of source kinds, from sources.def.
 */
#include "media/source_registry.h"

#include <string.h>

#define X(name) extern const wn_source_kind wn_source_##name;
#include "media/sources.def"
#undef X

static const wn_source_kind *const sources[] = {
#define X(name) &wn_source_##name,
#include "media/sources.def"
#undef X
};

const wn_source_kind *wn_source_at(size_t i)
{
    return i < sizeof(sources) / sizeof(sources[0]) ? sources[i] : NULL;
}

const wn_source_kind *wn_source_of(const char *path, const struct stat *info, bool lists)
{
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        if (!lists && strcmp(sources[i]->name, "list") == 0) continue;
        if (sources[i]->accepts(path, info)) return sources[i];
    }
    return NULL;
}
