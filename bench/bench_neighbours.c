/* SPDX-License-Identifier: Apache-2.0
 *
 * All-kNN on plain arrays: bench_neighbours [ROWS DIM K THREADS [FOLDER [DATA [KIND
 * [RECALL REPEATS]]]]]]. For each kind of data it searches
 * REPEATS times and prints one JSON line: the fastest time, pairs a second, the floor (all byte products at the
 * measured peak of this machine) and the recall of a sample against a plain scan. With FOLDER the data are kept as
 * FOLDER/KIND.npy; bench_neighbours.py runs faiss on those files; an empty FOLDER keeps nothing. KIND names one kind of
 * data.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "peak.h"
#include "winnow/index.h"
#include "winnow/memory.h"
#include "winnow/npy.h"

enum { REPEATS = 3, SAMPLE = 50 };

static wn_error err;

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void stop(void)
{
    fprintf(stderr, "bench_neighbours: %s\n", err.message);
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

/* normal: one cloud, the hardest: all rows are about equally far. clustered: 1,000 clouds. unit: 1,000 clouds whose
 * spectrum falls, scaled to length 1, much like learned embeddings. tight: 2,000 clouds that are hundreds of times
 * nearer than one another. */
static const char *const kinds[] = {"unit", "clustered", "normal", "tight"};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void fill_row(const char *kind, uint64_t row, size_t dim, float *out)
{
    int tight = kind[0] == 't', unit = kind[0] == 'u', one = kind[0] == 'n';
    uint64_t cloud = mix(row ^ 0x5eed) % (tight ? 2000 : 1000);
    double square = 0;
    for (size_t k = 0; k < dim; k++) {
        uint64_t at = row * dim + k, centre = (uint64_t)1 << 60 | (cloud * dim + k);
        float spread = one ? 1 : tight ? 0.002f : unit ? 0.5f : 0.3f, weight = unit ? 1 / sqrtf(1 + (float)k) : 1;
        out[k] = weight * ((one ? 0 : normal(centre)) + spread * normal(at));
        square += (double)out[k] * (double)out[k];
    }
    for (size_t k = 0; unit && k < dim; k++) out[k] = (float)((double)out[k] / sqrt(square));
}

/* Share of the found neighbours of one row that are not farther than the plain k-th. */
static double sample_recall(const wn_matrix *m, const wn_neighbours *found, size_t query)
{
    size_t better = 0, right = 0;
    double *squares = wn_alloc(WN_MEMORY_GENERAL, m->rows, sizeof *squares);
    if (!squares) exit(1);
    for (size_t row = 0; row < m->rows; row++) {
        const float *a = wn_matrix_row(m, query), *b = wn_matrix_row(m, row);
        squares[row] = 0;
        for (size_t k = 0; k < m->cols; k++)
            squares[row] += ((double)a[k] - (double)b[k]) * ((double)a[k] - (double)b[k]);
    }
    for (size_t i = 0; i < found->k; i++) {
        double square = squares[found->ids[query * found->k + i]];
        better = 0;
        for (size_t row = 0; row < m->rows; row++) better += row != query && squares[row] < square * (1 - 1e-12);
        right += better < found->k;
    }
    wn_free(squares);
    return (double)right / (double)found->k;
}

static void measure(const char *kind, const wn_matrix *matrix, size_t k, wn_pool *pool, char **how)
{
    const wn_index_kind *way = wn_index_kind_find(how[0] ? how[0] : "flat");
    int repeats = how[0] && how[1] && how[2] ? (int)strtoul(how[2], NULL, 10) : REPEATS;
    double wanted = how[0] && how[1] ? strtod(how[1], NULL) : 0.98;
    wn_neighbours_request request = {.embeddings = *matrix, .k = k, .recall = wanted, .pool = pool};
    wn_neighbours found = {0};
    double best = INFINITY, best_cpu = INFINITY, recall = 0, rows = (double)matrix->rows;
    for (int i = 0; i < repeats; i++) {
        wn_neighbours_clear(&found);
        double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
        if (wn_neighbours_find(way, &request, &found, &err)) stop();
        best = fmin(best, now(CLOCK_MONOTONIC) - wall);
        best_cpu = fmin(best_cpu, now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    }
    for (size_t i = 0; i < SAMPLE; i++) recall += sample_recall(matrix, &found, mix(i) % matrix->rows) / SAMPLE;
    double peak = peak_rate(PEAK_BYTES, wn_cpu_level()) * wn_pool_threads(pool);
    printf("{\"bench\":\"neighbours.%s\",\"rows\":%zu,\"dim\":%zu,\"k\":%zu,\"threads\":%u,\"seconds\":%.3f,"
           "\"cpu_seconds\":%.3f,\"gpairs_a_second\":%.3f,\"floor_int8\":%.3f,\"recall\":%.4f,\"told\":%.4f,"
           "\"peak_memory_bytes\":%llu}\n",
           kind, matrix->rows, matrix->cols, k, wn_pool_threads(pool), best, best_cpu, rows * rows / best * 1e-9,
           2 * rows * rows * (double)matrix->cols / peak, recall, found.recall,
           (unsigned long long)wn_memory_process_peak());
    fflush(stdout);
    wn_neighbours_clear(&found);
}

int main(int argc, char **argv)
{
    size_t sizes[4] = {60000, 128, 20, 0};
    wn_pool *pool = NULL;
    for (int i = 1; i < argc && i < 5; i++) sizes[i - 1] = strtoul(argv[i], NULL, 10);
    if (wn_pool_new((unsigned)sizes[3], 1, &pool, &err)) stop();
    for (int i = 0; i < KINDS; i++) {
        float *data = wn_alloc(WN_MEMORY_GENERAL, sizes[0] * sizes[1], sizeof *data);
        wn_matrix matrix = {data, sizes[0], sizes[1], sizes[1]};
        char path[4096];
        if (!data) return 1;
        if (argc > 6 && argv[6][0] && strcmp(argv[6], kinds[i]) != 0) {
            wn_free(data);
            continue;
        }
        for (size_t row = 0; row < sizes[0]; row++) fill_row(kinds[i], row, sizes[1], data + row * sizes[1]);
        if (argc > 5 && argv[5][0]) {
            snprintf(path, sizeof path, "%s/%s.npy", argv[5], kinds[i]);
            if (wn_npy_write_matrix(path, &matrix, &err)) stop();
        }
        measure(kinds[i], &matrix, sizes[2], pool, argc > 7 ? argv + 7 : argv + argc);
        wn_free(data);
    }
    wn_pool_free(&pool);
    return 0;
}
