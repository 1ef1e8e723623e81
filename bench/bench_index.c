/* SPDX-License-Identifier: Apache-2.0
 *
 * An index that is kept: bench_index FILE.index [ROWS DIM K RECALL METRIC KIND]. The rows are 1,000 clouds, made on the
 * spot, or with ROWS a FILE.npy the rows of that file. Where FILE.index is absent it is built and written first, so
 * that a second call measures a process that finds it there: the time to open it, the first answer, and the answers to
 * 1,000 single queries that are rows with a little noise. Recall is that of 100 of them against all rows. One JSON
 * line.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "winnow/index_file.h"
#include "winnow/memory.h"
#include "winnow/npy.h"

enum { QUERIES = 1000, CHECKED = 100 };

static wn_error err;

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void stop(void)
{
    fprintf(stderr, "bench_index: %s\n", err.message);
    exit(1);
}

/* A 64-bit mix (SplitMix64), and from it numbers that need no state. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Near enough to normal: the sum of four uniform numbers, scaled to variance 1. */
static float normal(uint64_t at)
{
    uint64_t x = mix(at);
    float sum = (float)(x & 0xffff) + (float)(x >> 16 & 0xffff) + (float)(x >> 32 & 0xffff) + (float)(x >> 48);
    return (sum * 0x1p-16f - 2) * 1.7320508f;
}

typedef struct filling {
    float *values;
    size_t dim;
} filling;

static void fill_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const filling *f = context;
    (void)worker;
    for (size_t row = begin; row < end; row++) {
        uint64_t cloud = mix(row ^ 0x5eed) % 1000;
        for (size_t k = 0; k < f->dim; k++)
            f->values[row * f->dim + k] =
                normal((uint64_t)1 << 60 | (cloud * f->dim + k)) + 0.3f * normal((uint64_t)row * f->dim + k);
    }
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static wn_neighbours ask(wn_index *index, const wn_matrix *queries, size_t k, double recall, wn_pool *pool)
{
    wn_neighbours found;
    wn_index_query query = {.queries = *queries, .k = k, .recall = recall, .pool = pool};
    if (wn_index_search(index, &query, &found, &err)) stop();
    return found;
}

/* Share of the neighbours of the first queries that a search of all rows finds too. */
static double measure_recall(wn_index *index, wn_matrix queries, size_t k, double recall, wn_pool *pool)
{
    size_t right = 0;
    queries.rows = CHECKED;
    wn_neighbours some = ask(index, &queries, k, recall, pool), all = ask(index, &queries, k, 1, pool);
    for (size_t i = 0; i < CHECKED * k; i++) {
        for (size_t j = i / k * k; j < i / k * k + k; j++) right += some.ids[i] >= 0 && some.ids[i] == all.ids[j];
    }
    wn_neighbours_clear(&some);
    wn_neighbours_clear(&all);
    return (double)right / (double)(CHECKED * k);
}

static void build(const wn_matrix *rows, const char *path, const wn_index_options *options)
{
    wn_index *index = NULL;
    double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    if (wn_index_build(rows, options, &index, &err)) stop();
    double built = now(CLOCK_MONOTONIC) - wall, used = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = now(CLOCK_MONOTONIC);
    if (wn_index_save(index, path, &err)) stop();
    printf("{\"bench\":\"index.build\",\"kind\":\"%s\",\"rows\":%zu,\"dim\":%zu,\"seconds\":%.3f,\"cpu_seconds\":%.3f,"
           "\"save_seconds\":%.3f}\n",
           options->kind->name, rows->rows, rows->cols, built, used, now(CLOCK_MONOTONIC) - wall);
    wn_index_close(&index);
}

static void measure(const wn_matrix *rows, const wn_matrix *queries, const char *path, size_t k, double recall,
                    wn_pool *pool)
{
    wn_index *index = NULL;
    double times[QUERIES], wall = now(CLOCK_MONOTONIC);
    if (wn_index_open(path, rows, NULL, &index, &err)) stop();
    double opened = now(CLOCK_MONOTONIC) - wall, cpu = 0;
    for (size_t i = 0; i < QUERIES; i++) {
        wn_matrix one = {wn_matrix_row(queries, i), 1, queries->cols, queries->stride};
        double started = now(CLOCK_MONOTONIC), used = now(CLOCK_PROCESS_CPUTIME_ID);
        wn_neighbours found = ask(index, &one, k, recall, pool);
        times[i] = now(CLOCK_MONOTONIC) - started;
        if (i) cpu += now(CLOCK_PROCESS_CPUTIME_ID) - used;
        wn_neighbours_clear(&found);
    }
    double first = times[0];
    qsort(times, QUERIES, sizeof *times, compare_doubles);
    const wn_index_info *info = wn_index_describe(index);
    printf("{\"bench\":\"index.search\",\"kind\":\"%s\",\"metric\":\"%s\",\"rows\":%zu,\"dim\":%zu,\"k\":%zu,\"open_"
           "ms\":%.2f,"
           "\"first_ms\":%.2f,\"median_ms\":%.3f,\"p99_ms\":%.3f,\"cpu_ms\":%.3f,\"recall\":%.4f,\"bytes\":%llu}\n",
           info->kind->name, wn_index_metric_names[info->metric], info->rows, info->dim, k, opened * 1e3, first * 1e3,
           times[QUERIES / 2] * 1e3, times[QUERIES * 99 / 100] * 1e3, cpu * 1e3 / (QUERIES - 1),
           measure_recall(index, *queries, k, recall, pool), (unsigned long long)info->bytes);
    wn_index_close(&index);
}

int main(int argc, char **argv)
{
    size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000000, dim = argc > 3 ? strtoul(argv[3], NULL, 10) : 128;
    size_t k = argc > 4 ? strtoul(argv[4], NULL, 10) : 20;
    double recall = argc > 5 ? strtod(argv[5], NULL) : 0.98;
    wn_index_options options = {.kind = argc > 7 ? wn_index_kind_find(argv[7]) : NULL};
    wn_npy *file = NULL;
    float *made = NULL;
    wn_matrix rows;
    FILE *there;
    if (argc < 2) return fprintf(stderr, "usage: bench_index FILE.index [ROWS DIM K RECALL METRIC KIND]\n"), 2;
    for (int i = 0; argc > 6 && i < WN_INDEX_METRIC_COUNT; i++) {
        if (strcmp(argv[6], wn_index_metric_names[i]) == 0) options.metric = (wn_index_metric)i;
    }
    if (wn_pool_new(0, 0, &options.pool, &err)) stop();
    if (argc > 2 && count == 0) {
        if (wn_npy_open(argv[2], &file, &err) || wn_npy_matrix(file, &rows, &err)) stop();
    } else {
        filling fill = {made = wn_alloc(WN_MEMORY_GENERAL, count * dim, sizeof *made), dim};
        if (!made) return 1;
        wn_pool_for(options.pool, count, 1024, fill_rows, &fill);
        rows = (wn_matrix){made, count, dim, dim};
    }
    if (!options.kind) options.kind = wn_index_kind_choose(rows.rows, 0);
    float *noisy = wn_alloc(WN_MEMORY_GENERAL, QUERIES * rows.cols, sizeof *noisy);
    if (!noisy) return 1;
    for (size_t i = 0; i < QUERIES * rows.cols; i++) {
        const float *row = wn_matrix_row(&rows, mix(i / rows.cols) % rows.rows);
        noisy[i] = row[i % rows.cols] * (1 + 0.05f * normal((uint64_t)3 << 60 | i));
    }
    if ((there = fopen(argv[1], "rb")))
        fclose(there);
    else
        build(&rows, argv[1], &options);
    measure(&rows, &(wn_matrix){noisy, QUERIES, rows.cols, rows.cols}, argv[1], k, recall, options.pool);
    wn_free(noisy);
    wn_free(made);
    wn_npy_close(&file);
    wn_pool_free(&options.pool);
    return 0;
}
