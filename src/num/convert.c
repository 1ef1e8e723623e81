/* SPDX-License-Identifier: Apache-2.0
 *
 * Element types and facts about rows: the C reference, which is the definition of correct, and the choice of level.
 */
#include "num/convert.h"

#include <float.h>
#include <math.h>

#include "num/bf16.h"
#include "num/x86/convert_init.h"

static void f32_to_bf16_c(const float *src, size_t n, uint16_t *dst)
{
    for (size_t i = 0; i < n; i++) dst[i] = wn_bf16_from_float(src[i]);
}

static void bf16_to_f32_c(const uint16_t *src, size_t n, float *dst)
{
    for (size_t i = 0; i < n; i++) dst[i] = wn_bf16_to_float(src[i]);
}

/* Sign, exponent and mantissa are moved by hand; a NaN keeps its payload and becomes quiet, as vcvtph2ps does. */
static float f16_to_float(uint16_t value)
{
    uint32_t sign = (uint32_t)(value & 0x8000u) << 16, exponent = (value >> 10) & 31u, mantissa = value & 0x3ffu;
    if (exponent == 0) {
        float magnitude = ldexpf((float)mantissa, -24);
        return sign ? -magnitude : magnitude;
    }
    uint32_t bits = sign | ((exponent + 112u) << 23) | (mantissa << 13);
    if (exponent == 31) bits = sign | 0x7f800000u | (mantissa ? 0x400000u | (mantissa << 13) : 0);
    float out;
    memcpy(&out, &bits, sizeof out);
    return out;
}

static void f16_to_f32_c(const uint16_t *src, size_t n, float *dst)
{
    for (size_t i = 0; i < n; i++) dst[i] = f16_to_float(src[i]);
}

static void f32_to_s8_c(const float *src, size_t n, float scale, uint8_t flip, int8_t *dst)
{
    for (size_t i = 0; i < n; i++) {
        float value = src[i] * scale;
        value = value > 127.0f ? 127.0f : value < -127.0f ? -127.0f : value == value ? value : 0.0f;
        dst[i] = (int8_t)((uint8_t)(int8_t)lrintf(value) ^ flip);
    }
}

static double sum_squares(const float *row, size_t dim)
{
    double total = 0;
    for (size_t k = 0; k < dim; k++) total += (double)row[k] * (double)row[k];
    return total;
}

static void norms_f32_c(const float *rows, size_t n, size_t stride, size_t dim, float *out)
{
    for (size_t r = 0; r < n; r++) out[r] = (float)sum_squares(rows + r * stride, dim);
}

static void norms_bf16_c(const uint16_t *rows, size_t n, size_t stride, size_t dim, float *out)
{
    for (size_t r = 0; r < n; r++) {
        double total = 0;
        for (size_t k = 0; k < dim; k++) {
            double value = (double)wn_bf16_to_float(rows[r * stride + k]);
            total += value * value;
        }
        out[r] = (float)total;
    }
}

static void norms_s8_c(const int8_t *rows, size_t n, size_t stride, size_t dim, int32_t *out)
{
    for (size_t r = 0; r < n; r++) {
        int32_t total = 0;
        for (size_t k = 0; k < dim; k++) total += rows[r * stride + k] * rows[r * stride + k];
        out[r] = total;
    }
}

static void normalise_f32_c(float *rows, size_t n, size_t stride, size_t dim)
{
    for (size_t r = 0; r < n; r++) {
        float *row = rows + r * stride;
        double norm = sqrt(sum_squares(row, dim));
        if (!(norm > 0) || !isfinite(norm)) continue;
        for (size_t k = 0; k < dim; k++) row[k] = (float)((double)row[k] / norm);
    }
}

static size_t find_nonfinite_c(const float *rows, size_t n, size_t stride, size_t dim)
{
    for (size_t r = 0; r < n; r++) {
        for (size_t k = 0; k < dim; k++) {
            if (!isfinite(rows[r * stride + k])) return r;
        }
    }
    return n;
}

static float max_abs_c(const float *src, size_t n)
{
    float most = 0;
    for (size_t i = 0; i < n; i++) {
        float magnitude = fabsf(src[i]);
        if (magnitude > most && magnitude <= FLT_MAX) most = magnitude;
    }
    return most;
}

void wn_convert_kernels_init(wn_convert_kernels *kernels, wn_cpu level)
{
#define X(field, signature) kernels->field = field##_c;
    WN_CONVERT_MAP(X)
#undef X
    convert_init_x86(kernels, level);
}
