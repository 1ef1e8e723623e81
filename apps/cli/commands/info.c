/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow info: what this program is made of and what it uses on this machine.
 */
#include <stdio.h>
#include <string.h>

#include "../command.h"
#include "../human.h"
#include "../json_text.h"
#include "winnow/cpu.h"
#include "winnow/jobs.h"
#include "winnow/kernel.h"
#include "winnow/media.h"
#include "winnow/memory.h"
#include "winnow/model.h"
#include "winnow/pool.h"
#include "winnow/projection.h"
#include "winnow/selection.h"
#include "winnow/train.h"
#include "winnow/version.h"

/* The tables of plug-ins, as name and summary. */
static bool strategy_row(size_t i, const char **name, const char **summary)
{
    const wn_strategy *row = wn_strategy_at(i);
    if (row) *name = row->name, *summary = row->summary;
    return row != NULL;
}

static bool projection_row(size_t i, const char **name, const char **summary)
{
    const wn_projection_method *row = wn_projection_method_at(i);
    if (row) *name = row->name, *summary = row->summary;
    return row != NULL;
}

static const struct {
    const char *title, *key;
    bool (*row)(size_t i, const char **name, const char **summary);
} tables[] = {
    {"strategies", "strategies", strategy_row},
    {"training", "training_methods", wn_train_get_method},
    {"networks", "networks", wn_train_get_network},
    {"maps", "projection_methods", projection_row},
};
enum { TABLES = sizeof tables / sizeof tables[0] };

enum { WIDTH = 100 };

/* A line for each family and level in use, wrapped: "distance  avx512  dot_f32 l2sq_f32 ...". */
static void print_family(const wn_kernel *kernels, size_t count, bool first)
{
    const char *family = kernels[0].family;
    for (int level = 0; level < WN_CPU_COUNT; level++) {
        int column = 0;
        for (size_t i = 0; i < count; i++) {
            if ((int)kernels[i].level != level) continue;
            int len = (int)strlen(kernels[i].name);
            if (column == 0 || column + 1 + len > WIDTH) {
                if (column)
                    printf("\n%-32s", "");
                else
                    printf("%-10s %-9s %-11s", first ? "kernels" : "", family, wn_cpu_name((wn_cpu)level));
                column = 32;
                first = false;
                family = "";
            }
            printf(" %s", kernels[i].name);
            column += 1 + len;
        }
        if (column) printf("\n");
    }
}

static void print_kernels(void)
{
    wn_kernel kernels[WN_KERNEL_MOST];
    size_t count = wn_kernels_list(wn_cpu_level(), kernels, WN_KERNEL_MOST);
    if (count > WN_KERNEL_MOST) count = WN_KERNEL_MOST;
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin; end < count && strcmp(kernels[end].family, kernels[begin].family) == 0;) end++;
        print_family(kernels + begin, end - begin, begin == 0);
    }
}

/* The model that is a part of the program. */
static wn_status print_model(wn_error *err)
{
    wn_model *model = NULL;
    wn_status status = wn_model_open(WN_MODEL_DEFAULT, WN_PRECISION_AUTO, &model, err);
    if (status) return status;
    const wn_model_info *info = wn_model_get_info(model);
    printf("%-10s %-15s %s, %u numbers for pictures of %u pixels, %.2f GFLOP each, %016llx\n", "models",
           WN_MODEL_DEFAULT, info->architecture, (unsigned)info->dim, (unsigned)info->side, info->flop * 1e-9,
           (unsigned long long)info->hash);
    wn_model_close(&model);
    return WN_OK;
}

static void print_text(void)
{
    char text[32];
    const char *name, *summary;
    printf("winnow     %s\nbuild      %s\n", wn_version(), wn_build_info());
    printf("libraries  %s\n", WN_LIBRARIES);
    printf("processor  %s\n", wn_cpu_model());
    printf("level      %s (%s); this machine can %s\n", wn_cpu_name(wn_cpu_level()), wn_cpu_summary(wn_cpu_level()),
           wn_cpu_name(wn_cpu_detect()));
    printf("threads    %u, one for each core that it may use\n", wn_pool_default_threads());
    printf("memory     %s\n", human_bytes(wn_memory_machine(), text));
    for (size_t t = 0; t < TABLES; t++)
        for (size_t i = 0; tables[t].row(i, &name, &summary); i++)
            printf("%-10s %-15s %s\n", i ? "" : tables[t].title, name, summary);
    for (size_t i = 0; i < wn_media_format_count(); i++) {
        wn_media_format format = wn_media_format_at(i);
        printf("%-10s %-15s %s%s\n", i ? "" : "formats", format.name, format.summary,
               format.available ? "" : " (not in this build of the libraries)");
    }
}

static json_t *json_kernels(void)
{
    json_t *out = json_object();
    wn_kernel kernels[WN_KERNEL_MOST];
    char name[96];
    size_t count = wn_kernels_list(wn_cpu_level(), kernels, WN_KERNEL_MOST);
    for (size_t i = 0; i < count && i < WN_KERNEL_MOST; i++) {
        snprintf(name, sizeof name, "%s.%s", kernels[i].family, kernels[i].name);
        json_object_set_new(out, name, json_string(wn_cpu_name(kernels[i].level)));
    }
    return out;
}

static json_t *json_info(void)
{
    const char *name, *summary;
    json_t *formats = json_object();
    for (size_t i = 0; i < wn_media_format_count(); i++) {
        wn_media_format format = wn_media_format_at(i);
        json_object_set_new(formats, format.name, json_boolean(format.available));
    }
    json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:o, s:o, s:o}", "version", wn_version(), "build",
                            wn_build_info(), "libraries", WN_LIBRARIES, "processor", wn_cpu_model(), "cpu_level",
                            wn_cpu_name(wn_cpu_level()), "cpu_level_possible", wn_cpu_name(wn_cpu_detect()), "threads",
                            (int)wn_pool_default_threads(), "memory_bytes", json_count(wn_memory_machine()), "formats",
                            formats, "kernels", json_kernels());
    for (size_t t = 0; out && t < TABLES; t++) {
        json_t *list = json_array();
        for (size_t i = 0; tables[t].row(i, &name, &summary); i++) json_array_append_new(list, json_string(name));
        json_object_set_new(out, tables[t].key, list);
    }
    json_object_set_new(out, "models", json_pack("[s]", WN_MODEL_DEFAULT));
    return out;
}

/* ---- an ONNX file ---- */

static void print_value(const char *title, const wn_onnx_value *value)
{
    printf("%-14s %-24s %s", title, value->name, value->type);
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
    if (wn_job_open_model(path, &model, why)) return -1;
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
        printf("%-14s %s\n%-14s %s, opset %lld, %zu operators\n", "model", path, "made by", facts->producer,
               (long long)facts->opset, facts->node_count);
        for (size_t i = 0; i < facts->input_count; i++) print_value(i ? "" : "inputs", &facts->inputs[i]);
        for (size_t i = 0; i < facts->output_count; i++) print_value(i ? "" : "outputs", &facts->outputs[i]);
        printf("%-14s %s (%s)\n", "embeds from", facts->layer, facts->layer_why);
        if (dim > 0) printf("%-14s %lld\n", "dimensions", (long long)dim);
        printf("%-14s %s, %s, %u x %u", "preprocessing", facts->preset, facts->nhwc ? "NHWC" : "NCHW",
               (unsigned)facts->side, (unsigned)facts->side);
        if (facts->cut > 1.0F) printf(", the longer axis cut by %g at most", (double)facts->cut);
        printf("\n");
        printf("%-14s %s%s%s\n", "runtime", runtime ? version : "ONNX Runtime was not found in ", runtime ? ", " : "",
               where);
        if (why.status) printf("%-14s %s\n", "problem", why.message);
    }
    wn_onnx_facts_free(&facts);
    return status;
}

static wn_status run_info(session *run, wn_error *err)
{
    if (run->path_count) return print_onnx(run, run->paths[0], err);
    wn_status status = wn_media_init(err);
    if (status) return status;
    if (run->common.json) return json_print(json_info(), err);
    print_text();
    status = print_model(err);
    print_kernels();
    return status;
}

static const char *const examples[] = {
    "winnow info",
    "what is in this program and what this machine can do",
    "winnow info resnet50.onnx",
    "inputs and outputs of an ONNX model, and how winnow would embed with it",
    NULL,
};

const command command_info = {
    .name = "info",
    .summary = "versions, formats, methods, and the code chosen for this processor",
    .usage = "[MODEL.onnx] [OPTIONS]",
    .details =
        "Prints the version, the libraries that it was built with, the processor level in force and the level of "
        "each kernel, the image formats that can be read, and the strategies and methods that can be named. With an "
        "ONNX "
        "file: its inputs and outputs, the layer that embeddings are taken from, their dimensions, and the "
        "preprocessing.",
    .examples = examples,
    .flags = COMMAND_PLAIN,
    .most_paths = 1,
    .run = run_info,
};
