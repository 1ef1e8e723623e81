/* SPDX-License-Identifier: Apache-2.0
 *
 * The plain C version of Winograd's algorithm: the matrices as they stand in the book. Sums run in double precision.
 */
#include "nn/winograd_kernels.h"

#include <string.h>

#include "nn/x86/winograd_init.h"
#include "num/bf16.h"

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

/* ---- numbers ---- */

static double get_float(const void *from, size_t i)
{
    return (double)((const float *)from)[i];
}

static double get_bf16(const void *from, size_t i)
{
    return (double)wn_bf16_to_float(((const uint16_t *)from)[i]);
}

static void put_float(void *to, size_t i, double value)
{
    ((float *)to)[i] = (float)value;
}

static void put_bf16(void *to, size_t i, double value)
{
    ((uint16_t *)to)[i] = wn_bf16_from_float((float)value);
}

typedef struct numbers {
    size_t element;
    double (*get)(const void *from, size_t i);
    void (*put)(void *to, size_t i, double value);
} numbers;

static const numbers fp32 = {sizeof(float), get_float, put_float}, bf16 = {sizeof(uint16_t), get_bf16, put_bf16};

/* Number i of row r of a panel or of packed filters, whose blocks have `rows`; rows that share 32 bits are pairs. */
static double get_operand(const numbers *n, const void *panel, size_t rows, size_t r, size_t i, bool pairs)
{
    const char *block = (const char *)panel + i / BLOCK * rows * BLOCK * n->element;
    return pairs ? n->get(block, r / 2 * 2 * BLOCK + i % BLOCK * 2 + r % 2) : n->get(block, r * BLOCK + i % BLOCK);
}

/* ---- transforms ---- */

static void put_points(const numbers *n, square points, const wn_winograd_place *place, size_t c)
{
    for (size_t p = 0; p < WN_WINOGRAD_POINTS; p++) {
        char *row = place->panel + p * place->point + c / BLOCK * place->block;
        double value = points[p / WINDOW][p % WINDOW];
        size_t i = c % BLOCK;
        if (place->form == WN_WINOGRAD_ROW) {
            n->put(row, i, value);
            continue;
        }
        if (place->form == WN_WINOGRAD_FIRST) n->put(row, 2 * i + 1, 0);
        n->put(row, 2 * i + (place->form == WN_WINOGRAD_SECOND), value);
    }
}

static void spread_patch(const numbers *n, const double m[WINDOW][WINDOW], size_t side, const wn_winograd_patch *patch,
                         size_t channels, const wn_winograd_place *place)
{
    for (size_t c = 0; c < channels; c++) {
        square in = {{0}}, out = {{0}};
        for (size_t y = 0; y < side; y++) {
            for (size_t x = 0; x < side; x++)
                in[y][x] = patch->masks[x] ? n->get(patch->rows[y] + patch->columns[x], c) : 0;
        }
        spread(m, side, in, out);
        put_points(n, out, place, c);
    }
}

static void gather_place(const numbers *n, const wn_winograd_place *place, size_t channels,
                         const wn_winograd_target *target)
{
    for (size_t c = 0; c < channels; c++) {
        square in, out = {{0}};
        for (size_t p = 0; p < WN_WINOGRAD_POINTS; p++)
            in[p / WINDOW][p % WINDOW] =
                get_float(place->panel + p * place->point + c / BLOCK * place->block, c % BLOCK);
        gather(tile_matrix, TILE, in, out);
        for (size_t y = 0; y < target->rows; y++) {
            for (size_t x = 0; x < target->columns; x++)
                n->put(target->first + y * target->row_step + x * target->column_step, c, out[y][x]);
        }
    }
}

static void spread_filter(const numbers *n, const float taps[TAPS * TAPS][BLOCK], const wn_winograd_place *place)
{
    for (size_t lane = 0; lane < BLOCK; lane++) {
        square in = {{0}}, out = {{0}};
        for (size_t t = 0; t < TAPS * TAPS; t++) in[t / TAPS][t % TAPS] = (double)taps[t][lane];
        spread(filter_matrix, TAPS, in, out);
        put_points(n, out, place, lane);
    }
}

static void unfilter(const float *points, float taps[TAPS * TAPS][BLOCK])
{
    for (size_t lane = 0; lane < BLOCK; lane++) {
        square in, out = {{0}};
        for (size_t p = 0; p < WN_WINOGRAD_POINTS; p++) in[p / WINDOW][p % WINDOW] = (double)points[p * BLOCK + lane];
        gather(filter_matrix, TAPS, in, out);
        for (size_t t = 0; t < TAPS * TAPS; t++) taps[t][lane] = (float)out[t / TAPS][t % TAPS];
    }
}

/* ---- products ---- */

static void multiply_panel(const numbers *n, const void *a, const void *b, float *c, size_t block, size_t rows,
                           size_t depth, size_t cols)
{
    const bool pairs = n == &bf16;
    for (size_t i = 0; i < cols; i++) {
        for (size_t r = 0; r < rows; r++) {
            double sum = 0;
            for (size_t k = 0; k < depth; k++)
                sum += get_operand(n, a, block, r, k, false) * get_operand(n, b, depth, k, i, pairs);
            c[(i / BLOCK * block + r) * BLOCK + i % BLOCK] = (float)sum;
        }
    }
}

static void accumulate_panels(const numbers *n, const void *a, const void *b, float *c, size_t step, size_t block,
                              size_t rows, size_t channels_a, size_t channels_b, bool add)
{
    const bool pairs = n == &bf16;
    for (size_t i = 0; i < channels_b; i++) {
        for (size_t m = 0; m < channels_a; m++) {
            float *to = c + (i / BLOCK * (channels_a / BLOCK) + m / BLOCK) * step + m % BLOCK * BLOCK + i % BLOCK;
            double sum = add ? (double)*to : 0;
            for (size_t r = 0; r < rows; r++)
                sum += get_operand(n, a, block, r, m, pairs) * get_operand(n, b, block, r, i, pairs);
            *to = (float)sum;
        }
    }
}

/* ---- the tables ---- */

/* The kernels of one kind of numbers. */
#define KERNELS(kind)                                                                                                  \
    static void input_##kind(const wn_winograd_patch *patch, const wn_winograd_patch *next, size_t channels,           \
                             const wn_winograd_place *place)                                                           \
    {                                                                                                                  \
        (void)next;                                                                                                    \
        spread_patch(&kind, input_matrix, WINDOW, patch, channels, place);                                             \
    }                                                                                                                  \
    static void gradient_##kind(const wn_winograd_patch *patch, const wn_winograd_patch *next, size_t channels,        \
                                const wn_winograd_place *place)                                                        \
    {                                                                                                                  \
        (void)next;                                                                                                    \
        spread_patch(&kind, tile_matrix, TILE, patch, channels, place);                                                \
    }                                                                                                                  \
    static void output_##kind(const wn_winograd_place *place, size_t channels, const wn_winograd_target *target,       \
                              const wn_winograd_target *next)                                                          \
    {                                                                                                                  \
        (void)next;                                                                                                    \
        gather_place(&kind, place, channels, target);                                                                  \
    }                                                                                                                  \
    static void filter_##kind(const float taps[TAPS * TAPS][BLOCK], const wn_winograd_place *place)                    \
    {                                                                                                                  \
        spread_filter(&kind, taps, place);                                                                             \
    }                                                                                                                  \
    static void multiply_##kind(const void *a, const void *b, float *c, size_t block, size_t rows, size_t depth,       \
                                size_t cols)                                                                           \
    {                                                                                                                  \
        multiply_panel(&kind, a, b, c, block, rows, depth, cols);                                                      \
    }                                                                                                                  \
    static void accumulate_##kind(const void *a, const void *b, float *c, size_t step, size_t block, size_t rows,      \
                                  size_t channels_a, size_t channels_b, bool add)                                      \
    {                                                                                                                  \
        accumulate_panels(&kind, a, b, c, step, block, rows, channels_a, channels_b, add);                             \
    }                                                                                                                  \
    static const wn_winograd_kernels kind##_kernels = {.name = "winograd:c",                                           \
                                                       .element = sizeof(kind##_number),                               \
                                                       .together = sizeof(float) / sizeof(kind##_number),              \
                                                       .input = input_##kind,                                          \
                                                       .gradient = gradient_##kind,                                    \
                                                       .output = output_##kind,                                        \
                                                       .filter = filter_##kind,                                        \
                                                       .unfilter = unfilter,                                           \
                                                       .multiply = multiply_##kind,                                    \
                                                       .accumulate = accumulate_##kind}

typedef float fp32_number;
typedef uint16_t bf16_number;
KERNELS(fp32);
KERNELS(bf16);

void wn_winograd_kernels_init(wn_winograd_kernels *out, wn_cpu level, bool in_bf16)
{
    *out = in_bf16 ? bf16_kernels : fp32_kernels;
#if defined(__x86_64__)
    if (in_bf16 && level >= WN_CPU_AVX512BF16) wn_winograd_fill_bf16_avx512bf16(out);
    if (!in_bf16 && level >= WN_CPU_AVX2) wn_winograd_fill_f32_avx2(out);
#else
    (void)level;
#endif
}
