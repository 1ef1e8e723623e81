/* SPDX-License-Identifier: Apache-2.0
 *
 * Speed of each kernel at each level that has code of its own, beside the measured peak of one core: floating point
 * or byte operations for what computes from cache, memory reading for what streams.
 *
 *     bench_kernels [--only=TEXT] [--dim=N] [--json]
 *
 * Times are processor seconds, the fastest of several runs.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "num/convert.h"
#include "num/distance.h"
#include "num/tile.h"
#include "num/topk.h"
#include "peak.h"
#include "winnow/memory.h"

enum { TILE_M = 1536, TILE_N = 1024, STREAM_FLOATS = 16 << 20, CACHED_ROWS = 256 };

typedef struct tables {
    wn_distance_kernels distance;
    wn_tile_kernels tile;
    wn_convert_kernels convert;
    wn_topk_kernels topk;
} tables;

/* Arrays for all cases; `a` and `b` hold small numbers that are finite in every element type. */
typedef struct arrays {
    size_t dim;
    float *a, *b, *panels, *norms, *row_norms, *best;
    int32_t *bias;
    volatile float sink;
} arrays;

/* Runs one kernel once; returns the operations or bytes that it took. */
typedef double bench_run(const tables *kernels, arrays *data);

typedef struct bench_case {
    const char *name;
    size_t offset;
    peak_kind peak;
    bench_run *run;
} bench_case;

/* Pairs from the first-level cache, over and over: operations. */
#define DEFINE_PAIR(name, element)                                                                                     \
    static double run_##name(const tables *kernels, arrays *data)                                                      \
    {                                                                                                                  \
        double total = 0;                                                                                              \
        for (size_t i = 0; i < 4096; i++) {                                                                            \
            total += (double)kernels->distance.name((const element *)data->a + i % 8 * data->dim,                      \
                                                    (const element *)data->b, data->dim);                              \
        }                                                                                                              \
        data->sink = (float)total;                                                                                     \
        return 4096.0 * 2 * (double)data->dim;                                                                         \
    }

/* A query against rows that stream from memory: bytes. */
#define DEFINE_ROWS(name, element, result)                                                                             \
    static double run_##name(const tables *kernels, arrays *data)                                                      \
    {                                                                                                                  \
        size_t n = STREAM_FLOATS * sizeof(float) / sizeof(element) / data->dim;                                        \
        for (size_t i = 0; i < n; i += CACHED_ROWS) {                                                                  \
            kernels->distance.name((const element *)data->b, (const element *)data->a + i * data->dim, data->dim,      \
                                   NULL, n - i < CACHED_ROWS ? n - i : CACHED_ROWS, data->dim, (result *)data->best);  \
        }                                                                                                              \
        return (double)(n * data->dim * sizeof(element));                                                              \
    }

#define DEFINE_DISTANCES(type, element, result)                                                                        \
    DEFINE_PAIR(dot_##type, element)                                                                                   \
    DEFINE_PAIR(l2sq_##type, element)                                                                                  \
    DEFINE_ROWS(dot_rows_##type, element, result)                                                                      \
    DEFINE_ROWS(l2sq_rows_##type, element, result)

DEFINE_DISTANCES(f32, float, float)
DEFINE_DISTANCES(bf16, uint16_t, float)
DEFINE_DISTANCES(s8, int8_t, int32_t)
DEFINE_DISTANCES(u8, uint8_t, int32_t)

/* Packing counts the bytes that it reads. */
static double run_pack_f32(const tables *kernels, arrays *data)
{
    kernels->tile.pack_f32(data->b, data->dim, NULL, TILE_N, data->dim, data->panels, data->norms);
    return (double)(TILE_N * data->dim * sizeof(float));
}

static double run_pack_bf16(const tables *kernels, arrays *data)
{
    kernels->tile.pack_bf16((const uint16_t *)data->b, data->dim, NULL, TILE_N, data->dim, (uint16_t *)data->panels,
                            data->norms);
    return (double)(TILE_N * data->dim * sizeof(uint16_t));
}

static double run_pack_s8(const tables *kernels, arrays *data)
{
    kernels->tile.pack_s8((const int8_t *)data->b, data->dim, NULL, TILE_N, data->dim, 128, (int8_t *)data->panels,
                          data->bias, (int32_t *)data->norms);
    return (double)(TILE_N * data->dim);
}

/* The three tile kernels of a type. Norms so great that the best stays and the loop is the usual one. */
#define DEFINE_TILES(type, element, norm, extra)                                                                       \
    static wn_tile_##type tile_##type(arrays *data)                                                                    \
    {                                                                                                                  \
        return (wn_tile_##type){.rows = (const void *)data->a,                                                         \
                                .stride = data->dim,                                                                   \
                                .m = TILE_M,                                                                           \
                                .dim = data->dim,                                                                      \
                                .row_norms = (const norm *)data->row_norms,                                            \
                                .panels = (const void *)data->panels,                                                  \
                                .panel_norms = (const norm *)data->norms,                                              \
                                .n = TILE_N extra};                                                                    \
    }                                                                                                                  \
    static double run_tile_dot_##type(const tables *kernels, arrays *data)                                             \
    {                                                                                                                  \
        wn_tile_##type tile = tile_##type(data);                                                                       \
        kernels->tile.dot_##type(&tile, (norm *)data->best, TILE_N);                                                   \
        return 2.0 * TILE_M * TILE_N * (double)data->dim;                                                              \
    }                                                                                                                  \
    static double run_tile_l2sq_##type(const tables *kernels, arrays *data)                                            \
    {                                                                                                                  \
        wn_tile_##type tile = tile_##type(data);                                                                       \
        kernels->tile.l2sq_##type(&tile, (norm *)data->best, TILE_N);                                                  \
        return 2.0 * TILE_M * TILE_N * (double)data->dim;                                                              \
    }                                                                                                                  \
    static double run_tile_nearest_##type(const tables *kernels, arrays *data)                                         \
    {                                                                                                                  \
        wn_tile_##type tile = tile_##type(data);                                                                       \
        memset(data->best, 0, TILE_M * sizeof(norm));                                                                  \
        kernels->tile.nearest_##type(&tile, 0, (norm *)data->best, NULL);                                              \
        return 2.0 * TILE_M * TILE_N * (double)data->dim;                                                              \
    }
#define COMMA_BIAS , .panel_bias = data->bias

DEFINE_TILES(f32, float, float, )
DEFINE_TILES(bf16, uint16_t, float, )
DEFINE_TILES(u8s8, uint8_t, int32_t, COMMA_BIAS)

/* The panels of bfloat16 are 16 bits each too. */
static double run_tile_dot_s16(const tables *kernels, arrays *data)
{
    wn_tile_s16 tile = {.rows = (const void *)data->a,
                        .stride = data->dim,
                        .m = TILE_M,
                        .dim = data->dim,
                        .panels = (const void *)data->panels,
                        .n = TILE_N};
    kernels->tile.dot_s16(&tile, (int32_t *)data->best, TILE_N);
    return 2.0 * TILE_M * TILE_N * (double)data->dim;
}

/* Conversions stream: bytes read and written. */
static double run_f32_to_bf16(const tables *kernels, arrays *data)
{
    kernels->convert.f32_to_bf16(data->a, STREAM_FLOATS, (uint16_t *)data->b);
    return STREAM_FLOATS * 6.0;
}

static double run_bf16_to_f32(const tables *kernels, arrays *data)
{
    kernels->convert.bf16_to_f32((const uint16_t *)data->a, STREAM_FLOATS, data->b);
    return STREAM_FLOATS * 6.0;
}

static double run_f16_to_f32(const tables *kernels, arrays *data)
{
    kernels->convert.f16_to_f32((const uint16_t *)data->a, STREAM_FLOATS, data->b);
    return STREAM_FLOATS * 6.0;
}

static double run_f32_to_s8(const tables *kernels, arrays *data)
{
    kernels->convert.f32_to_s8(data->a, STREAM_FLOATS, 50.0f, 0x80, (int8_t *)data->b);
    return STREAM_FLOATS * 5.0;
}

#define DEFINE_NORMS(name, element, result)                                                                            \
    static double run_##name(const tables *kernels, arrays *data)                                                      \
    {                                                                                                                  \
        size_t n = STREAM_FLOATS * sizeof(float) / sizeof(element) / data->dim;                                        \
        kernels->convert.name((const element *)data->a, n, data->dim, data->dim, (result *)data->b);                   \
        return (double)(n * data->dim * sizeof(element));                                                              \
    }
DEFINE_NORMS(norms_f32, float, float)
DEFINE_NORMS(norms_bf16, uint16_t, float)
DEFINE_NORMS(norms_s8, int8_t, int32_t)

static double run_normalise_f32(const tables *kernels, arrays *data)
{
    size_t n = STREAM_FLOATS / data->dim;
    kernels->convert.normalise_f32(data->b, n, data->dim, data->dim);
    return (double)(n * data->dim) * 8.0;
}

static double run_find_nonfinite(const tables *kernels, arrays *data)
{
    size_t n = STREAM_FLOATS / data->dim;
    data->sink = (float)kernels->convert.find_nonfinite(data->a, n, data->dim, data->dim);
    return (double)(n * data->dim * sizeof(float));
}

static double run_max_abs(const tables *kernels, arrays *data)
{
    data->sink = kernels->convert.max_abs(data->a, STREAM_FLOATS);
    return STREAM_FLOATS * 4.0;
}

/* A threshold that nothing passes: the usual case once a row has its k nearest. */
static double run_filter_f32(const tables *kernels, arrays *data)
{
    data->sink = (float)kernels->topk.filter_f32(data->a, STREAM_FLOATS, 0.0f, (uint32_t *)data->best);
    return STREAM_FLOATS * 4.0;
}

static double run_filter_s32(const tables *kernels, arrays *data)
{
    data->sink = (float)kernels->topk.filter_s32((const int32_t *)data->a, STREAM_FLOATS, 0, (uint32_t *)data->best);
    return STREAM_FLOATS * 4.0;
}

#define CASE(family, kernel, peak, run)                                                                                \
    {                                                                                                                  \
#family "." #kernel, offsetof(tables, family.kernel), peak, run                                                \
    }
#define DISTANCES(type, peak)                                                                                          \
    CASE(distance, dot_##type, peak, run_dot_##type), CASE(distance, l2sq_##type, peak, run_l2sq_##type),              \
        CASE(distance, dot_rows_##type, PEAK_STREAM, run_dot_rows_##type),                                             \
        CASE(distance, l2sq_rows_##type, PEAK_STREAM, run_l2sq_rows_##type)
/* Packing comes first: the tiles use what it wrote. */
#define TILES(type, packed, peak)                                                                                      \
    CASE(tile, pack_##packed, PEAK_STREAM, run_pack_##packed), CASE(tile, dot_##type, peak, run_tile_dot_##type),      \
        CASE(tile, l2sq_##type, peak, run_tile_l2sq_##type), CASE(tile, nearest_##type, peak, run_tile_nearest_##type)

static const bench_case cases[] = {
    DISTANCES(f32, PEAK_F32),
    DISTANCES(bf16, PEAK_F32),
    DISTANCES(s8, PEAK_BYTES),
    DISTANCES(u8, PEAK_BYTES),
    TILES(f32, f32, PEAK_F32),
    TILES(bf16, bf16, PEAK_BF16),
    CASE(tile, dot_s16, PEAK_BF16, run_tile_dot_s16),
    TILES(u8s8, s8, PEAK_BYTES),
    CASE(convert, f32_to_bf16, PEAK_STREAM, run_f32_to_bf16),
    CASE(convert, bf16_to_f32, PEAK_STREAM, run_bf16_to_f32),
    CASE(convert, f16_to_f32, PEAK_STREAM, run_f16_to_f32),
    CASE(convert, f32_to_s8, PEAK_STREAM, run_f32_to_s8),
    CASE(convert, norms_f32, PEAK_STREAM, run_norms_f32),
    CASE(convert, norms_bf16, PEAK_STREAM, run_norms_bf16),
    CASE(convert, norms_s8, PEAK_STREAM, run_norms_s8),
    CASE(convert, normalise_f32, PEAK_STREAM, run_normalise_f32),
    CASE(convert, find_nonfinite, PEAK_STREAM, run_find_nonfinite),
    CASE(convert, max_abs, PEAK_STREAM, run_max_abs),
    CASE(topk, filter_f32, PEAK_STREAM, run_filter_f32),
    CASE(topk, filter_s32, PEAK_STREAM, run_filter_s32),
};

/* Every 16 bits are a bfloat16 near 1, so the same bytes are finite numbers of each type. */
static bool make_arrays(arrays *data)
{
    wn_rng rng;
    size_t tile_floats = (size_t)TILE_M * TILE_N, len = STREAM_FLOATS;
    wn_rng_init(&rng, 1, 0);
    data->a = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *data->a);
    data->b = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *data->b);
    data->panels = wn_calloc(WN_MEMORY_MATRIX, wn_tile_panel_len(TILE_N, data->dim, 4), sizeof *data->panels);
    data->norms = wn_calloc(WN_MEMORY_MATRIX, TILE_N, sizeof *data->norms);
    data->bias = wn_calloc(WN_MEMORY_MATRIX, TILE_N, sizeof *data->bias);
    data->row_norms = wn_calloc(WN_MEMORY_MATRIX, TILE_M, sizeof *data->row_norms);
    data->best = wn_alloc(WN_MEMORY_MATRIX, len > tile_floats ? len : tile_floats, sizeof *data->best);
    if (!data->a || !data->b || !data->panels || !data->norms || !data->bias || !data->row_norms || !data->best) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        uint32_t bits = 0x3f803f80u | (wn_rng_u32(&rng) & 0x003f003fu);
        memcpy(data->a + i, &bits, sizeof bits);
        memcpy(data->b + i, &bits, sizeof bits);
    }
    return true;
}

/* Work a second of the fastest run; runs for at least a tenth of a second. */
static double fastest_rate(const bench_case *one, const tables *kernels, arrays *data)
{
    double best = 0, total = 0;
    for (int i = 0; i < 3 || (total < 0.1 && i < 100); i++) {
        double start = wn_clock_thread_seconds();
        double work = one->run(kernels, data);
        double seconds = wn_clock_thread_seconds() - start;
        total += seconds;
        if (i > 0 && work / seconds > best) best = work / seconds;
    }
    return best;
}

static void print_result(const bench_case *one, wn_cpu level, double rate, bool json)
{
    double peak = peak_rate(one->peak, level);
    const char *unit = one->peak == PEAK_STREAM ? "GB/s" : one->peak == PEAK_BYTES ? "Gop/s" : "GFLOP/s";
    if (json) {
        printf("{\"kernel\": \"%s\", \"level\": \"%s\", \"rate\": %.4g, \"unit\": \"%s\"", one->name,
               wn_cpu_name(level), rate * 1e-9, unit);
        if (peak > 0) printf(", \"peak\": %.4g, \"share\": %.3f", peak * 1e-9, rate / peak);
        printf("}\n");
        return;
    }
    printf("%-24s %-11s %9.1f %-8s", one->name, wn_cpu_name(level), rate * 1e-9, unit);
    if (peak > 0) printf(" of %7.1f  %4.0f %%", peak * 1e-9, 100 * rate / peak);
    printf("\n");
    fflush(stdout);
}

static void *pointer_of(const tables *kernels, size_t offset)
{
    void *pointer;
    memcpy(&pointer, (const char *)kernels + offset, sizeof pointer);
    return pointer;
}

/* The data of a tile kernel come from packing, which is run first when it was left out. */
static void run_cases(const char *only, bool json, arrays *data)
{
    static tables kernels[WN_CPU_COUNT];
    int levels = (int)wn_cpu_level() + 1;
    for (int level = 0; level < levels; level++) {
        wn_distance_kernels_init(&kernels[level].distance, (wn_cpu)level);
        wn_tile_kernels_init(&kernels[level].tile, (wn_cpu)level);
        wn_convert_kernels_init(&kernels[level].convert, (wn_cpu)level);
        wn_topk_kernels_init(&kernels[level].topk, (wn_cpu)level);
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (strstr(cases[i].name, "tile.pack")) cases[i].run(&kernels[0], data);
        if (only && !strstr(cases[i].name, only)) continue;
        for (int level = 0; level < levels; level++) {
            void *pointer = pointer_of(&kernels[level], cases[i].offset);
            if (level > 0 && pointer == pointer_of(&kernels[level - 1], cases[i].offset)) continue;
            print_result(&cases[i], (wn_cpu)level, fastest_rate(&cases[i], &kernels[level], data), json);
        }
    }
}

int main(int argc, char **argv)
{
    arrays data = {.dim = 128};
    const char *only = NULL;
    bool json = false;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--only=", 7) == 0) {
            only = argv[i] + 7;
        } else if (strncmp(argv[i], "--dim=", 6) == 0) {
            data.dim = strtoul(argv[i] + 6, NULL, 10);
        } else if (strcmp(argv[i], "--json") == 0) {
            json = true;
        } else {
            fprintf(stderr, "usage: bench_kernels [--only=TEXT] [--dim=N] [--json]\n");
            return 2;
        }
    }
    if (data.dim < 1 || data.dim > 4096) {
        fprintf(stderr, "bench_kernels: --dim is from 1 to 4096\n");
        return 2;
    }
    if (!make_arrays(&data)) {
        fprintf(stderr, "bench_kernels: out of memory\n");
        return 1;
    }
    printf(json ? "{\"cpu\": \"%s\", \"level\": \"%s\", \"dim\": %zu}\n" : "%s, level %s, dim %zu, one core\n",
           wn_cpu_model(), wn_cpu_name(wn_cpu_level()), data.dim);
    run_cases(only, json, &data);
    void *blocks[] = {data.a, data.b, data.panels, data.norms, data.bias, data.row_norms, data.best};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) wn_free(blocks[i]);
    return 0;
}
