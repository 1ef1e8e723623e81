/* SPDX-License-Identifier: Apache-2.0
 *
 * IEEE half precision.
 */
#ifndef BASE_HALF_H
#define BASE_HALF_H

#include <stdint.h>
#include <string.h>

/* Exact; infinities and NaN stay what they are. Defined here, so that loops over it become vectors: the exponent is put
 * in place by one exact multiplication, which also makes subnormal numbers right; infinities and NaN get the largest
 * exponent. */
static inline float wn_float_from_half(uint16_t half)
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

/* Rounded to the nearest, ties to even; too large becomes infinite. */
uint16_t wn_half_from_float(float value);

#endif
