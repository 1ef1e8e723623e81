/* SPDX-License-Identifier: Apache-2.0
 *
 * Is the selection better than chance? The distance of every image to its nearest pick, of this run or an earlier one,
 * and what else evidence has, for the selection and for ten random ones of the same size; of many images, on a fixed
 * sample. The figures are kept as lines of text in the run, from which the page draws them.
 */
#include "jobs/curate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

enum { RADIUS, MEAN, FAR, COVERED }; /* places among the figures of evidence */

static void take_coverings(const wn_evidence *evidence, wn_coverings *out)
{
    const wn_evidence_figure *figures = evidence->figures;
    out->rows = evidence->measured;
    out->selected = (wn_report_covering){figures[RADIUS].selected, figures[FAR].selected, figures[MEAN].selected};
    for (size_t i = 0; i < WN_RANDOM_SETS && i < evidence->sets; i++)
        out->random[i] =
            (wn_report_covering){figures[RADIUS].random[i], figures[FAR].random[i], figures[MEAN].random[i]};
    out->radius_mean = figures[RADIUS].random_mean;
    out->radius_std = figures[RADIUS].random_deviation;
    out->mean_mean = figures[MEAN].random_mean;
    out->mean_std = figures[MEAN].random_deviation;
}

wn_status wn_stage_covering(const wn_job *job, wn_workspace *workspace, const wn_selecting *selecting,
                            wn_coverings *out, wn_error *err)
{
    size_t rows = selecting->rows.len, picks = selecting->selection.len + selecting->earlier_count;
    wn_covering_request covering = {.matrix = {selecting->embeddings, rows, selecting->dim, selecting->dim},
                                    .metric = WN_METRIC_L2};
    *out = (wn_coverings){0};
    WN_TRY(wn_job_plan(job, "measuring the covering",
                       wn_covering_memory(&covering, picks) + rows * sizeof(int64_t) +
                           selecting->selection.len * selecting->dim * sizeof(float),
                       err));
    int64_t *all = wn_alloc(WN_MEMORY_SELECTION, rows, sizeof *all);
    if (!all) return wn_fail(err, WN_NOMEM, "no memory to compare %zu rows", rows);
    for (size_t i = 0; i < rows; i++) all[i] = (int64_t)i;
    wn_status status = wn_stage_evidence(job, workspace, selecting, (wn_rows){all, rows}, &out->compared, err);
    wn_free(all);
    if (!status && out->compared.evidence.len) take_coverings(&out->compared.evidence, out);
    return status;
}

/* ---- as lines of text: better, selected, number of random ones, those, name, and of what after a tab ---- */

void wn_evidence_write(const wn_evidence *evidence, wn_buffer *out)
{
    for (size_t f = COVERED; f < evidence->len; f++) {
        const wn_evidence_figure *figure = evidence->figures + f;
        wn_buffer_format(out, "%s %.7g %zu", figure->less_is_more ? "lower" : "higher", figure->selected,
                         evidence->sets);
        for (size_t i = 0; i < evidence->sets; i++) wn_buffer_format(out, " %.7g", figure->random[i]);
        wn_buffer_format(out, " %s\t", figure->name);
        for (const char *at = figure->of ? figure->of : ""; *at; at++)
            wn_buffer_add(out, *at == '\n' || *at == '\t' ? " " : at, 1);
        wn_buffer_text(out, "\n");
    }
}

static bool read_line(char *line, wn_report_evidence *out, double random[WN_RANDOM_SETS])
{
    char better[8], *tab = strchr(line, '\t'), *at;
    size_t count;
    int used = 0;
    if (!tab || sscanf(line, "%7s %lf %zu%n", better, &out->selected, &count, &used) < 3 || !used) return false;
    if (count > WN_RANDOM_SETS) return false;
    at = line + used;
    for (size_t i = 0; i < count; i++) {
        char *end;
        random[i] = strtod(at, &end);
        if (end == at) return false;
        at = end;
    }
    *tab = '\0';
    out->name = at + (*at == ' ');
    out->of = tab[1] ? tab + 1 : NULL;
    out->less_is_more = strcmp(better, "lower") == 0;
    out->random = random;
    out->random_len = count;
    return true;
}

wn_status wn_evidence_read(const char *text, wn_arena *arena, wn_report_evidence **out, size_t *len, wn_error *err)
{
    size_t lines = 0;
    for (const char *at = text ? text : ""; *at; at++) lines += *at == '\n';
    *out = NULL;
    *len = 0;
    if (!lines) return WN_OK;
    char *copy = wn_arena_text(arena, text, strlen(text));
    wn_report_evidence *items = wn_arena_alloc(arena, lines, sizeof *items);
    double *random = wn_arena_alloc(arena, lines * WN_RANDOM_SETS, sizeof *random);
    if (!copy || !items || !random) return wn_fail(err, WN_NOMEM, "no memory for the report");
    for (char *line = copy, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        if (read_line(line, items + *len, random + *len * WN_RANDOM_SETS)) ++*len;
    }
    *out = items;
    return WN_OK;
}
