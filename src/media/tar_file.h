/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading tars through libarchive: member by member, with the position of each member's data.
 */
#ifndef MEDIA_TAR_FILE_H
#define MEDIA_TAR_FILE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "winnow/status.h"

typedef struct wn_tar wn_tar;

/* One member. Strings live until the next call. */
typedef struct wn_tar_member {
    const char *name;
    uint64_t size, offset; /* of the data, in the tar; in the decompressed stream for a compressed one */
    bool regular;          /* a file with content of its own: no folder, link, device or sparse file */
    bool link;
} wn_tar_member;

/* WN_CORRUPT when the file is no tar, WN_IO when it cannot be read. */
wn_status wn_tar_open(const char *path, wn_tar **out, wn_error *err);
void wn_tar_close(wn_tar **tar);

/* Whether the tar lies behind a compression filter. Known after the first member. */
bool wn_tar_compressed(const wn_tar *tar);

/* The next member; WN_NOTFOUND after the last one; WN_CORRUPT when the tar is damaged here, and then nothing more
 * can be read. */
wn_status wn_tar_next(wn_tar *tar, wn_tar_member *out, wn_error *err);

/* The content of the member that wn_tar_next gave, into `out` (emptied first). WN_LIMIT beyond out->max. */
wn_status wn_tar_read(wn_tar *tar, const wn_tar_member *member, wn_buffer *out, wn_error *err);

#endif
