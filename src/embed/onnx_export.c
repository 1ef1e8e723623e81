/* SPDX-License-Identifier: Apache-2.0
 *
 * A winnow model as an ONNX file of standard operators (opset 13), which ONNX Runtime runs to the same vectors:
 *
 *     images (N x 3 x side x side, RGB in 0 .. 1) -> rows of the architecture -> mean over places -> linear -> length 1
 *
 * and behind it, for a reduced model, its principal axes: linear -> length 1.
 *
 * Numbers of fields and of element types are those of onnx.proto3.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "embed/model_private.h"
#include "embed/reduction.h"
#include "embed/wire.h"
#include "nn/conv_shape.h"
#include "winnow/memory.h"
#include "winnow/onnx.h"
#include "winnow/version.h"

enum { FLOAT = 1, OPSET = 13, IR_VERSION = 7 };
enum { ATTRIBUTE_FLOAT = 1, ATTRIBUTE_INT = 2, ATTRIBUTE_INTS = 7 };

typedef struct writer {
    wn_buffer graph, message, inner; /* the graph; the message at hand; one inside it */
} writer;

static void add_weight(writer *w, const char *name, size_t rank, const uint32_t *shape, const float *numbers)
{
    size_t count = 1;
    wn_buffer_reset(&w->message);
    for (size_t i = 0; i < rank; i++) {
        wn_wire_add_varint(&w->message, 1, shape[i]);
        count *= shape[i];
    }
    wn_wire_add_varint(&w->message, 2, FLOAT);
    wn_wire_add_text(&w->message, 8, name);
    wn_wire_add_bytes(&w->message, 9, numbers, count * sizeof *numbers);
    wn_wire_add_message(&w->graph, 5, &w->message);
}

/* A node is begun, gets attributes, and is ended. */
static void begin_node(writer *w, const char *op, const char *const *inputs, const char *output)
{
    wn_buffer_reset(&w->message);
    for (; *inputs; inputs++) wn_wire_add_text(&w->message, 1, *inputs);
    wn_wire_add_text(&w->message, 2, output);
    wn_wire_add_text(&w->message, 3, output);
    wn_wire_add_text(&w->message, 4, op);
}

static void add_ints(writer *w, const char *name, const int64_t *values, size_t count)
{
    wn_buffer_reset(&w->inner);
    wn_wire_add_text(&w->inner, 1, name);
    for (size_t i = 0; i < count; i++) wn_wire_add_varint(&w->inner, 8, (uint64_t)values[i]);
    wn_wire_add_varint(&w->inner, 20, ATTRIBUTE_INTS);
    wn_wire_add_message(&w->message, 5, &w->inner);
}

static void add_int(writer *w, const char *name, int64_t value)
{
    wn_buffer_reset(&w->inner);
    wn_wire_add_text(&w->inner, 1, name);
    wn_wire_add_varint(&w->inner, 3, (uint64_t)value);
    wn_wire_add_varint(&w->inner, 20, ATTRIBUTE_INT);
    wn_wire_add_message(&w->message, 5, &w->inner);
}

static void add_float(writer *w, const char *name, float value)
{
    wn_buffer_reset(&w->inner);
    wn_wire_add_text(&w->inner, 1, name);
    wn_wire_add_float(&w->inner, 2, value);
    wn_wire_add_varint(&w->inner, 20, ATTRIBUTE_FLOAT);
    wn_wire_add_message(&w->message, 5, &w->inner);
}

static void end_node(writer *w)
{
    wn_wire_add_message(&w->graph, 1, &w->message);
}

/* A node without attributes. */
static void add_node(writer *w, const char *op, const char *const *inputs, const char *output)
{
    begin_node(w, op, inputs, output);
    end_node(w);
}

enum { NAME = 48 };

static void name_of(char out[NAME], const char *what, size_t row)
{
    (void)snprintf(out, NAME, "%s%zu", what, row);
}

/* A tensor of the network by the same name. */
static void copy_weight(writer *w, const wn_tensors *tensors, const char *part, size_t row, char name[NAME])
{
    (void)snprintf(name, NAME, "conv%zu.%s", row, part);
    const wn_tensor *tensor = wn_tensors_find(tensors, name);
    add_weight(w, name, tensor->rank, tensor->shape, tensors->values + tensor->offset);
}

/* `side` is that of the input. */
static void add_convolution(writer *w, const wn_tensors *tensors, const wn_layer *layer, size_t row, uint32_t side,
                            const char *input, const char *output)
{
    const uint32_t kernel = layer->kernel, stride = layer->stride == 2 ? 2 : 1;
    uint32_t first, last;
    char weight[NAME];
    wn_conv_padding(kernel, stride, side, layer->late, &first, &last);
    copy_weight(w, tensors, "weight", row, weight);
    begin_node(w, "Conv", (const char *const[]){input, weight, NULL}, output);
    add_ints(w, "kernel_shape", (const int64_t[]){kernel, kernel}, 2);
    add_ints(w, "strides", (const int64_t[]){stride, stride}, 2);
    add_ints(w, "pads", (const int64_t[]){first, first, last, last}, 4);
    if (layer->depthwise) add_int(w, "group", layer->channels);
    end_node(w);
}

static void add_norm(writer *w, const wn_tensors *tensors, double epsilon, size_t row, const char *input,
                     const char *output)
{
    static const char *const parts[4] = {"scale", "shift", "mean", "variance"};
    char names[4][NAME];
    for (int i = 0; i < 4; i++) copy_weight(w, tensors, parts[i], row, names[i]);
    begin_node(w, "BatchNormalization", (const char *const[]){input, names[0], names[1], names[2], names[3], NULL},
               output);
    add_float(w, "epsilon", (float)epsilon);
    end_node(w);
}

/* One row of the table; its activation is called "actROW". */
static void add_row(writer *w, const wn_architecture *architecture, const wn_tensors *tensors, uint32_t side,
                    size_t row)
{
    const wn_layer *layer = &architecture->layers[row];
    char input[NAME] = "normal", conv[NAME], pool[NAME], norm[NAME], clip[NAME], act[NAME], skip[NAME];
    if (row > 0) name_of(input, "act", wn_architecture_source(architecture, row));
    name_of(conv, "conv", row);
    name_of(pool, "pool", row);
    name_of(norm, "norm", row);
    name_of(clip, "clip", row);
    name_of(act, "act", row);
    name_of(skip, "act", row - layer->skip);
    add_convolution(w, tensors, layer, row, wn_architecture_side_in(architecture, row, side), input, conv);
    if (layer->pool) {
        begin_node(w, "MaxPool", (const char *const[]){conv, NULL}, pool);
        add_ints(w, "kernel_shape", (const int64_t[]){2, 2}, 2);
        add_ints(w, "strides", (const int64_t[]){2, 2}, 2);
        end_node(w);
    }
    const bool plain = !layer->skip;
    add_norm(w, tensors, wn_architecture_epsilon(architecture), row, layer->pool ? pool : conv,
             layer->clip == WN_CLIP_NONE && plain ? act : norm);
    if (layer->clip == WN_CLIP_JOINED) {
        add_node(w, "Add", (const char *const[]){norm, skip, NULL}, clip);
        add_node(w, "Relu", (const char *const[]){clip, NULL}, act);
        return;
    }
    const char *clipped = layer->clip == WN_CLIP_NONE ? norm : plain ? act : clip;
    if (layer->clip == WN_CLIP_RELU) add_node(w, "Relu", (const char *const[]){norm, NULL}, clipped);
    if (layer->clip == WN_CLIP_RELU6) add_node(w, "Clip", (const char *const[]){norm, "zero", "six", NULL}, clipped);
    if (!plain) add_node(w, "Add", (const char *const[]){clipped, skip, NULL}, act);
}

/* An input or output: float32, the first dimension free. */
static void add_value(writer *w, uint32_t number, const char *name, const uint32_t *dims, size_t rank)
{
    wn_buffer shape, tensor;
    wn_buffer_init(&shape, WN_MEMORY_NETWORK, 0);
    wn_buffer_init(&tensor, WN_MEMORY_NETWORK, 0);
    for (size_t i = 0; i < rank; i++) {
        wn_buffer_reset(&w->inner);
        if (dims[i])
            wn_wire_add_varint(&w->inner, 1, dims[i]);
        else
            wn_wire_add_text(&w->inner, 2, "n");
        wn_wire_add_message(&shape, 1, &w->inner);
    }
    wn_wire_add_varint(&tensor, 1, FLOAT);
    wn_wire_add_message(&tensor, 2, &shape);
    wn_buffer_reset(&w->inner);
    wn_wire_add_message(&w->inner, 1, &tensor);
    wn_buffer_reset(&w->message);
    wn_wire_add_text(&w->message, 1, name);
    wn_wire_add_message(&w->message, 2, &w->inner);
    wn_wire_add_message(&w->graph, number, &w->message);
    if (shape.status != WN_OK || tensor.status != WN_OK) w->graph.status = WN_NOMEM;
    wn_buffer_clear(&tensor);
    wn_buffer_clear(&shape);
}

/* Whether some row needs the limits of Clip; runtimes warn of weights that nothing reads. */
static bool clips_at_six(const wn_architecture *architecture)
{
    for (size_t i = 0; i < architecture->layer_count; i++) {
        if (architecture->layers[i].clip == WN_CLIP_RELU6) return true;
    }
    return false;
}

/* A weight of outputs x inputs, and a bias. */
static void add_linear(writer *w, const char *input, const char *weight, const char *bias, const char *output)
{
    begin_node(w, "Gemm", (const char *const[]){input, weight, bias, NULL}, output);
    add_int(w, "transB", 1);
    end_node(w);
}

static void add_unit_length(writer *w, const char *input, const char *output)
{
    begin_node(w, "LpNormalization", (const char *const[]){input, NULL}, output);
    add_int(w, "axis", 1);
    add_int(w, "p", 2);
    end_node(w);
}

/* From the images to the value `output`, the rows of the network's embedding. */
static void write_network(writer *w, const wn_model *m, const char *output)
{
    const wn_architecture *architecture = wn_network_architecture(m->network);
    const wn_tensors *tensors = wn_network_tensors(m->network);
    const uint32_t colour[4] = {1, 3, 1, 1}, weight[2] = {m->info.dim, m->feature_width}, bias[1] = {m->info.dim};
    const float limits[2] = {0.0F, 6.0F};
    char last[NAME];
    name_of(last, "act", architecture->layer_count - 1);
    add_weight(w, "input.mean", 4, colour, tensors->values + wn_tensors_find(tensors, "input.mean")->offset);
    add_weight(w, "input.deviation", 4, colour, tensors->values + wn_tensors_find(tensors, "input.deviation")->offset);
    if (clips_at_six(architecture)) {
        add_weight(w, "zero", 0, NULL, &limits[0]);
        add_weight(w, "six", 0, NULL, &limits[1]);
    }
    add_node(w, "Sub", (const char *const[]){"images", "input.mean", NULL}, "centred");
    add_node(w, "Div", (const char *const[]){"centred", "input.deviation", NULL}, "normal");
    for (size_t row = 0; row < architecture->layer_count; row++) add_row(w, architecture, tensors, m->info.side, row);
    add_node(w, "GlobalAveragePool", (const char *const[]){last, NULL}, "mean");
    add_node(w, "Flatten", (const char *const[]){"mean", NULL}, "features");
    add_weight(w, "embedding0.weight", 2, weight,
               m->head.values + wn_tensors_find(&m->head, "embedding0.weight")->offset);
    add_weight(w, "embedding0.bias", 1, bias, m->bias);
    add_linear(w, "features", "embedding0.weight", "embedding0.bias", "axes");
    add_unit_length(w, "axes", output);
}

/* axes (row - mean), with the scales of whitening, as one linear layer: weight (dim x from), then bias (dim). */
static void fold(const wn_pca *pca, float *weight, float *bias)
{
    for (size_t i = 0; i < pca->dim; i++) {
        const bool dead = pca->whiten && i >= pca->rank;
        const double scale = dead ? 0.0 : pca->whiten ? 1.0 / sqrt(pca->variance[i]) : 1.0;
        const float *axis = pca->axes + i * pca->from;
        double along = 0.0;
        for (size_t c = 0; c < pca->from; c++) {
            weight[i * pca->from + c] = (float)(scale * (double)axis[c]);
            along += (double)axis[c] * pca->mean[c];
        }
        bias[i] = (float)(-scale * along);
    }
}

/* From the value `input`, rows at length 1, to the reduced embedding. */
static void write_reduction(writer *w, const wn_pca *pca, const char *input)
{
    const uint32_t shape[2] = {(uint32_t)pca->dim, (uint32_t)pca->from};
    float *weight = wn_alloc(WN_MEMORY_NETWORK, pca->dim, (pca->from + 1) * sizeof *weight);
    if (!weight) {
        w->graph.status = WN_NOMEM;
        return;
    }
    float *bias = weight + pca->dim * pca->from;
    fold(pca, weight, bias);
    add_weight(w, "reduction.weight", 2, shape, weight);
    add_weight(w, "reduction.bias", 1, shape, bias);
    wn_free(weight);
    add_linear(w, input, "reduction.weight", "reduction.bias", "reduced");
    add_unit_length(w, "reduced", "embedding");
}

static void write_graph(writer *w, const wn_model *model)
{
    const wn_model *network = model;
    const wn_pca *pca = wn_model_reduction(model, &network);
    write_network(w, network, pca ? "whole" : "embedding");
    if (pca) write_reduction(w, pca, "whole");
    wn_wire_add_text(&w->graph, 2, wn_network_architecture(network->network)->name);
    add_value(w, 11, "images", (const uint32_t[]){0, 3, model->info.side, model->info.side}, 4);
    add_value(w, 12, "embedding", (const uint32_t[]){0, model->info.dim}, 2);
}

static void write_model(writer *w, wn_buffer *out)
{
    wn_wire_add_varint(out, 1, IR_VERSION);
    wn_wire_add_text(out, 2, "winnow");
    wn_wire_add_text(out, 3, wn_version());
    wn_wire_add_message(out, 7, &w->graph);
    wn_buffer_reset(&w->message);
    wn_wire_add_varint(&w->message, 2, OPSET);
    wn_wire_add_message(out, 8, &w->message);
    wn_buffer_reset(&w->message); /* how to feed it, for winnow and for people */
    wn_wire_add_text(&w->message, 1, "preprocess");
    wn_wire_add_text(&w->message, 2, "unit");
    wn_wire_add_message(out, 14, &w->message);
}

/* How to feed it: the settings that winnow reads beside an ONNX file. */
static wn_status write_settings(const wn_model *model, const char *path, wn_error *err)
{
    wn_buffer text, beside;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    wn_buffer_init(&beside, WN_MEMORY_TEXT, 0);
    wn_buffer_format(&beside, "%s.json", path);
    wn_buffer_text(&text, "{\"preprocess\": \"unit\"");
    if (model->info.cut > 1.0F) wn_buffer_format(&text, ", \"cut\": %.9g", (double)model->info.cut);
    wn_buffer_text(&text, "}\n");
    wn_status status = text.status || beside.status ? wn_fail(err, WN_NOMEM, "out of memory for '%s'", path)
                                                    : wn_file_write(beside.data, text.data, text.len, err);
    wn_buffer_clear(&beside);
    wn_buffer_clear(&text);
    return status;
}

static wn_status check_network(const wn_model *model, wn_error *err)
{
    const wn_model *network = model;
    const bool reduced = wn_model_reduction(model, &network) != NULL;
    if (!network->backend) return WN_OK;
    if (!reduced)
        return wn_fail(err, WN_UNSUPPORTED,
                       "this model is an ONNX file already, to be used as it is; only networks of winnow are written");
    return wn_fail(err, WN_UNSUPPORTED,
                   "the model behind this reduction is an ONNX file, and only networks of winnow are written; run that "
                   "file and turn its rows as docs/formats/reduction.md says, or let 'winnow embed --model FILE.wnr "
                   "--out E.npy' do both");
}

wn_status wn_model_export_onnx(const wn_model *model, const char *path, wn_error *err)
{
    writer w;
    wn_buffer out;
    wn_status status;
    WN_TRY(check_network(model, err));
    wn_buffer_init(&w.graph, WN_MEMORY_NETWORK, 0);
    wn_buffer_init(&w.message, WN_MEMORY_NETWORK, 0);
    wn_buffer_init(&w.inner, WN_MEMORY_NETWORK, 0);
    wn_buffer_init(&out, WN_MEMORY_NETWORK, 0);
    write_graph(&w, model);
    write_model(&w, &out);
    if (out.status != WN_OK || w.graph.status != WN_OK || w.message.status != WN_OK || w.inner.status != WN_OK)
        status = wn_fail(err, WN_NOMEM, "out of memory for '%s'", path);
    else
        status = wn_file_write(path, out.data, out.len, err);
    if (!status) status = write_settings(model, path, err);
    wn_buffer_clear(&out);
    wn_buffer_clear(&w.inner);
    wn_buffer_clear(&w.message);
    wn_buffer_clear(&w.graph);
    return status;
}
