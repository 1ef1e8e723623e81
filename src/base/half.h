/* SPDX-License-Identifier: Apache-2.0
 *
 * IEEE half precision.
 */
#ifndef BASE_HALF_H
#define BASE_HALF_H

#include <stdint.h>

/* Exact; infinities and NaN stay what they are. */
float wn_float_from_half(uint16_t half);

/* Rounded to the nearest, ties to even; too large becomes infinite. */
uint16_t wn_half_from_float(float value);

#endif
