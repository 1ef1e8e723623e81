/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of a config against what the workspace knows. Only lists of names are read, no values.
 */
#include "jobs/config_names.h"

#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "winnow/annotation_records.h"
#include "winnow/memory.h"
#include "winnow/npy.h"

typedef struct naming {
    wn_workspace *workspace; /* NULL = none yet */
    const wn_selection_config *config;
    const wn_config_strategy *s; /* now; NULL = the top level */
    wn_error *err;
} naming;

static wn_status fail_at(const naming *n, const char *key, wn_status status, const char *format, ...) WN_PRINTF(4, 5);

/* "FILE:LINE: strategies[2].input.key: message". */
static wn_status fail_at(const naming *n, const char *key, wn_status status, const char *format, ...)
{
    char message[400];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (!n->s) return wn_fail(n->err, status, "%s: %s: %s", n->config->file, key, message);
    return wn_fail(n->err, status, "%s:%zu: %s.%s: %s", n->config->file, n->s->line, n->s->place, key, message);
}

/* The word must be one of `words` (NULL-terminated); `what` says of what kind it is, `remedy` how to get more. */
static wn_status find_word(const naming *n, const char *key, const char *what, const char *word,
                           const char *const *words, const char *remedy)
{
    char all[140] = "";
    for (size_t i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0) return WN_OK;
    const char *near = wn_nearest_word(word, words);
    if (near) return fail_at(n, key, WN_NOTFOUND, "there is no %s '%s'; did you mean '%s'?", what, word, near);
    for (size_t i = 0; words[i] && i < 8; i++) {
        size_t len = strlen(all);
        snprintf(all + len, sizeof all - len, "%s%s", i ? ", " : "; there is ", words[i]);
    }
    return fail_at(n, key, WN_NOTFOUND, "there is no %s '%s'%s%s%s", what, word, all, *remedy ? "; " : "", remedy);
}

static const char **new_words(const naming *n, size_t count)
{
    const char **words = wn_calloc(WN_MEMORY_TEXT, count + 1, sizeof *words);
    if (!words) (void)wn_fail(n->err, WN_NOMEM, "out of memory");
    return words;
}

/* ---- files, tags, lists ---- */

static wn_status check_array(const naming *n, const char *key, const char *path)
{
    wn_npy *npy = NULL;
    wn_error inner = {0};
    if (!path) return WN_OK;
    wn_status status = wn_npy_open(path, &npy, &inner);
    wn_npy_close(&npy);
    return status ? fail_at(n, key, status, "%s", inner.message) : WN_OK;
}

static wn_status check_tag(const naming *n, const char *key, const char *tag)
{
    wn_tag_record *tags = NULL;
    size_t count = 0;
    if (n->workspace) WN_TRY(wn_tag_list(n->workspace, &tags, &count, n->err));
    const char **words = new_words(n, count);
    for (size_t i = 0; words && i < count; i++) words[i] = tags[i].name;
    wn_status status = words ? find_word(n, key, "tag", tag, words, "'winnow tag' makes some") : WN_NOMEM;
    wn_free(words);
    wn_free(tags);
    return status;
}

static wn_status check_rows(const naming *n, const char *key, const wn_config_rows *rows)
{
    if (rows->tag) return check_tag(n, key, rows->tag);
    if (rows->list && !wn_file_exists(rows->list))
        return fail_at(n, key, WN_NOTFOUND, "there is no file '%s'", rows->list);
    return check_array(n, key, rows->array);
}

/* ---- tasks ---- */

const wn_config_auto_task *wn_config_find_auto_task(const wn_selection_config *config, const char *name)
{
    for (size_t i = 0; i < config->auto_task_count; i++)
        if (strcmp(config->auto_tasks[i].name, name) == 0) return &config->auto_tasks[i];
    return NULL;
}

/* The set of that name, else NULL in *out and the message. With `labels` the labels of that name will do too, and so
 * would an automatic task. */
static wn_status find_task(const naming *n, const char *task, bool labels, wn_annotation_set_record **out)
{
    const char *remedy = labels ? "'winnow import PATH' brings boxes, and 'auto_tasks' of the config makes some"
                                : "'winnow import PATH --as predictions' brings some";
    wn_annotation_set_record *sets = NULL;
    size_t count = 0, known = 0;
    *out = NULL;
    if (n->workspace) WN_TRY(wn_annotation_set_list(n->workspace, &sets, &count, n->err));
    const char **words = new_words(n, count + n->config->auto_task_count);
    for (size_t i = 0; words && i < count; i++)
        if (labels || sets[i].role == WN_ROLE_PREDICTIONS) words[known++] = sets[i].name;
    for (size_t i = 0; words && labels && i < n->config->auto_task_count; i++)
        words[known++] = n->config->auto_tasks[i].name;
    wn_status status = words ? WN_OK : WN_NOMEM;
    if (!status && task)
        status = find_word(n, "input.task", "task", task, words, remedy);
    else if (!status && !known)
        status = fail_at(n, "input", WN_NOTFOUND, "there are no predictions; %s", remedy);
    wn_free(words);
    wn_free(sets);
    if (status) return status;
    wn_error ignored;
    if (wn_annotation_set_find(n->workspace, WN_ROLE_PREDICTIONS, task, out, &ignored) == WN_OK) return WN_OK;
    return wn_annotation_set_find(n->workspace, WN_ROLE_LABELS, task, out, n->err);
}

static wn_status check_objects(const naming *n)
{
    wn_annotation_set_record *set = NULL;
    const char *task = n->s->input.task;
    if (!task || n->s->input.array || wn_config_find_auto_task(n->config, task)) return WN_OK;
    WN_TRY(find_task(n, task, true, &set));
    const bool boxes = set->task != WN_TASK_CLASSIFICATION;
    wn_free(set);
    return boxes ? WN_OK
                 : fail_at(n, "input.task", WN_INVALID, "'%s' has no boxes, and objects are what boxes mark", task);
}

static wn_status check_score(const naming *n)
{
    wn_annotation_set_record *set = NULL;
    wn_error inner = {0};
    float none = 0;
    WN_TRY(find_task(n, n->s->input.task, false, &set));
    wn_free(set);
    wn_status status = wn_scores_load(n->workspace, n->s->input.task, n->s->input.score, (wn_rows){0}, &none, &inner);
    return status ? fail_at(n, "input.score", status, "%s", inner.message) : WN_OK;
}

/* ---- classes ---- */

static wn_status check_classes(const naming *n, const char *const *words)
{
    const wn_config_input *input = &n->s->input;
    for (size_t i = 0; i < input->category_count; i++)
        WN_TRY(find_word(n, "input.categories", "class", input->categories[i], words, ""));
    for (size_t i = 0; i < n->s->class_count; i++)
        WN_TRY(find_word(n, n->s->type == WN_CONFIG_STRATEGY_QUOTA ? "strategy.max" : "strategy.target", "class",
                         n->s->classes[i].name, words, ""));
    return WN_OK;
}

static wn_status check_predictions(const naming *n)
{
    wn_annotation_set_record *set = NULL;
    wn_annotation_category *categories = NULL;
    size_t count = 0;
    WN_TRY(find_task(n, n->s->input.task, false, &set));
    wn_status status = wn_annotation_set_categories(n->workspace, set->id, &categories, &count, n->err);
    const char **words = status ? NULL : new_words(n, count);
    for (size_t i = 0; words && i < count; i++) words[i] = categories[i].name;
    if (!status) status = words ? check_classes(n, words) : WN_NOMEM;
    wn_free(words);
    wn_free(categories);
    wn_free(set);
    return status;
}

/* ---- metadata ---- */

static wn_status check_field(const naming *n, const wn_metadata_record *field)
{
    const char **list = NULL, **words;
    size_t count = 0;
    const bool mixes = n->s->type == WN_CONFIG_STRATEGY_BALANCE || n->s->type == WN_CONFIG_STRATEGY_QUOTA;
    if (!mixes && !field->numeric)
        return fail_at(n, "input.key", WN_INVALID, "the metadata '%s' are words, and %s needs numbers", field->name,
                       wn_config_strategy_names[n->s->type]);
    if (!mixes || field->numeric) return WN_OK; /* which numbers there are is known when all images are */
    WN_TRY(wn_annotation_set_list_words(n->workspace, field->set, field->name, &list, &count, n->err));
    wn_status status = (words = new_words(n, count)) ? WN_OK : WN_NOMEM;
    for (size_t i = 0; words && i < count; i++) words[i] = list[i];
    if (!status) status = check_classes(n, words);
    wn_free(words);
    wn_free(list);
    return status;
}

static wn_status check_metadata(const naming *n)
{
    wn_metadata_record *fields = NULL;
    size_t count = 0, facts = 0;
    const char *key = n->s->input.key;
    while (wn_metadata_fact_at(facts)) facts++;
    if (n->workspace) WN_TRY(wn_metadata_list(n->workspace, &fields, &count, n->err));
    const char **words = new_words(n, count + facts);
    for (size_t i = 0; words && i < count; i++) words[i] = fields[i].name;
    for (size_t i = 0; words && i < facts; i++) words[count + i] = wn_metadata_fact_at(i);
    wn_status status =
        words ? find_word(n, "input.key", "metadata", key, words, "'winnow import PATH --as metadata' adds fields")
              : WN_NOMEM;
    const wn_metadata_record *field = NULL;
    for (size_t i = 0; i < count && !field; i++)
        if (strcmp(fields[i].name, key) == 0) field = &fields[i];
    if (!status && field) status = check_field(n, field);
    wn_free(words);
    wn_free(fields);
    return status;
}

/* ---- all ---- */

static wn_status check_strategy(const naming *n)
{
    const wn_config_input *input = &n->s->input;
    WN_TRY(check_array(n, "input.array", input->array));
    WN_TRY(check_array(n, "input.owners", input->owners));
    WN_TRY(check_rows(n, "input.query", &input->query));
    WN_TRY(check_rows(n, "input.negative", &input->negative));
    if (input->array) return WN_OK;
    switch (input->type) {
    case WN_CONFIG_INPUT_EMBEDDINGS:
        return check_objects(n);
    case WN_CONFIG_INPUT_SCORES:
        return check_score(n);
    case WN_CONFIG_INPUT_METADATA:
        return check_metadata(n);
    case WN_CONFIG_INPUT_PREDICTIONS:
        return check_predictions(n);
    default:
        return WN_OK;
    }
}

static wn_status check_plugin(const naming *n)
{
    const wn_strategy *strategy;
    void *params = NULL;
    wn_error inner = {0};
    if (!n->config->plugin) return WN_OK;
    wn_status status = wn_job_prepare_strategy(n->config->plugin, n->config->settings, &strategy, &params, &inner);
    wn_free(params);
    return status ? fail_at(n, "strategy", status, "%s", inner.message) : WN_OK;
}

wn_status wn_config_check_names(wn_workspace *workspace, const wn_selection_config *config, wn_error *err)
{
    wn_error own = {0};
    naming n = {.workspace = workspace, .config = config, .err = err ? err : &own};
    WN_TRY(check_rows(&n, "candidates", &config->candidates));
    WN_TRY(check_rows(&n, "preselected", &config->preselected));
    WN_TRY(check_plugin(&n));
    for (size_t i = 0; i < config->strategy_count; i++) {
        n.s = config->strategies + i;
        WN_TRY(check_strategy(&n));
    }
    return WN_OK;
}

wn_status wn_config_check_names_early(const wn_job *job, const char *path, const char *const *paths, size_t path_count,
                                      const wn_selection_config *config, wn_error *err)
{
    wn_workspace *workspace = NULL;
    char *found = NULL;
    wn_status status = wn_job_open_workspace(job, path, paths, path_count, WN_WORKSPACE_READ, &workspace, &found, err);
    wn_free(found);
    if (status && status != WN_NOTFOUND) return status;
    status = wn_config_check_names(workspace, config, err);
    wn_workspace_close(&workspace);
    return status;
}
