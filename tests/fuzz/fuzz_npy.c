/* SPDX-License-Identifier: Apache-2.0
 *
 * The head of .npy files. A head that is accepted must describe items that are all there.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "interop/npy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wn_npy_shape shape;
    wn_error err;
    size_t offset;
    if (wn_npy_header_parse(data, size, "fuzz", &shape, &offset, &err) != WN_OK) return 0;
    size_t need = shape.rows * shape.cols * wn_npy_type_bytes(shape.type);
    if (offset > size || need > size - offset || shape.dims < 1 || shape.dims > 4) abort();
    return 0;
}
