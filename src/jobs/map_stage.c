/* SPDX-License-Identifier: Apache-2.0
 *
 * The map of a workspace: coordinates as a column, and beside it a setting that says what it was made from. Rows that
 * are on it stay where they are; new ones are placed among them, until they are more than the old.
 */
#include "jobs/map_stage.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "jobs/vectors.h"
#include "winnow/annotation_records.h"
#include "winnow/map_place.h"
#include "winnow/memory.h"

enum { PLACE_EPOCHS = 50, MADE_BYTES = 400 };

static const char quality_format[] = "%s\ntrustworthiness=%.4f continuity=%.4f recall=%.4f triplets=%.4f labels=%.4f "
                                     "sampled=%zu";

void wn_map_quality_read(const char *line, wn_map_quality *out)
{
    wn_map_quality q = {.labels = NAN, .sampled = 1};
    int found = sscanf(line, "trustworthiness=%lf continuity=%lf recall=%lf triplets=%lf labels=%lf sampled=%zu",
                       &q.trustworthiness, &q.continuity, &q.recall, &q.triplets, &q.labels, &q.sampled);
    if (found >= 4) *out = q;
}

typedef struct drawing {
    const wn_job *job;
    wn_workspace *workspace;
    const wn_map_stage_options *options;
    const wn_projection_method *method;
    void *params;
    wn_vectors vectors;
    size_t dims;
    char column[WN_MAP_COLUMN_BYTES], made[MADE_BYTES]; /* of the coordinates; what they are made from */
    float *points;                                      /* vectors.rows.len x dims */
    uint8_t *is_old;                                    /* vectors.rows.len */
    size_t old_count;
} drawing;

void wn_map_column_name(const char *method, size_t dims, char out[WN_MAP_COLUMN_BYTES])
{
    snprintf(out, WN_MAP_COLUMN_BYTES, "map.%s%s", method, dims == 3 ? ".3d" : "");
}

static wn_status prepare(drawing *draw, wn_error *err)
{
    const wn_map_stage_options *options = draw->options;
    draw->method = wn_projection_method_find(options->method);
    if (!draw->method) return wn_fail(err, WN_INVALID, "no map method is called '%s'", options->method);
    if (!(draw->params = wn_calloc(WN_MEMORY_MATRIX, 1, draw->method->params_size)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    WN_TRY(wn_options_init(draw->method->options, draw->params, err));
    WN_TRY(wn_options_set_list(draw->method->options, draw->params, options->settings, err));
    wn_map_column_name(options->method, draw->dims, draw->column);
    int len = snprintf(draw->made, sizeof draw->made, "version=1 embedding=%s metric=%s seed=%llu settings=%s",
                       options->embedding, wn_index_metric_names[options->metric], (unsigned long long)draw->job->seed,
                       options->settings ? options->settings : "");
    if (len >= (int)sizeof draw->made) return wn_fail(err, WN_INVALID, "the settings of the map are too long");
    return WN_OK;
}

/* Takes over the coordinates that are there, if they were made from the same. */
static wn_status load_old(drawing *draw, wn_error *err)
{
    wn_column_info info;
    wn_column *column = NULL;
    char *made = NULL;
    size_t rows = draw->vectors.rows.len, dims = draw->dims;
    if (draw->options->anew || wn_column_find(draw->workspace, draw->column, &info, NULL) || info.width != dims ||
        info.type != WN_COLUMN_F32 || wn_setting_get(draw->workspace, draw->column, &made, NULL))
        return WN_OK;
    bool same = made && strncmp(made, draw->made, strlen(draw->made)) == 0 &&
                (made[strlen(draw->made)] == 0 || made[strlen(draw->made)] == '\n');
    wn_free(made);
    if (!same) return WN_OK;
    WN_TRY(wn_column_open(draw->workspace, draw->column, &column, err));
    wn_status status = WN_OK;
    for (size_t i = 0; i < rows && !status; i++) {
        float *to = draw->points + i * dims;
        if (draw->vectors.rows.rows[i] >= info.rows) break;
        status = wn_column_read(column, draw->vectors.rows.rows[i], 1, to, err);
        draw->is_old[i] = isfinite(to[0]) && isfinite(to[dims - 1]);
        draw->old_count += draw->is_old[i];
    }
    wn_column_close(&column);
    return status;
}

static wn_status draw_all(drawing *draw, wn_map_stage_result *out, wn_error *err)
{
    wn_graph graph = {0};
    wn_projection map = {0};
    wn_status status = WN_OK;
    const wn_job *job = draw->job;
    wn_projection_request request = {.matrix = draw->vectors.matrix,
                                     .dims = draw->dims,
                                     .seed = job->seed,
                                     .metric = draw->options->metric,
                                     .pool = job->pool,
                                     .progress = job->progress};
    WN_TRY(wn_job_plan(job, "the map", wn_project_memory(draw->method, draw->params, &request), err));
    size_t k = draw->method->neighbours ? draw->method->neighbours(draw->params) : 0;
    if (k && request.matrix.rows > 1) {
        const wn_graph_request wanted = {.column = draw->options->embedding, .k = k, .metric = draw->options->metric};
        status = wn_stage_graph(job, draw->workspace, &wanted, &draw->vectors, &graph, err);
        request.graph = &graph.lists;
    }
    if (!status) status = wn_project(draw->method, draw->params, &request, &map, err);
    if (!status) {
        memcpy(draw->points, map.points, map.rows * map.dims * sizeof *map.points);
        out->objective_name = map.objective_name;
        out->objective = map.objective;
        out->iterations = map.iterations;
        for (size_t c = 0; c < map.dims && map.variance; c++) out->share[c] = map.variance[c];
    }
    wn_projection_clear(&map);
    wn_graph_clear(&graph);
    return status;
}

/* The rows that are on the map, or that are not, without gaps. */
static float *gather(const wn_matrix *from, const uint8_t *is_old, bool old, size_t count)
{
    float *rows = wn_alloc(WN_MEMORY_MATRIX, count * from->cols, sizeof *rows);
    for (size_t i = 0, to = 0; rows && i < from->rows; i++)
        if ((is_old[i] != 0) == old)
            memcpy(rows + to++ * from->cols, wn_matrix_row(from, i), from->cols * sizeof *rows);
    return rows;
}

static wn_status place_new(drawing *draw, wn_error *err)
{
    const wn_matrix *all = &draw->vectors.matrix;
    const wn_matrix points = {draw->points, all->rows, draw->dims, draw->dims};
    size_t fresh = all->rows - draw->old_count, dim = all->cols;
    WN_TRY(
        wn_job_plan(draw->job, "placing images on the map", (uint64_t)all->rows * (dim + 8) * 2 * sizeof(float), err));
    float *old_rows = gather(all, draw->is_old, true, draw->old_count);
    float *old_points = gather(&points, draw->is_old, true, draw->old_count);
    float *fresh_rows = gather(all, draw->is_old, false, fresh);
    float *placed = wn_alloc(WN_MEMORY_MATRIX, fresh * draw->dims, sizeof *placed);
    wn_status status = WN_OK;
    const wn_map_place_request request = {.old = {old_rows, draw->old_count, dim, dim},
                                          .points = {old_points, draw->old_count, draw->dims, draw->dims},
                                          .fresh = {fresh_rows, fresh, dim, dim},
                                          .epochs = strcmp(draw->method->name, "umap") == 0 ? PLACE_EPOCHS : 0,
                                          .metric = draw->options->metric,
                                          .seed = draw->job->seed,
                                          .pool = draw->job->pool,
                                          .progress = draw->job->progress};
    if (!old_rows || !old_points || !fresh_rows || !placed)
        status = wn_fail(err, WN_NOMEM, "no memory to place %zu images on the map", fresh);
    else
        status = wn_map_place(&request, placed, err);
    for (size_t i = 0, from = 0; !status && i < all->rows; i++)
        if (!draw->is_old[i])
            memcpy(draw->points + i * draw->dims, placed + from++ * draw->dims, draw->dims * sizeof *placed);
    wn_free(placed);
    wn_free(fresh_rows);
    wn_free(old_points);
    wn_free(old_rows);
    return status;
}

/* The setting goes first and comes last, so that a kill leaves no map that says too much. */
static wn_status store(drawing *draw, const wn_map_stage_result *result, wn_error *err)
{
    wn_workspace_counts counts;
    size_t dims = draw->dims;
    char text[MADE_BYTES + 160];
    WN_TRY(wn_workspace_count(draw->workspace, &counts, err));
    float *points = wn_alloc(WN_MEMORY_MATRIX, (size_t)counts.rows * dims, sizeof *points);
    if (!points) return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < (size_t)counts.rows * dims; i++) points[i] = NAN;
    for (size_t i = 0; i < draw->vectors.rows.len; i++)
        memcpy(points + (size_t)draw->vectors.rows.rows[i] * dims, draw->points + i * dims, dims * sizeof *points);
    snprintf(text, sizeof text, quality_format, draw->made, result->quality.trustworthiness, result->quality.continuity,
             result->quality.recall, result->quality.triplets, result->quality.labels, result->quality.sampled);
    wn_status status = wn_setting_set(draw->workspace, draw->column, "", err);
    if (!status)
        status =
            wn_column_replace(draw->workspace, draw->column, WN_COLUMN_F32, dims, points, (size_t)counts.rows, err);
    if (!status) status = wn_setting_set(draw->workspace, draw->column, text, err);
    wn_free(points);
    return status;
}

/* Categories of the newest set of labels, where there is one for whole images; else *out stays NULL. */
static wn_status load_labels(drawing *draw, int64_t **out, wn_error *err)
{
    wn_annotation_set_record *set = NULL;
    wn_rows rows = {draw->vectors.rows.rows, draw->vectors.rows.len};
    *out = NULL;
    wn_status status = wn_annotation_set_find(draw->workspace, WN_ROLE_LABELS, NULL, &set, err);
    if (status) return status == WN_NOTFOUND ? WN_OK : status;
    if (set->task == WN_TASK_CLASSIFICATION) {
        *out = wn_alloc(WN_MEMORY_GENERAL, rows.len, sizeof **out);
        status = *out ? wn_labels_load(draw->workspace, set->name, rows, *out, err)
                      : wn_fail(err, WN_NOMEM, "out of memory");
    }
    wn_free(set);
    return status;
}

static wn_status measure(drawing *draw, wn_map_stage_result *out, wn_error *err)
{
    int64_t *labels = NULL;
    size_t rows = draw->vectors.rows.len;
    wn_status status = load_labels(draw, &labels, err);
    const wn_map_quality_request request = {.rows = draw->vectors.matrix,
                                            .points = {draw->points, rows, draw->dims, draw->dims},
                                            .labels = labels,
                                            .seed = draw->job->seed,
                                            .pool = draw->job->pool,
                                            .progress = draw->job->progress};
    if (!status) status = wn_map_quality_measure(&request, &out->quality, err);
    wn_free(labels);
    return status;
}

static wn_status draw_map(drawing *draw, wn_map_stage_result *out, wn_error *err)
{
    WN_TRY(prepare(draw, err));
    WN_TRY(wn_vectors_load(draw->job, draw->workspace, draw->options->embedding, &draw->vectors, err));
    size_t rows = draw->vectors.rows.len;
    draw->points = wn_alloc(WN_MEMORY_MATRIX, rows * draw->dims, sizeof *draw->points);
    draw->is_old = wn_calloc(WN_MEMORY_MATRIX, rows, 1);
    if (!draw->points || !draw->is_old) return wn_fail(err, WN_NOMEM, "out of memory");
    WN_TRY(load_old(draw, err));
    size_t fresh = rows - draw->old_count;
    out->rows = (int64_t)rows;
    out->dim = (int64_t)draw->vectors.matrix.cols;
    if (fresh > draw->old_count || !draw->old_count) {
        WN_TRY(draw_all(draw, out, err));
    } else if (fresh) {
        WN_TRY(place_new(draw, err));
        out->placed = (int64_t)fresh;
    }
    WN_TRY(measure(draw, out, err));
    return draw->job->dry_run ? WN_OK : store(draw, out, err);
}

wn_status wn_stage_draw_map(const wn_job *job, wn_workspace *workspace, const wn_map_stage_options *options,
                            wn_map_stage_result *out, wn_error *err)
{
    drawing draw = {.job = job, .workspace = workspace, .options = options, .dims = options->dims ? options->dims : 2};
    *out = (wn_map_stage_result){0};
    wn_status status = draw_map(&draw, out, err);
    wn_free(draw.is_old);
    wn_free(draw.points);
    wn_vectors_clear(&draw.vectors);
    wn_free(draw.params);
    return status;
}
