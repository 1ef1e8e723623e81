/* SPDX-License-Identifier: Apache-2.0
 *
 * The files below a folder, sorted by the bytes of their names.
 */
#ifndef INTEROP_FILE_LIST_H
#define INTEROP_FILE_LIST_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "winnow/status.h"

/* Zero-initialise. */
typedef struct wn_file_list {
    wn_arena texts;
    wn_buffer pointers;
    const char **names; /* relative to the folder, parts divided by '/' */
    size_t count;
} wn_file_list;

/* Lists all files; folders whose name begins with '.' are left out. At most 64 folders deep. A link that leads nowhere,
 * or to itself, is listed as a file: whoever opens it says why it cannot be read. A link to a folder above it is left
 * out, with a warning. */
WN_NODISCARD wn_status wn_file_list_load(const char *folder, wn_file_list *out, wn_error *err);
void wn_file_list_clear(wn_file_list *list);

/* Whether a file of that name is there; whether any name has that ending. */
bool wn_file_list_has(const wn_file_list *list, const char *name);
bool wn_file_list_has_ending(const wn_file_list *list, const char *ending);

bool wn_is_folder(const char *path);

/* The last part of a path without suffix, in `out`. */
void wn_path_stem(const char *path, char *out, size_t size);

/* Whether the name ends like that of an image. */
bool wn_is_image_name(const char *name);

#endif
