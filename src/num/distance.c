/* SPDX-License-Identifier: Apache-2.0
 *
 * Distances of vectors: the C reference, which is the definition of correct, and the choice of level.
 */
#include "num/distance.h"

#include "num/bf16.h"
#include "num/x86/distance_init.h"

#define IDENTITY(value) (value)

/* The four kernels of one element type: `sum` is the type of the running sum, `load` turns an element into it. */
#define DEFINE_KERNELS(type, element, result, sum, load)                                                               \
    static result dot_##type##_c(const element *a, const element *b, size_t dim)                                       \
    {                                                                                                                  \
        sum total = 0;                                                                                                 \
        for (size_t i = 0; i < dim; i++) total += (sum)load(a[i]) * (sum)load(b[i]);                                   \
        return (result)total;                                                                                          \
    }                                                                                                                  \
    static result l2sq_##type##_c(const element *a, const element *b, size_t dim)                                      \
    {                                                                                                                  \
        sum total = 0;                                                                                                 \
        for (size_t i = 0; i < dim; i++) {                                                                             \
            sum difference = (sum)load(a[i]) - (sum)load(b[i]);                                                        \
            total += difference * difference;                                                                          \
        }                                                                                                              \
        return (result)total;                                                                                          \
    }                                                                                                                  \
    static void dot_rows_##type##_c(const element *query, const element *rows, size_t stride, const uint32_t *index,   \
                                    size_t n, size_t dim, result *out)                                                 \
    {                                                                                                                  \
        for (size_t i = 0; i < n; i++) out[i] = dot_##type##_c(query, rows + (index ? index[i] : i) * stride, dim);    \
    }                                                                                                                  \
    static void l2sq_rows_##type##_c(const element *query, const element *rows, size_t stride, const uint32_t *index,  \
                                     size_t n, size_t dim, result *out)                                                \
    {                                                                                                                  \
        for (size_t i = 0; i < n; i++) out[i] = l2sq_##type##_c(query, rows + (index ? index[i] : i) * stride, dim);   \
    }

DEFINE_KERNELS(f32, float, float, double, IDENTITY)
DEFINE_KERNELS(bf16, uint16_t, float, double, wn_bf16_to_float)
DEFINE_KERNELS(s8, int8_t, int32_t, int32_t, IDENTITY)
DEFINE_KERNELS(u8, uint8_t, int32_t, int32_t, IDENTITY)

void wn_distance_kernels_init(wn_distance_kernels *kernels, wn_cpu level)
{
#define X(field, signature) kernels->field = field##_c;
    WN_DISTANCE_MAP(X)
#undef X
    distance_init_x86(kernels, level);
}
