/* SPDX-License-Identifier: Apache-2.0
 *
 * The choice between Winograd's algorithm and oneDNN.
 */
#include "nn/conv.h"

#include "base/error.h"
#include "nn/winograd.h"
#include "winnow/memory.h"

struct wn_conv {
    wn_onednn_conv *onednn; /* NULL: Winograd's algorithm */
    wn_winograd winograd;
};

/* With AMX oneDNN does bf16 faster than the vector products of ours. */
static bool ours_pays(const wn_conv_shape *shape)
{
    return wn_winograd_pays(shape, wn_cpu_level()) && !(shape->bf16 && wn_onednn_bf16_pays());
}

wn_status wn_conv_new(wn_onednn *onednn, wn_conv_direction direction, const wn_conv_shape *shape, wn_conv **out,
                      wn_error *err)
{
    *out = wn_calloc(WN_MEMORY_NETWORK, 1, sizeof **out);
    if (!*out) return wn_fail(err, WN_NOMEM, "no memory for a convolution");
    if (ours_pays(shape)) {
        wn_winograd_init(&(*out)->winograd, direction, shape, wn_cpu_level());
        return WN_OK;
    }
    wn_status status = wn_onednn_conv_new(onednn, direction, shape, &(*out)->onednn, err);
    if (status != WN_OK) wn_conv_free(out);
    return status;
}

void wn_conv_free(wn_conv **conv)
{
    if (!*conv) return;
    wn_onednn_conv_free(&(*conv)->onednn);
    wn_free(*conv);
    *conv = NULL;
}

const char *wn_conv_implementation(const wn_conv *conv)
{
    return conv->onednn ? wn_onednn_conv_implementation(conv->onednn) : conv->winograd.kernels.name;
}

size_t wn_conv_weight_bytes(const wn_conv *conv)
{
    return conv->onednn ? wn_onednn_conv_weight_bytes(conv->onednn) : wn_winograd_weight_bytes(&conv->winograd);
}

size_t wn_conv_scratch_bytes(const wn_conv *conv)
{
    return conv->onednn ? wn_onednn_conv_scratch_bytes(conv->onednn) : wn_winograd_scratch_bytes(&conv->winograd);
}

bool wn_conv_same_weights(const wn_conv *a, const wn_conv *b)
{
    if (a->onednn && b->onednn) return wn_onednn_conv_same_weights(a->onednn, b->onednn);
    return !a->onednn && !b->onednn && a->winograd.direction == b->winograd.direction &&
           a->winograd.packed == b->winograd.packed;
}

bool wn_conv_can_shift(const wn_onednn *onednn, const wn_conv_shape *shape)
{
    return !ours_pays(shape) && wn_onednn_conv_can_shift(onednn, shape);
}

bool wn_conv_shifts(const wn_conv *conv)
{
    return conv->onednn && wn_onednn_conv_shifts(conv->onednn);
}

wn_status wn_conv_pack(const wn_conv *conv, wn_onednn_stream *stream, const float *plain, const float *shift,
                       void *packed, wn_error *err)
{
    if (conv->onednn) return wn_onednn_conv_pack(conv->onednn, stream, plain, shift, packed, err);
    wn_winograd_pack(&conv->winograd, plain, packed);
    return WN_OK;
}

wn_status wn_conv_unpack(const wn_conv *conv, wn_onednn_stream *stream, const void *packed, float *plain, wn_error *err)
{
    if (conv->onednn) return wn_onednn_conv_unpack(conv->onednn, stream, packed, plain, err);
    wn_winograd_unpack(&conv->winograd, packed, plain);
    return WN_OK;
}

wn_status wn_conv_run(const wn_conv *conv, wn_onednn_stream *stream, void *inner, void *packed, void *outer,
                      void *scratch, wn_error *err)
{
    if (conv->onednn) return wn_onednn_conv_run(conv->onednn, stream, inner, packed, outer, scratch, err);
    wn_winograd_run(&conv->winograd, inner, packed, outer, scratch);
    return WN_OK;
}
