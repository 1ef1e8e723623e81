/* SPDX-License-Identifier: Apache-2.0
 *
 * The operations of strip_body.h on AVX-512 registers; VEC_LOAD and VEC_STORE say what an element is.
 */
#ifndef NN_X86_STRIP_VEC512_H
#define NN_X86_STRIP_VEC512_H

#include "nn/x86/vec512.h"

static inline vec vec_load(const void *base, size_t i)
{
    return VEC_LOAD(base, i);
}

static inline void vec_store(void *base, size_t i, vec value)
{
    VEC_STORE(base, i, value);
}

#endif
