/* SPDX-License-Identifier: Apache-2.0
 *
 * All that the project uses of oneDNN: single-threaded square convolutions with packed weights, and matrix
 * products. Everything that depends on the version of oneDNN is behind this header.
 */
#ifndef NN_ONEDNN_H
#define NN_ONEDNN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nn/conv_shape.h"
#include "winnow/model.h"

/* An engine; convolutions are made on it. */
typedef struct wn_onednn wn_onednn;
/* What one thread executes on. */
typedef struct wn_onednn_stream wn_onednn_stream;

WN_NODISCARD wn_status wn_onednn_new(wn_onednn **out, wn_error *err);
void wn_onednn_free(wn_onednn **onednn);
WN_NODISCARD wn_status wn_onednn_stream_new(wn_onednn *onednn, wn_onednn_stream **out, wn_error *err);
void wn_onednn_stream_free(wn_onednn_stream **stream);

/* Whether oneDNN has bf16 on this processor, whether bf16 is clearly faster than fp32, and whether oneDNN prefers
 * channels in blocks of 16 for fp32. bf16 pays with AMX (twice as fast); without it the vector instruction saves what
 * oneDNN's Winograd algorithm, which is for fp32, saves as well: Zen 4 is within 4 % either way. */
bool wn_onednn_has_bf16(void);
bool wn_onednn_bf16_pays(void);
bool wn_onednn_prefers_blocks(void);

/* Between enter and leave the calling thread runs oneDNN without further threads, flushes denormals, and takes no
 * signal: some of oneDNN's kernels use the stack pointer as one more register (matrix products with AVX-512), and a
 * signal handler would write its frame to wherever that points. A signal waits until the section ends, or goes to
 * another thread. */
typedef struct wn_onednn_section {
    int threads;
    unsigned control;
    sigset_t signals;
} wn_onednn_section;
wn_onednn_section wn_onednn_enter(void);
void wn_onednn_leave(wn_onednn_section section);

typedef struct wn_onednn_conv wn_onednn_conv;

WN_NODISCARD wn_status wn_onednn_conv_new(wn_onednn *onednn, wn_conv_direction direction, const wn_conv_shape *shape,
                                          wn_onednn_conv **out, wn_error *err);
void wn_onednn_conv_free(wn_onednn_conv **conv);

/* oneDNN's name of the implementation, "jit:avx512_core". */
const char *wn_onednn_conv_implementation(const wn_onednn_conv *conv);

/* Bytes of the packed weights (or packed gradient) and of the scratch that a run needs. */
size_t wn_onednn_conv_weight_bytes(const wn_onednn_conv *conv);
size_t wn_onednn_conv_scratch_bytes(const wn_onednn_conv *conv);

/* Whether two convolutions take the same packed weights. */
bool wn_onednn_conv_same_weights(const wn_onednn_conv *a, const wn_onednn_conv *b);

/* Whether a forward convolution is computed by the same code when it adds and cuts: that of AVX without AVX2 cannot,
 * and what oneDNN takes in its stead needs twice the time. */
bool wn_onednn_conv_can_shift(const wn_onednn *onednn, const wn_conv_shape *shape);

/* Whether it adds a number to each channel and cuts (shape.shifted); the numbers lie behind the packed weights. */
bool wn_onednn_conv_shifts(const wn_onednn_conv *conv);

/* plain (fp32, out x in x height x width) to packed, for FORWARD and BACKWARD_DATA; for BACKWARD_WEIGHTS the packed
 * gradient to plain. shift: a number for each channel of the output if it shifts, else NULL. */
WN_NODISCARD wn_status wn_onednn_conv_pack(const wn_onednn_conv *conv, wn_onednn_stream *stream, const float *plain,
                                           const float *shift, void *packed, wn_error *err);
WN_NODISCARD wn_status wn_onednn_conv_unpack(const wn_onednn_conv *conv, wn_onednn_stream *stream, const void *packed,
                                             float *plain, wn_error *err);

/* FORWARD: inner -> outer. BACKWARD_DATA: outer (gradient) -> inner (gradient). BACKWARD_WEIGHTS: inner and outer
 * (gradient) -> packed. `scratch` is 64-byte aligned. Thread-safe on one conv with different streams. */
WN_NODISCARD wn_status wn_onednn_conv_run(const wn_onednn_conv *conv, wn_onednn_stream *stream, void *inner,
                                          void *packed, void *outer, void *scratch, wn_error *err);

/* c (rows x cols) = op(a) op(b) + beta c, row-major fp32; the transposed operand is marked. In the calling thread. */
WN_NODISCARD wn_status wn_onednn_multiply(bool transpose_a, bool transpose_b, size_t rows, size_t cols, size_t depth,
                                          const float *a, size_t a_stride, const float *b, size_t b_stride, float beta,
                                          float *c, size_t c_stride, wn_error *err);

#endif
