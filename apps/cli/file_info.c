/* SPDX-License-Identifier: Apache-2.0 */
#include "file_info.h"

#include <stdio.h>
#include <string.h>

#include "human.h"
#include "json_text.h"
#include "winnow/file_facts.h"
#include "winnow/jobs.h"
#include "winnow/model.h"
#include "winnow/onnx.h"

/* ---- an ONNX file ---- */

static void print_value(const char *title, const wn_onnx_value *value)
{
    printf("%-14s %-24s %s", title, human_text(value->name), human_text(value->type));
    for (size_t i = 0; i < value->rank; i++) {
        if (value->dims[i] > 0)
            printf("%s%lld", i ? " x " : "  ", (long long)value->dims[i]);
        else
            printf("%s?", i ? " x " : "  ");
    }
    printf("\n");
}

static json_t *json_values(const wn_onnx_value *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *dims = json_array();
        for (size_t k = 0; k < values[i].rank; k++) json_array_append_new(dims, json_integer(values[i].dims[k]));
        json_array_append_new(list, json_pack("{s:o, s:s, s:o}", "name", json_name(values[i].name), "type",
                                              values[i].type, "dims", dims));
    }
    return list;
}

/* What the runtime makes of it, when there is one: the width of the embedding. */
static int64_t embedding_width(const char *path, wn_error *why)
{
    wn_model *model = NULL;
    if (wn_job_open_model(NULL, path, &model, why)) return -1;
    int64_t dim = wn_model_get_info(model)->dim;
    wn_model_close(&model);
    return dim;
}

static wn_status print_onnx(const session *run, const char *path, wn_error *err)
{
    wn_onnx_facts *facts = NULL;
    char version[32], where[512];
    wn_error why = {0};
    wn_status status = wn_job_onnx_facts(path, NULL, &facts, err);
    if (status) return status;
    const bool runtime = wn_onnx_runtime_find(version, where);
    const int64_t dim = runtime ? embedding_width(path, &why) : -1;
    if (run->common.json) {
        status =
            json_print(json_pack("{s:o, s:o, s:o, s:I, s:o, s:s, s:o, s:s, s:I, s:s, s:I, s:o, s:o}", "file",
                                 json_name(path), "inputs", json_values(facts->inputs, facts->input_count), "outputs",
                                 json_values(facts->outputs, facts->output_count), "nodes",
                                 (json_int_t)facts->node_count, "producer", json_name(facts->producer), "layout",
                                 facts->nhwc ? "nhwc" : "nchw", "layer", json_name(facts->layer), "preprocess",
                                 facts->preset, "side", (json_int_t)facts->side, "runtime", runtime ? version : "",
                                 "opset", (json_int_t)facts->opset, "dim", dim > 0 ? json_integer(dim) : json_null(),
                                 "problem", why.status ? json_name(why.message) : json_null()),
                       err);
    } else {
        printf("%-14s %s\n%-14s %s, opset %lld, %zu operators\n", "model", human_text(path), "made by",
               human_text(facts->producer), (long long)facts->opset, facts->node_count);
        for (size_t i = 0; i < facts->input_count; i++) print_value(i ? "" : "inputs", &facts->inputs[i]);
        for (size_t i = 0; i < facts->output_count; i++) print_value(i ? "" : "outputs", &facts->outputs[i]);
        printf("%-14s %s (%s)\n", "embeds from", human_text(facts->layer), human_text(facts->layer_why));
        if (dim > 0) printf("%-14s %lld\n", "dimensions", (long long)dim);
        printf("%-14s %s, %s, %u x %u", "preprocessing", facts->preset, facts->nhwc ? "NHWC" : "NCHW",
               (unsigned)facts->side, (unsigned)facts->side);
        if (facts->cut > 1.0F) printf(", the longer axis cut by %g at most", (double)facts->cut);
        printf("\n");
        printf("%-14s %s%s%s\n", "runtime", runtime ? version : "ONNX Runtime was not found in ", runtime ? ", " : "",
               human_text(where));
        if (why.status) printf("%-14s %s\n", "problem", human_text(why.message));
    }
    wn_onnx_facts_free(&facts);
    return status;
}

/* ---- any file ---- */

static void print_fact(const wn_fact *fact)
{
    char key[32], size[32];
    (void)snprintf(key, sizeof key, "%s", fact->key);
    for (char *c = key; *c; c++)
        if (*c == '_') *c = ' ';
    printf("%-16s ", key);
    switch (fact->type) {
    case WN_FACT_TEXT:
        printf("%s\n", human_text(fact->text));
        break;
    case WN_FACT_COUNT:
        printf("%lld\n", (long long)fact->count);
        break;
    case WN_FACT_BYTES:
        printf("%s\n", human_bytes((uint64_t)fact->count, size));
        break;
    case WN_FACT_REAL:
        printf("%.6g\n", fact->real);
        break;
    }
}

static json_t *json_fact(const wn_fact *fact)
{
    if (fact->type == WN_FACT_TEXT) return json_name(fact->text);
    return fact->type == WN_FACT_REAL ? json_figure(fact->real) : json_integer(fact->count);
}

static json_t *json_facts(const wn_file_facts *facts)
{
    json_t *out = json_pack("{s:o, s:s}", "file", json_name(facts->path), "kind", facts->kind);
    for (size_t i = 0; i < facts->count; i++) {
        const wn_fact *fact = &facts->rows[i];
        if (!fact->item) {
            json_object_set_new(out, fact->key, json_fact(fact));
            continue;
        }
        if (!json_object_get(out, fact->key)) json_object_set_new(out, fact->key, json_array());
        json_array_append_new(json_object_get(out, fact->key), json_fact(fact));
    }
    return out;
}

wn_status print_file_info(const session *run, const char *wanted, wn_error *err)
{
    wn_file_facts facts;
    wn_status status = wn_job_file_facts(wanted, &facts, err);
    if (status) return status;
    if (strcmp(facts.kind, "onnx") == 0) {
        status = print_onnx(run, facts.path, err);
    } else if (run->common.json) {
        status = json_print(json_facts(&facts), err);
    } else {
        printf("%-16s %s\n%-16s %s\n", "file", human_text(facts.path), "kind", facts.kind);
        for (size_t i = 0; i < facts.count; i++) print_fact(&facts.rows[i]);
    }
    wn_file_facts_clear(&facts);
    return status;
}
