/* SPDX-License-Identifier: Apache-2.0
 *
 * The coverage strategies on arrays made here: bench_coverage [dense ROWS DIM PICKS | sparse ROWS M PICKS] [THREADS]
 * [noplain].
 *
 * dense: facility location by cosine on clustered rows, and beside it plain greedy (every gain anew for each pick) on
 * the same float32 similarities, whose objective must agree to 1e-6 (`noplain` leaves that out: it takes minutes).
 * Floor: half of the products of all pairs at the float32 peak of this machine. sparse: points of the plane with their
 * M nearest as the graph, Gaussian nearness. Floor: reading the lists once. Without arguments: dense 10000 1024 1000,
 * sparse 1000000 100 10000. One JSON line each.
 */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "peak.h"
#include "winnow/cpu.h"
#include "winnow/memory.h"
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
    fprintf(stderr, "bench_coverage: %s\n", err.message);
    exit(1);
}

static void *room(size_t count, size_t size)
{
    void *block = wn_calloc(WN_MEMORY_GENERAL, count, size);
    if (!block) exit(1);
    return block;
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

static float normal(uint64_t at)
{
    uint64_t x = mix(at);
    float sum = (float)(x & 0xffff) + (float)(x >> 16 & 0xffff) + (float)(x >> 32 & 0xffff) + (float)(x >> 48);
    return (sum * 0x1p-16f - 2) * 1.7320508f;
}

typedef struct timing {
    double wall, cpu;
} timing;

static timing run(const char *name, const char *const *options, const wn_selection_request *request, wn_selection *out)
{
    const wn_strategy *strategy = wn_strategy_find(name);
    void *params = room(1, strategy->params_size + 1);
    if (wn_options_init(strategy->options, params, &err)) stop();
    for (size_t i = 0; options[i]; i += 2)
        if (wn_options_set(strategy->options, params, options[i], options[i + 1], &err)) stop();
    timing t = {now(CLOCK_MONOTONIC), now(CLOCK_PROCESS_CPUTIME_ID)};
    if (wn_select(strategy, params, request, out, &err)) stop();
    t = (timing){now(CLOCK_MONOTONIC) - t.wall, now(CLOCK_PROCESS_CPUTIME_ID) - t.cpu};
    wn_free(params);
    return t;
}

/* ---- dense ---- */

/* Rows in 100 clouds, of length 1. */
static float *make_clouds(size_t rows, size_t dim)
{
    float *values = room(rows * dim, sizeof *values);
    for (size_t i = 0; i < rows; i++) {
        uint64_t cloud = mix(i ^ 0x5eed) % 100;
        double square = 0;
        for (size_t k = 0; k < dim; k++) {
            float value = normal((uint64_t)1 << 60 | (cloud * dim + k)) + normal(i * dim + k);
            values[i * dim + k] = value;
            square += (double)value * (double)value;
        }
        for (size_t k = 0; k < dim; k++) values[i * dim + k] = (float)((double)values[i * dim + k] / sqrt(square));
    }
    return values;
}

/* Similarities as numbers of the same width, by the plainest loop that is not hopeless. */
static float *all_similarities(const float *values, size_t rows, size_t dim)
{
    float *table = room(rows * rows, sizeof *table);
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j <= i; j++) {
            const float *a = values + i * dim, *b = values + j * dim;
            float lanes[16] = {0}, sum = 0;
            size_t k = 0;
            for (; k + 16 <= dim; k += 16)
                for (size_t l = 0; l < 16; l++) lanes[l] += a[k + l] * b[k + l];
            for (; k < dim; k++) lanes[0] += a[k] * b[k];
            for (size_t l = 0; l < 16; l++) sum += lanes[l];
            table[i * rows + j] = table[j * rows + i] = i == j ? 1 : sum > 0 ? sum : 0;
        }
    }
    return table;
}

/* The objective of plain greedy, over the number of rows. Takes rows^2 x picks steps: for small cases. */
static double plain_greedy(const float *table, size_t rows, size_t picks)
{
    float *covered = room(rows, sizeof *covered);
    uint8_t *taken = room(rows, 1);
    double total = 0;
    for (size_t at = 0; at < picks; at++) {
        size_t best = 0;
        double best_gain = -1;
        for (size_t s = 0; s < rows; s++) {
            const float *row = table + s * rows;
            double gain = 0;
            for (size_t begin = 0; begin < rows && !taken[s]; begin += 256) {
                float lanes[16] = {0};
                size_t end = begin + 256 < rows ? begin + 256 : rows;
                size_t x = begin;
                for (; x + 16 <= end; x += 16)
                    for (size_t l = 0; l < 16; l++) lanes[l] += fmaxf(row[x + l] - covered[x + l], 0);
                for (; x < end; x++) lanes[0] += fmaxf(row[x] - covered[x], 0);
                for (size_t l = 0; l < 16; l++) gain += (double)lanes[l];
            }
            if (!taken[s] && gain > best_gain) {
                best = s;
                best_gain = gain;
            }
        }
        taken[best] = 1;
        for (size_t x = 0; x < rows; x++) covered[x] = fmaxf(covered[x], table[best * rows + x]);
    }
    for (size_t x = 0; x < rows; x++) total += (double)covered[x];
    wn_free(taken);
    wn_free(covered);
    return total / (double)rows;
}

static void bench_dense(size_t rows, size_t dim, size_t picks, bool compare, wn_pool *pool)
{
    float *values = make_clouds(rows, dim);
    wn_selection_request request = {.embeddings = {values, rows, dim, dim}, .count = picks, .pool = pool};
    const char *options[] = {"metric", "cosine", "form", "dense", NULL};
    wn_selection out = {0};
    timing t = run("facility-location", options, &request, &out);
    double flop = (double)rows * (double)rows * (double)dim;
    double floor = flop / (peak_rate(PEAK_F32, wn_cpu_level()) * wn_pool_threads(pool));
    printf("{\"bench\":\"coverage.dense\",\"rows\":%zu,\"dim\":%zu,\"picks\":%zu,\"threads\":%u,\"seconds\":%.3f,"
           "\"cpu_seconds\":%.3f,\"floor\":%.3f,\"objective\":%.9f",
           rows, dim, out.len, wn_pool_threads(pool), t.wall, t.cpu, floor, out.objective);
    fflush(stdout);
    if (compare) {
        double start = now(CLOCK_MONOTONIC);
        float *table = all_similarities(values, rows, dim);
        double objective = plain_greedy(table, rows, picks);
        printf(",\"plain_objective\":%.9f,\"plain_seconds\":%.1f", objective, now(CLOCK_MONOTONIC) - start);
        if (fabs(objective - out.objective) > 1e-6 * objective) {
            printf("}\n");
            fprintf(stderr, "bench_coverage: the objective is not that of plain greedy\n");
            exit(1);
        }
        wn_free(table);
    }
    printf("}\n");
    wn_selection_clear(&out);
    wn_free(values);
}

/* ---- sparse ---- */

/* The m nearest of each of `rows` points drawn evenly in a square, by cells. */
typedef struct plane {
    size_t rows, m, side; /* side x side cells */
    float *x, *y;
    uint32_t *starts, *members;
    wn_neighbours lists;
} plane;

static size_t cell_of(const plane *p, float at)
{
    size_t cell = (size_t)((double)at * (double)p->side);
    return cell < p->side ? cell : p->side - 1;
}

/* Looks at rings of cells until the m-th nearest lies within what was seen. */
static void find_nearest(void *context, size_t begin, size_t end, unsigned worker)
{
    const plane *p = context;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        float *best = p->lists.distances + i * p->m;
        int64_t *ids = p->lists.ids + i * p->m;
        long cx = (long)cell_of(p, p->x[i]), cy = (long)cell_of(p, p->y[i]), side = (long)p->side;
        size_t n = 0;
        for (long ring = 0; ring < side; ring++) {
            double seen = ((double)ring - 1) / (double)p->side;
            if (n == p->m && ring > 0 && seen >= (double)best[n - 1]) break;
            for (long yy = cy - ring; yy <= cy + ring; yy++) {
                for (long xx = cx - ring; xx <= cx + ring; xx++) {
                    bool edge = yy == cy - ring || yy == cy + ring || xx == cx - ring || xx == cx + ring;
                    if (!edge || xx < 0 || yy < 0 || xx >= side || yy >= side) continue;
                    size_t cell = (size_t)(yy * side + xx);
                    for (uint32_t at = p->starts[cell]; at < p->starts[cell + 1]; at++) {
                        uint32_t j = p->members[at];
                        float d = hypotf(p->x[i] - p->x[j], p->y[i] - p->y[j]);
                        if (j == i || (n == p->m && d >= best[n - 1])) continue;
                        size_t to = n < p->m ? n++ : n - 1;
                        for (; to > 0 && best[to - 1] > d; to--) {
                            best[to] = best[to - 1];
                            ids[to] = ids[to - 1];
                        }
                        best[to] = d;
                        ids[to] = j;
                    }
                }
            }
        }
    }
}

static void make_plane(plane *p, size_t rows, size_t m, wn_pool *pool)
{
    *p = (plane){.rows = rows, .m = m, .side = (size_t)sqrt((double)rows / 25) + 1};
    size_t cells = p->side * p->side;
    p->x = room(rows, sizeof *p->x);
    p->y = room(rows, sizeof *p->y);
    p->starts = room(cells + 2, sizeof *p->starts);
    p->members = room(rows, sizeof *p->members);
    p->lists = (wn_neighbours){.ids = room(rows * m, sizeof(int64_t)),
                               .distances = room(rows * m, sizeof(float)),
                               .rows = rows,
                               .k = m,
                               .recall = 1,
                               .distinct = rows};
    for (size_t i = 0; i < rows; i++) {
        p->x[i] = uniform(2 * i);
        p->y[i] = uniform(2 * i + 1);
        p->starts[cell_of(p, p->y[i]) * p->side + cell_of(p, p->x[i]) + 2]++;
    }
    for (size_t c = 1; c < cells + 2; c++) p->starts[c] += p->starts[c - 1];
    for (size_t i = 0; i < rows; i++)
        p->members[p->starts[cell_of(p, p->y[i]) * p->side + cell_of(p, p->x[i]) + 1]++] = (uint32_t)i;
    wn_pool_for(pool, rows, 1024, find_nearest, p);
}

static void bench_sparse(size_t rows, size_t m, size_t picks, wn_pool *pool)
{
    plane p;
    wn_selection out = {0};
    const char *options[] = {NULL};
    make_plane(&p, rows, m, pool);
    wn_selection_request request = {
        .embeddings = {NULL, rows, 0, 0}, .count = picks, .pool = pool, .neighbours = &p.lists};
    timing t = run("facility-location", options, &request, &out);
    double bytes = (double)rows * (double)m * (sizeof(int64_t) + sizeof(float));
    double floor = bytes / peak_rate(PEAK_STREAM, wn_cpu_level());
    printf(
        "{\"bench\":\"coverage.sparse\",\"rows\":%zu,\"neighbours\":%zu,\"picks\":%zu,\"threads\":%u,\"seconds\":%.3f,"
        "\"cpu_seconds\":%.3f,\"floor\":%.3f,\"objective\":%.9f,\"peak_memory_bytes\":%" PRIu64 "}\n",
        rows, m, out.len, wn_pool_threads(pool), t.wall, t.cpu, floor, out.objective, wn_memory_process_peak());
    wn_selection_clear(&out);
    wn_neighbours_clear(&p.lists);
    wn_free(p.members);
    wn_free(p.starts);
    wn_free(p.y);
    wn_free(p.x);
}

int main(int argc, char **argv)
{
    wn_pool *pool = NULL;
    size_t sizes[3] = {0};
    for (int i = 2; i < argc && i < 5; i++) sizes[i - 2] = strtoul(argv[i], NULL, 10);
    if (argc != 1 && argc < 5) {
        fprintf(stderr, "usage: bench_coverage [dense ROWS DIM PICKS | sparse ROWS M PICKS] [THREADS] [noplain]\n");
        return 2;
    }
    if (wn_pool_new(argc > 5 ? (unsigned)strtoul(argv[5], NULL, 10) : 0, 1, &pool, &err)) stop();
    if (argc == 1 || strcmp(argv[1], "dense") == 0)
        bench_dense(argc == 1 ? 10000 : sizes[0], argc == 1 ? 1024 : sizes[1], argc == 1 ? 1000 : sizes[2],
                    argc > 1 && !(argc > 6 && strcmp(argv[6], "noplain") == 0), pool);
    if (argc == 1 || strcmp(argv[1], "sparse") == 0)
        bench_sparse(argc == 1 ? 1000000 : sizes[0], argc == 1 ? 100 : sizes[1], argc == 1 ? 10000 : sizes[2], pool);
    wn_pool_free(&pool);
    return 0;
}
