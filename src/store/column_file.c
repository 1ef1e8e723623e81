/* SPDX-License-Identifier: Apache-2.0
 *
 * Header of a column file (little-endian, docs/formats/column.md): it makes the file readable alone and proves that a
 * file belongs to its catalogue record. It never changes after creation.
 */
#include "store/column_file.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "winnow/memory.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "column files are little-endian");

enum { FORMAT_VERSION = 1 };
static const char magic[8] = {'W', 'N', 'C', 'O', 'L', 'U', 'M', 'N'};

typedef struct file_header {
    char magic[8];
    uint32_t version, header_bytes;
    uint32_t type, width;
    uint64_t block_rows;
    uint64_t id;
    char name[WN_COLUMN_NAME_MAX + 1];
    uint64_t checksum; /* XXH3-64 of all before it */
} file_header;
static_assert(sizeof(file_header) == 144, "the header has no padding");
static_assert(sizeof(file_header) <= WN_COLUMN_HEADER_BYTES, "the header fits its page");

static const struct {
    const char *text;
    size_t bytes;
} types[] = {
#define X(name, number, bytes, text) [number] = {text, bytes},
    WN_COLUMN_TYPE_MAP(X)
#undef X
};

const char *wn_column_type_text(wn_column_type type)
{
    return (size_t)type < sizeof types / sizeof types[0] ? types[type].text : NULL;
}

bool wn_column_type_parse(const char *text, wn_column_type *out)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(text, types[i].text) == 0) {
            *out = (wn_column_type)i;
            return true;
        }
    }
    return false;
}

size_t wn_column_value_bytes(int64_t type)
{
    return type >= 0 && (size_t)type < sizeof types / sizeof types[0] ? types[type].bytes : 0;
}

static bool name_is_valid(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > WN_COLUMN_NAME_MAX || !isalnum((unsigned char)name[0])) return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c >= 128 || (!isalnum(c) && !strchr("_-.", c))) return false;
    }
    return true;
}

wn_status wn_column_layout_make(const char *name, wn_column_type type, size_t width, wn_column_layout *out,
                                wn_error *err)
{
    size_t bytes = wn_column_value_bytes((int64_t)type);
    if (!name_is_valid(name)) {
        return wn_fail(err, WN_INVALID,
                       "column name '%.100s': use 1 to %d letters, digits, '_', '-' or '.', beginning with a letter or "
                       "digit",
                       name, WN_COLUMN_NAME_MAX);
    }
    if (bytes == 0 || width == 0 || width > WN_COLUMN_WIDTH_MAX || width * bytes > WN_COLUMN_ROW_BYTES_MAX) {
        return wn_fail(err, WN_INVALID, "column %s: %zu values of type %d a row are not possible", name, width,
                       (int)type);
    }
    *out = (wn_column_layout){.info = {.type = type, .width = width, .row_bytes = width * bytes}};
    memcpy(out->info.name, name, strlen(name));
    out->block_rows = (int64_t)(WN_COLUMN_BLOCK_BYTES / out->info.row_bytes);
    if (out->block_rows == 0) out->block_rows = 1;
    return WN_OK;
}

bool wn_column_layout_read(sqlite3_stmt *statement, wn_column_layout *out)
{
    const char *name = (const char *)sqlite3_column_text(statement, 1);
    int64_t type = sqlite3_column_int64(statement, 2), width = sqlite3_column_int64(statement, 3);
    int64_t block_rows = sqlite3_column_int64(statement, 4), rows = sqlite3_column_int64(statement, 5);
    if (!name || width <= 0) return false;
    if (wn_column_layout_make(name, (wn_column_type)type, (size_t)width, out, NULL) != WN_OK) return false;
    int64_t most = (int64_t)((INT64_MAX - WN_COLUMN_HEADER_BYTES) / (int64_t)out->info.row_bytes);
    if (block_rows <= 0 || rows < 0 || rows > most || block_rows > (64 << 20) / (int64_t)out->info.row_bytes)
        return false;
    out->id = sqlite3_column_int64(statement, 0);
    out->block_rows = block_rows;
    out->info.rows = rows;
    out->info.version = out->id;
    return true;
}

char *wn_column_path(const char *workspace, const char *name, int64_t id)
{
    char part[WN_COLUMN_NAME_MAX + 40];
    snprintf(part, sizeof part, "columns/%s.%lld.col", name, (long long)id);
    return wn_path_join(workspace, part);
}

static void fill_header(const wn_column_layout *layout, file_header *out)
{
    *out = (file_header){.version = FORMAT_VERSION,
                         .header_bytes = WN_COLUMN_HEADER_BYTES,
                         .type = (uint32_t)layout->info.type,
                         .width = (uint32_t)layout->info.width,
                         .block_rows = (uint64_t)layout->block_rows,
                         .id = (uint64_t)layout->id};
    memcpy(out->magic, magic, sizeof magic);
    memcpy(out->name, layout->info.name, sizeof out->name);
    out->checksum = wn_hash64_of(out, offsetof(file_header, checksum));
}

wn_status wn_store_write_at(int fd, const void *bytes, size_t len, uint64_t offset, const char *path, wn_error *err)
{
    wn_status status = wn_file_write_at(fd, bytes, len, offset, path, err);
    if (status != WN_NOSPACE) return status;
    return wn_fail(err, WN_NOSPACE,
                   "%s: no space for %zu more bytes; free some space on that device and run the command again", path,
                   len);
}

wn_status wn_column_file_create(const char *path, const wn_column_layout *layout, int *fd, wn_error *err)
{
    unsigned char page[WN_COLUMN_HEADER_BYTES] = {0};
    file_header header;
    fill_header(layout, &header);
    memcpy(page, &header, sizeof header);
    *fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (*fd < 0) return wn_fail_errno(err, errno, "%s: could not create the column", path);
    wn_status status = wn_store_write_at(*fd, page, sizeof page, 0, path, err);
    if (status != WN_OK) {
        close(*fd);
        unlink(path);
        *fd = -1;
    }
    return status;
}

wn_status wn_column_fail_damaged(const char *path, const wn_column_layout *layout, const char *what, wn_error *err)
{
    return wn_fail(err, WN_CORRUPT,
                   "column %s is damaged: %s; delete %s and run the command that made the column again",
                   layout->info.name, what, path);
}

static wn_status check_file(int fd, const char *path, const wn_column_layout *layout, wn_error *err)
{
    struct stat info;
    file_header header, expected;
    if (fstat(fd, &info) != 0) return wn_fail_errno(err, errno, "%s: could not ask for its length", path);
    uint64_t need = wn_column_offset(layout, layout->info.rows);
    if (!S_ISREG(info.st_mode) || (uint64_t)info.st_size < need) {
        char what[96];
        snprintf(what, sizeof what, "its file has %lld bytes of %llu", (long long)info.st_size,
                 (unsigned long long)need);
        return wn_column_fail_damaged(path, layout, what, err);
    }
    WN_TRY(wn_file_read_at(fd, &header, sizeof header, 0, path, err));
    fill_header(layout, &expected);
    if (memcmp(header.magic, magic, sizeof magic) == 0 && header.version > FORMAT_VERSION) {
        return wn_fail(err, WN_VERSION, "%s was made by a newer winnow (column format %u)", path, header.version);
    }
    if (memcmp(&header, &expected, sizeof header) != 0) {
        return wn_column_fail_damaged(path, layout, "its header does not match the catalogue", err);
    }
    return WN_OK;
}

wn_status wn_column_file_open(const char *path, const wn_column_layout *layout, bool write, int *fd, wn_error *err)
{
    *fd = open(path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0) {
        if (errno == ENOENT) {
            wn_column_fail_damaged(path, layout, "its file is missing", err);
            return WN_NOTFOUND;
        }
        return wn_fail_errno(err, errno, "%s: could not open the column", path);
    }
    wn_status status = check_file(*fd, path, layout, err);
    if (status != WN_OK) {
        close(*fd);
        *fd = -1;
    }
    return status;
}
