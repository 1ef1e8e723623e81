/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies of a picture that were changed: recompressed, resized, brightened, mirrored, turned. A hash of 256 bits from
 * one cosine transform stands for all eight ways to lay a picture down.
 *
 *     wn_picture_hasher *hasher = NULL;
 *     if (!wn_picture_hasher_new(64, &hasher, &err)) ...
 *     wn_picture_hash(hasher, rgb, hash);                  rgb: 64 x 64 x 3 bytes, the picture squeezed to a square
 *     bits = wn_picture_hash_bits(hash, other, &turn);
 */
#ifndef WINNOW_DUPLICATES_H
#define WINNOW_DUPLICATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/pool.h"
#include "winnow/progress.h"
#include "winnow/quality.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { WN_PICTURE_WORDS = 4, WN_PICTURE_BITS = 256, WN_PICTURE_TURNS = 8 };

typedef struct wn_picture_hasher wn_picture_hasher;

/* For square pictures of one side, 16..1024. WN_INVALID for another. */
WN_API WN_NODISCARD wn_status wn_picture_hasher_new(size_t side, wn_picture_hasher **out, wn_error *err);
WN_API void wn_picture_hasher_free(wn_picture_hasher **hasher);

/* Bit 16 v + u is the sign of the DCT-II coefficient (v, u) of luma, u along a row; bit 0, which only says how light
 * the picture is, stays 0. A picture of one colour (deviation of luma below 2 of 255) says nothing: four zeros. So does
 * one whose plain ground, lines of one colour from each side inwards (luma within 12, means within 6), leaves less than
 * 30 % of it: what the signs tell there is the ground. One hasher serves any number of threads. `rgb` is side x side
 * x 3. */
WN_API void wn_picture_hash(const wn_picture_hasher *hasher, const uint8_t *rgb, uint64_t out[WN_PICTURE_WORDS]);

/* The hash of what is left when the frame of a picture is taken off; four zeros where it has none, or inside is of one
 * colour. A frame is, on each side that has one, up to 30 % of the side in lines of nearly one colour: luma within 24
 * of 255 along a line, and the means of lines within 12 of the outermost. Sides above 256 are not searched. Frames and
 * letterboxes that were added to a picture move all its coefficients; this hash is that of the picture before. Of a
 * picture whose ground leaves less than 30 % of it, all ground is taken off; four zeros where less than 16 pixels
 * remain on a side. */
WN_API void wn_picture_hash_inside(const wn_picture_hasher *hasher, const uint8_t *rgb, uint64_t out[WN_PICTURE_WORDS]);

/* The hash of the picture after a turn, which adds up what its bits say: 1 mirrored left to right, 2 upside down, 4
 * rows and columns exchanged (first of all). 6 is a quarter turn, 3 a half turn. A mirrored transform has the odd
 * coefficients negated, so nothing is computed anew; only coefficients that are exactly 0 differ. */
WN_API void wn_picture_hash_turn(const uint64_t hash[WN_PICTURE_WORDS], unsigned turn, uint64_t out[WN_PICTURE_WORDS]);

/* Least number of bits in which `b` differs from a turn of `a`; `turn` (may be NULL) receives which one. */
WN_API unsigned wn_picture_hash_bits(const uint64_t a[WN_PICTURE_WORDS], const uint64_t b[WN_PICTURE_WORDS],
                                     unsigned *turn);

/* Pictures that are alike by their hashes or by a neighbour graph of embeddings. Zero-initialise, then set. */
typedef struct wn_alike_request {
    size_t rows;
    const uint64_t *hashes;       /* rows x 4; four zeros = none; NULL = by the graph alone */
    const uint64_t *inner_hashes; /* rows x 4, of wn_picture_hash_inside; NULL = none */
    unsigned max_bits;            /* of 256, at most 96; 64 is a good number */
    const int64_t *neighbours;    /* rows x k, -1 = none; NULL = by the hashes alone */
    const float *distances;       /* rows x k */
    size_t k;
    float max_distance;  /* of two embeddings that are alike, whatever their hashes say; negative = none are */
    float both_distance; /* of two embeddings that are alike when both have a hash of the whole, and their hashes ... */
    unsigned both_bits;  /* ... differ in at most so many bits; 0 = none are */
    wn_pool *pool;
    const wn_progress *progress; /* stage "duplicates", unit "images" */
} wn_alike_request;

/* In row order each row joins the smallest earlier row that leads a group and is near enough, or leads a group of its
 * own: members are near their leader, chains do not drift. A row with two hashes is as near as the nearer one.
 * similarity is 1 - bits / 256, or 1 - distance where only the graph joins the two. Up to 20,000 rows all pairs are
 * compared; beyond, a leader is found by one of twelve groups of 20 bits that is equal: always up to 11 bits that
 * differ, at 20 in about nine of ten cases, at 31 in six. */
WN_API WN_NODISCARD wn_status wn_duplicates_find_pictures(const wn_alike_request *request, wn_duplicates *out,
                                                          wn_error *err);

/* What each limit on the bits would find and mistake, measured on pictures of the user's own. */
typedef struct wn_calibration_request {
    const uint8_t *pictures; /* count x side x side x 3: a sample, without exact repeats */
    size_t count, side;
    uint64_t seed; /* of the noise */
    wn_pool *pool;
} wn_calibration_request;

/* Copies are made in memory: brighter, darker, soft, noisy, grey, mirrored, turned, with a frame of 5 %, cut by 10 %,
 * recompressed (JPEG's quantisation of 8 x 8 blocks at quality 45, which at the size of a model input loses more than
 * in a large file), resized (to 3/5 and back). */
#define WN_PICTURE_CHANGE_MAP(X)                                                                                       \
    X(BRIGHT, "brighter")                                                                                              \
    X(DARK, "darker")                                                                                                  \
    X(SOFT, "soft")                                                                                                    \
    X(NOISY, "noisy")                                                                                                  \
    X(GREY, "grey")                                                                                                    \
    X(MIRRORED, "mirrored")                                                                                            \
    X(TURNED, "turned")                                                                                                \
    X(FRAMED, "framed")                                                                                                \
    X(CUT, "cut")                                                                                                      \
    X(RECOMPRESSED, "jpeg")                                                                                            \
    X(RESIZED, "resized")

typedef enum wn_picture_change {
#define X(name, text) WN_PICTURE_##name,
    WN_PICTURE_CHANGE_MAP(X)
#undef X
        WN_PICTURE_CHANGE_COUNT
} wn_picture_change;

/* The texts above, NULL-terminated. */
WN_API extern const char *const wn_picture_change_names[WN_PICTURE_CHANGE_COUNT + 1];

/* Counts up to and including each number of bits. Pairs of two different pictures that are alike in truth count as
 * mistakes, so the figure is an upper bound. */
typedef struct wn_calibration {
    size_t copies;                                              /* of each change: pictures that say something */
    uint64_t pairs;                                             /* of different pictures that were compared */
    size_t found[WN_PICTURE_CHANGE_COUNT][WN_PICTURE_BITS + 1]; /* copies within so many bits of their original */
    uint64_t mistaken[WN_PICTURE_BITS + 1];                     /* pairs within so many bits */
} wn_calibration;

WN_API WN_NODISCARD wn_status wn_duplicates_calibrate(const wn_calibration_request *request, wn_calibration *out,
                                                      wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
