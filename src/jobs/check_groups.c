/* SPDX-License-Identifier: Apache-2.0
 *
 * Groups of repeats: their leaders, the member to keep, and the split that each image belongs to.
 */
#include "jobs/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/text.h"
#include "winnow/annotation_records.h"
#include "winnow/memory.h"

/* ---- groups ---- */

static const wn_check_result *find_result(const wn_checking *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->checks[i]->name, name) == 0) return &s->results[i];
    }
    return NULL;
}

static wn_status mark_item(void *context, const wn_annotation_record *item)
{
    wn_checking *s = context;
    size_t at = wn_rows_find(&s->rows, item->row);
    if (at != SIZE_MAX) s->images[at].labelled = true;
    return WN_OK;
}

static wn_status mark_classes(wn_checking *s, const char *set, wn_error *err)
{
    wn_rows rows = {s->rows.rows, s->rows.len};
    int64_t *labels = wn_alloc(WN_MEMORY_GENERAL, rows.len, sizeof *labels);
    if (!labels) return wn_fail(err, WN_NOMEM, "no memory for the labels of %zu images", rows.len);
    wn_status status = wn_labels_load(s->workspace, set, rows, labels, err);
    for (size_t i = 0; i < rows.len && !status; i++) s->images[i].labelled |= labels[i] >= 0;
    wn_free(labels);
    return status;
}

/* Work went into the images that any imported set of labels speaks of. */
static wn_status mark_labelled(wn_checking *s, wn_error *err)
{
    wn_annotation_set_record *sets = NULL;
    size_t count = 0;
    wn_status status = wn_annotation_set_list(s->workspace, &sets, &count, err);
    for (size_t i = 0; i < count && !status; i++) {
        if (sets[i].role != WN_ROLE_LABELS) continue;
        status = sets[i].task == WN_TASK_CLASSIFICATION
                     ? mark_classes(s, sets[i].name, err)
                     : wn_annotation_set_visit(s->workspace, sets[i].id, -1, mark_item, s, err);
    }
    wn_free(sets);
    return status;
}

wn_status wn_checking_group(wn_checking *s, wn_error *err)
{
    const wn_check_result *exact = find_result(s, "exact-duplicate"), *near = find_result(s, "near-duplicate");
    size_t len = s->rows.len;
    s->leaders = wn_alloc(WN_MEMORY_GENERAL, len, sizeof *s->leaders);
    s->distances = wn_calloc(WN_MEMORY_GENERAL, len, sizeof *s->distances);
    if (!s->leaders || !s->distances) return wn_fail(err, WN_NOMEM, "no memory for the groups of %zu images", len);
    for (size_t i = 0; i < len; i++) s->leaders[i] = (uint32_t)i;
    /* a leader comes before its members, so the leader of the one repeated is known already */
    for (size_t i = 0; i < len; i++) {
        const wn_check_result *found = exact && exact->is_issue[i] ? exact : near && near->is_issue[i] ? near : NULL;
        if (!found || found->evidence[i] < 0) continue;
        size_t from = (size_t)found->evidence[i];
        s->leaders[i] = s->leaders[from];
        s->distances[i] = s->leaders[from] == from ? found->distances[i] : s->distances[from] + found->distances[i];
    }
    for (size_t i = 0; i < len; i++) s->out->duplicates += s->leaders[i] != i;
    uint8_t *leads = wn_calloc(WN_MEMORY_GENERAL, len, 1);
    if (!leads) return wn_fail(err, WN_NOMEM, "no memory for the groups of %zu images", len);
    for (size_t i = 0; i < len; i++) {
        if (s->leaders[i] == i || leads[s->leaders[i]]) continue;
        leads[s->leaders[i]] = 1;
        s->out->groups++;
    }
    wn_free(leads);
    return s->out->groups ? mark_labelled(s, err) : WN_OK;
}

/* Whether a is the better one to keep: labelled, then larger, then sharper, then older, then the earlier row. */
static bool is_better(const wn_checking *s, size_t a, size_t b)
{
    const wn_check_input *in = &s->input;
    if (s->images[a].labelled != s->images[b].labelled) return s->images[a].labelled;
    int64_t area_a = (int64_t)in->width[a] * in->height[a], area_b = (int64_t)in->width[b] * in->height[b];
    if (area_a != area_b) return area_a > area_b;
    if (in->sharpness && in->sharpness[a] != in->sharpness[b]) return in->sharpness[a] > in->sharpness[b];
    int64_t time_a = s->images[a].captured, time_b = s->images[b].captured;
    bool known_a = time_a != WN_CAPTURED_UNKNOWN, known_b = time_b != WN_CAPTURED_UNKNOWN;
    if (known_a != known_b) return known_a;
    if (known_a && time_a != time_b) return time_a < time_b;
    return a < b;
}

void wn_checking_choose(const wn_checking *s, uint8_t *keep)
{
    for (size_t i = 0; i < s->rows.len; i++) keep[i] = s->leaders[i] == i;
    for (size_t i = 0; i < s->rows.len; i++) {
        size_t leader = s->leaders[i], best = leader;
        if (leader == i) continue;
        /* the best so far is the one member of the group that is marked; members are few */
        if (!keep[leader]) {
            for (best = i; best-- > leader;) {
                if (s->leaders[best] == leader && keep[best]) break;
            }
        }
        if (!is_better(s, i, best)) continue;
        keep[best] = 0;
        keep[i] = 1;
    }
}

/* ---- splits ---- */

static const struct {
    const char *folder, *split;
} folders[] = {
    {"train", "train"},    {"training", "train"}, {"val", "val"},   {"valid", "val"},
    {"validation", "val"}, {"dev", "val"},        {"test", "test"}, {"testing", "test"},
};

static wn_status add_split(wn_checking *s, const char *name, int32_t *number, wn_error *err)
{
    for (size_t i = 0; i < s->split_count; i++) {
        *number = (int32_t)i;
        if (strcmp(s->splits[i], name) == 0) return WN_OK;
    }
    char **more = wn_realloc(WN_MEMORY_GENERAL, s->splits, s->split_count + 1, sizeof *more);
    char *copy = wn_text_copy(name);
    if (more) s->splits = more;
    if (!more || !copy) {
        wn_free(copy);
        return wn_fail(err, WN_NOMEM, "out of memory");
    }
    s->splits[s->split_count] = copy;
    *number = (int32_t)s->split_count++;
    return WN_OK;
}

static wn_status split_by_tags(wn_checking *s, wn_error *err)
{
    for (size_t t = 0; t < s->options->tag_count; t++) {
        int64_t *rows = NULL;
        size_t count = 0;
        int32_t number;
        WN_TRY(wn_tag_get(s->workspace, s->options->tags[t], &rows, &count, err));
        wn_status status = add_split(s, s->options->tags[t], &number, err);
        for (size_t i = 0; i < count && !status; i++) {
            size_t at = wn_rows_find(&s->rows, rows[i]);
            if (at != SIZE_MAX && s->images[at].split < 0) s->images[at].split = number;
        }
        wn_free(rows);
        if (status) return status;
    }
    return WN_OK;
}

static bool is_part(const char *part, size_t len, const char *name)
{
    return strlen(name) == len && strncasecmp(part, name, len) == 0;
}

/* The split of a folder of that name; NULL = none. */
static const char *split_of_folder(const char *part, size_t len)
{
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (is_part(part, len, folders[i].folder)) return folders[i].split;
    return NULL;
}

/* The split that a folder on the path names, the innermost one; NULL = none. */
static const char *split_of_path(const char *path)
{
    const char *found = NULL;
    for (const char *part = path, *end; (end = strchr(part, '/')); part = end + 1) {
        const char *split = split_of_folder(part, (size_t)(end - part));
        if (split) found = split;
    }
    return found;
}

/* ---- folders as classes ---- */

typedef struct folder_name {
    const char *name;
    size_t len, image;
} folder_name;

static int compare_names(const void *a, const void *b)
{
    const folder_name *x = a, *y = b;
    size_t len = x->len < y->len ? x->len : y->len;
    int order = memcmp(x->name, y->name, len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

static folder_name name_of(const char *path, size_t image)
{
    const char *end = strrchr(path, '/'), *begin = end;
    if (!end) return (folder_name){path, 0, image};
    while (begin > path && begin[-1] != '/') begin--;
    const size_t len = (size_t)(end - begin);
    return (folder_name){begin, split_of_folder(begin, len) ? 0 : len, image};
}

/* Numbers the folders by name, so that train/cat and test/cat are one class, and train and test none (-1). */
static wn_status number_folders(wn_checking *s, wn_error *err)
{
    size_t len = s->rows.len;
    folder_name *names = wn_alloc(WN_MEMORY_GENERAL, len, sizeof *names);
    if (!names) return wn_fail(err, WN_NOMEM, "no memory for the folders of %zu images", len);
    for (size_t i = 0; i < len; i++) names[i] = name_of(s->images[i].path, i);
    qsort(names, len, sizeof *names, compare_names);
    int32_t number = -1;
    for (size_t i = 0; i < len; i++) {
        number += i == 0 || compare_names(&names[i - 1], &names[i]) != 0;
        s->images[names[i].image].folder = names[i].len ? number : -1;
    }
    wn_free(names);
    return WN_OK;
}

wn_status wn_checking_split(wn_checking *s, wn_error *err)
{
    WN_TRY(number_folders(s, err));
    if (s->options->tag_count) return split_by_tags(s, err);
    for (size_t i = 0; i < s->rows.len; i++) {
        const char *name = split_of_path(s->images[i].path);
        if (name) WN_TRY(add_split(s, name, &s->images[i].split, err));
    }
    return WN_OK;
}
