/* SPDX-License-Identifier: Apache-2.0
 *
 * libarchive behind five functions. Only the tar format and the filters that are libraries are switched on: filters
 * that start other programs are not for untrusted input.
 */
#include "media/tar_file.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

#define BLOCK_BYTES ((size_t)256 << 10)

struct wn_tar {
    struct archive *archive;
    uint64_t number;
    char unnamed[32];
};

wn_status wn_tar_open(const char *path, wn_tar **out, wn_error *err)
{
    *out = NULL;
    wn_tar *tar = wn_calloc(WN_MEMORY_GENERAL, 1, sizeof(*tar));
    if (tar == NULL || (tar->archive = archive_read_new()) == NULL) {
        wn_free(tar);
        return wn_fail(err, WN_NOMEM, "no memory to open %s", path);
    }
    struct archive *archive = tar->archive;
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_zstd(archive);
    archive_read_support_format_tar(archive);
    if (archive_read_open_filename(archive, path, BLOCK_BYTES) != ARCHIVE_OK) {
        wn_status status = archive_errno(archive) == EILSEQ ? WN_CORRUPT : WN_IO; /* its "format" error */
        wn_fail(err, status, "cannot open %s: %s", path, archive_error_string(archive));
        wn_tar_close(&tar);
        return status;
    }
    *out = tar;
    return WN_OK;
}

void wn_tar_close(wn_tar **tar)
{
    if (*tar == NULL) return;
    archive_read_free((*tar)->archive);
    wn_free(*tar);
    *tar = NULL;
}

bool wn_tar_compressed(const wn_tar *tar)
{
    return archive_filter_code(tar->archive, 0) != ARCHIVE_FILTER_NONE;
}

wn_status wn_tar_next(wn_tar *tar, wn_tar_member *out, wn_error *err)
{
    struct archive_entry *entry = NULL;
    int code = archive_read_next_header(tar->archive, &entry);
    if (code == ARCHIVE_EOF) return WN_NOTFOUND;
    if (code < ARCHIVE_WARN) {
        const char *text = archive_error_string(tar->archive);
        return wn_fail(err, WN_CORRUPT, "damaged tar: %s", text != NULL ? text : "unreadable header");
    }
    tar->number++;
    const char *name = archive_entry_pathname(entry);
    if (name == NULL) name = archive_entry_pathname_utf8(entry);
    if (name == NULL) {
        snprintf(tar->unnamed, sizeof(tar->unnamed), "member-%llu", (unsigned long long)tar->number);
        name = tar->unnamed;
    }
    int64_t size = archive_entry_size(entry);
    bool file = archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == NULL;
    *out = (wn_tar_member){.name = name,
                           .size = size > 0 ? (uint64_t)size : 0,
                           .offset = (uint64_t)archive_filter_bytes(tar->archive, 0),
                           .regular = file && archive_entry_sparse_count(entry) == 0,
                           .link = archive_entry_hardlink(entry) != NULL || archive_entry_symlink(entry) != NULL};
    return WN_OK;
}

wn_status wn_tar_read(wn_tar *tar, const wn_tar_member *member, wn_buffer *out, wn_error *err)
{
    wn_buffer_reset(out);
    if (out->max != 0 && member->size > out->max) {
        return wn_fail(err, WN_LIMIT, "%llu bytes, more than the limit of %zu", (unsigned long long)member->size,
                       out->max);
    }
    while (out->len < member->size) {
        size_t left = member->size - out->len;
        size_t step = left < BLOCK_BYTES ? left : BLOCK_BYTES; /* a lying header must not reserve gigabytes */
        void *room = wn_buffer_reserve(out, step);
        if (room == NULL) return wn_fail(err, out->status, "member of a tar");
        la_ssize_t got = archive_read_data(tar->archive, room, step);
        if (got <= 0) return wn_fail(err, WN_CORRUPT, "the tar ends inside this member");
        out->len += (size_t)got;
        out->data[out->len] = '\0';
    }
    return WN_OK;
}
