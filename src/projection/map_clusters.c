/* SPDX-License-Identifier: Apache-2.0
 *
 * Groups of a map as hills of its density on a grid.
 */
#include "winnow/map_clusters.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

enum { SIDE_FLAT = 160, SIDE_DEEP = 48, BLURS = 3 };

/* A hill is one of its own from this ratio of its top to its pass on; and from this share of the points. */
static const double least_rise = 1.4, least_share = 1.0 / 200;

typedef struct grid {
    size_t side, dims, cells;
    float *density;   /* cells */
    uint32_t *order;  /* cells, densest first; only those that are not empty */
    int32_t *hill;    /* cells: number of its hill, -1 = not seen yet */
    size_t len;       /* of order */
    uint32_t *parent; /* hills, as a forest: the hill that it belongs to */
    float *top;       /* hills */
    size_t hills;
    double low[3], scale;
    size_t points;
} grid;

void wn_map_clusters_clear(wn_map_clusters *clusters)
{
    wn_free(clusters->codes);
    wn_free(clusters->sizes);
    wn_free(clusters->typical);
    *clusters = (wn_map_clusters){0};
}

static void clear_grid(grid *g)
{
    wn_free(g->density);
    wn_free(g->order);
    wn_free(g->hill);
    wn_free(g->parent);
    wn_free(g->top);
}

static bool is_finite(const float *point, size_t dims)
{
    for (size_t c = 0; c < dims; c++)
        if (!isfinite(point[c])) return false;
    return true;
}

static size_t cell_of(const grid *g, const float *point)
{
    size_t cell = 0;
    for (size_t c = 0; c < g->dims; c++) {
        double place = ((double)point[c] - g->low[c]) * g->scale;
        size_t at = place > 0 ? (size_t)place : 0;
        cell = cell * g->side + (at < g->side ? at : g->side - 1);
    }
    return cell;
}

/* Counts points; the cells around the map are left free for the blur. Returns the width of the blur, cells. */
static size_t count_points(const wn_matrix *points, grid *g)
{
    double low[3] = {INFINITY, INFINITY, INFINITY}, high[3] = {-INFINITY, -INFINITY, -INFINITY}, span = 0;
    double sum[3] = {0}, squares[3] = {0}, spread = 0;
    for (size_t i = 0; i < points->rows; i++) {
        const float *point = wn_matrix_row(points, i);
        if (!is_finite(point, g->dims)) continue;
        g->points++;
        for (size_t c = 0; c < g->dims; c++) {
            low[c] = fmin(low[c], (double)point[c]), high[c] = fmax(high[c], (double)point[c]);
            sum[c] += (double)point[c], squares[c] += (double)point[c] * (double)point[c];
        }
    }
    if (!g->points) return 1;
    for (size_t c = 0; c < g->dims; c++) {
        double mean = sum[c] / (double)g->points;
        span = fmax(span, high[c] - low[c]);
        spread += fmax(0, squares[c] / (double)g->points - mean * mean) / (double)g->dims;
    }
    double margin = (double)g->side / 10;
    g->scale = span > 0 ? ((double)g->side - 2 * margin) / span : 0;
    for (size_t c = 0; c < g->dims; c++)
        g->low[c] = (low[c] + high[c]) / 2 - (g->scale > 0 ? (double)g->side / 2 / g->scale : 0);
    for (size_t i = 0; i < points->rows; i++) {
        const float *point = wn_matrix_row(points, i);
        if (is_finite(point, g->dims)) g->density[cell_of(g, point)]++;
    }
    double width = 0.35 * sqrt(spread) * g->scale * pow((double)g->points, -1.0 / 6);
    return (size_t)fmax(1, fmin(margin / BLURS, width + 0.5));
}

/* The mean over 2 r + 1 cells along one axis, in place of each line of cells. */
static void blur_axis(grid *g, size_t stride, size_t r, float *line)
{
    for (size_t start = 0; start < g->cells; start++) {
        if (start / stride % g->side != 0) continue;
        double sum = 0;
        for (size_t i = 0; i < g->side; i++) line[i] = g->density[start + i * stride];
        for (size_t i = 0; i < r; i++) sum += (double)line[i];
        for (size_t i = 0; i < g->side; i++) {
            if (i + r < g->side) sum += (double)line[i + r];
            if (i > r) sum -= (double)line[i - r - 1];
            g->density[start + i * stride] = (float)fmax(0, sum / (double)(2 * r + 1));
        }
    }
}

static void blur(grid *g, size_t r)
{
    float line[SIDE_FLAT];
    for (int pass = 0; pass < BLURS; pass++) {
        size_t stride = 1;
        for (size_t c = 0; c < g->dims; c++, stride *= g->side) blur_axis(g, stride, r, line);
    }
}

typedef struct ranked {
    float density;
    uint32_t cell;
} ranked;

static int compare_ranked(const void *left, const void *right)
{
    const ranked *a = left, *b = right;
    if (a->density != b->density) return a->density > b->density ? -1 : 1;
    return (a->cell > b->cell) - (a->cell < b->cell);
}

static wn_status sort_cells(grid *g, wn_error *err)
{
    ranked *all = wn_alloc(WN_MEMORY_MATRIX, g->cells, sizeof *all);
    if (!all) return wn_fail(err, WN_NOMEM, "no memory for the groups of a map");
    for (size_t cell = 0; cell < g->cells; cell++)
        if (g->density[cell] > 1e-6f) all[g->len++] = (ranked){g->density[cell], (uint32_t)cell};
    qsort(all, g->len, sizeof *all, compare_ranked);
    for (size_t i = 0; i < g->len; i++) g->order[i] = all[i].cell;
    wn_free(all);
    return WN_OK;
}

static uint32_t root_of(grid *g, uint32_t hill)
{
    while (g->parent[hill] != hill) hill = g->parent[hill] = g->parent[g->parent[hill]];
    return hill;
}

/* Hills of the cells around that were seen, the highest first joined with those that do not rise enough above here. */
static int32_t climb(grid *g, uint32_t cell)
{
    uint32_t around[27], highest = 0;
    size_t count = 0, place[3] = {0}, rest = cell, all = g->dims == 3 ? 27 : 9;
    for (size_t c = g->dims; c-- > 0; rest /= g->side) place[c] = rest % g->side;
    for (size_t n = 0; n < all; n++) {
        size_t other = 0, code = n;
        bool inside = true;
        for (size_t c = 0; c < g->dims; c++, code /= 3) {
            size_t at = place[c] + code % 3;
            inside = inside && at >= 1 && at <= g->side;
            other = other * g->side + at - 1;
        }
        if (inside && g->hill[other] >= 0) around[count++] = root_of(g, (uint32_t)g->hill[other]);
    }
    if (!count) return -1;
    highest = around[0];
    for (size_t i = 1; i < count; i++)
        if (g->top[around[i]] > g->top[highest] || (g->top[around[i]] == g->top[highest] && around[i] < highest))
            highest = around[i];
    for (size_t i = 0; i < count; i++)
        if (around[i] != highest && (double)g->top[around[i]] < least_rise * (double)g->density[cell])
            g->parent[around[i]] = highest;
    return (int32_t)highest;
}

static void find_hills(grid *g)
{
    for (size_t i = 0; i < g->cells; i++) g->hill[i] = -1;
    for (size_t i = 0; i < g->len; i++) {
        uint32_t cell = g->order[i];
        int32_t hill = climb(g, cell);
        if (hill < 0) {
            hill = (int32_t)g->hills++;
            g->parent[hill] = (uint32_t)hill;
            g->top[hill] = g->density[cell];
        }
        g->hill[cell] = hill;
    }
}

typedef struct counted {
    size_t size;
    uint32_t hill;
} counted;

static int compare_counted(const void *left, const void *right)
{
    const counted *a = left, *b = right;
    if (a->size != b->size) return a->size > b->size ? -1 : 1;
    return (a->hill > b->hill) - (a->hill < b->hill);
}

/* Codes of the rows: hills by size, as far as they are large enough. */
static wn_status name_groups(const wn_map_clusters_request *request, grid *g, wn_map_clusters *out, wn_error *err)
{
    counted *all = wn_calloc(WN_MEMORY_MATRIX, g->hills + 1, sizeof *all);
    int32_t *code_of = wn_alloc(WN_MEMORY_MATRIX, g->hills + 1, sizeof *code_of);
    if (!all || !code_of) {
        wn_free(all);
        wn_free(code_of);
        return wn_fail(err, WN_NOMEM, "no memory for the groups of a map");
    }
    for (size_t i = 0; i < request->points.rows; i++) {
        const float *point = wn_matrix_row(&request->points, i);
        int32_t hill = is_finite(point, g->dims) ? g->hill[cell_of(g, point)] : -1;
        out->codes[i] = hill >= 0 ? (int32_t)root_of(g, (uint32_t)hill) : -1;
        if (hill >= 0) all[out->codes[i]].size++;
    }
    for (uint32_t h = 0; h < g->hills; h++) all[h].hill = h, code_of[h] = -1;
    qsort(all, g->hills, sizeof *all, compare_counted);
    while (out->count < g->hills && out->count < request->most && all[out->count].size &&
           (double)all[out->count].size >= least_share * (double)g->points) {
        out->sizes[out->count] = all[out->count].size;
        code_of[all[out->count].hill] = (int32_t)out->count;
        out->count++;
    }
    for (size_t i = 0; i < request->points.rows; i++)
        if (out->codes[i] >= 0) out->codes[i] = code_of[out->codes[i]];
    wn_free(all);
    wn_free(code_of);
    return WN_OK;
}

/* 1 / length, so that long rows do not outweigh; points are taken as they are. */
static double scale_of(const float *row, size_t dim, bool unit)
{
    double squares = 0;
    if (!unit) return 1;
    for (size_t c = 0; c < dim; c++) squares += (double)row[c] * (double)row[c];
    return squares > 0 ? 1 / sqrt(squares) : 0;
}

static wn_status find_typical(const wn_map_clusters_request *request, wn_map_clusters *out, wn_error *err)
{
    bool unit = request->rows.data != NULL;
    const wn_matrix *from = unit ? &request->rows : &request->points;
    size_t dim = from->cols;
    double *means = wn_calloc(WN_MEMORY_MATRIX, (out->count + 1) * (dim + 1), sizeof *means);
    if (!means) return wn_fail(err, WN_NOMEM, "no memory for the groups of a map");
    for (size_t i = 0; i < from->rows; i++) {
        if (out->codes[i] < 0) continue;
        const float *row = wn_matrix_row(from, i);
        double *mean = means + (size_t)out->codes[i] * dim, scale = scale_of(row, dim, unit);
        for (size_t c = 0; c < dim; c++) mean[c] += scale * (double)row[c] / (double)out->sizes[out->codes[i]];
    }
    double *nearest = means + (out->count + 1) * dim;
    for (size_t group = 0; group < out->count; group++) nearest[group] = INFINITY;
    for (size_t i = 0; i < from->rows; i++) {
        if (out->codes[i] < 0) continue;
        const float *row = wn_matrix_row(from, i);
        const double *mean = means + (size_t)out->codes[i] * dim;
        double scale = scale_of(row, dim, unit), far = 0;
        for (size_t c = 0; c < dim; c++) far += (scale * (double)row[c] - mean[c]) * (scale * (double)row[c] - mean[c]);
        if (far < nearest[out->codes[i]]) nearest[out->codes[i]] = far, out->typical[out->codes[i]] = i;
    }
    wn_free(means);
    return WN_OK;
}

static wn_status find_groups(const wn_map_clusters_request *request, grid *g, wn_map_clusters *out, wn_error *err)
{
    g->density = wn_calloc(WN_MEMORY_MATRIX, g->cells, sizeof *g->density);
    g->order = wn_alloc(WN_MEMORY_MATRIX, g->cells, sizeof *g->order);
    g->hill = wn_alloc(WN_MEMORY_MATRIX, g->cells, sizeof *g->hill);
    g->parent = wn_alloc(WN_MEMORY_MATRIX, g->cells, sizeof *g->parent);
    g->top = wn_alloc(WN_MEMORY_MATRIX, g->cells, sizeof *g->top);
    out->codes = wn_alloc(WN_MEMORY_MATRIX, request->points.rows + 1, sizeof *out->codes);
    out->sizes = wn_calloc(WN_MEMORY_MATRIX, request->most + 1, sizeof *out->sizes);
    out->typical = wn_calloc(WN_MEMORY_MATRIX, request->most + 1, sizeof *out->typical);
    if (!g->density || !g->order || !g->hill || !g->parent || !g->top || !out->codes || !out->sizes || !out->typical)
        return wn_fail(err, WN_NOMEM, "no memory for the groups of a map");
    size_t width = count_points(&request->points, g);
    blur(g, width);
    WN_TRY(sort_cells(g, err));
    find_hills(g);
    WN_TRY(name_groups(request, g, out, err));
    return find_typical(request, out, err);
}

wn_status wn_map_clusters_find(const wn_map_clusters_request *request, wn_map_clusters *out, wn_error *err)
{
    size_t dims = request->points.cols, side = dims == 3 ? SIDE_DEEP : SIDE_FLAT;
    *out = (wn_map_clusters){0};
    if (dims < 2 || dims > 3)
        return wn_fail(err, WN_INVALID, "groups are found on a map of 2 or 3 dimensions, not of %zu", dims);
    if (request->rows.data && request->rows.rows != request->points.rows)
        return wn_fail(err, WN_INVALID, "the map has %zu points, the embeddings have %zu rows", request->points.rows,
                       request->rows.rows);
    grid g = {.side = side, .dims = dims, .cells = dims == 3 ? side * side * side : side * side};
    wn_status status = find_groups(request, &g, out, err);
    clear_grid(&g);
    if (status) wn_map_clusters_clear(out);
    return status;
}
