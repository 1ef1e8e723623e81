/* SPDX-License-Identifier: Apache-2.0
 *
 * Blocks of rows against packed centres: the C reference, which is the definition of correct, and the choice of
 * level. Float sums run in double; integer ones are exact.
 */
#include "num/tile.h"

#include <math.h>

#include "num/bf16.h"
#include "num/x86/tile_init.h"

#define IDENTITY(value) (value)

/* Norm of a padding column: above any distance, and a row norm added to it still fits int32. */
#define PADDING_NORM_S8 (1 << 30)

/* Packing of one element type into panels of `step` dimensions; a norm is the sum of squares of what was packed. */
#define DEFINE_PACK(type, element, step, norm, sum, load, padding_norm)                                                \
    static void pack_##type(const element *centres, size_t stride, const uint32_t *index, size_t n, size_t dim,        \
                            element *panels, norm *norms)                                                              \
    {                                                                                                                  \
        size_t padded_dim = (dim + (step)-1) / (step) * (step);                                                        \
        for (size_t c = 0; c < wn_tile_padded(n); c++) {                                                               \
            element *panel = panels + c / WN_TILE_WIDTH * WN_TILE_WIDTH * padded_dim + c % WN_TILE_WIDTH * (step);     \
            const element *centre = c < n ? centres + (index ? index[c] : c) * stride : NULL;                          \
            sum total = 0;                                                                                             \
            for (size_t k = 0; k < padded_dim; k++) {                                                                  \
                element value = (element)(centre && k < dim ? centre[k] : 0);                                          \
                panel[k / (step)*WN_TILE_WIDTH * (step) + k % (step)] = value;                                         \
                total += (sum)load(value) * (sum)load(value);                                                          \
            }                                                                                                          \
            if (norms) norms[c] = centre ? (norm)total : (padding_norm);                                               \
        }                                                                                                              \
    }

DEFINE_PACK(f32_c, float, 1, float, double, IDENTITY, INFINITY)
DEFINE_PACK(bf16_c, uint16_t, 2, float, double, wn_bf16_to_float, INFINITY)
DEFINE_PACK(columns_s8, int8_t, 4, int32_t, int32_t, IDENTITY, PADDING_NORM_S8)

/* Address of element (c, k) of the panels. */
static size_t panel_at(size_t c, size_t k, size_t dim, size_t step)
{
    size_t padded_dim = (dim + step - 1) / step * step;
    return c / WN_TILE_WIDTH * WN_TILE_WIDTH * padded_dim + k / step * WN_TILE_WIDTH * step + c % WN_TILE_WIDTH * step +
           k % step;
}

static double dot_value_f32(const wn_tile_f32 *tile, size_t row, size_t c)
{
    const float *x = tile->rows + row * tile->stride;
    double total = 0;
    for (size_t k = 0; k < tile->dim; k++) {
        total += (double)x[k] * (double)tile->panels[panel_at(c, k, tile->dim, 1)];
    }
    return total;
}

static double dot_value_bf16(const wn_tile_bf16 *tile, size_t row, size_t c)
{
    const uint16_t *x = tile->rows + row * tile->stride;
    double total = 0;
    for (size_t k = 0; k < tile->dim; k++) {
        total += (double)wn_bf16_to_float(x[k]) * (double)wn_bf16_to_float(tile->panels[panel_at(c, k, tile->dim, 2)]);
    }
    return total;
}

static int32_t dot_value_u8s8(const wn_tile_u8s8 *tile, size_t row, size_t c)
{
    const uint8_t *x = tile->rows + row * tile->stride;
    int32_t total = tile->panel_bias[c];
    for (size_t k = 0; k < tile->dim; k++) total += x[k] * tile->panels[panel_at(c, k, tile->dim, 4)];
    return total;
}

/* The three uses of the dot product of one element type; `sum` is the type it comes in. A NaN passes the comparison
 * with 0 unchanged and is never less than the best. */
#define DEFINE_USES(type, value, sum)                                                                                  \
    static void dot_##type##_c(const wn_tile_##type *tile, value *out, size_t out_stride)                              \
    {                                                                                                                  \
        for (size_t i = 0; i < tile->m; i++) {                                                                         \
            size_t row = tile->index ? tile->index[i] : i;                                                             \
            for (size_t c = 0; c < tile->n; c++) out[i * out_stride + c] = (value)dot_value_##type(tile, row, c);      \
        }                                                                                                              \
    }                                                                                                                  \
    static value distance_##type(const wn_tile_##type *tile, size_t row, size_t c)                                     \
    {                                                                                                                  \
        sum total = (sum)tile->row_norms[row] + (sum)tile->panel_norms[c] - 2 * dot_value_##type(tile, row, c);        \
        return (value)(total < 0 ? 0 : total);                                                                         \
    }                                                                                                                  \
    static void l2sq_##type##_c(const wn_tile_##type *tile, value *out, size_t out_stride)                             \
    {                                                                                                                  \
        for (size_t i = 0; i < tile->m; i++) {                                                                         \
            size_t row = tile->index ? tile->index[i] : i;                                                             \
            for (size_t c = 0; c < tile->n; c++) out[i * out_stride + c] = distance_##type(tile, row, c);              \
        }                                                                                                              \
    }                                                                                                                  \
    static void nearest_##type##_c(const wn_tile_##type *tile, uint32_t first, value *best, uint32_t *arg)             \
    {                                                                                                                  \
        for (size_t i = 0; i < tile->m; i++) {                                                                         \
            size_t row = tile->index ? tile->index[i] : i;                                                             \
            for (size_t c = 0; c < tile->n; c++) {                                                                     \
                value distance = distance_##type(tile, row, c);                                                        \
                if (!(distance < best[row])) continue;                                                                 \
                best[row] = distance;                                                                                  \
                if (arg) arg[row] = first + (uint32_t)c;                                                               \
            }                                                                                                          \
        }                                                                                                              \
    }

DEFINE_USES(f32, float, double)
DEFINE_USES(bf16, float, double)
DEFINE_USES(u8s8, int32_t, int32_t)

static void dot_s16_c(const wn_tile_s16 *tile, int32_t *out, size_t out_stride)
{
    for (size_t i = 0; i < tile->m; i++) {
        const int16_t *x = tile->rows + (tile->index ? tile->index[i] : i) * tile->stride;
        for (size_t c = 0; c < tile->n; c++) {
            int64_t total = 0;
            for (size_t k = 0; k < tile->dim; k++) total += x[k] * tile->panels[panel_at(c, k, tile->dim, 2)];
            out[i * out_stride + c] = (int32_t)(uint32_t)total;
        }
    }
}

static size_t hits_u8s8_c(const wn_tile_u8s8 *tile, const wn_tile_wanted *wanted, wn_tile_hit *hits)
{
    size_t count = 0;
    for (size_t i = 0; i < tile->m; i++) {
        size_t row = tile->index ? tile->index[i] : i;
        for (size_t c = 0; c < tile->n; c++) {
            int32_t score = dot_value_u8s8(tile, row, c), other = wanted->centre_least[c] + wanted->row_shift[i];
            if (score >= wanted->row_least[i] || score >= other)
                hits[count++] = (wn_tile_hit){(uint32_t)i, (uint32_t)c, score};
        }
    }
    return count;
}

static void pack_s8_c(const int8_t *centres, size_t stride, const uint32_t *index, size_t n, size_t dim, int32_t zero,
                      int8_t *panels, int32_t *bias, int32_t *norms)
{
    pack_columns_s8(centres, stride, index, n, dim, panels, norms);
    for (size_t c = 0; c < wn_tile_padded(n); c++) {
        const int8_t *centre = c < n ? centres + (index ? index[c] : c) * stride : NULL;
        int32_t total = 0;
        for (size_t k = 0; centre && k < dim; k++) total += centre[k];
        bias[c] = -zero * total;
    }
}

void wn_tile_kernels_init(wn_tile_kernels *kernels, wn_cpu level)
{
#define X(field, signature) kernels->field = field##_c;
    WN_TILE_MAP(X)
#undef X
    tile_init_x86(kernels, level);
}
