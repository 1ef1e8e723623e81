/* SPDX-License-Identifier: Apache-2.0
 *
 * Items of .npy files as floating-point numbers.
 */
#ifndef INTEROP_NPY_CONVERT_H
#define INTEROP_NPY_CONVERT_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/npy.h"

/* Convert `len` items that lie one after the other, at any address. */
void wn_npy_to_floats(wn_npy_type type, const unsigned char *items, size_t len, float *out);
void wn_npy_to_doubles(wn_npy_type type, const unsigned char *items, size_t len, double *out);

#endif
