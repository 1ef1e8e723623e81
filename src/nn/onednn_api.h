/* SPDX-License-Identifier: Apache-2.0
 *
 * What differs between oneDNN 2.x and 3.x: descriptions of memory are values there and owned handles here, and a
 * convolution is described in two steps or in one. Only onednn.c includes this.
 */
#ifndef NN_ONEDNN_API_H
#define NN_ONEDNN_API_H

#include "nn/onednn.h"
#include "oneapi/dnnl/dnnl.h"

#if DNNL_VERSION_MAJOR != 2 && DNNL_VERSION_MAJOR != 3
#error "src/nn/onednn_api.c is written for oneDNN 2.x and 3.x; its functions are all that needs another version"
#endif

/* How a buffer is laid out. Zero-initialised = none; released with wn_dnnl_layout_clear. */
typedef dnnl_memory_desc_t wn_dnnl_layout;

/* What oneDNN's functions take for one. */
#if DNNL_VERSION_MAJOR == 2
#define WN_DNNL_LAYOUT(layout) (&(layout))
#else
#define WN_DNNL_LAYOUT(layout) (layout)
#endif

dnnl_status_t wn_dnnl_layout_make(wn_dnnl_layout *out, int rank, const dnnl_dims_t dims, dnnl_data_type_t type,
                                  dnnl_format_tag_t tag);
void wn_dnnl_layout_clear(wn_dnnl_layout *layout);

/* The layout that a primitive wants for one of its operands: dnnl_query_src_md, ... */
dnnl_status_t wn_dnnl_layout_query(dnnl_primitive_desc_t description, dnnl_query_t what, wn_dnnl_layout *out);

/* The operands of a convolution in one direction, undilated; strides and padding (before and after) of its two sides.
 */
typedef struct wn_dnnl_convolution {
    wn_conv_direction direction;
    dnnl_alg_kind_t algorithm;
    const wn_dnnl_layout *inner, *weights, *outer, *shift; /* shift: added to each channel; NULL = nothing is */
    const dnnl_dim_t *strides, *before, *after;
    dnnl_primitive_attr_t attributes;
    dnnl_primitive_desc_t hint; /* the forward one; NULL for WN_CONV_FORWARD */
} wn_dnnl_convolution;
dnnl_status_t wn_dnnl_describe(dnnl_engine_t engine, const wn_dnnl_convolution *convolution,
                               dnnl_primitive_desc_t *out);

/* Appends the cut of each number to [low, high]. */
dnnl_status_t wn_dnnl_append_cut(dnnl_post_ops_t after, float low, float high);

#endif
