/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_duplicates [ROWS]: pictures hashed a second from decoded pixels, hashes compared a second by each level, and
 * the repeats of ROWS hashes with a neighbour graph (default 1,000,000), all in processor time of this process.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "num/hamming.h"
#include "winnow/duplicates.h"
#include "winnow/memory.h"

static double seconds(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void hash_pictures(void)
{
    enum { SIDE = 64, COUNT = 2000 };
    static uint8_t rgb[3 * SIDE * SIDE];
    uint64_t hash[WN_PICTURE_WORDS], sum = 0;
    wn_picture_hasher *hasher = NULL;
    wn_rng rng;
    wn_rng_init(&rng, 1, 0);
    for (size_t i = 0; i < sizeof rgb; i++) rgb[i] = (uint8_t)wn_rng_u32(&rng);
    if (wn_picture_hasher_new(SIDE, &hasher, NULL)) exit(1);
    double started = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < COUNT; i++) {
        rgb[i] ^= 1;
        wn_picture_hash(hasher, rgb, hash);
        sum += hash[0];
    }
    double took = seconds(CLOCK_PROCESS_CPUTIME_ID) - started;
    printf("hash        %.0f pictures of 64 x 64 a second (%llx)\n", COUNT / took, (unsigned long long)sum);
    wn_picture_hasher_free(&hasher);
}

static void compare_hashes(void)
{
    enum { COUNT = 2000, ROUNDS = 5000 };
    static uint64_t hashes[4 * COUNT];
    static uint16_t bits[COUNT];
    wn_rng rng;
    wn_rng_init(&rng, 2, 0);
    for (size_t i = 0; i < (size_t)4 * COUNT; i++) hashes[i] = wn_rng_u64(&rng);
    for (int level = 0; level <= (int)wn_cpu_detect(); level++) {
        wn_hamming_kernels kernels, below;
        wn_hamming_kernels_init(&kernels, (wn_cpu)level);
        if (level) wn_hamming_kernels_init(&below, (wn_cpu)(level - 1));
        if (level && below.bits_256 == kernels.bits_256) continue;
        double started = seconds(CLOCK_PROCESS_CPUTIME_ID);
        for (size_t i = 0; i < ROUNDS; i++) kernels.bits_256(hashes + 4 * (i % COUNT), hashes, COUNT, bits);
        double took = seconds(CLOCK_PROCESS_CPUTIME_ID) - started;
        printf("compare     %-12s %.0f million hashes of 256 bits a second\n", wn_cpu_name((wn_cpu)level),
               (double)COUNT * ROUNDS / took / 1e6);
    }
}

/* A tenth of the rows are turned copies, up to 20 bits off; the graph names the original of half of them. */
static void find_repeats(size_t rows)
{
    enum { K = 10 };
    uint64_t *hashes = wn_alloc(WN_MEMORY_GENERAL, rows * 4, sizeof *hashes);
    int64_t *ids = wn_alloc(WN_MEMORY_GENERAL, rows * K, sizeof *ids);
    float *distances = wn_alloc(WN_MEMORY_GENERAL, rows * K, sizeof *distances);
    wn_pool *pool = NULL;
    wn_duplicates found;
    wn_error err = {0};
    wn_rng rng;
    size_t planted = 0;
    if (!hashes || !ids || !distances || wn_pool_new(0, 0, &pool, NULL)) exit(1);
    wn_rng_init(&rng, 3, 0);
    for (size_t row = 0; row < rows; row++) {
        for (size_t w = 0; w < 4; w++) hashes[4 * row + w] = wn_rng_u64(&rng);
        for (size_t i = 0; i < K; i++) {
            ids[row * K + i] = (int64_t)wn_rng_below(&rng, (uint32_t)rows);
            distances[row * K + i] = 0.2f + 0.1f * (float)i;
        }
        if (row == 0 || wn_rng_below(&rng, 10) > 0) continue;
        size_t from = wn_rng_below(&rng, (uint32_t)row);
        wn_picture_hash_turn(hashes + 4 * from, wn_rng_below(&rng, 8), hashes + 4 * row);
        for (unsigned i = wn_rng_below(&rng, 21); i > 0; i--)
            hashes[4 * row + wn_rng_below(&rng, 4)] ^= (uint64_t)1 << wn_rng_below(&rng, 64);
        if (row % 2) ids[row * K] = (int64_t)from;
        if (row % 2) distances[row * K] = 0.01f;
        planted++;
    }
    wn_alike_request request = {.rows = rows,
                                .hashes = hashes,
                                .max_bits = 56,
                                .neighbours = ids,
                                .distances = distances,
                                .k = K,
                                .max_distance = 0.05f,
                                .pool = pool};
    double started = seconds(CLOCK_MONOTONIC), worked = seconds(CLOCK_PROCESS_CPUTIME_ID);
    if (wn_duplicates_find_pictures(&request, &found, &err)) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    printf("repeats     %zu rows: %zu planted, %zu found, %.1f s, %.1f s of processor time, peak %.2f GB\n", rows,
           planted, found.len, seconds(CLOCK_MONOTONIC) - started, seconds(CLOCK_PROCESS_CPUTIME_ID) - worked,
           (double)wn_memory_process_peak() / 1e9);
    wn_duplicates_clear(&found);
    wn_pool_free(&pool);
    wn_free(distances);
    wn_free(ids);
    wn_free(hashes);
}

int main(int argc, char **argv)
{
    hash_pictures();
    compare_hashes();
    find_repeats(argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 1000000);
    return 0;
}
