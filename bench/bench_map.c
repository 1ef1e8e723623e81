/* SPDX-License-Identifier: Apache-2.0
 *
 * Maps on plain arrays, with the graph given: bench_map [ROWS DIM THREADS [METHOD]]. The data are 1,000 clouds of
 * normal rows, and the graph names random rows of the same cloud, so that a million rows need no search. Prints one
 * JSON line for each method: seconds, and the floor of its iterations, which is the time to read the graph once for
 * each of them at the bandwidth measured in the same run (a sum over an array that no cache holds).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "winnow/memory.h"
#include "winnow/projection.h"

enum { K = 15, CLOUD = 1000, STREAM = 32 << 20 };

static wn_error err;

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void stop(void)
{
    fprintf(stderr, "bench_map: %s\n", err.message);
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

static float normal(uint64_t at)
{
    uint64_t x = mix(at);
    float sum = (float)(x & 0xffff) + (float)(x >> 16 & 0xffff) + (float)(x >> 32 & 0xffff) + (float)(x >> 48);
    return (sum * 0x1p-16f - 2) * 1.7320508f;
}

static void fill(float *rows, int64_t *ids, float *distances, size_t count, size_t dim)
{
    for (size_t i = 0; i < count; i++) {
        size_t first = i / CLOUD * CLOUD, size = count - first < CLOUD ? count - first : CLOUD;
        for (size_t c = 0; c < dim; c++) rows[i * dim + c] = 2 * normal(first * dim + c) + normal(~(i * dim + c));
        for (size_t j = 0; j < K; j++) {
            ids[i * K + j] = (int64_t)(first + (i - first + 1 + mix(i * K + j) % (size - 1)) % size);
            distances[i * K + j] = 14 + (float)j / K;
        }
    }
}

/* Bytes a second of one thread that reads. */
static double measure_bandwidth(void)
{
    uint64_t *values = wn_alloc(WN_MEMORY_GENERAL, STREAM, sizeof *values), sum = 0;
    double best = 0;
    if (!values) return 0;
    memset(values, 1, STREAM * sizeof *values);
    for (int pass = 0; pass < 5; pass++) {
        double started = now(CLOCK_MONOTONIC);
        for (size_t i = 0; i < STREAM; i++) sum += values[i];
        double speed = STREAM * sizeof *values / (now(CLOCK_MONOTONIC) - started);
        if (speed > best) best = speed;
    }
    wn_free(values);
    return sum ? best : 0;
}

static void run(const wn_projection_method *method, const wn_projection_request *request, double bandwidth,
                unsigned threads)
{
    wn_projection map;
    void *params = wn_calloc(WN_MEMORY_GENERAL, 1, method->params_size);
    if (!params || wn_options_init(method->options, params, &err)) stop();
    double wall = now(CLOCK_MONOTONIC), processor = now(CLOCK_PROCESS_CPUTIME_ID);
    if (wn_project(method, params, request, &map, &err)) stop();
    wall = now(CLOCK_MONOTONIC) - wall;
    processor = now(CLOCK_PROCESS_CPUTIME_ID) - processor;
    /* a pair is about 1.9 entries of 8 bytes once the graph is symmetric */
    double bytes = (double)map.iterations * (double)map.rows * K * 1.9 * 8;
    printf("{\"method\":\"%s\",\"rows\":%zu,\"dim\":%zu,\"threads\":%u,\"seconds\":%.2f,\"processor_seconds\":%.2f,"
           "\"iterations\":%zu,\"floor_seconds\":%.2f,\"objective\":%.4f,\"peak_memory_mb\":%.0f}\n",
           method->name, map.rows, request->matrix.cols, threads, wall, processor, map.iterations,
           bandwidth > 0 ? bytes / bandwidth / threads : 0, map.objective, (double)wn_memory_process_peak() / 1e6);
    fflush(stdout);
    wn_projection_clear(&map);
    wn_free(params);
}

int main(int argc, char **argv)
{
    size_t rows = argc > 1 ? strtoul(argv[1], NULL, 10) : 60000, dim = argc > 2 ? strtoul(argv[2], NULL, 10) : 128;
    unsigned threads = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
    wn_pool *pool = NULL;
    float *data = wn_alloc(WN_MEMORY_MATRIX, rows * dim, sizeof *data);
    wn_neighbours graph = {.ids = wn_alloc(WN_MEMORY_MATRIX, rows * K, sizeof *graph.ids),
                           .distances = wn_alloc(WN_MEMORY_MATRIX, rows * K, sizeof *graph.distances),
                           .rows = rows,
                           .k = K};
    if (!data || !graph.ids || !graph.distances || rows < 2 || wn_pool_new(threads, 1, &pool, &err)) stop();
    fill(data, graph.ids, graph.distances, rows, dim);
    wn_projection_request request = {.matrix = {data, rows, dim, dim}, .dims = 2, .graph = &graph, .pool = pool};
    double bandwidth = measure_bandwidth();
    for (size_t at = 0; wn_projection_method_at(at); at++) {
        const wn_projection_method *method = wn_projection_method_at(at);
        if (!method->neighbours || (argc > 4 && strcmp(argv[4], method->name) != 0)) continue;
        run(method, &request, bandwidth, wn_pool_threads(pool));
    }
    wn_free(graph.distances);
    wn_free(graph.ids);
    wn_free(data);
    wn_pool_free(&pool);
    return 0;
}
