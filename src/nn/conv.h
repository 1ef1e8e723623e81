/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions of a network: winnow's own Winograd algorithm where it pays (winograd.h), else oneDNN's. Which of them
 * serves depends on the shape and the level of the processor alone, so that a run repeats byte by byte.
 */
#ifndef NN_CONV_H
#define NN_CONV_H

#include "nn/conv_shape.h"
#include "nn/onednn.h"

typedef struct wn_conv wn_conv;

WN_NODISCARD wn_status wn_conv_new(wn_onednn *onednn, wn_conv_direction direction, const wn_conv_shape *shape,
                                   wn_conv **out, wn_error *err);
void wn_conv_free(wn_conv **conv);

/* Who does it: "winograd:avx2", or oneDNN's name, "jit:avx2". */
const char *wn_conv_implementation(const wn_conv *conv);

/* Bytes of the packed weights (or packed gradient) and of the scratch that a run needs. */
size_t wn_conv_weight_bytes(const wn_conv *conv);
size_t wn_conv_scratch_bytes(const wn_conv *conv);

/* Whether it can add a number to each channel and cut. Winograd's algorithm leaves both to the strips. */
bool wn_conv_can_shift(const wn_onednn *onednn, const wn_conv_shape *shape);

/* Whether it does (shape.shifted). */
bool wn_conv_shifts(const wn_conv *conv);

/* Whether two convolutions of one layer take the same packed weights. */
bool wn_conv_same_weights(const wn_conv *a, const wn_conv *b);

/* plain (fp32, out x in x height x width) to packed, for FORWARD and BACKWARD_DATA; for BACKWARD_WEIGHTS the packed
 * gradient to plain. shift: what is added to each channel of the output, NULL where none is (wn_conv_shifts). */
WN_NODISCARD wn_status wn_conv_pack(const wn_conv *conv, wn_onednn_stream *stream, const float *plain,
                                    const float *shift, void *packed, wn_error *err);
WN_NODISCARD wn_status wn_conv_unpack(const wn_conv *conv, wn_onednn_stream *stream, const void *packed, float *plain,
                                      wn_error *err);

/* FORWARD: inner -> outer. BACKWARD_DATA: outer (gradient) -> inner (gradient). BACKWARD_WEIGHTS: inner and outer
 * (gradient) -> packed. `scratch` is 64-byte aligned. Thread-safe on one conv with different streams. */
WN_NODISCARD wn_status wn_conv_run(const wn_conv *conv, wn_onednn_stream *stream, void *inner, void *packed,
                                   void *outer, void *scratch, wn_error *err);

#endif
