/* SPDX-License-Identifier: Apache-2.0
 *
 * Images in a folder a class: CLASS/x.jpg, or SPLIT/CLASS/x.jpg when all folders at the top are called like splits.
 */
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/text.h"
#include "interop/annotation_format.h"

typedef struct folders_state {
    bool splits;
} folders_state;

static bool is_split(const char *name, size_t len)
{
    static const char *const splits[] = {"train", "val", "valid", "validation", "dev", "test", "training", "testing"};
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++)
        if (strlen(splits[i]) == len && strncasecmp(splits[i], name, len) == 0) return true;
    return false;
}

static bool takes(const wn_annotation_builder *builder, const char *name)
{
    (void)builder;
    return wn_is_image_name(name) && strchr(name, '/');
}

static bool probe(const wn_annotation_source *source)
{
    for (size_t i = 0; source->files && i < source->files->count; i++)
        if (takes(NULL, source->files->names[i])) return true;
    return false;
}

static wn_status begin(wn_annotation_builder *builder, const wn_file_list *files, wn_error *err)
{
    folders_state *state = wn_calloc(WN_MEMORY_TEXT, 1, sizeof *state);
    if (!state) return wn_fail(err, WN_NOMEM, "out of memory");
    builder->state = state;
    builder->set->task = WN_TASK_CLASSIFICATION;
    if (!files) return wn_fail(err, WN_INVALID, "'%s' is no folder of class folders", builder->root);
    state->splits = true;
    for (size_t i = 0; i < files->count; i++) {
        const char *name = files->names[i], *slash = strchr(name, '/');
        if (!takes(builder, name)) continue;
        if (!is_split(name, (size_t)(slash - name)) || !strchr(slash + 1, '/')) state->splits = false;
    }
    return WN_OK;
}

static wn_status parse(wn_annotation_builder *builder, const wn_annotation_file *file, wn_error *err)
{
    const folders_state *state = builder->state;
    const char *name = state->splits ? strchr(file->name, '/') + 1 : file->name;
    const char *slash = strchr(name, '/');
    (void)err;
    int32_t category = wn_builder_category_named(builder, name, (size_t)(slash - name));
    wn_builder_item(builder, wn_builder_image(builder, file->name, strlen(file->name), 0, 0), category);
    return WN_OK;
}

static void end(wn_annotation_builder *builder)
{
    wn_free(builder->state);
    builder->state = NULL;
}

const wn_annotation_format wn_annotation_format_class_folders = {
    .name = "class-folders",
    .summary = "images in a folder for each class, also below train, val and test",
    .roles = WN_ROLE_BIT(WN_ROLE_LABELS) | WN_ROLE_BIT(WN_ROLE_PREDICTIONS),
    .unread = true,
    .probe = probe,
    .begin = begin,
    .takes = takes,
    .parse = parse,
    .end = end,
};
