/* SPDX-License-Identifier: Apache-2.0
 *
 * From a selection config to a product of objectives: thresholds are applied at once, everything else becomes an
 * objective. What is done is written down for --explain as it is prepared.
 */
#include "jobs/config_planning.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "winnow/memory.h"

/* Puts "FILE:LINE: place: " before a message. */
static wn_status at_place(const wn_planning *p, wn_status status)
{
    if (!status || !p->err) return status;
    wn_error inner = *p->err;
    if (strncmp(inner.message, p->config->file, strlen(p->config->file)) == 0) return status;
    return wn_fail(p->err, status, "%s:%zu: %s: %s", p->config->file, p->s->line, p->s->place, inner.message);
}

/* ---- numbers ---- */

/* Values of the input; rows without one have NaN. */
static wn_status load_numbers(wn_planning *p, float **out)
{
    if (!(*out = wn_planning_keep(p, p->rows, sizeof **out))) return wn_planning_no_memory(p);
    if (p->s->input.type != WN_CONFIG_INPUT_RANDOM) {
        for (size_t i = 0; i < p->rows; i++) (*out)[i] = NAN;
        return p->source->numbers(p->source, &p->s->input, *out, p->err);
    }
    wn_weights_random((uint64_t)p->s->input.random_seed, p->rows, *out);
    return WN_OK;
}

static wn_status add_threshold(wn_planning *p)
{
    float *values;
    WN_TRY(load_numbers(p, &values));
    wn_planning_explain(p);
    WN_TRY(wn_planning_filter(p, values, (wn_threshold)p->s->operation, p->s->threshold));
    wn_buffer_text(&p->plan->explain, "\n");
    return WN_OK;
}

/* Rows without a value count as the least one. */
static wn_status fill_missing(wn_planning *p, float *values, wn_planning_summary *out)
{
    *out = wn_planning_summarize(p, values);
    if (p->len && !out->known) return wn_fail(p->err, WN_INVALID, "none of the %zu candidates has a value", p->len);
    float least = isfinite(out->least) ? (float)out->least : 0;
    for (size_t i = 0; i < p->rows; i++)
        if (!isfinite(values[i])) values[i] = least;
    return WN_OK;
}

static wn_status add_weights(wn_planning *p)
{
    float *values;
    wn_planning_summary s;
    WN_TRY(load_numbers(p, &values));
    WN_TRY(fill_missing(p, values, &s));
    wn_objective_input *input = wn_planning_add(p, "weights");
    input->values = (wn_values){values, p->rows};
    input->stop_sum = p->s->max_sum;
    input->most_sum = p->s->target_most;
    wn_planning_explain(p);
    wn_buffer_format(&p->plan->explain, ": from %g to %g, mean %g", s.least, s.most, s.mean);
    if (s.missing) wn_buffer_format(&p->plan->explain, "; %zu without a value count as %g", s.missing, s.least);
    if (input->stop_sum > 0) wn_buffer_format(&p->plan->explain, "; ends before the sum exceeds %g", input->stop_sum);
    if (input->most_sum > 0)
        wn_buffer_format(&p->plan->explain, "; passes over what raises the sum above %g", input->most_sum);
    wn_buffer_text(&p->plan->explain, "\n");
    return WN_OK;
}

/* ---- classes ---- */

static wn_status find_class(wn_planning *p, const wn_config_classes *classes, const char *name, size_t *out)
{
    for (size_t c = 0; c < classes->count; c++)
        if (strcmp(classes->names[c], name) == 0) {
            *out = c;
            return WN_OK;
        }
    char all[100] = "";
    for (size_t c = 0; c < classes->count && c < 8; c++) {
        size_t len = strlen(all);
        snprintf(all + len, sizeof all - len, "%s%s", c ? ", " : "", classes->names[c]);
    }
    const char **words = wn_arena_alloc(&p->plan->arena, classes->count + 1, sizeof *words);
    if (!words) return wn_planning_no_memory(p);
    memcpy(words, classes->names, classes->count * sizeof *words);
    words[classes->count] = NULL;
    const char *near = wn_nearest_word(name, words);
    return wn_fail(p->err, WN_INVALID, "%s has no class '%s'%s%s%s; it has %s%s", wn_config_input_name(&p->s->input),
                   name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "", all,
                   classes->count > 8 ? ", ..." : "");
}

/* Leaves the categories that the input names; the others count as nothing. */
static wn_status choose_categories(wn_planning *p, wn_config_classes *classes)
{
    const wn_config_input *input = &p->s->input;
    if (!input->category_count || input->array) return WN_OK;
    uint8_t *chosen = wn_arena_alloc(&p->plan->arena, classes->count + 1, 1);
    if (!chosen) return wn_planning_no_memory(p);
    memset(chosen, 0, classes->count);
    for (size_t i = 0; i < input->category_count; i++) {
        size_t c = 0;
        WN_TRY(find_class(p, classes, input->categories[i], &c));
        chosen[c] = 1;
    }
    size_t kept = 0, all = classes->count;
    uint32_t *new_class = wn_arena_alloc(&p->plan->arena, all + 1, sizeof *new_class);
    if (!new_class) return wn_planning_no_memory(p);
    for (size_t c = 0; c < all; c++) {
        new_class[c] = (uint32_t)kept;
        if (chosen[c]) classes->names[kept++] = classes->names[c];
    }
    for (size_t i = 0; i < p->rows; i++) {
        if (classes->labels && classes->labels[i] >= 0)
            classes->labels[i] = chosen[classes->labels[i]] ? (int64_t)new_class[classes->labels[i]] : -1;
        for (size_t c = 0; classes->amounts && c < all; c++)
            if (chosen[c]) classes->amounts[i * kept + new_class[c]] = classes->amounts[i * all + c];
    }
    classes->count = kept;
    return WN_OK;
}

/* The classes, with arrays that live as long as the plan; what is not known counts as nothing. */
static wn_status load_classes(wn_planning *p, wn_config_classes *out)
{
    wn_config_plan *plan = p->plan;
    *out = (wn_config_classes){0};
    wn_status status = p->source->classes(p->source, &p->s->input, out, p->err);
    if (out->labels) plan->arrays[plan->array_count++] = out->labels;
    if (out->amounts) plan->arrays[plan->array_count++] = out->amounts;
    if (status) return status;
    if (!out->count) return wn_fail(p->err, WN_INVALID, "%s has no class", wn_config_input_name(&p->s->input));
    for (size_t i = 0; out->amounts && i < p->rows * out->count; i++)
        if (isnan(out->amounts[i])) out->amounts[i] = 0;
    return choose_categories(p, out);
}

/* What the candidates have of each class: those with a target first, then others, six unless more have one. */
static void explain_shares(wn_planning *p, const wn_config_classes *classes, const double *target)
{
    enum { SHOWN = 6 };
    double all = 0, *total = wn_planning_keep(p, classes->count, sizeof *total);
    size_t shown = 0;
    if (!total) return;
    for (size_t c = 0; c < classes->count; c++) total[c] = 0;
    for (size_t i = 0; i < p->len; i++)
        for (size_t c = 0; c < classes->count; c++) {
            size_t row = (size_t)p->plan->candidates[i];
            double amount = classes->labels ? classes->labels[row] == (int64_t)c
                                            : (double)classes->amounts[row * classes->count + c];
            total[c] += amount;
            all += amount;
        }
    for (int others = !target; others < 2; others++)
        for (size_t c = 0; c < classes->count; c++) {
            const bool wanted = target && !isnan(target[c]);
            if (wanted == (others == 1) || (others && shown >= SHOWN)) continue;
            wn_buffer_format(&p->plan->explain, "%s%s has %.3g%%", shown++ ? ", " : ": ", classes->names[c],
                             all > 0 ? 100 * total[c] / all : 0);
            if (wanted) wn_buffer_format(&p->plan->explain, " (wanted %.3g%%)", 100 * target[c]);
        }
    if (classes->count > shown) wn_buffer_format(&p->plan->explain, ", and %zu more", classes->count - shown);
}

static wn_status add_balance(wn_planning *p)
{
    wn_config_classes classes;
    WN_TRY(load_classes(p, &classes));
    double *target = wn_planning_keep(p, classes.count, sizeof *target);
    if (!target) return wn_planning_no_memory(p);
    for (size_t c = 0; c < classes.count; c++) target[c] = NAN;
    for (size_t i = 0; i < p->s->class_count; i++) {
        size_t c = 0;
        WN_TRY(find_class(p, &classes, p->s->classes[i].name, &c));
        target[c] = p->s->classes[i].value;
    }
    wn_objective_input *input = wn_planning_add(p, "balance");
    input->balance = (wn_balance)p->s->distribution;
    input->class_count = classes.count;
    input->target = target;
    if (classes.labels)
        input->labels = (wn_rows){classes.labels, p->rows};
    else
        input->amounts = (wn_matrix){classes.amounts, p->rows, classes.count, classes.count};
    wn_planning_explain(p);
    wn_buffer_format(&p->plan->explain, ", %s", wn_balance_names[input->balance]);
    explain_shares(p, &classes, p->s->class_count ? target : NULL);
    wn_buffer_text(&p->plan->explain, "\n");
    return WN_OK;
}

static wn_status add_quota(wn_planning *p)
{
    wn_config_classes classes;
    WN_TRY(load_classes(p, &classes));
    if (!classes.labels)
        return wn_fail(p->err, WN_INVALID, "a quota needs one class a row; %s has an amount of each",
                       wn_config_input_name(&p->s->input));
    int64_t *most = wn_planning_keep(p, classes.count, sizeof *most);
    if (!most) return wn_planning_no_memory(p);
    for (size_t c = 0; c < classes.count; c++) most[c] = p->s->most_each;
    for (size_t i = 0; i < p->s->class_count; i++) {
        size_t c = 0;
        WN_TRY(find_class(p, &classes, p->s->classes[i].name, &c));
        most[c] = (int64_t)p->s->classes[i].value;
    }
    wn_objective_input *input = wn_planning_add(p, "quota");
    input->labels = (wn_rows){classes.labels, p->rows};
    input->class_count = classes.count;
    input->most = most;
    wn_planning_explain(p);
    wn_buffer_format(&p->plan->explain, ": %zu classes\n", classes.count);
    return WN_OK;
}

static wn_status add_strategy(wn_planning *p)
{
    switch (p->s->type) {
    case WN_CONFIG_STRATEGY_DIVERSITY:
        return wn_planning_diversity(p);
    case WN_CONFIG_STRATEGY_TYPICALITY:
        return wn_planning_typicality(p);
    case WN_CONFIG_STRATEGY_SIMILARITY:
        return wn_planning_similarity(p);
    case WN_CONFIG_STRATEGY_WEIGHTS:
        return add_weights(p);
    case WN_CONFIG_STRATEGY_BALANCE:
        return add_balance(p);
    case WN_CONFIG_STRATEGY_QUOTA:
        return add_quota(p);
    default:
        return WN_OK; /* a threshold: it went first */
    }
}

/* ---- who may be picked, and how many ---- */

/* Candidates that the config names too; preselected rows of the config beside those given. */
static wn_status bound_rows(wn_planning *p, const wn_config_bounds *bounds)
{
    wn_row_list named = {0}, earlier = {0};
    wn_status status = WN_OK;
    uint8_t *roles = wn_planning_keep(p, p->rows, 1);
    p->plan->candidates = wn_planning_keep(p, p->rows, sizeof(int64_t));
    p->plan->preselected = wn_planning_keep(p, p->rows, sizeof(int64_t));
    if (!roles || !p->plan->candidates || !p->plan->preselected) return wn_planning_no_memory(p);
    memset(roles, 0, p->rows);
    if (wn_config_rows_given(&p->config->candidates))
        status = wn_config_positions(p->source, &p->config->candidates, &named, p->err);
    if (!status && wn_config_rows_given(&p->config->preselected))
        status = wn_config_positions(p->source, &p->config->preselected, &earlier, p->err);
    for (size_t i = 0; i < named.len && !status; i++) roles[named.rows[i]] |= 1;
    for (size_t i = 0; i < earlier.len && !status; i++) roles[earlier.rows[i]] |= 2;
    for (size_t i = 0; i < bounds->preselected.len && !status; i++) roles[bounds->preselected.data[i]] |= 2;
    for (size_t i = 0; i < bounds->candidates.len && !status; i++) {
        int64_t row = bounds->candidates.data[i];
        if ((!wn_config_rows_given(&p->config->candidates) || (roles[row] & 1)) && !(roles[row] & 2))
            p->plan->candidates[p->len++] = row;
    }
    size_t before = 0;
    for (size_t r = 0; r < p->rows && !status; r++)
        if (roles[r] & 2) p->plan->preselected[before++] = (int64_t)r;
    p->plan->request.preselected = (wn_rows){p->plan->preselected, before};
    wn_buffer_format(&p->plan->explain, "%zu rows: %zu may be picked, %zu count as picked already\n", p->rows, p->len,
                     before);
    wn_free(named.rows);
    wn_free(earlier.rows);
    return status;
}

static wn_status set_count(wn_planning *p, const wn_config_bounds *bounds)
{
    const wn_selection_config *config = p->config;
    wn_product_request *request = &p->plan->request;
    char text[40];
    if (bounds->count) {
        snprintf(text, sizeof text, "%s", bounds->count);
    } else if (config->proportion > 0) {
        snprintf(text, sizeof text, "%.10g%%", config->proportion * 100);
    } else if (config->n_samples == -1) {
        request->count = SIZE_MAX;
        return WN_OK;
    } else if (config->n_samples >= 0) {
        snprintf(text, sizeof text, "%lld", (long long)config->n_samples);
    } else {
        return wn_fail(p->err, WN_INVALID, "%s: how many? Give 'n_samples' or 'proportion_samples', or -n 500",
                       config->file);
    }
    if (strcmp(text, "0") == 0) return WN_OK;
    if ((p->plan->removed || p->plan->bare) && !bounds->at_most) {
        wn_error inner = {0};
        wn_status status = wn_count_parse(text, p->len, 0, false, &request->count, &inner);
        if (!status) return status;
        return wn_fail(p->err, status, "%s (thresholds removed %zu, and %zu have no object)", inner.message,
                       p->plan->removed, p->plan->bare);
    }
    return wn_count_parse(text, p->len, 0, bounds->at_most, &request->count, p->err);
}

static wn_status add_all(wn_planning *p)
{
    for (int thresholds = 1; thresholds >= 0; thresholds--)
        for (size_t i = 0; i < p->config->strategy_count; i++) {
            p->s = p->config->strategies + i;
            if ((p->s->type == WN_CONFIG_STRATEGY_THRESHOLD) != (thresholds == 1)) continue;
            WN_TRY(at_place(p, thresholds ? add_threshold(p) : add_strategy(p)));
        }
    if (p->plan->request.objective_count) return WN_OK;
    /* Thresholds alone: every row that passes is as good as another. */
    float *equal = wn_planning_keep(p, p->rows, sizeof *equal);
    if (!equal) return wn_planning_no_memory(p);
    for (size_t i = 0; i < p->rows; i++) equal[i] = 1;
    p->plan->labels[0] = "none";
    p->plan->inputs[0] = (wn_objective_input){.kind = "weights", .label = "none", .strength = 1};
    p->plan->inputs[0].values = (wn_values){equal, p->rows};
    p->plan->request.objective_count = 1;
    return WN_OK;
}

static void explain_end(wn_planning *p)
{
    char bytes[32];
    const wn_product_request *request = &p->plan->request;
    wn_text_bytes(wn_product_memory(request), bytes);
    wn_buffer_format(&p->plan->explain, "picks ");
    if (request->count == SIZE_MAX)
        wn_buffer_text(&p->plan->explain, "until an objective or the rows end it");
    else
        wn_buffer_format(&p->plan->explain, "%zu", request->count);
    wn_buffer_format(&p->plan->explain, " of %zu, one at a time: the greatest product of %zu (variant %s)\n", p->len,
                     request->objective_count, wn_variant_names[request->variant]);
    wn_buffer_format(&p->plan->explain, "memory %s beside the inputs\n", bytes);
}

wn_status wn_config_plan_make(const wn_selection_config *config, wn_config_source *source,
                              const wn_config_bounds *bounds, wn_config_plan *out, wn_error *err)
{
    wn_error own = {0};
    wn_planning p = {
        .config = config, .source = source, .plan = out, .err = err ? err : &own, .rows = source->embeddings.rows};
    source->arena = &out->arena;
    wn_buffer_init(&out->explain, WN_MEMORY_TEXT, (size_t)1 << 20);
    out->inputs = wn_arena_alloc(&out->arena, config->strategy_count + 1, sizeof *out->inputs);
    out->labels = wn_arena_alloc(&out->arena, config->strategy_count + 1, sizeof *out->labels);
    if (!out->inputs || !out->labels) return wn_planning_no_memory(&p);
    WN_TRY(bound_rows(&p, bounds));
    WN_TRY(add_all(&p));
    out->request.rows = p.rows;
    out->request.candidates = (wn_rows){out->candidates, p.len};
    out->request.objectives = out->inputs;
    out->request.variant = (wn_variant)config->variant;
    out->request.pool = source->job->pool;
    out->request.progress = source->job->progress;
    out->request.memory_limit = wn_job_memory_left(source->job);
    WN_TRY(set_count(&p, bounds));
    explain_end(&p);
    return WN_OK;
}

void wn_config_plan_clear(wn_config_plan *plan)
{
    for (size_t i = 0; i < plan->file_count + (plan->file_count < WN_CONFIG_ARRAYS_MOST); i++)
        wn_npy_close(&plan->files[i]);
    for (size_t i = 0; i < plan->array_count; i++) wn_free(plan->arrays[i]);
    wn_buffer_clear(&plan->explain);
    wn_arena_clear(&plan->arena);
    *plan = (wn_config_plan){0};
}
