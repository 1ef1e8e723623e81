/* SPDX-License-Identifier: Apache-2.0
 *
 * The head of a .npy file: magic, version, and a Python dictionary with three known keys.
 */
#ifndef INTEROP_NPY_HEADER_H
#define INTEROP_NPY_HEADER_H

#include "winnow/npy.h"

/* No writer makes heads near this; a length beyond it is damage. */
enum { WN_NPY_HEADER_MAX = 1 << 20 };

/* Bytes an item of `type`. */
size_t wn_npy_type_bytes(wn_npy_type type);

/* NumPy's name of the type, such as "<f4". Static storage. */
const char *wn_npy_type_code(wn_npy_type type);

/* Reads the head of the `len` bytes of a file. *data_offset is where the items begin; they are known to be there in
 * full, so offset + rows * cols * width <= len. `path` is for messages. */
WN_NODISCARD wn_status wn_npy_header_parse(const unsigned char *bytes, size_t len, const char *path,
                                           wn_npy_shape *shape, size_t *data_offset, wn_error *err);

#endif
