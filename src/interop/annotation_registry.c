/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of readers, in the order in which they are asked whether a source is theirs.
 */
#include <string.h>

#include "interop/annotation_format.h"

#define X(name) extern const wn_annotation_format wn_annotation_format_##name;
#include "interop/formats.def"
#undef X

static const wn_annotation_format *const formats[] = {
#define X(name) &wn_annotation_format_##name,
#include "interop/formats.def"
#undef X
};

const wn_annotation_format *wn_annotation_format_at(size_t index)
{
    return index < sizeof formats / sizeof *formats ? formats[index] : NULL;
}

const wn_annotation_format *wn_annotation_format_find(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i]->name, name) == 0) return formats[i];
    return NULL;
}

const char *wn_annotation_format_name(const wn_annotation_format *format)
{
    return format->name;
}

const char *wn_annotation_format_summary(const wn_annotation_format *format)
{
    return format->summary;
}

const char *wn_annotation_task_text(wn_annotation_task task)
{
    switch (task) {
#define X(name, number, text)                                                                                          \
    case WN_TASK_##name:                                                                                               \
        return text;
        WN_ANNOTATION_TASK_MAP(X)
#undef X
    }
    return NULL;
}

const char *wn_annotation_role_text(wn_annotation_role role)
{
    static const char *const texts[] = {"labels", "predictions", "metadata"};
    return (size_t)role < sizeof texts / sizeof *texts ? texts[role] : NULL;
}
