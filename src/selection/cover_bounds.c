/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of bounds. Where the processor multiplies integers of 16 bits at twice the rate of float32 (AVX-512 VNNI),
 * the rows x, c are rounded to steps, which makes them x', c', and
 *
 *     |x.c - x'.c'| <= |x - x'| |c| + |x'| |c - c'|
 *
 * by Cauchy and Schwarz, with |c| and |x'| at most 1.02: a margin for each row, which is measured, and which both rows
 * of a pair add to their product. Elsewhere the products are float32 and the margin is that of their sums.
 */
#include "selection/cover_bounds.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "num/convert.h"
#include "num/tile.h"
#include "winnow/memory.h"

/* Rows of one piece of work, columns whose products stay in the L2 cache, and columns that are mirrored at once. */
enum { GRAIN = 128, STRIP = 256, MIRROR = 32, LANES = 16 };

/* Products after which a cancelled run ends. */
#define PART_WORK ((size_t)1 << 33)

/* Steps in a length of 1 at most: the square of 1.02 times that fits int32, and with it every product. */
static const float MOST_STEPS = 45000;

typedef union product {
    float f32;
    int32_t s32;
} product;

typedef struct build {
    wn_cover_bounds *table;
    const wn_roster *roster;
    bool narrow; /* products of integers */
    float steps; /* in a length of 1 */
    int16_t *rows16, *panels16;
    float *panels;
    float *greatest;   /* per row: its greatest magnitude */
    float *margins;    /* per row, in units of the table */
    product *products; /* GRAIN x STRIP a worker */
    size_t from;       /* the first row of the part that is filled */
    wn_tile_kernels tile;
    wn_convert_kernels convert;
} build;

/* Rounds a row to steps; the answer is the length of what that takes from it. */
static float round_row(const float *row, float steps, size_t dim, int16_t *out)
{
    float lanes[LANES] = {0}, sum = 0, step = 1 / steps;
    for (size_t k = 0; k < dim; k += LANES) {
        size_t n = dim - k < LANES ? dim - k : LANES;
        float lost[LANES] = {0};
        for (size_t l = 0; l < n; l++) {
            float value = row[k + l] * steps;
            value = value > 32767 ? 32767 : value < -32767 ? -32767 : value;
            int whole = (int)(value + (value > 0 ? 0.5f : -0.5f));
            out[k + l] = (int16_t)whole;
            lost[l] = row[k + l] - (float)whole * step;
        }
        for (size_t l = 0; l < LANES; l++) lanes[l] += lost[l] * lost[l];
    }
    for (size_t l = 0; l < LANES; l++) sum += lanes[l];
    return sqrtf(sum);
}

/* Half of what sums of `dim` float32 products, each rounded by at most 2^-24 of sums that are not above 1.02, can be
 * wrong by where the similarity is measured, and here too if they are not integers. */
static float margin_of_sums(const build *b)
{
    return (b->narrow ? 0x1p-25f : 0x1p-24f) * 1.05f * (float)(b->table->dim + 16);
}

/* Rows [begin, end). */
static void gather_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const build *b = context;
    size_t dim = b->table->dim;
    (void)worker;
    wn_roster_gather(b->roster, b->table->rows + begin, end - begin, b->table->points + begin * dim);
    for (size_t i = begin; i < end; i++) b->greatest[i] = b->convert.max_abs(b->table->points + i * dim, dim);
}

/* Rows [begin, end), which begin a panel. The products of integers are float32 later: 2^-22 is room for that. */
static void prepare_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const build *b = context;
    size_t dim = b->table->dim, n = end - begin;
    const float *points = b->table->points + begin * dim;
    (void)worker;
    for (size_t i = begin; i < end; i++) b->margins[i] = margin_of_sums(b) * WN_COVER_BOUNDS_ONE;
    if (!b->narrow) {
        b->tile.pack_f32(points, dim, NULL, n, dim, b->panels + wn_tile_panel_len(begin, dim, 1), NULL);
        return;
    }
    int16_t *rounded = b->rows16 + begin * dim;
    for (size_t i = 0; i < n; i++) {
        float lost = round_row(points + i * dim, b->steps, dim, rounded + i * dim);
        b->margins[begin + i] += (1.02f * lost + 0x1p-22f) * WN_COVER_BOUNDS_ONE;
    }
    b->tile.pack_bf16((const uint16_t *)rounded, dim, NULL, n, dim,
                      (uint16_t *)b->panels16 + wn_tile_panel_len(begin, dim, 2), NULL);
}

static void multiply(const build *b, size_t begin, size_t m, size_t first, size_t n, product *products)
{
    size_t dim = b->table->dim;
    if (b->narrow) {
        wn_tile_s16 tile = {.rows = b->rows16 + begin * dim,
                            .stride = dim,
                            .m = m,
                            .dim = dim,
                            .panels = b->panels16 + wn_tile_panel_len(first, dim, 2),
                            .n = n};
        b->tile.dot_s16(&tile, &products->s32, STRIP);
    } else {
        wn_tile_f32 tile = {.rows = b->table->points + begin * dim,
                            .stride = dim,
                            .m = m,
                            .dim = dim,
                            .panels = b->panels + wn_tile_panel_len(first, dim, 1),
                            .n = n};
        b->tile.dot_f32(&tile, &products->f32, STRIP);
    }
}

/* The next number that is above; rows that are at most 1 long come nowhere near the limit of 16 bits. */
static int16_t round_up(float value)
{
    return (int16_t)(value > 0 ? (int)value + 1 : 0);
}

/* Products of table row i into the table from column `first` on. */
static void store_bounds(const build *b, const product *products, size_t i, size_t first, size_t n)
{
    int16_t *out = b->table->values + i * b->table->stride + first;
    const float *margins = b->margins + first;
    float margin = b->margins[i], unit = WN_COVER_BOUNDS_ONE;
    if (b->narrow) {
        unit /= b->steps * b->steps;
        for (size_t j = 0; j < n; j++) out[j] = round_up((float)products[j].s32 * unit + (margins[j] + margin));
    } else {
        for (size_t j = 0; j < n; j++) out[j] = round_up(products[j].f32 * unit + (margins[j] + margin));
    }
}

static void mirror(wn_cover_bounds *table, size_t begin, size_t end, size_t first, size_t n)
{
    for (size_t to = first; to < first + n; to += MIRROR) {
        size_t last = to + MIRROR < first + n ? to + MIRROR : first + n;
        for (size_t i = begin; i < end; i++) {
            const int16_t *row = table->values + i * table->stride;
            for (size_t j = to; j < last; j++) table->values[j * table->stride + i] = row[j];
        }
    }
}

/* Table rows [begin, end) from column `begin` on, and their mirror image below. */
static void fill_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const build *b = context;
    wn_cover_bounds *table = b->table;
    begin += b->from;
    end += b->from;
    product *products = b->products + (size_t)worker * GRAIN * STRIP;
    for (size_t first = begin; first < table->len; first += STRIP) {
        size_t n = table->len - first < STRIP ? table->len - first : STRIP;
        multiply(b, begin, end - begin, first, n, products);
        for (size_t i = begin; i < end; i++) store_bounds(b, products + (i - begin) * STRIP, i, first, n);
        size_t from = first < end ? end : first;
        if (from < first + n) mirror(table, begin, end, from, first + n - from);
    }
    for (size_t i = begin; i < end; i++) {
        int16_t *row = table->values + i * table->stride;
        for (size_t j = begin; j < i; j++) row[j] = table->values[j * table->stride + i];
        row[i] = WN_COVER_BOUNDS_ONE;
    }
}

/* In parts of less than a second, after each of which a cancelled run ends. */
static wn_status fill_table(build *b, wn_error *err)
{
    const size_t len = b->table->len, work = len * b->table->dim, part = (PART_WORK / (work * GRAIN) + 1) * GRAIN;
    for (b->from = 0; b->from < len; b->from += part) {
        wn_pool_for(b->roster->request->pool, len - b->from < part ? len - b->from : part, GRAIN, fill_rows, b);
        WN_TRY(wn_roster_tell(b->roster, err));
    }
    return WN_OK;
}

static size_t stride_of(size_t len)
{
    return (len + 31) / 32 * 32;
}

static bool multiplies_narrow(void)
{
    return wn_cpu_level() >= WN_CPU_AVX512VNNI;
}

uint64_t wn_cover_bounds_bytes(size_t len, size_t dim, unsigned threads)
{
    uint64_t rows = multiplies_narrow() ? (uint64_t)len * dim * sizeof(int16_t) : 0;
    uint64_t panel = multiplies_narrow() ? sizeof(int16_t) : sizeof(float);
    return (uint64_t)len * stride_of(len) * sizeof(int16_t) + (uint64_t)len * (dim + 3) * sizeof(float) + rows +
           wn_tile_panel_len(len, dim, 2) * panel + (uint64_t)threads * GRAIN * STRIP * sizeof(product) +
           sizeof(wn_cover_bounds);
}

static bool make_room(build *b)
{
    wn_cover_bounds *table = b->table;
    size_t len = table->len, dim = table->dim, threads = wn_pool_threads(b->roster->request->pool);
    table->rows = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *table->rows);
    table->points = wn_alloc(WN_MEMORY_SELECTION, len * dim, sizeof *table->points);
    table->values = wn_alloc(WN_MEMORY_SELECTION, len * table->stride, sizeof *table->values);
    b->greatest = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *b->greatest);
    b->margins = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *b->margins);
    b->products = wn_alloc(WN_MEMORY_SELECTION, threads * GRAIN * STRIP, sizeof *b->products);
    if (!table->rows || !table->points || !table->values || !b->greatest || !b->margins || !b->products) return false;
    if (!b->narrow) {
        b->panels = wn_alloc(WN_MEMORY_SELECTION, wn_tile_panel_len(len, dim, 1), sizeof *b->panels);
        return b->panels;
    }
    b->rows16 = wn_alloc(WN_MEMORY_SELECTION, len * dim, sizeof *b->rows16);
    b->panels16 = wn_alloc(WN_MEMORY_SELECTION, wn_tile_panel_len(len, dim, 2), sizeof *b->panels16);
    return b->rows16 && b->panels16;
}

wn_status wn_cover_bounds_new(const wn_roster *roster, const uint32_t *rows, size_t len, wn_cover_bounds **out,
                              wn_error *err)
{
    build b = {.roster = roster, .narrow = multiplies_narrow()};
    wn_pool *pool = roster->request->pool;
    wn_status status = WN_OK;
    *out = b.table = wn_calloc(WN_MEMORY_SELECTION, 1, sizeof *b.table);
    if (!b.table) return wn_fail(err, WN_NOMEM, "no memory for a table of %zu x %zu rows", len, len);
    *b.table = (wn_cover_bounds){.len = len, .stride = stride_of(len), .dim = roster->space.matrix.cols};
    if (make_room(&b)) {
        memcpy(b.table->rows, rows, len * sizeof *rows);
        wn_tile_kernels_init(&b.tile, wn_cpu_level());
        wn_convert_kernels_init(&b.convert, wn_cpu_level());
        wn_pool_for(pool, len, WN_TILE_WIDTH, gather_rows, &b);
        b.steps = fminf(MOST_STEPS, 32767 / b.convert.max_abs(b.greatest, len));
        wn_pool_for(pool, len, WN_TILE_WIDTH, prepare_rows, &b);
        status = fill_table(&b, err);
    } else {
        status = wn_fail(err, WN_NOMEM, "no memory for a table of %zu x %zu rows", len, len);
    }
    wn_free(b.panels16);
    wn_free(b.panels);
    wn_free(b.rows16);
    wn_free(b.products);
    wn_free(b.margins);
    wn_free(b.greatest);
    if (status) wn_cover_bounds_free(out);
    return status;
}

void wn_cover_bounds_free(wn_cover_bounds **table)
{
    if (!*table) return;
    wn_free((*table)->values);
    wn_free((*table)->points);
    wn_free((*table)->rows);
    wn_free(*table);
    *table = NULL;
}
