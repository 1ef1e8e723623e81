/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder and what is in it, in byte order of the names. Names are opened relative to the descriptor of their
 * folder, so a deep tree costs no path lookups, and files whose name says "no image" cost no system call at all.
 *
 * Links to folders are followed. A link back to a folder that we are in is reported as a circle; a link to a
 * folder that was already visited is skipped, or a few links could multiply into millions of paths.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/rng.h"
#include "base/text.h"
#include "media/source.h"
#include "media/source_registry.h"

#define DEEPEST 128 /* folders in folders; each level holds a descriptor */

typedef struct folder_id {
    dev_t device;
    ino_t inode;
} folder_id;

/* Open-addressing set of folders; `used` <= half of `room`, a power of two. */
typedef struct folder_set {
    folder_id *slots;
    bool *taken;
    size_t used, room;
} folder_set;

typedef struct folder_walk {
    wn_walk *walk;
    wn_buffer path, name;
    folder_id above[DEEPEST];
    size_t depth;
    folder_set visited;
} folder_walk;

typedef struct child {
    const char *name;
    unsigned char type; /* DT_* */
} child;

static bool set_grow(folder_set *set)
{
    size_t room = set->room != 0 ? set->room * 2 : 64;
    folder_id *slots = wn_alloc(WN_MEMORY_GENERAL, room, sizeof(*slots));
    bool *taken = wn_calloc(WN_MEMORY_GENERAL, room, sizeof(*taken));
    if (slots == NULL || taken == NULL) {
        wn_free(slots);
        wn_free(taken);
        return false;
    }
    for (size_t i = 0; i < set->room; i++) {
        if (!set->taken[i]) continue;
        size_t at = wn_rng_mix((uint64_t)set->slots[i].inode ^ ((uint64_t)set->slots[i].device << 40)) & (room - 1);
        while (taken[at]) at = (at + 1) & (room - 1);
        slots[at] = set->slots[i];
        taken[at] = true;
    }
    wn_free(set->slots);
    wn_free(set->taken);
    set->slots = slots;
    set->taken = taken;
    set->room = room;
    return true;
}

/* Adds a folder; *fresh says whether it was new. */
static wn_status set_add(folder_set *set, folder_id id, bool *fresh, wn_error *err)
{
    if (set->used * 2 >= set->room && !set_grow(set)) return wn_fail(err, WN_NOMEM, "list of visited folders");
    size_t at = wn_rng_mix((uint64_t)id.inode ^ ((uint64_t)id.device << 40)) & (set->room - 1);
    for (; set->taken[at]; at = (at + 1) & (set->room - 1)) {
        if (set->slots[at].device == id.device && set->slots[at].inode == id.inode) {
            *fresh = false;
            return WN_OK;
        }
    }
    set->slots[at] = id;
    set->taken[at] = true;
    set->used++;
    *fresh = true;
    return WN_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const child *)a)->name, ((const child *)b)->name);
}

/* All names of a folder but "." and "..", sorted. */
static wn_status list_children(DIR *stream, const char *path, wn_arena *arena, child **out, size_t *count,
                               wn_error *err)
{
    wn_buffer found;
    wn_buffer_init(&found, WN_MEMORY_GENERAL, 0);
    wn_status status = WN_OK;
    for (;;) {
        errno = 0;
        const struct dirent *item = readdir(stream);
        if (item == NULL) {
            if (errno != 0) status = wn_fail_errno(err, errno, "cannot read folder %s", path);
            break;
        }
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0) continue;
        child one = {.name = wn_arena_text(arena, item->d_name, strlen(item->d_name)), .type = item->d_type};
        if (one.name == NULL || wn_buffer_add(&found, &one, sizeof(one)) != WN_OK) {
            status = wn_fail(err, WN_NOMEM, "names in folder %s", path);
            break;
        }
    }
    *count = found.len / sizeof(child);
    *out = wn_arena_alloc(arena, *count + 1, sizeof(child));
    if (status == WN_OK && *out == NULL) status = wn_fail(err, WN_NOMEM, "names in folder %s", path);
    if (status == WN_OK && *count > 0) {
        memcpy(*out, found.data, found.len);
        qsort(*out, *count, sizeof(child), by_name);
    }
    wn_buffer_clear(&found);
    return status;
}

static wn_status walk_opened(folder_walk *tree, int fd, wn_error *err);

/* Enters the folder that path and name now spell. Takes `fd`, which may be negative with `code` as the reason. */
static wn_status enter(folder_walk *tree, int fd, int code, const struct stat *info, bool linked, wn_error *err)
{
    const char *reason = NULL;
    bool fresh = true;
    folder_id id = {info->st_dev, info->st_ino};
    wn_status status = WN_OK;

    for (size_t i = 0; i < tree->depth; i++) {
        if (tree->above[i].device == id.device && tree->above[i].inode == id.inode) {
            reason = "a link to a folder above it, which would go in a circle";
        }
    }
    if (fd < 0) reason = code == EACCES ? "folder cannot be opened: permission denied" : "folder cannot be opened";
    if (reason == NULL && tree->depth == DEEPEST) reason = "folders nested too deeply";
    if (reason != NULL) {
        status = wn_walk_offer_bad(tree->walk, tree->path.data, tree->name.data, info, WN_IO, reason, err);
        goto done;
    }
    if ((status = set_add(&tree->visited, id, &fresh, err)) != WN_OK) goto done;
    if (linked && !fresh) {
        status = wn_walk_skip(tree->walk, err);
        goto done;
    }
    tree->above[tree->depth++] = id;
    tree->walk->counts.folders++;
    status = walk_opened(tree, fd, err);
    fd = -1;
    tree->depth--;
done:
    if (fd >= 0) close(fd);
    return status;
}

static bool is_excluded(const wn_walk *walk, const char *name)
{
    if (name[0] == '.' || wn_text_ends_with(name, ".winnow")) return true;
    const char *const *excluded = walk->options->exclude;
    for (; excluded != NULL && *excluded != NULL; excluded++) {
        if (strcmp(name, *excluded) == 0) return true;
    }
    return false;
}

static wn_status visit_folder(folder_walk *tree, int fd_parent, const child *one, const struct stat *info, bool linked,
                              wn_error *err)
{
    if (is_excluded(tree->walk, one->name)) return wn_walk_skip(tree->walk, err);
    if (wn_walk_judge_name(tree->walk, one->name) == WN_NAME_IMAGE) {
        WN_TRY(wn_walk_offer_bad(tree->walk, tree->path.data, tree->name.data, info, WN_UNSUPPORTED,
                                 "a folder with the name of an image", err));
    }
    if (tree->walk->options->flat) return WN_OK;
    int fd = openat(fd_parent, one->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return enter(tree, fd, errno, info, linked, err);
}

/* A link whose target cannot be reached. Only one that is named like an image is worth a line. */
static wn_status visit_broken(folder_walk *tree, const child *one, int code, wn_error *err)
{
    if (wn_walk_judge_name(tree->walk, one->name) != WN_NAME_IMAGE) return wn_walk_skip(tree->walk, err);
    const char *reason = code == ELOOP    ? "a link that leads in a circle"
                         : code == ENOENT ? "a link to nowhere, or a file that vanished"
                         : code == EACCES ? "permission denied"
                                          : "cannot be opened";
    return wn_walk_offer_bad(tree->walk, tree->path.data, tree->name.data, NULL, code == ENOENT ? WN_NOTFOUND : WN_IO,
                             reason, err);
}

static wn_status visit(folder_walk *tree, int fd_parent, const child *one, wn_error *err)
{
    wn_walk *walk = tree->walk;
    wn_name_kind kind = wn_walk_judge_name(walk, one->name);
    bool regular = one->type == DT_REG;
    if (regular && kind == WN_NAME_OTHER && !walk->options->probe_all) return wn_walk_skip(walk, err);

    struct stat info;
    bool linked = one->type == DT_LNK;
    if (one->type == DT_UNKNOWN) {
        if (fstatat(fd_parent, one->name, &info, AT_SYMLINK_NOFOLLOW) != 0) return visit_broken(tree, one, errno, err);
        linked = S_ISLNK(info.st_mode);
    }
    if (linked && walk->options->skip_links) return wn_walk_skip(walk, err);
    if (fstatat(fd_parent, one->name, &info, 0) != 0) return visit_broken(tree, one, errno, err);
    if (S_ISDIR(info.st_mode)) return visit_folder(tree, fd_parent, one, &info, linked, err);
    if (kind == WN_NAME_TAR) {
        const wn_source_kind *source = wn_source_of(tree->path.data, &info, false);
        if (source != NULL) return source->walk(walk, tree->path.data, tree->name.data, &info, err);
    }
    return wn_walk_offer_file(walk, tree->path.data, tree->name.data, &info, false, fd_parent, one->name, err);
}

static wn_status append(wn_buffer *buffer, const char *name, wn_error *err)
{
    if (buffer->len > 0 && buffer->data[buffer->len - 1] != '/') wn_buffer_add(buffer, "/", 1);
    wn_buffer_text(buffer, name);
    return buffer->status == WN_OK ? WN_OK : wn_fail(err, WN_NOMEM, "path of %s", name);
}

static void cut(wn_buffer *buffer, size_t len)
{
    buffer->len = len;
    buffer->data[len] = '\0';
}

/* Visits the children of an open folder; takes the descriptor. */
static wn_status walk_opened(folder_walk *tree, int fd, wn_error *err)
{
    wn_arena arena = {0};
    child *children = NULL;
    size_t count = 0, path_len = tree->path.len, name_len = tree->name.len;
    DIR *stream = fdopendir(fd);
    if (stream == NULL) {
        close(fd);
        return wn_fail(err, WN_NOMEM, "cannot read folder %s", tree->path.data);
    }
    wn_status status = list_children(stream, tree->path.data, &arena, &children, &count, err);
    for (size_t i = 0; i < count && status == WN_OK; i++) {
        if ((status = append(&tree->path, children[i].name, err)) == WN_OK &&
            (status = append(&tree->name, children[i].name, err)) == WN_OK) {
            status = visit(tree, dirfd(stream), &children[i], err);
        }
        cut(&tree->path, path_len);
        cut(&tree->name, name_len);
    }
    closedir(stream);
    wn_arena_clear(&arena);
    return status;
}

static bool accepts(const char *path, const struct stat *info)
{
    (void)path;
    return S_ISDIR(info->st_mode);
}

static wn_status walk_folder(wn_walk *walk, const char *path, const char *name, const struct stat *info, wn_error *err)
{
    folder_walk *tree = wn_calloc(WN_MEMORY_GENERAL, 1, sizeof(*tree));
    if (tree == NULL) return wn_fail(err, WN_NOMEM, "walk over %s", path);
    tree->walk = walk;
    wn_buffer_init(&tree->path, WN_MEMORY_TEXT, 0);
    wn_buffer_init(&tree->name, WN_MEMORY_TEXT, 0);
    wn_buffer_text(&tree->path, path);
    wn_buffer_add(&tree->name, name, strlen(name));
    wn_status status = tree->path.status != WN_OK ? tree->path.status : tree->name.status;
    if (status == WN_OK) {
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        status = enter(tree, fd, errno, info, false, err);
    } else {
        wn_fail(err, status, "walk over %s", path);
    }
    wn_buffer_clear(&tree->path);
    wn_buffer_clear(&tree->name);
    wn_free(tree->visited.slots);
    wn_free(tree->visited.taken);
    wn_free(tree);
    return status;
}

const wn_source_kind wn_source_folder = {
    .name = "folder", .summary = "a folder and the folders inside it", .accepts = accepts, .walk = walk_folder};
