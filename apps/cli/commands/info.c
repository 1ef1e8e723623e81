/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow info: what this program is made of and what it uses on this machine.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../command.h"
#include "../file_info.h"
#include "../help.h"
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
    {"strategies", "strategies", strategy_row},     {"training", "training_methods", wn_train_get_method},
    {"networks", "networks", wn_train_get_network}, {"optimizers", "optimizers", wn_train_get_optimizer},
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

/* `missing`: why no picture can be read, or NULL. */
static void print_text(const char *missing)
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
    if (missing) printf("%-10s %-15s %s\n", "formats", "none", missing);
    for (size_t i = 0; !missing && i < wn_media_format_count(); i++) {
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

static json_t *json_info(const char *missing)
{
    const char *name, *summary;
    json_t *formats = json_object();
    for (size_t i = 0; i < wn_media_format_count(); i++) {
        wn_media_format format = wn_media_format_at(i);
        json_object_set_new(formats, format.name, json_boolean(!missing && format.available));
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
    if (missing) json_object_set_new(out, "formats_missing", json_string(missing));
    return out;
}

/* A strategy, or a method of maps or of training: what has settings. */
typedef struct plugin {
    const char *name, *summary;
    const char *advice;             /* when to use it; NULL = the summary says it */
    const char *chosen_by, *set_by; /* on the command line */
    const wn_option *options;
} plugin;

static bool find_training_method(const char *name, plugin *out)
{
    const char *known, *summary;
    for (size_t i = 0; wn_train_get_method(i, &known, &summary); i++) {
        if (strcmp(known, name) != 0) continue;
        *out = (plugin){.name = known,
                        .summary = summary,
                        .advice = wn_train_get_method_advice(i),
                        .chosen_by = "winnow train --method",
                        .set_by = "--method-options",
                        .options = wn_train_get_method_options(i)};
        return true;
    }
    return false;
}

static bool find_plugin(const char *name, plugin *out)
{
    const wn_strategy *strategy = wn_strategy_find(name);
    const wn_projection_method *method = wn_projection_method_find(name);
    if (strategy)
        *out = (plugin){.name = strategy->name,
                        .summary = strategy->summary,
                        .chosen_by = "winnow select --strategy",
                        .set_by = "--strategy-options",
                        .options = strategy->options};
    else if (method)
        *out = (plugin){.name = method->name,
                        .summary = method->summary,
                        .chosen_by = "winnow map --method",
                        .set_by = "--method-options",
                        .options = method->options};
    return strategy || method || find_training_method(name, out);
}

static json_t *json_settings(const plugin *p)
{
    json_t *list = json_array();
    for (const wn_option *row = p->options; row && row->type != WN_OPTION_END; row++) {
        json_t *choices = json_array();
        for (size_t i = 0; row->type == WN_OPTION_CHOICE && row->choices[i]; i++)
            json_array_append_new(choices, json_string(row->choices[i]));
        json_array_append_new(list, json_pack("{s:s, s:s, s:s?, s:o}", "name", row->name, "help", row->help, "default",
                                              row->initial, "choices", choices));
    }
    json_t *out = json_pack("{s:s, s:s, s:o}", "name", p->name, "summary", p->summary, "settings", list);
    if (out && p->advice) json_object_set_new(out, "advice", json_string(p->advice));
    return out;
}

static wn_status print_plugin(const session *run, const plugin *p, wn_error *err)
{
    if (run->common.json) return json_print(json_settings(p), err);
    printf("%s: %s\n", p->name, p->summary);
    if (p->advice) printf("%s\n", p->advice);
    if (!p->options || p->options->type == WN_OPTION_END) {
        printf("It has no settings.\n");
        return WN_OK;
    }
    printf("\nSettings, as in %s %s %s %s=...:\n", p->chosen_by, p->name, p->set_by, p->options->name);
    help_print_settings(p->options, stdout);
    return WN_OK;
}

static wn_status run_info(session *run, wn_error *err)
{
    plugin found;
    if (run->path_count && access(run->paths[0], F_OK) != 0 && find_plugin(run->paths[0], &found))
        return print_plugin(run, &found, err);
    if (run->path_count) return print_file_info(run, run->paths[0], err);
    wn_error without = {0}; /* of what is missing this command tells, too */
    const char *missing = wn_media_init(&without) ? without.message : NULL;
    if (run->common.json) return json_print(json_info(missing), err);
    print_text(missing);
    wn_status status = print_model(err);
    print_kernels();
    return status;
}

static const char *const examples[] = {
    "winnow info",
    "what is in this program and what this machine can do",
    "winnow info resnet50.onnx",
    "inputs and outputs of an ONNX model, and how winnow would embed with it",
    "winnow info embeddings.npy",
    "shape and type of an array, the range of its numbers, rows with gaps",
    "winnow info max-herding",
    "the settings of a strategy, or of a method of 'winnow map' or 'winnow train'",
    NULL,
};

const command command_info = {
    .name = "info",
    .summary = "versions, formats, methods, and the code chosen for this processor",
    .usage = "[FILE|NAME] [OPTIONS]",
    .details =
        "Prints the version, the libraries that it was built with, the processor level in force and the level of "
        "each kernel, the image formats that can be read, and the strategies and methods that can be named. With "
        "FILE: what it is and holds. That may be a model (.wnm, .wnr, .safetensors, .onnx, 'default', or the name of a "
        "pulled one), an array (.npy), a checkpoint of a training, an index or the folder of a workspace. Of an ONNX "
        "model: its inputs and outputs, the layer that embeddings are taken from, their dimensions, and the "
        "preprocessing. The whole file is read, so one that is damaged or cut short is told. With the NAME of a "
        "strategy or of a method of 'winnow map' or 'winnow train': its settings.",
    .examples = examples,
    .flags = COMMAND_PLAIN,
    .most_paths = 1,
    .run = run_info,
};
