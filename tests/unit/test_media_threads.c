/* SPDX-License-Identifier: Apache-2.0
 *
 * Readers on several threads give what one reader gives, reasons included: libvips keeps its error text for the whole
 * process.
 */
#include "media_pictures.h"

#include <vips/vips.h>

#include "winnow/pool.h"

enum { FILES = 12, ROUNDS = 4 };

static struct {
    void *bytes[FILES];
    size_t lens[FILES];
    wn_reader *readers[4];
    char results[FILES * ROUNDS][600];
} shared;

static void make_file(int i)
{
    uint8_t *rgb = make_waves(200 + i, 150, (uint64_t)i);
    VipsImage *image = vips_image_new_from_memory(rgb, (size_t)(200 + i) * 150 * 3, 200 + i, 150, 3, VIPS_FORMAT_UCHAR);
    static const char *const suffixes[] = {".png", ".gif", ".tif"};
    assert_non_null(image);
    assert_int_equal(vips_image_write_to_buffer(image, suffixes[i % 3], &shared.bytes[i], &shared.lens[i], NULL), 0);
    if (i % 2 == 1) shared.lens[i] = shared.lens[i] / 2 + (size_t)i; /* every second file is cut */
    g_object_unref(image);
    wn_free(rgb);
}

static void read_some(void *context, size_t begin, size_t end, unsigned worker)
{
    (void)context;
    for (size_t i = begin; i < end; i++) {
        size_t file = i % FILES;
        wn_error err = {0};
        wn_reading reading;
        wn_status status =
            wn_reader_read_bytes(shared.readers[worker], shared.bytes[file], shared.lens[file], "x", &reading, &err);
        uint64_t pixels = 0;
        memcpy(&pixels, reading.facts.pixel_hash, 8);
        snprintf(shared.results[i], sizeof(shared.results[i]), "%s %llx %s", wn_status_name(status),
                 (unsigned long long)pixels, err.message);
    }
}

static void threads_agree(void **state)
{
    (void)state;
    wn_error err = {0};
    wn_pool *pool = NULL;
    static char alone[FILES * ROUNDS][600];
    for (int i = 0; i < FILES; i++) make_file(i);
    for (int i = 0; i < 4; i++) shared.readers[i] = make_reader(NULL, NULL);
    read_some(NULL, 0, FILES * ROUNDS, 0);
    memcpy(alone, shared.results, sizeof(alone));
    assert_int_equal(wn_pool_new(4, 0, &pool, &err), WN_OK);
    wn_pool_for(pool, FILES * ROUNDS, 1, read_some, NULL);
    wn_pool_free(&pool);
    for (int i = 0; i < FILES * ROUNDS; i++) assert_string_equal(shared.results[i], alone[i]);
    assert_memory_equal(alone[0], "OK ", 3);
    assert_non_null(strstr(alone[1], "damaged GIF: "));
    for (int i = 0; i < 4; i++) wn_reader_free(&shared.readers[i]);
    for (int i = 0; i < FILES; i++) g_free(shared.bytes[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_agree)};
    return cmocka_run_group_tests(tests, start_media, stop_media);
}
