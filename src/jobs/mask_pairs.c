/* SPDX-License-Identifier: Apache-2.0
 *
 * The pairs as a reader of wn_segmentation_find_issues; its issues become one line for each given and suggested class.
 */
#include "jobs/mask_pairs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "winnow/memory.h"

/* ---- reading ---- */

/* What is wrong with one pair does not stop the others. */
static bool is_damage(wn_status status)
{
    return status == WN_CORRUPT || status == WN_INVALID || status == WN_UNSUPPORTED || status == WN_IO ||
           status == WN_NOTFOUND || status == WN_LIMIT;
}

/* An image without a class. */
static void blank(wn_mask_digest *digest)
{
    for (size_t i = 0; i < digest->pixels; i++) {
        digest->labels[i] = -1;
        digest->likeliest[i] = 0;
        digest->given[i] = 0;
        digest->best[i] = 0;
    }
    digest->unlabelled = digest->unusable = 0;
}

static wn_status read_pair(void *context, size_t image, wn_mask_digest *out, wn_error *err)
{
    wn_mask_judging *j = context;
    wn_mask_pair *pair = &j->pairs[image];
    wn_error mine = {0};
    if (pair->problem) {
        blank(out);
        return WN_OK;
    }
    wn_status status = wn_mask_pair_labels(j, pair, out->labels, &mine);
    for (size_t i = 0; i < out->pixels && !status; i++) out->unlabelled += out->labels[i] < 0;
    if (!status) status = wn_mask_pair_predictions(j, pair, out, &mine);
    if (!status) return WN_OK;
    if (!is_damage(status)) return wn_fail(err, status, "%s", mine.message);
    blank(out);
    return (pair->problem = wn_text_copy(mine.message)) ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
}

/* ---- issues ---- */

/* Given class, suggested class and place of a pixel in one number, in the order of the list. */
static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void add_pixel(wn_mask_issue *issue, int32_t x, int32_t y)
{
    int32_t right = issue->x + issue->width, bottom = issue->y + issue->height;
    if (x < issue->x) issue->x = x;
    if (y < issue->y) issue->y = y;
    issue->width = (x + 1 > right ? x + 1 : right) - issue->x;
    issue->height = (y + 1 > bottom ? y + 1 : bottom) - issue->y;
    issue->pixels++;
}

/* `keys` in order: one issue for each pair of classes. */
static wn_status add_issues(wn_mask_pair *pair, const wn_mask_digest *d, const uint64_t *keys, size_t count)
{
    for (size_t begin = 0, end; begin < count; begin = end) {
        double sum = 0;
        size_t first = keys[begin] & UINT32_MAX;
        wn_mask_issue issue = {.label = d->labels[first],
                               .suggested = d->likeliest[first],
                               .x = (int32_t)(first % (size_t)pair->width),
                               .y = (int32_t)(first / (size_t)pair->width)};
        for (end = begin; end < count && keys[end] >> 32 == keys[begin] >> 32; end++) {
            size_t pixel = keys[end] & UINT32_MAX;
            add_pixel(&issue, (int32_t)(pixel % (size_t)pair->width), (int32_t)(pixel / (size_t)pair->width));
            sum += (double)d->given[pixel];
        }
        issue.score = (float)(sum / (double)issue.pixels);
        if (wn_buffer_add(&pair->issues, &issue, sizeof issue)) return WN_NOMEM;
    }
    return WN_OK;
}

static wn_status list_issues(wn_mask_pair *pair, const wn_mask_digest *d, const uint8_t *issues, size_t count)
{
    uint64_t *keys = wn_alloc(WN_MEMORY_MATRIX, count, sizeof *keys);
    size_t n = 0;
    if (!keys) return WN_NOMEM;
    for (size_t i = 0; i < d->pixels && n < count; i++)
        if (issues[i]) keys[n++] = (uint64_t)d->labels[i] << 48 | (uint64_t)d->likeliest[i] << 32 | i;
    qsort(keys, n, sizeof *keys, compare_keys);
    wn_status status = add_issues(pair, d, keys, n);
    wn_free(keys);
    return status;
}

static wn_status keep_runs(wn_mask_pair *pair, const uint8_t *issues, size_t pixels)
{
    for (size_t i = 0, end; i < pixels; i = end) {
        bool here = pair->runs.len / sizeof(uint32_t) % 2;
        for (end = i; end < pixels && (issues[end] != 0) == here;) end++;
        uint32_t run = (uint32_t)(end - i);
        if (wn_buffer_add(&pair->runs, &run, sizeof run)) return WN_NOMEM;
    }
    return WN_OK;
}

/* "folder/NAME.png"; the folders above it are made. NULL: they cannot be. */
static char *picture_path(const char *folder, const char *name)
{
    wn_buffer text;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    wn_buffer_format(&text, "%s/%s.png", folder, name);
    char *slash = text.status ? NULL : strrchr(text.data, '/');
    if (slash) *slash = 0;
    bool made = slash && wn_file_make_folder(text.data, NULL) == WN_OK;
    if (slash) *slash = '/';
    char *path = made ? wn_text_copy(text.data) : NULL;
    wn_buffer_clear(&text);
    return path;
}

static wn_status write_picture(const wn_mask_pair *pair, const char *folder, uint16_t *values, wn_error *err)
{
    char *path = picture_path(folder, pair->picture);
    if (!path) return wn_fail(err, WN_IO, "cannot make a folder for the mask of '%s' in '%s'", pair->name, folder);
    wn_mask_picture picture = {.width = pair->width, .height = pair->height, .values = values};
    wn_status status = wn_mask_png_write(path, &picture, err);
    wn_free(path);
    return status;
}

/* Issues as 0 and 255. */
static wn_status write_found(const wn_mask_judging *j, const wn_mask_pair *pair, const uint8_t *issues, wn_error *err)
{
    size_t pixels = (size_t)pair->width * (size_t)pair->height;
    uint16_t *values = wn_alloc(WN_MEMORY_IMAGE, pixels, sizeof *values);
    if (!values) return wn_fail(err, WN_NOMEM, "no memory for the mask of '%s'", pair->name);
    for (size_t i = 0; i < pixels; i++) values[i] = issues[i] ? 255 : 0;
    wn_status status = write_picture(pair, j->issue_folder, values, err);
    wn_free(values);
    return status;
}

/* The given file again with the likeliest class in the place of the issues: all other values stay, also those that are
 * ignored and those of pixels without a usable prediction. */
static wn_status write_mended(const wn_mask_judging *j, const wn_mask_pair *pair, const wn_mask_digest *d,
                              const uint8_t *issues, wn_error *err)
{
    wn_mask_picture given;
    WN_TRY(wn_mask_png_read(pair->given, false, &given, err));
    wn_status status = WN_OK;
    if (given.width != pair->width || given.height != pair->height)
        status = wn_fail(err, WN_CORRUPT, "%s: the file changed while it was checked", pair->given);
    for (size_t i = 0; i < d->pixels && !status; i++)
        if (issues[i]) given.values[i] = (uint16_t)d->likeliest[i];
    if (!status) status = write_picture(pair, j->mended_folder, given.values, err);
    wn_mask_picture_clear(&given);
    return status;
}

static wn_status draw_runs(const wn_mask_pair *pair, const char *folder, wn_error *err)
{
    size_t pixels = (size_t)pair->width * (size_t)pair->height, at = 0;
    const uint32_t *runs = (const uint32_t *)(const void *)pair->runs.data;
    uint16_t *values = wn_calloc(WN_MEMORY_IMAGE, pixels, sizeof *values);
    if (!values) return wn_fail(err, WN_NOMEM, "no memory for the mask of '%s'", pair->name);
    for (size_t i = 0; i < pair->runs.len / sizeof *runs; at += runs[i++])
        for (size_t p = 0; i % 2 && p < runs[i]; p++) values[at + p] = 255;
    wn_status status = write_picture(pair, folder, values, err);
    wn_free(values);
    return status;
}

wn_status wn_mask_pictures_write(const wn_mask_judging *j, const char *folder, wn_error *err)
{
    for (size_t i = 0; i < j->count; i++)
        if (j->pairs[i].runs.len) WN_TRY(draw_runs(&j->pairs[i], folder, err));
    return WN_OK;
}

static wn_status take_found(void *context, size_t image, const wn_mask_digest *digest, const uint8_t *issues,
                            wn_error *err)
{
    wn_mask_judging *j = context;
    wn_mask_pair *pair = &j->pairs[image];
    size_t count = 0;
    for (size_t i = 0; i < digest->pixels; i++) count += issues[i];
    if (count && (list_issues(pair, digest, issues, count) || keep_runs(pair, issues, digest->pixels)))
        return wn_fail(err, WN_NOMEM, "no memory for the issues of '%s'", pair->name);
    if (pair->problem) return WN_OK;
    if (j->issue_folder && count) WN_TRY(write_found(j, pair, issues, err));
    return j->mended_folder ? write_mended(j, pair, digest, issues, err) : WN_OK;
}

/* What the limit leaves when each thread reads the largest mask, with its classes and values, and the largest file of
 * probabilities, mapped and maybe converted; 0 = there is no limit. */
static wn_status plan_memory(const wn_mask_judging *j, const size_t *pixels, uint64_t *left, wn_error *err)
{
    uint64_t largest = 0, file = 0;
    struct stat facts;
    *left = 0;
    if (!j->job->memory_limit) return WN_OK;
    for (size_t i = 0; i < j->count; i++) {
        const char *name = j->pairs[i].file;
        if (pixels[i] > largest) largest = pixels[i];
        if (name && wn_text_ends_with(name, ".npy") && stat(name, &facts) == 0 && (uint64_t)facts.st_size > file)
            file = (uint64_t)facts.st_size;
    }
    const uint64_t reader = (largest * (sizeof(int32_t) + sizeof(uint16_t)) + 2 * file) * wn_pool_threads(j->job->pool);
    WN_TRY(wn_job_plan(j->job, "reading masks", reader, err));
    *left = wn_job_memory_left(j->job);
    *left = *left > reader ? *left - reader : 1;
    return WN_OK;
}

wn_status wn_mask_pairs_judge(wn_mask_judging *j, wn_error *err)
{
    size_t *pixels = wn_alloc(WN_MEMORY_GENERAL, j->count, sizeof *pixels);
    if (!pixels) return wn_fail(err, WN_NOMEM, "no memory for %zu masks", j->count);
    for (size_t i = 0; i < j->count; i++) {
        pixels[i] = (size_t)j->pairs[i].width * (size_t)j->pairs[i].height;
        wn_buffer_init(&j->pairs[i].issues, WN_MEMORY_GENERAL, 0);
        wn_buffer_init(&j->pairs[i].runs, WN_MEMORY_GENERAL, 0);
    }
    wn_segmentation_request request = {.images = j->count,
                                       .classes = j->classes < 2 ? 2 : j->classes,
                                       .pixels = pixels,
                                       .read = read_pair,
                                       .found = take_found,
                                       .context = j,
                                       .pool = j->job->pool,
                                       .progress = j->job->progress};
    pthread_mutex_init(&j->turn, NULL);
    wn_status status = wn_mask_pictures_name(j, err);
    if (!status) status = plan_memory(j, pixels, &request.memory_limit, err);
    if (!status) status = wn_segmentation_find_issues(&request, &j->found, err);
    pthread_mutex_destroy(&j->turn);
    wn_free(pixels);
    return status;
}

bool wn_mask_pair_is_issue(const wn_mask_judging *j, size_t pair)
{
    return j->found.counts[pair] > 0 && (double)j->found.scores[pair] < WN_MASK_THRESHOLD;
}

void wn_mask_judging_clear(wn_mask_judging *j)
{
    for (size_t i = 0; i < j->count; i++) {
        wn_buffer_clear(&j->pairs[i].issues);
        wn_buffer_clear(&j->pairs[i].runs);
        wn_free(j->pairs[i].problem);
        wn_free(j->pairs[i].picture);
        j->pairs[i].problem = j->pairs[i].picture = NULL;
    }
    wn_free(j->labels.classes);
    wn_free(j->predictions.classes);
    j->labels.classes = j->predictions.classes = NULL;
    wn_segmentation_issues_clear(&j->found);
}
