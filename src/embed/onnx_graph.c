/* SPDX-License-Identifier: Apache-2.0
 *
 * Field numbers are those of onnx.proto3 (ONNX IR version 3 and later).
 */
#include "embed/onnx_graph.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { MODEL_PRODUCER = 2, MODEL_PRODUCER_VERSION = 3, MODEL_GRAPH = 7, MODEL_OPSET = 8 };
enum { GRAPH_NODE = 1, GRAPH_WEIGHT = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_OP = 4, NODE_DOMAIN = 7 };
enum {
    VALUE_NAME = 1,
    VALUE_TYPE = 2,
    TYPE_TENSOR = 1,
    TENSOR_ELEMENT = 1,
    TENSOR_SHAPE = 2,
    SHAPE_DIM = 1,
    DIM_VALUE = 1
};
enum { WEIGHT_NAME = 8, WEIGHT_EXTERNAL = 13, PAIR_KEY = 1, PAIR_VALUE = 2, OPSET_DOMAIN = 1, OPSET_VERSION = 2 };

static const char *const element_names[] = {"?",      "float32", "uint8",     "int8",       "uint16",  "int16",
                                            "int32",  "int64",   "string",    "bool",       "float16", "float64",
                                            "uint32", "uint64",  "complex64", "complex128", "bfloat16"};

/* Reading with one place for what goes wrong. */
typedef struct reader {
    wn_arena *arena;
    bool bad, nomem;
} reader;

static const char *take_text(reader *r, wn_wire_bytes bytes)
{
    const char *text = wn_arena_text(r->arena, (const char *)bytes.data, bytes.len);
    if (!text) r->nomem = true;
    return text ? text : "";
}

/* Fields of that number in a message. */
static size_t count_fields(reader *r, wn_wire_bytes message, uint32_t number)
{
    wn_wire_field field;
    size_t count = 0;
    while (wn_wire_next(&message, &field, &r->bad)) count += field.number == number && field.kind == 2;
    return count;
}

static void *make_rows(reader *r, size_t count, size_t size)
{
    void *rows = wn_arena_alloc(r->arena, count + 1, size);
    if (!rows)
        r->nomem = true;
    else
        memset(rows, 0, (count + 1) * size);
    return rows;
}

static void read_shape(reader *r, wn_wire_bytes shape, wn_onnx_value *out)
{
    wn_wire_field field, inner;
    while (wn_wire_next(&shape, &field, &r->bad)) {
        if (field.number != SHAPE_DIM || field.kind != 2) continue;
        int64_t dim = -1;
        while (wn_wire_next(&field.bytes, &inner, &r->bad)) {
            if (inner.number == DIM_VALUE && inner.kind == 0) dim = (int64_t)inner.value;
        }
        if (out->rank < WN_ONNX_RANK_MAX) out->dims[out->rank] = dim > 0 ? dim : -1;
        out->rank++;
    }
    if (out->rank > WN_ONNX_RANK_MAX) out->rank = WN_ONNX_RANK_MAX;
}

static void read_type(reader *r, wn_wire_bytes type, wn_onnx_value *out)
{
    wn_wire_field field, inner;
    while (wn_wire_next(&type, &field, &r->bad)) {
        if (field.number != TYPE_TENSOR || field.kind != 2) continue;
        while (wn_wire_next(&field.bytes, &inner, &r->bad)) {
            if (inner.number == TENSOR_ELEMENT && inner.kind == 0 &&
                inner.value < sizeof element_names / sizeof *element_names)
                out->type = element_names[inner.value];
            if (inner.number == TENSOR_SHAPE && inner.kind == 2) read_shape(r, inner.bytes, out);
        }
    }
}

static wn_onnx_value read_value(reader *r, wn_wire_bytes message)
{
    wn_onnx_value out = {.name = "", .type = element_names[0]};
    wn_wire_field field;
    while (wn_wire_next(&message, &field, &r->bad)) {
        if (field.number == VALUE_NAME && field.kind == 2) out.name = take_text(r, field.bytes);
        if (field.number == VALUE_TYPE && field.kind == 2) read_type(r, field.bytes, &out);
    }
    return out;
}

static wn_onnx_node read_node(reader *r, wn_wire_bytes message)
{
    wn_onnx_node out = {.op = "", .domain = ""};
    wn_wire_field field;
    while (wn_wire_next(&message, &field, &r->bad)) {
        if (field.kind != 2) continue;
        if (field.number == NODE_OP) out.op = take_text(r, field.bytes);
        if (field.number == NODE_DOMAIN) out.domain = take_text(r, field.bytes);
        if (field.number == NODE_INPUT && out.input_count < WN_ONNX_EDGES_MAX)
            out.inputs[out.input_count++] = take_text(r, field.bytes);
        if (field.number == NODE_OUTPUT && out.output_count < WN_ONNX_EDGES_MAX)
            out.outputs[out.output_count++] = take_text(r, field.bytes);
    }
    return out;
}

static bool is_text(wn_wire_bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

/* A number in digits; 0 for anything else, and for what no file holds. */
static uint64_t number_of(wn_wire_bytes bytes)
{
    uint64_t number = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        const char digit = ((const char *)bytes.data)[i];
        if (digit < '0' || digit > '9' || number > (UINT64_C(1) << 56)) return 0;
        number = number * 10 + (uint64_t)(digit - '0');
    }
    return number;
}

/* Where the numbers of a tensor are, if not in the model. */
typedef struct external_place {
    const char *file; /* NULL = in the model */
    uint64_t offset, length;
} external_place;

static void read_place(reader *r, wn_wire_bytes pair, external_place *out)
{
    wn_wire_field field;
    wn_wire_bytes key = {0}, value = {0};
    while (wn_wire_next(&pair, &field, &r->bad)) {
        if (field.number == PAIR_KEY && field.kind == 2) key = field.bytes;
        if (field.number == PAIR_VALUE && field.kind == 2) value = field.bytes;
    }
    if (is_text(key, "location")) out->file = take_text(r, value);
    if (is_text(key, "offset")) out->offset = number_of(value);
    if (is_text(key, "length")) out->length = number_of(value);
}

/* Most models have one file for all of their weights. */
static void add_external(wn_onnx_graph *out, const external_place *place)
{
    if (out->external_count == 0 || strcmp(out->external[out->external_count - 1].file, place->file) != 0)
        out->external[out->external_count++] = (wn_onnx_external){.file = place->file};
    wn_onnx_external *last = &out->external[out->external_count - 1];
    if (place->offset + place->length > last->bytes) last->bytes = place->offset + place->length;
}

static void read_weight(reader *r, wn_wire_bytes message, wn_onnx_graph *out)
{
    wn_wire_field field;
    const char *name = "";
    external_place place = {0};
    while (wn_wire_next(&message, &field, &r->bad)) {
        if (field.kind != 2) continue;
        if (field.number == WEIGHT_NAME) name = take_text(r, field.bytes);
        if (field.number == WEIGHT_EXTERNAL) read_place(r, field.bytes, &place);
    }
    if (place.file) add_external(out, &place);
    out->weights[out->weight_count++] = name;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_weight(const wn_onnx_graph *graph, const char *name)
{
    return graph->weight_count > 0 &&
           bsearch(&name, graph->weights, graph->weight_count, sizeof *graph->weights, compare_names) != NULL;
}

static void read_graph(reader *r, wn_onnx_graph *out)
{
    wn_wire_bytes rest = out->graph;
    wn_wire_field field;
    out->weights = make_rows(r, count_fields(r, rest, GRAPH_WEIGHT), sizeof *out->weights);
    out->external = make_rows(r, count_fields(r, rest, GRAPH_WEIGHT), sizeof *out->external);
    out->nodes = make_rows(r, count_fields(r, rest, GRAPH_NODE), sizeof *out->nodes);
    out->inputs = make_rows(r, count_fields(r, rest, GRAPH_INPUT), sizeof *out->inputs);
    out->outputs = make_rows(r, count_fields(r, rest, GRAPH_OUTPUT), sizeof *out->outputs);
    while (!r->nomem && wn_wire_next(&rest, &field, &r->bad)) {
        if (field.kind != 2) continue;
        if (field.number == GRAPH_WEIGHT) read_weight(r, field.bytes, out);
        if (field.number == GRAPH_NODE) out->nodes[out->node_count++] = read_node(r, field.bytes);
        if (field.number == GRAPH_INPUT) out->inputs[out->input_count++] = read_value(r, field.bytes);
        if (field.number == GRAPH_OUTPUT) out->outputs[out->output_count++] = read_value(r, field.bytes);
    }
    if (r->nomem) return;
    qsort(out->weights, out->weight_count, sizeof *out->weights, compare_names);
    size_t kept = 0; /* old files list the weights among the inputs as well */
    for (size_t i = 0; i < out->input_count; i++) {
        if (!is_weight(out, out->inputs[i].name)) out->inputs[kept++] = out->inputs[i];
    }
    out->input_count = kept;
}

static void read_opset(reader *r, wn_wire_bytes message, wn_onnx_graph *out)
{
    wn_wire_field field;
    bool standard = true;
    int64_t version = 0;
    while (wn_wire_next(&message, &field, &r->bad)) {
        if (field.number == OPSET_DOMAIN && field.kind == 2)
            standard = field.bytes.len == 0 || (field.bytes.len == 7 && memcmp(field.bytes.data, "ai.onnx", 7) == 0);
        if (field.number == OPSET_VERSION && field.kind == 0) version = (int64_t)field.value;
    }
    if (standard) out->opset = version;
}

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words; words++) {
        if (strcmp(word, *words) == 0) return true;
    }
    return false;
}

/* Domains of the operators that ONNX Runtime brings, with those that start with com.microsoft. */
static const char *const domains[] = {"",  "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training",
                                      NULL};

static wn_status check_domains(const wn_onnx_graph *graph, const char *name, wn_error *err)
{
    for (size_t i = 0; i < graph->node_count; i++) {
        const wn_onnx_node *node = &graph->nodes[i];
        if (is_one_of(node->domain, domains)) continue;
        return wn_fail(err, WN_UNSUPPORTED,
                       "%s: operator %s of the domain %s is a custom one, which ONNX Runtime cannot run without its "
                       "library; export the model with standard operators",
                       name, node->op, node->domain);
    }
    return WN_OK;
}

wn_status wn_onnx_graph_read(wn_wire_bytes bytes, const char *name, wn_arena *arena, wn_onnx_graph *out, wn_error *err)
{
    reader r = {.arena = arena};
    wn_wire_bytes rest = bytes;
    wn_wire_field field;
    const char *version = "";
    *out = (wn_onnx_graph){.producer = ""};
    while (wn_wire_next(&rest, &field, &r.bad)) {
        if (field.kind != 2) continue;
        if (field.number == MODEL_PRODUCER) out->producer = take_text(&r, field.bytes);
        if (field.number == MODEL_PRODUCER_VERSION) version = take_text(&r, field.bytes);
        if (field.number == MODEL_OPSET) read_opset(&r, field.bytes, out);
        if (field.number != MODEL_GRAPH || out->graph.data) continue;
        out->graph = field.bytes;
        out->before = (wn_wire_bytes){bytes.data, bytes.len - rest.len - field.whole};
        out->after = rest;
    }
    if (out->graph.data && !r.bad) read_graph(&r, out);
    if (*version) out->producer = wn_arena_format(arena, "%s %s", out->producer, version);
    if (r.nomem || !out->producer) return wn_fail(err, WN_NOMEM, "%s: out of memory", name);
    if (r.bad || !out->graph.data || out->node_count == 0 || out->output_count == 0)
        return wn_fail(err, WN_CORRUPT, "%s: not an ONNX model, or cut short", name);
    return check_domains(out, name, err);
}

/* ---- which value is the embedding ---- */

static const wn_onnx_node *maker_of(const wn_onnx_graph *graph, const char *value)
{
    for (size_t i = graph->node_count; i-- > 0;) {
        for (size_t k = 0; k < graph->nodes[i].output_count; k++) {
            if (strcmp(graph->nodes[i].outputs[k], value) == 0) return &graph->nodes[i];
        }
    }
    return NULL;
}

/* How far weights may be from the operator that uses them. */
enum { CONSTANT_DEPTH = 4 };

/* Operators that scores may pass on their way out. */
static const char *const passing[] = {"Softmax",   "LogSoftmax", "Sigmoid",   "Identity", "Reshape",
                                      "Flatten",   "Squeeze",    "Unsqueeze", "Cast",     "Dropout",
                                      "Transpose", "Clip",       "ArgMax",    "TopK",     NULL};
/* The same where their other input is a weight: a bias, a temperature, limits of a range. */
static const char *const passing_by_weight[] = {"Add", "Sum", "Sub", "Mul", "Div", NULL};
static const char *const headed[] = {"Gemm", "MatMul", "Conv", "FullyConnected", NULL};

/* Words in the name of an output that is no set of class scores. */
static bool is_embedding_name(const char *name)
{
    static const char *const words[] = {"embed", "feature", "hidden", "pool", "token", "repres", NULL};
    char lower[128];
    size_t n = 0;
    for (; name[n] && n + 1 < sizeof lower; n++) {
        lower[n] = (char)(name[n] >= 'A' && name[n] <= 'Z' ? name[n] - 'A' + 'a' : name[n]);
    }
    lower[n] = '\0';
    for (const char *const *word = words; *word; word++) {
        if (strstr(lower, *word)) return true;
    }
    return false;
}

/* A weight, or made of weights alone (reshaped, transposed, converted). */
static bool is_constant(const wn_onnx_graph *graph, const char *value, int depth)
{
    if (is_weight(graph, value)) return true;
    const wn_onnx_node *node = depth > 0 ? maker_of(graph, value) : NULL;
    if (!node) return false;
    for (size_t i = 0; i < node->input_count; i++) {
        if (*node->inputs[i] && !is_constant(graph, node->inputs[i], depth - 1)) return false;
    }
    return true; /* Constant has no inputs */
}

/* The input of a node that is no weight; the first one where both are computed. */
static const char *carried(const wn_onnx_graph *graph, const wn_onnx_node *node)
{
    for (size_t i = 0; i < node->input_count; i++) {
        if (*node->inputs[i] && !is_constant(graph, node->inputs[i], CONSTANT_DEPTH)) return node->inputs[i];
    }
    return NULL;
}

/* Walks from the output towards the input; NULL where no head is met. */
static const char *before_head(const wn_onnx_graph *graph, const char *output)
{
    const char *value = output;
    for (size_t step = 0; step <= graph->node_count && value; step++) {
        const wn_onnx_node *node = maker_of(graph, value);
        if (!node) return NULL;
        const char *in = carried(graph, node);
        if (is_one_of(node->op, headed))
            return node->input_count > 1 && is_constant(graph, node->inputs[1], CONSTANT_DEPTH) ? in : NULL;
        const bool by_weight =
            is_one_of(node->op, passing_by_weight) && node->input_count == 2 &&
            is_constant(graph, node->inputs[0], CONSTANT_DEPTH) != is_constant(graph, node->inputs[1], CONSTANT_DEPTH);
        if (!by_weight && !is_one_of(node->op, passing)) return NULL;
        value = in;
    }
    return NULL;
}

static bool has_value(const wn_onnx_graph *graph, const char *name)
{
    for (size_t i = 0; i < graph->output_count; i++) {
        if (strcmp(graph->outputs[i].name, name) == 0) return true;
    }
    return maker_of(graph, name) != NULL;
}

wn_status wn_onnx_graph_choose(const wn_onnx_graph *graph, const char *wanted, const char *name, const char **layer,
                               const char **why, wn_error *err)
{
    const char *output = graph->outputs[0].name;
    if (wanted) {
        if (!has_value(graph, wanted))
            return wn_fail(
                err, WN_NOTFOUND,
                "%s: no value is called \"%s\"; the outputs of its layers have names, the last one is \"%s\"", name,
                wanted, output);
        *layer = wanted;
        *why = "as asked for";
        return WN_OK;
    }
    for (size_t i = 0; i < graph->output_count; i++) {
        if (!is_embedding_name(graph->outputs[i].name)) continue;
        *layer = graph->outputs[i].name;
        *why = "an output that is named as an embedding";
        return WN_OK;
    }
    const char *before = before_head(graph, output);
    *layer = before ? before : output;
    *why = before ? "what the layer of the class scores reads"
                  : "the first output; no layer of class scores was found before it";
    return WN_OK;
}

wn_status wn_onnx_graph_expose(const wn_onnx_graph *graph, const char *layer, wn_buffer *out, wn_error *err)
{
    wn_buffer value, whole;
    bool there = false;
    for (size_t i = 0; i < graph->output_count; i++) there = there || strcmp(graph->outputs[i].name, layer) == 0;
    wn_buffer_init(&value, WN_MEMORY_NETWORK, 0);
    wn_buffer_init(&whole, WN_MEMORY_NETWORK, 0);
    wn_wire_add_text(&value, VALUE_NAME, layer);
    (void)wn_buffer_add(&whole, graph->graph.data, graph->graph.len);
    if (!there) wn_wire_add_message(&whole, GRAPH_OUTPUT, &value);
    wn_buffer_reset(out);
    if (graph->before.len) (void)wn_buffer_add(out, graph->before.data, graph->before.len);
    wn_wire_add_message(out, MODEL_GRAPH, &whole);
    if (graph->after.len) (void)wn_buffer_add(out, graph->after.data, graph->after.len);
    wn_buffer_clear(&whole);
    wn_buffer_clear(&value);
    return out->status == WN_OK ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory for an ONNX model");
}
