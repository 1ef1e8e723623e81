/* SPDX-License-Identifier: Apache-2.0
 *
 * What checks are asked for, and what they read, from the columns of a workspace.
 */
#include "jobs/check.h"
#include "jobs/reduction_stage.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "winnow/duplicates.h"
#include "winnow/log.h"
#include "winnow/memory.h"

/* Of each picture two hashes: of the whole, and of what its frame surrounds. The number goes up with what they mean. */
#define PICTURE_HASH_COLUMN "picture_hash.3"
static const char *const older_hash_columns[] = {"picture_hash.1", "picture_hash.2"};
enum { HASH_WORDS = 2 * WN_PICTURE_WORDS };

enum { NEIGHBOURS = 30, HASH_BLOCK = 2048 };

bool wn_checking_wants(const wn_checking *s, const char *name)
{
    for (size_t i = 0; i < s->options->check_count; i++) {
        if (strcmp(s->options->checks[i], name) == 0) return true;
    }
    return s->options->check_count == 0;
}

/* ---- samples ---- */

typedef struct collecting {
    wn_checking *checking;
    int32_t *width, *height;
    size_t at;
} collecting;

static wn_status take_sample(void *context, const wn_sample *sample)
{
    collecting *c = context;
    wn_checking *s = c->checking;
    if (c->at >= s->rows.len || s->rows.rows[c->at] != sample->row) return WN_OK;
    wn_check_image *image = &s->images[c->at];
    image->bytes = sample->size;
    image->captured = sample->captured_at;
    image->split = -1;
    c->width[c->at] = sample->width;
    c->height[c->at] = sample->height;
    c->at++;
    return (image->path = wn_roots_sample_path(&s->roots, sample)) ? WN_OK : WN_NOMEM;
}

static wn_status load_samples(wn_checking *s, wn_error *err)
{
    wn_workspace_counts counts;
    size_t len = s->rows.len;
    collecting c = {.checking = s};
    s->images = wn_calloc(WN_MEMORY_GENERAL, len, sizeof *s->images);
    c.width = s->columns[s->column_count++] = wn_alloc(WN_MEMORY_GENERAL, len, sizeof *c.width);
    c.height = s->columns[s->column_count++] = wn_alloc(WN_MEMORY_GENERAL, len, sizeof *c.height);
    uint8_t *damaged = s->columns[s->column_count++] = wn_calloc(WN_MEMORY_GENERAL, len, 1);
    if (!s->images || !c.width || !c.height || !damaged)
        return wn_fail(err, WN_NOMEM, "no memory to check %zu images", len);
    WN_TRY(wn_workspace_count(s->workspace, &counts, err));
    wn_status status = wn_workspace_visit_samples(s->workspace, 0, counts.rows, take_sample, &c, err);
    if (status == WN_NOMEM) return wn_fail(err, status, "no memory for the paths of %zu images", len);
    s->input.width = c.width;
    s->input.height = c.height;
    s->input.damaged = damaged;
    return status;
}

/* ---- columns ---- */

static wn_status load_column(wn_checking *s, const char *name, const void **out, wn_error *err)
{
    void *values = NULL;
    wn_status status = wn_rows_gather(s->workspace, name, &s->rows, &values, err);
    if (status == WN_NOTFOUND) return WN_OK;
    s->columns[s->column_count++] = values;
    *out = values;
    return status;
}

static wn_status load_hashes(wn_checking *s, wn_error *err)
{
    size_t rows = s->rows.len;
    const void *pairs = NULL;
    uint64_t *parts[2];
    if (!s->hashes) WN_TRY(load_column(s, PICTURE_HASH_COLUMN, &pairs, err));
    if (!s->hashes && !pairs) return WN_OK;
    for (size_t part = 0; part < 2; part++) {
        parts[part] = s->columns[s->column_count++] = wn_alloc(WN_MEMORY_GENERAL, rows * WN_PICTURE_WORDS, 8);
        if (!parts[part]) return wn_fail(err, WN_NOMEM, "no memory for the hashes of %zu images", rows);
        for (size_t i = 0; i < rows; i++) {
            const uint64_t *from =
                s->hashes ? s->hashes + (size_t)s->rows.rows[i] * HASH_WORDS : (const uint64_t *)pairs + i * HASH_WORDS;
            memcpy(parts[part] + i * WN_PICTURE_WORDS, from + part * WN_PICTURE_WORDS, WN_PICTURE_WORDS * sizeof *from);
        }
    }
    s->input.picture_hashes = parts[0];
    s->input.inner_hashes = parts[1];
    return WN_OK;
}

static wn_status load_facts(wn_checking *s, wn_error *err)
{
    const struct {
        const char *name;
        const void **to;
    } columns[] = {
        {"luminance", (const void **)&s->input.luminance},
        {"contrast", (const void **)&s->input.contrast},
        {"sharpness", (const void **)&s->input.sharpness},
        {"signal_to_noise", (const void **)&s->input.signal_to_noise},
        {"uniform_row_ratio", (const void **)&s->input.uniform_row_ratio},
        {"mean_rgb", (const void **)&s->input.mean},
        {"deviation_rgb", (const void **)&s->input.deviation},
        {"byte_hash", (const void **)&s->input.byte_hashes},
        {"pixel_hash", (const void **)&s->input.pixel_hashes},
    };
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        WN_TRY(load_column(s, columns[i].name, columns[i].to, err));
    /* Only where they were made for all rows: the column lacks images that came later. */
    return wn_checking_wants(s, "near-duplicate") ? load_hashes(s, err) : WN_OK;
}

/* ---- picture hashes ---- */

typedef struct hashing {
    const wn_picture_hasher *hasher;
    const uint8_t *pictures;
    size_t picture_bytes;
    uint64_t *hashes;
} hashing;

static void hash_pictures(void *context, size_t begin, size_t end, unsigned worker)
{
    const hashing *h = context;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        const uint8_t *picture = h->pictures + i * h->picture_bytes;
        wn_picture_hash(h->hasher, picture, h->hashes + i * HASH_WORDS);
        wn_picture_hash_inside(h->hasher, picture, h->hashes + i * HASH_WORDS + WN_PICTURE_WORDS);
    }
}

static wn_status hash_rows(wn_checking *s, wn_column *inputs, hashing *h, int64_t first, wn_error *err)
{
    int64_t rows = wn_column_describe(inputs)->rows;
    for (int64_t row = first; row < rows; row += HASH_BLOCK) {
        size_t count = rows - row < HASH_BLOCK ? (size_t)(rows - row) : HASH_BLOCK;
        WN_TRY(wn_column_read(inputs, row, count, (void *)(uintptr_t)h->pictures, err));
        wn_pool_for(s->job->pool, count, 16, hash_pictures, h);
        if (s->hashes)
            memcpy(s->hashes + row * HASH_WORDS, h->hashes, count * HASH_WORDS * sizeof *h->hashes);
        else
            WN_TRY(wn_column_append(s->workspace, PICTURE_HASH_COLUMN, row, h->hashes, count, err));
        wn_progress_report report = {.stage = "hash", .unit = "images", .done = (uint64_t)row, .total = (uint64_t)rows};
        if (wn_progress_tell(s->job->progress, &report)) return wn_fail(err, WN_CANCELLED, "cancelled");
    }
    return WN_OK;
}

/* Memory for the hashes of all rows in the place of the column, with those that the column has. */
static wn_status hold_hashes(wn_checking *s, int64_t rows, int64_t known, wn_error *err)
{
    wn_column *column = NULL;
    const uint64_t bytes = (uint64_t)rows * HASH_WORDS * sizeof *s->hashes;
    WN_TRY(wn_job_plan(s->job, "hashes of pictures", bytes, err));
    if (!(s->hashes = wn_alloc(WN_MEMORY_GENERAL, (size_t)rows, HASH_WORDS * sizeof *s->hashes)))
        return wn_fail(err, WN_NOMEM, "no memory for the hashes of %lld images", (long long)rows);
    if (!known) return WN_OK;
    WN_TRY(wn_column_open(s->workspace, PICTURE_HASH_COLUMN, &column, err));
    wn_status status = wn_column_read(column, 0, (size_t)known, s->hashes, err);
    wn_column_close(&column);
    return status;
}

/* The column of hashes, made where it is missing, but not in a dry run; `*known` = how many rows it has. What an
 * earlier winnow kept in its place goes. */
static wn_status find_hashes(wn_checking *s, int64_t *known, wn_error *err)
{
    wn_column_info info = {0};
    const bool dry_run = s->job->dry_run;
    for (size_t i = 0; !dry_run && i < sizeof older_hash_columns / sizeof *older_hash_columns; i++)
        WN_TRY(wn_column_remove(s->workspace, older_hash_columns[i], err));
    if (!dry_run) WN_TRY(wn_column_create(s->workspace, PICTURE_HASH_COLUMN, WN_COLUMN_I64, HASH_WORDS, err));
    wn_status status = wn_column_find(s->workspace, PICTURE_HASH_COLUMN, &info, err);
    *known = info.rows;
    return status == WN_NOTFOUND && dry_run ? WN_OK : status;
}

/* Hashes of the rows that have none yet, from the square inputs of the model. */
static wn_status make_hashes(wn_checking *s, wn_error *err)
{
    wn_column *inputs = NULL;
    int64_t known = 0;
    wn_picture_hasher *hasher = NULL;
    uint8_t *pictures = NULL;
    hashing h = {0};
    wn_status status = wn_column_open(s->workspace, WN_INPUT_COLUMN, &inputs, err);
    if (status == WN_NOTFOUND) return WN_OK;
    if (status) return status;
    size_t bytes = wn_column_describe(inputs)->row_bytes, side = (size_t)(sqrt((double)bytes / 3) + 0.5);
    const int64_t rows = wn_column_describe(inputs)->rows;
    if ((status = find_hashes(s, &known, err))) goto done;
    if (known >= rows) goto done;
    if (s->job->dry_run && (status = hold_hashes(s, rows, known, err))) goto done;
    if ((status = wn_picture_hasher_new(side, &hasher, err))) goto done;
    pictures = wn_alloc(WN_MEMORY_IMAGE, HASH_BLOCK, bytes);
    h = (hashing){hasher, pictures, bytes, wn_alloc(WN_MEMORY_IMAGE, HASH_BLOCK, HASH_WORDS * sizeof(uint64_t))};
    status = pictures && h.hashes ? hash_rows(s, inputs, &h, known, err)
                                  : wn_fail(err, WN_NOMEM, "no memory to hash pictures");
done:
    wn_free(h.hashes);
    wn_free(pictures);
    wn_picture_hasher_free(&hasher);
    wn_column_close(&inputs);
    return status;
}

/* ---- neighbours ---- */

/* Lists by position among the rows that take part, from lists by position among those that have an embedding. */
static wn_status place_neighbours(wn_checking *s, const wn_vectors *vectors, const wn_graph *graph, wn_error *err)
{
    size_t k = graph->lists.k, len = s->rows.len;
    int64_t *ids = s->columns[s->column_count++] = wn_alloc(WN_MEMORY_GENERAL, len * k, sizeof *ids);
    float *distances = s->columns[s->column_count++] = wn_alloc(WN_MEMORY_GENERAL, len * k, sizeof *distances);
    if (!ids || !distances) return wn_fail(err, WN_NOMEM, "no memory for the neighbours of %zu images", len);
    for (size_t i = 0; i < len; i++) {
        size_t at = wn_rows_find(&vectors->rows, s->rows.rows[i]), n = 0;
        for (size_t j = 0; at != SIZE_MAX && j < k; j++) {
            int64_t id = graph->lists.ids[at * k + j];
            size_t place = id < 0 ? SIZE_MAX : wn_rows_find(&s->rows, vectors->rows.rows[id]);
            if (place == SIZE_MAX) continue;
            ids[i * k + n] = (int64_t)place;
            distances[i * k + n++] = graph->lists.distances[at * k + j];
        }
        for (; n < k; n++) {
            ids[i * k + n] = -1;
            distances[i * k + n] = INFINITY;
        }
    }
    s->input.neighbours = ids;
    s->input.distances = distances;
    s->input.k = k;
    return WN_OK;
}

/* Embeddings of all rows; an image without one gets zeros, and no label that anybody learns from. Where all have one
 * the vectors are kept as they are, and emptied. */
static wn_status keep_embeddings(wn_checking *s, wn_vectors *vectors, wn_error *err)
{
    size_t dim = vectors->matrix.cols, len = s->rows.len;
    if (vectors->rows.len == len) {
        s->vectors = *vectors;
        *vectors = (wn_vectors){0};
        s->input.embeddings = s->vectors.matrix;
        return WN_OK;
    }
    WN_TRY(wn_job_plan(s->job, "checking embeddings", (uint64_t)len * dim * sizeof(float), err));
    float *values = s->columns[s->column_count++] = wn_calloc(WN_MEMORY_MATRIX, len * dim, sizeof *values);
    if (!values) return wn_fail(err, WN_NOMEM, "no memory for %zu embeddings", len);
    for (size_t i = 0; i < len; i++) {
        size_t at = wn_rows_find(&vectors->rows, s->rows.rows[i]);
        if (at != SIZE_MAX) {
            memcpy(values + i * dim, wn_matrix_row(&vectors->matrix, at), dim * sizeof *values);
        } else if (s->labels.values) {
            s->labels.values[i] = -1;
        }
    }
    s->input.embeddings = (wn_matrix){values, len, dim, dim};
    return WN_OK;
}

static wn_status load_neighbours(wn_checking *s, wn_error *err)
{
    wn_status status;
    char *model = NULL, *file = NULL, *column = NULL;
    wn_vectors vectors = {0};
    wn_graph graph = {0};
    if ((status = wn_find_reduced(s->workspace, s->options->model, &s->options->reduce, &model, &file, err))) goto done;
    if ((status = wn_find_embedding(s->workspace, model, &column, err))) goto done;
    if ((status = wn_vectors_load(s->job, s->workspace, column, &vectors, err))) goto done;
    wn_graph_request request = {.column = column, .k = NEIGHBOURS, .metric = WN_INDEX_METRIC_COSINE};
    if (vectors.rows.len > 1) {
        if ((status = wn_stage_graph(s->job, s->workspace, &request, &vectors, &graph, err))) goto done;
        if (!(status = place_neighbours(s, &vectors, &graph, err))) status = keep_embeddings(s, &vectors, err);
    }
    s->out->model = model;
    model = NULL;
done:
    if (status == WN_NOTFOUND && !s->options->model) status = WN_OK; /* no embedding: those checks are left out */
    wn_graph_clear(&graph);
    wn_vectors_clear(&vectors);
    wn_free(column);
    wn_free(file);
    wn_free(model);
    return status;
}

wn_status wn_checking_load(wn_checking *s, wn_error *err)
{
    WN_TRY(wn_roots_load(s->workspace, s->options->paths, s->options->path_count, WN_ROOTS_KNOWN, &s->roots, err));
    WN_TRY(wn_rows_load(s->workspace, &s->roots, &s->rows, err));
    WN_TRY(wn_job_plan(s->job, "checking", (uint64_t)s->rows.len * 1200, err));
    s->input = (wn_check_input){.rows = s->rows.len, .pool = s->job->pool, .progress = s->job->progress};
    WN_TRY(load_samples(s, err));
    if (wn_checking_wants(s, "near-duplicate")) WN_TRY(make_hashes(s, err));
    WN_TRY(load_facts(s, err));
    WN_TRY(wn_checking_load_labels(s, err));
    s->input.labels = s->labels.values;
    s->input.classes = s->labels.classes;
    return load_neighbours(s, err);
}

void wn_checking_clear(wn_checking *s)
{
    wn_checking_masks_clear(s);
    for (size_t i = 0; s->results && i < s->count; i++) wn_check_result_clear(&s->results[i]);
    for (size_t i = 0; s->images && i < s->rows.len; i++) wn_free(s->images[i].path);
    for (size_t i = 0; i < s->column_count; i++) wn_free(s->columns[i]);
    for (size_t i = 0; i < s->split_count; i++) wn_free(s->splits[i]);
    wn_checking_boxes_clear(&s->boxes);
    wn_label_evidence_clear(&s->labels.found);
    wn_free(s->labels.names);
    wn_free(s->labels.values);
    wn_free(s->splits);
    wn_free(s->folder);
    wn_free(s->distances);
    wn_free(s->hashes);
    wn_free(s->leaders);
    wn_free(s->results);
    wn_free(s->checks);
    wn_free(s->images);
    wn_free(s->rows.rows);
    wn_vectors_clear(&s->vectors);
    wn_roots_clear(&s->roots);
}
