/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies of the picks, or links to them, in one flat folder. Nothing that exists is replaced; a stopped run goes on,
 * because a copy that is there already is recognised by its content.
 */
#include "jobs/curate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "winnow/memory.h"

static const uint64_t MOST_BYTES = (uint64_t)1 << 30;

/* Names given in this run: an open hash table of strings. */
typedef struct name_set {
    char **names;
    size_t capacity, len; /* capacity is a power of two, at least twice len */
} name_set;

static size_t set_place(const name_set *set, const char *name)
{
    size_t at = wn_hash64_of(name, strlen(name)) & (set->capacity - 1);
    while (set->names[at] && strcmp(set->names[at], name) != 0) at = (at + 1) & (set->capacity - 1);
    return at;
}

static wn_status set_grow(name_set *set, wn_error *err)
{
    name_set larger = {.capacity = set->capacity ? set->capacity * 2 : 256, .len = set->len};
    larger.names = wn_calloc(WN_MEMORY_TEXT, larger.capacity, sizeof *larger.names);
    if (!larger.names) return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < set->capacity; i++)
        if (set->names[i]) larger.names[set_place(&larger, set->names[i])] = set->names[i];
    wn_free(set->names);
    *set = larger;
    return WN_OK;
}

/* Whether the name is new. */
static wn_status set_add(name_set *set, const char *name, bool *fresh, wn_error *err)
{
    if (set->len * 2 >= set->capacity) WN_TRY(set_grow(set, err));
    size_t at = set_place(set, name);
    *fresh = !set->names[at];
    if (!*fresh) return WN_OK;
    if (!(set->names[at] = wn_text_copy(name))) return wn_fail(err, WN_NOMEM, "out of memory");
    set->len++;
    return WN_OK;
}

/* A pick inside a tar. */
typedef struct tar_pick {
    char *tar, *member, *shown; /* member points into tar's block */
    bool placed;                /* of members with one name the first counts, as when they were added */
} tar_pick;

typedef struct copying {
    const wn_job *job;
    tar_pick *tar_picks;
    size_t tar_count, tar_first, tar_end; /* the picks of the tar that is walked now: [tar_first, tar_end) */
    size_t done, total;
    const char *target;
    bool link;
    name_set names;
    wn_buffer table, name;
    uint64_t made, found;
} copying;

/* The n-th name for a file: "a.jpg", "a-2.jpg", ... */
static const char *numbered_name(wn_buffer *out, const char *base, unsigned number)
{
    const char *dot = strrchr(base, '.');
    size_t stem = dot && dot > base ? (size_t)(dot - base) : strlen(base);
    wn_buffer_reset(out);
    wn_buffer_add(out, base, stem);
    if (number > 1) wn_buffer_format(out, "-%u", number);
    wn_buffer_text(out, base + stem);
    return out->data;
}

static bool same_content(const char *path, const void *bytes, size_t len)
{
    struct stat facts;
    wn_buffer there;
    if (lstat(path, &facts) != 0 || !S_ISREG(facts.st_mode) || (uint64_t)facts.st_size != len) return false;
    wn_buffer_init(&there, WN_MEMORY_GENERAL, 0);
    bool same = wn_file_read(path, len + 1, &there, NULL) == WN_OK && there.len == len &&
                (len == 0 || memcmp(there.data, bytes, len) == 0);
    wn_buffer_clear(&there);
    return same;
}

static bool same_link(const char *path, const char *to)
{
    char there[PATH_MAX];
    ssize_t len = readlink(path, there, sizeof there - 1);
    if (len < 0) return false;
    there[len] = 0;
    return strcmp(there, to) == 0;
}

/* Writes beside and links into place, which fails where the name is taken. */
static wn_status place_copy(const char *path, const void *bytes, size_t len, bool *taken, wn_error *err)
{
    char *part;
    int fd;
    WN_TRY(wn_file_create_part(path, &part, &fd, err));
    wn_status status = wn_file_write_at(fd, bytes, len, 0, path, err);
    if (close(fd) != 0 && !status) status = wn_fail_errno(err, errno, "cannot write '%s'", path);
    *taken = false;
    if (!status && link(part, path) != 0) {
        *taken = errno == EEXIST;
        /* File systems without hard links: the gap between test and rename is the best there is. */
        bool no_links = errno == EPERM || errno == ENOSYS || errno == EOPNOTSUPP || errno == EMLINK;
        if (no_links && access(path, F_OK) == 0)
            *taken = true;
        else if (!*taken && (!no_links || rename(part, path) != 0))
            status = wn_fail_errno(err, errno, "cannot write '%s'", path);
    }
    unlink(part);
    wn_free(part);
    return status;
}

/* One name tried: done = the pick has its file now. */
static wn_status try_name(copying *copy, const char *path, const char *original, const void *bytes, size_t len,
                          bool *done, wn_error *err)
{
    bool taken = false, link_it = copy->link && original;
    *done = false;
    if (link_it ? same_link(path, original) : same_content(path, bytes, len)) {
        copy->found++;
        *done = true;
        return WN_OK;
    }
    struct stat facts;
    if (lstat(path, &facts) == 0) return WN_OK;
    if (!link_it) {
        WN_TRY(place_copy(path, bytes, len, &taken, err));
    } else if (symlink(original, path) != 0) {
        if (errno != EEXIST) return wn_fail_errno(err, errno, "cannot make the link '%s'", path);
        taken = true;
    }
    if (taken) return WN_OK;
    copy->made++;
    *done = true;
    return WN_OK;
}

/* Gives one pick its file. `original` is what a link points to, NULL where there is only content. */
static wn_status place_content(copying *copy, const char *shown, const char *inner, const char *original,
                               const void *bytes, size_t len, wn_error *err)
{
    bool done = false;
    wn_status status = WN_OK;
    const char *slash = strrchr(inner, '/'), *base = slash ? slash + 1 : inner;
    for (unsigned number = 1; !done && !status; number++) {
        bool fresh = false;
        const char *name = numbered_name(&copy->name, base, number);
        status = name ? set_add(&copy->names, name, &fresh, err) : wn_fail(err, WN_NOMEM, "out of memory");
        if (status || !fresh) continue;
        char *path = wn_path_join(copy->target, name);
        status =
            path ? try_name(copy, path, original, bytes, len, &done, err) : wn_fail(err, WN_NOMEM, "out of memory");
        if (done) {
            wn_text_add_csv(&copy->table, shown);
            wn_buffer_text(&copy->table, ",");
            wn_text_add_csv(&copy->table, path);
            wn_buffer_text(&copy->table, "\n");
        }
        wn_free(path);
    }
    if (status) return status;
    wn_progress_report report = {
        .stage = copy->link ? "link" : "copy", .unit = "images", .done = ++copy->done, .total = copy->total};
    if (wn_progress_tell(copy->job->progress, &report)) return wn_fail(err, WN_CANCELLED, "stopped while copying");
    return WN_OK;
}

static wn_status place_file(copying *copy, const char *shown, const char *real, wn_error *err)
{
    void *bytes = NULL;
    size_t len = 0;
    wn_error why = {0};
    wn_entry entry = {.path = real, .name = shown};
    if (!copy->link) {
        wn_status status = wn_entry_load(&entry, MOST_BYTES, &bytes, &len, &why);
        if (status) return wn_fail(err, status, "cannot copy '%s': %s", shown, why.message);
    }
    wn_status status = place_content(copy, shown, real, copy->link ? real : NULL, bytes, len, err);
    wn_free(bytes);
    return status;
}

/* Places a pick, or notes it where it lies in a tar. */
static wn_status place_row(copying *copy, wn_workspace *workspace, const wn_roots *roots, int64_t row, wn_error *err)
{
    wn_sample *sample = NULL;
    char *member = NULL;
    WN_TRY(wn_workspace_get_sample(workspace, row, &sample, err));
    const wn_root *root = wn_roots_find(roots, sample->source);
    wn_status status = WN_OK;
    char *shown = wn_roots_sample_path(roots, sample);
    char *real = root ? wn_sample_path(root->kind, root->path, sample->name, sample->name_len) : NULL;
    wn_free(sample);
    if (!shown || !real)
        status = wn_fail(err, WN_NOMEM, "out of memory");
    else
        wn_sample_path_split(real, &member);
    if (!status && member) {
        copy->tar_picks[copy->tar_count++] = (tar_pick){.tar = real, .member = member, .shown = shown};
        return WN_OK;
    }
    if (!status) status = place_file(copy, shown, real, err);
    wn_free(real);
    wn_free(shown);
    return status;
}

static int compare_tar_picks(const void *a, const void *b)
{
    const tar_pick *x = a, *y = b;
    int order = strcmp(x->tar, y->tar);
    return order ? order : strcmp(x->member, y->member);
}

static wn_status place_member(void *context, const wn_entry *entry, wn_error *err)
{
    copying *copy = context;
    void *bytes = NULL;
    size_t len = 0;
    wn_error why = {0};
    if (!entry->member || entry->status) return WN_OK;
    const tar_pick wanted = {.tar = copy->tar_picks[copy->tar_first].tar, .member = (char *)(uintptr_t)entry->member};
    tar_pick *pick = bsearch(&wanted, copy->tar_picks + copy->tar_first, copy->tar_end - copy->tar_first, sizeof wanted,
                             compare_tar_picks);
    if (!pick || pick->placed) return WN_OK;
    pick->placed = true;
    wn_status status = wn_entry_load(entry, MOST_BYTES, &bytes, &len, &why);
    if (status) return wn_fail(err, status, "cannot copy '%s': %s", pick->shown, why.message);
    status = place_content(copy, pick->shown, pick->member, NULL, bytes, len, err);
    wn_free(bytes);
    return status;
}

/* One walk over each tar finds all its picks. */
static wn_status place_tar_picks(copying *copy, wn_error *err)
{
    qsort(copy->tar_picks, copy->tar_count, sizeof *copy->tar_picks, compare_tar_picks);
    for (copy->tar_first = 0; copy->tar_first < copy->tar_count; copy->tar_first = copy->tar_end) {
        const char *tar = copy->tar_picks[copy->tar_first].tar;
        copy->tar_end = copy->tar_first;
        while (copy->tar_end < copy->tar_count && strcmp(copy->tar_picks[copy->tar_end].tar, tar) == 0) copy->tar_end++;
        WN_TRY(wn_source_walk(&tar, 1, NULL, NULL, place_member, copy, NULL, err));
    }
    return WN_OK;
}

wn_status wn_stage_copy(const wn_job *job, wn_workspace *workspace, const wn_roots *roots, wn_rows rows,
                        const char *target, bool link, const char *folder, wn_curate_result *result, wn_error *err)
{
    wn_status status;
    char *path = NULL;
    copying copy = {.job = job, .target = target, .link = link, .total = rows.len};
    wn_buffer_init(&copy.table, WN_MEMORY_TEXT, 0);
    wn_buffer_init(&copy.name, WN_MEMORY_TEXT, 0);
    wn_buffer_text(&copy.table, "path,copy\n");
    if ((status = wn_media_init(err)) || (status = wn_file_make_folder(target, err))) goto done;
    if (!(copy.tar_picks = wn_calloc(WN_MEMORY_TEXT, rows.len, sizeof *copy.tar_picks))) {
        status = wn_fail(err, WN_NOMEM, "out of memory");
        goto done;
    }
    for (size_t i = 0; i < rows.len && !status; i++) status = place_row(&copy, workspace, roots, rows.data[i], err);
    if (!status) status = place_tar_picks(&copy, err);
    result->copied += copy.made;
    result->copies_found += copy.found;
    if (!status && !(path = wn_path_join(folder, link ? "links.csv" : "copies.csv")))
        status = wn_fail(err, WN_NOMEM, "out of memory");
    if (!status) status = wn_file_write(path, copy.table.data, copy.table.len, err);
done:
    wn_free(path);
    for (size_t i = 0; copy.tar_picks && i < copy.tar_count; i++) {
        wn_free(copy.tar_picks[i].tar);
        wn_free(copy.tar_picks[i].shown);
    }
    wn_free(copy.tar_picks);
    for (size_t i = 0; i < copy.names.capacity; i++) wn_free(copy.names.names[i]);
    wn_free(copy.names.names);
    wn_buffer_clear(&copy.table);
    wn_buffer_clear(&copy.name);
    return status;
}
