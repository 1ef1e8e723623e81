/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the points of a map start: at their principal components, which keep the large shape of the data and are the
 * same at every run (Kobak and Linderman, "Initialization is critical ...", 2021), or at random.
 */
#include <math.h>

#include "base/error.h"
#include "base/rng.h"
#include "projection/map_work.h"
#include "winnow/memory.h"

const char *const wn_map_start_names[] = {"pca", "random", NULL};

static const uint64_t start_salt = 0x51A27;

static float extent_of(const float *points, size_t rows, size_t stride, size_t dims, wn_map_scale scale)
{
    double squares = 0, greatest = 0;
    for (size_t i = 0; i < rows; i++) {
        squares += (double)points[i * stride] * (double)points[i * stride];
        for (size_t c = 0; c < dims; c++) greatest = fmax(greatest, fabs((double)points[i * stride + c]));
    }
    return (float)(scale == WN_MAP_SCALE_DEVIATION ? sqrt(squares / (double)rows) : greatest);
}

/* Principal components into the first columns; the map of the rows that are all alike is all zeros. */
static wn_status place_components(const wn_projection_request *request, size_t stride, float *points, wn_error *err)
{
    wn_projection map = {0};
    wn_projection_request pca = *request;
    const wn_projection_method *method = wn_projection_method_find("pca");
    size_t rows = request->matrix.rows;
    if (pca.dims > pca.matrix.cols) pca.dims = pca.matrix.cols;
    pca.progress = NULL;
    wn_status status = wn_project(method, NULL, &pca, &map, err);
    for (size_t i = 0; !status && i < rows; i++)
        for (size_t c = 0; c < pca.dims; c++) points[i * stride + c] = map.points[i * pca.dims + c];
    wn_projection_clear(&map);
    return status;
}

wn_status wn_map_start_points(const wn_projection_request *request, wn_map_start start, wn_map_scale scale, float size,
                              float *points, wn_error *err)
{
    size_t stride = wn_map_stride(request), rows = request->matrix.rows, dims = request->dims;
    wn_rng rng;
    for (size_t i = 0; i < rows * stride; i++) points[i] = 0;
    if (start != WN_MAP_START_RANDOM) WN_TRY(place_components(request, stride, points, err));
    float extent = extent_of(points, rows, stride, dims, scale);
    if (scale == WN_MAP_SCALE_TIMES) size = extent > 0 ? extent * size : size;
    float factor = extent > 0 ? size / extent : 0, noise = (extent > 0 ? 1e-3f : 1.0f) * size;
    wn_rng_init(&rng, request->seed, start_salt);
    for (size_t i = 0; i < rows; i++)
        for (size_t c = 0; c < dims; c++)
            points[i * stride + c] = points[i * stride + c] * factor + noise * wn_rng_range(&rng, -1, 1);
    return WN_OK;
}
