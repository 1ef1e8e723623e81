/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of writers, and what they share.
 */
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "interop/annotation_writer.h"
#include "interop/file_list.h"
#include "winnow/option.h"

#define X(name) extern const wn_annotation_writer wn_annotation_writer_##name;
#include "interop/writers.def"
#undef X

static const wn_annotation_writer *const writers[] = {
#define X(name) &wn_annotation_writer_##name,
#include "interop/writers.def"
#undef X
};

const wn_annotation_writer *wn_annotation_writer_at(size_t index)
{
    return index < sizeof writers / sizeof *writers ? writers[index] : NULL;
}

const wn_annotation_writer *wn_annotation_writer_find(const char *name)
{
    for (size_t i = 0; i < sizeof writers / sizeof *writers; i++)
        if (strcmp(writers[i]->name, name) == 0) return writers[i];
    return NULL;
}

const char *wn_annotation_writer_name(const wn_annotation_writer *writer)
{
    return writer->name;
}

const char *wn_annotation_writer_summary(const wn_annotation_writer *writer)
{
    return writer->summary;
}

bool wn_annotation_writer_is_folder(const wn_annotation_writer *writer)
{
    return writer->folder;
}

bool wn_item_counts(const wn_annotation_item *item)
{
    return !(item->flags & WN_ITEM_DROPPED);
}

double wn_item_corner(const wn_annotation_item *item, int side)
{
    double upper = wn_text_decimal(item->box[side % 2]);
    return side < 2 ? upper : upper + wn_text_decimal(item->box[side]);
}

const char *wn_item_name(const wn_annotations *set, const wn_annotation_item *item)
{
    return item->category < 0 ? "" : set->categories[item->category].name;
}

/* Whether a path stays below the folder that it is relative to. */
static bool stays_inside(const char *path)
{
    if (*path == '/' || *path == 0) return false;
    for (const char *part = path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == 0)) return false;
    return true;
}

wn_status wn_writer_path(const char *out, const char *prefix, const char *image, const char *suffix, char **path,
                         wn_error *err)
{
    wn_buffer text;
    *path = NULL;
    if (!stays_inside(image)) return wn_fail(err, WN_INVALID, "the image path '%s' leads out of the folder", image);
    const char *slash = strrchr(image, '/'), *dot = strrchr(image, '.');
    size_t len = dot && dot > (slash ? slash + 1 : image) ? (size_t)(dot - image) : strlen(image);
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    wn_buffer_format(&text, "%s/%s%s", out, prefix, *prefix ? "/" : "");
    wn_buffer_add(&text, image, len);
    wn_buffer_text(&text, suffix);
    *path = text.status ? NULL : wn_text_copy(text.data);
    wn_buffer_clear(&text);
    if (!*path) return wn_fail(err, WN_NOMEM, "out of memory");
    char *end = strrchr(*path, '/');
    *end = 0;
    wn_status status = wn_file_make_folder(*path, err);
    *end = '/';
    if (status) {
        wn_free(*path);
        *path = NULL;
    }
    return status;
}

wn_status wn_annotations_write(const wn_annotations *set, const wn_annotation_writer *writer, const char *out,
                               wn_error *err)
{
    if (set->by_row) return wn_fail(err, WN_INVALID, "the images of the set have no paths to write");
    if (writer->folder) WN_TRY(wn_file_make_folder(out, err));
    return writer->write(set, out, err);
}
