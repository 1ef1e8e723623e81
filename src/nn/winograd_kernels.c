/* SPDX-License-Identifier: Apache-2.0
 *
 * The plain C version of Winograd's algorithm: the matrices as they stand in the book. Sums run in double precision.
 */
#include "nn/winograd_kernels.h"

#include <string.h>

#include "nn/x86/winograd_init.h"

enum { BLOCK = WN_WINOGRAD_CHANNELS, WINDOW = WN_WINOGRAD_WINDOW, TILE = WN_WINOGRAD_TILE, TAPS = 3 };

/* sqrt(1/2), sqrt(2): the points; their cubes. */
#define NEAR 0.70710678118654752
#define FAR  1.41421356237309505

/* B', A and G: rows are points. */
static const double input_matrix[WINDOW][WINDOW] = {
    {1, 0, -2.5, 0, 1, 0},
    {0, -2 * NEAR, -2, NEAR, 1, 0},
    {0, 2 * NEAR, -2, -NEAR, 1, 0},
    {0, -0.5 * FAR, -0.5, FAR, 1, 0},
    {0, 0.5 * FAR, -0.5, -FAR, 1, 0},
    {0, 1, 0, -2.5, 0, 1},
};
static const double tile_matrix[WINDOW][WINDOW] = {
    {1, 0, 0, 0},         {1, NEAR, 0.5, 0.5 * NEAR}, {1, -NEAR, 0.5, -0.5 * NEAR},
    {1, FAR, 2, 2 * FAR}, {1, -FAR, 2, -2 * FAR},     {0, 0, 0, 1},
};
static const double filter_matrix[WINDOW][WINDOW] = {
    {1, 0, 0},
    {-2.0 / 3, -2.0 / 3 * NEAR, -1.0 / 3},
    {-2.0 / 3, 2.0 / 3 * NEAR, -1.0 / 3},
    {1.0 / 6, FAR / 6, 1.0 / 3},
    {1.0 / 6, -FAR / 6, 1.0 / 3},
    {0, 0, 1},
};

typedef double square[WINDOW][WINDOW];

/* out (6 x 6) = m in m', in of side x side. */
static void spread(const double m[WINDOW][WINDOW], size_t side, square in, square out)
{
    square half = {{0}};
    for (size_t y = 0; y < WINDOW; y++) {
        for (size_t x = 0; x < side; x++) {
            for (size_t k = 0; k < side; k++) half[y][x] += m[y][k] * in[k][x];
        }
    }
    for (size_t y = 0; y < WINDOW; y++) {
        for (size_t x = 0; x < WINDOW; x++) {
            out[y][x] = 0;
            for (size_t k = 0; k < side; k++) out[y][x] += half[y][k] * m[x][k];
        }
    }
}

/* out (side x side) = m' in m, in of 6 x 6. */
static void gather(const double m[WINDOW][WINDOW], size_t side, square in, square out)
{
    square half = {{0}};
    for (size_t y = 0; y < side; y++) {
        for (size_t x = 0; x < WINDOW; x++) {
            for (size_t k = 0; k < WINDOW; k++) half[y][x] += m[k][y] * in[k][x];
        }
    }
    for (size_t y = 0; y < side; y++) {
        for (size_t x = 0; x < side; x++) {
            out[y][x] = 0;
            for (size_t k = 0; k < WINDOW; k++) out[y][x] += half[y][k] * m[k][x];
        }
    }
}

static void put_points(square points, float *out, size_t point)
{
    for (size_t p = 0; p < WN_WINOGRAD_POINTS; p++) out[p * point] = (float)points[p / WINDOW][p % WINDOW];
}

static void get_points(const float *in, size_t point, square points)
{
    for (size_t p = 0; p < WN_WINOGRAD_POINTS; p++) points[p / WINDOW][p % WINDOW] = (double)in[p * point];
}

static float *place_at(const wn_winograd_place *place, size_t c)
{
    return place->panel + c / BLOCK * place->block + c % BLOCK;
}

static void spread_patch(const double m[WINDOW][WINDOW], size_t side, const wn_winograd_patch *patch, size_t channels,
                         const wn_winograd_place *place)
{
    for (size_t c = 0; c < channels; c++) {
        square in = {{0}}, out = {{0}};
        for (size_t y = 0; y < side; y++) {
            for (size_t x = 0; x < side; x++)
                in[y][x] = patch->masks[x] ? (double)patch->rows[y][patch->columns[x] + c] : 0;
        }
        spread(m, side, in, out);
        put_points(out, place_at(place, c), place->point);
    }
}

static void input(const wn_winograd_patch *patch, const wn_winograd_patch *next, size_t channels,
                  const wn_winograd_place *place)
{
    (void)next;
    spread_patch(input_matrix, WINDOW, patch, channels, place);
}

static void gradient(const wn_winograd_patch *patch, const wn_winograd_patch *next, size_t channels,
                     const wn_winograd_place *place)
{
    (void)next;
    spread_patch(tile_matrix, TILE, patch, channels, place);
}

static void output(const wn_winograd_place *place, size_t channels, const wn_winograd_target *target,
                   const wn_winograd_target *next)
{
    (void)next;
    for (size_t c = 0; c < channels; c++) {
        square in, out = {{0}};
        get_points(place_at(place, c), place->point, in);
        gather(tile_matrix, TILE, in, out);
        for (size_t y = 0; y < target->rows; y++) {
            for (size_t x = 0; x < target->columns; x++)
                target->first[y * target->row_step + x * target->column_step + c] = (float)out[y][x];
        }
    }
}

static void filter(const float taps[TAPS * TAPS][BLOCK], float *packed, size_t point)
{
    for (size_t lane = 0; lane < BLOCK; lane++) {
        square in = {{0}}, out = {{0}};
        for (size_t t = 0; t < TAPS * TAPS; t++) in[t / TAPS][t % TAPS] = (double)taps[t][lane];
        spread(filter_matrix, TAPS, in, out);
        put_points(out, packed + lane, point);
    }
}

static void unfilter(const float *packed, size_t point, float taps[TAPS * TAPS][BLOCK])
{
    for (size_t lane = 0; lane < BLOCK; lane++) {
        square in, out = {{0}};
        get_points(packed + lane, point, in);
        gather(filter_matrix, TAPS, in, out);
        for (size_t t = 0; t < TAPS * TAPS; t++) taps[t][lane] = (float)out[t / TAPS][t % TAPS];
    }
}

static void multiply(const float *a, const float *b, float *c, size_t block, size_t rows, size_t depth, size_t cols)
{
    for (size_t n = 0; n < cols; n++) {
        for (size_t r = 0; r < rows; r++) {
            double sum = 0;
            for (size_t k = 0; k < depth; k++)
                sum += (double)a[k / BLOCK * block + r * BLOCK + k % BLOCK] *
                       (double)b[(n / BLOCK * depth + k) * BLOCK + n % BLOCK];
            c[n / BLOCK * block + r * BLOCK + n % BLOCK] = (float)sum;
        }
    }
}

static void accumulate(const float *a, const float *b, float *c, size_t block, size_t rows, size_t channels_a,
                       size_t channels_b, bool add)
{
    for (size_t n = 0; n < channels_b; n++) {
        for (size_t m = 0; m < channels_a; m++) {
            float *to = c + (n / BLOCK * channels_a + m) * BLOCK + n % BLOCK;
            double sum = add ? (double)*to : 0;
            for (size_t r = 0; r < rows; r++)
                sum += (double)a[m / BLOCK * block + r * BLOCK + m % BLOCK] *
                       (double)b[n / BLOCK * block + r * BLOCK + n % BLOCK];
            *to = (float)sum;
        }
    }
}

void wn_winograd_kernels_init(wn_winograd_kernels *out, wn_cpu level)
{
    *out = (wn_winograd_kernels){.name = "winograd:c",
                                 .input = input,
                                 .gradient = gradient,
                                 .output = output,
                                 .filter = filter,
                                 .unfilter = unfilter,
                                 .multiply = multiply,
                                 .accumulate = accumulate};
#if defined(__x86_64__)
    if (level >= WN_CPU_AVX2) wn_winograd_fill_avx2(out);
#else
    (void)level;
#endif
}
