/* SPDX-License-Identifier: Apache-2.0
 *
 * Labelled masks of a workspace against predicted ones: imported, or the files of a folder.
 */
#include "jobs/check.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "interop/annotation_builder.h"
#include "interop/file_list.h"
#include "jobs/import.h"
#include "winnow/memory.h"

static const wn_check masks_check = {.name = "masks", .summary = "pixels of the mask are probably of another class"};

static const char by_value[] = "png-masks"; /* the format whose class numbers are the values of pixels */

/* ---- sets ---- */

/* The newest set of masks of a role; NULL = there is none. */
static wn_status find_set(wn_checking *s, wn_annotation_role role, wn_annotation_set_record **all,
                          const wn_annotation_set_record **out, wn_error *err)
{
    size_t count = 0;
    *out = NULL;
    WN_TRY(wn_annotation_set_list(s->workspace, all, &count, err));
    for (size_t i = 0; i < count; i++) {
        const wn_annotation_set_record *set = *all + i;
        if (set->role != role || set->task != WN_TASK_SEMANTIC) continue;
        if (!*out || set->created_at >= (*out)->created_at) *out = set;
    }
    return WN_OK;
}

/* Gives a class number a name, and room for it. */
static wn_status name_class(wn_check_masks *m, size_t class, const char *name, wn_error *err)
{
    enum { MOST = 65534 };
    if (class >= MOST) return wn_fail(err, WN_INVALID, "the class '%s' has a number beyond %d", name, MOST);
    for (; m->names_len <= class; m->names_len++) {
        const char *none = NULL;
        if (wn_buffer_add(&m->names, &none, sizeof none)) return wn_fail(err, WN_NOMEM, "out of memory");
    }
    const char **names = (const char **)(void *)m->names.data;
    if (!names[class]) names[class] = name;
    return WN_OK;
}

/* Number of the class of that name; the next free one where no class is called so. */
static size_t find_name(const wn_check_masks *m, const char *name)
{
    const char *const *names = (const char *const *)(const void *)m->names.data;
    for (size_t i = 0; i < m->names_len; i++)
        if (names[i] && strcmp(names[i], name) == 0) return i;
    return m->names_len;
}

/* Class numbers of the categories of a set: values of pixels where `values`, positions in the first set, and names in
 * the second. */
static wn_status number_classes(wn_checking *s, const wn_annotation_set_record *record, bool values, bool first,
                                wn_annotation_category **categories, wn_mask_set *out, wn_error *err)
{
    wn_check_masks *m = &s->masks;
    out->id = record->id;
    WN_TRY(wn_annotation_set_categories(s->workspace, record->id, categories, &out->count, err));
    if (!(out->classes = wn_alloc(WN_MEMORY_GENERAL, out->count, sizeof *out->classes)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < out->count; i++) {
        const wn_annotation_category *category = *categories + i;
        size_t class = values ? (size_t)category->id : first ? i : find_name(m, category->name);
        WN_TRY(name_class(m, class, category->name, err));
        out->classes[i] = (int32_t) class;
    }
    return WN_OK;
}

/* ---- rows ---- */

static wn_status note_row(void *context, const wn_annotation_record *item)
{
    wn_checking *s = context;
    size_t at = wn_rows_find(&s->rows, item->row);
    if (at != SIZE_MAX) s->masks.marks[at] |= s->masks.mark;
    return WN_OK;
}

static wn_status note_rows(wn_checking *s, int64_t set, uint8_t mark, wn_error *err)
{
    s->masks.mark = mark;
    return wn_annotation_set_visit(s->workspace, set, -1, note_row, s, err);
}

/* ---- a folder of predictions ---- */

static bool is_prediction(const char *name)
{
    return wn_text_ends_with(name, ".npy") || wn_text_ends_with(name, ".png");
}

/* The files of a folder as images without suffix, which the import of annotations can match. */
static wn_status list_folder(wn_checking *s, const wn_file_list *files, wn_annotations **out, wn_error *err)
{
    static const wn_annotation_options options = {.role = WN_ROLE_PREDICTIONS};
    wn_annotation_builder builder;
    WN_TRY(wn_builder_begin(&builder, &options, err));
    builder.root = s->options->masks;
    builder.set->task = WN_TASK_SEMANTIC;
    for (size_t i = 0; i < files->count && !builder.storage->status; i++) {
        if (!is_prediction(files->names[i])) continue;
        size_t image = wn_builder_image(&builder, files->names[i], strlen(files->names[i]) - 4, 0, 0);
        if (!builder.storage->status) ((wn_annotation_image *)(void *)builder.storage->images.data)[image].stem = true;
    }
    return wn_builder_finish(&builder, out, err);
}

static wn_status add_stranger(wn_check_masks *m, const char *name, wn_error *err)
{
    char *copy = wn_text_copy(name);
    if (!copy || wn_buffer_add(&m->strangers, &copy, sizeof copy)) {
        wn_free(copy);
        return wn_fail(err, WN_NOMEM, "out of memory");
    }
    m->stranger_count++;
    return WN_OK;
}

/* A file for each image that has one; those that no image has are problems. */
static wn_status take_files(wn_checking *s, const wn_file_list *files, const wn_annotations *set,
                            const wn_matching *matching, wn_error *err)
{
    wn_check_masks *m = &s->masks;
    size_t image = 0;
    for (size_t i = 0; i < files->count; i++) {
        if (!is_prediction(files->names[i])) continue;
        const char *stem = set->images[image].path;
        if (strncmp(stem, files->names[i], strlen(stem)) != 0 || strlen(stem) + 4 != strlen(files->names[i]))
            continue; /* x.npy and x.png: the first counts */
        size_t at = matching->rows[image] < 0 ? SIZE_MAX : wn_rows_find(&s->rows, matching->rows[image]);
        image++;
        if (at == SIZE_MAX) {
            WN_TRY(add_stranger(m, files->names[i], err));
            continue;
        }
        wn_free(m->files[at]);
        if (!(m->files[at] = wn_path_join(s->options->masks, files->names[i])))
            return wn_fail(err, WN_NOMEM, "out of memory");
        m->marks[at] |= 2;
        if (image == set->image_count) break;
    }
    return WN_OK;
}

static wn_status find_files(wn_checking *s, wn_error *err)
{
    wn_file_list files = {0};
    wn_annotations *set = NULL;
    wn_matching matching = {0};
    s->masks.files = wn_calloc(WN_MEMORY_GENERAL, s->rows.len, sizeof *s->masks.files);
    if (!s->masks.files) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_status status = wn_file_list_load(s->options->masks, &files, err);
    if (!status) status = list_folder(s, &files, &set, err);
    if (!status && set->image_count == 0)
        status = wn_fail(err, WN_NOTFOUND, "'%s' holds no .npy and no .png files", s->options->masks);
    if (!status) status = wn_match_images(s->workspace, set, s->options->masks, NULL, &matching, err);
    if (!status) status = take_files(s, &files, set, &matching, err);
    wn_matching_clear(&matching);
    wn_annotations_free(&set);
    wn_file_list_clear(&files);
    return status;
}

/* ---- the check ---- */

/* Files that belong to no image, as pairs that take no part. */
static wn_status pair_strangers(wn_check_masks *m, wn_error *err)
{
    const char *const *names = (const char *const *)(const void *)m->strangers.data;
    for (size_t i = 0; i < m->stranger_count; i++) {
        m->places[m->judging.count] = SIZE_MAX;
        wn_mask_pair *pair = &m->judging.pairs[m->judging.count++];
        *pair = (wn_mask_pair){.name = names[i]};
        if (!(pair->problem = wn_text_copy("no image of the workspace has that name, or several have; left out")))
            return wn_fail(err, WN_NOMEM, "out of memory");
    }
    return WN_OK;
}

/* Pairs of the images that have both sides. */
static wn_status make_pairs(wn_checking *s, wn_error *err)
{
    wn_check_masks *m = &s->masks;
    size_t n = 0, classes = 0;
    for (size_t i = 0; i < s->rows.len; i++) n += m->marks[i] == 3;
    m->judging.pairs = wn_calloc(WN_MEMORY_GENERAL, n + m->stranger_count, sizeof *m->judging.pairs);
    m->places = wn_alloc(WN_MEMORY_GENERAL, n + m->stranger_count, sizeof *m->places);
    if (!m->judging.pairs || !m->places) return wn_fail(err, WN_NOMEM, "no memory for %zu masks", n);
    for (size_t i = 0; i < s->rows.len; i++) {
        if (m->marks[i] != 3) continue;
        int32_t width = s->input.width[i], height = s->input.height[i];
        const char *file = m->files ? m->files[i] : NULL;
        m->places[m->judging.count] = i;
        wn_mask_pair *pair = &m->judging.pairs[m->judging.count++];
        *pair = (wn_mask_pair){
            .name = s->images[i].path, .width = width, .height = height, .row = s->rows.rows[i], .file = file};
        if (file && !classes) WN_TRY(wn_mask_file_classes(pair, &classes, err));
    }
    m->judging.classes = classes ? classes : m->names_len;
    if (m->files && n && !classes) {
        const char *problem = m->judging.pairs[0].problem;
        return wn_fail(err, WN_NOTFOUND, "no file of '%s' holds masks or probabilities of the size of its image%s%s",
                       s->options->masks, problem ? "; the first is " : "", problem ? problem : "");
    }
    for (const char *none = NULL; m->names_len < m->judging.classes; m->names_len++)
        if (wn_buffer_add(&m->names, &none, sizeof none)) return wn_fail(err, WN_NOMEM, "out of memory");
    m->judging.names = (const char *const *)(const void *)m->names.data;
    return pair_strangers(m, err);
}

static wn_status load_sides(wn_checking *s, const wn_annotation_set_record *given,
                            const wn_annotation_set_record *predicted, wn_error *err)
{
    wn_check_masks *m = &s->masks;
    bool values = strcmp(given->format, by_value) == 0;
    m->marks = wn_calloc(WN_MEMORY_GENERAL, s->rows.len, 1);
    if (!m->marks) return wn_fail(err, WN_NOMEM, "out of memory");
    WN_TRY(number_classes(s, given, values, true, &m->given, &m->judging.labels, err));
    WN_TRY(note_rows(s, given->id, 1, err));
    if (!predicted) return find_files(s, err);
    values = values && strcmp(predicted->format, by_value) == 0;
    WN_TRY(number_classes(s, predicted, values, false, &m->predicted, &m->judging.predictions, err));
    return note_rows(s, predicted->id, 2, err);
}

static wn_status fill_result(wn_checking *s, wn_check_result *out, wn_error *err)
{
    const wn_mask_judging *j = &s->masks.judging;
    size_t rows = s->rows.len;
    *out = (wn_check_result){.rows = rows, .threshold = WN_MASK_THRESHOLD, .figure = NAN};
    out->scores = wn_alloc(WN_MEMORY_GENERAL, rows, sizeof *out->scores);
    out->is_issue = wn_calloc(WN_MEMORY_GENERAL, rows, 1);
    if (!out->scores || !out->is_issue) return wn_fail(err, WN_NOMEM, "no memory to check %zu images", rows);
    for (size_t row = 0; row < rows; row++) out->scores[row] = NAN;
    for (size_t i = 0; i < j->count; i++) {
        size_t at = s->masks.places[i];
        if (at == SIZE_MAX) continue;
        out->scores[at] = j->found.scores[i];
        out->is_issue[at] = wn_mask_pair_is_issue(j, i);
        out->issues += out->is_issue[at];
    }
    return WN_OK;
}

static wn_status judge(wn_checking *s, const wn_annotation_set_record *given, const wn_annotation_set_record *predicted,
                       wn_check_summary *summary, wn_error *err)
{
    wn_mask_judging *j = &s->masks.judging;
    j->job = s->job;
    j->workspace = s->workspace;
    WN_TRY(wn_mask_ignored_parse(s->options->ignore, &j->ignored, err));
    WN_TRY(load_sides(s, given, predicted, err));
    WN_TRY(make_pairs(s, err));
    if (j->count == s->masks.stranger_count) {
        summary->left_out = "no image has a labelled and a predicted mask";
        return WN_OK;
    }
    WN_TRY(wn_mask_pairs_judge(j, err));
    wn_check_result *result = &s->results[s->count];
    s->checks[s->count++] = &masks_check;
    WN_TRY(fill_result(s, result, err));
    summary->issues = (int64_t)result->issues;
    s->out->mask_pixels = (int64_t)j->found.issues;
    for (size_t i = 0; i < j->count; i++) s->out->mask_problems += j->pairs[i].problem != NULL;
    return WN_OK;
}

wn_status wn_checking_masks(wn_checking *s, wn_check_summary *summary, wn_error *err)
{
    wn_annotation_set_record *sets[2] = {NULL, NULL};
    const wn_annotation_set_record *given, *predicted = NULL;
    *summary = (wn_check_summary){
        .name = masks_check.name, .summary = masks_check.summary, .threshold = WN_MASK_THRESHOLD, .figure = NAN};
    wn_status status = find_set(s, WN_ROLE_LABELS, &sets[0], &given, err);
    if (!status && !s->options->masks) status = find_set(s, WN_ROLE_PREDICTIONS, &sets[1], &predicted, err);
    if (!status && !given) {
        summary->left_out = "there are no labelled masks; 'winnow import' brings them";
    } else if (!status && !predicted && !s->options->masks) {
        summary->left_out =
            "there are no predicted masks; 'winnow import --as predictions' brings them, or name a folder "
            "with --probabilities";
    } else if (!status)
        status = judge(s, given, predicted, summary, err);
    wn_free(sets[1]);
    wn_free(sets[0]);
    return status;
}

wn_status wn_checking_write_masks(const wn_checking *s, wn_error *err)
{
    char *folder = wn_path_join(s->folder, "mask_issues");
    if (!folder) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_status status = wn_mask_pictures_write(&s->masks.judging, folder, err);
    wn_free(folder);
    return status ? status : wn_mask_lists_write(&s->masks.judging, s->folder, err);
}

void wn_checking_masks_clear(wn_checking *s)
{
    wn_check_masks *m = &s->masks;
    wn_mask_judging_clear(&m->judging);
    for (size_t i = 0; m->files && i < s->rows.len; i++) wn_free(m->files[i]);
    wn_free(m->files);
    char *const *strangers = (char *const *)(void *)m->strangers.data;
    for (size_t i = 0; i < m->stranger_count; i++) wn_free(strangers[i]);
    wn_buffer_clear(&m->strangers);
    wn_free(m->judging.pairs);
    wn_free(m->places);
    wn_free(m->marks);
    wn_free(m->given);
    wn_free(m->predicted);
    wn_buffer_clear(&m->names);
    *m = (wn_check_masks){0};
}
