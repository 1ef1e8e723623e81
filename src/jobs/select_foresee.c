/* SPDX-License-Identifier: Apache-2.0
 *
 * What a dry run of a selection lacks: embeddings of images, and of the objects that a config asks for.
 */
#include "jobs/select_foresee.h"

#include <string.h>

#include "base/error.h"
#include "jobs/config_names.h"
#include "jobs/objects.h"

/* Whether an earlier strategy works on the objects of the same task. */
static bool is_counted(const wn_selection_config *config, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        const wn_config_input *input = &config->strategies[i].input;
        if (input->task && !input->array && strcmp(input->task, config->strategies[at].input.task) == 0) return true;
    }
    return false;
}

static wn_status count_objects(wn_workspace *workspace, const wn_selection_config *config, const wn_embedded *embedded,
                               wn_selecting *out, wn_error *err)
{
    for (size_t i = 0; i < config->strategy_count; i++) {
        const wn_config_input *input = &config->strategies[i].input;
        if (input->type != WN_CONFIG_INPUT_EMBEDDINGS || !input->task || input->array || is_counted(config, i))
            continue;
        const wn_objects_request request = {.task = input->task,
                                            .made = wn_config_find_auto_task(config, input->task),
                                            .rows = &out->rows,
                                            .model = embedded->model,
                                            .column = embedded->column};
        size_t missing = 0;
        WN_TRY(wn_objects_count_missing(workspace, &request, &missing, err));
        out->missing_objects += missing;
    }
    return WN_OK;
}

/* How many images a config would pick; SIZE_MAX for "until something ends the selection". */
static wn_status count_by_config(const wn_select_options *options, wn_selecting *out, wn_error *err)
{
    const char *count = options->count;
    char text[32];
    out->count = SIZE_MAX;
    if (!count) WN_TRY(wn_config_count(options->config, text, sizeof text, &count, err));
    if (!count || strcmp(count, "0") == 0) return WN_OK;
    return wn_count_parse(count, out->candidates, 0, true, &out->count, err);
}

wn_status wn_selecting_foresee(wn_workspace *workspace, const wn_select_options *options, const wn_embedded *embedded,
                               wn_selecting *out, wn_error *err)
{
    const wn_selection_config *config = options->config;
    if (config) WN_TRY(count_objects(workspace, config, embedded, out, err));
    out->unready = embedded->missing > 0 || out->missing_objects > 0;
    if (!out->unready) return WN_OK;
    if (config) return count_by_config(options, out, err);
    return wn_count_parse(options->count, out->candidates, options->keep_duplicates ? 0 : out->repeats,
                          options->at_most, &out->count, err);
}
