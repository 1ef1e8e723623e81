/* SPDX-License-Identifier: Apache-2.0
 *
 * Trains on raw images (count x side x side x 3, u8) and prints the accuracy of a weighted kNN vote (k = 200,
 * temperature 0.1; Wu et al. 2018) from the training to the test images at each prefix of the embedding.
 *
 *     bench_pretrain TRAIN TEST SIDE MODEL.wnm [name=value ...]
 *
 * reads TRAIN.u8 and TRAIN.i32 (labels), TEST.u8 and TEST.i32. TRAIN and TEST may be the same: then each image asks all
 * others. Names are the options of `winnow train`, and threads=N, seed=N, k=N, extra=1 (trains on TEST as well),
 * only=1 (no training, MODEL is evaluated), tests=N (only the
 * first N test images are asked), bank=N (only the first N training images answer).
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "winnow/log.h"
#include "winnow/memory.h"
#include "winnow/train.h"

enum { CLASSES_MAX = 1000, BINS = 8192 };

typedef struct set {
    uint8_t *pixels;
    int32_t *labels;
    size_t count, image_bytes;
    float *rows;
} set;

static void *read_all(const char *name, const char *ending, size_t *len)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s.%s", name, ending);
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(2);
    }
    *len = (size_t)ftell(file);
    rewind(file);
    void *bytes = wn_alloc(WN_MEMORY_GENERAL, *len, 1);
    if (!bytes || fread(bytes, 1, *len, file) != *len) exit(2);
    (void)fclose(file);
    return bytes;
}

static set read_set(const char *name, size_t side)
{
    set s = {.image_bytes = side * side * 3};
    size_t len;
    s.pixels = read_all(name, "u8", &len);
    s.count = len / s.image_bytes;
    s.labels = read_all(name, "i32", &len);
    return s;
}

typedef struct source {
    const set *parts[2];
} source;

static wn_status fetch(void *context, const int64_t *rows, size_t n, uint8_t *out, wn_error *err)
{
    const source *from = context;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        size_t row = (size_t)rows[i], first = from->parts[0]->count;
        const set *part = from->parts[row >= first];
        memcpy(out + i * part->image_bytes, part->pixels + (row - (row >= first ? first : 0)) * part->image_bytes,
               part->image_bytes);
    }
    return WN_OK;
}

typedef struct vote {
    const set *train, *test;
    const float *from, *to; /* rows of one prefix */
    size_t dim, k;
    uint8_t *right;
} vote;

/* Votes of the k nearest; the k-th similarity is found to 1 / BINS. */
static void vote_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const vote *v = context;
    const size_t n = v->train->count;
    float *sim = wn_alloc(WN_MEMORY_GENERAL, n, sizeof *sim);
    (void)worker;
    for (size_t r = begin; r < end && sim; r++) {
        double votes[CLASSES_MAX] = {0};
        uint32_t histogram[BINS] = {0};
        for (size_t i = 0; i < n; i++) {
            float lanes[16] = {0}, sum = 0.0F;
            for (size_t j = 0; j < v->dim; j += 16) {
                for (size_t l = 0; l < 16; l++) lanes[l] += v->from[i * v->dim + j + l] * v->to[r * v->dim + j + l];
            }
            for (size_t l = 0; l < 16; l++) sum += lanes[l];
            sim[i] = v->train == v->test && i == r ? -1.0F : sum;
            histogram[(int)((sim[i] + 1.0F) * (BINS / 2 - 1)) & (BINS - 1)]++;
        }
        size_t above = 0;
        int cut = BINS - 1;
        while (cut > 0 && above + histogram[cut] <= v->k) above += histogram[cut--];
        for (size_t i = 0; i < n; i++) {
            int bin = (int)((sim[i] + 1.0F) * (BINS / 2 - 1)) & (BINS - 1);
            if (bin > cut || (bin == cut && above < v->k)) votes[v->train->labels[i]] += exp((double)sim[i] / 0.1);
            if (bin == cut) above++;
        }
        size_t winner = 0;
        for (size_t c = 1; c < CLASSES_MAX; c++) winner = votes[c] > votes[winner] ? c : winner;
        v->right[r] = (int32_t)winner == v->test->labels[r];
    }
    wn_free(sim);
}

static double accuracy(const set *train, const set *test, size_t dim, size_t prefix, size_t k, wn_pool *pool)
{
    float *from = wn_alloc(WN_MEMORY_GENERAL, train->count * prefix, sizeof *from);
    float *to = wn_alloc(WN_MEMORY_GENERAL, test->count * prefix, sizeof *to);
    uint8_t *right = wn_calloc(WN_MEMORY_GENERAL, test->count, 1);
    if (!from || !to || !right) exit(1);
    wn_model_cut_prefix(train->rows, train->count, dim, prefix, from);
    wn_model_cut_prefix(test->rows, test->count, dim, prefix, to);
    vote v = {train, test, from, to, prefix, k, right};
    wn_pool_for(pool, test->count, 64, vote_rows, &v);
    double sum = 0.0;
    for (size_t i = 0; i < test->count; i++) sum += right[i];
    wn_free(right);
    wn_free(to);
    wn_free(from);
    return sum / (double)test->count;
}

static void embed(wn_model *model, wn_pool *pool, set *s)
{
    wn_error err = {0};
    s->rows = wn_alloc(WN_MEMORY_GENERAL, s->count * wn_model_get_info(model)->dim, sizeof *s->rows);
    if (!s->rows || wn_model_embed(model, pool, s->pixels, s->count, s->rows, &err) != WN_OK) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
}

static bool report(void *context, const wn_progress_report *at)
{
    static time_t last;
    time_t now = time(NULL);
    (void)context;
    if (now - last < 15) return false;
    last = now;
    fprintf(stderr, "%s %" PRIu64 "/%" PRIu64 " %s\n", at->stage, at->done, at->total, at->note ? at->note : "");
    return false;
}

static void sink(void *context, wn_log_level level, const char *line)
{
    (void)context;
    (void)level;
    fprintf(stderr, "%s\n", line);
}

static double cpu_seconds(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

int main(int argc, char **argv)
{
    wn_error err = {0};
    wn_train_params params;
    unsigned threads = 0, k = 200, extra = 0, only = 0, tests = 0, bank = 0;
    if (argc < 5) return fprintf(stderr, "bench_pretrain TRAIN TEST SIDE MODEL [name=value ...]\n"), 2;
    wn_log_set_sink(sink, NULL, WN_LOG_VERBOSE);
    if (wn_train_params_init(&params, &err) != WN_OK) return fprintf(stderr, "%s\n", err.message), 2;
    for (int i = 5; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (value) *value++ = '\0';
        unsigned number = value ? (unsigned)strtoul(value, NULL, 10) : 1;
        if (strcmp(argv[i], "threads") == 0)
            threads = number;
        else if (strcmp(argv[i], "k") == 0)
            k = number;
        else if (strcmp(argv[i], "extra") == 0)
            extra = number;
        else if (strcmp(argv[i], "only") == 0)
            only = number;
        else if (strcmp(argv[i], "tests") == 0)
            tests = number;
        else if (strcmp(argv[i], "bank") == 0)
            bank = number;
        else if (strcmp(argv[i], "seed") == 0)
            params.seed = number;
        else if (wn_options_set(wn_train_options, &params, argv[i], value, &err) != WN_OK)
            return fprintf(stderr, "%s\n", err.message), 2;
    }
    size_t side = strtoul(argv[3], NULL, 10);
    set train = read_set(argv[1], side), other = {0}, *test = &train;
    if (strcmp(argv[1], argv[2]) != 0) {
        other = read_set(argv[2], side);
        test = &other;
    }
    source from = {{&train, &other}};
    wn_train_images images = {.count = (int64_t)(train.count + (extra ? other.count : 0)),
                              .side = (uint32_t)side,
                              .fetch = fetch,
                              .context = &from};
    if (tests > 0 && tests < test->count && test != &train) test->count = tests;
    wn_train_files files = {.model = argv[4]};
    wn_progress progress = {report, NULL};
    wn_train_result result = {0};
    wn_pool *pool = NULL;
    wn_model *model = NULL;
    if (wn_pool_new(threads, 1, &pool, &err) != WN_OK ||
        (!only && wn_train_run(&images, &params, &files, pool, &progress, &result, &err) != WN_OK) ||
        wn_model_open(argv[4], WN_PRECISION_AUTO, &model, &err) != WN_OK) {
        return fprintf(stderr, "%s\n", err.message), 1;
    }
    const wn_model_info *info = wn_model_get_info(model);
    printf("%s steps=%" PRId64
           " epochs=%.2f seconds=%.1f cpu=%.1f views/s=%.0f gflops=%.0f loss=%.3f std=%.3f peak=%" PRIu64 "MB",
           info->options, result.plan.steps, result.plan.epochs, result.seconds, cpu_seconds(),
           result.images_per_second * (double)(result.plan.views + result.plan.small_views),
           (double)result.plan.steps * result.plan.flop / (result.seconds + 1e-9) * 1e-9, result.loss,
           result.embedding_std, wn_memory_process_peak() / 1000000);
    if (bank > 0 && bank < train.count && test != &train) train.count = bank;
    embed(model, pool, &train);
    if (test != &train) embed(model, pool, &other);
    for (uint32_t i = info->prefix_count; i-- > 0;) {
        printf(" knn%u=%.4f", (unsigned)info->prefixes[i],
               accuracy(&train, test, info->dim, info->prefixes[i], k, pool));
    }
    printf("\n");
    wn_model_close(&model);
    wn_pool_free(&pool);
    return 0;
}
