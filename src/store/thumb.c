/* SPDX-License-Identifier: Apache-2.0
 *
 * Thumbnails: encoded images one after another in packs of about 1 GB, and a column with the place of each
 * (docs/formats/thumbnails.md). Each record says its row, length and checksum, so a pack can be read alone.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "store/internal.h"
#include "winnow/memory.h"

enum { PACK_SHIFT = 40, WRITE_BYTES = 1 << 20, THUMB_BYTES_MAX = 64 << 20 };
static const char magic[4] = {'W', 'N', 'T', 'H'};

typedef struct record_header {
    char magic[4];
    uint32_t len;
    int64_t row;
    uint64_t checksum; /* XXH3-64 of the image bytes */
} record_header;
static_assert(sizeof(record_header) == 24, "the record header has no padding");

static wn_status pack_path(const wn_workspace *workspace, int64_t pack, char **out, wn_error *err)
{
    char part[48];
    snprintf(part, sizeof part, "thumbs/%06lld.pack", (long long)pack);
    *out = wn_path_join(workspace->path, part);
    return *out ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for the path of a thumbnail pack");
}

/* --- Writing ---------------------------------------------------------------------------------------------------- */

/* The last pack and its committed length; pack -1 when there is none. */
static wn_status last_pack(wn_workspace *workspace, int64_t *pack, int64_t *bytes, wn_error *err)
{
    wn_database *database = &workspace->database;
    WN_TRY(wn_database_number(database, "SELECT coalesce(max(pack), -1) FROM thumb_packs", pack, err));
    return wn_database_number(
        database, "SELECT coalesce((SELECT bytes FROM thumb_packs ORDER BY pack DESC LIMIT 1), 0)", bytes, err);
}

static wn_status open_pack(wn_workspace *workspace, int64_t pack, uint64_t bytes, wn_error *err)
{
    wn_thumb_store *thumbs = &workspace->thumbs;
    char *path = NULL;
    struct stat info;
    WN_TRY(pack_path(workspace, pack, &path, err));
    wn_status status = WN_OK;
    if (thumbs->write_fd >= 0) close(thumbs->write_fd);
    thumbs->write_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    thumbs->write_pack = pack;
    thumbs->bytes = thumbs->committed = bytes;
    if (thumbs->write_fd < 0) {
        status = wn_fail_errno(err, errno, "%s: could not open the thumbnail pack for writing", path);
    } else if (fstat(thumbs->write_fd, &info) != 0) {
        status = wn_fail_errno(err, errno, "%s: could not ask for its length", path);
    } else if ((uint64_t)info.st_size < bytes) {
        status = wn_fail(err, WN_CORRUPT, "%s has lost bytes", path);
    } else if (ftruncate(thumbs->write_fd, (off_t)bytes) != 0) {
        status = wn_fail_errno(err, errno, "%s: could not cut what was not committed", path);
    }
    if (status == WN_OK && bytes == 0 && !workspace->unsynced) status = wn_store_sync_folder(workspace, "thumbs", err);
    if (status != WN_OK && thumbs->write_fd >= 0) {
        close(thumbs->write_fd);
        thumbs->write_fd = -1;
    }
    wn_free(path);
    return status;
}

/* Makes a pack ready that has room. One that lost bytes is left as it is and a new one begun. */
static wn_status ensure_pack(wn_workspace *workspace, wn_error *err)
{
    wn_thumb_store *thumbs = &workspace->thumbs;
    if (thumbs->write_fd >= 0 && thumbs->bytes < thumbs->pack_limit) return WN_OK;
    int64_t pack = 0, bytes = 0;
    WN_TRY(last_pack(workspace, &pack, &bytes, err));
    if (pack >= 0 && bytes >= 0 && (uint64_t)bytes < thumbs->pack_limit && thumbs->write_fd < 0) {
        wn_status status = open_pack(workspace, pack, (uint64_t)bytes, err);
        if (status != WN_CORRUPT) return status;
    }
    return open_pack(workspace, pack + 1, 0, err);
}

static wn_status write_pending(wn_workspace *workspace, wn_buffer *pending, wn_error *err)
{
    wn_thumb_store *thumbs = &workspace->thumbs;
    char *path = NULL;
    if (pending->len == 0) return WN_OK;
    WN_TRY(pack_path(workspace, thumbs->write_pack, &path, err));
    wn_status status = wn_store_write_at(thumbs->write_fd, pending->data, pending->len, thumbs->bytes, path, err);
    if (status == WN_OK) thumbs->bytes += pending->len;
    wn_buffer_reset(pending);
    wn_free(path);
    return status;
}

/* Records of all thumbnails into the pack, their places into `places`. */
static wn_status write_records(wn_workspace *workspace, int64_t first_row, const wn_sample_thumb *thumbs, size_t count,
                               wn_thumb_place *places, wn_error *err)
{
    wn_thumb_store *store = &workspace->thumbs;
    wn_buffer pending;
    wn_buffer_init(&pending, WN_MEMORY_STORE, 0);
    wn_status status = WN_OK;
    for (size_t i = 0; i < count && status == WN_OK; i++) {
        const wn_sample_thumb *thumb = &thumbs[i];
        places[i] = (wn_thumb_place){0};
        if (!thumb->bytes || thumb->len == 0) continue;
        if (thumb->len > THUMB_BYTES_MAX) {
            status = wn_fail(err, WN_INVALID, "a thumbnail of %zu bytes is too large", thumb->len);
            break;
        }
        record_header header = {.len = (uint32_t)thumb->len,
                                .row = first_row + (int64_t)i,
                                .checksum = wn_hash64_of(thumb->bytes, thumb->len)};
        memcpy(header.magic, magic, sizeof magic);
        places[i].place = store->write_pack << PACK_SHIFT | (int64_t)(store->bytes + pending.len);
        places[i].len = (int64_t)thumb->len;
        wn_buffer_add(&pending, &header, sizeof header);
        if (wn_buffer_add(&pending, thumb->bytes, thumb->len) != WN_OK) {
            status = wn_fail(err, WN_NOMEM, "no memory to write thumbnails");
        } else if (pending.len >= WRITE_BYTES) {
            status = write_pending(workspace, &pending, err);
        }
    }
    if (status == WN_OK) status = write_pending(workspace, &pending, err);
    wn_buffer_clear(&pending);
    return status;
}

static wn_status record_length(wn_workspace *workspace, wn_error *err)
{
    char sql[128];
    sqlite3_snprintf(sizeof sql, sql, "INSERT OR REPLACE INTO thumb_packs (pack, bytes) VALUES (%lld, %lld)",
                     (long long)workspace->thumbs.write_pack, (long long)workspace->thumbs.bytes);
    return wn_database_exec(&workspace->database, sql, err);
}

wn_status wn_thumbs_append(wn_workspace *workspace, int64_t first_row, const wn_sample_thumb *thumbs, size_t count,
                           wn_error *err)
{
    wn_thumb_place *places = wn_alloc(WN_MEMORY_STORE, count, sizeof *places);
    if (!places) return wn_fail(err, WN_NOMEM, "no memory to write thumbnails");
    wn_status status = ensure_pack(workspace, err);
    if (status == WN_OK) status = write_records(workspace, first_row, thumbs, count, places, err);
    if (status == WN_OK) status = record_length(workspace, err);
    if (status == WN_OK) status = wn_store_append_column(workspace, WN_THUMB_COLUMN, first_row, places, count, err);
    wn_free(places);
    return status;
}

wn_status wn_thumbs_flush(wn_workspace *workspace, wn_error *err)
{
    wn_thumb_store *thumbs = &workspace->thumbs;
    if (thumbs->write_fd < 0 || thumbs->bytes == thumbs->committed || fdatasync(thumbs->write_fd) == 0) return WN_OK;
    return wn_fail_errno(err, errno, "%s/thumbs: could not flush the thumbnails to the disk", workspace->path);
}

void wn_thumbs_settle(wn_workspace *workspace, bool committed)
{
    wn_thumb_store *thumbs = &workspace->thumbs;
    if (committed) {
        thumbs->committed = thumbs->bytes;
    } else if (thumbs->write_fd >= 0) {
        /* The next write finds out from the catalogue where the pack ends. */
        close(thumbs->write_fd);
        thumbs->write_fd = -1;
    }
}

void wn_thumbs_close(wn_workspace *workspace)
{
    wn_thumb_store *thumbs = &workspace->thumbs;
    wn_column_close(&thumbs->index);
    if (thumbs->read_fd >= 0) close(thumbs->read_fd);
    if (thumbs->write_fd >= 0) close(thumbs->write_fd);
    thumbs->read_fd = thumbs->write_fd = -1;
}

/* --- Reading ---------------------------------------------------------------------------------------------------- */

static wn_status open_for_reading(wn_workspace *workspace, int64_t pack, const char *path, wn_error *err)
{
    wn_thumb_store *thumbs = &workspace->thumbs;
    if (thumbs->read_fd >= 0 && thumbs->read_pack == pack) return WN_OK;
    if (thumbs->read_fd >= 0) close(thumbs->read_fd);
    thumbs->read_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    thumbs->read_pack = pack;
    if (thumbs->read_fd >= 0) return WN_OK;
    return wn_fail(err, WN_CORRUPT, "the thumbnail pack %s can not be opened; index the files again", path);
}

wn_status wn_thumb_read(wn_workspace *workspace, int64_t row, wn_thumb_place place, unsigned char **bytes,
                        wn_error *err)
{
    int64_t pack = place.place >> PACK_SHIFT;
    uint64_t offset = (uint64_t)place.place & (((uint64_t)1 << PACK_SHIFT) - 1);
    char *path = NULL;
    unsigned char *record = NULL;
    record_header header;
    WN_TRY(pack_path(workspace, pack, &path, err));
    wn_status status;
    if (place.place < 0 || place.len <= 0 || place.len > THUMB_BYTES_MAX) {
        status = wn_fail(err, WN_CORRUPT, "the place of the thumbnail of row %lld makes no sense", (long long)row);
        goto done;
    }
    if ((status = open_for_reading(workspace, pack, path, err))) goto done;
    size_t len = sizeof header + (size_t)place.len;
    if (!(record = wn_alloc(WN_MEMORY_STORE, len, 1))) {
        status = wn_fail(err, WN_NOMEM, "no memory to read a thumbnail");
        goto done;
    }
    if ((status = wn_file_read_at(workspace->thumbs.read_fd, record, len, offset, path, err))) goto done;
    memcpy(&header, record, sizeof header);
    memmove(record, record + sizeof header, (size_t)place.len);
    if (memcmp(header.magic, magic, sizeof magic) != 0 || header.len != place.len || header.row != row ||
        header.checksum != wn_hash64_of(record, (size_t)place.len)) {
        status = wn_fail(err, WN_CORRUPT,
                         "the thumbnail of row %lld in %s does not match its checksum; only this picture is lost",
                         (long long)row, path);
        goto done;
    }
    *bytes = record;
    record = NULL;
done:
    wn_free(record);
    wn_free(path);
    return status;
}

/* The place of a row, from a snapshot of the column that is renewed when the row lies beyond it. */
static wn_status find_place(wn_workspace *workspace, int64_t row, wn_thumb_place *out, wn_error *err)
{
    wn_thumb_store *thumbs = &workspace->thumbs;
    if (thumbs->index && row >= wn_column_describe(thumbs->index)->rows) wn_column_close(&thumbs->index);
    if (!thumbs->index) WN_TRY(wn_column_open(workspace, WN_THUMB_COLUMN, &thumbs->index, err));
    *out = (wn_thumb_place){0};
    if (row < 0 || row >= wn_column_describe(thumbs->index)->rows) return WN_OK;
    return wn_column_read(thumbs->index, row, 1, out, err);
}

wn_status wn_workspace_thumb(wn_workspace *workspace, int64_t row, unsigned char **bytes, size_t *len, wn_error *err)
{
    wn_thumb_place place;
    WN_TRY(find_place(workspace, row, &place, err));
    if (place.len == 0) {
        return wn_fail(err, WN_NOTFOUND, "row %lld of %s has no thumbnail", (long long)row, workspace->path);
    }
    WN_TRY(wn_thumb_read(workspace, row, place, bytes, err));
    *len = (size_t)place.len;
    return WN_OK;
}
