/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures that the media tests make, and the reader that they share.
 */
#ifndef UNIT_MEDIA_PICTURES_H
#define UNIT_MEDIA_PICTURES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/rng.h"
#include "media/jpeg_writer.h"
#include "winnow/media.h"
#include "winnow/memory.h"

/* RGB, width x height, blocks of side x side pixels of random colours. */
static inline uint8_t *make_blocks(int width, int height, int side, uint64_t seed)
{
    uint8_t *rgb = wn_alloc(WN_MEMORY_IMAGE, (size_t)width * (size_t)height, 3);
    assert_non_null(rgb);
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            uint64_t colour = wn_rng_mix(seed ^ (uint64_t)(y / side * 4096 + x / side));
            memcpy(rgb + 3 * (y * width + x), &colour, 3);
        }
    }
    return rgb;
}

/* RGB, smooth: sums of a few waves, like the low frequencies of a photo. */
static inline uint8_t *make_waves(int width, int height, uint64_t seed)
{
    uint8_t *rgb = wn_alloc(WN_MEMORY_IMAGE, (size_t)width * (size_t)height, 3);
    assert_non_null(rgb);
    wn_rng rng;
    wn_rng_init(&rng, seed, 0);
    float amount[3][16];
    for (int c = 0; c < 3; c++) {
        for (int k = 0; k < 16; k++) amount[c][k] = wn_rng_range(&rng, -30, 30);
    }
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            for (int c = 0; c < 3; c++) {
                float value = 128;
                for (int k = 0; k < 16; k++) {
                    float u = (float)(x * (k % 4)) / (float)width, v = (float)(y * (k / 4)) / (float)height;
                    float phase = u + v - (float)(int)(u + v); /* a triangle wave */
                    value += amount[c][k] * (phase < 0.5f ? 4 * phase - 1 : 3 - 4 * phase);
                }
                rgb[3 * (y * width + x) + c] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
            }
        }
    }
    return rgb;
}

/* The picture as a JPEG file in `out` (cleared by the caller). */
static inline void write_jpeg(const uint8_t *rgb, int width, int height, int quality, wn_buffer *out)
{
    wn_error err = {0};
    wn_buffer_init(out, WN_MEMORY_IMAGE, 0);
    if (wn_jpeg_write(rgb, width, height, 3, quality, out, &err) != WN_OK) fail_msg("%s", err.message);
}

/* A reader with the given limits; the defaults for NULL. */
static inline wn_reader *make_reader(const wn_read_limits *limits, const wn_read_request *request)
{
    wn_error err = {0};
    wn_reader *reader = NULL;
    if (wn_reader_new(limits, request, &reader, &err) != WN_OK) fail_msg("%s", err.message);
    return reader;
}

/* Reads what must be good. */
static inline wn_reading read_good(wn_reader *reader, const void *bytes, size_t len, const char *name)
{
    wn_error err = {0};
    wn_reading reading;
    if (wn_reader_read_bytes(reader, bytes, len, name, &reading, &err) != WN_OK) fail_msg("%s: %s", name, err.message);
    return reading;
}

/* Reads what must be bad, with this status and a reason that contains `words`. */
static inline wn_reading read_bad(wn_reader *reader, const void *bytes, size_t len, wn_status status, const char *words)
{
    wn_error err = {0};
    wn_reading reading;
    wn_status found = wn_reader_read_bytes(reader, bytes, len, "x.jpg", &reading, &err);
    if (found != status || strstr(err.message, words) == NULL) {
        fail_msg("wanted %s \"%s\", got %s \"%s\"", wn_status_name(status), words, wn_status_name(found), err.message);
    }
    return reading;
}

/* Group fixtures. */
static inline int start_media(void **state)
{
    wn_error err = {0};
    (void)state;
    return wn_media_init(&err) == WN_OK ? 0 : -1;
}

static inline int stop_media(void **state)
{
    (void)state;
    wn_media_shutdown();
    return wn_memory_live(WN_MEMORY_COUNT) == 0 ? 0 : -1;
}

#endif
