/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading photos on one core: bench_read FOLDER [REPEATS]. Walks FOLDER, then reads every image REPEATS times (5 by
 * default) for all facts, hashes, thumbnail and model input; beside it, in the same run and turn by turn,
 * vips_thumbnail to the same size, and the floor: decoding at 1/8, which is reading the file and undoing its Huffman
 * code, and little else. Files that winnow finds bad are left out of all. One JSON line a figure, the best of all
 * passes, and the list of all; rates are per second of processor time, since a neighbour on the machine must not count.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jpeglib.h>
#include <vips/vips.h>

#include "winnow/media.h"
#include "winnow/memory.h"

typedef struct photos {
    wn_entry *entries;
    size_t count, room;
} photos;

typedef bool read_one(void *context, const wn_entry *entry);

static wn_error err;

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void must(wn_status status)
{
    if (status == WN_OK) return;
    fprintf(stderr, "bench_read: %s\n", err.message);
    exit(1);
}

static wn_status keep(void *context, const wn_entry *entry, wn_error *unused)
{
    photos *all = context;
    (void)unused;
    if (entry->status != WN_OK || entry->member != NULL) return WN_OK;
    if (all->count == all->room) {
        all->room = all->room * 2 + 1024;
        all->entries = realloc(all->entries, all->room * sizeof(*all->entries));
        if (all->entries == NULL) exit(1);
    }
    wn_entry *copy = &all->entries[all->count++];
    *copy = *entry;
    copy->path = strdup(entry->path);
    copy->name = strdup(entry->name);
    return WN_OK;
}

static bool read_all_facts(void *context, const wn_entry *entry)
{
    wn_reading reading;
    return wn_reader_read(context, entry, &reading, NULL) == WN_OK;
}

static bool make_vips_thumbnail(void *context, const wn_entry *entry)
{
    VipsImage *image = NULL;
    size_t len = 0;
    (void)context;
    if (vips_thumbnail(entry->path, &image, 256, "size", VIPS_SIZE_DOWN, NULL) != 0) return false;
    void *pixels = vips_image_write_to_memory(image, &len);
    g_object_unref(image);
    g_free(pixels);
    return pixels != NULL;
}

/* Good files only, so libjpeg's own error exit will do. */
static bool decode_eighth(void *context, const wn_entry *entry)
{
    static uint8_t row[3 * 65536];
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    FILE *file = fopen(entry->path, "rb");
    (void)context;
    if (file == NULL) return false;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&jpeg);
    jpeg_stdio_src(&jpeg, file);
    jpeg_read_header(&jpeg, TRUE);
    jpeg.scale_num = 1;
    jpeg.scale_denom = 8;
    jpeg_start_decompress(&jpeg);
    JSAMPROW rows[1] = {row};
    while (jpeg.output_scanline < jpeg.output_height) jpeg_read_scanlines(&jpeg, rows, 1);
    jpeg_finish_decompress(&jpeg);
    jpeg_destroy_decompress(&jpeg);
    fclose(file);
    return true;
}

/* Processor seconds for one pass. */
static double pass(const photos *all, read_one *read, void *context)
{
    double start = now(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < all->count; i++) {
        if (read(context, &all->entries[i])) continue;
        fprintf(stderr, "bench_read: %s failed\n", all->entries[i].path);
        exit(1);
    }
    return now(CLOCK_PROCESS_CPUTIME_ID) - start;
}

/* Leaves the readable JPEG files. */
static void keep_readable(photos *all, wn_reader *reader)
{
    size_t good = 0;
    for (size_t i = 0; i < all->count; i++) {
        wn_reading reading;
        if (wn_reader_read(reader, &all->entries[i], &reading, NULL) != WN_OK) continue;
        if (strcmp(reading.facts.format, "jpeg") == 0 && reading.facts.channels != 4)
            all->entries[good++] = all->entries[i];
    }
    all->count = good;
}

enum { REPEATS_MAX = 100 };

static void measure(const photos *all, wn_reader *reader, int repeats)
{
    static const char *const names[] = {"winnow", "vips_thumbnail", "jpeg_floor"};
    static read_one *const reads[] = {read_all_facts, make_vips_thumbnail, decode_eighth};
    double best[3] = {1e9, 1e9, 1e9}, seconds[3][REPEATS_MAX];
    if (repeats > REPEATS_MAX) repeats = REPEATS_MAX;
    for (int repeat = 0; repeat < repeats; repeat++) {
        for (int k = 0; k < 3; k++) {
            seconds[k][repeat] = pass(all, reads[k], reader);
            if (seconds[k][repeat] < best[k]) best[k] = seconds[k][repeat];
        }
    }
    for (int k = 0; k < 3; k++) {
        printf("{\"bench\":\"read.%s\",\"images\":%zu,\"cpu_seconds\":%.4f,\"images_per_cpu_second\":%.1f,"
               "\"winnow_is_faster\":%.2f,\"all_rates\":[",
               names[k], all->count, best[k], (double)all->count / best[k], best[k] / best[0]);
        for (int repeat = 0; repeat < repeats; repeat++)
            printf("%s%.1f", repeat ? "," : "", (double)all->count / seconds[k][repeat]);
        printf("]}\n");
    }
}

int main(int argc, char **argv)
{
    photos all = {0};
    wn_reader *reader = NULL;
    wn_source_counts counts;
    if (argc < 2) {
        fprintf(stderr, "usage: bench_read FOLDER [REPEATS]\n");
        return 2;
    }
    const char *paths[] = {argv[1]};
    must(wn_media_init(&err));
    vips_operation_block_set("VipsForeignLoadJpeg", FALSE); /* winnow blocks what it does not use */
    must(wn_reader_new(NULL, NULL, &reader, &err));
    double start = now(CLOCK_MONOTONIC);
    must(wn_source_walk(paths, 1, NULL, NULL, keep, &all, &counts, &err));
    printf("{\"bench\":\"read.walk\",\"images\":%llu,\"seconds\":%.4f}\n", (unsigned long long)counts.images,
           now(CLOCK_MONOTONIC) - start);
    keep_readable(&all, reader);
    if (all.count > 0) measure(&all, reader, argc > 2 ? (int)strtol(argv[2], NULL, 10) : 5);
    printf("{\"bench\":\"read.memory\",\"peak_memory_bytes\":%llu}\n", (unsigned long long)wn_memory_process_peak());
    wn_reader_free(&reader);
    for (size_t i = 0; i < all.count; i++) {
        free((void *)(uintptr_t)all.entries[i].path);
        free((void *)(uintptr_t)all.entries[i].name);
    }
    free(all.entries);
    wn_media_shutdown();
    return 0;
}
