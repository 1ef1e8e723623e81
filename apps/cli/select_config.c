/* SPDX-License-Identifier: Apache-2.0
 *
 * What a selection by a config prints.
 */
#include "select_config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "human.h"
#include "job_setup.h"
#include "json_text.h"
#include "terminal.h"

static json_t *json_lines(const char *text)
{
    json_t *lines = json_array();
    while (text && *text) {
        const char *end = strchr(text, '\n');
        size_t len = end ? (size_t)(end - text) : strlen(text);
        json_array_append_new(lines, json_stringn_nocheck(text, len));
        text += len + (end != NULL);
    }
    return lines;
}

wn_status print_explanation(session *run, const wn_select_result *result, wn_error *err)
{
    if (run->common.json) return json_print(json_pack("{s:o}", "explain", json_lines(result->explain)), err);
    char *copy = result->explain ? strdup(result->explain) : NULL, *rest = copy, *line;
    while ((line = strsep(&rest, "\n")))
        if (*line || rest) printf("%s\n", human_text(line));
    free(copy);
    return WN_OK;
}

static void write_field(FILE *file, const char *text)
{
    if (!strpbrk(text, ",\"\n\r")) {
        fputs(text, file);
        return;
    }
    fputc('"', file);
    for (; *text; text++) {
        if (*text == '"') fputc('"', file);
        fputc(*text, file);
    }
    fputc('"', file);
}

wn_status write_reasons(const char *path, const wn_select_result *result, wn_error *err)
{
    FILE *file = fopen(path, "we");
    if (!file) return command_fail(err, WN_IO, "cannot write '%s'", path);
    fprintf(file, "%s,rank,distance,nearest", result->paths ? "path" : "row");
    for (size_t f = 0; f < result->objective_count; f++) {
        fputc(',', file);
        write_field(file, result->objectives[f]);
    }
    fputc('\n', file);
    for (int64_t i = 0; i < result->selected; i++) {
        if (result->paths)
            write_field(file, result->paths[i]);
        else
            fprintf(file, "%lld", (long long)result->picks[i]);
        fprintf(file, ",%lld,", (long long)i + 1);
        if (isfinite(result->distances[i])) fprintf(file, "%.6g", (double)result->distances[i]);
        fputc(',', file);
        if (result->nearest_paths && result->nearest_paths[i])
            write_field(file, result->nearest_paths[i]);
        else if (result->nearest[i] >= 0)
            fprintf(file, "%lld", (long long)result->nearest[i]);
        for (size_t f = 0; f < result->objective_count; f++) {
            double value = result->values[(size_t)i * result->objective_count + f];
            fputc(',', file);
            if (isfinite(value)) fprintf(file, "%.6g", value);
        }
        fputc('\n', file);
    }
    bool failed = ferror(file) != 0;
    failed = fclose(file) != 0 || failed;
    return failed ? command_fail(err, WN_IO, "cannot write '%s'", path) : WN_OK;
}

void json_add_objectives(json_t *object, const wn_select_result *result)
{
    json_t *names = json_array();
    for (size_t f = 0; f < result->objective_count; f++)
        json_array_append_new(names, json_string_nocheck(result->objectives[f]));
    json_object_set_new(object, "objectives", names);
    json_object_set_new(object, "ranked", json_integer((json_int_t)result->ranked));
}

void say_evidence(session *run, const wn_select_result *result)
{
    char name[64];
    if (!result->evidence.len) return;
    terminal_say(run->terminal, "  %-32s %12s   %s", "", "these picks", "random (standard deviation)");
    for (size_t i = 0; i < result->evidence.len; i++) {
        const wn_evidence_figure *figure = result->evidence.figures + i;
        snprintf(name, sizeof name, "%s%s%.40s", figure->name, figure->of ? " of " : "", figure->of ? figure->of : "");
        terminal_say(run->terminal, "  %-32s %12.6g   %.6g (%.2g)", name, figure->selected, figure->random_mean,
                     figure->random_deviation);
    }
}

void json_add_evidence(json_t *object, const wn_select_result *result)
{
    if (!result->evidence.len) return;
    json_t *figures = json_array();
    for (size_t i = 0; i < result->evidence.len; i++) {
        const wn_evidence_figure *figure = result->evidence.figures + i;
        json_t *item = json_pack("{s:s, s:s, s:o, s:o, s:o}", "name", figure->name, "better",
                                 figure->less_is_more ? "lower" : "higher", "selected", json_figure(figure->selected),
                                 "random_mean", json_figure(figure->random_mean), "random_std",
                                 json_figure(figure->random_deviation));
        if (item && figure->of) json_object_set_new(item, "of", json_name(figure->of));
        json_array_append_new(figures, item);
    }
    json_object_set_new(object, "evidence",
                        json_pack("{s:I, s:I, s:o}", "measured", (json_int_t)result->evidence.measured, "random",
                                  (json_int_t)result->evidence.sets, "figures", figures));
}

wn_status print_array_picks(session *run, const char *out, const wn_select_result *result, wn_error *err)
{
    char a[32], b[32];
    if (!out && !run->common.json)
        for (int64_t i = 0; i < result->selected; i++) printf("%lld\n", (long long)result->picks[i]);
    terminal_say(run->terminal, "  selected    %s of %s rows, covering radius %.6g%s",
                 human_count((uint64_t)result->selected, a), human_count((uint64_t)result->candidates, b),
                 result->radius, result->stopped ? " (nothing else may be picked)" : "");
    if (!run->common.json) return WN_OK;
    json_t *object =
        json_pack("{s:I, s:I, s:s, s:I, s:b, s:o, s:o, s:o, s:o}", "rows", (json_int_t)result->rows, "dim",
                  (json_int_t)result->dim, "strategy", result->strategy, "selected", (json_int_t)result->selected,
                  "stopped", (int)result->stopped, "objective", json_figure(result->objective), "covering_radius",
                  json_figure(result->radius), "seconds", json_seconds(&result->seconds, "select total"),
                  "peak_memory_bytes", json_peak_memory());
    if (object) {
        json_add_objectives(object, result);
        json_add_evidence(object, result);
    }
    return json_print(object, err);
}
