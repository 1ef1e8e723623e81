/* SPDX-License-Identifier: Apache-2.0
 *
 * What limits on picture hashes are worth on given pictures: changed copies of each are made and hashed, and all pairs
 * of different pictures are compared.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "winnow/duplicates.h"
#include "winnow/memory.h"

const char *const wn_picture_change_names[WN_PICTURE_CHANGE_COUNT + 1] = {
#define X(name, text) text,
    WN_PICTURE_CHANGE_MAP(X)
#undef X
        NULL};

typedef struct calibrating {
    const wn_calibration_request *request;
    const wn_picture_hasher *hasher;
    uint64_t *hashes;   /* count x 4 */
    uint16_t *bits;     /* count x changes: between original and copy; more than WN_PICTURE_BITS = no hash */
    uint64_t *mistaken; /* (WN_PICTURE_BITS + 1) a row */
    uint8_t *scratch;   /* one picture a worker */
    size_t picture_bytes;
} calibrating;

static uint8_t cut_to_byte(double value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5);
}

/* Channel c of the picture at a place between pixels. */
static double sample_at(const uint8_t *rgb, size_t side, double x, double y, size_t c)
{
    double most = (double)(side - 1);
    x = x < 0 ? 0 : x > most ? most : x;
    y = y < 0 ? 0 : y > most ? most : y;
    size_t x0 = (size_t)x, y0 = (size_t)y, x1 = x0 + (x0 + 1 < side), y1 = y0 + (y0 + 1 < side);
    double fx = x - (double)x0, fy = y - (double)y0;
    double top = (1 - fx) * rgb[3 * (y0 * side + x0) + c] + fx * rgb[3 * (y0 * side + x1) + c];
    double bottom = (1 - fx) * rgb[3 * (y1 * side + x0) + c] + fx * rgb[3 * (y1 * side + x1) + c];
    return (1 - fy) * top + fy * bottom;
}

/* Value of one channel of the changed copy at (x, y). */
static double change_value(wn_picture_change change, const uint8_t *rgb, size_t side, size_t x, size_t y, size_t c,
                           wn_rng *rng)
{
    const uint8_t *pixel = rgb + 3 * (y * side + x);
    double last = (double)(side - 1), u = (double)x, v = (double)y, sum = 0;
    switch (change) {
    case WN_PICTURE_BRIGHT:
        return 1.3 * pixel[c] + 8;
    case WN_PICTURE_DARK:
        return 0.6 * pixel[c];
    case WN_PICTURE_SOFT:
        for (int dy = -1; dy <= 1; dy++) {
            for (int dx = -1; dx <= 1; dx++) sum += sample_at(rgb, side, u + dx, v + dy, c);
        }
        return sum / 9;
    case WN_PICTURE_NOISY:
        return pixel[c] + 6 * (double)wn_rng_normal(rng);
    case WN_PICTURE_GREY:
        return 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
    case WN_PICTURE_MIRRORED:
        return rgb[3 * (y * side + side - 1 - x) + c];
    case WN_PICTURE_TURNED:
        return rgb[3 * (x * side + side - 1 - y) + c];
    case WN_PICTURE_FRAMED:
        u = (u - 0.05 * last) / 0.9;
        v = (v - 0.05 * last) / 0.9;
        return u < 0 || v < 0 || u > last || v > last ? 0 : sample_at(rgb, side, u, v, c);
    case WN_PICTURE_CUT:
        return sample_at(rgb, side, 0.07 * last + 0.9 * u, 0.04 * last + 0.9 * v, c);
    case WN_PICTURE_CHANGE_COUNT:
        break;
    }
    return 0;
}

static void change_pictures(void *context, size_t begin, size_t end, unsigned worker)
{
    const calibrating *s = context;
    size_t side = s->request->side;
    uint8_t *copy = s->scratch + worker * s->picture_bytes;
    for (size_t i = begin; i < end; i++) {
        const uint8_t *rgb = s->request->pictures + i * s->picture_bytes;
        uint64_t *hash = s->hashes + i * WN_PICTURE_WORDS, changed[WN_PICTURE_WORDS];
        wn_rng rng;
        wn_rng_init(&rng, s->request->seed, i);
        wn_picture_hash(s->hasher, rgb, hash);
        for (int change = 0; change < WN_PICTURE_CHANGE_COUNT; change++) {
            for (size_t p = 0; p < s->picture_bytes; p++)
                copy[p] = cut_to_byte(
                    change_value((wn_picture_change)change, rgb, side, p / 3 % side, p / 3 / side, p % 3, &rng));
            wn_picture_hash(s->hasher, copy, changed);
            s->bits[i * WN_PICTURE_CHANGE_COUNT + (size_t)change] = (uint16_t)wn_picture_hash_bits(hash, changed, NULL);
        }
    }
}

static bool has_hash(const uint64_t *hash)
{
    return (hash[0] | hash[1] | hash[2] | hash[3]) != 0;
}

static void compare_pictures(void *context, size_t begin, size_t end, unsigned worker)
{
    const calibrating *s = context;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        const uint64_t *hash = s->hashes + i * WN_PICTURE_WORDS;
        uint64_t *mistaken = s->mistaken + i * (WN_PICTURE_BITS + 1);
        for (size_t j = 0; has_hash(hash) && j < i; j++) {
            const uint64_t *other = s->hashes + j * WN_PICTURE_WORDS;
            if (has_hash(other)) mistaken[wn_picture_hash_bits(hash, other, NULL)]++;
        }
    }
}

static void count_all(const calibrating *s, wn_calibration *out)
{
    for (size_t i = 0; i < s->request->count; i++) {
        if (!has_hash(s->hashes + i * WN_PICTURE_WORDS)) continue;
        out->copies++;
        for (size_t c = 0; c < WN_PICTURE_CHANGE_COUNT; c++) out->found[c][s->bits[i * WN_PICTURE_CHANGE_COUNT + c]]++;
        for (size_t b = 0; b <= WN_PICTURE_BITS; b++) {
            out->mistaken[b] += s->mistaken[i * (WN_PICTURE_BITS + 1) + b];
            out->pairs += s->mistaken[i * (WN_PICTURE_BITS + 1) + b];
        }
    }
    for (size_t b = 1; b <= WN_PICTURE_BITS; b++) {
        out->mistaken[b] += out->mistaken[b - 1];
        for (size_t c = 0; c < WN_PICTURE_CHANGE_COUNT; c++) out->found[c][b] += out->found[c][b - 1];
    }
}

wn_status wn_duplicates_calibrate(const wn_calibration_request *request, wn_calibration *out, wn_error *err)
{
    wn_picture_hasher *hasher = NULL;
    size_t count = request->count, threads = wn_pool_threads(request->pool);
    calibrating s = {.request = request, .picture_bytes = 3 * request->side * request->side};
    *out = (wn_calibration){0};
    WN_TRY(wn_picture_hasher_new(request->side, &hasher, err));
    s.hasher = hasher;
    s.hashes = wn_alloc(WN_MEMORY_GENERAL, count * WN_PICTURE_WORDS, sizeof *s.hashes);
    s.bits = wn_alloc(WN_MEMORY_GENERAL, count * WN_PICTURE_CHANGE_COUNT, sizeof *s.bits);
    s.mistaken = wn_calloc(WN_MEMORY_GENERAL, count * (WN_PICTURE_BITS + 1), sizeof *s.mistaken);
    s.scratch = wn_alloc(WN_MEMORY_GENERAL, threads, s.picture_bytes);
    wn_status status = WN_OK;
    if (s.hashes && s.bits && s.mistaken && s.scratch) {
        wn_pool_for(request->pool, count, 4, change_pictures, &s);
        wn_pool_for(request->pool, count, 4, compare_pictures, &s);
        count_all(&s, out);
    } else {
        status = wn_fail(err, WN_NOMEM, "no memory to compare %zu pictures", count);
    }
    wn_free(s.scratch);
    wn_free(s.mistaken);
    wn_free(s.bits);
    wn_free(s.hashes);
    wn_picture_hasher_free(&hasher);
    return status;
}
