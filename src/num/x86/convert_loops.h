/* SPDX-License-Identifier: Apache-2.0
 *
 * Conversions and facts about rows as plain loops over bit patterns, which the compiler turns into vectors of the
 * level that includes this text; row sums are those of distance_rows.h.
 */
#ifndef NUM_X86_CONVERT_LOOPS_H
#define NUM_X86_CONVERT_LOOPS_H

#include <math.h>
#include <string.h>

DEFINE_FLOAT_SUMS(f32, float)
DEFINE_FLOAT_SUMS(bf16, uint16_t)
DEFINE_INTEGER_SUMS(s8, int8_t)

static const uint32_t infinity_bits = 0x7f800000u, magnitude_bits = 0x7fffffffu;

ROWS_INLINE uint32_t bits_of(const float *src)
{
    uint32_t bits;
    memcpy(&bits, src, sizeof bits);
    return bits;
}

static void f32_to_bf16(const float *restrict src, size_t n, uint16_t *restrict dst)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = bits_of(src + i);
        uint32_t rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
        uint32_t quiet = bits | 0x400000u;
        dst[i] = (uint16_t)(((bits & magnitude_bits) > infinity_bits ? quiet : rounded) >> 16);
    }
}

static void bf16_to_f32(const uint16_t *restrict src, size_t n, float *restrict dst)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)src[i] << 16;
        memcpy(dst + i, &bits, sizeof bits);
    }
}

/* 1.5 * 2^23 has no bits left for a fraction: adding it rounds to the nearest integer, ties to even. A NaN is 0. */
static void f32_to_s8(const float *restrict src, size_t n, float scale, uint8_t flip, int8_t *restrict dst)
{
    const float magic = 12582912.0f;
    for (size_t i = 0; i < n; i++) {
        float value = src[i] * scale;
        value = value > 127.0f ? 127.0f : value;
        value = value < -127.0f ? -127.0f : value;
        value = value == value ? value : 0.0f;
        dst[i] = (int8_t)((uint8_t)(int8_t)(int32_t)((value + magic) - magic) ^ flip);
    }
}

static void norms_f32(const float *rows, size_t n, size_t stride, size_t dim, float *out)
{
    for (size_t r = 0; r < n; r++) {
        const float *row = rows + r * stride;
        sum_f32(row, &row, 1, dim, false, out + r);
    }
}

static void norms_bf16(const uint16_t *rows, size_t n, size_t stride, size_t dim, float *out)
{
    for (size_t r = 0; r < n; r++) {
        const uint16_t *row = rows + r * stride;
        sum_bf16(row, &row, 1, dim, false, out + r);
    }
}

static void norms_s8(const int8_t *rows, size_t n, size_t stride, size_t dim, int32_t *out)
{
    for (size_t r = 0; r < n; r++) {
        const int8_t *row = rows + r * stride;
        sum_s8(row, &row, 1, dim, false, out + r);
    }
}

/* The length of a row whose float sum of squares lost digits at either end of the range. */
static double wide_length(const float *row, size_t dim)
{
    double total = 0;
    for (size_t k = 0; k < dim; k++) total += (double)row[k] * (double)row[k];
    return sqrt(total);
}

static void normalise_f32(float *rows, size_t n, size_t stride, size_t dim)
{
    for (size_t r = 0; r < n; r++) {
        float *row = rows + r * stride, squares;
        const float *same = row;
        sum_f32(row, &same, 1, dim, false, &squares);
        bool usual = squares > 1e-20f && squares < 1e30f;
        double length = usual ? sqrt((double)squares) : wide_length(row, dim);
        if (!(length > 0) || !isfinite(length)) continue;
        if (!usual) {
            for (size_t k = 0; k < dim; k++) row[k] = (float)((double)row[k] / length);
            continue;
        }
        float scale = (float)(1.0 / length);
        for (size_t k = 0; k < dim; k++) row[k] *= scale;
    }
}

static size_t find_nonfinite(const float *rows, size_t n, size_t stride, size_t dim)
{
    for (size_t r = 0; r < n; r++) {
        const float *row = rows + r * stride;
        uint32_t most = 0;
        for (size_t k = 0; k < dim; k++) {
            uint32_t magnitude = bits_of(row + k) & magnitude_bits;
            most = magnitude > most ? magnitude : most;
        }
        if (most >= infinity_bits) return r;
    }
    return n;
}

static float max_abs(const float *src, size_t n)
{
    int32_t most = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t magnitude = (int32_t)(bits_of(src + i) & magnitude_bits);
        int32_t finite = magnitude < (int32_t)infinity_bits ? magnitude : 0;
        most = finite > most ? finite : most;
    }
    float value;
    memcpy(&value, &most, sizeof value);
    return value;
}

#endif
