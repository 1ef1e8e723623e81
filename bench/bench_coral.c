/* SPDX-License-Identifier: Apache-2.0
 *
 * Products of objectives at size: bench_coral ROWS DIM PICKS [CLASSES] [soft] [set] [threads=N]. Rows lie in clusters;
 * scores are uniform, classes follow the cluster, a tenth of the rows falls under the threshold. Prints one JSON line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "winnow/memory.h"
#include "winnow/product.h"

enum { CLUSTERS = 1000 };

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

typedef struct made {
    float *vectors, *scores, *amounts;
    int64_t *labels, *candidates;
    size_t kept;
} made;

static made make(size_t rows, size_t dim, size_t classes)
{
    made m = {malloc(rows * dim * sizeof(float)),     malloc(rows * sizeof(float)),
              malloc(rows * classes * sizeof(float)), malloc(rows * sizeof(int64_t)),
              malloc(rows * sizeof(int64_t)),         0};
    float *centres = malloc(CLUSTERS * dim * sizeof(float));
    wn_rng rng;
    wn_rng_init(&rng, 1, 0);
    for (size_t i = 0; i < CLUSTERS * dim; i++) centres[i] = wn_rng_normal(&rng);
    for (size_t i = 0; i < rows; i++) {
        size_t cluster = wn_rng_below(&rng, CLUSTERS);
        for (size_t k = 0; k < dim; k++)
            m.vectors[i * dim + k] = centres[cluster * dim + k] + 0.5f * wn_rng_normal(&rng);
        m.scores[i] = wn_rng_uniform(&rng);
        m.labels[i] = (int64_t)(cluster * cluster / CLUSTERS * classes / CLUSTERS); /* unequal classes */
        float rest = wn_rng_uniform(&rng);
        for (size_t c = 0; c < classes; c++)
            m.amounts[i * classes + c] = rest / (float)classes + (c == (size_t)m.labels[i] ? 1 - rest : 0);
        m.candidates[i] = (int64_t)i;
    }
    free(centres);
    m.kept = wn_threshold_filter(m.scores, WN_THRESHOLD_BIGGER_EQUAL, 0.1, m.candidates, rows);
    return m;
}

int main(int argc, char **argv)
{
    size_t rows = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000, dim = argc > 2 ? strtoul(argv[2], NULL, 10) : 128;
    size_t picks = argc > 3 ? strtoul(argv[3], NULL, 10) : 1000, classes = argc > 4 ? strtoul(argv[4], NULL, 10) : 10;
    bool soft = false, set = false;
    unsigned threads = 2;
    for (int i = 5; i < argc; i++) {
        soft = soft || strcmp(argv[i], "soft") == 0;
        set = set || strcmp(argv[i], "set") == 0;
        if (strncmp(argv[i], "threads=", 8) == 0) threads = (unsigned)strtoul(argv[i] + 8, NULL, 10);
    }
    if (classes == 0) classes = 1;
    made m = make(rows, dim, classes);
    wn_objective_input inputs[] = {
        {.kind = "diversity", .strength = 1, .vectors = {m.vectors, rows, dim, dim}},
        {.kind = "weights", .strength = 1, .values = {m.scores, rows}},
        {.kind = "balance",
         .strength = 1,
         .labels = {soft ? NULL : m.labels, soft ? 0 : rows},
         .amounts = {soft ? m.amounts : NULL, rows, classes, classes},
         .class_count = classes,
         .balance = WN_BALANCE_UNIFORM},
    };
    wn_product_request request = {.rows = rows,
                                  .count = picks,
                                  .candidates = {m.candidates, m.kept},
                                  .objectives = inputs,
                                  .objective_count = classes > 1 ? 3 : 2,
                                  .variant = set ? WN_VARIANT_SET : WN_VARIANT_CANDIDATE};
    wn_product product = {0};
    wn_error err = {0};
    if (wn_pool_new(threads, 0, &request.pool, &err)) return 1;
    double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    wn_status status = wn_product_select(&request, &product, &err);
    wall = now(CLOCK_MONOTONIC) - wall;
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    if (status) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < product.len; i++) sum = sum * 31 + (uint64_t)product.picks[i];
    printf("{\"rows\":%zu,\"dim\":%zu,\"picks\":%zu,\"classes\":%zu,\"soft\":%d,\"set\":%d,\"threads\":%u,\"seconds\":%"
           ".3f,"
           "\"processor_seconds\":%.3f,\"rounds\":%zu,\"planned_bytes\":%llu,\"picks_hash\":%llu}\n",
           rows, dim, product.len, classes, soft, set, threads, wall, cpu, product.rounds,
           (unsigned long long)wn_product_memory(&request), (unsigned long long)sum);
    wn_product_clear(&product);
    wn_pool_free(&request.pool);
    free(m.candidates);
    free(m.labels);
    free(m.amounts);
    free(m.scores);
    free(m.vectors);
    return 0;
}
