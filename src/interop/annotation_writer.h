/* SPDX-License-Identifier: Apache-2.0
 *
 * What a writer of annotations is. It gets a finished set whose images have paths and, where boxes are to be written,
 * sizes, and writes one file or a folder.
 */
#ifndef INTEROP_ANNOTATION_WRITER_H
#define INTEROP_ANNOTATION_WRITER_H

#include "interop/text_sink.h"
#include "winnow/annotation.h"

struct wn_annotation_writer {
    const char *name, *summary;
    bool folder; /* writes files into a folder; image paths then must be relative */
    wn_status (*write)(const wn_annotations *set, const char *out, wn_error *err);
};

/* Whether an item counts, and its category's name ("" = none). */
bool wn_item_counts(const wn_annotation_item *item);
const char *wn_item_name(const wn_annotations *set, const wn_annotation_item *item);

/* Left, top, right or bottom (0 to 3) of its box. */
double wn_item_corner(const wn_annotation_item *item, int side);

/* OUT/PREFIX/PATH with the suffix of PATH replaced, with the folders above it made; a new string in *path. WN_INVALID
 * for a path that leads out of the folder. `prefix` may be "". */
WN_NODISCARD wn_status wn_writer_path(const char *out, const char *prefix, const char *image, const char *suffix,
                                      char **path, wn_error *err);

#endif
