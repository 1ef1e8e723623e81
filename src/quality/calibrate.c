/* SPDX-License-Identifier: Apache-2.0
 *
 * What limits on picture hashes are worth on given pictures: changed copies of each are made and hashed, and all pairs
 * of different pictures are compared.
 */
#include <string.h>

#include "base/error.h"
#include "quality/picture_change.h"
#include "quality/picture_pair.h"
#include "winnow/duplicates.h"
#include "winnow/memory.h"

enum { TWO_HASHES = 2 * WN_PICTURE_WORDS };

const char *const wn_picture_change_names[WN_PICTURE_CHANGE_COUNT + 1] = {
#define X(name, text) text,
    WN_PICTURE_CHANGE_MAP(X)
#undef X
        NULL};

typedef struct calibrating {
    const wn_calibration_request *request;
    const wn_picture_hasher *hasher;
    uint64_t *hashes;   /* count x 2 x 4: of the picture, and without its frame */
    uint16_t *bits;     /* count x changes: between original and copy; more than WN_PICTURE_BITS = no hash */
    uint64_t *mistaken; /* (WN_PICTURE_BITS + 1) a row */
    uint8_t *scratch;   /* two pictures a worker */
    size_t picture_bytes;
} calibrating;

static void hash_both(const wn_picture_hasher *hasher, const uint8_t *rgb, uint64_t out[TWO_HASHES])
{
    wn_picture_hash(hasher, rgb, out);
    wn_picture_hash_inside(hasher, rgb, out + WN_PICTURE_WORDS);
}

static bool tells(const uint64_t *hashes)
{
    return wn_picture_hash_tells(hashes) || wn_picture_hash_tells(hashes + WN_PICTURE_WORDS);
}

/* The bits between two pictures that lie as hash_both leaves them; a copy without a hash is as far as can be. */
static unsigned count_between(const uint64_t *a, const uint64_t *b)
{
    const wn_picture_hashes x = {{a, a + WN_PICTURE_WORDS}}, y = {{b, b + WN_PICTURE_WORDS}};
    unsigned bits = wn_picture_pair_bits(x, y);
    return bits < WN_PICTURE_BITS ? bits : WN_PICTURE_BITS;
}

static void change_pictures(void *context, size_t begin, size_t end, unsigned worker)
{
    const calibrating *s = context;
    size_t side = s->request->side;
    uint8_t *copy = s->scratch + worker * 2 * s->picture_bytes;
    for (size_t i = begin; i < end; i++) {
        const uint8_t *rgb = s->request->pictures + i * s->picture_bytes;
        uint64_t *hash = s->hashes + i * TWO_HASHES, changed[TWO_HASHES];
        wn_rng rng;
        wn_rng_init(&rng, s->request->seed, i);
        hash_both(s->hasher, rgb, hash);
        for (int change = 0; change < WN_PICTURE_CHANGE_COUNT; change++) {
            wn_picture_change_make((wn_picture_change)change, rgb, side, &rng, copy, copy + s->picture_bytes);
            hash_both(s->hasher, copy, changed);
            s->bits[i * WN_PICTURE_CHANGE_COUNT + (size_t)change] = (uint16_t)count_between(hash, changed);
        }
    }
}

static void compare_pictures(void *context, size_t begin, size_t end, unsigned worker)
{
    const calibrating *s = context;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        const uint64_t *hash = s->hashes + i * TWO_HASHES;
        uint64_t *mistaken = s->mistaken + i * (WN_PICTURE_BITS + 1);
        for (size_t j = 0; tells(hash) && j < i; j++) {
            const uint64_t *other = s->hashes + j * TWO_HASHES;
            if (tells(other)) mistaken[count_between(hash, other)]++;
        }
    }
}

static void count_all(const calibrating *s, wn_calibration *out)
{
    for (size_t i = 0; i < s->request->count; i++) {
        if (!tells(s->hashes + i * TWO_HASHES)) continue;
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
    s.hashes = wn_alloc(WN_MEMORY_GENERAL, count * TWO_HASHES, sizeof *s.hashes);
    s.bits = wn_alloc(WN_MEMORY_GENERAL, count * WN_PICTURE_CHANGE_COUNT, sizeof *s.bits);
    s.mistaken = wn_calloc(WN_MEMORY_GENERAL, count * (WN_PICTURE_BITS + 1), sizeof *s.mistaken);
    s.scratch = wn_alloc(WN_MEMORY_GENERAL, threads, 2 * s.picture_bytes);
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
