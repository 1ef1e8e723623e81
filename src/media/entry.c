/* SPDX-License-Identifier: Apache-2.0
 *
 * Files are read, never mapped: a mapped file that shrinks kills the process, a read one is reported.
 */
#include "media/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "media/tar_file.h"

static wn_status fail_too_large(uint64_t size, uint64_t max, wn_error *err)
{
    char has[32], may[32];
    wn_text_bytes(size, has);
    wn_text_bytes(max, may);
    return wn_fail(err, WN_LIMIT, "%s, more than the limit of %s", has, may);
}

/* Up to `len` bytes from `offset`; *got is less when the file ends there. */
static wn_status read_fully(int fd, char *bytes, size_t len, uint64_t offset, size_t *got, wn_error *err)
{
    *got = 0;
    while (*got < len) {
        ssize_t step = pread(fd, bytes + *got, len - *got, (off_t)(offset + *got));
        if (step < 0 && errno == EINTR) continue;
        if (step < 0) return wn_fail_errno(err, errno, "cannot be read");
        if (step == 0) break;
        *got += (size_t)step;
    }
    return WN_OK;
}

/* The file may have changed since the walk: its size now counts, and one that is shorter than that when read has
 * shrunk under us. */
static wn_status fetch_open(int fd, const wn_entry *entry, uint64_t max, size_t head, wn_buffer *out, bool *whole,
                            wn_error *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0) return wn_fail_errno(err, errno, "cannot be read");
    if (!S_ISREG(info.st_mode)) return wn_fail(err, WN_UNSUPPORTED, "not a file but a folder, device, pipe or socket");
    uint64_t size = entry->member != NULL ? entry->size : (uint64_t)info.st_size;
    if (size > max) return fail_too_large(size, max, err);
    if (size == 0) return wn_fail(err, WN_CORRUPT, "empty file");
    *whole = size <= head;
    if (!*whole) size = head;
    char *room = wn_buffer_reserve(out, (size_t)size);
    if (room == NULL) return wn_fail(err, WN_NOMEM, "no memory for the file");
    size_t got = 0;
    WN_TRY(read_fully(fd, room, (size_t)size, entry->offset, &got, err));
    if (got < size) {
        const char *what =
            entry->member != NULL ? "the tar is shorter than its table says" : "the file shrank while it was read";
        return wn_fail(err, WN_IO, "%s: %zu of %llu bytes", what, got, (unsigned long long)size);
    }
    out->len = got;
    out->data[got] = '\0';
    return WN_OK;
}

static wn_status fetch_file(const wn_entry *entry, uint64_t max, size_t head, wn_buffer *out, bool *whole,
                            wn_error *err)
{
    int fd = open(entry->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT) return wn_fail(err, WN_NOTFOUND, "does not exist (any more)");
    if (fd < 0) return wn_fail_errno(err, errno, "cannot be opened");
    wn_status status = fetch_open(fd, entry, max, head, out, whole, err);
    close(fd);
    return status;
}

static wn_status fetch_compressed(const wn_entry *entry, wn_buffer *out, wn_error *err)
{
    wn_tar *tar = NULL;
    wn_status status = wn_tar_open(entry->path, &tar, err);
    wn_tar_member member;
    while (status == WN_OK && (status = wn_tar_next(tar, &member, err)) == WN_OK) {
        if (member.offset != entry->offset) continue;
        status = wn_tar_read(tar, &member, out, err);
        break;
    }
    if (status == WN_NOTFOUND) wn_fail(err, status, "no longer in the tar");
    wn_tar_close(&tar);
    return status;
}

wn_status wn_entry_fetch_head(const wn_entry *entry, uint64_t max_bytes, size_t head, wn_buffer *scratch,
                              const uint8_t **bytes, size_t *len, bool *whole, wn_error *err)
{
    wn_status status;
    *whole = true;
    if (entry->bytes != NULL) {
        if (entry->size > max_bytes) return fail_too_large(entry->size, max_bytes, err);
        *bytes = entry->bytes;
        *len = (size_t)entry->size;
        return WN_OK;
    }
    scratch->status = WN_OK;
    wn_buffer_reset(scratch);
    if (entry->compressed) {
        if (entry->size > max_bytes) return fail_too_large(entry->size, max_bytes, err);
        status = fetch_compressed(entry, scratch, err);
    } else {
        status = fetch_file(entry, max_bytes, head, scratch, whole, err);
    }
    *bytes = (const uint8_t *)scratch->data;
    *len = scratch->len;
    return status;
}

wn_status wn_entry_fetch(const wn_entry *entry, uint64_t max_bytes, wn_buffer *scratch, const uint8_t **bytes,
                         size_t *len, wn_error *err)
{
    bool whole;
    return wn_entry_fetch_head(entry, max_bytes, SIZE_MAX, scratch, bytes, len, &whole, err);
}

wn_status wn_entry_load(const wn_entry *entry, uint64_t max_bytes, void **bytes, size_t *len, wn_error *err)
{
    *bytes = NULL;
    *len = 0;
    if (entry->status != WN_OK) return wn_fail(err, entry->status, "%s", entry->reason);
    wn_buffer buffer;
    wn_buffer_init(&buffer, WN_MEMORY_IMAGE, 0);
    const uint8_t *data = NULL;
    size_t size = 0;
    wn_status status = wn_entry_fetch(entry, max_bytes, &buffer, &data, &size, err);
    if (status == WN_OK && data != (const uint8_t *)buffer.data && wn_buffer_add(&buffer, data, size) != WN_OK) {
        status = wn_fail(err, WN_NOMEM, "no memory for the file");
    }
    if (status != WN_OK) {
        wn_buffer_clear(&buffer);
        return status;
    }
    *bytes = buffer.data;
    *len = size;
    return WN_OK;
}
