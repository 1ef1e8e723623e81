/* SPDX-License-Identifier: Apache-2.0 */
#include "model_list.h"

#include <stdio.h>
#include <sys/stat.h>

#include "human.h"
#include "json_text.h"
#include "winnow/hub.h"
#include "winnow/model.h"

typedef struct model_row {
    const char *name, *summary, *licence, *location, *sha256;
    const char *state;           /* "built in", "pulled" or "not here" */
    char path[WN_PULL_PATH_MAX]; /* "" = no file */
    uint64_t bytes;              /* of the file that is here, else about that many */
    uint32_t side, dim;
} model_row;

static wn_status builtin_row(model_row *row, wn_error *err)
{
    wn_model *model = NULL;
    wn_status status = wn_model_open(WN_MODEL_DEFAULT, WN_PRECISION_FP32, &model, err);
    if (status) return status;
    const wn_model_info *info = wn_model_get_info(model);
    *row = (model_row){.name = WN_MODEL_DEFAULT,
                       .summary = "winnow's own, used where no model is named",
                       .licence = "Apache-2.0",
                       .state = "built in",
                       .bytes = info->parameters * sizeof(float),
                       .side = info->side,
                       .dim = info->dim};
    wn_model_close(&model);
    return WN_OK;
}

static void open_row(const wn_hub_model *model, model_row *row)
{
    struct stat info;
    *row = (model_row){.name = model->name,
                       .summary = model->summary,
                       .licence = model->licence,
                       .location = model->location,
                       .sha256 = model->sha256,
                       .state = "not here",
                       .bytes = (uint64_t)model->megabytes * 1000000u,
                       .side = model->side,
                       .dim = model->dim};
    if (wn_hub_find_pulled(model->name, row->path, NULL) == WN_OK && stat(row->path, &info) == 0) {
        row->state = "pulled";
        row->bytes = (uint64_t)info.st_size;
    } else {
        row->path[0] = 0;
    }
}

static void print_row(const model_row *row)
{
    char size[32];
    printf("%-14s %-9s %9s %5u %8u  %s\n%-14s %s\n", row->name, row->state, human_bytes(row->bytes, size),
           (unsigned)row->side, (unsigned)row->dim, row->licence, "", row->summary);
    if (row->path[0]) printf("%-14s %s\n", "", human_text(row->path));
    if (row->location)
        printf("%-14s SHA-256 %s\n", "", row->sha256 ? row->sha256 : "unknown; recorded on first download");
}

static json_t *json_row(const model_row *row)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:o, s:s?, s:s?}", "name", row->name, "summary", row->summary,
                     "licence", row->licence, "state", row->state, "bytes", json_count(row->bytes), "side",
                     (json_int_t)row->side, "dim", (json_int_t)row->dim, "file",
                     row->path[0] ? json_name(row->path) : json_null(), "location", row->location, "sha256",
                     row->sha256);
}

wn_status print_model_list(session *run, wn_error *err)
{
    size_t count;
    const wn_hub_model *models = wn_hub_models(&count);
    json_t *rows = run->common.json ? json_array() : NULL;
    model_row row;
    wn_status status = builtin_row(&row, err);
    if (!status && !rows) printf("%-14s %-9s %9s %5s %8s  %s\n", "name", "", "size", "input", "numbers", "licence");
    for (size_t i = 0; i <= count && !status; i++) {
        if (i > 0) open_row(&models[i - 1], &row);
        if (rows)
            (void)json_array_append_new(rows, json_row(&row));
        else
            print_row(&row);
    }
    if (status) json_decref(rows);
    return status || !rows ? status : json_print(json_pack("{s:o}", "models", rows), err);
}
