/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow score: how uncertain predictions are, on arrays.
 */
#include <stdio.h>
#include <string.h>

#include "../human.h"
#include "../job_setup.h"
#include "../terminal.h"
#include "winnow/memory.h"
#include "winnow/npy.h"
#include "winnow/scorer.h"

typedef struct score_params {
    const char *probabilities, *score, *labels, *out;
    double temperature;
} score_params;

#define AT(field) offsetof(score_params, field)

static const wn_option options[] = {
    {WN_OPTION_TEXT, "probabilities", "N x classes, or one column for two classes", AT(probabilities), 0, 0, NULL, NULL,
     "P.npy", 0},
    {WN_OPTION_TEXT, "score",
     "what to compute: an uncertainty of one array, or a disagreement of several, as named above", AT(score), 0, 0,
     "entropy", NULL, "NAME", 0},
    {WN_OPTION_REAL, "temperature", "divides the logarithms of the probabilities first", AT(temperature), 0.01, 100,
     "1", NULL, "T", 0},
    {WN_OPTION_TEXT, "labels", "labels, negative = none: fit the temperature to them", AT(labels), 0, 0, NULL, NULL,
     "L.npy", 0},
    {WN_OPTION_TEXT, "out", "one number a row, more = more uncertain (float32)", AT(out), 0, 0, NULL, NULL, "S.npy", 0},
    {0},
};

static const char *const examples[] = {
    "winnow score --probabilities p.npy --score entropy --out s.npy",
    "the entropy of each row, 0 = certain, 1 = all classes alike",
    "winnow score --probabilities p.npy --labels l.npy --score margin --out s.npy",
    "with probabilities calibrated on the rows that have a label",
    "winnow score a.npy b.npy c.npy --score vote-entropy --out s.npy",
    "how much three models, or three flipped views, disagree",
    NULL,
};

typedef struct arrays {
    wn_npy **files; /* of the models, then of the labels */
    wn_matrix *models;
    size_t count;
    wn_npy *labels_file;
    wn_rows labels;
    float *scores;
    wn_temperature fit;
    bool fitted;
    size_t unusable;
} arrays;

static void clear_arrays(arrays *all)
{
    for (size_t i = 0; all->files && i < all->count; i++) wn_npy_close(&all->files[i]);
    wn_npy_close(&all->labels_file);
    wn_free(all->files);
    wn_free(all->models);
    wn_free(all->scores);
}

static wn_status open_arrays(session *run, const score_params *params, arrays *all, wn_error *err)
{
    wn_status status = WN_OK;
    all->count = run->path_count + (params->probabilities != NULL);
    all->files = wn_calloc(WN_MEMORY_GENERAL, all->count, sizeof *all->files);
    all->models = wn_calloc(WN_MEMORY_GENERAL, all->count, sizeof *all->models);
    if (!all->files || !all->models) return command_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < all->count && !status; i++) {
        bool first = params->probabilities && i == 0;
        const char *path = first ? params->probabilities : run->paths[i - (params->probabilities != NULL)];
        if (!(status = wn_npy_open(path, &all->files[i], err)))
            status = wn_npy_get_shape(all->files[i])->dims == 2 ? wn_npy_matrix(all->files[i], &all->models[i], err)
                                                                : wn_npy_vector(all->files[i], &all->models[i], err);
    }
    if (!status && params->labels) {
        if (!(status = wn_npy_open(params->labels, &all->labels_file, err)))
            status = wn_npy_labels(all->labels_file, &all->labels, err);
        if (!status && all->labels.len != all->models[0].rows)
            return command_fail(err, WN_INVALID, "'%s' has %zu labels for %zu rows", params->labels, all->labels.len,
                                all->models[0].rows);
    }
    if (status) return status;
    all->scores = wn_alloc(WN_MEMORY_GENERAL, all->models[0].rows, sizeof *all->scores);
    return all->scores ? WN_OK : command_fail(err, WN_NOMEM, "out of memory");
}

/* Which of the measures of several arrays; WN_DISAGREEMENT_COUNT = none. */
static wn_disagreement find_measure(const char *name)
{
    int i = 0;
    while (i < WN_DISAGREEMENT_COUNT && strcmp(wn_disagreement_names[i], name) != 0) i++;
    return (wn_disagreement)i;
}

static wn_status no_such_score(session *run, const char *name, wn_error *err)
{
    const char *names[16 + WN_DISAGREEMENT_COUNT] = {"least-confidence", "margin", "ratio", "entropy"};
    for (size_t i = 0; i < WN_DISAGREEMENT_COUNT; i++) names[4 + i] = wn_disagreement_names[i];
    const char *near = wn_nearest_word(name, names);
    return command_usage_error(run, err, "there is no score '%s' of probabilities%s%s%s", name,
                               near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static wn_status compute(session *run, const score_params *params, arrays *all, wn_error *err)
{
    const wn_scorer *scorer = wn_scorer_find(params->score);
    wn_disagreement measure = find_measure(params->score);
    if (measure != WN_DISAGREEMENT_COUNT)
        return wn_disagreement_score(measure, all->models, all->count, run->pool, all->scores, err);
    if (!scorer || !scorer->value) return no_such_score(run, params->score, err);
    if (all->count != 1)
        return command_usage_error(run, err, "'%s' is a score of one array; %zu are named", params->score, all->count);
    double temperature = params->temperature;
    if (params->labels) {
        wn_status status = wn_temperature_fit(&all->models[0], all->labels.data, false, run->pool, &all->fit, err);
        if (status) return status;
        temperature = all->fit.temperature;
        all->fitted = true;
    }
    return wn_score_probabilities(scorer, &all->models[0], temperature, run->pool, all->scores, &all->unusable, err);
}

static wn_status report(session *run, const score_params *params, const arrays *all, wn_error *err)
{
    double sum = 0;
    char count[32];
    size_t rows = all->models[0].rows;
    for (size_t i = 0; i < rows; i++) sum += (double)all->scores[i];
    double mean = rows ? sum / (double)rows : 0;
    if (all->fitted)
        terminal_say(run->terminal, "  calibrated  temperature %.4g on %s labels (loss %.4g -> %.4g)",
                     all->fit.temperature, human_count(all->fit.rows, count), all->fit.loss_before,
                     all->fit.loss_after);
    terminal_say(run->terminal, "  scored      %s rows by %s, mean %.4g", human_count(rows, count), params->score,
                 mean);
    if (all->unusable)
        terminal_say(run->terminal, "  unusable    %s rows hold NaN, a negative number or no mass; they got 0",
                     human_count(all->unusable, count));
    if (!run->common.json) return WN_OK;
    return json_print(json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "rows", json_count(rows), "classes",
                                json_count(all->models[0].cols), "models", json_count(all->count), "score",
                                params->score, "mean", json_figure(mean), "unusable", json_count(all->unusable),
                                "temperature", all->fitted ? json_figure(all->fit.temperature) : json_null(),
                                "peak_memory_bytes", json_peak_memory()),
                      err);
}

static wn_status run_score(session *run, wn_error *err)
{
    const score_params *params = run->params;
    arrays all = {0};
    if (!params->probabilities && run->path_count == 0)
        return command_usage_error(run, err, "name --probabilities P.npy");
    if (!params->out && !run->common.json && !run->common.dry_run)
        return command_usage_error(run, err, "name --out S.npy");
    wn_status status = open_arrays(run, params, &all, err);
    if (!status) status = compute(run, params, &all, err);
    if (!status && params->out && !run->common.dry_run)
        status = wn_npy_write_floats(params->out, all.scores, all.models[0].rows, err);
    if (!status) status = report(run, params, &all, err);
    clear_arrays(&all);
    return status;
}

const command command_score = {
    .name = "score",
    .summary = "how uncertain predictions are",
    .usage = "--probabilities P.npy [MORE.npy...] [--score NAME] --out S.npy [OPTIONS]",
    .details =
        "Scores each row of class probabilities; 0 = certain, 1 = all classes alike. Rows are divided by their sum; a "
        "single column p is read as (p, 1 - p); rows with NaN or without mass get 0 and are counted.\n\n"
        "Scores of one array: least-confidence, margin, ratio, entropy.\n\n"
        "Several arrays are several models, or flipped views, of the same rows: the score then says how much they "
        "disagree: vote-entropy, consensus-entropy, mutual-information, kl-to-mean, variation-ratio; change and flip "
        "compare an old with a new model.\n\n"
        "Predictions in a workspace get their scores when they are imported.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(score_params),
    .flags = COMMAND_WRITES,
    .most_paths = 64,
    .run = run_score,
};
