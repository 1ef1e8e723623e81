/* SPDX-License-Identifier: Apache-2.0
 *
 * Masks of one folder against predictions of another: files of one path belong together, else those of one name,
 * wherever they lie, where each side has it once.
 */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "interop/file_list.h"
#include "interop/name_table.h"
#include "jobs/mask_pairs.h"
#include "winnow/memory.h"

enum { SUFFIX = 4 }; /* ".png", ".npy" */

typedef struct folders {
    const wn_mask_check_options *options;
    wn_mask_check_result *out;
    wn_file_list given, predicted;
    wn_name_table paths, names; /* of the predictions without suffix: the whole path; the last part */
    wn_name_table masks;        /* the last parts of the masks without suffix */
    uint8_t *taken;             /* predictions */
    wn_arena texts;
    wn_mask_judging judging;
} folders;

static const char *last_part(const char *path, size_t *len)
{
    const char *end = path + *len, *at = end;
    while (at > path && at[-1] != '/') at--;
    *len = (size_t)(end - at);
    return at;
}

/* What a name of a table stands for: SIZE_MAX = nothing, SEVERAL of them. */
static const size_t SEVERAL = SIZE_MAX - 1;

/* Adds a name, or marks it as one of SEVERAL. */
static bool add_name(wn_name_table *table, const char *name, size_t len, size_t value)
{
    if (wn_name_table_find(table, name, len) == SIZE_MAX) return wn_name_table_add(table, name, len, value) != NULL;
    wn_name_table_set(table, name, len, SEVERAL);
    return true;
}

static wn_status index_masks(folders *f, wn_error *err)
{
    bool ok = true;
    for (size_t i = 0; i < f->given.count && ok; i++) {
        const char *path = f->given.names[i];
        if (!wn_text_ends_with(path, ".png")) continue;
        size_t len = strlen(path) - SUFFIX;
        const char *name = last_part(path, &len);
        ok = add_name(&f->masks, name, len, i);
    }
    return ok ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for the files of '%s'", f->options->labels);
}

static wn_status index_predictions(folders *f, wn_error *err)
{
    bool ok = (f->taken = wn_calloc(WN_MEMORY_GENERAL, f->predicted.count, 1)) != NULL;
    for (size_t i = 0; i < f->predicted.count && ok; i++) {
        const char *path = f->predicted.names[i];
        f->taken[i] = 1;
        if (!wn_text_ends_with(path, ".npy") && !wn_text_ends_with(path, ".png")) continue;
        size_t len = strlen(path) - SUFFIX, name_len = len;
        const char *name = last_part(path, &name_len);
        f->taken[i] = 0;
        if (wn_name_table_find(&f->paths, path, len) != SIZE_MAX) continue; /* x.npy and x.png: the first counts */
        ok = wn_name_table_add(&f->paths, path, len, i) && add_name(&f->names, name, name_len, i);
    }
    return ok ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for the files of '%s'", f->options->predictions);
}

static char *join(folders *f, const char *folder, const char *name)
{
    return wn_arena_format(&f->texts, "%s/%s", folder, name);
}

/* The prediction of a mask; SIZE_MAX = none, with the reason. */
static size_t find_prediction(const folders *f, const char *path, const char **reason)
{
    size_t len = strlen(path) - SUFFIX, at = wn_name_table_find(&f->paths, path, len);
    if (at != SIZE_MAX) return at;
    const char *name = last_part(path, &len);
    at = wn_name_table_find(&f->names, name, len);
    if (at < SEVERAL && wn_name_table_find(&f->masks, name, len) != SEVERAL) return at;
    *reason = at == SIZE_MAX  ? "there is no prediction of that name; left out"
              : at == SEVERAL ? "several predictions have that name; left out"
                              : "several masks have the name of the one prediction, which lies elsewhere; left out";
    return SIZE_MAX;
}

static wn_status add_pair(folders *f, const char *path, wn_error *err)
{
    wn_mask_judging *j = &f->judging;
    wn_mask_pair *pair = &j->pairs[j->count++];
    wn_mask_picture head = {0};
    wn_error mine = {0};
    const char *reason = NULL;
    pair->name = wn_arena_text(&f->texts, path, strlen(path));
    pair->given = join(f, f->options->labels, path);
    if (!pair->name || !pair->given) return wn_fail(err, WN_NOMEM, "out of memory");
    size_t at = find_prediction(f, path, &reason);
    if (at != SIZE_MAX) {
        f->taken[at] = 1;
        if (!(pair->file = join(f, f->options->predictions, f->predicted.names[at])))
            return wn_fail(err, WN_NOMEM, "out of memory");
        if (wn_mask_png_read(pair->given, true, &head, &mine)) reason = mine.message;
        pair->width = head.width;
        pair->height = head.height;
    }
    if (reason && !(pair->problem = wn_text_copy(reason))) return wn_fail(err, WN_NOMEM, "out of memory");
    return WN_OK;
}

static const char *why_strange(const folders *f, size_t prediction)
{
    const char *path = f->predicted.names[prediction];
    size_t len = strlen(path) - SUFFIX;
    if (wn_name_table_find(&f->paths, path, len) != prediction) return "there is an .npy file of that name; left out";
    const char *name = last_part(path, &len);
    return wn_name_table_find(&f->masks, name, len) == SEVERAL ? "several masks have that name, elsewhere; left out"
                                                               : "there is no mask of that name; left out";
}

/* Predictions that no mask asked for, as pairs that take no part. */
static wn_status add_strangers(folders *f, wn_error *err)
{
    wn_mask_judging *j = &f->judging;
    for (size_t i = 0; i < f->predicted.count; i++) {
        if (f->taken[i]) continue;
        wn_mask_pair *pair = &j->pairs[j->count++];
        pair->name = f->predicted.names[i];
        if (!(pair->problem = wn_text_copy(why_strange(f, i)))) return wn_fail(err, WN_NOMEM, "out of memory");
    }
    return WN_OK;
}

/* All pairs; the classes are those that the predictions tell apart. */
static wn_status make_pairs(folders *f, wn_error *err)
{
    wn_mask_judging *j = &f->judging;
    size_t room = f->given.count + f->predicted.count, good = 0;
    if (!(j->pairs = wn_calloc(WN_MEMORY_GENERAL, room, sizeof *j->pairs)))
        return wn_fail(err, WN_NOMEM, "no memory for %zu masks", room);
    for (size_t i = 0; i < f->given.count; i++)
        if (wn_text_ends_with(f->given.names[i], ".png")) WN_TRY(add_pair(f, f->given.names[i], err));
    for (size_t i = 0; i < j->count; i++) {
        wn_mask_pair *pair = &j->pairs[i];
        size_t classes = 0;
        if (!pair->problem) WN_TRY(wn_mask_file_classes(pair, &classes, err));
        bool array = pair->file && wn_text_ends_with(pair->file, ".npy");
        if (classes && array && !good) j->classes = classes; /* all arrays have as many, or are left out */
        if (classes && !array && classes > j->classes && !good) j->classes = classes;
        good += classes && array;
    }
    WN_TRY(add_strangers(f, err));
    if (j->classes) return WN_OK;
    if (j->count && j->pairs[0].problem)
        return wn_fail(err, WN_NOTFOUND, "no mask of '%s' has a prediction in '%s' that fits; the first is '%s': %s",
                       f->options->labels, f->options->predictions, j->pairs[0].name, j->pairs[0].problem);
    return wn_fail(err, WN_NOTFOUND, "no mask of '%s' has a prediction in '%s' that fits", f->options->labels,
                   f->options->predictions);
}

/* Appends the parts of `rest`, which are not there yet, to a path: "." is left out and ".." takes one away. False where
 * that is too long; *up: there was a "..". */
static bool append_parts(char path[PATH_MAX], const char *rest, bool *up)
{
    size_t len = strcmp(path, "/") == 0 ? 0 : strlen(path);
    for (size_t part; *(rest += strspn(rest, "/")); rest += part) {
        part = strcspn(rest, "/");
        if (part == 1 && *rest == '.') continue;
        if (part == 2 && strncmp(rest, "..", 2) == 0) {
            while (len > 0 && path[--len] != '/') continue;
            *up = true;
            continue;
        }
        if (len + 1 + part >= PATH_MAX) return false;
        path[len] = '/';
        memcpy(path + len + 1, rest, part);
        len += 1 + part;
    }
    if (len == 0) path[len++] = '/';
    path[len] = 0;
    return true;
}

/* The real path of a folder whose last parts need not be there yet. */
static bool resolve(const char *path, char out[PATH_MAX])
{
    char text[PATH_MAX];
    size_t len = strlen(path), at = len;
    bool up = false;
    if (len >= sizeof text) return false;
    memcpy(text, path, len + 1);
    while (!realpath(at ? text : *path == '/' ? "/" : ".", out)) {
        if (at == 0) return false;
        while (at > 0 && path[at - 1] == '/') at--;
        while (at > 0 && path[at - 1] != '/') at--;
        text[at] = 0;
    }
    if (!append_parts(out, path + at, &up)) return false;
    if (!up) return true;
    memcpy(text, out, strlen(out) + 1); /* ".." may lead back to what is there, and to links */
    return resolve(text, out);
}

/* Whether a folder is `folder` or lies below it; links are followed. */
static bool lies_in(const char *path, const char *folder)
{
    char real[PATH_MAX], above[PATH_MAX];
    if (!resolve(path, real) || !resolve(folder, above)) return false;
    size_t len = strlen(above);
    return strncmp(real, above, len) == 0 && (!real[len] || real[len] == '/' || len == 1);
}

/* Pictures among the files that are read would replace them, or be read as masks the next time. */
static wn_status check_folder(const wn_mask_check_options *options, const char *option, const char *folder,
                              wn_error *err)
{
    const char *inputs[] = {options->labels, options->predictions};
    for (size_t i = 0; folder && i < sizeof inputs / sizeof *inputs; i++)
        if (lies_in(folder, inputs[i]))
            return wn_fail(err, WN_INVALID, "%s '%s' lies in '%s', whose files are read; name a folder outside it",
                           option, folder, inputs[i]);
    return WN_OK;
}

static wn_status check_folders(const wn_mask_check_options *options, wn_error *err)
{
    WN_TRY(check_folder(options, "--out-issues", options->out_issues, err));
    WN_TRY(check_folder(options, "--out-suggested", options->out_mended, err));
    if (!options->out_issues || !options->out_mended || !lies_in(options->out_issues, options->out_mended))
        return WN_OK;
    if (!lies_in(options->out_mended, options->out_issues)) return WN_OK;
    return wn_fail(err, WN_INVALID,
                   "--out-issues and --out-suggested name one folder; their files have the same names");
}

static wn_status run(folders *f, const wn_job *job, wn_error *err)
{
    const wn_mask_check_options *options = f->options;
    wn_mask_judging *j = &f->judging;
    j->job = job;
    WN_TRY(check_folders(options, err));
    WN_TRY(wn_mask_ignored_parse(options->ignore, &j->ignored, err));
    WN_TRY(wn_file_list_load(options->labels, &f->given, err));
    WN_TRY(wn_file_list_load(options->predictions, &f->predicted, err));
    WN_TRY(index_masks(f, err));
    WN_TRY(index_predictions(f, err));
    WN_TRY(make_pairs(f, err));
    if (!job->dry_run) {
        j->issue_folder = options->out_issues;
        j->mended_folder = options->out_mended;
        if (options->out) WN_TRY(wn_file_make_folder(options->out, err));
    }
    WN_TRY(wn_mask_pairs_judge(j, err));
    if (job->dry_run || !options->out) return WN_OK;
    WN_TRY(wn_mask_scores_write(j, options->out, err));
    return wn_mask_lists_write(j, options->out, err);
}

static wn_status sum_up(const folders *f, wn_error *err)
{
    const wn_mask_judging *j = &f->judging;
    wn_mask_check_result *out = f->out;
    out->classes = (int64_t)j->classes;
    out->pixels = (int64_t)j->found.issues;
    out->estimate = (int64_t)j->found.confident;
    for (size_t i = 0; i < j->count; i++) {
        const char *problem = j->pairs[i].problem;
        out->images += !problem;
        out->image_issues += !problem && wn_mask_pair_is_issue(j, i);
        if (!problem) continue;
        if ((size_t)out->problems++ >= sizeof out->shown / sizeof *out->shown) continue;
        wn_buffer text;
        wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
        wn_buffer_format(&text, "%s: %s", j->pairs[i].name, problem);
        char *copy = text.status ? NULL : wn_text_copy(text.data);
        wn_buffer_clear(&text);
        if (!(out->shown[out->problems - 1] = copy)) return wn_fail(err, WN_NOMEM, "out of memory");
    }
    return WN_OK;
}

wn_status wn_job_check_masks(const wn_job *job, const wn_mask_check_options *options, wn_mask_check_result *out,
                             wn_error *err)
{
    folders f = {.options = options, .out = out};
    double started = wn_clock_seconds();
    *out = (wn_mask_check_result){0};
    wn_arena_init(&f.texts, WN_MEMORY_TEXT, 0);
    wn_status status = run(&f, job, err);
    if (!status) status = sum_up(&f, err);
    wn_mask_judging_clear(&f.judging);
    wn_free(f.judging.pairs);
    wn_free(f.taken);
    wn_name_table_clear(&f.paths);
    wn_name_table_clear(&f.names);
    wn_name_table_clear(&f.masks);
    wn_file_list_clear(&f.given);
    wn_file_list_clear(&f.predicted);
    wn_arena_clear(&f.texts);
    out->seconds = wn_clock_seconds() - started;
    if (status) wn_mask_check_result_clear(out);
    return status;
}

void wn_mask_check_result_clear(wn_mask_check_result *result)
{
    for (size_t i = 0; i < sizeof result->shown / sizeof *result->shown; i++) wn_free(result->shown[i]);
    *result = (wn_mask_check_result){0};
}
