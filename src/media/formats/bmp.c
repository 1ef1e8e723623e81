/* SPDX-License-Identifier: Apache-2.0
 *
 * Windows and OS/2 bitmaps: 1, 4, 8, 16, 24 and 32 bits, run-length coded or with bit masks, either way up. libvips
 * reads them only through ImageMagick, which is too much code for files from anywhere. Alpha is ignored: most writers
 * leave it zero.
 */
#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "media/box.h"
#include "winnow/memory.h"

enum { PLAIN, RLE8, RLE4, MASKS, JPEG_INSIDE, PNG_INSIDE, MASKS_WITH_ALPHA };

typedef struct bitmap {
    const uint8_t *bytes; /* of the whole file */
    size_t len;
    int64_t width, height;
    bool top_down;
    uint32_t bits, compression;
    size_t pixels; /* offset of the pixels */
    uint8_t palette[256][4];
    uint32_t masks[3];
} bitmap;

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) | get16(at + 2) << 16;
}

static wn_status read_palette(bitmap *bmp, size_t at, uint32_t used, size_t entry, wn_error *err)
{
    for (size_t i = 0; i < 256; i++) memcpy(bmp->palette[i], (uint8_t[4]){0, 0, 0, 255}, 4);
    if (bmp->bits > 8) return WN_OK;
    size_t count = (size_t)1 << bmp->bits;
    if (used != 0 && used < count) count = used;
    /* Some writers leave out unused colours; what the pixels begin with is no palette any more. */
    size_t room = bmp->pixels > at && bmp->pixels <= bmp->len ? bmp->pixels - at : bmp->len - at;
    if (count > room / entry) count = room / entry;
    if (count == 0) return wn_fail(err, WN_CORRUPT, "damaged BMP: no palette");
    for (size_t i = 0; i < count; i++) {
        const uint8_t *bgr = bmp->bytes + at + i * entry;
        memcpy(bmp->palette[i], (uint8_t[4]){bgr[2], bgr[1], bgr[0], 255}, 4);
    }
    return WN_OK;
}

/* The masks follow the 40 bytes, inside a longer header or behind a short one. */
static wn_status read_masks(bitmap *bmp, wn_error *err)
{
    static const uint32_t masks16[] = {0x7C00, 0x03E0, 0x001F}, masks32[] = {0xFF0000, 0x00FF00, 0x0000FF};
    memcpy(bmp->masks, bmp->bits == 16 ? masks16 : masks32, sizeof(bmp->masks));
    if (bmp->compression != MASKS && bmp->compression != MASKS_WITH_ALPHA) return WN_OK;
    if (bmp->bits != 16 && bmp->bits != 32)
        return wn_fail(err, WN_CORRUPT, "damaged BMP: masks for %u bits", bmp->bits);
    if (bmp->len < 14 + 40 + 12) return wn_fail(err, WN_CORRUPT, "truncated BMP: no bit masks");
    for (size_t i = 0; i < 3; i++) bmp->masks[i] = get32(bmp->bytes + 14 + 40 + 4 * i);
    return WN_OK;
}

static wn_status check_kind(const bitmap *bmp, uint32_t planes, wn_error *err)
{
    bool rle = bmp->compression == RLE8 || bmp->compression == RLE4;
    if (bmp->compression == JPEG_INSIDE || bmp->compression == PNG_INSIDE || bmp->compression > MASKS_WITH_ALPHA) {
        return wn_fail(err, WN_UNSUPPORTED, "BMP with compression %u", bmp->compression);
    }
    bool known =
        bmp->bits == 1 || bmp->bits == 4 || bmp->bits == 8 || bmp->bits == 16 || bmp->bits == 24 || bmp->bits == 32;
    if (!known) return wn_fail(err, WN_UNSUPPORTED, "BMP with %u bits a pixel", bmp->bits);
    if ((rle && bmp->bits != (bmp->compression == RLE8 ? 8u : 4u)) || (rle && bmp->top_down) || planes > 1) {
        return wn_fail(err, WN_CORRUPT, "damaged BMP: the header contradicts itself");
    }
    return WN_OK;
}

static wn_status read_header(bitmap *bmp, wn_error *err)
{
    if (bmp->len < 26) return wn_fail(err, WN_CORRUPT, "truncated BMP: no header");
    const uint8_t *info = bmp->bytes + 14;
    size_t header = get32(info);
    uint32_t planes, used = 0;
    bmp->pixels = get32(bmp->bytes + 10);
    if (header == 12) {
        bmp->width = get16(info + 4);
        bmp->height = get16(info + 6);
        planes = get16(info + 8);
        bmp->bits = get16(info + 10);
    } else if (header >= 16 && header <= 512 && bmp->len >= 14 + (header < 40 ? 40 : header)) {
        bmp->width = (int32_t)get32(info + 4);
        bmp->height = (int32_t)get32(info + 8);
        planes = get16(info + 12);
        bmp->bits = get16(info + 14);
        if (header >= 40) {
            bmp->compression = get32(info + 16);
            used = get32(info + 32);
        }
    } else {
        return wn_fail(err, WN_CORRUPT, "damaged BMP: header of %zu bytes", header);
    }
    bmp->top_down = bmp->height < 0;
    if (bmp->top_down) bmp->height = -bmp->height;
    WN_TRY(check_kind(bmp, planes, err));
    WN_TRY(read_masks(bmp, err));
    size_t palette = 14 + header + (header == 40 && bmp->compression == MASKS ? 12 : 0);
    if (palette > bmp->len) palette = bmp->len;
    WN_TRY(read_palette(bmp, palette, used, header == 12 ? 3 : 4, err));
    if (bmp->pixels < 14 || bmp->pixels > bmp->len) return wn_fail(err, WN_CORRUPT, "truncated BMP: no pixels");
    return WN_OK;
}

/* The bits of `value` under `mask`, scaled to 0..255. */
static uint8_t masked(uint32_t value, uint32_t mask)
{
    if (mask == 0) return 0;
    unsigned shift = (unsigned)__builtin_ctz(mask);
    uint64_t most = mask >> shift, part = (value & mask) >> shift;
    return (uint8_t)((part * 255 + most / 2) / most);
}

static void expand_row(const bitmap *bmp, const uint8_t *src, uint8_t *rgbx)
{
    for (size_t x = 0; x < (size_t)bmp->width; x++, rgbx += 4) {
        uint32_t value;
        switch (bmp->bits) {
        case 1:
            memcpy(rgbx, bmp->palette[src[x / 8] >> (7 - x % 8) & 1], 4);
            continue;
        case 4:
            memcpy(rgbx, bmp->palette[src[x / 2] >> (x % 2 != 0 ? 0 : 4) & 15], 4);
            continue;
        case 8:
            memcpy(rgbx, bmp->palette[src[x]], 4);
            continue;
        case 24:
            memcpy(rgbx, (uint8_t[4]){src[3 * x + 2], src[3 * x + 1], src[3 * x], 255}, 4);
            continue;
        case 16:
            value = get16(src + 2 * x);
            break;
        default:
            value = get32(src + 4 * x);
            break;
        }
        for (size_t c = 0; c < 3; c++) rgbx[c] = masked(value, bmp->masks[c]);
        rgbx[3] = 255;
    }
}

static wn_status feed_plain(const bitmap *bmp, wn_decoding *decoding, wn_box *box, uint8_t *row, wn_error *err)
{
    size_t stride = ((size_t)bmp->width * bmp->bits + 31) / 32 * 4, room = bmp->len - bmp->pixels;
    assert(stride > 0);
    size_t whole = room / stride; /* rows that are there; the padding of the last one may be missing */
    if (whole + 1 == (size_t)bmp->height && room - whole * stride >= ((size_t)bmp->width * bmp->bits + 7) / 8) whole++;
    if (whole < (size_t)bmp->height) {
        return wn_fail(err, WN_CORRUPT, "truncated BMP: %zu of %lld rows", whole, (long long)bmp->height);
    }
    for (int64_t y = 0; y < bmp->height; y++) {
        int64_t stored = bmp->top_down ? y : bmp->height - 1 - y;
        expand_row(bmp, bmp->bytes + bmp->pixels + (size_t)stored * stride, row);
        wn_box_add_row(box, (int)y, row);
        if ((y & 255) == 0 && wn_decoding_is_late(decoding)) return wn_decoding_fail_late(decoding, err);
    }
    return WN_OK;
}

/* Where a run-length decoder writes: one byte an index, rows from the bottom. */
typedef struct run_canvas {
    uint8_t *indices;
    size_t width, height, x, y;
} run_canvas;

static void put(run_canvas *canvas, uint8_t index)
{
    if (canvas->x < canvas->width && canvas->y < canvas->height) {
        canvas->indices[(canvas->height - 1 - canvas->y) * canvas->width + canvas->x] = index;
    }
    canvas->x++;
}

/* Pixel i of a run: RLE4 packs or alternates two. */
static uint8_t nibble(const bitmap *bmp, uint8_t value, size_t i)
{
    if (bmp->compression == RLE8) return value;
    return i % 2 == 0 ? value >> 4 : value & 15;
}

/* Returns false when the data end before the picture does. */
static bool unpack(const bitmap *bmp, run_canvas *canvas)
{
    const uint8_t *at = bmp->bytes + bmp->pixels, *end = bmp->bytes + bmp->len;
    while (end - at >= 2 && canvas->y < canvas->height) {
        size_t count = at[0];
        uint8_t value = at[1];
        at += 2;
        if (count > 0) {
            for (size_t i = 0; i < count; i++) put(canvas, nibble(bmp, value, i));
        } else if (value == 0) {
            canvas->x = 0;
            canvas->y++;
        } else if (value == 1) {
            return true;
        } else if (value == 2) {
            if (end - at < 2) return false;
            canvas->x += at[0];
            canvas->y += at[1];
            at += 2;
        } else {
            size_t bytes = bmp->compression == RLE8 ? value : (value + 1u) / 2, padded = (bytes + 1) / 2 * 2;
            if ((size_t)(end - at) < bytes) return false;
            for (size_t i = 0; i < value; i++) {
                put(canvas, nibble(bmp, at[bmp->compression == RLE8 ? i : i / 2], i));
            }
            at += (size_t)(end - at) < padded ? bytes : padded;
        }
    }
    return canvas->y >= canvas->height || (canvas->y + 1 == canvas->height && canvas->x >= canvas->width);
}

static wn_status feed_runs(const bitmap *bmp, wn_decoding *decoding, wn_box *box, uint8_t *row, wn_error *err)
{
    run_canvas canvas = {.width = (size_t)bmp->width, .height = (size_t)bmp->height};
    WN_TRY(wn_decoding_check_memory(decoding, (uint64_t)canvas.width * canvas.height, err));
    canvas.indices = wn_calloc(WN_MEMORY_IMAGE, canvas.width, canvas.height);
    if (canvas.indices == NULL) return wn_fail(err, WN_NOMEM, "no memory for a picture");
    wn_status status = WN_OK;
    if (!unpack(bmp, &canvas)) status = wn_fail(err, WN_CORRUPT, "truncated BMP: the runs end early");
    for (size_t y = 0; y < canvas.height && status == WN_OK; y++) {
        const uint8_t *indices = canvas.indices + y * canvas.width;
        for (size_t x = 0; x < canvas.width; x++) memcpy(row + 4 * x, bmp->palette[indices[x]], 4);
        wn_box_add_row(box, (int)y, row);
    }
    wn_free(canvas.indices);
    return status;
}

static wn_status decode(wn_decoding *decoding, wn_error *err)
{
    bitmap bmp = {.bytes = decoding->bytes, .len = decoding->len};
    wn_box box = {0};
    uint8_t *row = NULL;
    WN_TRY(read_header(&bmp, err));
    WN_TRY(wn_decoding_set_size(decoding, bmp.width, bmp.height, err));
    decoding->facts->channels = 3;
    decoding->facts->bits = bmp.bits == 16 ? 5 : 8;
    if (decoding->header_only) return WN_OK;
    wn_status status = wn_box_start(&box, decoding, (int)bmp.width, (int)bmp.height, err);
    if (status != WN_OK) goto done;
    if ((row = wn_alloc(WN_MEMORY_IMAGE, (size_t)bmp.width, 4)) == NULL) {
        status = wn_fail(err, WN_NOMEM, "no memory for a row of %lld pixels", (long long)bmp.width);
        goto done;
    }
    bool runs = bmp.compression == RLE8 || bmp.compression == RLE4;
    status = runs ? feed_runs(&bmp, decoding, &box, row, err) : feed_plain(&bmp, decoding, &box, row, err);
done:
    wn_free(row);
    wn_box_clear(&box);
    return status;
}

static bool probe(const uint8_t *bytes, size_t len)
{
    return len >= 18 && bytes[0] == 'B' && bytes[1] == 'M' && bytes[15] <= 2 && bytes[16] == 0 && bytes[17] == 0;
}

static const char *const suffixes[] = {".bmp", ".dib", NULL};

const wn_format wn_format_bmp = {.name = "bmp",
                                 .summary = "Windows bitmaps, 1 to 32 bits, run-length coded",
                                 .suffixes = suffixes,
                                 .probe = probe,
                                 .decode = decode};
