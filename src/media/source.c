/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk over sources: which kind a root is, which names are images, and how an entry reaches the caller.
 */
#include "media/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "media/format.h"
#include "media/source_registry.h"

/* Kinds of images that winnow does not decode. A user who has a folder of them wants to be told. */
static const char *const foreign_suffixes[] = {
    ".arw", ".cr2", ".cr3", ".dds", ".dng", ".exr", ".fits", ".hdr", ".ico", ".nef", ".orf", ".pbm",   ".pcx", ".pfm",
    ".pgm", ".pnm", ".ppm", ".psd", ".raf", ".raw", ".rw2",  ".svg", ".tga", ".xcf", ".xpm", ".heifs", NULL};
static const char *const tar_suffixes[] = {".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.bz2", ".tar.xz", NULL};

#define LONGEST_SUFFIX 8 /* letters and digits after the dot; longer ones are part of the name */
#define PROBE_BYTES    64

const char *wn_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static bool ends_with_any(const char *name, const char *const *suffixes)
{
    for (; *suffixes != NULL; suffixes++) {
        if (wn_text_ends_with(name, *suffixes)) return true;
    }
    return false;
}

/* The suffix with its dot, or NULL. A dot in front makes a hidden file, not a suffix. */
static const char *suffix_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (dot == NULL || dot == name) return NULL;
    size_t len = strlen(dot + 1);
    if (len == 0 || len > LONGEST_SUFFIX) return NULL;
    for (const char *c = dot + 1; *c != '\0'; c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        if (!letter) return NULL;
    }
    return dot;
}

wn_name_kind wn_walk_judge_name(const wn_walk *walk, const char *base_name)
{
    if (base_name[0] == '.') return WN_NAME_OTHER;
    const char *suffix = suffix_of(base_name);
    if (suffix == NULL) return WN_NAME_PLAIN;
    bool wanted = walk->options->suffixes != NULL ? ends_with_any(base_name, walk->options->suffixes)
                                                  : wn_format_of_suffix(suffix) != NULL;
    if (wanted) return WN_NAME_IMAGE;
    if (ends_with_any(base_name, tar_suffixes)) return WN_NAME_TAR;
    if (walk->options->suffixes == NULL && ends_with_any(suffix, foreign_suffixes)) return WN_NAME_FOREIGN;
    return WN_NAME_OTHER;
}

bool wn_bytes_look_like_image(const void *bytes, size_t len)
{
    return wn_format_of_bytes(bytes, len) != NULL;
}

void wn_entry_set_file(wn_entry *entry, const char *path, const char *name, const struct stat *info)
{
    *entry = (wn_entry){.path = path, .name = name};
    if (info == NULL) return;
    entry->size = info->st_size > 0 ? (uint64_t)info->st_size : 0;
    entry->mtime_ns = (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
    entry->device = (uint64_t)info->st_dev;
    entry->inode = (uint64_t)info->st_ino;
}

/* Reports every 256 names: a name costs microseconds. */
static wn_status tell(wn_walk *walk, wn_error *err)
{
    if ((++walk->visited & 255) != 0) return WN_OK;
    wn_progress_report report = {.stage = "scan", .unit = "images", .done = walk->counts.images};
    return wn_progress_tell(walk->progress, &report) ? wn_fail(err, WN_CANCELLED, "scan cancelled") : WN_OK;
}

wn_status wn_walk_skip(wn_walk *walk, wn_error *err)
{
    walk->counts.skipped++;
    return tell(walk, err);
}

wn_status wn_walk_offer(wn_walk *walk, wn_entry *entry, wn_error *err)
{
    entry->root = walk->root;
    if (entry->status == WN_OK) {
        walk->counts.images++;
        walk->counts.bytes += entry->size;
    } else {
        walk->counts.bad++;
    }
    WN_TRY(walk->callback(walk->context, entry, err));
    return tell(walk, err);
}

wn_status wn_walk_offer_bad(wn_walk *walk, const char *path, const char *name, const struct stat *info,
                            wn_status status, const char *reason, wn_error *err)
{
    wn_entry entry;
    wn_entry_set_file(&entry, path, name, info);
    entry.status = status;
    entry.reason = reason;
    return wn_walk_offer(walk, &entry, err);
}

/* A file without a suffix is an image when its first bytes say so. One that cannot be opened is not known to be one. */
static bool probe(int fd_folder, const char *file)
{
    unsigned char first[PROBE_BYTES];
    int fd = openat(fd_folder, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return false;
    ssize_t len = read(fd, first, sizeof(first));
    close(fd);
    return len > 0 && wn_bytes_look_like_image(first, (size_t)len);
}

wn_status wn_walk_offer_file(wn_walk *walk, const char *path, const char *name, const struct stat *info, bool named,
                             int fd_folder, const char *file, wn_error *err)
{
    wn_name_kind kind = wn_walk_judge_name(walk, wn_path_base(path));
    bool wanted = named || walk->options->probe_all || kind == WN_NAME_IMAGE || kind == WN_NAME_FOREIGN;
    if (!wanted && kind != WN_NAME_PLAIN) return wn_walk_skip(walk, err);
    if (!S_ISREG(info->st_mode)) {
        if (!wanted) return wn_walk_skip(walk, err);
        return wn_walk_offer_bad(walk, path, name, info, WN_UNSUPPORTED, "not a file but a device, pipe or socket",
                                 err);
    }
    if (!wanted && !probe(fd_folder, file)) return wn_walk_skip(walk, err);
    if (info->st_size == 0) return wn_walk_offer_bad(walk, path, name, info, WN_CORRUPT, "empty file", err);
    wn_entry entry;
    wn_entry_set_file(&entry, path, name, info);
    return wn_walk_offer(walk, &entry, err);
}

/* Why a path cannot be looked at, as one phrase of static storage. */
static const char *reason_of_errno(int code)
{
    switch (code) {
    case ENOENT:
        return "does not exist";
    case ELOOP:
        return "a link that leads in a circle";
    case EACCES:
        return "permission denied";
    case ENAMETOOLONG:
        return "path too long for this system";
    case ENOTDIR:
        return "a part of the path is not a folder";
    default:
        return "cannot be opened";
    }
}

wn_status wn_walk_visit(wn_walk *walk, const char *path, const char *name, bool lists, wn_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        int code = errno;
        struct stat link;
        bool dangling = code == ENOENT && lstat(path, &link) == 0;
        return wn_walk_offer_bad(walk, path, name, NULL, code == ENOENT ? WN_NOTFOUND : WN_IO,
                                 dangling ? "a link to nowhere" : reason_of_errno(code), err);
    }
    const wn_source_kind *source = wn_source_of(path, &info, lists);
    if (source != NULL) return source->walk(walk, path, name, &info, err);
    return wn_walk_offer_file(walk, path, name, &info, true, AT_FDCWD, path, err);
}

/* A root must exist and be something that can hold images; what is inside it may be bad. */
static wn_status walk_root(wn_walk *walk, const char *path, wn_error *err)
{
    struct stat info;
    if (path[0] == '\0') return wn_fail(err, WN_INVALID, "an empty path was given; name a folder, list, tar or image");
    if (stat(path, &info) != 0) {
        int code = errno;
        return wn_fail_errno(err, code, "cannot open %s", path);
    }
    if (S_ISDIR(info.st_mode)) return wn_walk_visit(walk, path, "", true, err);
    if (!S_ISREG(info.st_mode)) {
        return wn_fail(err, WN_INVALID, "%s is a device, pipe or socket; name a folder, list, tar or image", path);
    }
    return wn_walk_visit(walk, path, wn_path_base(path), true, err);
}

wn_status wn_source_walk(const char *const *paths, size_t path_count, const wn_source_options *options,
                         const wn_progress *progress, wn_entry_callback *callback, void *context,
                         wn_source_counts *counts, wn_error *err)
{
    static const wn_source_options defaults;
    wn_walk walk = {.options = options != NULL ? options : &defaults,
                    .progress = progress,
                    .callback = callback,
                    .context = context};
    wn_status status = WN_OK;
    if (path_count == 0) status = wn_fail(err, WN_INVALID, "no path was given; name a folder, list, tar or image");
    for (size_t i = 0; i < path_count && status == WN_OK; i++) {
        walk.root = i;
        status = walk_root(&walk, paths[i], err);
    }
    if (counts != NULL) *counts = walk.counts;
    return status;
}
