/* SPDX-License-Identifier: Apache-2.0
 *
 * The optimiser muon's work on the weight matrices of ResNet-18. bench_orthogonal [RUNS [THREADS]]. One JSON line for
 * each shape and for all of a step: milliseconds by the clock, the best of RUNS (5). Floor: the products that the
 * algorithm needs, 3 n^2 m + 17 n^3 for n <= m, at this machine's peak.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/rng.h"
#include "nn/orthogonal.h"
#include "peak.h"
#include "winnow/cpu.h"
#include "winnow/memory.h"

/* How often a shape occurs in the form for small images. */
static const struct {
    size_t rows, cols, count;
} shapes[] = {{64, 27, 1},    {64, 576, 4},  {128, 576, 1},  {128, 1152, 3}, {128, 64, 1}, {256, 1152, 1},
              {256, 2304, 3}, {256, 128, 1}, {512, 2304, 1}, {512, 4608, 3}, {512, 256, 1}};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

static double measure(wn_pool *pool, size_t rows, size_t cols, long runs)
{
    wn_error err = {0};
    float *x = wn_alloc(WN_MEMORY_TRAINING, rows * cols, sizeof *x);
    float *scratch = wn_alloc(WN_MEMORY_TRAINING, wn_orthogonalize_floats(rows, cols), sizeof *scratch);
    double best = 1e30;
    for (long i = 0; x && scratch && i < runs; i++) {
        wn_rng rng;
        wn_rng_init(&rng, 1, (uint64_t)i);
        for (size_t k = 0; k < rows * cols; k++) x[k] = wn_rng_normal(&rng);
        const double begin = now();
        if (wn_orthogonalize(pool, rows, cols, x, scratch, &err)) break;
        const double took = now() - begin;
        if (took < best) best = took;
    }
    wn_free(scratch);
    wn_free(x);
    if (best == 1e30) {
        fprintf(stderr, "bench_orthogonal: %s\n", err.message[0] ? err.message : "out of memory");
        exit(1);
    }
    return best;
}

int main(int argc, char **argv)
{
    const long runs = argc > 1 ? strtol(argv[1], NULL, 10) : 5, threads = argc > 2 ? strtol(argv[2], NULL, 10) : 1;
    wn_pool *pool = NULL;
    wn_error err = {0};
    double all = 0, floors = 0;
    if (runs < 1 || threads < 1) {
        fputs("usage: bench_orthogonal [RUNS [THREADS]]\n", stderr);
        return 2;
    }
    if (wn_pool_new((unsigned)threads, 0, &pool, &err)) {
        fprintf(stderr, "bench_orthogonal: %s\n", err.message);
        return 1;
    }
    const double peak = peak_rate(PEAK_F32, wn_cpu_level()) * (double)threads;
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        const size_t rows = shapes[s].rows, cols = shapes[s].cols;
        const double n = (double)(rows < cols ? rows : cols), m = (double)(rows < cols ? cols : rows);
        const double took = measure(pool, rows, cols, runs), floor = (3 * n * n * m + 17 * n * n * n) / peak * 1e3;
        all += took * (double)shapes[s].count;
        floors += floor * (double)shapes[s].count;
        printf("{\"rows\": %zu, \"cols\": %zu, \"threads\": %ld, \"ms\": %.2f, \"floor_ms\": %.2f}\n", rows, cols,
               threads, took, floor);
    }
    printf("{\"network\": \"resnet18_cifar\", \"threads\": %ld, \"ms\": %.1f, \"floor_ms\": %.1f}\n", threads, all,
           floors);
    wn_pool_free(&pool);
    return 0;
}
