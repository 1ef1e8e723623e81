/* SPDX-License-Identifier: Apache-2.0
 *
 * From a row of the table to a file that is complete and known to be the right one.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "hub/transfer.h"
#include "winnow/hub.h"

enum {
    TRIES = 5,
    LOCKS = 100,         /* files of the name PART that are locked in vain */
    WAIT_FIRST_MS = 250, /* doubled from try to try */
    ADVANCE = 1 << 20,   /* bytes; a try that brought as many does not count */
    DIGITS = WN_SHA256_TEXT - 1,
    PIECE = 1 << 16,
    ONNX_FIRST = 0x08, /* field 1 of ModelProto, which every exporter writes first */
    NAME_MAX_BESIDE = WN_PULL_PATH_MAX + 16
};

static const char usual_hub[] = "https://huggingface.co";

/* ---- where ---- */

/* `out` in lower case; false where it is no hash. */
static bool read_hash(const char *text, size_t len, char out[WN_SHA256_TEXT])
{
    if (len != DIGITS) return false;
    for (size_t i = 0; i < DIGITS; i++) {
        const char c = (char)(text[i] | 0x20);
        if (!(text[i] >= '0' && text[i] <= '9') && !(c >= 'a' && c <= 'f')) return false;
        out[i] = text[i] >= '0' && text[i] <= '9' ? text[i] : c;
    }
    out[DIGITS] = 0;
    return true;
}

wn_status wn_hub_locate(const wn_hub_model *model, const wn_pull_settings *settings, wn_pull_result *out, wn_error *err)
{
    const char *hub = settings->hub ? settings->hub : getenv("WINNOW_HUB");
    char hash[WN_SHA256_TEXT];
    *out = (wn_pull_result){.bytes = 0};
    if (!hub || !*hub) hub = usual_hub;
    if (strncasecmp(hub, "http://", 7) != 0 && strncasecmp(hub, "https://", 8) != 0)
        return wn_fail(err, WN_INVALID,
                       "'%.200s' is not the address of a hub: it begins with neither https:// nor http://", hub);
    if (settings->sha256 && !read_hash(settings->sha256, strlen(settings->sha256), hash))
        return wn_fail(err, WN_INVALID, "'%.100s' is not a SHA-256: it takes 64 hexadecimal digits", settings->sha256);
    size_t len = strlen(hub);
    while (len > 0 && hub[len - 1] == '/') len--;
    const int whole = snprintf(out->url, sizeof out->url, "%.*s/%s", (int)len, hub, model->location);
    if (whole < 0 || (size_t)whole >= sizeof out->url) return wn_fail(err, WN_INVALID, "the hub's address is too long");
    return wn_hub_place(model, settings->out, out->path, err);
}

/* ---- one run ---- */

typedef struct pull {
    wn_pull_result *out;
    const wn_hub_model *model;
    const wn_progress *progress;
    const char *given; /* SHA-256 by the user, or NULL */
    char part[NAME_MAX_BESIDE], version_file[NAME_MAX_BESIDE], record[NAME_MAX_BESIDE], beside[NAME_MAX_BESIDE];
    char expected[WN_SHA256_TEXT]; /* "" = not known */
    char version[80];              /* of the file that PART is of, as the hub told it */
    int fd;                        /* of PART */
    bool locked;                   /* nobody else writes PART */
    uint64_t have;                 /* bytes in PART, all of them in `hash` */
    wn_sha256 hash;
    bool stale; /* the hub has another file than the one that PART began with */
} pull;

/* The first word of a small file. */
static bool read_word(const char *path, char *out, size_t size)
{
    wn_buffer bytes;
    wn_buffer_init(&bytes, WN_MEMORY_GENERAL, 0);
    const bool read = wn_file_exists(path) && wn_file_read(path, 4 * WN_PULL_PATH_MAX, &bytes, NULL) == WN_OK;
    size_t len = 0;
    while (read && len < bytes.len && ((const char *)bytes.data)[len] > ' ') len++;
    const bool fits = len > 0 && len < size;
    if (fits) (void)snprintf(out, size, "%.*s", (int)len, (const char *)bytes.data);
    wn_buffer_clear(&bytes);
    return fits;
}

static void expect(pull *p)
{
    char word[WN_SHA256_TEXT];
    if (p->given && read_hash(p->given, strlen(p->given), p->expected))
        p->out->check = WN_PULL_GIVEN;
    else if (p->model->sha256 && read_hash(p->model->sha256, DIGITS, p->expected))
        p->out->check = WN_PULL_TABLE;
    else if (read_word(p->record, word, sizeof word) && read_hash(word, strlen(word), p->expected))
        p->out->check = WN_PULL_RECORD;
}

/* Adds what `fd` holds from its start to the hash. */
static wn_status hash_file(pull *p, int fd, const char *path, wn_error *err)
{
    uint8_t piece[PIECE];
    ssize_t got;
    p->have = 0;
    wn_sha256_init(&p->hash);
    if (lseek(fd, 0, SEEK_SET) < 0) return wn_fail_errno(err, errno, "%s: cannot be read", path);
    while ((got = read(fd, piece, sizeof piece)) != 0) {
        const wn_progress_report report = {.stage = "compare", .unit = "bytes", .done = p->have};
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return wn_fail_errno(err, errno, "%s: cannot be read", path);
        wn_sha256_add(&p->hash, piece, (size_t)got);
        p->have += (uint64_t)got;
        if (wn_progress_tell(p->progress, &report)) return wn_fail(err, WN_CANCELLED, "cancelled");
    }
    return WN_OK;
}

static wn_status empty_part(pull *p, wn_error *err)
{
    p->have = 0;
    p->version[0] = 0;
    wn_sha256_init(&p->hash);
    (void)unlink(p->version_file);
    if (ftruncate(p->fd, 0) != 0) return wn_fail_errno(err, errno, "%s: cannot be emptied", p->part);
    return WN_OK;
}

/* ---- what comes ---- */

static wn_status begin(void *context, const wn_answer *answer, wn_error *err)
{
    pull *p = context;
    if (answer->start == 0 && p->have > 0) WN_TRY(empty_part(p, err)); /* the server knows no ranges */
    p->stale = p->have > 0 && strcmp(answer->version, p->version) != 0 && !*p->expected;
    if (p->stale) return wn_fail(err, WN_CORRUPT, "%s: another file than the one that was begun", p->out->url);
    const uint64_t space = wn_file_space(p->part);
    if (answer->total > p->have && answer->total - p->have > space)
        return wn_fail(err, WN_NOSPACE,
                       "%s: takes %" PRIu64 " bytes more, and %" PRIu64 " are free; name another --out", p->part,
                       answer->total - p->have, space);
    if (p->have > 0 || !*answer->version) return WN_OK;
    (void)snprintf(p->version, sizeof p->version, "%s", answer->version);
    return wn_file_write(p->version_file, p->version, strlen(p->version), err);
}

static wn_status add(void *context, const void *bytes, size_t len, wn_error *err)
{
    pull *p = context;
    WN_TRY(wn_file_write_at(p->fd, bytes, len, p->have, p->part, err));
    wn_sha256_add(&p->hash, bytes, len);
    p->have += len;
    return WN_OK;
}

/* True once the user wants to stop. */
static bool wait_before(const pull *p, int attempt)
{
    const wn_progress_report report = {.stage = "fetch", .unit = "bytes", .done = p->have, .note = "waiting"};
    const struct timespec slice = {0, 50 * 1000 * 1000};
    for (int left = WAIT_FIRST_MS << attempt; left > 0; left -= 50) {
        if (wn_progress_tell(p->progress, &report)) return true;
        (void)nanosleep(&slice, NULL);
    }
    return false;
}

/* The failure, with what is left of the work. */
static wn_status keep_part(const pull *p, wn_status status, wn_error *err)
{
    char text[sizeof err->message];
    if (p->have == 0 || !err) return status;
    (void)snprintf(text, sizeof text, "%s", err->message);
    return wn_fail(err, status, "%.300s; %" PRIu64 " bytes are kept, and the same command goes on from there", text,
                   p->have);
}

static wn_status fetch(pull *p, wn_error *err)
{
    const wn_receiver receiver = {begin, add, p};
    bool again, emptied = false;
    int attempt = 0;
    for (;;) {
        const uint64_t before = p->have;
        p->stale = false;
        const wn_status status = wn_transfer(p->out->url, p->have, &receiver, p->progress, &again, err);
        if (!status) return WN_OK;
        const bool useless = status == WN_LIMIT || status == WN_CORRUPT; /* what came does not follow what is here */
        if ((p->stale || (useless && p->have > 0)) && !emptied) {
            emptied = true;
            WN_TRY(empty_part(p, err));
            continue;
        }
        if (p->have >= before + ADVANCE) attempt = 0;
        if (!again || ++attempt >= TRIES) return keep_part(p, status, err);
        if (wait_before(p, attempt - 1)) return keep_part(p, wn_fail(err, WN_CANCELLED, "cancelled"), err);
    }
}

/* ---- the whole ---- */

/* PART, opened and locked. Who held the lock before may have renamed or dropped the file meanwhile: then the lock is on
 * a file that has another name or none, which nobody may write to. */
static wn_status lock_part(pull *p, wn_error *err)
{
    struct stat locked, named;
    for (int i = 0; i < LOCKS; i++) {
        p->fd = open(p->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (p->fd < 0) return wn_fail_errno(err, errno, "%s: cannot be written", p->part);
        if (flock(p->fd, LOCK_EX | LOCK_NB) != 0)
            return wn_fail(err, WN_BUSY, "%s: another winnow fetches it; wait for that one", p->part);
        if (fstat(p->fd, &locked) != 0) return wn_fail_errno(err, errno, "%s: cannot be read", p->part);
        p->locked = lstat(p->part, &named) == 0 && named.st_dev == locked.st_dev && named.st_ino == locked.st_ino;
        if (p->locked) return WN_OK;
        (void)close(p->fd);
        p->fd = -1;
    }
    return wn_fail(err, WN_BUSY, "%s: replaced again and again by another program", p->part);
}

static wn_status read_part(pull *p, wn_error *err)
{
    expect(p);
    WN_TRY(hash_file(p, p->fd, p->part, err));
    (void)read_word(p->version_file, p->version, sizeof p->version);
    /* Without a hash and without a version nothing would tell that two files were joined. */
    if (p->have > 0 && !*p->expected && !*p->version) WN_TRY(empty_part(p, err));
    return WN_OK;
}

static wn_status compare(pull *p, const char *path, wn_error *err)
{
    char word[WN_SHA256_TEXT];
    wn_sha256_text(&p->hash, p->out->sha256);
    p->out->bytes = p->have;
    if (!*p->expected && read_hash(p->version, strlen(p->version), word)) {
        memcpy(p->expected, word, sizeof word);
        p->out->check = WN_PULL_HUB;
    }
    if (*p->expected && strcmp(p->expected, p->out->sha256) != 0)
        return wn_fail(err, WN_CORRUPT, "%s: its SHA-256 is %s, not %s (%s)", path, p->out->sha256, p->expected,
                       wn_pull_check_text(p->out->check));
    return WN_OK;
}

static wn_status compare_part(pull *p, wn_error *err)
{
    uint8_t first = 0;
    WN_TRY(compare(p, p->part, err));
    if (pread(p->fd, &first, 1, 0) != 1 || first != ONNX_FIRST)
        return wn_fail(err, WN_CORRUPT, "%s: what came is not an ONNX model; look at %.200s", p->part, p->out->url);
    return WN_OK;
}

static wn_status write_beside(const pull *p, wn_error *err)
{
    char text[NAME_MAX_BESIDE + WN_SHA256_TEXT + 4];
    const char *slash = strrchr(p->out->path, '/');
    if (p->model->settings && !wn_file_exists(p->beside))
        WN_TRY(wn_file_write(p->beside, p->model->settings, strlen(p->model->settings), err));
    const int len = snprintf(text, sizeof text, "%s  %s\n", p->out->sha256, slash ? slash + 1 : p->out->path);
    return wn_file_write(p->record, text, (size_t)len, err);
}

/* A wrong file is of no use to go on from. */
static wn_status keep_or_drop(pull *p, wn_error *err)
{
    const wn_status status = compare_part(p, err);
    if (status) {
        (void)unlink(p->part);
        (void)unlink(p->version_file);
        return status;
    }
    if (fsync(p->fd) != 0) return wn_fail_errno(err, errno, "%s: cannot be written", p->part);
    if (rename(p->part, p->out->path) != 0) return wn_fail_errno(err, errno, "%s: cannot be written", p->out->path);
    (void)unlink(p->version_file);
    return WN_OK;
}

/* A part that holds nothing is of no use to go on from either. */
static void drop_empty(const pull *p)
{
    struct stat facts;
    if (!p->locked || fstat(p->fd, &facts) != 0 || facts.st_size > 0 || facts.st_nlink == 0) return;
    (void)unlink(p->part);
    (void)unlink(p->version_file);
}

static wn_status bring_part(pull *p, wn_error *err)
{
    char digits[WN_SHA256_TEXT];
    WN_TRY(read_part(p, err));
    p->out->resumed = p->have;
    wn_sha256_text(&p->hash, digits);
    const bool whole = p->have > 0 && strcmp(digits, p->expected) == 0; /* killed just before the rename */
    if (!whole) WN_TRY(fetch(p, err));
    if (p->have < p->out->resumed) p->out->resumed = 0;
    return keep_or_drop(p, err);
}

static wn_status check_present(pull *p, wn_error *err)
{
    const int fd = open(p->out->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return wn_fail_errno(err, errno, "%s: cannot be read", p->out->path);
    expect(p);
    wn_status status = hash_file(p, fd, p->out->path, err);
    (void)close(fd);
    if (!status) status = compare(p, p->out->path, err);
    if (status == WN_CORRUPT) {
        char text[sizeof err->message];
        (void)snprintf(text, sizeof text, "%s", err ? err->message : "");
        return wn_fail(err, status, "%.400s; move it away and pull again", text);
    }
    if (!status && p->out->check == WN_PULL_NONE) p->out->check = WN_PULL_FOUND;
    p->out->present = true;
    return status;
}

/* The file is looked for behind the lock: who held it before may have finished. */
static wn_status bring(pull *p, wn_error *err)
{
    WN_TRY(lock_part(p, err));
    const bool present = wn_file_exists(p->out->path);
    const wn_status status = present ? check_present(p, err) : bring_part(p, err);
    if (status || present) drop_empty(p);
    return status;
}

static wn_status make_folder_of(const char *path, wn_error *err)
{
    char folder[WN_PULL_PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s", path);
    return wn_file_make_folder(dirname(folder), err);
}

wn_status wn_hub_pull(const wn_hub_model *model, const wn_pull_settings *settings, const wn_progress *progress,
                      wn_pull_result *out, wn_error *err)
{
    pull p = {.out = out, .model = model, .progress = progress, .given = settings->sha256, .fd = -1};
    wn_error own = {0};
    if (!err) err = &own;
    WN_TRY(wn_hub_locate(model, settings, out, err));
    (void)snprintf(p.part, sizeof p.part, "%s.part", out->path);
    (void)snprintf(p.version_file, sizeof p.version_file, "%s.part.tag", out->path);
    (void)snprintf(p.record, sizeof p.record, "%s.sha256", out->path);
    (void)snprintf(p.beside, sizeof p.beside, "%s.json", out->path);
    WN_TRY(make_folder_of(out->path, err));
    wn_status status = wn_file_exists(out->path) ? check_present(&p, err) : bring(&p, err);
    if (!status) status = write_beside(&p, err);
    if (p.fd >= 0) (void)close(p.fd); /* and the lock goes */
    return status;
}
