/* SPDX-License-Identifier: Apache-2.0
 *
 * Reference of the spline kernels.
 */
#include "num/splines.h"

#include "num/x86/splines_init.h"

enum { ORDER = WN_SPLINE_ORDER };

/* The values at t in [0, 1) of the six splines that are not 0 there, by the recurrence of Cox and de Boor: those of one
 * degree from those of the degree below. */
static void weigh_nodes(float t, double weights[ORDER])
{
    double at = (double)t;
    weights[0] = 1;
    for (size_t degree = 1; degree < ORDER; degree++) {
        double per = 1 / (double)degree, before = 0;
        for (size_t i = 0; i <= degree; i++) {
            double here = i < degree ? weights[i] : 0, rest = (double)(degree - i);
            weights[i] = per * ((at + rest) * before + ((double)i + 1 - at) * here);
            before = here;
        }
    }
}

/* The first of a point's nodes, and their weights. */
static size_t place_point(const wn_spline_grid *grid, const float *point, double x[ORDER], double y[ORDER])
{
    float tx, ty;
    size_t left = wn_spline_cell(grid, point[0], 0, &tx) - WN_SPLINE_BEFORE;
    size_t top = wn_spline_cell(grid, point[1], 1, &ty) - WN_SPLINE_BEFORE;
    weigh_nodes(tx, x), weigh_nodes(ty, y);
    return top * grid->nodes + left;
}

static void spread(const wn_spline_grid *grid, const float *points, const uint32_t *rows, size_t n, float *charges)
{
    for (size_t i = 0; i < n; i++) {
        double x[ORDER], y[ORDER];
        float *to = charges + place_point(grid, points + (size_t)rows[i] * 2, x, y);
        for (size_t a = 0; a < ORDER; a++, to += grid->nodes)
            for (size_t b = 0; b < ORDER; b++) to[b] += (float)(y[a] * x[b]);
    }
}

static double gather(const wn_spline_grid *grid, const float *points, const uint32_t *rows, size_t n,
                     const float *const fields[WN_SPLINE_FIELDS], float *forces)
{
    double total = 0;
    for (size_t i = 0; i < n; i++) {
        double x[ORDER], y[ORDER], value[WN_SPLINE_FIELDS] = {0};
        size_t row = rows[i], node = place_point(grid, points + row * 2, x, y);
        for (size_t f = 0; f < WN_SPLINE_FIELDS; f++)
            for (size_t a = 0; a < ORDER; a++)
                for (size_t b = 0; b < ORDER; b++)
                    value[f] += y[a] * x[b] * (double)fields[f][node + a * grid->nodes + b];
        total += value[0];
        forces[row * 2] = (float)value[1], forces[row * 2 + 1] = (float)value[2];
    }
    return total;
}

void wn_splines_kernels_init(wn_splines_kernels *kernels, wn_cpu level)
{
#define X(field, signature) kernels->field = field;
    WN_SPLINES_MAP(X)
#undef X
    splines_init_x86(kernels, level);
}
