/* SPDX-License-Identifier: Apache-2.0
 *
 * Reasons of picks in the workspace, and explanations of strategies.
 */
#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "base/text.h"
#include "jobs/job.h"
#include "winnow/memory.h"

wn_status wn_config_count(const wn_selection_config *config, char *text, size_t size, const char **out, wn_error *err)
{
    *out = text;
    if (config->proportion > 0)
        snprintf(text, size, "%.10g%%", config->proportion * 100);
    else if (config->n_samples >= 0)
        snprintf(text, size, "%lld", (long long)config->n_samples);
    else if (config->n_samples == -1)
        *out = NULL;
    else
        return wn_fail(err, WN_INVALID, "%s: how many? Give 'n_samples' or 'proportion_samples', or -n 500",
                       config->file);
    return WN_OK;
}

wn_status wn_explain_strategy(const wn_strategy *strategy, const wn_selection_request *request, uint64_t bytes,
                              char **out, wn_error *err)
{
    wn_buffer text;
    char memory[32];
    size_t all = request->candidates.data ? request->candidates.len : request->embeddings.rows;
    wn_text_bytes(bytes, memory);
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    wn_buffer_format(&text, "%zu rows: %zu may be picked, %zu count as picked already\n", request->embeddings.rows, all,
                     request->preselected.len);
    wn_buffer_format(&text, "picks %zu with %s: %s\n", request->count, strategy->name, strategy->summary);
    wn_buffer_format(&text, "memory %s beside the inputs\n", memory);
    *out = text.status ? NULL : wn_text_copy(text.data);
    wn_buffer_clear(&text);
    return *out ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
}

static void write_values(const wn_pick_reasons *reasons, size_t at, wn_buffer *out)
{
    for (size_t f = 0; f < reasons->label_count; f++) {
        double value = reasons->values[at * reasons->label_count + f];
        if (isfinite(value))
            wn_buffer_format(out, "%s%.9g", f ? " " : "", value);
        else
            wn_buffer_format(out, "%sinf", f ? " " : "");
    }
    wn_buffer_add(out, "", 1);
}

wn_status wn_reasons_store(wn_workspace *workspace, int64_t selection, const wn_selecting *selecting, wn_error *err)
{
    const wn_pick_reasons *reasons = &selecting->reasons;
    const int64_t *rows = selecting->rows.rows;
    wn_buffer labels, values;
    wn_buffer_init(&labels, WN_MEMORY_TEXT, 0);
    wn_buffer_init(&values, WN_MEMORY_TEXT, 0);
    wn_buffer_add(&labels, "", 0);
    for (size_t f = 0; f < reasons->label_count; f++)
        wn_buffer_format(&labels, "%s%s", f ? "\n" : "", reasons->labels[f]);
    size_t *starts = wn_alloc(WN_MEMORY_SELECTION, reasons->len, sizeof *starts);
    wn_ranked *ranked = wn_alloc(WN_MEMORY_SELECTION, reasons->len, sizeof *ranked);
    for (size_t i = 0; i < reasons->len && starts; i++) {
        starts[i] = values.len;
        write_values(reasons, i, &values);
    }
    wn_status status =
        starts && ranked && !labels.status && !values.status ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < reasons->len && !status; i++)
        ranked[i] = (wn_ranked){.row = rows[reasons->ranked[i]],
                                .nearest = reasons->nearest[i] < 0 ? -1 : rows[reasons->nearest[i]],
                                .distance = reasons->distances[i],
                                .reasons = values.data + starts[i]};
    if (!status)
        status = wn_ranking_add(workspace, selection, labels.data ? labels.data : "", ranked, reasons->len, err);
    wn_free(ranked);
    wn_free(starts);
    wn_buffer_clear(&values);
    wn_buffer_clear(&labels);
    return status;
}
