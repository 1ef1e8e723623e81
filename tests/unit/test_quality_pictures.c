/* SPDX-License-Identifier: Apache-2.0
 *
 * The picture hash against a transform written out, its turns against turned pictures, and groups against a search of
 * all pairs.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "num/hamming.h"
#include "quality/picture_change.h"
#include "quality/picture_pair.h"
#include "sanitizer.h"
#include "winnow/duplicates.h"
#include "winnow/memory.h"

enum { SIDE = 32 };

/* Smooth random light: few waves of random phase. */
static void paint(uint8_t *rgb, uint64_t seed)
{
    float waves[6][4];
    wn_rng rng;
    wn_rng_init(&rng, seed, 0);
    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < 4; j++) waves[i][j] = wn_rng_range(&rng, 0, 6.28f);
    }
    for (size_t y = 0; y < SIDE; y++) {
        for (size_t x = 0; x < SIDE; x++) {
            float light = 128;
            for (size_t i = 0; i < 6; i++)
                light += 18 * sinf(waves[i][0] + (float)x * waves[i][1] / 8 + (float)y * waves[i][2] / 8);
            for (size_t c = 0; c < 3; c++)
                rgb[3 * (SIDE * y + x) + c] = (uint8_t)(light + 10 * sinf(waves[c][3]) + (float)wn_rng_below(&rng, 3));
        }
    }
}

/* Pixel (x, y) of the result is that of `from` where the turn takes it. */
static void turn_picture(const uint8_t *from, unsigned turn, uint8_t *to)
{
    for (size_t y = 0; y < SIDE; y++) {
        for (size_t x = 0; x < SIDE; x++) {
            size_t u = turn & 1 ? SIDE - 1 - x : x, v = turn & 2 ? SIDE - 1 - y : y;
            size_t at = turn & 4 ? SIDE * u + v : SIDE * v + u;
            memcpy(to + 3 * (SIDE * y + x), from + 3 * at, 3);
        }
    }
}

static void test_transform(void **state)
{
    static uint8_t rgb[3 * SIDE * SIDE];
    wn_picture_hasher *hasher = NULL;
    uint64_t hash[4];
    (void)state;
    assert_int_equal(wn_picture_hasher_new(SIDE, &hasher, NULL), WN_OK);
    paint(rgb, 1);
    wn_picture_hash(hasher, rgb, hash);
    assert_int_equal(hash[0] & 1, 0);
    for (size_t bit = 1; bit < 256; bit++) {
        double sum = 0;
        for (size_t i = 0; i < SIDE * SIDE; i++) {
            double luma = 0.299 * rgb[3 * i] + 0.587 * rgb[3 * i + 1] + 0.114 * rgb[3 * i + 2];
            sum += luma * cos(acos(-1) * (double)((2 * (i / SIDE) + 1) * (bit / 16)) / (2 * SIDE)) *
                   cos(acos(-1) * (double)((2 * (i % SIDE) + 1) * (bit % 16)) / (2 * SIDE));
        }
        if (fabs(sum) > 0.1) assert_int_equal(hash[bit / 64] >> bit % 64 & 1, sum > 0);
    }
    memset(rgb, 77, sizeof rgb);
    wn_picture_hash(hasher, rgb, hash);
    assert_true((hash[0] | hash[1] | hash[2] | hash[3]) == 0);
    wn_picture_hasher_free(&hasher);
    assert_int_equal(wn_picture_hasher_new(8, &hasher, NULL), WN_INVALID);
}

static void test_turns(void **state)
{
    static uint8_t rgb[3 * SIDE * SIDE], turned[3 * SIDE * SIDE];
    wn_picture_hasher *hasher = NULL;
    (void)state;
    assert_int_equal(wn_picture_hasher_new(SIDE, &hasher, NULL), WN_OK);
    for (uint64_t seed = 0; seed < 20; seed++) {
        uint64_t hash[4], other[4], expected[4], stranger[4];
        unsigned turn = 9;
        paint(rgb, seed);
        wn_picture_hash(hasher, rgb, hash);
        for (unsigned t = 0; t < WN_PICTURE_TURNS; t++) {
            unsigned bits = 0;
            turn_picture(rgb, t, turned);
            wn_picture_hash(hasher, turned, other);
            wn_picture_hash_turn(hash, t, expected);
            for (size_t w = 0; w < 4; w++) bits += wn_count_bits(other[w] ^ expected[w]);
            assert_true(bits <= 4); /* coefficients next to 0 round either way */
            assert_true(wn_picture_hash_bits(hash, other, &turn) <= 4);
            assert_int_equal(turn, t);
        }
        paint(rgb, seed + 1000);
        wn_picture_hash(hasher, rgb, stranger);
        assert_true(wn_picture_hash_bits(hash, stranger, NULL) > 60);
    }
    wn_picture_hasher_free(&hasher);
}

/* Random hashes; about half are changed and turned copies of earlier rows, some have none. */
static void make_hashes(uint64_t *hashes, size_t rows, unsigned most_changes)
{
    wn_rng rng;
    wn_rng_init(&rng, 11, 0);
    for (size_t row = 0; row < rows; row++) {
        uint64_t *hash = hashes + 4 * row;
        for (size_t w = 0; w < 4; w++) hash[w] = wn_rng_u64(&rng);
        if (row && wn_rng_below(&rng, 2)) {
            wn_picture_hash_turn(hashes + (size_t)4 * wn_rng_below(&rng, (uint32_t)row), wn_rng_below(&rng, 8), hash);
            for (unsigned i = wn_rng_below(&rng, most_changes); i > 0; i--)
                hash[wn_rng_below(&rng, 4)] ^= (uint64_t)1 << wn_rng_below(&rng, 64);
        }
        if (wn_rng_below(&rng, 40) == 0) memset(hash, 0, 32);
    }
}

static bool has_hash(const uint64_t *hash)
{
    return (hash[0] | hash[1] | hash[2] | hash[3]) != 0;
}

/* Whether any two hashes of two rows differ in at most so many bits. */
static bool hashes_near(const wn_alike_request *request, size_t row, size_t other, unsigned bits)
{
    const uint64_t *sets[2] = {request->hashes, request->inner_hashes};
    for (size_t i = 0; i < 4; i++) {
        if (!sets[i / 2] || !sets[i % 2]) continue;
        const uint64_t *a = sets[i / 2] + 4 * row, *b = sets[i % 2] + 4 * other;
        if (has_hash(a) && has_hash(b) && wn_picture_hash_bits(a, b, NULL) <= bits) return true;
    }
    return false;
}

static bool joined(const wn_alike_request *request, size_t row, size_t other)
{
    for (size_t i = row * request->k; i < (row + 1) * request->k; i++) {
        if (request->neighbours[i] != (int64_t)other) continue;
        if (request->distances[i] <= request->max_distance) return true;
        if (request->distances[i] <= request->both_distance && hashes_near(request, row, other, request->both_bits))
            return true;
    }
    return false;
}

/* The rule row by row: leaders[row] is the row's leader. */
static void plain_groups(const wn_alike_request *request, size_t *leaders)
{
    for (size_t row = 0; row < request->rows; row++) {
        leaders[row] = row;
        for (size_t other = 0; other < row && leaders[row] == row; other++) {
            bool near = hashes_near(request, row, other, request->max_bits);
            if (request->neighbours) near = near || joined(request, row, other) || joined(request, other, row);
            if (near && leaders[other] == other) leaders[row] = other;
        }
    }
}

static void test_groups(void **state)
{
    enum { ROWS = 900, K = 2 };
    static uint64_t hashes[ROWS * 4], inner[ROWS * 4];
    static int64_t neighbours[ROWS * K];
    static float distances[ROWS * K];
    static size_t leaders[ROWS];
    static const unsigned threads[3] = {1, 2, 7};
    wn_rng rng;
    (void)state;
    make_hashes(hashes, ROWS, 60);
    wn_rng_init(&rng, 2, 0);
    for (size_t row = 1; row < ROWS; row += 7) { /* what a frame surrounds: an earlier picture, or another one */
        for (size_t w = 0; w < 4; w++) inner[4 * row + w] = wn_rng_u64(&rng);
        if (row % 2) memcpy(inner + 4 * row, hashes + (size_t)4 * wn_rng_below(&rng, (uint32_t)row), 32);
    }
    for (size_t i = 0; i < ROWS * K; i++) {
        neighbours[i] = (int64_t)wn_rng_below(&rng, ROWS + 1) - 1;
        distances[i] = wn_rng_uniform(&rng);
    }
    for (int round = 0; round < 4; round++) {
        wn_alike_request request = {.rows = ROWS, .hashes = hashes, .max_bits = 40, .k = K, .max_distance = 0.05f};
        if (round >= 1) request.neighbours = neighbours;
        if (round >= 2) request.inner_hashes = inner;
        if (round == 3) request.both_distance = 0.5f, request.both_bits = 100;
        request.distances = distances;
        plain_groups(&request, leaders);
        for (size_t t = 0; t < 3; t++) {
            wn_duplicates found;
            size_t expected = 0;
            assert_int_equal(wn_pool_new(threads[t], 0, &request.pool, NULL), WN_OK);
            assert_int_equal(wn_duplicates_find_pictures(&request, &found, NULL), WN_OK);
            for (size_t row = 0; row < ROWS; row++) expected += leaders[row] != row;
            assert_int_equal(found.len, expected);
            assert_true(expected > ROWS / 5);
            for (size_t i = 0; i < found.len; i++) assert_int_equal(leaders[found.pairs[i].to], found.pairs[i].from);
            wn_duplicates_clear(&found);
            wn_pool_free(&request.pool);
        }
    }
}

/* Pictures with a frame: two of the four sides light, as letterboxes have it, or all of them dark. */
static void test_frames(void **state)
{
    static uint8_t rgb[3 * SIDE * SIDE], framed[3 * SIDE * SIDE];
    wn_picture_hasher *hasher = NULL, *inner = NULL;
    uint64_t hash[4], expected[4];
    (void)state;
    assert_int_equal(wn_picture_hasher_new(SIDE, &hasher, NULL), WN_OK);
    assert_int_equal(wn_picture_hasher_new(SIDE - 8, &inner, NULL), WN_OK);
    for (uint64_t seed = 0; seed < 10; seed++) {
        paint(rgb, seed);
        wn_picture_hash_inside(hasher, rgb, hash);
        assert_false(has_hash(hash));
        memset(framed, 3, sizeof framed); /* 24 x 24 of the picture inside a frame of 4 */
        for (size_t y = 0; y < SIDE - 8; y++)
            memcpy(framed + 3 * (SIDE * (y + 4) + 4), rgb + 3 * (SIDE - 8) * y, 3 * (SIDE - 8));
        wn_picture_hash_inside(hasher, framed, hash);
        wn_picture_hash(inner, rgb, expected);
        assert_memory_equal(hash, expected, sizeof hash);
        memcpy(framed, rgb, sizeof framed); /* rows alone: what is left is wider than it is high */
        memset(framed, 250, 3 * SIDE * 5);
        memset(framed + 3 * SIDE * (SIDE - 3), 250, 3 * SIDE * 3);
        wn_picture_hash_inside(hasher, framed, hash);
        assert_true(has_hash(hash));
        wn_picture_hash(hasher, rgb, expected);
        assert_true(wn_picture_hash_bits(hash, expected, NULL) > 20);
    }
    memset(rgb, 77, sizeof rgb);
    wn_picture_hash_inside(hasher, rgb, hash);
    assert_false(has_hash(hash)); /* nothing but frame */
    wn_picture_hasher_free(&hasher);
    wn_picture_hasher_free(&inner);
}

enum { GROUND_SIDE = 64 };

/* `part` x `part` pixels of a picture at a place of a plain ground, as recompressed files have it: up to 2 levels off.
 */
static void lay_on_ground(uint64_t seed, size_t part, size_t at, uint8_t level, uint64_t noise, uint8_t *out)
{
    static uint8_t rgb[3 * SIDE * SIDE];
    wn_rng rng;
    wn_rng_init(&rng, noise, 1);
    paint(rgb, seed);
    memset(out, level, (size_t)3 * GROUND_SIDE * GROUND_SIDE);
    for (size_t y = 0; y < part; y++) memcpy(out + 3 * (GROUND_SIDE * (y + at) + at), rgb + 3 * SIDE * y, 3 * part);
    for (size_t i = 0; noise && i < (size_t)3 * GROUND_SIDE * GROUND_SIDE; i++)
        out[i] = (uint8_t)(out[i] + wn_rng_below(&rng, out[i] > 250 ? 1 : 3));
}

/* Small pictures on one large ground are alike by the ground alone: what is on it decides. */
static void test_grounds(void **state)
{
    static uint8_t rgb[3 * GROUND_SIDE * GROUND_SIDE];
    enum { PICTURES = 12 };
    const struct {
        size_t part, at;
        uint8_t level;
        bool whole, inside; /* which hashes there are */
    } cases[] = {{24, 20, 3, false, true},  {24, 20, 240, false, true}, {20, 4, 3, false, true},
                 {30, 2, 240, false, true}, {12, 26, 3, false, false},  {32, 16, 3, false, true}};
    wn_picture_hasher *hasher = NULL;
    (void)state;
    assert_int_equal(wn_picture_hasher_new(GROUND_SIDE, &hasher, NULL), WN_OK);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        uint64_t hashes[2 * PICTURES][2][4];
        for (uint64_t i = 0; i < 2 * PICTURES; i++) { /* each twice */
            lay_on_ground(i / 2, cases[c].part, cases[c].at, cases[c].level, i % 2, rgb);
            wn_picture_hash(hasher, rgb, hashes[i][0]);
            wn_picture_hash_inside(hasher, rgb, hashes[i][1]);
            assert_int_equal(has_hash(hashes[i][0]), cases[c].whole);
            assert_int_equal(has_hash(hashes[i][1]), cases[c].inside);
        }
        for (size_t i = 0; i < 2 * PICTURES; i++)
            for (size_t j = 0; j < i; j++) {
                const wn_picture_hashes a = {{hashes[i][0], hashes[i][1]}}, b = {{hashes[j][0], hashes[j][1]}};
                unsigned bits = wn_picture_pair_bits(a, b);
                if (!cases[c].inside)
                    assert_int_equal(bits, WN_PICTURE_BITS + 1);
                else
                    assert_int_equal(bits <= 64, i / 2 == j / 2);
            }
    }
    lay_on_ground(1, SIDE, 0, 3, 0, rgb); /* a picture that fills its frame keeps both */
    for (size_t y = 0; y < GROUND_SIDE; y++)
        for (size_t x = 0; x < GROUND_SIDE; x++)
            if (x > 5 && y > 5 && x < 58 && y < 58) rgb[3 * (GROUND_SIDE * y + x)] = (uint8_t)(x * 4 + y * 7 * (x % 3));
    uint64_t hash[4];
    wn_picture_hash(hasher, rgb, hash);
    assert_true(has_hash(hash));
    wn_picture_hasher_free(&hasher);
}

/* Beyond the size up to which all pairs are compared, small changes are all found. */
static void test_buckets(void **state)
{
    enum { ROWS = 20600 };
    uint64_t *hashes = calloc(ROWS * 4, sizeof *hashes);
    wn_rng rng;
    wn_duplicates found;
    (void)state;
    wn_rng_init(&rng, 8, 0);
    for (size_t i = 0; i < (size_t)ROWS * 4; i++) hashes[i] = wn_rng_u64(&rng);
    for (size_t row = 20000; row < ROWS; row++) {
        wn_picture_hash_turn(hashes + 4 * (row - 20000), (unsigned)row % 8, hashes + 4 * row);
        for (size_t i = 0; i < row % 12; i++) hashes[4 * row + i % 4] ^= (uint64_t)1 << wn_rng_below(&rng, 64);
    }
    wn_alike_request request = {.rows = ROWS, .hashes = hashes, .max_bits = 11};
    assert_int_equal(wn_duplicates_find_pictures(&request, &found, NULL), WN_OK);
    assert_int_equal(found.len, ROWS - 20000);
    for (size_t i = 0; i < found.len; i++) assert_int_equal(found.pairs[i].to, found.pairs[i].from + 20000);
    wn_duplicates_clear(&found);
    request.rows = 0;
    assert_int_equal(wn_duplicates_find_pictures(&request, &found, NULL), WN_OK);
    assert_int_equal(found.len, 0);
    wn_duplicates_clear(&found);
    request.max_bits = 97;
    assert_int_equal(wn_duplicates_find_pictures(&request, &found, NULL), WN_INVALID);
    free(hashes);
}

static void test_calibration(void **state)
{
    enum { COUNT = 30, FLAT = COUNT - 1 };
    static uint8_t pictures[COUNT][3 * SIDE * SIDE];
    static wn_calibration found[2];
    (void)state;
    for (size_t i = 0; i < COUNT; i++) paint(pictures[i], i);
    memset(pictures[FLAT], 9, sizeof pictures[FLAT]);
    for (unsigned t = 0; t < 2; t++) {
        wn_calibration_request request = {.pictures = pictures[0], .count = COUNT, .side = SIDE};
        assert_int_equal(wn_pool_new(t ? 7 : 1, 0, &request.pool, NULL), WN_OK);
        assert_int_equal(wn_duplicates_calibrate(&request, &found[t], NULL), WN_OK);
        wn_pool_free(&request.pool);
    }
    assert_memory_equal(&found[0], &found[1], sizeof found[0]);
    const wn_calibration *c = &found[0];
    assert_int_equal(c->copies, FLAT);
    assert_int_equal(c->pairs, FLAT * (FLAT - 1) / 2);
    assert_int_equal(c->mistaken[40], 0);
    assert_int_equal(c->mistaken[WN_PICTURE_BITS], c->pairs);
    for (size_t k = 0; k < WN_PICTURE_CHANGE_COUNT; k++) {
        for (size_t b = 1; b <= WN_PICTURE_BITS; b++) assert_true(c->found[k][b] >= c->found[k][b - 1]);
        assert_int_equal(c->found[k][WN_PICTURE_BITS], FLAT);
        assert_string_not_equal(wn_picture_change_names[k], "");
    }
    assert_int_equal(c->found[WN_PICTURE_MIRRORED][8], FLAT);
    assert_int_equal(c->found[WN_PICTURE_TURNED][8], FLAT);
    assert_true(c->found[WN_PICTURE_CUT][40] < FLAT); /* cutting moves everything, framing only the whole */
    assert_true(c->found[WN_PICTURE_FRAMED][64] >= FLAT - 2);
    assert_true(c->found[WN_PICTURE_RESIZED][40] == FLAT && c->found[WN_PICTURE_RESIZED][0] < FLAT);
    assert_true(c->found[WN_PICTURE_RECOMPRESSED][88] == FLAT && c->found[WN_PICTURE_RECOMPRESSED][0] < FLAT);
}

/* Light of one wave in every block of 8 x 8: coefficient (0, 3), whose step at quality 45 is 18, of this height. */
static void paint_wave(uint8_t *rgb, double height)
{
    for (size_t i = 0; i < 3 * SIDE * SIDE; i++)
        rgb[i] = (uint8_t)rint(128 + height * sqrt(0.125) / 2 * cos(acos(-1) * (2 * (double)(i / 3 % 8) + 1) * 3 / 16));
}

/* Recompression keeps what is on a step of its table, and drops what is below half of one; resizing keeps a slope. */
static void test_changes(void **state)
{
    static uint8_t rgb[3 * SIDE * SIDE], copy[3 * SIDE * SIDE], scratch[3 * SIDE * SIDE];
    (void)state;
    paint_wave(rgb, 10 * 18);
    wn_picture_change_make(WN_PICTURE_RECOMPRESSED, rgb, SIDE, NULL, copy, scratch);
    for (size_t i = 0; i < sizeof rgb; i++) assert_in_range(copy[i] + 2 - rgb[i], 0, 4); /* whole levels were cut */
    assert_true(copy[0] > 150);
    paint_wave(rgb, 8);
    assert_true(rgb[0] != rgb[9]);
    wn_picture_change_make(WN_PICTURE_RECOMPRESSED, rgb, SIDE, NULL, copy, scratch);
    for (size_t i = 0; i < sizeof rgb; i++) assert_int_equal(copy[i], 128);
    for (size_t i = 0; i < sizeof rgb; i++) rgb[i] = (uint8_t)(7 * (i / 3 % SIDE));
    wn_picture_change_make(WN_PICTURE_RESIZED, rgb, SIDE, NULL, copy, scratch);
    for (size_t i = 0; i < sizeof rgb; i++) {
        size_t x = i / 3 % SIDE;
        if (x > 1 && x < SIDE - 2) assert_in_range(copy[i] + 2 - rgb[i], 0, 4);
    }
    paint(rgb, 1); /* a side that is no multiple of a block */
    wn_picture_change_make(WN_PICTURE_RECOMPRESSED, rgb, 19, NULL, copy, scratch);
    for (size_t i = 0; i < (size_t)3 * 19 * 19; i++) assert_in_range(copy[i] + 60 - rgb[i], 0, 120);
}

int main(void)
{
    const struct CMUnitTest tests[] = {SERIAL_TEST(test_transform),   SERIAL_TEST(test_turns),
                                       cmocka_unit_test(test_groups), cmocka_unit_test(test_calibration),
                                       SERIAL_TEST(test_changes),     SERIAL_TEST(test_buckets),
                                       SERIAL_TEST(test_frames),      SERIAL_TEST(test_grounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
