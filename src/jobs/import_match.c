/* SPDX-License-Identifier: Apache-2.0
 *
 * From the paths that a file of annotations names to rows. A wrong match would be a wrong label, so where it is not
 * clear an image stays without.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "interop/annotation_builder.h"
#include "jobs/import.h"

enum { CHAIN_MAX = 4096 }; /* of samples with one file name that are compared */

typedef struct known_sample {
    int64_t row;
    const char *path;
    size_t next_name, next_stem, next_number; /* in the chains; SIZE_MAX ends them */
} known_sample;

typedef struct matcher {
    wn_roots roots;
    wn_arena texts;
    wn_buffer samples;                                 /* known_sample */
    wn_name_table paths, names, stems, numbers, asked; /* asked: file names of the set, with how often */
    wn_matching *out;
    wn_annotations *set;
    char base[PATH_MAX];
    size_t base_len, strip_len;
    const char *strip;
    wn_error *err;
} matcher;

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Bytes of a file name before its suffix. */
static size_t stem_len(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot > name ? (size_t)(dot - name) : strlen(name);
}

/* Puts a sample at the head of the chain of a name; the answer is the head before. */
static size_t chain(matcher *m, wn_name_table *table, const char *name, size_t len, size_t index, bool *full)
{
    size_t before = wn_name_table_find(table, name, len);
    if (before != SIZE_MAX) {
        wn_name_table_set(table, name, len, index);
    } else if (!wn_name_table_add(table, name, len, index))
        *full = true;
    (void)m;
    return before;
}

/* The number in a name as COCO writes it, 12 digits at the end of the stem (000000000042.jpg,
 * COCO_val2014_000000000042.jpg), without leading zeros; NULL in other names. */
static const char *coco_number(const char *name, size_t *len)
{
    enum { DIGITS = 12 };
    size_t stem = stem_len(name), at = stem;
    while (at > 0 && name[at - 1] >= '0' && name[at - 1] <= '9') at--;
    if (stem - at != DIGITS || (at > 0 && name[at - 1] != '_')) return NULL;
    while (at + 1 < stem && name[at] == '0') at++;
    *len = stem - at;
    return name + at;
}

static wn_status take_sample(void *context, const wn_sample *sample)
{
    matcher *m = context;
    bool full = false;
    if (sample->row < 0 || (size_t)sample->row >= m->out->row_count) return WN_OK;
    m->out->widths[sample->row] = sample->width;
    m->out->heights[sample->row] = sample->height;
    if (sample->status != WN_SAMPLE_OK) return WN_OK;
    char *path = wn_roots_sample_path(&m->roots, sample);
    const char *kept = path ? wn_arena_text(&m->texts, path, strlen(path)) : NULL;
    wn_free(path);
    if (!kept) return wn_fail(m->err, WN_NOMEM, "no memory for the paths of the images");
    size_t index = m->samples.len / sizeof(known_sample);
    known_sample known = {.row = sample->row, .path = kept};
    const char *name = last_part(kept);
    chain(m, &m->paths, kept, strlen(kept), index, &full);
    known.next_name = chain(m, &m->names, name, strlen(name), index, &full);
    known.next_stem = chain(m, &m->stems, name, stem_len(name), index, &full);
    size_t digits = 0;
    const char *number = coco_number(name, &digits);
    if (number) known.next_number = chain(m, &m->numbers, number, digits, index, &full);
    if (full || wn_buffer_add(&m->samples, &known, sizeof known))
        return wn_fail(m->err, WN_NOMEM, "no memory for the paths of the images");
    return WN_OK;
}

/* The path of an image as it is compared: '/' between parts, without "./" and what is to be stripped. */
static void normalize(const matcher *m, const char *given, char *out, size_t size)
{
    bool windows = strchr(given, '\\') && !strchr(given, '/');
    if (m->strip && strncmp(given, m->strip, m->strip_len) == 0) given += m->strip_len;
    while (strncmp(given, "./", 2) == 0) given += 2;
    if (m->strip)
        while (*given == '/' || *given == '\\') given++;
    size_t len = strlen(given);
    if (len >= size) {
        given += len - size + 1;
        len = size - 1;
    }
    for (size_t i = 0; i <= len; i++) out[i] = windows && given[i] == '\\' ? '/' : given[i];
}

/* How many parts two paths have in common at their ends, the last one taken as equal; *all tells whether the whole of
 * `asked` is. */
static size_t common_parts(const char *asked, const char *path, bool *all)
{
    const char *a = last_part(asked), *p = last_part(path);
    size_t parts = 1;
    while (a > asked && p > path) {
        const char *a_end = a - 1, *p_end = p - 1;
        a = a_end;
        p = p_end;
        while (a > asked && a[-1] != '/') a--;
        while (p > path && p[-1] != '/') p--;
        if (a_end - a != p_end - p || memcmp(a, p, (size_t)(a_end - a)) != 0) {
            *all = false;
            return parts;
        }
        parts++;
    }
    *all = a == asked || (a == asked + 1 && *asked == '/');
    return parts;
}

/* A path below the folder of the annotations, resolved where it has "..". */
static bool path_below(const matcher *m, const char *asked, const char *suffix, char *out)
{
    char joined[2 * PATH_MAX];
    int len = *asked == '/' ? snprintf(joined, sizeof joined, "%s%s", asked, suffix)
                            : snprintf(joined, sizeof joined, "%s/%s%s", m->base, asked, suffix);
    return len > 0 && len < PATH_MAX && realpath(joined, out) != NULL;
}

static const known_sample *sample_at(const matcher *m, size_t index)
{
    return (const known_sample *)(const void *)m->samples.data + index;
}

/* The best of a chain of samples; *tie when several are equally good. */
static size_t best_of(const matcher *m, size_t head, bool stems, const char *asked, size_t *parts, bool *all, bool *tie)
{
    size_t best = SIZE_MAX, steps = 0;
    *parts = 0;
    *tie = *all = false;
    for (size_t i = head; i != SIZE_MAX && steps < CHAIN_MAX; steps++) {
        const known_sample *known = sample_at(m, i);
        bool whole;
        size_t common = common_parts(asked, known->path, &whole);
        if (common > *parts) {
            best = i;
            *parts = common;
            *all = whole;
            *tie = false;
        } else if (common == *parts)
            *tie = true;
        i = stems ? known->next_stem : known->next_name;
    }
    return best;
}

typedef enum verdict { FOUND, UNKNOWN, AMBIGUOUS, UNSURE } verdict;

/* Looks among the samples of the same file name, or of the same stem. */
static verdict find_by_end(const matcher *m, const char *asked, bool stems, bool whole_is_stem, int64_t *row)
{
    const char *name = last_part(asked);
    size_t len = stems && !whole_is_stem ? stem_len(name) : strlen(name), parts;
    size_t head = wn_name_table_find(stems ? &m->stems : &m->names, name, len);
    bool all, tie;
    char other[PATH_MAX];
    if (head == SIZE_MAX) return UNKNOWN;
    size_t best = best_of(m, head, stems, asked, &parts, &all, &tie);
    if (tie) return AMBIGUOUS;
    const known_sample *known = sample_at(m, best);
    size_t next = stems ? known->next_stem : known->next_name;
    bool alone = head == best && next == SIZE_MAX && wn_name_table_find(&m->asked, name, strlen(name)) == 1;
    if (!all && !alone) return UNSURE;
    if (m->set->task == WN_TASK_SEMANTIC && whole_is_stem) { /* the file of that name is the mask itself */
        *row = known->row;
        return FOUND;
    }
    /* A file of that name lies beside the annotations and is not in the workspace: that one is meant. */
    const char *suffix = stems ? last_part(known->path) + stem_len(last_part(known->path)) : "";
    char cut[PATH_MAX];
    snprintf(cut, sizeof cut, "%.*s", (int)((size_t)(name - asked) + len), asked);
    if (path_below(m, cut, suffix, other) && strcmp(other, known->path) != 0) return UNKNOWN;
    *row = known->row;
    return FOUND;
}

static verdict find_by_number(const matcher *m, const char *asked, int64_t *row)
{
    size_t head = wn_name_table_find(&m->numbers, asked, strlen(asked));
    if (head == SIZE_MAX) return UNKNOWN;
    if (sample_at(m, head)->next_number != SIZE_MAX) return AMBIGUOUS;
    *row = sample_at(m, head)->row;
    return FOUND;
}

static verdict find_row(const matcher *m, const wn_annotation_image *image, int64_t *row)
{
    char asked[PATH_MAX], real[PATH_MAX];
    normalize(m, image->path, asked, sizeof asked);
    if (!*asked) return UNKNOWN;
    if (!image->stem && path_below(m, asked, "", real)) {
        size_t index = wn_name_table_find(&m->paths, real, strlen(real));
        if (index != SIZE_MAX) {
            *row = sample_at(m, index)->row;
            return FOUND;
        }
    }
    verdict by_name = find_by_end(m, asked, false, false, row);
    if (by_name == FOUND || (by_name != UNKNOWN && !image->stem)) return by_name;
    verdict by_stem = find_by_end(m, asked, true, image->stem, row);
    return by_stem == UNKNOWN && image->number ? find_by_number(m, asked, row) : by_stem;
}

static void join_row(wn_matching *out, size_t image, int64_t row)
{
    out->rows[image] = row;
    out->matched++;
    if (out->heads[row] < 0) {
        out->heads[row] = (int64_t)image;
        out->covered++;
        return;
    }
    int64_t at = out->heads[row];
    while (out->next[at] >= 0) at = out->next[at];
    out->next[at] = (int64_t)image;
}

static wn_status count_names(matcher *m)
{
    char asked[PATH_MAX];
    for (size_t i = 0; i < m->set->image_count; i++) {
        normalize(m, m->set->images[i].path, asked, sizeof asked);
        const char *name = last_part(asked);
        size_t before = wn_name_table_find(&m->asked, name, strlen(name));
        if (before != SIZE_MAX) {
            wn_name_table_set(&m->asked, name, strlen(name), before + 1);
        } else if (!wn_name_table_add(&m->asked, name, strlen(name), 1))
            return wn_fail(m->err, WN_NOMEM, "no memory for the paths of the images");
    }
    return WN_OK;
}

static void match_all(matcher *m, const char *path)
{
    wn_matching *out = m->out;
    for (size_t i = 0; i < m->set->image_count; i++) {
        int64_t row = -1;
        verdict found = find_row(m, &m->set->images[i], &row);
        if (found == FOUND) {
            join_row(out, i, row);
            continue;
        }
        wn_annotation_place place = {path, 0};
        static const char *const reasons[] = {
            [UNKNOWN] = "no image of the workspace; left out",
            [AMBIGUOUS] = "several images of the workspace could be meant; left out",
            [UNSURE] = "only the end of the path fits an image of the workspace; left out ('--strip PREFIX' "
                       "leaves out the beginning of the paths)",
        };
        if (found == UNKNOWN) {
            out->unmatched++;
        } else
            out->ambiguous++;
        wn_annotations_add_problem(m->set, place, "%s: %s", m->set->images[i].path, reasons[found]);
    }
}

/* Where relative paths of the file begin: its folder, or the folder itself. */
static void set_base(matcher *m, const char *path)
{
    struct stat facts;
    if (!realpath(path, m->base)) snprintf(m->base, sizeof m->base, ".");
    char *slash = strrchr(m->base, '/');
    if (stat(m->base, &facts) == 0 && !S_ISDIR(facts.st_mode) && slash) *slash = 0;
}

static wn_status match_rows(wn_annotations *set, wn_matching *out, const char *path, wn_error *err)
{
    if (set->image_count != out->row_count)
        return wn_fail(err, WN_INVALID,
                       "'%s' has %zu rows, the workspace %zu; name the image of each row in a file with --paths", path,
                       set->image_count, out->row_count);
    for (size_t i = 0; i < set->image_count; i++) join_row(out, i, (int64_t)i);
    return WN_OK;
}

static wn_status allocate(wn_workspace *workspace, const wn_annotations *set, wn_matching *out, wn_error *err)
{
    wn_workspace_counts counts;
    WN_TRY(wn_workspace_count(workspace, &counts, err));
    out->row_count = (size_t)counts.rows;
    out->rows = wn_alloc(WN_MEMORY_GENERAL, set->image_count, sizeof *out->rows);
    out->next = wn_alloc(WN_MEMORY_GENERAL, set->image_count, sizeof *out->next);
    out->heads = wn_alloc(WN_MEMORY_GENERAL, out->row_count, sizeof *out->heads);
    out->widths = wn_calloc(WN_MEMORY_GENERAL, out->row_count, sizeof *out->widths);
    out->heights = wn_calloc(WN_MEMORY_GENERAL, out->row_count, sizeof *out->heights);
    if (!out->rows || !out->next || !out->heads || !out->widths || !out->heights)
        return wn_fail(err, WN_NOMEM, "no memory to match %zu images", set->image_count);
    for (size_t i = 0; i < set->image_count; i++) out->rows[i] = out->next[i] = -1;
    for (size_t i = 0; i < out->row_count; i++) out->heads[i] = -1;
    return WN_OK;
}

wn_status wn_match_images(wn_workspace *workspace, wn_annotations *set, const char *path, const char *strip,
                          wn_matching *out, wn_error *err)
{
    *out = (wn_matching){0};
    matcher m = {.out = out, .set = set, .strip = strip, .strip_len = strip ? strlen(strip) : 0, .err = err};
    wn_arena_init(&m.texts, WN_MEMORY_GENERAL, 0);
    wn_buffer_init(&m.samples, WN_MEMORY_GENERAL, 0);
    set_base(&m, path);
    wn_status status = allocate(workspace, set, out, err);
    if (!status) status = wn_roots_load(workspace, NULL, 0, WN_ROOTS_KNOWN, &m.roots, err);
    if (!status) status = wn_workspace_visit_samples(workspace, 0, (int64_t)out->row_count, take_sample, &m, err);
    if (!status && set->by_row) {
        status = match_rows(set, out, path, err);
    } else if (!status && !(status = count_names(&m)))
        match_all(&m, path);
    wn_roots_clear(&m.roots);
    wn_arena_clear(&m.texts);
    wn_buffer_clear(&m.samples);
    wn_name_table_clear(&m.paths);
    wn_name_table_clear(&m.names);
    wn_name_table_clear(&m.stems);
    wn_name_table_clear(&m.numbers);
    wn_name_table_clear(&m.asked);
    if (status) wn_matching_clear(out);
    return status;
}

void wn_matching_clear(wn_matching *matching)
{
    wn_free(matching->rows);
    wn_free(matching->next);
    wn_free(matching->heads);
    wn_free(matching->widths);
    wn_free(matching->heights);
    *matching = (wn_matching){0};
}

/* Masks of another size than their image say nothing about it. */
static void drop_masks(wn_annotations *set, const wn_annotation_image *image)
{
    for (size_t i = image->first; i < image->first + image->count; i++)
        if (set->items[i].mask.count) set->items[i].flags |= WN_ITEM_DROPPED;
}

wn_status wn_match_sizes(wn_annotations *set, const wn_matching *matching, size_t *dropped, wn_error *err)
{
    *dropped = 0;
    for (size_t i = 0; i < set->image_count; i++) {
        wn_annotation_image *image = &set->images[i];
        int64_t row = matching->rows[i];
        int32_t width = row < 0 ? 0 : matching->widths[row], height = row < 0 ? 0 : matching->heights[row];
        size_t lost = 0;
        if (row >= 0 && image->width && (image->width != width || image->height != height)) {
            wn_annotations_add_problem(
                set, (wn_annotation_place){image->path, 0},
                "the annotations are of a %d x %d image, the image is %d x %d%s%s", image->width, image->height, width,
                height,
                image->width == height && image->height == width ? ": they were made before it was turned upright" : "",
                set->task == WN_TASK_SEMANTIC ? "; left out" : "");
            if (set->task == WN_TASK_SEMANTIC) drop_masks(set, image);
        }
        WN_TRY(wn_annotations_fit(set, i, width, height, &lost, err));
        *dropped += lost;
    }
    return WN_OK;
}
