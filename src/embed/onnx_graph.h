/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of an ONNX file that decide how it is used, as views of its bytes.
 */
#ifndef EMBED_ONNX_GRAPH_H
#define EMBED_ONNX_GRAPH_H

#include "base/arena.h"
#include "embed/wire.h"
#include "winnow/onnx.h"

enum { WN_ONNX_EDGES_MAX = 4 };

/* An operator; names live in the arena. Of many inputs or outputs the first ones are kept. */
typedef struct wn_onnx_node {
    const char *op, *domain;
    const char *inputs[WN_ONNX_EDGES_MAX], *outputs[WN_ONNX_EDGES_MAX];
    size_t input_count, output_count;
} wn_onnx_node;

/* A file beside the model that holds weights. */
typedef struct wn_onnx_external {
    const char *file; /* as the model names it */
    uint64_t bytes;   /* that it has at least, as far as the model tells */
} wn_onnx_external;

typedef struct wn_onnx_graph {
    wn_onnx_value *inputs, *outputs; /* inputs without the weights */
    size_t input_count, output_count;
    wn_onnx_node *nodes;
    size_t node_count;
    const char **weights; /* names of the initializers, sorted */
    size_t weight_count;
    wn_onnx_external *external;
    size_t external_count;
    int64_t opset;
    const char *producer;
    wn_wire_bytes graph;         /* the bytes of the graph message */
    wn_wire_bytes before, after; /* the model's fields around it */
} wn_onnx_graph;

/* Reads `bytes`, which must stay. `name` is for messages. */
WN_NODISCARD wn_status wn_onnx_graph_read(wn_wire_bytes bytes, const char *name, wn_arena *arena, wn_onnx_graph *out,
                                          wn_error *err);

/* The value to embed from: `wanted`, or the input of the layer that makes class scores, or the first output. `why` gets
 * a phrase for people. */
WN_NODISCARD wn_status wn_onnx_graph_choose(const wn_onnx_graph *graph, const char *wanted, const char *name,
                                            const char **layer, const char **why, wn_error *err);

/* The model's bytes with `layer` among the graph's outputs. */
WN_NODISCARD wn_status wn_onnx_graph_expose(const wn_onnx_graph *graph, const char *layer, wn_buffer *out,
                                            wn_error *err);

#endif
