/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX files: what is read of a graph, the choice of a layer, and the bytes with one more output.
 */
#include <stdlib.h>

#include "embed/onnx_graph.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wn_arena arena = {0};
    wn_onnx_graph graph, again;
    wn_buffer bytes;
    const char *layer, *why;
    wn_error err = {0};
    wn_buffer_init(&bytes, WN_MEMORY_NETWORK, 0);
    wn_status status = wn_onnx_graph_read((wn_wire_bytes){data, size}, "fuzz", &arena, &graph, &err);
    if (status && !err.message[0]) abort();
    if (!status) {
        if (wn_onnx_graph_choose(&graph, NULL, "fuzz", &layer, &why, &err)) abort();
        if (wn_onnx_graph_expose(&graph, layer, &bytes, &err)) abort();
        /* What was written can be read, and has the layer among its outputs. */
        const wn_wire_bytes written = {(const unsigned char *)bytes.data, bytes.len};
        if (wn_onnx_graph_read(written, "fuzz", &arena, &again, &err)) abort();
        if (again.output_count < graph.output_count || again.node_count != graph.node_count) abort();
    }
    wn_buffer_clear(&bytes);
    wn_arena_clear(&arena);
    return 0;
}
