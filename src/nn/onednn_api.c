/* SPDX-License-Identifier: Apache-2.0
 *
 * The two generations of oneDNN's C API; one half is compiled.
 */
#include "nn/onednn_api.h"

#include <math.h>
#include <string.h>

#if DNNL_VERSION_MAJOR == 2

dnnl_status_t wn_dnnl_layout_make(wn_dnnl_layout *out, int rank, const dnnl_dims_t dims, dnnl_data_type_t type,
                                  dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_init_by_tag(out, rank, dims, type, tag);
}

void wn_dnnl_layout_clear(wn_dnnl_layout *layout)
{
    memset(layout, 0, sizeof *layout);
}

dnnl_status_t wn_dnnl_layout_query(dnnl_primitive_desc_t description, dnnl_query_t what, wn_dnnl_layout *out)
{
    const dnnl_memory_desc_t *found = dnnl_primitive_desc_query_md(description, what, 0);
    if (!found) return dnnl_unimplemented;
    *out = *found;
    return dnnl_success;
}

dnnl_status_t wn_dnnl_describe(dnnl_engine_t engine, const wn_dnnl_convolution *c, dnnl_primitive_desc_t *out)
{
    dnnl_convolution_desc_t operation;
    dnnl_status_t code;
    if (c->direction == WN_CONV_FORWARD)
        code = dnnl_convolution_forward_desc_init(&operation, dnnl_forward_training, c->algorithm, c->inner, c->weights,
                                                  c->shift, c->outer, c->strides, c->before, c->after);
    else if (c->direction == WN_CONV_BACKWARD_DATA)
        code = dnnl_convolution_backward_data_desc_init(&operation, c->algorithm, c->inner, c->weights, c->outer,
                                                        c->strides, c->before, c->after);
    else
        code = dnnl_convolution_backward_weights_desc_init(&operation, c->algorithm, c->inner, c->weights, NULL,
                                                           c->outer, c->strides, c->before, c->after);
    if (code != dnnl_success) return code;
    return dnnl_primitive_desc_create(out, &operation, c->attributes, engine, c->hint);
}

/* ReLU by its own name: some of the kernels know no other. */
dnnl_status_t wn_dnnl_append_cut(dnnl_post_ops_t after, float low, float high)
{
    const bool relu = low == 0 && high == INFINITY;
    return dnnl_post_ops_append_eltwise(after, 1.0F, relu ? dnnl_eltwise_relu : dnnl_eltwise_clip, low,
                                        relu ? 0 : high);
}

#else

dnnl_status_t wn_dnnl_layout_make(wn_dnnl_layout *out, int rank, const dnnl_dims_t dims, dnnl_data_type_t type,
                                  dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_create_with_tag(out, rank, dims, type, tag);
}

void wn_dnnl_layout_clear(wn_dnnl_layout *layout)
{
    if (*layout) dnnl_memory_desc_destroy(*layout);
    *layout = NULL;
}

/* What a query gives belongs to the description, and is copied. */
dnnl_status_t wn_dnnl_layout_query(dnnl_primitive_desc_t description, dnnl_query_t what, wn_dnnl_layout *out)
{
    const_dnnl_memory_desc_t found = dnnl_primitive_desc_query_md(description, what, 0);
    return found ? dnnl_memory_desc_clone(out, found) : dnnl_unimplemented;
}

dnnl_status_t wn_dnnl_describe(dnnl_engine_t engine, const wn_dnnl_convolution *c, dnnl_primitive_desc_t *out)
{
    const dnnl_dims_t dilation = {0, 0};
    if (c->direction == WN_CONV_FORWARD)
        return dnnl_convolution_forward_primitive_desc_create(
            out, engine, dnnl_forward_training, c->algorithm, *c->inner, *c->weights, c->shift ? *c->shift : NULL,
            *c->outer, c->strides, dilation, c->before, c->after, c->attributes);
    if (c->direction == WN_CONV_BACKWARD_DATA)
        return dnnl_convolution_backward_data_primitive_desc_create(out, engine, c->algorithm, *c->inner, *c->weights,
                                                                    *c->outer, c->strides, dilation, c->before,
                                                                    c->after, c->hint, c->attributes);
    return dnnl_convolution_backward_weights_primitive_desc_create(out, engine, c->algorithm, *c->inner, *c->weights,
                                                                   NULL, *c->outer, c->strides, dilation, c->before,
                                                                   c->after, c->hint, c->attributes);
}

/* ReLU by its own name: some of the kernels know no other. */
dnnl_status_t wn_dnnl_append_cut(dnnl_post_ops_t after, float low, float high)
{
    const bool relu = low == 0 && high == INFINITY;
    return dnnl_post_ops_append_eltwise(after, relu ? dnnl_eltwise_relu : dnnl_eltwise_clip, low, relu ? 0 : high);
}

#endif
