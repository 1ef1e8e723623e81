/* SPDX-License-Identifier: Apache-2.0
 *
 * What a decoder is, and what the reader tells it and gets from it.
 */
#ifndef MEDIA_FORMAT_H
#define MEDIA_FORMAT_H

#include "winnow/media.h"

/* height x width x RGBX, 8 bits, rows without gaps, X = 255. sRGB, alpha flattened on white. */
typedef struct wn_picture {
    uint8_t *pixels;
    int width, height;
    size_t room; /* bytes that `pixels` can hold */
} wn_picture;

/* One decode. The decoder checks the header against the limits, fills the facts that a header tells (width and
 * height as stored, before orientation; channels, bits, alpha, frames, orientation, EXIF), and gives the picture at
 * any scale that has at least the pixels of wn_decoding_needs. The two sides may be reduced by different factors. */
typedef struct wn_decoding {
    const uint8_t *bytes;
    size_t len;
    const wn_read_limits *limits; /* no field is zero */
    double started, started_cpu;  /* of wn_clock_seconds and wn_clock_process_seconds */
    bool header_only;             /* fill the facts that a header tells, then return WN_OK without a picture */
    int fit_side;    /* longer side of the largest picture that will be made from it with its proportions kept */
    int square_side; /* side of the square that the whole picture will be squeezed to */
    wn_facts *facts;
    wn_picture *picture;
    bool memory_short; /* out: failed because of limits->memory */
} wn_decoding;

/* A kind of file: one file in formats/ and one line in formats.def. The order of the lines is the order of probing. */
typedef struct wn_format {
    const char *name, *summary;
    const char *const *suffixes; /* NULL-terminated, lower case */
    bool (*probe)(const uint8_t *bytes, size_t len);
    bool (*available)(void); /* optional; absent = always */
    void (*start)(void);     /* optional; once for the process, after libvips has started */
    wn_status (*decode)(wn_decoding *decoding, wn_error *err);
} wn_format;

/* NULL when no format has this suffix (with its dot, any case), or these first bytes. */
const wn_format *wn_format_of_suffix(const char *suffix);
const wn_format *wn_format_of_bytes(const void *bytes, size_t len);

/* The i-th format, NULL beyond the last. */
const wn_format *wn_format_get(size_t i);

/* Stores the size and checks it: WN_CORRUPT for an empty picture, WN_LIMIT beyond limits->pixels. */
wn_status wn_decoding_set_size(wn_decoding *decoding, int64_t width, int64_t height, wn_error *err);

/* The pixels that are needed of a picture of width x height: no more than it has. */
void wn_decoding_needs(const wn_decoding *decoding, int64_t width, int64_t height, int64_t *needs_width,
                       int64_t *needs_height);

/* WN_LIMIT when a decoder that holds the whole picture would need more than limits->memory. */
wn_status wn_decoding_check_memory(wn_decoding *decoding, uint64_t bytes, wn_error *err);

/* Whether the time of wn_read_limits is over, and the failure to return then. */
bool wn_decoding_is_late(const wn_decoding *decoding);
wn_status wn_decoding_fail_late(const wn_decoding *decoding, wn_error *err);

/* Makes room for a picture of this size; its content is undefined. */
wn_status wn_picture_resize(wn_picture *picture, int width, int height, wn_error *err);
void wn_picture_clear(wn_picture *picture);

#endif
