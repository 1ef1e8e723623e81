/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kinds of sources share: the walk in progress, and the decision which names are images.
 */
#ifndef MEDIA_SOURCE_H
#define MEDIA_SOURCE_H

#include <sys/stat.h>

#include "base/buffer.h"
#include "winnow/media.h"

/* One call of wn_source_walk. */
typedef struct wn_walk {
    const wn_source_options *options;
    const wn_progress *progress;
    wn_entry_callback *callback;
    void *context;
    wn_source_counts counts;
    uint64_t visited; /* names met, for progress */
    size_t root;
} wn_walk;

/* A place that holds entries: one file in sources/ and one line in sources.def. */
typedef struct wn_source_kind {
    const char *name, *summary;

    /* Whether `path` is of this kind, from its name and its status (links followed). */
    bool (*accepts)(const char *path, const struct stat *info);

    /* Offers what is inside. `name` is how the place is called in entries: "" for a folder given as a root. */
    wn_status (*walk)(wn_walk *walk, const char *path, const char *name, const struct stat *info, wn_error *err);
} wn_source_kind;

/* What a name says about a file. */
typedef enum wn_name_kind {
    WN_NAME_IMAGE,   /* one of the wanted suffixes */
    WN_NAME_FOREIGN, /* a kind of image that winnow does not read: reported, not skipped */
    WN_NAME_TAR,
    WN_NAME_PLAIN, /* no suffix: the first bytes decide */
    WN_NAME_OTHER  /* side-cars, documents, hidden files */
} wn_name_kind;
wn_name_kind wn_walk_judge_name(const wn_walk *walk, const char *base_name);

/* The part of `path` after its last slash. */
const char *wn_path_base(const char *path);

/* Whether the first bytes belong to a format that can be decoded. */
bool wn_bytes_look_like_image(const void *bytes, size_t len);

/* Counts a file that is no image, and keeps progress going. WN_CANCELLED when told to stop. */
wn_status wn_walk_skip(wn_walk *walk, wn_error *err);

/* Counts an entry and hands it to the callback. The caller fills everything but `root`. */
wn_status wn_walk_offer(wn_walk *walk, wn_entry *entry, wn_error *err);

/* Offers `path` as a bad entry. */
wn_status wn_walk_offer_bad(wn_walk *walk, const char *path, const char *name, const struct stat *info,
                            wn_status status, const char *reason, wn_error *err);

/* Offers a file that is no folder, after the checks that need no reading. `named` says that the user named this file
 * itself, so that its suffix does not matter. `fd_folder` and `file` are how to open it for a look at its first bytes
 * (AT_FDCWD and the path will do). */
wn_status wn_walk_offer_file(wn_walk *walk, const char *path, const char *name, const struct stat *info, bool named,
                             int fd_folder, const char *file, wn_error *err);

/* Whatever `path` is: walks a folder or tar, offers a file. Lists only when `lists` is set, so they cannot nest. */
wn_status wn_walk_visit(wn_walk *walk, const char *path, const char *name, bool lists, wn_error *err);

/* Sets the fields of an entry that come from the file's status. */
void wn_entry_set_file(wn_entry *entry, const char *path, const char *name, const struct stat *info);

#endif
