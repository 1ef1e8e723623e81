/* SPDX-License-Identifier: Apache-2.0
 *
 * Items of .npy files as float32 and float64. Items may lie at any address, hence memcpy.
 */
#include "interop/npy_convert.h"

#include <string.h>

#include "base/half.h"

#define CONVERT(kind, expression)                                                                                      \
    for (size_t i = 0; i < len; i++) {                                                                                 \
        kind x;                                                                                                        \
        memcpy(&x, items + i * sizeof x, sizeof x);                                                                    \
        out[i] = (OUT)(expression);                                                                                    \
    }                                                                                                                  \
    break

#define OUT float
void wn_npy_to_floats(wn_npy_type type, const unsigned char *items, size_t len, float *out)
{
    switch (type) {
    case WN_NPY_FLOAT16:
        CONVERT(uint16_t, wn_float_from_half(x));
    case WN_NPY_FLOAT32:
        CONVERT(float, x);
    case WN_NPY_FLOAT64:
        CONVERT(double, x);
    case WN_NPY_INT8:
        CONVERT(int8_t, x);
    case WN_NPY_INT16:
        CONVERT(int16_t, x);
    case WN_NPY_INT32:
        CONVERT(int32_t, x);
    case WN_NPY_INT64:
        CONVERT(int64_t, x);
    case WN_NPY_UINT8:
        CONVERT(uint8_t, x);
    case WN_NPY_UINT16:
        CONVERT(uint16_t, x);
    case WN_NPY_UINT32:
        CONVERT(uint32_t, x);
    case WN_NPY_UINT64:
        CONVERT(uint64_t, x);
    case WN_NPY_BOOL:
        CONVERT(uint8_t, x != 0);
    case WN_NPY_TYPE_COUNT:
        break;
    }
}
#undef OUT

#define OUT double
void wn_npy_to_doubles(wn_npy_type type, const unsigned char *items, size_t len, double *out)
{
    switch (type) {
    case WN_NPY_FLOAT16:
        CONVERT(uint16_t, wn_float_from_half(x));
    case WN_NPY_FLOAT32:
        CONVERT(float, x);
    case WN_NPY_FLOAT64:
        CONVERT(double, x);
    case WN_NPY_INT8:
        CONVERT(int8_t, x);
    case WN_NPY_INT16:
        CONVERT(int16_t, x);
    case WN_NPY_INT32:
        CONVERT(int32_t, x);
    case WN_NPY_INT64:
        CONVERT(int64_t, x);
    case WN_NPY_UINT8:
        CONVERT(uint8_t, x);
    case WN_NPY_UINT16:
        CONVERT(uint16_t, x);
    case WN_NPY_UINT32:
        CONVERT(uint32_t, x);
    case WN_NPY_UINT64:
        CONVERT(uint64_t, x);
    case WN_NPY_BOOL:
        CONVERT(uint8_t, x != 0);
    case WN_NPY_TYPE_COUNT:
        break;
    }
}
#undef OUT
