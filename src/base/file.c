/* SPDX-License-Identifier: Apache-2.0
 *
 * File access with the error handling in one place.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"

/* Opens a regular file for reading and tells its size. */
static wn_status open_regular(const char *path, int *fd, uint64_t *size, wn_error *err)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0) return wn_fail_errno(err, errno, "cannot open %s", path);
    struct stat info;
    wn_status status = WN_OK;
    if (fstat(*fd, &info) != 0) {
        status = wn_fail_errno(err, errno, "cannot examine %s", path);
    } else if (!S_ISREG(info.st_mode)) {
        status = wn_fail(err, WN_INVALID, "%s is not a regular file", path);
    }
    if (status) {
        close(*fd);
        *fd = -1;
        return status;
    }
    *size = (uint64_t)info.st_size;
    return WN_OK;
}

wn_status wn_file_read(const char *path, size_t max, wn_buffer *out, wn_error *err)
{
    int fd;
    uint64_t size = 0;
    wn_buffer_reset(out);
    WN_TRY(open_regular(path, &fd, &size, err));
    wn_status status = WN_OK;
    if (size > max) {
        status = wn_fail(err, WN_LIMIT, "%s has %llu bytes, more than the limit of %zu", path, (unsigned long long)size,
                         max);
        goto done;
    }
    char *room = wn_buffer_reserve_exact(out, (size_t)size);
    if (!room) {
        status = wn_fail(err, out->status, "no memory to read %s", path);
        goto done;
    }
    if ((status = wn_file_read_at(fd, room, (size_t)size, 0, path, err))) goto done;
    out->len = (size_t)size;
    out->data[out->len] = 0;
done:
    close(fd);
    return status;
}

wn_status wn_file_read_at(int fd, void *bytes, size_t len, uint64_t offset, const char *path, wn_error *err)
{
    char *at = bytes;
    while (len) {
        ssize_t got = pread(fd, at, len, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return wn_fail_errno(err, errno, "cannot read %s", path);
        if (got == 0)
            return wn_fail(err, WN_CORRUPT, "%s ends at byte %llu, %zu bytes too early", path,
                           (unsigned long long)offset, len);
        at += got;
        offset += (uint64_t)got;
        len -= (size_t)got;
    }
    return WN_OK;
}

wn_status wn_file_write_at(int fd, const void *bytes, size_t len, uint64_t offset, const char *path, wn_error *err)
{
    const char *at = bytes;
    while (len) {
        ssize_t put = pwrite(fd, at, len, (off_t)offset);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return wn_fail_errno(err, errno, "cannot write %zu bytes to %s", len, path);
        at += put;
        offset += (uint64_t)put;
        len -= (size_t)put;
    }
    return WN_OK;
}

/* Renaming onto a device or pipe would replace it, and onto a folder fails when the work is done. */
static wn_status check_target(const char *path, wn_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0 || S_ISREG(info.st_mode)) return WN_OK;
    return wn_fail(err, WN_INVALID, "cannot write to %s: it is %s; name a file", path,
                   S_ISDIR(info.st_mode) ? "a folder" : "a device, pipe or socket");
}

/* Where a path leads: a link is written through, not replaced. NULL with a failure. */
static char *follow_links(const char *path, wn_error *err)
{
    struct stat info;
    if (lstat(path, &info) != 0 || !S_ISLNK(info.st_mode)) {
        char *copy = wn_text_copy(path);
        if (!copy) (void)wn_fail(err, WN_NOMEM, "no memory to write %s", path);
        return copy;
    }
    char *real = realpath(path, NULL), *copy = real ? wn_text_copy(real) : NULL;
    if (!real)
        (void)wn_fail_errno(err, errno, "cannot write to %s, a link", path);
    else if (!copy)
        (void)wn_fail(err, WN_NOMEM, "no memory to write %s", path);
    free(real);
    return copy;
}

wn_status wn_file_create_part(const char *path, char **part, int *fd, wn_error *err)
{
    const char *slash = strrchr(path, '/');
    const size_t folder = slash ? (size_t)(slash - path) + 1 : 0, room = folder + sizeof ".winnow-.part" + 16;
    *fd = -1;
    if (!(*part = wn_alloc(WN_MEMORY_TEXT, room, 1))) return wn_fail(err, WN_NOMEM, "no memory to write %s", path);
    memcpy(*part, path, folder);
    (void)snprintf(*part + folder, room - folder, ".winnow-%016" PRIx64 ".part",
                   wn_hash64_of(path + folder, strlen(path + folder)));
    (void)unlink(*part); /* of an attempt that was killed; if a link stands there it goes, not what it leads to */
    *fd = open(*part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (*fd >= 0) return WN_OK;
    wn_status status = wn_fail_errno(err, errno, "cannot create %s", path);
    wn_free(*part);
    *part = NULL;
    return status;
}

wn_status wn_file_writer_begin(wn_file_writer *writer, const char *path, wn_error *err)
{
    *writer = (wn_file_writer){.fd = -1};
    WN_TRY(check_target(path, err));
    wn_error why = {0};
    if (!(writer->path = follow_links(path, &why))) {
        if (err) *err = why;
        return why.status;
    }
    wn_status status = wn_file_create_part(writer->path, &writer->part, &writer->fd, err);
    if (status) {
        wn_free(writer->path);
        *writer = (wn_file_writer){.fd = -1};
    }
    return status;
}

/* Makes a rename in the folder of `path` durable; best effort, as not every file system offers it. Cuts the path. */
static void sync_folder_of(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash) slash[slash == path] = 0;
    int fd = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    fsync(fd);
    close(fd);
}

wn_status wn_file_writer_end(wn_file_writer *writer, bool keep, wn_error *err)
{
    if (writer->fd < 0) return WN_OK;
    wn_status status = WN_OK;
    if (keep && fsync(writer->fd) != 0) status = wn_fail_errno(err, errno, "cannot flush %s", writer->part);
    if (close(writer->fd) != 0 && !status && keep) status = wn_fail_errno(err, errno, "cannot close %s", writer->part);
    if (keep && !status && rename(writer->part, writer->path) != 0)
        status = wn_fail_errno(err, errno, "cannot rename %s to %s", writer->part, writer->path);
    if (!keep || status) {
        unlink(writer->part);
    } else {
        sync_folder_of(writer->path);
    }
    wn_free(writer->path);
    wn_free(writer->part);
    *writer = (wn_file_writer){.fd = -1};
    return status;
}

wn_status wn_file_write(const char *path, const void *bytes, size_t len, wn_error *err)
{
    wn_file_writer writer;
    WN_TRY(wn_file_writer_begin(&writer, path, err));
    wn_status status = wn_file_write_at(writer.fd, bytes, len, 0, writer.part, err);
    wn_status ended = wn_file_writer_end(&writer, status == WN_OK, status ? NULL : err);
    return status ? status : ended;
}

wn_status wn_file_map_open(const char *path, wn_file_map *out, wn_error *err)
{
    int fd;
    uint64_t size = 0;
    *out = (wn_file_map){0};
    WN_TRY(open_regular(path, &fd, &size, err));
    wn_status status = WN_OK;
    if (size > SIZE_MAX) {
        status = wn_fail(err, WN_LIMIT, "%s is too large to map", path);
    } else if (size) {
        void *data = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
        if (data == MAP_FAILED) {
            status = wn_fail_errno(err, errno, "cannot map %s", path);
        } else {
            *out = (wn_file_map){.data = data, .len = (size_t)size};
        }
    }
    close(fd);
    return status;
}

void wn_file_map_close(wn_file_map *map)
{
    if (map->data) munmap((void *)(uintptr_t)map->data, map->len);
    *map = (wn_file_map){0};
}

void wn_file_map_forget(const wn_file_map *map)
{
    if (map->len) (void)madvise((void *)(uintptr_t)map->data, map->len, MADV_DONTNEED);
}

static wn_status make_one_folder(const char *path, wn_error *err)
{
    if (mkdir(path, 0777) == 0) return WN_OK;
    int code = errno;
    struct stat info;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) return WN_OK;
    return wn_fail_errno(err, code, "cannot create the folder %s", path);
}

wn_status wn_file_make_folder(const char *path, wn_error *err)
{
    char *copy = wn_text_copy(path);
    if (!copy) return wn_fail(err, WN_NOMEM, "no memory to create the folder %s", path);
    wn_status status = WN_OK;
    for (char *c = copy + 1; *copy && *c && !status; c++) {
        if (*c != '/') continue;
        *c = 0;
        status = make_one_folder(copy, err);
        *c = '/';
    }
    if (!status) status = make_one_folder(copy, err);
    wn_free(copy);
    return status;
}

bool wn_file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

uint64_t wn_file_space(const char *path)
{
    struct statvfs info;
    if (statvfs(path, &info) != 0) return UINT64_MAX;
    return (uint64_t)info.f_bavail * (uint64_t)info.f_frsize;
}

char *wn_path_join(const char *folder, const char *name)
{
    size_t a = strlen(folder), b = strlen(name);
    bool slash = a > 0 && folder[a - 1] != '/';
    char *path = wn_alloc(WN_MEMORY_TEXT, a + b + 2, 1);
    if (!path) return NULL;
    memcpy(path, folder, a);
    if (slash) path[a] = '/';
    memcpy(path + a + slash, name, b + 1);
    return path;
}
