/* SPDX-License-Identifier: Apache-2.0
 *
 * The store at scale: bench_store FOLDER [ROWS [THUMB_BYTES]]. Makes FOLDER/bench.winnow with ROWS samples (a million
 * by default) in batches of 1,000, each with ten columns like those of `winnow add` and a thumbnail, then an embedding
 * column of 128 float32; measures each step; removes nothing. One JSON line a figure.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "winnow/catalog.h"
#include "winnow/memory.h"
#include "winnow/workspace.h"

enum { BATCH = 1000, FACTS = 8, DIM = 128, NAME = 64 };

static wn_error err;

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

typedef struct stopwatch {
    double wall, cpu;
} stopwatch;

static stopwatch start(void)
{
    return (stopwatch){now(CLOCK_MONOTONIC), now(CLOCK_PROCESS_CPUTIME_ID)};
}

static void tell(const char *what, stopwatch from, int64_t count, const char *unit)
{
    double wall = now(CLOCK_MONOTONIC) - from.wall, cpu = now(CLOCK_PROCESS_CPUTIME_ID) - from.cpu;
    printf("{\"bench\":\"store.%s\",\"seconds\":%.4f,\"cpu_seconds\":%.4f,\"count\":%" PRId64 ",\"unit\":\"%s\","
           "\"per_second\":%.0f,\"peak_memory_bytes\":%" PRIu64 "}\n",
           what, wall, cpu, count, unit, (double)count / wall, wn_memory_process_peak());
    fflush(stdout);
}

static void must(wn_status status)
{
    if (status == WN_OK) return;
    fprintf(stderr, "bench_store: %s\n", err.message);
    exit(1);
}

static size_t make_name(int64_t row, char out[NAME])
{
    return (size_t)snprintf(out, NAME, "train/class-%03" PRId64 "/image_%08" PRId64 ".jpg", row % 1000, row);
}

static wn_workspace *open_workspace(const char *path, wn_workspace_mode mode)
{
    wn_workspace_options options = {.mode = mode, .command = "bench_store"};
    wn_workspace *workspace = NULL;
    must(wn_workspace_open(path, &options, &workspace, &err));
    return workspace;
}

static void append_all(wn_workspace *workspace, int64_t rows, size_t thumb_bytes)
{
    static char names[BATCH][NAME];
    static float facts[BATCH];
    static int64_t hashes[BATCH][2];
    static wn_sample samples[BATCH];
    static wn_sample_thumb thumbs[BATCH];
    wn_sample_column columns[FACTS + 2];
    char labels[FACTS][16];
    unsigned char *bytes = calloc(1, thumb_bytes + BATCH);
    for (int i = 0; i < FACTS; i++) {
        snprintf(labels[i], sizeof labels[i], "fact-%d", i);
        must(wn_column_create(workspace, labels[i], WN_COLUMN_F32, 1, &err));
        columns[i] = (wn_sample_column){labels[i], facts};
    }
    must(wn_column_create(workspace, "hash.bytes", WN_COLUMN_HASH128, 1, &err));
    must(wn_column_create(workspace, "hash.pixels", WN_COLUMN_HASH128, 1, &err));
    columns[FACTS] = (wn_sample_column){"hash.bytes", hashes};
    columns[FACTS + 1] = (wn_sample_column){"hash.pixels", hashes};
    int64_t source = 0;
    must(wn_workspace_add_source(workspace, "folder", "/data", &source, &err));
    for (int64_t first = 0; first < rows; first += BATCH) {
        size_t count = rows - first < BATCH ? (size_t)(rows - first) : BATCH;
        for (size_t i = 0; i < count; i++) {
            int64_t row = first + (int64_t)i;
            facts[i] = (float)row;
            hashes[i][0] = row;
            samples[i] = (wn_sample){.source = source,
                                     .name = names[i],
                                     .name_len = make_name(row, names[i]),
                                     .size = (uint64_t)row,
                                     .mtime_ns = row,
                                     .width = 640,
                                     .height = 480,
                                     .format = "jpeg",
                                     .captured_at = row,
                                     .camera = "Example Camera 5"};
            thumbs[i] = (wn_sample_thumb){bytes + i, thumb_bytes};
        }
        wn_sample_batch batch = {
            .samples = samples, .sample_count = count, .columns = columns, .column_count = FACTS + 2, .thumbs = thumbs};
        must(wn_workspace_append(workspace, &batch, NULL, &err));
    }
    free(bytes);
}

/* A 64-bit mix (SplitMix64), and from it numbers around 0. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static float number(uint64_t at)
{
    uint64_t x = mix(at);
    return ((float)(x & 0xffff) + (float)(x >> 16 & 0xffff) + (float)(x >> 32 & 0xffff) + (float)(x >> 48)) * 0x1p-16f -
           2;
}

/* Rows around 1,000 centres, registered as the embedding of a model, so that the folder serves `winnow search` too. */
static void append_embeddings(wn_workspace *workspace, int64_t rows)
{
    static float values[BATCH][DIM];
    wn_model_record model = {.name = "bench", .file = "models/bench.wnm", .dim = DIM};
    wn_embedding_record embedding = {.model = "bench", .column = "embeddings", .dim = DIM};
    must(wn_column_create(workspace, "embeddings", WN_COLUMN_F32, DIM, &err));
    must(wn_model_add(workspace, &model, &err));
    must(wn_embedding_add(workspace, &embedding, &err));
    for (int64_t first = 0; first < rows; first += BATCH) {
        size_t count = rows - first < BATCH ? (size_t)(rows - first) : BATCH;
        for (size_t i = 0; i < count; i++) {
            uint64_t row = (uint64_t)first + i, cloud = mix(row) % 1000;
            for (uint64_t k = 0; k < DIM; k++)
                values[i][k] = number((uint64_t)1 << 60 | (cloud * DIM + k)) + 0.3f * number(row * DIM + k);
        }
        must(wn_column_append(workspace, "embeddings", first, values, count, &err));
    }
}

static void bench_known(wn_workspace *workspace, int64_t rows)
{
    wn_known_files *known = NULL;
    stopwatch watch = start();
    must(wn_workspace_load_known(workspace, -1, &known, &err));
    tell("load_known", watch, rows, "files");
    int64_t unchanged = 0;
    watch = start();
    for (int64_t row = 0; row < rows; row++) {
        char name[NAME];
        size_t len = make_name(row, name);
        unchanged += wn_known_files_check(known, 1, name, len, (uint64_t)row, row, NULL) == WN_KNOWN_UNCHANGED;
    }
    tell("check_known", watch, unchanged, "files");
    wn_known_files_free(&known);
}

static void bench_thumbs(wn_workspace *workspace, int64_t rows)
{
    enum { READS = 20000 };
    uint64_t seed = 1;
    stopwatch watch = start();
    for (int i = 0; i < READS; i++) {
        unsigned char *bytes = NULL;
        size_t len = 0;
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        must(wn_workspace_thumb(workspace, (int64_t)((seed >> 33) % (uint64_t)rows), &bytes, &len, &err));
        wn_free(bytes);
    }
    tell("thumbs_random", watch, READS, "thumbnails");
}

static void bench_column(wn_workspace *workspace, int64_t rows)
{
    static float values[BATCH][DIM];
    const void *map = NULL;
    wn_column *column = NULL;
    stopwatch watch = start();
    must(wn_column_open(workspace, "embeddings", &column, &err));
    tell("column_open", watch, 1, "columns");
    watch = start();
    for (int64_t first = 0; first + BATCH <= rows; first += BATCH)
        must(wn_column_read(column, first, BATCH, values, &err));
    tell("column_read", watch, rows, "rows");
    wn_column_close(&column);
    must(wn_column_open(workspace, "embeddings", &column, &err));
    watch = start();
    must(wn_column_map(column, &map, &err));
    tell("column_map", watch, rows, "rows");
    wn_column_close(&column);
}

static wn_status count_visit(void *context, const wn_sample *sample)
{
    *(int64_t *)context += sample->status == WN_SAMPLE_OK;
    return WN_OK;
}

int main(int argc, char **argv)
{
    int64_t rows = argc > 2 ? atoll(argv[2]) : 1000000, seen = 0;
    size_t thumb_bytes = argc > 3 ? (size_t)atoll(argv[3]) : 2000;
    char path[1024];
    wn_workspace_counts counts;
    if (argc < 2 || rows < BATCH) {
        fprintf(stderr, "usage: bench_store FOLDER [ROWS [THUMB_BYTES]]; ROWS at least %d\n", BATCH);
        return 2;
    }
    snprintf(path, sizeof path, "%s/bench.winnow", argv[1]);
    wn_workspace *workspace = open_workspace(path, WN_WORKSPACE_CREATE);
    must(wn_workspace_count(workspace, &counts, &err));
    if (counts.rows == 0) {
        stopwatch watch = start();
        append_all(workspace, rows, thumb_bytes);
        tell("append", watch, rows, "samples");
        watch = start();
        append_embeddings(workspace, rows);
        tell("append_embeddings", watch, rows, "rows");
    }
    wn_workspace_close(&workspace);

    static const struct {
        wn_workspace_mode mode;
        const char *name;
    } opens[] = {{WN_WORKSPACE_WRITE, "open_write"}, {WN_WORKSPACE_READ, "open_read"}};
    for (size_t i = 0; i < 2; i++) {
        stopwatch watch = start();
        workspace = open_workspace(path, opens[i].mode);
        must(wn_workspace_count(workspace, &counts, &err));
        tell(opens[i].name, watch, counts.rows, "samples");
        if (i == 0) wn_workspace_close(&workspace);
    }
    bench_known(workspace, counts.rows);
    stopwatch watch = start();
    must(wn_workspace_visit_samples(workspace, 0, counts.rows, count_visit, &seen, &err));
    tell("visit_samples", watch, seen, "samples");
    bench_thumbs(workspace, counts.rows);
    bench_column(workspace, counts.rows);
    wn_workspace_close(&workspace);
    return 0;
}
