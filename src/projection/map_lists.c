/* SPDX-License-Identifier: Apache-2.0
 *
 * Neighbour lists of a request.
 */
#include "projection/map_work.h"

#include <math.h>
#include <stdio.h>

#include "base/error.h"

/* A map needs no proof of its neighbours: from so many rows on, nearly all of them do. */
static const wn_index_kind *kind_for(size_t rows)
{
    enum { EXACT_MOST = 20000 };
    return wn_index_kind_choose(rows > EXACT_MOST && rows <= WN_INDEX_EXACT_ROWS ? WN_INDEX_EXACT_ROWS + 1 : rows, 0);
}

wn_status wn_map_lists_get(const wn_projection_request *request, size_t k, wn_map_lists *out, wn_error *err)
{
    size_t rows = request->matrix.rows;
    *out = (wn_map_lists){.rows = rows};
    if (rows < 2) return WN_OK;
    if (k > rows - 1) k = rows - 1;
    if (request->graph) {
        *out = (wn_map_lists){.ids = request->graph->ids,
                              .distances = request->graph->distances,
                              .rows = rows,
                              .k = k < request->graph->k ? k : request->graph->k,
                              .stride = request->graph->k};
        return WN_OK;
    }
    wn_neighbours_request search = {.embeddings = request->matrix,
                                    .k = k,
                                    .metric = request->metric,
                                    .seed = request->seed,
                                    .pool = request->pool,
                                    .progress = request->progress};
    wn_status status = wn_neighbours_find(kind_for(rows), &search, &out->found, err);
    out->ids = out->found.ids;
    out->distances = out->found.distances;
    out->k = out->stride = k;
    return status;
}

void wn_map_lists_clear(wn_map_lists *lists)
{
    wn_neighbours_clear(&lists->found);
    *lists = (wn_map_lists){0};
}

uint64_t wn_map_lists_memory(const wn_projection_request *request, size_t k)
{
    uint64_t rows = request->matrix.rows, dim = request->matrix.cols;
    if (request->graph || rows < 2) return 0;
    if (k > rows - 1) k = rows - 1;
    uint64_t lists = rows * 2 * (k + 1) * (sizeof(int64_t) + sizeof(float));
    if (kind_for((size_t)rows)->exact) return lists + rows * (dim + 48) + (16u << 20);
    /* cells keep rows in bytes twice and as they are, and candidates for each */
    return lists + rows * ((3 + sizeof(float)) * dim + 128 + 8 * (3 * k + 64)) + (64u << 20);
}

size_t wn_map_stride(const wn_projection_request *request)
{
    return request->dims == 3 ? 4 : 2;
}

void wn_map_finish(const float *points, size_t stride, wn_projection *out)
{
    double mean[4] = {0};
    for (size_t i = 0; i < out->rows; i++)
        for (size_t c = 0; c < out->dims; c++) mean[c] += (double)points[i * stride + c];
    for (size_t c = 0; c < out->dims; c++) mean[c] /= (double)out->rows;
    for (size_t i = 0; i < out->rows; i++)
        for (size_t c = 0; c < out->dims; c++)
            out->points[i * out->dims + c] = (float)((double)points[i * stride + c] - mean[c]);
}

bool wn_map_stops(const wn_projection_request *request, size_t done, size_t total, const char *name, double objective)
{
    char note[64];
    wn_progress_report report = {.stage = "map", .unit = "iterations", .done = done, .total = total};
    if (isfinite(objective)) {
        snprintf(note, sizeof note, "%s %.4g", name, objective);
        report.note = note;
    }
    return wn_progress_tell(request->progress, &report);
}
