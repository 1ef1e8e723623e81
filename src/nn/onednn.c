/* SPDX-License-Identifier: Apache-2.0
 *
 * oneDNN's C API. fp32 uses Winograd's F(4 x 4, 3 x 3) (Lavin and Gray 2016) where oneDNN has it: it needs a
 * quarter of the multiplications and runs about twice as fast as the direct algorithm here; its error is some 1e-5
 * relative, far below the noise of a gradient.
 */
#include "nn/onednn.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include "base/error.h"
#include "nn/onednn_api.h"
#include "winnow/cpu.h"
#include "winnow/memory.h"

/* Of the OpenMP runtime that oneDNN brings along; <omp.h> belongs to one compiler only. */
extern void omp_set_num_threads(int count);
extern int omp_get_max_threads(void);

struct wn_onednn {
    dnnl_engine_t engine;
};

struct wn_onednn_stream {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
};

struct wn_onednn_conv {
    wn_conv_direction direction;
    wn_dnnl_layout inner, outer, packed, plain, scratch, shift;
    size_t shifts; /* channels that a number is added to; 0 = none */
    dnnl_primitive_desc_t description;
    dnnl_primitive_t run, reorder;
    const char *implementation;
};

static wn_status fail_dnnl(wn_error *err, dnnl_status_t code, const char *what)
{
    wn_status status = code == dnnl_out_of_memory   ? WN_NOMEM
                       : code == dnnl_unimplemented ? WN_UNSUPPORTED
                                                    : WN_INTERNAL;
    return wn_fail(err, status, "oneDNN cannot %s (its code %d)", what, (int)code);
}

wn_status wn_onednn_new(wn_onednn **out, wn_error *err)
{
    *out = wn_calloc(WN_MEMORY_NETWORK, 1, sizeof **out);
    if (!*out) return wn_fail(err, WN_NOMEM, "no memory for the network");
    dnnl_status_t code = dnnl_engine_create(&(*out)->engine, dnnl_cpu, 0);
    if (code != dnnl_success) {
        wn_onednn_free(out);
        return fail_dnnl(err, code, "start");
    }
    return WN_OK;
}

void wn_onednn_free(wn_onednn **onednn)
{
    if (!*onednn) return;
    if ((*onednn)->engine) dnnl_engine_destroy((*onednn)->engine);
    wn_free(*onednn);
    *onednn = NULL;
}

wn_status wn_onednn_stream_new(wn_onednn *onednn, wn_onednn_stream **out, wn_error *err)
{
    *out = wn_calloc(WN_MEMORY_NETWORK, 1, sizeof **out);
    if (!*out) return wn_fail(err, WN_NOMEM, "no memory for the network");
    (*out)->engine = onednn->engine;
    dnnl_status_t code = dnnl_stream_create(&(*out)->stream, onednn->engine, dnnl_stream_default_flags);
    if (code != dnnl_success) {
        wn_onednn_stream_free(out);
        return fail_dnnl(err, code, "make a stream");
    }
    return WN_OK;
}

void wn_onednn_stream_free(wn_onednn_stream **stream)
{
    if (!*stream) return;
    if ((*stream)->stream) dnnl_stream_destroy((*stream)->stream);
    wn_free(*stream);
    *stream = NULL;
}

/* The flags of oneDNN's levels are nested bit sets: a level contains those below it. */
static bool has_isa(dnnl_cpu_isa_t isa)
{
    return ((unsigned)dnnl_get_effective_cpu_isa() & (unsigned)isa) == (unsigned)isa;
}

bool wn_onednn_has_bf16(void)
{
    return wn_cpu_level() >= WN_CPU_AVX512BF16 && has_isa(dnnl_cpu_isa_avx512_core_bf16);
}

bool wn_onednn_bf16_pays(void)
{
    return has_isa(dnnl_cpu_isa_avx512_core_amx);
}

bool wn_onednn_prefers_blocks(void)
{
    return has_isa(dnnl_cpu_isa_avx512_core);
}

wn_onednn_section wn_onednn_enter(void)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
    wn_onednn_section section = {.threads = omp_get_max_threads()};
    sigset_t held;
    sigfillset(&held);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) sigdelset(&held, faults[i]); /* these cannot wait */
    pthread_sigmask(SIG_BLOCK, &held, &section.signals);
    if (section.threads != 1) omp_set_num_threads(1);
#if defined(__SSE__)
    section.control = _mm_getcsr();
    _mm_setcsr(section.control | 0x8040U); /* flush to zero, denormals are zero */
#endif
    return section;
}

void wn_onednn_leave(wn_onednn_section section)
{
#if defined(__SSE__)
    _mm_setcsr(section.control);
#endif
    if (section.threads != 1) omp_set_num_threads(section.threads);
    pthread_sigmask(SIG_SETMASK, &section.signals, NULL);
}

static dnnl_format_tag_t activation_tag(wn_layout layout, uint32_t channels)
{
    if (layout == WN_LAYOUT_TOGETHER) return dnnl_nhwc;
    return channels % 16 == 0 ? dnnl_nChw16c : dnnl_nchw;
}

/* Depthwise weights are as many groups of one filter. */
static int fill_weight_dims(const wn_conv_shape *shape, dnnl_dims_t out)
{
    dnnl_dim_t k = shape->kernel, in = shape->channels_in, co = shape->channels_out;
    int rank = shape->depthwise ? 5 : 4;
    const dnnl_dim_t groups[5] = {co, 1, 1, k, k}, plain[4] = {co, in, k, k};
    memcpy(out, shape->depthwise ? groups : plain, (size_t)rank * sizeof *out);
    return rank;
}

static void fill_padding(const wn_conv_shape *shape, dnnl_dims_t before, dnnl_dims_t after)
{
    uint32_t first, last;
    wn_conv_padding(shape->kernel, shape->stride, shape->side, shape->late, &first, &last);
    before[0] = before[1] = first;
    after[0] = after[1] = last;
}

static bool is_shifted(wn_conv_direction direction, const wn_conv_shape *shape)
{
    return direction == WN_CONV_FORWARD && shape->shifted;
}

static dnnl_status_t make_shift(const wn_conv_shape *shape, wn_dnnl_layout *out)
{
    const dnnl_dims_t dims = {shape->channels_out};
    return wn_dnnl_layout_make(out, 1, dims, dnnl_f32, dnnl_a);
}

/* The user's scratch memory, and the cut of the output. */
static dnnl_status_t fill_attributes(wn_conv_direction direction, const wn_conv_shape *shape,
                                     dnnl_primitive_attr_t attributes)
{
    dnnl_status_t code = dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    const bool cut = shape->low > -INFINITY || shape->high < INFINITY;
    dnnl_post_ops_t after = NULL;
    if (code != dnnl_success || !is_shifted(direction, shape) || !cut) return code;
    code = dnnl_post_ops_create(&after);
    if (code == dnnl_success) code = wn_dnnl_append_cut(after, shape->low, shape->high);
    if (code == dnnl_success) code = dnnl_primitive_attr_set_post_ops(attributes, after);
    if (after) dnnl_post_ops_destroy(after);
    return code;
}

/* The description of one direction; `algorithm` direct or Winograd. `hint` is the forward one, NULL for FORWARD. */
static dnnl_status_t describe(const wn_onednn *onednn, wn_conv_direction direction, const wn_conv_shape *shape,
                              dnnl_alg_kind_t algorithm, dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *out)
{
    dnnl_data_type_t type = shape->bf16 ? dnnl_bf16 : dnnl_f32;
    dnnl_dim_t in = shape->channels_in, co = shape->channels_out, s = shape->side,
               out_side = (s + shape->stride - 1) / shape->stride;
    dnnl_dims_t inner_dims = {shape->views, in, s, s}, outer_dims = {shape->views, co, out_side, out_side};
    dnnl_dims_t strides = {shape->stride, shape->stride}, weight_dims, before, after;
    int rank = fill_weight_dims(shape, weight_dims);
    fill_padding(shape, before, after);
    wn_dnnl_layout inner = {0}, weights = {0}, outer = {0}, shift = {0};
    wn_dnnl_convolution convolution = {.direction = direction,
                                       .algorithm = algorithm,
                                       .inner = &inner,
                                       .weights = &weights,
                                       .outer = &outer,
                                       .strides = strides,
                                       .before = before,
                                       .after = after,
                                       .hint = hint};
    dnnl_data_type_t weight_type = direction == WN_CONV_BACKWARD_WEIGHTS ? dnnl_f32 : type;

    dnnl_status_t code =
        wn_dnnl_layout_make(&inner, 4, inner_dims, type, activation_tag(shape->layout, shape->channels_in));
    if (code == dnnl_success) code = wn_dnnl_layout_make(&weights, rank, weight_dims, weight_type, dnnl_format_tag_any);
    if (code == dnnl_success)
        code = wn_dnnl_layout_make(&outer, 4, outer_dims, type, activation_tag(shape->layout, shape->channels_out));
    if (code == dnnl_success && is_shifted(direction, shape)) {
        code = make_shift(shape, &shift);
        convolution.shift = &shift;
    }
    if (code == dnnl_success) code = dnnl_primitive_attr_create(&convolution.attributes);
    if (code == dnnl_success) code = fill_attributes(direction, shape, convolution.attributes);
    if (code == dnnl_success) code = wn_dnnl_describe(onednn->engine, &convolution, out);
    if (convolution.attributes) dnnl_primitive_attr_destroy(convolution.attributes);
    wn_dnnl_layout_clear(&shift);
    wn_dnnl_layout_clear(&outer);
    wn_dnnl_layout_clear(&weights);
    wn_dnnl_layout_clear(&inner);
    return code;
}

/* Winograd computes tiles of 4 x 4: it pays while at most half of what the tiles cover lies outside the image. Where
 * oneDNN lacks it the direct algorithm serves. */
static bool suits_winograd(const wn_conv_shape *shape)
{
    uint32_t covered = (shape->side + 3) / 4 * 4;
    return !shape->bf16 && shape->kernel == 3 && shape->stride == 1 && !shape->depthwise &&
           shape->channels_in % 16 == 0 && covered * covered <= 2 * shape->side * shape->side;
}

static dnnl_status_t describe_best(const wn_onednn *onednn, wn_conv_direction direction, const wn_conv_shape *shape,
                                   dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *out)
{
    if (suits_winograd(shape)) {
        if (describe(onednn, direction, shape, dnnl_convolution_winograd, hint, out) == dnnl_success)
            return dnnl_success;
    }
    return describe(onednn, direction, shape, dnnl_convolution_direct, hint, out);
}

enum { NAME_BYTES = 64 };

/* oneDNN's name of what computes a forward convolution; "" where nothing does. */
static void name_best(const wn_onednn *onednn, const wn_conv_shape *shape, char name[NAME_BYTES])
{
    dnnl_primitive_desc_t description = NULL;
    const char *found = "";
    if (describe_best(onednn, WN_CONV_FORWARD, shape, NULL, &description) == dnnl_success)
        dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &found);
    snprintf(name, NAME_BYTES, "%s", found);
    if (description) dnnl_primitive_desc_destroy(description);
}

bool wn_onednn_conv_can_shift(const wn_onednn *onednn, const wn_conv_shape *shape)
{
    wn_conv_shape plain = *shape, shifted = *shape;
    char plainly[NAME_BYTES], shifting[NAME_BYTES];
    plain.shifted = false;
    shifted.shifted = true;
    wn_onednn_section section = wn_onednn_enter();
    name_best(onednn, &plain, plainly);
    name_best(onednn, &shifted, shifting);
    wn_onednn_leave(section);
    return strcmp(plainly, shifting) == 0;
}

static dnnl_status_t make_reorder(const wn_onednn *onednn, wn_onednn_conv *conv)
{
    dnnl_primitive_desc_t description = NULL;
    bool unpack = conv->direction == WN_CONV_BACKWARD_WEIGHTS;
    wn_dnnl_layout *from = unpack ? &conv->packed : &conv->plain, *to = unpack ? &conv->plain : &conv->packed;

    dnnl_status_t code = dnnl_reorder_primitive_desc_create(&description, WN_DNNL_LAYOUT(*from), onednn->engine,
                                                            WN_DNNL_LAYOUT(*to), onednn->engine, NULL);
    if (code == dnnl_success) code = dnnl_primitive_create(&conv->reorder, description);
    if (description) dnnl_primitive_desc_destroy(description);
    return code;
}

static dnnl_status_t make_conv(const wn_onednn *onednn, const wn_conv_shape *shape, wn_onednn_conv *conv)
{
    bool forward = conv->direction == WN_CONV_FORWARD, weights = conv->direction == WN_CONV_BACKWARD_WEIGHTS;
    dnnl_primitive_desc_t hint = NULL;
    dnnl_dims_t dims;
    int rank = fill_weight_dims(shape, dims);

    dnnl_status_t code = dnnl_success;
    if (!forward) code = describe(onednn, WN_CONV_FORWARD, shape, dnnl_convolution_direct, NULL, &hint);
    if (code == dnnl_success) code = describe_best(onednn, conv->direction, shape, hint, &conv->description);
    if (hint) dnnl_primitive_desc_destroy(hint);
    if (code == dnnl_success) code = dnnl_primitive_create(&conv->run, conv->description);
    if (code != dnnl_success) return code;

    dnnl_primitive_desc_t d = conv->description;
    bool data = conv->direction == WN_CONV_BACKWARD_DATA;
    code = wn_dnnl_layout_query(d, data ? dnnl_query_diff_src_md : dnnl_query_src_md, &conv->inner);
    if (code == dnnl_success)
        code = wn_dnnl_layout_query(d, forward ? dnnl_query_dst_md : dnnl_query_diff_dst_md, &conv->outer);
    if (code == dnnl_success)
        code = wn_dnnl_layout_query(d, weights ? dnnl_query_diff_weights_md : dnnl_query_weights_md, &conv->packed);
    if (code == dnnl_success) code = wn_dnnl_layout_query(d, dnnl_query_scratchpad_md, &conv->scratch);
    dnnl_primitive_desc_query(d, dnnl_query_impl_info_str, 0, &conv->implementation);
    conv->shifts = is_shifted(conv->direction, shape) ? shape->channels_out : 0;
    if (code == dnnl_success && conv->shifts) code = make_shift(shape, &conv->shift);
    if (code == dnnl_success)
        code = wn_dnnl_layout_make(&conv->plain, rank, dims, dnnl_f32, rank == 5 ? dnnl_goihw : dnnl_oihw);
    return code == dnnl_success ? make_reorder(onednn, conv) : code;
}

wn_status wn_onednn_conv_new(wn_onednn *onednn, wn_conv_direction direction, const wn_conv_shape *shape,
                             wn_onednn_conv **out, wn_error *err)
{
    *out = wn_calloc(WN_MEMORY_NETWORK, 1, sizeof **out);
    if (!*out) return wn_fail(err, WN_NOMEM, "no memory for a convolution");
    (*out)->direction = direction;
    wn_onednn_section section = wn_onednn_enter(); /* the number of threads is fixed when a primitive is made */
    dnnl_status_t code = make_conv(onednn, shape, *out);
    wn_onednn_leave(section);
    if (code != dnnl_success) {
        wn_onednn_conv_free(out);
        return fail_dnnl(err, code, "make a convolution of this shape");
    }
    return WN_OK;
}

void wn_onednn_conv_free(wn_onednn_conv **conv)
{
    if (!*conv) return;
    if ((*conv)->reorder) dnnl_primitive_destroy((*conv)->reorder);
    if ((*conv)->run) dnnl_primitive_destroy((*conv)->run);
    if ((*conv)->description) dnnl_primitive_desc_destroy((*conv)->description);
    wn_dnnl_layout_clear(&(*conv)->inner);
    wn_dnnl_layout_clear(&(*conv)->outer);
    wn_dnnl_layout_clear(&(*conv)->packed);
    wn_dnnl_layout_clear(&(*conv)->plain);
    wn_dnnl_layout_clear(&(*conv)->scratch);
    wn_dnnl_layout_clear(&(*conv)->shift);
    wn_free(*conv);
    *conv = NULL;
}

const char *wn_onednn_conv_implementation(const wn_onednn_conv *conv)
{
    return conv->implementation;
}

/* Where the numbers that are added lie behind the packed weights, on a cache line of their own. */
static size_t shift_at(const wn_onednn_conv *conv)
{
    return (dnnl_memory_desc_get_size(WN_DNNL_LAYOUT(conv->packed)) + 63) / 64 * 64;
}

size_t wn_onednn_conv_weight_bytes(const wn_onednn_conv *conv)
{
    return shift_at(conv) + conv->shifts * sizeof(float);
}

bool wn_onednn_conv_shifts(const wn_onednn_conv *conv)
{
    return conv->shifts > 0;
}

size_t wn_onednn_conv_scratch_bytes(const wn_onednn_conv *conv)
{
    return dnnl_memory_desc_get_size(WN_DNNL_LAYOUT(conv->scratch));
}

bool wn_onednn_conv_same_weights(const wn_onednn_conv *a, const wn_onednn_conv *b)
{
    return a->shifts == b->shifts && dnnl_memory_desc_equal(WN_DNNL_LAYOUT(a->packed), WN_DNNL_LAYOUT(b->packed));
}

/* Executes with up to OPERANDS (argument, layout, buffer) triples. Memory objects are made for the call: they are a
 * few hundred nanoseconds, and sharing them between threads is not allowed. */
enum { OPERANDS = 5 };

typedef struct operand {
    int argument;
    const wn_dnnl_layout *layout;
    void *buffer;
} operand;

static dnnl_status_t execute(dnnl_primitive_t primitive, wn_onednn_stream *stream, const operand *operands, int count)
{
    dnnl_exec_arg_t arguments[OPERANDS];
    dnnl_status_t code = dnnl_success;
    int made = 0;

    assert(count <= OPERANDS);
    for (; made < count; made++) {
        code = dnnl_memory_create(&arguments[made].memory, WN_DNNL_LAYOUT(*operands[made].layout), stream->engine,
                                  operands[made].buffer);
        if (code != dnnl_success) break;
        arguments[made].arg = operands[made].argument;
    }
    if (code == dnnl_success) code = dnnl_primitive_execute(primitive, stream->stream, count, arguments);
    if (code == dnnl_success) code = dnnl_stream_wait(stream->stream);
    while (made > 0) dnnl_memory_destroy(arguments[--made].memory);
    return code;
}

wn_status wn_onednn_conv_pack(const wn_onednn_conv *conv, wn_onednn_stream *stream, const float *plain,
                              const float *shift, void *packed, wn_error *err)
{
    assert(conv->direction != WN_CONV_BACKWARD_WEIGHTS && (conv->shifts > 0) == (shift != NULL));
    if (shift) memcpy((char *)packed + shift_at(conv), shift, conv->shifts * sizeof *shift);
    const operand operands[] = {{DNNL_ARG_FROM, &conv->plain, (void *)(uintptr_t)plain},
                                {DNNL_ARG_TO, &conv->packed, packed}};
    dnnl_status_t code = execute(conv->reorder, stream, operands, 2);
    return code == dnnl_success ? WN_OK : fail_dnnl(err, code, "pack weights");
}

wn_status wn_onednn_conv_unpack(const wn_onednn_conv *conv, wn_onednn_stream *stream, const void *packed, float *plain,
                                wn_error *err)
{
    assert(conv->direction == WN_CONV_BACKWARD_WEIGHTS);
    const operand operands[] = {{DNNL_ARG_FROM, &conv->packed, (void *)(uintptr_t)packed},
                                {DNNL_ARG_TO, &conv->plain, plain}};
    dnnl_status_t code = execute(conv->reorder, stream, operands, 2);
    return code == dnnl_success ? WN_OK : fail_dnnl(err, code, "unpack a gradient");
}

wn_status wn_onednn_conv_run(const wn_onednn_conv *conv, wn_onednn_stream *stream, void *inner, void *packed,
                             void *outer, void *scratch, wn_error *err)
{
    static const int arguments[][3] = {
        [WN_CONV_FORWARD] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
        [WN_CONV_BACKWARD_DATA] = {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST},
        [WN_CONV_BACKWARD_WEIGHTS] = {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST},
    };
    const int *argument = arguments[conv->direction];
    const operand operands[] = {{argument[0], &conv->inner, inner},
                                {argument[1], &conv->packed, packed},
                                {argument[2], &conv->outer, outer},
                                {DNNL_ARG_SCRATCHPAD, &conv->scratch, scratch},
                                {DNNL_ARG_BIAS, &conv->shift, (char *)packed + shift_at(conv)}};
    dnnl_status_t code = execute(conv->run, stream, operands, conv->shifts ? 5 : 4);
    return code == dnnl_success ? WN_OK : fail_dnnl(err, code, "run a convolution");
}

/* NOLINTNEXTLINE(readability-function-size): the operands of a matrix product, as in BLAS */
wn_status wn_onednn_multiply(bool transpose_a, bool transpose_b, size_t rows, size_t cols, size_t depth, const float *a,
                             size_t a_stride, const float *b, size_t b_stride, float beta, float *c, size_t c_stride,
                             wn_error *err)
{
    dnnl_status_t code = dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', (dnnl_dim_t)rows,
                                    (dnnl_dim_t)cols, (dnnl_dim_t)depth, 1.0F, a, (dnnl_dim_t)a_stride, b,
                                    (dnnl_dim_t)b_stride, beta, c, (dnnl_dim_t)c_stride);
    return code == dnnl_success ? WN_OK : fail_dnnl(err, code, "multiply matrices");
}
