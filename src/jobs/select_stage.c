/* SPDX-License-Identifier: Apache-2.0
 *
 * Selecting on the rows of a workspace. Images with the same pixels count once: only the first of them may be picked.
 */
#include "jobs/config_run.h"
#include "jobs/config_workspace.h"
#include "jobs/select_foresee.h"
#include "jobs/sequences.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "winnow/annotation_records.h"
#include "winnow/log.h"
#include "winnow/memory.h"

void wn_selecting_clear(wn_selecting *selecting)
{
    wn_free(selecting->rows.rows);
    wn_free(selecting->embeddings);
    wn_selection_clear(&selecting->selection);
    wn_pick_reasons_clear(&selecting->reasons);
    wn_free(selecting->explain);
    wn_free(selecting->config);
    wn_free(selecting->candidate_rows);
    wn_free(selecting->earlier);
    *selecting = (wn_selecting){0};
}

/* Adds rows to a sorted list, each once. */
static wn_status merge_rows(wn_row_list *list, const int64_t *more, size_t count, wn_error *err)
{
    int64_t *all = wn_alloc(WN_MEMORY_GENERAL, list->len + count, sizeof *all);
    if (!all) return wn_fail(err, WN_NOMEM, "out of memory");
    size_t a = 0, b = 0, to = 0;
    while (a < list->len || b < count) {
        int64_t next = b >= count || (a < list->len && list->rows[a] <= more[b]) ? list->rows[a] : more[b];
        if (a < list->len && list->rows[a] == next) a++;
        while (b < count && more[b] == next) b++;
        all[to++] = next;
    }
    wn_free(list->rows);
    list->rows = all;
    list->len = to;
    return WN_OK;
}

/* Scratch of one selection. */
typedef struct choosing {
    const wn_job *job;
    wn_workspace *workspace;
    wn_row_list own; /* rows of the roots */
    uint8_t *repeats;
    int64_t *earlier, *candidates; /* positions in the merged list */
    size_t earlier_count;
    void *params;
    float *scores; /* of the rows, for strategies that need some */
} choosing;

static wn_status collect_rows(choosing *choose, const wn_select_options *options, const wn_roots *roots,
                              const wn_row_list *given, wn_selecting *out, wn_error *err)
{
    wn_status status;
    wn_row_list tagged = {0};
    if ((status = wn_rows_load(choose->workspace, roots, &choose->own, err))) return status;
    if ((status = wn_find_repeats(choose->workspace, &choose->own, &choose->repeats, &out->repeats, err)))
        return status;
    if (options->keep_duplicates) memset(choose->repeats, 0, choose->own.len);
    if (!given && options->except_tag &&
        (status = wn_tag_get(choose->workspace, options->except_tag, &tagged.rows, &tagged.len, err)))
        return status;
    const wn_row_list earlier = given ? *given : tagged;
    status = merge_rows(&out->rows, choose->own.rows, choose->own.len, err);
    if (!status && earlier.len) status = merge_rows(&out->rows, earlier.rows, earlier.len, err);

    choose->earlier = wn_alloc(WN_MEMORY_SELECTION, earlier.len, sizeof *choose->earlier);
    choose->candidates = wn_alloc(WN_MEMORY_SELECTION, choose->own.len, sizeof *choose->candidates);
    if (!status && (!choose->earlier || !choose->candidates)) status = wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < earlier.len && !status; i++)
        choose->earlier[choose->earlier_count++] = (int64_t)wn_rows_find(&out->rows, earlier.rows[i]);
    for (size_t i = 0; i < choose->own.len && !status; i++)
        if (!choose->repeats[i] && choose->own.rows[i] >= options->first_row &&
            wn_rows_find(&earlier, choose->own.rows[i]) == SIZE_MAX)
            choose->candidates[out->candidates++] = (int64_t)wn_rows_find(&out->rows, choose->own.rows[i]);
    wn_free(tagged.rows);
    return status;
}

static wn_status load_embeddings(choosing *choose, const wn_embedded *embedded, wn_selecting *out, wn_error *err)
{
    void *values = NULL;
    out->dim = (size_t)embedded->dim;
    WN_TRY(wn_job_plan(choose->job, "loading embeddings", (uint64_t)out->rows.len * out->dim * sizeof(float), err));
    WN_TRY(wn_rows_gather(choose->workspace, embedded->column, &out->rows, &values, err));
    out->embeddings = values;
    return WN_OK;
}

static wn_status copy_text(const char *text, char **out, wn_error *err)
{
    *out = wn_text_copy(text);
    return *out ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
}

/* Picks by a selection config. */
static wn_status choose_by_config(choosing *choose, const wn_select_options *options, const wn_roots *roots,
                                  const wn_embedded *embedded, wn_selecting *out, wn_error *err)
{
    const wn_job *job = choose->job;
    wn_config_workspace from = {choose->workspace, &out->rows, roots, embedded->column, embedded->model};
    wn_config_source source = {.job = job, .embeddings = {out->embeddings, out->rows.len, out->dim, out->dim}};
    wn_config_bounds bounds = {.candidates = {choose->candidates, out->candidates},
                               .preselected = {choose->earlier, choose->earlier_count},
                               .count = options->count,
                               .at_most = options->at_most};
    wn_config_plan plan = {0};
    out->strategy = wn_strategy_find("coral");
    wn_config_source_workspace(&source, &from);
    wn_status status = wn_config_plan_make(options->config, &source, &bounds, &plan, err);
    if (!status) status = copy_text(plan.explain.data, &out->explain, err);
    if (!status) status = copy_text(options->config->text, &out->config, err);
    if (!status) out->count = plan.request.count;
    if (!status) status = wn_job_plan(job, "selecting", wn_product_memory(&plan.request), err);
    if (!status && !options->explain)
        status = wn_config_run(job, &plan, &source.embeddings, &out->selection, &out->reasons, err);
    wn_config_plan_clear(&plan);
    return status;
}

static wn_status say_by_what(wn_workspace *workspace, const char *strategy, wn_error *err)
{
    wn_annotation_set_record *set = NULL;
    WN_TRY(wn_annotation_set_find(workspace, WN_ROLE_PREDICTIONS, NULL, &set, err));
    wn_log(
        WN_LOG_INFO,
        "%s picks, by the uncertainty_margin of the newest predictions, '%s'; --strategy and --config choose otherwise",
        strategy, set->name);
    wn_free(set);
    return WN_OK;
}

/* Prepares the strategy named, or the default one, with the scores that it needs. */
static wn_status prepare_named(choosing *choose, const char *name, const char *const *settings, wn_selecting *out,
                               wn_error *err)
{
    const wn_rows rows = {out->rows.rows, out->rows.len}, candidates = {choose->candidates, out->candidates};
    const char *chosen = name;
    if (!name) WN_TRY(wn_default_strategy(choose->workspace, settings, &chosen, err));
    WN_TRY(wn_job_prepare_strategy(chosen, settings, &out->strategy, &choose->params, err));
    if (!(out->strategy->needs & WN_STRATEGY_SCORES)) return WN_OK;
    WN_TRY(wn_predicted_scores(choose->workspace, rows, candidates, &choose->scores, err));
    if (choose->scores) {
        return name ? WN_OK : say_by_what(choose->workspace, chosen, err);
    }
    if (name)
        return wn_fail(err, WN_INVALID,
                       "the strategy %s needs predictions of the images; 'winnow import DIR --as predictions' brings "
                       "them into the workspace",
                       name);
    wn_free(choose->params);
    wn_log(WN_LOG_INFO, "no candidate has predictions, so " WN_UNPREDICTED_STRATEGY " picks");
    return wn_job_prepare_strategy(WN_UNPREDICTED_STRATEGY, settings, &out->strategy, &choose->params, err);
}

static wn_status choose_by_strategy(choosing *choose, const wn_select_options *options, wn_selecting *out,
                                    wn_error *err)
{
    const wn_job *job = choose->job;
    const char *name = options->strategy, *const *settings = options->settings;
    if (options->config) { /* it names one */
        name = options->config->plugin;
        settings = options->config->settings;
        WN_TRY(copy_text(options->config->text, &out->config, err));
    }
    WN_TRY(prepare_named(choose, name, settings, out, err));
    WN_TRY(wn_count_parse(options->count, out->candidates, options->keep_duplicates ? 0 : out->repeats,
                          options->at_most, &out->count, err));
    wn_selection_request request = {
        .embeddings = {out->embeddings, out->rows.len, out->dim, out->dim},
        .count = out->count,
        .preselected = {choose->earlier, choose->earlier_count},
        .candidates = {choose->candidates, out->candidates},
        .scores = {choose->scores, choose->scores ? out->rows.len : 0, 1, 1},
        .seed = job->seed,
        .memory_limit = wn_job_memory_left(job),
        .pool = job->pool,
        .progress = job->progress,
    };
    uint64_t bytes = wn_select_memory(out->strategy, choose->params, &request);
    WN_TRY(wn_job_plan(job, "selecting", bytes, err));
    if (options->explain) return wn_explain_strategy(out->strategy, &request, bytes, &out->explain, err);
    WN_TRY(wn_select(out->strategy, choose->params, &request, &out->selection, err));
    return wn_reasons_of(job, &request.embeddings, request.preselected, &out->selection, &out->reasons, err);
}

/* Runs of frames in the place of rows: their mean embeddings, then those of the rows picked before. */
static wn_status choose_sequences(choosing *choose, const wn_select_options *options, wn_selecting *out, wn_error *err)
{
    const wn_job *job = choose->job;
    size_t length = (size_t)options->sequence_length, before = choose->earlier_count, dim = out->dim;
    wn_matrix rows = {out->embeddings, out->rows.len, dim, dim};
    wn_sequences runs = {0};
    WN_TRY(wn_job_prepare_strategy(options->strategy, options->settings, &out->strategy, &choose->params, err));
    WN_TRY(wn_count_parse(options->count, out->candidates, out->repeats, options->at_most, &out->count, err));
    if (out->count % length && !options->at_most && !strchr(options->count, '%'))
        return wn_fail(err, WN_INVALID, "-n %s is no multiple of --sequence-length %zu", options->count, length);
    WN_TRY(wn_sequences_make(choose->workspace, &out->rows, &rows, (wn_rows){choose->candidates, out->candidates},
                             length, &runs, err));
    wn_status status = WN_OK;
    size_t wanted = out->count / length;
    if (options->at_most && wanted > runs.count) wanted = runs.count;
    if (wanted > runs.count)
        status = wn_fail(err, WN_INVALID,
                         "%zu runs of %zu were asked for, but there are %zu (%zu images at ends of folders fill none); "
                         "ask for fewer, or add --at-most",
                         wanted, length, runs.count, runs.left_out);
    float *vectors = wn_alloc(WN_MEMORY_SELECTION, (runs.count + before) * dim, sizeof *vectors);
    int64_t *list = wn_alloc(WN_MEMORY_SELECTION, runs.count + before, sizeof *list);
    if (!status && (!vectors || !list)) status = wn_fail(err, WN_NOMEM, "no memory for %zu runs", runs.count);
    if (!status && runs.count) memcpy(vectors, runs.embeddings, runs.count * dim * sizeof *vectors);
    for (size_t i = 0; i < before && !status; i++)
        memcpy(vectors + (runs.count + i) * dim, wn_matrix_row(&rows, (size_t)choose->earlier[i]),
               dim * sizeof *vectors);
    for (size_t i = 0; i < runs.count + before && !status; i++) list[i] = (int64_t)i;
    wn_selection_request request = {.embeddings = {vectors, runs.count + before, dim, dim},
                                    .count = wanted,
                                    .preselected = {list ? list + runs.count : NULL, before},
                                    .candidates = {list, runs.count},
                                    .seed = job->seed,
                                    .memory_limit = wn_job_memory_left(job),
                                    .pool = job->pool,
                                    .progress = job->progress};
    if (!status) status = wn_select(out->strategy, choose->params, &request, &out->selection, err);
    if (!status) status = wn_sequences_expand(&runs, &out->selection, err);
    if (!status)
        status = wn_reasons_of(job, &rows, (wn_rows){choose->earlier, before}, &out->selection, &out->reasons, err);
    out->count = wanted * length;
    wn_free(list);
    wn_free(vectors);
    wn_sequences_clear(&runs);
    return status;
}

/* For a strategy that a config names: candidates that it names too, and what it says is picked already. */
static wn_status narrow(choosing *choose, const wn_selection_config *config, const wn_roots *roots, wn_selecting *out,
                        wn_error *err)
{
    wn_config_workspace from = {choose->workspace, &out->rows, roots, NULL, NULL};
    wn_config_source source = {.job = choose->job, .embeddings = {out->embeddings, out->rows.len, out->dim, out->dim}};
    wn_row_list named = {0}, earlier = {0};
    size_t kept = 0;
    enum { NAMED = 1, EARLIER = 2 };
    uint8_t *roles = wn_calloc(WN_MEMORY_SELECTION, out->rows.len, 1);
    int64_t *before = wn_alloc(WN_MEMORY_SELECTION, out->rows.len + choose->earlier_count, sizeof *before);
    wn_status status = roles && before ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
    bool narrowed = wn_config_rows_given(&config->candidates);
    wn_config_source_workspace(&source, &from);
    if (!status && narrowed) status = wn_config_positions(&source, &config->candidates, &named, err);
    if (!status && wn_config_rows_given(&config->preselected))
        status = wn_config_positions(&source, &config->preselected, &earlier, err);
    for (size_t i = 0; i < named.len && !status; i++) roles[named.rows[i]] |= NAMED;
    for (size_t i = 0; i < earlier.len && !status; i++) roles[earlier.rows[i]] |= EARLIER;
    for (size_t i = 0; i < out->candidates && !status; i++) {
        uint8_t role = roles[choose->candidates[i]];
        if ((!narrowed || (role & NAMED)) && !(role & EARLIER)) choose->candidates[kept++] = choose->candidates[i];
    }
    if (!status) {
        out->candidates = kept;
        for (size_t i = 0; i < choose->earlier_count; i++) before[i] = choose->earlier[i];
        for (size_t i = 0; i < earlier.len; i++) before[choose->earlier_count++] = earlier.rows[i];
        wn_free(choose->earlier);
        choose->earlier = before;
        before = NULL;
    }
    wn_free(before);
    wn_free(roles);
    wn_free(named.rows);
    wn_free(earlier.rows);
    return status;
}

/* In a dry run: what is lacking, and which strategy would pick. */
static wn_status foresee(choosing *choose, const wn_select_options *options, const wn_embedded *embedded,
                         wn_selecting *out, wn_error *err)
{
    const wn_selection_config *config = options->config;
    out->dim = (size_t)embedded->dim;
    WN_TRY(wn_selecting_foresee(choose->workspace, options, embedded, out, err));
    if (!out->unready) return WN_OK;
    if (config && !config->plugin) {
        out->strategy = wn_strategy_find("coral");
        return WN_OK;
    }
    if (options->sequence_length > 1)
        return wn_job_prepare_strategy(options->strategy, options->settings, &out->strategy, &choose->params, err);
    return prepare_named(choose, config ? config->plugin : options->strategy,
                         config ? config->settings : options->settings, out, err);
}

static wn_status choose_rows(choosing *choose, const wn_select_options *options, const wn_roots *roots,
                             const wn_row_list *earlier, const wn_embedded *embedded, wn_selecting *out, wn_error *err)
{
    wn_select_options named = *options;
    char count[32];
    if (options->config && options->config->plugin && !options->count)
        WN_TRY(wn_config_count(options->config, count, sizeof count, &named.count, err));
    if (options->sequence_length > 1 && (options->config || options->explain))
        return wn_fail(err, WN_UNSUPPORTED, "--sequence-length goes with a strategy, not with --config or --explain");
    WN_TRY(collect_rows(choose, options, roots, earlier, out, err));
    if (choose->job->dry_run) WN_TRY(foresee(choose, &named, embedded, out, err));
    if (out->unready) return WN_OK;
    WN_TRY(load_embeddings(choose, embedded, out, err));
    if (options->sequence_length > 1) return choose_sequences(choose, options, out, err);
    if (options->config && !options->config->plugin)
        return choose_by_config(choose, options, roots, embedded, out, err);
    if (options->config) WN_TRY(narrow(choose, options->config, roots, out, err));
    return choose_by_strategy(choose, &named, out, err);
}

wn_status wn_stage_select(const wn_job *job, wn_workspace *workspace, const wn_select_options *options,
                          const wn_roots *roots, const wn_row_list *earlier, const wn_embedded *embedded,
                          wn_selecting *out, wn_error *err)
{
    choosing choose = {.job = job, .workspace = workspace};
    *out = (wn_selecting){0};
    wn_status status = choose_rows(&choose, options, roots, earlier, embedded, out, err);
    wn_free(choose.own.rows);
    wn_free(choose.repeats);
    out->earlier = choose.earlier;
    out->earlier_count = choose.earlier_count;
    out->candidate_rows = choose.candidates;
    wn_free(choose.params);
    wn_free(choose.scores);
    if (status) wn_selecting_clear(out);
    return status;
}

wn_status wn_selecting_store(wn_workspace *workspace, const wn_selecting *selecting, const char *tag, int64_t run,
                             int64_t seed, int64_t *id, wn_error *err)
{
    const wn_selection *selection = &selecting->selection;
    wn_pick *picks = wn_alloc(WN_MEMORY_SELECTION, selection->len, sizeof *picks);
    if (!picks) return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < selection->len; i++) {
        float distance = selection->distances[i];
        picks[i] = (wn_pick){.row = selecting->rows.rows[selection->picks[i]],
                             .distance = isfinite(distance) ? distance : NAN,
                             .score = NAN};
    }
    wn_selection_record record = {.tag = tag,
                                  .run = run,
                                  .strategy = selecting->strategy->name,
                                  .k = selecting->count == SIZE_MAX ? -1 : (int64_t)selecting->count,
                                  .seed = seed,
                                  .config = selecting->config};
    wn_status status = wn_selection_add(workspace, &record, picks, selection->len, id, err);
    wn_free(picks);
    return status ? status : wn_reasons_store(workspace, *id, selecting, err);
}
