/* SPDX-License-Identifier: Apache-2.0
 *
 * One bfloat16 number to and from float32, for reference code. Static inline on purpose: the files of an
 * instruction set must not share functions with external linkage.
 */
#ifndef NUM_BF16_H
#define NUM_BF16_H

#include <stdint.h>
#include <string.h>

static inline float wn_bf16_to_float(uint16_t value)
{
    uint32_t bits = (uint32_t)value << 16;
    float out;
    memcpy(&out, &bits, sizeof out);
    return out;
}

/* Round to nearest, ties to even. A NaN stays a NaN and becomes quiet; infinities and signs are kept. */
static inline uint16_t wn_bf16_from_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)((bits >> 16) | 0x40u);
    return (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

#endif
