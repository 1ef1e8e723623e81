/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening and closing, and the transaction that spans catalogue, columns and thumbnails: all bytes are in the files
 * (and, unless told otherwise, on the disk) before the commit of the catalogue makes them count.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "store/internal.h"
#include "store/migration.h"
#include "store/workspace_lock.h"

enum { CACHE_BYTES = 8 << 20, CACHE_BYTES_LEAST = 64 << 10 };
static const uint64_t pack_limit = (uint64_t)1 << 30;
static const char *const folders[] = {"columns", "thumbs", "models", "runs"};
static const wn_workspace_options read_options = {.mode = WN_WORKSPACE_READ};

const char *wn_workspace_path(const wn_workspace *workspace)
{
    return workspace->path;
}

/* Whether an entry may stand in a workspace whose making was interrupted before the catalogue was there. */
static bool entry_is_ours(const char *name)
{
    static const char *const files[] = {".", "..", "lock", "catalog.db-journal", "catalog.db-wal", "catalog.db-shm"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (strcmp(name, files[i]) == 0) return true;
    }
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (strcmp(name, folders[i]) == 0) return true;
    }
    return false;
}

static wn_status check_new_folder(const char *path, wn_error *err)
{
    DIR *folder = opendir(path);
    if (!folder) return wn_fail_errno(err, errno, "%s: could not open the folder", path);
    wn_status status = WN_OK;
    struct dirent *entry;
    while (status == WN_OK && (entry = readdir(folder))) {
        if (!entry_is_ours(entry->d_name)) {
            status = wn_fail(err, WN_INVALID,
                             "%s holds other files and is no workspace; name another place for the workspace", path);
        }
    }
    closedir(folder);
    return status;
}

/* Most often the current folder may only be read, which -w helps with. */
static wn_status make_place(const char *path, wn_error *err)
{
    wn_error cause = {0};
    const wn_status status = wn_file_make_folder(path, &cause);
    if (status == WN_IO)
        return wn_fail(err, status, "%.360s; -w names a workspace in a folder that can be written", cause.message);
    return status ? wn_fail(err, status, "%s", cause.message) : WN_OK;
}

/* Finds out what is at the path, and makes the folder when it may be made. */
static wn_status prepare_place(const char *path, wn_workspace_mode mode, const char *catalog, wn_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        if (errno != ENOENT) return wn_fail_errno(err, errno, "%s: could not open the workspace", path);
        if (mode == WN_WORKSPACE_CREATE) return make_place(path, err);
        return wn_fail(err, WN_NOTFOUND, "there is no workspace at %s; index some files first", path);
    }
    if (!S_ISDIR(info.st_mode)) return wn_fail(err, WN_INVALID, "%s is a file, not a workspace folder", path);
    if (wn_file_exists(catalog)) return WN_OK;
    if (mode == WN_WORKSPACE_CREATE) return check_new_folder(path, err);
    return wn_fail(err, WN_NOTFOUND, "%s is no workspace: it has no catalog.db", path);
}

static wn_status open_database(wn_workspace *workspace, bool write, size_t cache_bytes, const char *catalog,
                               wn_error *err)
{
    size_t cache = cache_bytes == 0 ? CACHE_BYTES : cache_bytes < CACHE_BYTES_LEAST ? CACHE_BYTES_LEAST : cache_bytes;
    wn_database_options options = {.write = write, .unsynced = workspace->unsynced, .cache_bytes = cache};
    return wn_database_open(catalog, &options, &workspace->database, err);
}

static wn_status open_writer(wn_workspace *workspace, const wn_workspace_options *options, const char *catalog,
                             wn_error *err)
{
    int version = 0;
    WN_TRY(wn_workspace_lock_take(workspace->path, options->command, &workspace->lock, err));
    WN_TRY(open_database(workspace, true, options->cache_bytes, catalog, err));
    WN_TRY(wn_migration_version(&workspace->database, &version, err));
    if (version == 0 && options->mode != WN_WORKSPACE_CREATE) {
        return wn_fail(err, WN_NOTFOUND, "%s is empty: its making was interrupted; index some files first",
                       workspace->path);
    }
    WN_TRY(wn_migration_apply(&workspace->database, wn_workspace_schema_version(), err));
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char *folder = wn_path_join(workspace->path, folders[i]);
        if (!folder) return wn_fail(err, WN_NOMEM, "no memory to open %s", workspace->path);
        wn_status status = wn_file_make_folder(folder, err);
        wn_free(folder);
        WN_TRY(status);
    }
    WN_TRY(wn_store_recover(workspace, err));
    return wn_column_create(workspace, WN_THUMB_COLUMN, WN_COLUMN_I64, sizeof(wn_thumb_place) / sizeof(int64_t), err);
}

static wn_status open_reader(wn_workspace *workspace, const wn_workspace_options *options, const char *catalog,
                             wn_error *err)
{
    int version = 0;
    WN_TRY(open_database(workspace, false, options->cache_bytes, catalog, err));
    WN_TRY(wn_migration_version(&workspace->database, &version, err));
    if (version == wn_workspace_schema_version()) return WN_OK;
    if (version == 0) {
        return wn_fail(err, WN_NOTFOUND, "%s is empty: its making was interrupted; index some files first",
                       workspace->path);
    }
    /* Made by an older winnow: become the writer for a moment and upgrade it. */
    wn_database_close(&workspace->database);
    wn_workspace_options upgrade = {.mode = WN_WORKSPACE_WRITE, .command = "winnow: upgrade of the workspace"};
    wn_workspace *writer = NULL;
    WN_TRY(wn_workspace_open(workspace->path, &upgrade, &writer, err));
    wn_workspace_close(&writer);
    return open_database(workspace, false, options->cache_bytes, catalog, err);
}

wn_status wn_workspace_open(const char *path, const wn_workspace_options *options, wn_workspace **out, wn_error *err)
{
    if (!options) options = &read_options;
    *out = NULL;
    char *catalog = NULL;
    wn_workspace *workspace = wn_calloc(WN_MEMORY_STORE, 1, sizeof *workspace);
    if (!workspace) return wn_fail(err, WN_NOMEM, "no memory to open %s", path);
    workspace->lock = workspace->thumbs.read_fd = workspace->thumbs.write_fd = -1;
    workspace->thumbs.pack_limit = pack_limit;
    workspace->mode = options->mode;
    workspace->unsynced = options->unsynced;
    workspace->path = wn_text_copy(path);
    catalog = wn_path_join(path, "catalog.db");
    wn_status status;
    if (!workspace->path || !catalog) {
        status = wn_fail(err, WN_NOMEM, "no memory to open %s", path);
        goto done;
    }
    if ((status = prepare_place(path, options->mode, catalog, err))) goto done;
    status = options->mode == WN_WORKSPACE_READ ? open_reader(workspace, options, catalog, err)
                                                : open_writer(workspace, options, catalog, err);
    if (status == WN_OK) {
        *out = workspace;
        workspace = NULL;
    }
done:
    wn_free(catalog);
    wn_workspace_close(&workspace);
    return status;
}

static void close_sinks(wn_workspace *workspace, bool all)
{
    size_t kept = 0;
    for (size_t i = 0; i < workspace->sink_count; i++) {
        if (all || workspace->sinks[i]->dirty) {
            wn_column_sink_close(&workspace->sinks[i]);
        } else {
            workspace->sinks[kept++] = workspace->sinks[i];
        }
    }
    workspace->sink_count = kept;
}

void wn_workspace_close(wn_workspace **workspace)
{
    wn_workspace *old = *workspace;
    if (!old) return;
    close_sinks(old, true);
    wn_free(old->sinks);
    wn_thumbs_close(old);
    wn_database_close(&old->database);
    wn_workspace_lock_release(&old->lock);
    wn_free(old->path);
    wn_free(old);
    *workspace = NULL;
}

/* --- Transactions ----------------------------------------------------------------------------------------------- */

wn_status wn_store_require_writer(const wn_workspace *workspace, wn_error *err)
{
    if (workspace->mode != WN_WORKSPACE_READ) return WN_OK;
    return wn_fail(err, WN_INVALID, "%s was opened for reading only", workspace->path);
}

wn_status wn_store_begin(wn_workspace *workspace, wn_error *err)
{
    WN_TRY(wn_store_require_writer(workspace, err));
    return wn_database_begin(&workspace->database, err);
}

/* Starts writing out all files at once, then waits for each: the waits overlap. */
static wn_status flush_files(wn_workspace *workspace, wn_error *err)
{
    for (size_t i = 0; i < workspace->sink_count; i++) {
        if (workspace->sinks[i]->dirty) (void)!sync_file_range(workspace->sinks[i]->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    }
    for (size_t i = 0; i < workspace->sink_count; i++) {
        if (workspace->sinks[i]->dirty) WN_TRY(wn_column_sink_flush(workspace->sinks[i], err));
    }
    return wn_thumbs_flush(workspace, err);
}

wn_status wn_store_end(wn_workspace *workspace, wn_status status, wn_error *err)
{
    if (status == WN_OK && !workspace->unsynced) status = flush_files(workspace, err);
    if (status == WN_OK) status = wn_database_commit(&workspace->database, err);
    if (status == WN_OK) {
        for (size_t i = 0; i < workspace->sink_count; i++) wn_column_sink_settle(workspace->sinks[i]);
    } else {
        wn_database_rollback(&workspace->database);
        close_sinks(workspace, false);
    }
    wn_thumbs_settle(workspace, status == WN_OK);
    return status;
}

wn_status wn_store_sink(wn_workspace *workspace, const char *name, wn_column_sink **out, wn_error *err)
{
    for (size_t i = 0; i < workspace->sink_count; i++) {
        if (strcmp(workspace->sinks[i]->layout.info.name, name) == 0) {
            *out = workspace->sinks[i];
            return WN_OK;
        }
    }
    wn_column_sink **grown =
        wn_realloc(WN_MEMORY_STORE, workspace->sinks, workspace->sink_count + 1, sizeof *workspace->sinks);
    if (!grown) return wn_fail(err, WN_NOMEM, "no memory to write column %s", name);
    workspace->sinks = grown;
    WN_TRY(wn_column_sink_open(workspace, name, out, err));
    grown[workspace->sink_count++] = *out;
    return WN_OK;
}

void wn_store_forget_sink(wn_workspace *workspace, const char *name)
{
    for (size_t i = 0; i < workspace->sink_count; i++) {
        if (strcmp(workspace->sinks[i]->layout.info.name, name) != 0) continue;
        wn_column_sink_close(&workspace->sinks[i]);
        workspace->sinks[i] = workspace->sinks[--workspace->sink_count];
        return;
    }
}

wn_status wn_store_sync_folder(const wn_workspace *workspace, const char *folder, wn_error *err)
{
    char *path = wn_path_join(workspace->path, folder);
    if (!path) return wn_fail(err, WN_NOMEM, "no memory to flush %s", folder);
    wn_status status = WN_OK;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Some file systems can not flush a folder (EINVAL); there is nothing better to do on them. */
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL)) {
        status = wn_fail_errno(err, errno, "%s: could not flush the folder to the disk", path);
    }
    if (fd >= 0) close(fd);
    wn_free(path);
    return status;
}
