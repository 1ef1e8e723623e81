/* SPDX-License-Identifier: Apache-2.0 */
#include "base/half.h"

#include <string.h>

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
