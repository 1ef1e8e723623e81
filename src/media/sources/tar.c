/* SPDX-License-Identifier: Apache-2.0
 *
 * A tar of images, such as a WebDataset shard. Members of a plain tar are reported with the position of their data,
 * so that readers fetch them later, in parallel, without the tar format. Members of a compressed tar carry
 * their bytes with them: the stream has to be decompressed anyway, once.
 */
#include "media/tar_file.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "media/source.h"

#define LARGEST_MEMBER ((size_t)512 << 20)

typedef struct tar_walk {
    wn_walk *walk;
    const char *path, *name;
    const struct stat *info;
    wn_tar *tar;
    wn_buffer label, bytes; /* "TAR/MEMBER"; content of the member */
} tar_walk;

static bool accepts(const char *path, const struct stat *info)
{
    static const char *const suffixes[] = {".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.bz2", ".tar.xz", NULL};
    if (!S_ISREG(info->st_mode)) return false;
    for (const char *const *suffix = suffixes; *suffix != NULL; suffix++) {
        if (wn_text_ends_with(path, *suffix)) return true;
    }
    return false;
}

/* Whether the member is wanted by its name, or may be by its content. */
static bool is_candidate(const tar_walk *tar, const wn_tar_member *member, wn_name_kind kind)
{
    if (!member->regular && !member->link) return false;
    if (tar->walk->options->probe_all) return member->regular;
    return kind == WN_NAME_IMAGE || kind == WN_NAME_FOREIGN || (kind == WN_NAME_PLAIN && member->regular);
}

static wn_status offer(tar_walk *tar, const wn_tar_member *member, wn_name_kind kind, wn_error *err)
{
    wn_entry entry;
    wn_entry_set_file(&entry, tar->path, tar->label.data, tar->info);
    entry.member = member->name;
    entry.size = member->size;
    entry.offset = member->offset;
    entry.compressed = wn_tar_compressed(tar->tar);
    if (member->link || !member->regular) {
        entry.status = WN_UNSUPPORTED;
        entry.reason = "a link inside a tar";
    } else if (member->size == 0) {
        entry.status = WN_CORRUPT;
        entry.reason = "empty file";
    } else if (entry.compressed || kind == WN_NAME_PLAIN) {
        wn_error ignored = {0};
        entry.status = wn_tar_read(tar->tar, member, &tar->bytes, &ignored);
        if (entry.status == WN_NOMEM) return wn_fail(err, WN_NOMEM, "member %s of %s", member->name, tar->path);
        if (kind == WN_NAME_PLAIN && entry.status == WN_OK &&
            !wn_bytes_look_like_image(tar->bytes.data, tar->bytes.len)) {
            return wn_walk_skip(tar->walk, err);
        }
        entry.reason = entry.status == WN_OK      ? NULL
                       : entry.status == WN_LIMIT ? "larger than 512 MiB"
                                                  : "the tar ends inside this member";
        if (entry.compressed && entry.status == WN_OK) entry.bytes = tar->bytes.data;
    }
    tar->bytes.status = WN_OK;
    return wn_walk_offer(tar->walk, &entry, err);
}

static wn_status visit_member(tar_walk *tar, const wn_tar_member *member, wn_error *err)
{
    wn_name_kind kind = wn_walk_judge_name(tar->walk, wn_path_base(member->name));
    size_t len = strlen(member->name);
    if (len == 0 || member->name[len - 1] == '/') return WN_OK; /* a folder */
    if (!is_candidate(tar, member, kind)) return wn_walk_skip(tar->walk, err);
    wn_buffer_reset(&tar->label);
    wn_buffer_text(&tar->label, tar->name);
    wn_buffer_text(&tar->label, "/");
    if (wn_buffer_text(&tar->label, member->name) != WN_OK) {
        return wn_fail(err, WN_NOMEM, "member %s of %s", member->name, tar->path);
    }
    return offer(tar, member, kind, err);
}

static wn_status walk_tar(wn_walk *walk, const char *path, const char *name, const struct stat *info, wn_error *err)
{
    tar_walk tar = {.walk = walk, .path = path, .name = name, .info = info};
    wn_buffer_init(&tar.label, WN_MEMORY_TEXT, 0);
    wn_buffer_init(&tar.bytes, WN_MEMORY_IMAGE, LARGEST_MEMBER);
    wn_error damage = {0};
    wn_status status = wn_tar_open(path, &tar.tar, &damage);
    const char *reason =
        status == WN_CORRUPT ? "damaged tar: its beginning is not that of a tar" : "tar cannot be opened";
    walk->counts.tars++;
    while (status == WN_OK) {
        wn_tar_member member;
        status = wn_tar_next(tar.tar, &member, &damage);
        if (status != WN_OK) {
            reason = "damaged tar: nothing after this point can be read";
            break;
        }
        if ((status = visit_member(&tar, &member, err)) != WN_OK) goto done;
    }
    if (status != WN_NOTFOUND) {
        status = wn_walk_offer_bad(walk, path, name, info, status, reason, err);
    } else {
        status = WN_OK;
    }
done:
    wn_tar_close(&tar.tar);
    wn_buffer_clear(&tar.label);
    wn_buffer_clear(&tar.bytes);
    return status;
}

const wn_source_kind wn_source_tar = {
    .name = "tar", .summary = "a tar of images, plain or compressed", .accepts = accepts, .walk = walk_tar};
