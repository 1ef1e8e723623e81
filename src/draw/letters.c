/* SPDX-License-Identifier: Apache-2.0
 *
 * The outlines are those of third_party/dejavu/glyphs.bin; tools/make_glyphs.py says how they are written.
 */
#include "draw/letters.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

enum { UNITS = 1024, ENTRY = 8 };

extern const uint8_t wn_glyphs[];

static unsigned u16_at(const uint8_t *at)
{
    return (unsigned)at[0] | (unsigned)at[1] << 8;
}

static int i16_at(const uint8_t *at)
{
    return (int16_t)(uint16_t)u16_at(at);
}

static size_t u32_at(const uint8_t *at)
{
    return u16_at(at) | (size_t)u16_at(at + 2) << 16;
}

/* Where the entry of a letter is; the box's where there is none. */
static const uint8_t *find_glyph(uint32_t code)
{
    const uint8_t *entries = wn_glyphs + 4;
    size_t low = 1, high = u32_at(wn_glyphs);
    while (low < high) {
        size_t middle = (low + high) / 2;
        unsigned here = u16_at(entries + middle * ENTRY);
        if (here == code) return entries + middle * ENTRY;
        if (here < code)
            low = middle + 1;
        else
            high = middle;
    }
    return entries;
}

/* The next letter of the text, which is moved behind it. */
static const uint8_t *next_glyph(const char **text)
{
    const uint8_t *bytes = (const uint8_t *)*text;
    size_t len = wn_text_utf8_step(*text, strnlen(*text, 4));
    uint32_t code = bytes[0];
    if (len == 0) {
        *text += 1;
        return find_glyph(0xFFFF);
    }
    if (len > 1) code &= 0xFFu >> (len + 1);
    for (size_t i = 1; i < len; i++) code = code << 6 | (bytes[i] & 0x3Fu);
    *text += len;
    return find_glyph(code < 0x20 || code == 0x7F || code == 0xA0 ? ' ' : code);
}

float wn_letters_width(const char *text, float size)
{
    unsigned width = 0;
    while (*text) width += u16_at(next_glyph(&text) + 2);
    return (float)width * size / UNITS;
}

size_t wn_letters_fit(const char *text, float size, float width)
{
    const char *at = text;
    size_t fits = 0;
    float scale = size / UNITS, used = 0, room = width - (float)u16_at(find_glyph(0x2026) + 2) * scale;
    if (wn_letters_width(text, size) <= width) return strlen(text);
    while (*at) {
        used += (float)u16_at(next_glyph(&at) + 2) * scale;
        if (used > room) break;
        fits = (size_t)(at - text);
    }
    return fits;
}

typedef struct pen {
    wn_path *out;
    float x, y, scale;
} pen;

static wn_point point_at(const pen *p, const uint8_t *at)
{
    int twice = i16_at(at), across = (twice - (twice & 1)) / 2;
    return (wn_point){p->x + (float)across * p->scale, p->y - (float)i16_at(at + 2) * p->scale};
}

static bool is_on(const uint8_t *at)
{
    return at[0] & 1;
}

static wn_point between(wn_point a, wn_point b)
{
    return (wn_point){(a.x + b.x) / 2, (a.y + b.y) / 2};
}

/* A closed contour: between two control points lies a point of the curve that is not written down. */
static void trace_contour(const pen *p, const uint8_t *at, size_t count)
{
    wn_point last = point_at(p, at + (count - 1) * 4), first = point_at(p, at);
    wn_point start = is_on(at) ? first : is_on(at + (count - 1) * 4) ? last : between(first, last);
    wn_path_to(p->out, start.x, start.y);
    for (size_t i = is_on(at) ? 1 : 0; i < count; i++) {
        wn_point here = point_at(p, at + i * 4);
        if (is_on(at + i * 4)) {
            wn_path_to(p->out, here.x, here.y);
            continue;
        }
        const uint8_t *next = at + (i + 1 < count ? i + 1 : 0) * 4;
        wn_point end = i + 1 == count ? start : is_on(next) ? point_at(p, next) : between(here, point_at(p, next));
        wn_path_curve(p->out, here.x, here.y, end.x, end.y);
        if (i + 1 < count && is_on(next)) i++;
    }
    wn_path_close(p->out);
}

void wn_letters_trace(const char *text, float x, float y, float size, wn_path *out)
{
    pen p = {out, x, y, size / UNITS};
    while (*text && !out->failed) {
        const uint8_t *entry = next_glyph(&text), *at = wn_glyphs + u32_at(entry + 4);
        unsigned contours = u16_at(at);
        at += 2;
        for (unsigned c = 0; c < contours; c++) {
            size_t count = u16_at(at);
            if (count) trace_contour(&p, at + 2, count);
            at += 2 + count * 4;
        }
        p.x += (float)u16_at(entry + 2) * p.scale;
    }
}
