/* SPDX-License-Identifier: Apache-2.0
 *
 * What a search looks for, as one vector.
 */
#include "jobs/open_model.h"
#include "jobs/search.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "jobs/vectors.h"
#include "winnow/memory.h"
#include "winnow/model.h"

/* Side of the square picture that a region is cut from. */
enum { REGION_SIDE = 512 };

/* Sums of unit vectors: of what is wanted [0] and of what is not [1]. */
typedef struct summing {
    double *sums[2];
    size_t counts[2], dim;
} summing;

static void add_vector(summing *sum, int side, const float *vector)
{
    double square = 0;
    for (size_t k = 0; k < sum->dim; k++) square += (double)vector[k] * (double)vector[k];
    double scale = square > 0 ? 1 / sqrt(square) : 0;
    for (size_t k = 0; k < sum->dim; k++) sum->sums[side][k] += (double)vector[k] * scale;
    sum->counts[side]++;
}

/* ---- samples ---- */

static wn_status note_row(wn_search_query *query, int64_t row, wn_error *err)
{
    if (query->row_count == query->row_room) {
        size_t room = query->row_room ? query->row_room * 2 : 16;
        int64_t *rows = wn_realloc(WN_MEMORY_GENERAL, query->rows, room, sizeof *rows);
        if (!rows) return wn_fail(err, WN_NOMEM, "out of memory");
        query->rows = rows;
        query->row_room = room;
    }
    query->rows[query->row_count++] = row;
    return WN_OK;
}

static wn_status add_row(wn_search_query *query, wn_column *column, int64_t row, int side, summing *sum, wn_error *err)
{
    const wn_column_info *info = wn_column_describe(column);
    if (row < 0 || row >= info->rows)
        return wn_fail(err, WN_NOTFOUND, "there is no embedding of sample %lld; the workspace has rows 0 to %lld",
                       (long long)row, (long long)info->rows - 1);
    float *vector = wn_alloc(WN_MEMORY_MATRIX, info->width, sizeof *vector);
    if (!vector) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_status status = wn_column_read(column, row, 1, vector, err);
    if (!status && !isfinite(vector[0]))
        status = wn_fail(err, WN_INVALID, "sample %lld has no embedding of this model", (long long)row);
    if (!status) add_vector(sum, side, vector);
    wn_free(vector);
    return status ? status : note_row(query, row, err);
}

typedef struct path_search {
    const wn_roots *roots;
    const char *path;
    int64_t row;
} path_search;

static wn_status match_path(void *context, const wn_sample *sample)
{
    path_search *search = context;
    size_t len = strlen(search->path);
    if (sample->status != WN_SAMPLE_OK || sample->name_len > len) return WN_OK;
    if (memcmp(search->path + len - sample->name_len, sample->name, sample->name_len) != 0) return WN_OK;
    char *path = wn_roots_sample_path(search->roots, sample);
    if (path && (strcmp(path, search->path) == 0 || sample->name_len == len)) search->row = sample->row;
    wn_free(path);
    return WN_OK;
}

static wn_status find_path(wn_workspace *workspace, const char *path, int64_t *row, wn_error *err)
{
    wn_roots roots;
    wn_workspace_counts counts;
    path_search search = {&roots, path, -1};
    WN_TRY(wn_workspace_count(workspace, &counts, err));
    WN_TRY(wn_roots_load(workspace, NULL, 0, WN_ROOTS_KNOWN, &roots, err));
    wn_status status = wn_workspace_visit_samples(workspace, 0, counts.rows, match_path, &search, err);
    wn_roots_clear(&roots);
    if (!status && search.row < 0)
        status = wn_fail(err, WN_NOTFOUND, "'%s' is no sample of the workspace; name a file with --image", path);
    *row = search.row;
    return status;
}

/* "17", "17,40" or a path. */
static wn_status add_samples(wn_workspace *workspace, wn_search_query *query, wn_column *column, const char *text,
                             int side, summing *sum, wn_error *err)
{
    int64_t row;
    if (!text) return WN_OK;
    if (text[strspn(text, "0123456789, ")]) {
        WN_TRY(find_path(workspace, text, &row, err));
        return add_row(query, column, row, side, sum, err);
    }
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, ",");
        char *number = wn_text_copy_len(at, len);
        bool read = number && wn_text_to_int(number, &row);
        wn_free(number);
        if (!read) return wn_fail(err, WN_INVALID, "'%s' is no list of sample numbers such as 17,40", text);
        WN_TRY(add_row(query, column, row, side, sum, err));
        at += len + (at[len] == ',');
    }
    return WN_OK;
}

static wn_status add_tag(wn_workspace *workspace, wn_search_query *query, wn_column *column, const char *tag, int side,
                         summing *sum, wn_error *err)
{
    int64_t *rows = NULL;
    size_t count = 0;
    if (!tag) return WN_OK;
    WN_TRY(wn_tag_get(workspace, tag, &rows, &count, err));
    wn_status status = count ? WN_OK : wn_fail(err, WN_INVALID, "no image has the tag '%s'", tag);
    for (size_t i = 0; i < count && !status; i++) status = add_row(query, column, rows[i], side, sum, err);
    wn_free(rows);
    return status;
}

/* ---- files ---- */

/* The mean colour of [x0, x1) x [y0, y1) of the square picture. */
static void mean_of(const uint8_t *square, size_t x0, size_t x1, size_t y0, size_t y1, uint8_t out[3])
{
    unsigned sums[3] = {0}, count = 0;
    for (size_t v = y0; v < y1 && v < REGION_SIDE; v++) {
        for (size_t u = x0; u < x1 && u < REGION_SIDE; u++, count++)
            for (size_t c = 0; c < 3; c++) sums[c] += square[(v * REGION_SIDE + u) * 3 + c];
    }
    for (size_t c = 0; c < 3; c++) out[c] = (uint8_t)(count ? sums[c] / count : 0);
}

/* The part of a square picture that x, y, w, h (of an image of width x height) covers, as a square of `side` pixels:
 * each output pixel is the mean of the pixels that it covers. */
static void cut_region(const uint8_t *square, const double region[4], double width, double height, size_t side,
                       uint8_t *out)
{
    double left = region[0] / width * REGION_SIDE, top = region[1] / height * REGION_SIDE;
    double across = region[2] / width * REGION_SIDE / (double)side,
           down = region[3] / height * REGION_SIDE / (double)side;
    for (size_t y = 0; y < side; y++) {
        for (size_t x = 0; x < side; x++) {
            size_t x0 = (size_t)(left + (double)x * across), x1 = (size_t)ceil(left + (double)(x + 1) * across);
            size_t y0 = (size_t)(top + (double)y * down), y1 = (size_t)ceil(top + (double)(y + 1) * down);
            mean_of(square, x0, x1 > x0 ? x1 : x0 + 1, y0, y1 > y0 ? y1 : y0 + 1, out + (y * side + x) * 3);
        }
    }
}

static wn_status parse_region(const char *text, const wn_facts *facts, double region[4], wn_error *err)
{
    char end;
    if (sscanf(text, "%lf,%lf,%lf,%lf%c", &region[0], &region[1], &region[2], &region[3], &end) != 4)
        return wn_fail(err, WN_INVALID, "--region %s: write x,y,w,h in pixels", text);
    if (!(region[0] >= 0 && region[1] >= 0 && region[2] >= 1 && region[3] >= 1 &&
          region[0] + region[2] <= (double)facts->width && region[1] + region[3] <= (double)facts->height))
        return wn_fail(err, WN_INVALID, "--region %s does not lie inside the image, which has %lld x %lld pixels", text,
                       (long long)facts->width, (long long)facts->height);
    return WN_OK;
}

/* Reads a file and makes the model's input of it, or of a region. */
static wn_status read_input(const char *path, const char *region, size_t side, uint8_t *input, float *aspect,
                            wn_error *err)
{
    wn_status status;
    wn_reader *reader = NULL;
    wn_reading reading;
    wn_buffer bytes;
    double box[4];
    wn_error reason = {0};
    wn_read_request request = {.thumb_side = -1, .input_side = region ? REGION_SIDE : (int)side};
    wn_buffer_init(&bytes, WN_MEMORY_IMAGE, (size_t)1 << 29);
    if ((status = wn_file_read(path, (size_t)1 << 29, &bytes, err))) goto done;
    if ((status = wn_reader_new(NULL, &request, &reader, err))) goto done;
    if ((status = wn_reader_read_bytes(reader, bytes.data, bytes.len, path, &reading, &reason))) {
        status = wn_fail(err, status, "'%s' cannot be read: %s", path, reason.message);
        goto done;
    }
    *aspect = reading.facts.aspect;
    if (region && (status = parse_region(region, &reading.facts, box, err))) goto done;
    if (region) *aspect = (float)(box[2] / box[3]);
    if (region)
        cut_region(reading.input, box, (double)reading.facts.width, (double)reading.facts.height, side, input);
    else
        memcpy(input, reading.input, side * side * 3);
done:
    wn_reader_free(&reader);
    wn_buffer_clear(&bytes);
    return status;
}

static wn_status add_files(wn_model *model, const char *const *paths, size_t count, const char *region, int side,
                           summing *sum, wn_error *err)
{
    wn_status status = WN_OK;
    size_t pixels = wn_model_get_info(model)->side;
    uint8_t *input = wn_alloc(WN_MEMORY_IMAGE, pixels * pixels, 3);
    float aspect = 1.0F, *vector = wn_alloc(WN_MEMORY_MATRIX, sum->dim, sizeof *vector);
    if (!input || !vector) status = wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < count && !status; i++) {
        status = read_input(paths[i], i == 0 ? region : NULL, pixels, input, &aspect, err);
        if (!status) wn_model_fit(model, NULL, input, 1, &aspect);
        if (!status) status = wn_model_embed(model, NULL, input, 1, vector, err);
        if (!status) add_vector(sum, side, vector);
    }
    wn_free(vector);
    wn_free(input);
    return status;
}

/* Vectors of two models say nothing about each other, also where they are of one length. */
static wn_status check_model(const wn_model *model, const char *file, wn_column *column, wn_error *err)
{
    char own[WN_EMBEDDING_COLUMN_MAX];
    wn_embedding_column(wn_model_get_info(model)->hash, own);
    if (strcmp(own, wn_column_describe(column)->name) == 0) return WN_OK;
    return wn_fail(err, WN_INVALID,
                   "the images were embedded when '%s' was another model, so it cannot tell what is like them; 'winnow "
                   "embed --model %s' embeds them anew",
                   file, file);
}

static wn_status add_images(const wn_job *job, const wn_search_options *options, const char *file, wn_column *column,
                            summing *sum, wn_error *err)
{
    wn_model *model = NULL;
    if (options->region && options->image_count == 0)
        return wn_fail(err, WN_INVALID, "--region is a part of an image: name the file with --image");
    if (options->image_count + options->not_image_count == 0) return WN_OK;
    WN_TRY(wn_media_init(err));
    WN_TRY(wn_open_model(file, WN_PRECISION_AUTO, NULL, &model, err));
    wn_status status = check_model(model, file, column, err);
    /* One thread: pictures are embedded one by one. */
    if (!status) status = wn_job_plan(job, "the model", wn_model_get_memory(model, 1), err);
    if (!status) status = add_files(model, options->images, options->image_count, options->region, 0, sum, err);
    if (!status) status = add_files(model, options->not_images, options->not_image_count, NULL, 1, sum, err);
    wn_model_close(&model);
    return status;
}

/* ---- the vector ---- */

static wn_status finish_vector(const summing *sum, wn_search_query *out, wn_error *err)
{
    double square = 0;
    if (sum->counts[0] + sum->counts[1] == 0) return WN_OK;
    if (!(out->vector = wn_alloc(WN_MEMORY_MATRIX, sum->dim, sizeof *out->vector)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t k = 0; k < sum->dim; k++) {
        double value = 0;
        if (sum->counts[0]) value += sum->sums[0][k] / (double)sum->counts[0];
        if (sum->counts[1]) value -= sum->sums[1][k] / (double)sum->counts[1];
        sum->sums[0][k] = value;
        square += value * value;
    }
    if (!(square > 1e-12))
        return wn_fail(err, WN_INVALID, "what is wanted and what is not cancel out: there is nothing to look for");
    for (size_t k = 0; k < sum->dim; k++) out->vector[k] = (float)(sum->sums[0][k] / sqrt(square));
    return WN_OK;
}

wn_status wn_search_query_make(const wn_job *job, wn_workspace *workspace, const wn_search_options *options,
                               const char *model_file, wn_column *column, wn_search_query *out, wn_error *err)
{
    wn_status status;
    summing sum = {.dim = wn_column_describe(column)->width};
    *out = (wn_search_query){.dim = sum.dim};
    sum.sums[0] = wn_calloc(WN_MEMORY_MATRIX, sum.dim, sizeof *sum.sums[0]);
    sum.sums[1] = wn_calloc(WN_MEMORY_MATRIX, sum.dim, sizeof *sum.sums[1]);
    if (!sum.sums[0] || !sum.sums[1]) {
        status = wn_fail(err, WN_NOMEM, "out of memory");
        goto done;
    }
    if ((status = add_samples(workspace, out, column, options->samples, 0, &sum, err))) goto done;
    if ((status = add_samples(workspace, out, column, options->not_samples, 1, &sum, err))) goto done;
    if ((status = add_tag(workspace, out, column, options->tag, 0, &sum, err))) goto done;
    if ((status = add_tag(workspace, out, column, options->not_tag, 1, &sum, err))) goto done;
    if ((status = add_images(job, options, model_file, column, &sum, err))) goto done;
    status = finish_vector(&sum, out, err);
done:
    wn_free(sum.sums[0]);
    wn_free(sum.sums[1]);
    if (status) wn_search_query_clear(out);
    return status;
}

void wn_search_query_clear(wn_search_query *query)
{
    wn_free(query->vector);
    wn_free(query->rows);
    *query = (wn_search_query){0};
}
