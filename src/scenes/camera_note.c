/* SPDX-License-Identifier: Apache-2.0
 *
 * A small EXIF 2.3 block, little-endian: image directory (make, model, orientation, time) and photo directory (time,
 * exposure, aperture, sensitivity, focal length).
 */
#include <string.h>

#include "scenes/painting.h"

enum { ASCII = 2, SHORT = 3, LONG = 4, RATIONAL = 5 };

typedef struct block {
    uint8_t *at;  /* start of the TIFF part: offsets count from here */
    size_t entry; /* where the next directory entry goes */
    size_t data;  /* where the next long value goes */
} block;

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, unsigned value)
{
    put16(at, value & 0xffffu);
    put16(at + 2, value >> 16);
}

static void add(block *b, unsigned tag, unsigned type, unsigned count, unsigned value)
{
    uint8_t *e = b->at + b->entry;
    put16(e, tag);
    put16(e + 2, type);
    put32(e + 4, count);
    put32(e + 8, value);
    b->entry += 12;
}

static void add_text(block *b, unsigned tag, const char *text)
{
    size_t len = strlen(text) + 1;
    memcpy(b->at + b->data, text, len);
    add(b, tag, ASCII, (unsigned)len, (unsigned)b->data);
    b->data += (len + 1) & ~(size_t)1;
}

static void add_ratio(block *b, unsigned tag, unsigned above, unsigned below)
{
    put32(b->at + b->data, above);
    put32(b->at + b->data + 4, below);
    add(b, tag, RATIONAL, 1, (unsigned)b->data);
    b->data += 8;
}

int wn_camera_note_write(const wn_camera_note *note, uint8_t out[400])
{
    enum { HEAD = 10, FIRST = 8, FIRST_COUNT = 5, SECOND_COUNT = 5 };
    const size_t second = FIRST + 2 + FIRST_COUNT * 12 + 4;
    memset(out, 0, 400);
    memcpy(out, "\xff\xe1\0\0Exif\0\0", 10);
    block b = {.at = out + HEAD, .entry = FIRST + 2, .data = second + 2 + SECOND_COUNT * 12 + 4};
    memcpy(b.at, "II*\0\x08\0\0\0", 8);
    put16(b.at + FIRST, FIRST_COUNT);
    add_text(&b, 0x010f, note->make);
    add_text(&b, 0x0110, note->model);
    add(&b, 0x0112, SHORT, 1, (unsigned)note->orientation);
    add_text(&b, 0x0132, note->time);
    add(&b, 0x8769, LONG, 1, (unsigned)second);
    b.entry = second + 2;
    put16(b.at + second, SECOND_COUNT);
    add_ratio(&b, 0x829a, 1, note->exposure_denominator);
    add_ratio(&b, 0x829d, note->aperture_tenths, 10);
    add(&b, 0x8827, SHORT, 1, note->iso);
    add_text(&b, 0x9003, note->time);
    add_ratio(&b, 0x920a, note->focal_millimetres, 1);
    size_t len = HEAD + b.data;
    out[2] = (uint8_t)((len - 2) >> 8);
    out[3] = (uint8_t)(len - 2);
    return (int)len;
}
