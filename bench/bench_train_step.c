/* SPDX-License-Identifier: Apache-2.0
 *
 * Training throughput: forward, backward and update of one network on random views. bench_train_step.py does the same
 * with PyTorch. One JSON line; the fastest step counts, the median stands beside it, and the floor: what the operations
 * of the convolutions alone would take at the measured peak of as many cores.
 *
 *     bench_train_step [network] [batch] [side] [fp32|bf16] [threads] [steps] [shard]
 *     bench_train_step tiny 512 32 fp32 2 20 64
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/rng.h"
#include "nn/network.h"
#include "nn/optimizer.h"
#include "peak.h"
#include "winnow/memory.h"

typedef struct settings {
    const wn_architecture *architecture;
    size_t batch;
    uint32_t side, shard;
    wn_precision precision;
    unsigned threads;
    int steps;
} settings;

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool parse(int argc, char **argv, settings *out)
{
    static const char *const fallback[] = {"", "tiny", "512", "32", "fp32", "2", "20", "0"};
    const char *words[8];
    for (int i = 0; i < 8; i++) words[i] = i < argc ? argv[i] : fallback[i];
    *out = (settings){.architecture = wn_architecture_find(words[1]),
                      .batch = (size_t)strtoul(words[2], NULL, 10),
                      .side = (uint32_t)strtoul(words[3], NULL, 10),
                      .precision = strcmp(words[4], "bf16") == 0 ? WN_PRECISION_BF16 : WN_PRECISION_FP32,
                      .threads = (unsigned)strtoul(words[5], NULL, 10),
                      .steps = (int)strtol(words[6], NULL, 10),
                      .shard = (uint32_t)strtoul(words[7], NULL, 10)};
    return out->architecture && out->batch && out->side && out->threads && out->steps > 0 && out->steps <= 1000;
}

/* Seconds of one step: by the clock, and of all processors together. The second is steadier on a busy machine. */
typedef struct timing {
    double wall, processor;
} timing;

static timing now(void)
{
    return (timing){wn_clock_seconds(), (double)clock() / CLOCKS_PER_SEC};
}

/* Runs the steps; times[0 .. steps) by the clock, times[steps .. 2 steps) of the processors. */
static wn_status run_steps(const settings *s, wn_pool *pool, double *times, wn_error *err)
{
    wn_status status;
    wn_network *network = NULL;
    wn_batch *batch = NULL;
    wn_optimizer *optimizer = NULL;
    wn_optimizer_options options;
    const wn_batch_group group = {s->batch, s->side};
    const wn_batch_options how = {
        .precision = s->precision, .shard_views = s->shard, .training = true, .threads = s->threads};
    size_t pixel_count = s->batch * s->side * s->side * 3;
    size_t feature_count = s->batch * wn_architecture_features(s->architecture);
    uint8_t *pixels = wn_alloc(WN_MEMORY_GENERAL, pixel_count, 1);
    float *features = wn_alloc(WN_MEMORY_GENERAL, 2 * feature_count, sizeof *features), *gradient = NULL;
    wn_rng rng;

    wn_rng_init(&rng, 1, 0);
    for (size_t i = 0; pixels && i < pixel_count; i++) pixels[i] = (uint8_t)wn_rng_below(&rng, 256);
    for (size_t i = 0; features && i < feature_count; i++) features[feature_count + i] = 1e-4F * wn_rng_normal(&rng);
    if ((status = wn_network_new(s->architecture, 0, &network, err))) goto done;
    wn_tensors *tensors = wn_network_tensors(network);
    gradient = wn_alloc(WN_MEMORY_GENERAL, tensors->trained, sizeof *gradient);
    status = pixels && features && gradient ? WN_OK : WN_NOMEM;
    if (status != WN_OK) goto done;
    if ((status = wn_batch_new(network, &group, 1, &how, &batch, err))) goto done;
    if ((status = wn_optimizer_defaults("sgd", &options, err))) goto done;
    if ((status = wn_optimizer_new("sgd", &options, tensors, &optimizer, err))) goto done;
    for (int i = 0; i < s->steps; i++) {
        timing start = now();
        if ((status = wn_network_commit(network, pool, err))) goto done;
        if ((status = wn_batch_forward(batch, pool, (const uint8_t *const *)&pixels, features, err))) goto done;
        if ((status = wn_batch_backward(batch, pool, features + feature_count, gradient, err))) goto done;
        wn_batch_absorb(batch, 0.1F);
        if ((status = wn_optimizer_step(optimizer, pool, tensors, gradient, 1e-3, err))) goto done;
        timing end = now();
        times[i] = end.wall - start.wall;
        times[s->steps + i] = end.processor - start.processor;
    }

done:
    wn_optimizer_free(&optimizer);
    wn_batch_free(&batch);
    wn_free(gradient);
    wn_network_free(&network);
    wn_free(features);
    wn_free(pixels);
    return status;
}

int main(int argc, char **argv)
{
    settings s;
    double seconds[2000];
    wn_error err = {0};
    wn_pool *pool = NULL;

    if (!parse(argc, argv, &s)) {
        fputs("usage: bench_train_step [network] [batch] [side] [fp32|bf16] [threads] [steps] [shard]\n", stderr);
        return 2;
    }
    if (wn_pool_new(s.threads, 1, &pool, &err) != WN_OK || run_steps(&s, pool, seconds, &err) != WN_OK) {
        fprintf(stderr, "bench_train_step: %s\n", err.message);
        wn_pool_free(&pool);
        return 1;
    }
    wn_pool_free(&pool);
    qsort(seconds, (size_t)s.steps, sizeof *seconds, compare_doubles);
    qsort(seconds + s.steps, (size_t)s.steps, sizeof *seconds, compare_doubles);
    double flop = 3 * wn_architecture_flop(s.architecture, s.side) * (double)s.batch;
    bool bf16 = wn_precision_resolve(s.precision) == WN_PRECISION_BF16;
    double peak = peak_rate(bf16 ? PEAK_BF16 : PEAK_F32, wn_cpu_level()) * s.threads;
    printf("{\"bench\":\"train_step\",\"engine\":\"winnow\",\"network\":\"%s\",\"batch\":%zu,\"side\":%u,"
           "\"precision\":\"%s\",\"threads\":%u,\"shard\":%u,",
           s.architecture->name, s.batch, s.side, bf16 ? "bf16" : "fp32", s.threads, s.shard);
    printf("\"views_per_second\":%.0f,\"views_per_second_median\":%.0f,\"views_per_processor_second\":%.0f,"
           "\"gflop_per_second\":%.1f,\"views_per_second_at_peak\":%.0f,\"peak_memory_mb\":%.0f}\n",
           (double)s.batch / seconds[0], (double)s.batch / seconds[s.steps / 2], (double)s.batch / seconds[s.steps],
           flop / seconds[0] * 1e-9, peak * (double)s.batch / flop, (double)wn_memory_process_peak() / 1e6);
    return 0;
}
