/* SPDX-License-Identifier: Apache-2.0
 *
 * 3 x 3 convolutions by Winograd's algorithm, in a quarter of the multiplications: in fp32 for processors with AVX2,
 * oneDNN has that for AVX-512 only; in bf16 for processors with AVX-512 and BF16, which oneDNN does not have.
 * Activations are N x H x W x C with C a multiple of 16, any side, fp32 or bf16.
 *
 * Stride 2 is stride 1 over the four phases of the input, its positions of odd and even rows and columns, as so many
 * channels more. A filter has two taps among the odd rows, one among the even ones, so that 81 of 4 x 36 products are
 * not known to be zero: 0.56 of the direct ones.
 *
 * Nothing here allocates: a wn_winograd is a plain value, memory is the caller's. All of it runs in the calling thread,
 * and the result depends on the arguments alone.
 */
#ifndef NN_WINOGRAD_H
#define NN_WINOGRAD_H

#include "nn/conv_shape.h"
#include "nn/winograd_kernels.h"

typedef struct wn_winograd {
    wn_conv_direction direction;
    size_t side; /* of the output */
    size_t channels_in, channels_out;
    size_t step, phases;      /* stride; of the input: 1, or 4 for stride 2 */
    size_t tiles_side, tiles; /* tiles along a side; of all views */
    size_t block;             /* tiles that are transformed and multiplied together */
    size_t inner, outer;      /* bytes of a number of the panels of the input, of the output: operands, or fp32 sums */
    size_t packed;            /* of the packed weights: an operand; of the packed gradient: a fp32 sum */
    /* Of each point: where its packed weights begin, in bytes, and the phases [first, end) that are not zero there. */
    size_t weights[WN_WINOGRAD_POINTS + 1];
    uint8_t first[WN_WINOGRAD_POINTS], end[WN_WINOGRAD_POINTS];
    wn_winograd_kernels kernels;
} wn_winograd;

/* Whether the algorithm can do this convolution, and whether it is then also faster than the direct one. */
bool wn_winograd_can(const wn_conv_shape *shape);
bool wn_winograd_pays(const wn_conv_shape *shape, wn_cpu level);

/* For a shape that it can do. */
void wn_winograd_init(wn_winograd *out, wn_conv_direction direction, const wn_conv_shape *shape, wn_cpu level);

/* Bytes of the packed weights (for BACKWARD_WEIGHTS of the packed gradient), and of the scratch of a run. */
size_t wn_winograd_weight_bytes(const wn_winograd *winograd);
size_t wn_winograd_scratch_bytes(const wn_winograd *winograd);

/* plain (fp32, out x in x 3 x 3) to packed, for FORWARD and BACKWARD_DATA; for BACKWARD_WEIGHTS the packed gradient to
 * plain. */
void wn_winograd_pack(const wn_winograd *winograd, const float *plain, void *packed);
void wn_winograd_unpack(const wn_winograd *winograd, const void *packed, float *plain);

/* FORWARD: inner -> outer. BACKWARD_DATA: outer (gradient) -> inner (gradient). BACKWARD_WEIGHTS: inner and outer
 * (gradient) -> packed. */
void wn_winograd_run(const wn_winograd *winograd, void *inner, void *packed, void *outer, void *scratch);

#endif
