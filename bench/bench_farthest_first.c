/* SPDX-License-Identifier: Apache-2.0
 *
 * Farthest-first on plain arrays: bench_farthest_first FOLDER [ROWS DIM PICKS THREADS]. For each kind of data it writes
 * FOLDER/KIND.npy (kept, and used again), selects from the mapped file, and prints one JSON line with time, memory and
 * two floors: reading the array once, and the int8 products that a scan of all rows against all picks takes at the
 * measured peak of this machine. Then `check` compares all picks with the plain method (distances in double, all rows
 * after each pick) on 50,000 x 128, 5,000 picks. For the script beside it: `make KIND FILE ROWS DIM` writes one file,
 * `floors FILE PICKS THREADS` prints the floors alone.
 */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "peak.h"
#include "winnow/memory.h"
#include "winnow/npy.h"
#include "winnow/selection.h"

static wn_error err;

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void stop(void)
{
    fprintf(stderr, "bench_farthest_first: %s\n", err.message);
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

static float uniform(uint64_t at)
{
    return (float)(mix(at) >> 40) * 0x1p-24f;
}

/* Near enough to normal: the sum of four uniform numbers, scaled to variance 1. */
static float normal(uint64_t at)
{
    uint64_t x = mix(at);
    float sum = (float)(x & 0xffff) + (float)(x >> 16 & 0xffff) + (float)(x >> 32 & 0xffff) + (float)(x >> 48);
    return (sum * 0x1p-16f - 2) * 1.7320508f;
}

/* uniform: a cube. normal: one cloud. clustered: 1,000 clouds. unit: 1,000 clouds whose spectrum falls, scaled to
 * length 1, much like learned embeddings. tight: 2,000 clouds that are thousands of times nearer than one another. */
static const char *const kinds[] = {"uniform", "normal", "clustered", "unit", "tight"};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void fill_row(const char *kind, uint64_t row, size_t dim, float *out)
{
    bool tight = strcmp(kind, "tight") == 0, unit = strcmp(kind, "unit") == 0;
    uint64_t cloud = mix(row ^ 0x5eed) % (tight ? 2000 : 1000);
    double square = 0;
    for (size_t k = 0; k < dim; k++) {
        uint64_t at = row * dim + k, centre = (uint64_t)1 << 60 | (cloud * dim + k);
        if (kind[0] == 'u' && !unit) {
            out[k] = uniform(at);
        } else if (kind[0] == 'n') {
            out[k] = normal(at);
        } else {
            float spread = tight ? 0.002f : unit ? 0.5f : 0.3f, weight = unit ? 1 / sqrtf(1 + (float)k) : 1;
            out[k] = weight * (normal(centre) + spread * normal(at));
        }
        square += (double)out[k] * (double)out[k];
    }
    for (size_t k = 0; unit && k < dim; k++) out[k] = (float)((double)out[k] / sqrt(square));
}

static float *make_rows(const char *kind, size_t rows, size_t dim)
{
    float *data = wn_alloc(WN_MEMORY_GENERAL, rows * dim, sizeof *data);
    if (!data) exit(1);
    for (size_t row = 0; row < rows; row++) fill_row(kind, row, dim, data + row * dim);
    return data;
}

static void select_rows(const wn_matrix *matrix, size_t picks, wn_pool *pool, wn_selection *out)
{
    const wn_strategy *strategy = wn_strategy_find("farthest-first");
    void *params = wn_alloc(WN_MEMORY_GENERAL, 1, strategy->params_size);
    wn_selection_request request = {.embeddings = *matrix, .count = picks, .pool = pool};
    if (!params || wn_options_init(strategy->options, params, &err)) stop();
    if (wn_select(strategy, params, &request, out, &err)) stop();
    wn_free(params);
}

/* Seconds to read all rows once, and to multiply all rows with all picks in int8 at the peak of the machine. */
typedef struct floors {
    double read, dense_int8;
} floors;

static floors measure_floors(const wn_matrix *matrix, const char *path, size_t picks, wn_pool *pool, double int8_peak)
{
    double start = now(CLOCK_MONOTONIC);
    if (wn_matrix_check_finite(matrix, path, pool, &err)) stop();
    double read = now(CLOCK_MONOTONIC) - start;
    double operations = 2.0 * (double)matrix->rows * (double)picks * (double)matrix->cols;
    return (floors){read, operations / (int8_peak * wn_pool_threads(pool))};
}

static void print_floors(const char *path, size_t picks, unsigned threads)
{
    wn_npy *file = NULL;
    wn_matrix matrix;
    wn_pool *pool = NULL;
    if (wn_pool_new(threads, 1, &pool, &err)) stop();
    if (wn_npy_open(path, &file, &err) || wn_npy_matrix(file, &matrix, &err)) stop();
    double peak = peak_rate(PEAK_BYTES, wn_cpu_level());
    measure_floors(&matrix, path, picks, pool, peak); /* the first one reads from the disk */
    floors floor = measure_floors(&matrix, path, picks, pool, peak);
    printf("{\"bench\":\"farthest_first.floors\",\"floor_read\":%.4f,\"floor_dense_int8\":%.4f}\n", floor.read,
           floor.dense_int8);
    wn_npy_close(&file);
    wn_pool_free(&pool);
}

/* In a process of its own the peak is that of one selection with its mapped file. */
static void measure(const char *kind, const char *path, size_t picks, unsigned threads, double int8_peak)
{
    wn_npy *file = NULL;
    wn_matrix matrix;
    wn_pool *pool = NULL;
    wn_selection out = {0};
    if (wn_pool_new(threads, 1, &pool, &err)) stop();
    double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    if (wn_npy_open(path, &file, &err) || wn_npy_matrix(file, &matrix, &err)) stop();
    select_rows(&matrix, picks, pool, &out);
    wall = now(CLOCK_MONOTONIC) - wall;
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    floors floor = measure_floors(&matrix, path, picks, pool, int8_peak);
    printf("{\"bench\":\"farthest_first.%s\",\"rows\":%zu,\"dim\":%zu,\"picks\":%zu,\"threads\":%u,\"seconds\":%.3f,"
           "\"cpu_seconds\":%.3f,\"floor_read\":%.3f,\"floor_dense_int8\":%.3f,\"peak_memory_bytes\":%" PRIu64
           ",\"radius\":%.6f}\n",
           kind, matrix.rows, matrix.cols, out.len, wn_pool_threads(pool), wall, cpu, floor.read, floor.dense_int8,
           wn_memory_process_peak(), out.radius);
    wn_selection_clear(&out);
    wn_npy_close(&file);
    wn_pool_free(&pool);
}

static double plain_square(const float *a, const float *b, size_t dim)
{
    double sums[8] = {0};
    size_t whole = dim / 8 * 8;
    for (size_t k = 0; k < whole; k += 8) {
        for (size_t i = 0; i < 8; i++) {
            double difference = (double)a[k + i] - (double)b[k + i];
            sums[i] += difference * difference;
        }
    }
    for (size_t k = whole; k < dim; k++) sums[0] += ((double)a[k] - (double)b[k]) * ((double)a[k] - (double)b[k]);
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/* The plain method from a given first row; returns the number of picks that agree before the first that does not. */
static size_t count_same(const wn_matrix *m, const wn_selection *selection)
{
    double *nearest = wn_alloc(WN_MEMORY_GENERAL, m->rows, sizeof *nearest);
    size_t at = 0, last = (size_t)selection->picks[0];
    if (!nearest) exit(1);
    for (size_t i = 0; i < m->rows; i++) nearest[i] = INFINITY;
    for (at = 1; at < selection->len; at++) {
        size_t best = 0;
        nearest[last] = -1;
        for (size_t i = 0; i < m->rows; i++) {
            double square = plain_square(wn_matrix_row(m, i), wn_matrix_row(m, last), m->cols);
            if (square < nearest[i]) nearest[i] = square;
            if (nearest[i] > nearest[best]) best = i;
        }
        if ((int64_t)best != selection->picks[at]) break;
        last = best;
    }
    wn_free(nearest);
    return at;
}

static void check(const char *kind, wn_pool *pool)
{
    enum { ROWS = 50000, DIM = 128, PICKS = 5000 };
    wn_matrix matrix = {make_rows(kind, ROWS, DIM), ROWS, DIM, DIM};
    wn_selection out = {0};
    double wall = now(CLOCK_MONOTONIC);
    select_rows(&matrix, PICKS, pool, &out);
    wall = now(CLOCK_MONOTONIC) - wall;
    double plain = now(CLOCK_MONOTONIC);
    size_t same = count_same(&matrix, &out);
    plain = now(CLOCK_MONOTONIC) - plain;
    printf("{\"bench\":\"farthest_first.check.%s\",\"rows\":%d,\"dim\":%d,\"picks\":%zu,\"same_picks\":%zu,"
           "\"seconds\":%.3f,\"plain_seconds\":%.3f}\n",
           kind, ROWS, DIM, out.len, same, wall, plain);
    fflush(stdout);
    wn_selection_clear(&out);
    wn_free((void *)(uintptr_t)matrix.data);
    if (same != PICKS) exit(1);
}

static void write_rows(const char *kind, const char *path, size_t rows, size_t dim)
{
    wn_matrix matrix = {make_rows(kind, rows, dim), rows, dim, dim};
    if (wn_npy_write_matrix(path, &matrix, &err)) stop();
    wn_free((void *)(uintptr_t)matrix.data);
}

/* Runs one step in a process of its own. */
static void run_apart(const char *kind, const char *path, const size_t sizes[4], double int8_peak)
{
    int result = 0;
    pid_t child = fork();
    if (child == 0) {
        if (int8_peak > 0) {
            measure(kind, path, sizes[2], (unsigned)sizes[3], int8_peak);
        } else {
            write_rows(kind, path, sizes[0], sizes[1]);
        }
        fflush(stdout);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &result, 0) < 0 || result != 0) exit(1);
}

int main(int argc, char **argv)
{
    size_t sizes[4] = {1000000, 128, 10000, 0};
    bool checks = argc > 1 && strcmp(argv[1], "check") == 0;
    wn_pool *pool = NULL;
    if (argc < 2) {
        fprintf(stderr, "usage: bench_farthest_first FOLDER [ROWS DIM PICKS THREADS] | check [KIND]\n"
                        "       bench_farthest_first make KIND FILE ROWS DIM | floors FILE PICKS THREADS\n");
        return 2;
    }
    if (argc == 6 && strcmp(argv[1], "make") == 0) {
        write_rows(argv[2], argv[3], strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10));
        return 0;
    }
    if (argc == 5 && strcmp(argv[1], "floors") == 0) {
        print_floors(argv[2], strtoul(argv[3], NULL, 10), (unsigned)strtoul(argv[4], NULL, 10));
        return 0;
    }
    if (checks && wn_pool_new(0, 1, &pool, &err)) stop();
    for (int i = 0; i < KINDS && checks; i++) {
        if (argc < 3 || strcmp(argv[2], kinds[i]) == 0) check(kinds[i], pool);
    }
    wn_pool_free(&pool);
    for (int i = 2; i < argc && i < 6 && !checks; i++) sizes[i - 2] = strtoul(argv[i], NULL, 10);
    for (int i = 0; i < KINDS && !checks; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s.npy", argv[1], kinds[i]);
        if (access(path, R_OK) != 0) run_apart(kinds[i], path, sizes, 0);
        run_apart(kinds[i], path, sizes, peak_rate(PEAK_BYTES, wn_cpu_level()));
    }
    return 0;
}
