/* SPDX-License-Identifier: Apache-2.0 */
#include "base/half.h"

#include <string.h>

/* The exponent is put in place by one exact multiplication, which also makes subnormal
 * numbers right; infinities and NaN get the largest exponent. */
float wn_float_from_half(uint16_t half)
{
    uint32_t magnitude = (uint32_t)(half & 0x7fff) << 13, sign = (uint32_t)(half & 0x8000) << 16, bits;
    float value;
    memcpy(&value, &magnitude, sizeof value);
    value *= 0x1p112f;
    memcpy(&bits, &value, sizeof bits);
    if ((half & 0x7c00) == 0x7c00) bits |= 0x7f800000;
    bits |= sign;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint16_t wn_half_from_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;
    if (magnitude > 0x7F800000) return (uint16_t)(sign | 0x7E00);  /* NaN */
    if (magnitude >= 0x477FF000) return (uint16_t)(sign | 0x7C00); /* rounds to infinity */
    if (magnitude < 0x33000001) return (uint16_t)sign;             /* rounds to 0 */
    if (magnitude < 0x38800000) {                                  /* denormal: 2^-24 is one step */
        const uint32_t shift = 126 - (magnitude >> 23), mantissa = (magnitude & 0x7FFFFF) | 0x800000;
        const uint32_t half = mantissa >> shift, rest = mantissa & ((1U << shift) - 1), middle = 1U << (shift - 1);
        return (uint16_t)(sign | (half + (rest > middle || (rest == middle && (half & 1)))));
    }
    const uint32_t half = (magnitude - 0x38000000) >> 13, rest = magnitude & 0x1FFF;
    return (uint16_t)(sign | (half + (rest > 0x1000 || (rest == 0x1000 && (half & 1)))));
}
