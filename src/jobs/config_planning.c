/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/config_planning.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "winnow/memory.h"

void *wn_planning_keep(wn_planning *p, size_t count, size_t size)
{
    wn_config_plan *plan = p->plan;
    if (plan->array_count == WN_CONFIG_ARRAYS_MOST) return NULL;
    void *array = wn_alloc(WN_MEMORY_SELECTION, count, size);
    if (array) plan->arrays[plan->array_count++] = array;
    return array;
}

wn_status wn_planning_no_memory(const wn_planning *p)
{
    return wn_fail(p->err, WN_NOMEM, "no memory for the inputs of %zu rows", p->rows);
}

const char *wn_config_input_name(const wn_config_input *input)
{
    switch (input->type) {
    case WN_CONFIG_INPUT_SCORES:
        return input->score ? input->score : input->array;
    case WN_CONFIG_INPUT_METADATA:
        return input->key ? input->key : input->array;
    case WN_CONFIG_INPUT_PREDICTIONS:
        return input->task ? input->task : input->array ? input->array : "predictions";
    default:
        return input->type == WN_CONFIG_INPUT_RANDOM ? "random" : "embeddings";
    }
}

/* "balance:weather", "diversity". */
static const char *make_label(wn_planning *p)
{
    char type[32];
    snprintf(type, sizeof type, "%s", wn_config_strategy_names[p->s->type]);
    for (char *at = type; *at; at++) *at = (char)tolower((unsigned char)*at);
    if (p->s->input.type == WN_CONFIG_INPUT_EMBEDDINGS) return wn_arena_format(&p->plan->arena, "%s", type);
    return wn_arena_format(&p->plan->arena, "%s:%s", type, wn_config_input_name(&p->s->input));
}

wn_objective_input *wn_planning_add(wn_planning *p, const char *kind)
{
    size_t at = p->plan->request.objective_count++;
    p->plan->labels[at] = make_label(p);
    p->plan->inputs[at] = (wn_objective_input){.kind = kind, .label = p->plan->labels[at], .strength = p->s->strength};
    return p->plan->inputs + at;
}

void wn_planning_explain(wn_planning *p)
{
    wn_buffer_format(&p->plan->explain, "%s of %s", wn_config_strategy_names[p->s->type],
                     wn_config_input_name(&p->s->input));
    if (p->s->type != WN_CONFIG_STRATEGY_THRESHOLD && p->s->type != WN_CONFIG_STRATEGY_QUOTA)
        wn_buffer_format(&p->plan->explain, ", strength %g", p->s->strength);
}

wn_planning_summary wn_planning_summarize(const wn_planning *p, const float *values)
{
    wn_planning_summary s = {INFINITY, -INFINITY, 0, 0, 0};
    for (size_t i = 0; i < p->len; i++) {
        double value = (double)values[p->plan->candidates[i]];
        if (!isfinite(value)) {
            s.missing++;
            continue;
        }
        s.known++;
        s.mean += value;
        s.least = fmin(s.least, value);
        s.most = fmax(s.most, value);
    }
    s.mean = s.known ? s.mean / (double)s.known : 0;
    return s;
}

wn_status wn_planning_filter(wn_planning *p, const float *values, wn_threshold operation, double threshold)
{
    wn_planning_summary s = wn_planning_summarize(p, values);
    size_t before = p->len;
    p->len = wn_threshold_filter(values, operation, threshold, p->plan->candidates, p->len);
    p->plan->removed += before - p->len;
    wn_buffer_format(&p->plan->explain, ": %s %g leaves %zu of %zu", wn_threshold_names[operation], threshold, p->len,
                     before);
    if (s.missing) wn_buffer_format(&p->plan->explain, " (%zu without a value are left out)", s.missing);
    if (p->len || !before) return WN_OK;
    if (!s.known) return wn_fail(p->err, WN_INVALID, "none of the %zu candidates has a value", before);
    return wn_fail(p->err, WN_INVALID,
                   "%s %g leaves none of the %zu candidates: their values go from %g to %g; choose another threshold",
                   wn_threshold_names[operation], threshold, before, s.least, s.most);
}
