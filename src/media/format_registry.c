/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of formats, from formats.def, and the checks that every decoder makes.
 */
#include "media/format.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "winnow/memory.h"

#define LATE_ANYWAY 10 /* times the limit */

#define X(name) extern const wn_format wn_format_##name;
#include "media/formats.def"
#undef X

static const wn_format *const formats[] = {
#define X(name) &wn_format_##name,
#include "media/formats.def"
#undef X
};
static const size_t format_count = sizeof(formats) / sizeof(formats[0]);

const wn_format *wn_format_get(size_t i)
{
    return i < format_count ? formats[i] : NULL;
}

const wn_format *wn_format_of_suffix(const char *suffix)
{
    for (size_t i = 0; i < format_count; i++) {
        for (const char *const *known = formats[i]->suffixes; *known != NULL; known++) {
            if (wn_text_equal_fold(suffix, *known)) return formats[i];
        }
    }
    return NULL;
}

const wn_format *wn_format_of_bytes(const void *bytes, size_t len)
{
    for (size_t i = 0; i < format_count; i++) {
        if (formats[i]->probe(bytes, len)) return formats[i];
    }
    return NULL;
}

size_t wn_media_format_count(void)
{
    return format_count;
}

wn_media_format wn_media_format_at(size_t i)
{
    const wn_format *format = wn_format_get(i);
    if (format == NULL) return (wn_media_format){.name = "", .summary = ""};
    return (wn_media_format){.name = format->name,
                             .summary = format->summary,
                             .suffixes = format->suffixes,
                             .available = format->available == NULL || format->available()};
}

wn_status wn_decoding_set_size(wn_decoding *decoding, int64_t width, int64_t height, wn_error *err)
{
    if (width <= 0 || height <= 0) {
        return wn_fail(err, WN_CORRUPT, "the header says %lld x %lld pixels", (long long)width, (long long)height);
    }
    decoding->facts->width = width;
    decoding->facts->height = height;
    if ((uint64_t)width > decoding->limits->pixels / (uint64_t)height) {
        return wn_fail(err, WN_LIMIT, "%lld x %lld pixels, more than the limit of %llu", (long long)width,
                       (long long)height, (unsigned long long)decoding->limits->pixels);
    }
    return WN_OK;
}

static int64_t need(int64_t side, int64_t longer, const wn_decoding *decoding)
{
    int64_t fit = (side * decoding->fit_side + longer - 1) / longer;
    int64_t least = fit > decoding->square_side ? fit : decoding->square_side;
    return least < side ? least : side;
}

void wn_decoding_needs(const wn_decoding *decoding, int64_t width, int64_t height, int64_t *needs_width,
                       int64_t *needs_height)
{
    int64_t longer = width > height ? width : height;
    *needs_width = need(width, longer, decoding);
    *needs_height = need(height, longer, decoding);
}

wn_status wn_decoding_check_memory(wn_decoding *decoding, uint64_t bytes, wn_error *err)
{
    if (bytes <= decoding->limits->memory) return WN_OK;
    char needs[32], may[32];
    decoding->memory_short = true;
    wn_text_bytes(bytes, needs);
    wn_text_bytes(decoding->limits->memory, may);
    return wn_fail(err, WN_LIMIT, "decoding needs %s of memory, more than the limit of %s", needs, may);
}

bool wn_decoding_is_late(const wn_decoding *decoding)
{
    const wn_read_limits *limits = decoding->limits;
    double took = wn_clock_seconds() - decoding->started;
    if (took <= limits->seconds) return false;
    /* On a machine that gives the process little time, waiting is no fault of the file. */
    double ran = wn_clock_process_seconds() - decoding->started_cpu;
    return ran > limits->seconds * limits->readers || took > limits->seconds * LATE_ANYWAY;
}

wn_status wn_decoding_fail_late(const wn_decoding *decoding, wn_error *err)
{
    return wn_fail(err, WN_LIMIT, "decoding took longer than the limit of %g s", decoding->limits->seconds);
}

wn_status wn_picture_resize(wn_picture *picture, int width, int height, wn_error *err)
{
    size_t bytes;
    if (!wn_mul_size((size_t)width * 4, (size_t)height, &bytes)) return wn_fail(err, WN_LIMIT, "picture too large");
    if (bytes > picture->room) {
        wn_free(picture->pixels);
        picture->room = 0;
        picture->pixels = wn_alloc(WN_MEMORY_IMAGE, bytes, 1);
        if (picture->pixels == NULL) return wn_fail(err, WN_NOMEM, "no memory for a picture of %d x %d", width, height);
        picture->room = bytes;
    }
    picture->width = width;
    picture->height = height;
    return WN_OK;
}

void wn_picture_clear(wn_picture *picture)
{
    wn_free(picture->pixels);
    *picture = (wn_picture){0};
}
