/* SPDX-License-Identifier: Apache-2.0
 *
 * The import of annotations at the size of COCO: bench_import FOLDER [IMAGES [ITEMS [CLASSES]]]. Makes a workspace of
 * images that have no files, a COCO file of boxes (kept as FOLDER/boxes.json, for bench_import.py), JSON Lines of
 * detections with class probabilities for a tenth of the images, and prints one JSON line a step: seconds of wall time
 * and of processor time, megabytes a second, peak memory of the process so far.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "winnow/jobs.h"
#include "winnow/memory.h"
#include "winnow/workspace.h"

enum { BATCH = 1000 };

static wn_error err;

static void stop(void)
{
    fprintf(stderr, "bench_import: %s\n", err.message);
    exit(1);
}

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static unsigned next(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void make_workspace(const char *path, size_t images)
{
    static wn_sample samples[BATCH];
    static char names[BATCH][40];
    int64_t source = 0;
    wn_workspace_options options = {.mode = WN_WORKSPACE_CREATE, .unsynced = true};
    wn_workspace *workspace = NULL;
    if (wn_workspace_open(path, &options, &workspace, &err)) stop();
    if (wn_workspace_add_source(workspace, "folder", "/pictures", &source, &err)) stop();
    for (size_t first = 0; first < images; first += BATCH) {
        size_t count = images - first < BATCH ? images - first : BATCH;
        for (size_t i = 0; i < count; i++) {
            snprintf(names[i], sizeof names[i], "train/%012zu.jpg", first + i);
            samples[i] = (wn_sample){.source = source,
                                     .name = names[i],
                                     .name_len = strlen(names[i]),
                                     .width = 640,
                                     .height = 480,
                                     .captured_at = WN_CAPTURED_UNKNOWN};
        }
        wn_sample_batch batch = {.samples = samples, .sample_count = count};
        if (wn_workspace_append(workspace, &batch, NULL, &err)) stop();
    }
    wn_workspace_close(&workspace);
}

static void write_coco(const char *path, size_t images, size_t items, unsigned classes)
{
    FILE *file = fopen(path, "w");
    unsigned state = 1;
    if (!file) exit(1);
    fprintf(file, "{\"categories\": [");
    for (unsigned c = 0; c < classes; c++)
        fprintf(file, "%s{\"id\": %u, \"name\": \"class %u\"}", c ? ", " : "", c + 1, c);
    fprintf(file, "], \"images\": [");
    for (size_t i = 0; i < images; i++)
        fprintf(file, "%s{\"id\": %zu, \"file_name\": \"%012zu.jpg\", \"width\": 640, \"height\": 480}", i ? ", " : "",
                i, i);
    fprintf(file, "], \"annotations\": [");
    for (size_t i = 0; i < items; i++) {
        unsigned x = next(&state) % 500, y = next(&state) % 400, w = next(&state) % 100 + 1, h = next(&state) % 70 + 1;
        fprintf(
            file,
            "%s{\"id\": %zu, \"image_id\": %zu, \"category_id\": %u, \"iscrowd\": 0, \"area\": %u, \"bbox\": [%u.25, "
            "%u.5, %u, %u], \"segmentation\": [[%u, %u, %u, %u, %u, %u, %u, %u]]}",
            i ? ", " : "", i + 1, i % images, next(&state) % classes + 1, w * h, x, y, w, h, x, y, x + w, y, x + w,
            y + h, x, y + h);
    }
    fprintf(file, "]}");
    fclose(file);
}

static void write_lines(const char *path, size_t images, size_t items, unsigned classes)
{
    FILE *file = fopen(path, "w");
    unsigned state = 7;
    if (!file) exit(1);
    for (size_t i = 0; i < images; i++) {
        fprintf(file, "{\"image\": \"%012zu.jpg\", \"detections\": [", i);
        for (size_t j = 0; j < items / images; j++) {
            fprintf(file, "%s{\"bbox\": [10, 20, 30, 40], \"score\": 0.%u, \"class\": %u, \"probs\": [", j ? ", " : "",
                    next(&state) % 1000 + 1000, next(&state) % classes);
            for (unsigned c = 0; c < classes; c++) fprintf(file, "%s0.%04u", c ? ", " : "", next(&state) % 10000);
            fprintf(file, "]}");
        }
        fprintf(file, "]}\n");
    }
    fclose(file);
}

static void import(const char *what, const char *workspace, const char *path, wn_annotation_role role)
{
    struct stat facts;
    wn_annotation_options reader = {.box = "xywh"};
    wn_job job = {.command = "bench_import"};
    wn_import_options options = {.workspace = workspace, .path = path, .role = role, .reader = &reader};
    wn_import_result result;
    if (stat(path, &facts) != 0) exit(1);
    double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    if (wn_job_import(&job, &options, &result, &err)) stop();
    wall = now(CLOCK_MONOTONIC) - wall;
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("{\"step\": \"%s\", \"megabytes\": %.1f, \"images\": %lld, \"items\": %lld, \"seconds\": %.2f, "
           "\"processor_seconds\": %.2f, \"mb_per_processor_second\": %.0f, \"peak_mb\": %.0f}\n",
           what, (double)facts.st_size / 1e6, (long long)result.sets[0].matched, (long long)result.sets[0].items, wall,
           cpu, (double)facts.st_size / 1e6 / cpu, (double)wn_memory_process_peak() / 1e6);
    fflush(stdout);
    wn_import_result_clear(&result);
}

int main(int argc, char **argv)
{
    char workspace[400], boxes[400], lines[400];
    size_t images = argc > 2 ? strtoul(argv[2], NULL, 10) : 118000,
           items = argc > 3 ? strtoul(argv[3], NULL, 10) : 860000;
    unsigned classes = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 80;
    if (argc < 2 || images < 10 || items < images || !classes) {
        fprintf(stderr, "usage: bench_import FOLDER [IMAGES [ITEMS [CLASSES]]]\n");
        return 2;
    }
    snprintf(workspace, sizeof workspace, "%s/bench_import.winnow", argv[1]);
    snprintf(boxes, sizeof boxes, "%s/boxes.json", argv[1]);
    snprintf(lines, sizeof lines, "%s/detections.jsonl", argv[1]);
    make_workspace(workspace, images);
    write_coco(boxes, images, items, classes);
    write_lines(lines, images / 10, items / 10, classes);
    import("coco boxes and polygons", workspace, boxes, WN_ROLE_LABELS);
    import("detections with probabilities", workspace, lines, WN_ROLE_PREDICTIONS);
    return 0;
}
