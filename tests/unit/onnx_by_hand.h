/* SPDX-License-Identifier: Apache-2.0
 *
 * A small ONNX file, written field by field, whose answer can be computed by hand: the mean of each channel, then a
 * linear layer to "scores" which an embedding leaves out.
 */
#ifndef WN_TEST_ONNX_BY_HAND_H
#define WN_TEST_ONNX_BY_HAND_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "embed/ort.h"
#include "embed/wire.h"

enum { SIDE = 8, PIXELS = SIDE * SIDE * 3, CLASSES = 5 };

static char path[128];

static int make_path(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof path, "/tmp/winnow-onnx-XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0) return -1;
    return close(fd);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

/* ---- a file, field by field (onnx.proto3) ---- */

typedef struct shape {
    size_t rank;
    int64_t dims[4]; /* -1: any */
} shape;

static void add_value(wn_buffer *graph, uint32_t number, const char *name, int type, shape s)
{
    wn_buffer dims, tensor, whole, value;
    wn_buffer *all[] = {&dims, &tensor, &whole, &value};
    for (int i = 0; i < 4; i++) wn_buffer_init(all[i], WN_MEMORY_GENERAL, 0);
    for (size_t i = 0; i < s.rank; i++) {
        wn_buffer dim;
        wn_buffer_init(&dim, WN_MEMORY_GENERAL, 0);
        if (s.dims[i] > 0)
            wn_wire_add_varint(&dim, 1, (uint64_t)s.dims[i]);
        else
            wn_wire_add_text(&dim, 2, "any");
        wn_wire_add_message(&dims, 1, &dim);
        wn_buffer_clear(&dim);
    }
    wn_wire_add_varint(&tensor, 1, (uint64_t)type);
    wn_wire_add_message(&tensor, 2, &dims);
    wn_wire_add_message(&whole, 1, &tensor);
    wn_wire_add_text(&value, 1, name);
    wn_wire_add_message(&value, 2, &whole);
    wn_wire_add_message(graph, number, &value);
    for (int i = 0; i < 4; i++) wn_buffer_clear(all[i]);
}

static void add_node(wn_buffer *graph, const char *op, const char *domain, const char *const *inputs,
                     const char *output)
{
    wn_buffer node;
    wn_buffer_init(&node, WN_MEMORY_GENERAL, 0);
    for (; *inputs; inputs++) wn_wire_add_text(&node, 1, *inputs);
    wn_wire_add_text(&node, 2, output);
    wn_wire_add_text(&node, 4, op);
    if (*domain) wn_wire_add_text(&node, 7, domain);
    wn_wire_add_message(graph, 1, &node);
    wn_buffer_clear(&node);
}

/* float32 numbers; in a file beside the model when `file` is given. */
static void add_weight(wn_buffer *graph, const char *name, size_t rank, const int64_t *dims, const float *numbers,
                       const char *file)
{
    wn_buffer tensor, pair;
    size_t count = 1;
    wn_buffer_init(&tensor, WN_MEMORY_GENERAL, 0);
    wn_buffer_init(&pair, WN_MEMORY_GENERAL, 0);
    for (size_t i = 0; i < rank; i++) {
        wn_wire_add_varint(&tensor, 1, (uint64_t)dims[i]);
        count *= (size_t)dims[i];
    }
    wn_wire_add_varint(&tensor, 2, 1);
    wn_wire_add_text(&tensor, 8, name);
    if (file) {
        wn_wire_add_text(&pair, 1, "location");
        wn_wire_add_text(&pair, 2, file);
        wn_wire_add_message(&tensor, 13, &pair);
        wn_buffer_reset(&pair);
        wn_wire_add_text(&pair, 1, "length");
        wn_wire_add_text(&pair, 2, "60");
        wn_wire_add_message(&tensor, 13, &pair);
        wn_wire_add_varint(&tensor, 14, 1);
    } else {
        wn_wire_add_bytes(&tensor, 9, numbers, count * sizeof *numbers);
    }
    wn_wire_add_message(graph, 5, &tensor);
    wn_buffer_clear(&pair);
    wn_buffer_clear(&tensor);
}

typedef struct recipe {
    shape input;
    int type;
    const char *domain;   /* of the pooling operator */
    const char *external; /* file of the weights */
    const char *tail; /* operators behind the scores, "Div t, ArgMax": each with the scores so far, and the value that
                       * is named: the weight "t", or what was computed */
} recipe;

static const recipe plain = {{4, {-1, 3, SIDE, SIDE}}, WN_ORT_FLOAT, "", NULL, NULL};

/* Adds the operators of the tail; the last one's output is "scores". */
static void add_tail(wn_buffer *graph, const char *tail)
{
    static const float weight = 2.0F;
    char op[32], other[32], input[16] = "s0", output[16];
    int number = 1;
    for (const char *at = tail; at;) {
        const char *next = strchr(at, ',');
        other[0] = '\0';
        assert_true(sscanf(at, " %31[A-Za-z] %31[a-z0-9]", op, other) >= 1);
        if (next)
            (void)snprintf(output, sizeof output, "s%d", number++);
        else
            (void)snprintf(output, sizeof output, "scores");
        add_node(graph, op, "", (const char *const[]){input, *other ? other : NULL, NULL}, output);
        (void)snprintf(input, sizeof input, "%s", output);
        at = next ? next + 1 : NULL;
    }
    add_weight(graph, "t", 0, NULL, &weight, NULL);
}

static void write_model(const recipe *r)
{
    static const float weights[CLASSES * 3] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    static const int64_t dims[2] = {3, CLASSES};
    const char *const pooled[] = {"images", NULL}, *const flat[] = {"pooled", NULL},
                      *const linear[] = {"flat", "w", NULL};
    wn_buffer model, graph, opset;
    wn_error err = {0};
    wn_buffer_init(&model, WN_MEMORY_GENERAL, 0);
    wn_buffer_init(&graph, WN_MEMORY_GENERAL, 0);
    wn_buffer_init(&opset, WN_MEMORY_GENERAL, 0);
    add_node(&graph, "GlobalAveragePool", r->domain, pooled, "pooled");
    add_node(&graph, "Flatten", "", flat, "flat");
    add_node(&graph, "MatMul", "", linear, r->tail ? "s0" : "scores");
    if (r->tail) add_tail(&graph, r->tail);
    wn_wire_add_text(&graph, 2, "test");
    add_weight(&graph, "w", 2, dims, weights, r->external);
    add_value(&graph, 11, "images", r->type, r->input);
    add_value(&graph, 12, "scores", r->type, (shape){2, {-1, CLASSES}});
    wn_wire_add_varint(&model, 1, 8);
    wn_wire_add_text(&model, 2, "by hand");
    wn_wire_add_message(&model, 7, &graph);
    wn_wire_add_varint(&opset, 2, 13);
    wn_wire_add_message(&model, 8, &opset);
    assert_int_equal(model.status, WN_OK);
    assert_int_equal(wn_file_write(path, model.data, model.len, &err), WN_OK);
    wn_buffer_clear(&opset);
    wn_buffer_clear(&graph);
    wn_buffer_clear(&model);
}

#endif
