/* SPDX-License-Identifier: Apache-2.0
 *
 * Tiles at AVX2 and FMA. A panel is walked in slices of 16 centres: 6 rows by 2 vectors of sums for float32 and for
 * bytes, whose rows are widened to 16 bits before; 3 rows by 2 vectors for bfloat16, which is widened on the way.
 */
#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#include "num/x86/tile_init.h"
#include "num/x86/tile_walk.h"

TILE_INLINE void product_f32(const unsigned char *const rows[TILE_ROWS], size_t dim, const unsigned char *panel,
                             tile_block *block)
{
    for (size_t slice = 0; slice < WN_TILE_WIDTH; slice += 16) {
        const float *centres = (const float *)panel + slice;
        __m256 sum[TILE_ROWS][2] = {{_mm256_setzero_ps()}};
        for (size_t k = 0; k < dim; k++, centres += WN_TILE_WIDTH) {
            __m256 left = _mm256_loadu_ps(centres), right = _mm256_loadu_ps(centres + 8);
#pragma GCC unroll 6
            for (size_t r = 0; r < TILE_ROWS; r++) {
                __m256 x = _mm256_broadcast_ss((const float *)rows[r] + k);
                sum[r][0] = _mm256_fmadd_ps(x, left, sum[r][0]);
                sum[r][1] = _mm256_fmadd_ps(x, right, sum[r][1]);
            }
        }
#pragma GCC unroll 6
        for (size_t r = 0; r < TILE_ROWS; r++) {
            _mm256_store_ps(&block->f32[r][slice], sum[r][0]);
            _mm256_store_ps(&block->f32[r][slice + 8], sum[r][1]);
        }
    }
}

/* 4 bytes of a row. */
TILE_INLINE __m256i broadcast_step(const unsigned char *row)
{
    uint32_t value;
    memcpy(&value, row, 4);
    return _mm256_set1_epi32((int)value);
}

/* One step of 3 rows and 16 centres. */
TILE_INLINE void step_bf16(__m256 sum[3][2], const unsigned char *const row[3], size_t at, const unsigned char *centres)
{
    const __m256i high = _mm256_set1_epi32((int)0xffff0000u);
#pragma GCC unroll 2
    for (size_t v = 0; v < 2; v++) {
        __m256i pair = _mm256_loadu_si256((const __m256i *)(const void *)(centres + v * 32));
        __m256 even = _mm256_castsi256_ps(_mm256_slli_epi32(pair, 16));
        __m256 odd = _mm256_castsi256_ps(_mm256_and_si256(pair, high));
#pragma GCC unroll 3
        for (size_t r = 0; r < 3; r++) {
            __m256i x = broadcast_step(row[r] + at);
            sum[r][v] = _mm256_fmadd_ps(_mm256_castsi256_ps(_mm256_slli_epi32(x, 16)), even, sum[r][v]);
            sum[r][v] = _mm256_fmadd_ps(_mm256_castsi256_ps(_mm256_and_si256(x, high)), odd, sum[r][v]);
        }
    }
}

TILE_INLINE void product_bf16(const unsigned char *const rows[TILE_ROWS], size_t dim, const unsigned char *panel,
                              tile_block *block)
{
    unsigned char last[TILE_ROWS][4];
    tile_last_steps(rows, dim * 2, last);
    for (size_t part = 0; part < 8; part++) {
        const size_t from = part / 4 * 3;
        const unsigned char *const tails[3] = {last[from], last[from + 1], last[from + 2]};
        const unsigned char *centres = panel + part % 4 * 64;
        __m256 sum[3][2];
        for (size_t i = 0; i < 6; i++) sum[i / 2][i % 2] = _mm256_setzero_ps();
        for (size_t at = 0; at + 4 <= dim * 2; at += 4, centres += 256) step_bf16(sum, rows + from, at, centres);
        if (dim % 2) step_bf16(sum, tails, 0, centres);
        for (size_t i = 0; i < 6; i++) {
            _mm256_store_ps(&block->f32[from + i / 2][part % 4 * 16 + i % 2 * 8], sum[i / 2][i % 2]);
        }
    }
}

/* ---- bytes ---- */

/* Dimensions of rows that are widened at once. */
enum { WIDE = 512 };

/* Bytes as 16 bits, even ones and odd ones apart, because vpmaddubsw would saturate; zeros up to the next 32 bytes. */
typedef struct wide_row {
    uint8_t even[WIDE], odd[WIDE];
} wide_row;

TILE_INLINE void widen_row(const unsigned char *row, size_t len, wide_row *out)
{
    for (size_t at = 0; at < len; at += 32) {
        __m256i x;
        if (at + 32 <= len) {
            x = _mm256_loadu_si256((const __m256i *)(const void *)(row + at));
        } else {
            unsigned char last[32] = {0};
            memcpy(last, row + at, len - at);
            x = _mm256_loadu_si256((const __m256i *)(const void *)last);
        }
        _mm256_storeu_si256((__m256i *)(void *)(out->even + at), _mm256_and_si256(x, _mm256_set1_epi16(0xff)));
        _mm256_storeu_si256((__m256i *)(void *)(out->odd + at), _mm256_srli_epi16(x, 8));
    }
}

/* The even or the odd bytes of one step of 8 centres, as 16 bits. */
TILE_INLINE __m256i half_step(const unsigned char *centres, bool odd)
{
    __m256i quad = _mm256_loadu_si256((const __m256i *)(const void *)centres);
    return _mm256_srai_epi16(odd ? quad : _mm256_slli_epi16(quad, 8), 8);
}

/* Half a step of 6 rows and 16 centres: the sums and what they meet just fit the registers. */
TILE_INLINE void add_half(__m256i sum[TILE_ROWS][2], const wide_row *rows, size_t at, const unsigned char *centres,
                          bool odd)
{
    __m256i left = half_step(centres, odd), right = half_step(centres + 32, odd);
#pragma GCC unroll 6
    for (size_t r = 0; r < TILE_ROWS; r++) {
        __m256i x = broadcast_step((odd ? rows[r].odd : rows[r].even) + at);
        sum[r][0] = _mm256_add_epi32(sum[r][0], _mm256_madd_epi16(x, left));
        sum[r][1] = _mm256_add_epi32(sum[r][1], _mm256_madd_epi16(x, right));
    }
}

/* Adds `len` dimensions to 16 columns of the block, or starts it with them. */
TILE_INLINE void add_slice(const wide_row *rows, size_t len, const unsigned char *centres, bool start,
                           tile_block *block, size_t column)
{
    __m256i sum[TILE_ROWS][2];
#pragma GCC unroll 12
    for (size_t i = 0; i < 12; i++) {
        const __m256i *so_far = (const __m256i *)(const void *)&block->s32[i / 2][column + i % 2 * 8];
        sum[i / 2][i % 2] = start ? _mm256_setzero_si256() : _mm256_load_si256(so_far);
    }
    for (size_t at = 0; at < len; at += 4) add_half(sum, rows, at, centres + at * WN_TILE_WIDTH, false);
    for (size_t at = 0; at < len; at += 4) add_half(sum, rows, at, centres + at * WN_TILE_WIDTH, true);
#pragma GCC unroll 12
    for (size_t i = 0; i < 12; i++)
        _mm256_store_si256((__m256i *)(void *)&block->s32[i / 2][column + i % 2 * 8], sum[i / 2][i % 2]);
}

TILE_INLINE void product_u8s8(const unsigned char *const rows[TILE_ROWS], size_t dim, const unsigned char *panel,
                              tile_block *block)
{
    wide_row wide[TILE_ROWS];
    size_t begin = 0;
    do {
        size_t len = dim - begin < WIDE ? dim - begin : WIDE;
        for (size_t r = 0; r < TILE_ROWS; r++) widen_row(rows[r] + begin, len, &wide[r]);
        for (size_t column = 0; column < WN_TILE_WIDTH; column += 16)
            add_slice(wide, len, panel + begin * WN_TILE_WIDTH + column * 4, begin == 0, block, column);
        begin += WIDE;
    } while (begin < dim);
}

/* The uses are plain loops over 64 columns that the compiler turns into vectors. 2 * dot is exact, hence the
 * distances are those of the AVX-512 form bit by bit. */
TILE_INLINE size_t columns_of(const tile_use_context *use, const tile_place *place)
{
    size_t left = use->n - place->column;
    return left < WN_TILE_WIDTH ? left : WN_TILE_WIDTH;
}

TILE_INLINE void distances_f32(const tile_use_context *use, const tile_place *place, const float *dots, size_t row,
                               float out[WN_TILE_WIDTH])
{
    const float *norms = (const float *)use->panel_norms + place->column;
    float row_norm = ((const float *)use->row_norms)[row];
    for (size_t c = 0; c < WN_TILE_WIDTH; c++) {
        float distance = (row_norm + norms[c]) - 2.0f * dots[c];
        out[c] = distance < 0.0f ? 0.0f : distance;
    }
}

TILE_INLINE void distances_s32(const tile_use_context *use, const tile_place *place, const int32_t *dots, size_t row,
                               int32_t out[WN_TILE_WIDTH])
{
    const int32_t *norms = (const int32_t *)use->panel_norms + place->column;
    const int32_t *bias = (const int32_t *)use->bias + place->column;
    int32_t row_norm = ((const int32_t *)use->row_norms)[row];
    for (size_t c = 0; c < WN_TILE_WIDTH; c++) {
        int32_t distance = row_norm + norms[c] - 2 * (dots[c] + bias[c]);
        out[c] = distance < 0 ? 0 : distance;
    }
}

TILE_INLINE void tile_store_f32(const void *context, const tile_place *place, const tile_block *block)
{
    const tile_use_context *use = context;
    for (size_t r = 0; r < place->count; r++) {
        float *out = (float *)use->out + (place->first + r) * use->out_stride + place->column;
        memcpy(out, block->f32[r], columns_of(use, place) * sizeof *out);
    }
}

TILE_INLINE void tile_store_s32(const void *context, const tile_place *place, const tile_block *block)
{
    const tile_use_context *use = context;
    const int32_t *bias = (const int32_t *)use->bias + place->column;
    for (size_t r = 0; r < place->count; r++) {
        int32_t *out = (int32_t *)use->out + (place->first + r) * use->out_stride + place->column;
        for (size_t c = 0; c < columns_of(use, place); c++) out[c] = block->s32[r][c] + bias[c];
    }
}

/* l2sq and nearest of one value type. The least of 64 is compared with the best so far; only the row that improves
 * looks for which it was. A NaN is never less. */
#define DEFINE_USES(block_type, value)                                                                                 \
    TILE_INLINE void tile_l2sq_##block_type(const void *context, const tile_place *place, const tile_block *block)     \
    {                                                                                                                  \
        const tile_use_context *use = context;                                                                         \
        value distance[WN_TILE_WIDTH];                                                                                 \
        for (size_t r = 0; r < place->count; r++) {                                                                    \
            value *out = (value *)use->out + (place->first + r) * use->out_stride + place->column;                     \
            distances_##block_type(use, place, block->block_type[r], place->row[r], distance);                         \
            memcpy(out, distance, columns_of(use, place) * sizeof *out);                                               \
        }                                                                                                              \
    }                                                                                                                  \
    TILE_INLINE void tile_nearest_##block_type(const void *context, const tile_place *place, const tile_block *block)  \
    {                                                                                                                  \
        const tile_use_context *use = context;                                                                         \
        value distance[WN_TILE_WIDTH];                                                                                 \
        for (size_t r = 0; r < place->count; r++) {                                                                    \
            value *best = (value *)use->out + place->row[r];                                                           \
            distances_##block_type(use, place, block->block_type[r], place->row[r], distance);                         \
            value least = least_##block_type(distance, *best);                                                         \
            if (!(least < *best)) continue;                                                                            \
            *best = least;                                                                                             \
            for (uint32_t c = 0; use->arg && c < WN_TILE_WIDTH; c++) {                                                 \
                if (!(distance[c] == least)) continue;                                                                 \
                use->arg[place->row[r]] = use->first + (uint32_t)place->column + c;                                    \
                break;                                                                                                 \
            }                                                                                                          \
        }                                                                                                              \
    }

/* min(value, least) gives the second operand when the first is a NaN. */
TILE_INLINE float least_f32(const float distance[WN_TILE_WIDTH], float so_far)
{
    __m256 least = _mm256_set1_ps(so_far);
    for (size_t c = 0; c < WN_TILE_WIDTH; c += 8) least = _mm256_min_ps(_mm256_loadu_ps(distance + c), least);
    __m128 half = _mm_min_ps(_mm256_castps256_ps128(least), _mm256_extractf128_ps(least, 1));
    half = _mm_min_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_min_ss(half, _mm_movehdup_ps(half)));
}

TILE_INLINE int32_t least_s32(const int32_t distance[WN_TILE_WIDTH], int32_t so_far)
{
    int32_t least = so_far;
    for (size_t c = 0; c < WN_TILE_WIDTH; c++) least = distance[c] < least ? distance[c] : least;
    return least;
}

DEFINE_USES(f32, float)
DEFINE_USES(s32, int32_t)

TILE_DEFINE(f32, avx2, float, f32, 1, product_f32, TILE_NO_BIAS)
TILE_DEFINE(bf16, avx2, float, f32, 2, product_bf16, TILE_NO_BIAS)
TILE_DEFINE(u8s8, avx2, int32_t, s32, 4, product_u8s8, TILE_BIAS)

/* ---- hits ---- */

typedef struct hits_context {
    const wn_tile_wanted *wanted;
    const int32_t *bias;
    size_t n;
    wn_tile_hit *hits;
    size_t *count;
} hits_context;

/* A bit for each of 64 scores that, with its bias, is within a limit. */
TILE_INLINE uint64_t mark_hits(const int32_t *scores, const int32_t *bias, const int32_t *centre_least,
                               int32_t row_least, int32_t row_shift)
{
    const __m256i least = _mm256_set1_epi32(row_least), shift = _mm256_set1_epi32(row_shift);
    uint64_t misses = 0;
    for (size_t c = 0; c < WN_TILE_WIDTH; c += 8) {
        __m256i dot = _mm256_load_si256((const __m256i *)(const void *)(scores + c));
        __m256i other = _mm256_loadu_si256((const __m256i *)(const void *)(centre_least + c));
        __m256i score = _mm256_add_epi32(dot, _mm256_loadu_si256((const __m256i *)(const void *)(bias + c)));
        __m256i limit = _mm256_min_epi32(_mm256_add_epi32(other, shift), least);
        int bits = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(limit, score)));
        misses |= (uint64_t)(unsigned)bits << c;
    }
    return ~misses;
}

TILE_INLINE void tile_hits(const void *context, const tile_place *place, const tile_block *block)
{
    const hits_context *use = context;
    size_t left = use->n - place->column, column = place->column;
    uint64_t valid = left >= WN_TILE_WIDTH ? ~(uint64_t)0 : ((uint64_t)1 << left) - 1;
    for (size_t r = 0; r < place->count; r++) {
        size_t row = place->first + r;
        uint64_t mask = mark_hits(block->s32[r], use->bias + column, use->wanted->centre_least + column,
                                  use->wanted->row_least[row], use->wanted->row_shift[row]);
        for (mask &= valid; mask; mask &= mask - 1) {
            size_t c = (size_t)__builtin_ctzll(mask);
            use->hits[(*use->count)++] =
                (wn_tile_hit){(uint32_t)row, (uint32_t)(column + c), block->s32[r][c] + use->bias[column + c]};
        }
    }
}

static size_t hits_u8s8_avx2(const wn_tile_u8s8 *tile, const wn_tile_wanted *wanted, wn_tile_hit *hits)
{
    size_t count = 0;
    hits_context use = {wanted, tile->panel_bias, tile->n, hits, &count};
    tile_walk(TILE_JOB(tile, 4), product_u8s8, tile_hits, &use);
    return count;
}

void wn_tile_fill_avx2(wn_tile_kernels *kernels)
{
    kernels->dot_f32 = dot_f32_avx2;
    kernels->l2sq_f32 = l2sq_f32_avx2;
    kernels->nearest_f32 = nearest_f32_avx2;
    kernels->dot_bf16 = dot_bf16_avx2;
    kernels->l2sq_bf16 = l2sq_bf16_avx2;
    kernels->nearest_bf16 = nearest_bf16_avx2;
    kernels->dot_u8s8 = dot_u8s8_avx2;
    kernels->l2sq_u8s8 = l2sq_u8s8_avx2;
    kernels->nearest_u8s8 = nearest_u8s8_avx2;
    kernels->hits_u8s8 = hits_u8s8_avx2;
}
