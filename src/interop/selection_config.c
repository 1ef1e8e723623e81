/* SPDX-License-Identifier: Apache-2.0
 *
 * The selection config: which keys it has. Names and meanings are those of the selection configs of LightlyOne, so that
 * an existing one works as it is; keys of winnow stand beside them.
 */
#include "winnow/selection_config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "interop/selection_auto_tasks.h"
#include "winnow/memory.h"

enum { STRATEGIES_MOST = 64, CLASSES_MOST = 65535 };
static const size_t LARGEST = (size_t)16 << 20;

#define X(name) #name,
const char *const wn_config_input_names[WN_CONFIG_INPUT_COUNT + 1] = {WN_CONFIG_INPUT_MAP(X) NULL};
const char *const wn_config_strategy_names[WN_CONFIG_STRATEGY_COUNT + 1] = {WN_CONFIG_STRATEGY_MAP(X) NULL};
#undef X

static const char *const prediction_names[] = {"CLASS_DISTRIBUTION", "CATEGORY_COUNT", NULL};
static const char *const operation_names[] = {"SMALLER", "SMALLER_EQUAL", "BIGGER", "BIGGER_EQUAL", NULL};
static const char *const distribution_names[] = {"TARGET", "UNIFORM", "INPUT", NULL};

/* The config with its storage. */
typedef struct stored {
    wn_selection_config config;
    wn_arena arena;
} stored;

static void *new_items(wn_config_reading *reading, size_t count, size_t size)
{
    void *items = wn_arena_alloc(reading->arena, count + 1, size);
    if (items) memset(items, 0, (count + 1) * size);
    return items;
}

/* ---- sets of rows ---- */

static const wn_config_key rows_keys[] = {
    {WN_CONFIG_TEXT, "tag", offsetof(wn_config_rows, tag), 0, 0, NULL, 0, 0, NULL},
    {WN_CONFIG_TEXT, "list", offsetof(wn_config_rows, list), 0, 0, NULL, 0, 0, NULL},
    {WN_CONFIG_TEXT, "array", offsetof(wn_config_rows, array), 0, 0, NULL, 0, 0, NULL},
    {0},
};

static wn_status read_rows(wn_config_reading *reading, const wn_config_place *place, const json_t *value, void *out,
                           wn_error *err)
{
    wn_config_rows *rows = out;
    WN_TRY(wn_config_read_object(reading, place, value, rows_keys, 0, NULL, rows, err));
    int given = (rows->tag != NULL) + (rows->list != NULL) + (rows->array != NULL);
    if (given != 1) return wn_config_fail(reading, place, err, "name one of 'tag', 'list' and 'array'");
    return WN_OK;
}

/* ---- inputs ---- */

#define IS(name)    (1u << WN_CONFIG_INPUT_##name)
#define IN(field)   offsetof(wn_config_input, field)
#define QUERY(name) (offsetof(wn_config_input, query) + offsetof(wn_config_rows, name))

static wn_status read_words(wn_config_reading *reading, const wn_config_place *place, const json_t *value, void *out,
                            wn_error *err)
{
    wn_config_input *input = out;
    size_t count = json_array_size(value);
    if (!json_is_array(value) || count == 0 || count > CLASSES_MOST)
        return wn_config_fail(reading, place, err, "a list of names is expected here: [\"car\", \"bus\"]");
    if (!(input->categories = new_items(reading, count, sizeof *input->categories)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < count; i++) {
        wn_config_place here = {place, NULL, i};
        json_t *word = json_array_get(value, i);
        if (!json_is_string(word)) return wn_config_fail(reading, &here, err, "a name is expected here, in quotes");
        if (!(input->categories[i] = wn_config_text(reading, word))) return wn_fail(err, WN_NOMEM, "out of memory");
    }
    input->category_count = count;
    return WN_OK;
}

static wn_status read_ignored(wn_config_reading *reading, const wn_config_place *place, const json_t *value, void *out,
                              wn_error *err)
{
    if (!json_is_string(value)) return wn_config_fail(reading, place, err, "a text is expected here, in quotes");
    *(int64_t *)out = 1;
    return WN_OK;
}

static const wn_config_key input_keys[] = {
    {WN_CONFIG_CHOICE, "type", IN(type), 0, 0, wn_config_input_names, 0, ~0u, NULL},
    {WN_CONFIG_OTHER, "dataset_id", QUERY(dataset), 0, 0, NULL, IS(EMBEDDINGS), 0, read_ignored},
    {WN_CONFIG_TEXT, "tag_name", QUERY(tag), 0, 0, NULL, IS(EMBEDDINGS), 0, NULL},
    {WN_CONFIG_OTHER, "query", IN(query), 0, 0, NULL, IS(EMBEDDINGS), 0, read_rows},
    {WN_CONFIG_OTHER, "negative", IN(negative), 0, 0, NULL, IS(EMBEDDINGS), 0, read_rows},
    {WN_CONFIG_TEXT, "task", IN(task), 0, 0, NULL, IS(EMBEDDINGS) | IS(SCORES) | IS(PREDICTIONS), 0, NULL},
    {WN_CONFIG_TEXT, "score", IN(score), 0, 0, NULL, IS(SCORES), 0, NULL},
    {WN_CONFIG_TEXT, "key", IN(key), 0, 0, NULL, IS(METADATA), 0, NULL},
    {WN_CONFIG_CHOICE, "name", IN(name), 0, 0, prediction_names, IS(PREDICTIONS), IS(PREDICTIONS), NULL},
    {WN_CONFIG_OTHER, "categories", 0, 0, 0, NULL, IS(PREDICTIONS) | IS(METADATA), 0, read_words},
    {WN_CONFIG_INT, "random_seed", IN(random_seed), 0, 9e15, NULL, IS(RANDOM), 0, NULL},
    {WN_CONFIG_TEXT, "array", IN(array), 0, 0, NULL, IS(EMBEDDINGS) | IS(SCORES) | IS(METADATA) | IS(PREDICTIONS), 0,
     NULL},
    {WN_CONFIG_TEXT, "owners", IN(owners), 0, 0, NULL, IS(EMBEDDINGS), 0, NULL},
    {0},
};

static wn_status read_input(wn_config_reading *reading, const wn_config_place *place, const json_t *object,
                            wn_config_input *input, wn_error *err)
{
    int type = 0;
    WN_TRY(wn_config_read_choice(reading, place, object, "type", wn_config_input_names, &type, err));
    WN_TRY(wn_config_read_object(reading, place, object, input_keys, type, wn_config_input_names, input, err));
    if (type == WN_CONFIG_INPUT_SCORES && !input->score && !input->array)
        return wn_config_fail(reading, place, err, "the key 'score' is missing");
    if (type == WN_CONFIG_INPUT_METADATA && !input->key && !input->array)
        return wn_config_fail(reading, place, err, "the key 'key' is missing");
    if (input->owners && !input->array)
        return wn_config_fail(reading, place, err,
                              "'owners' says whose the vectors of an 'array' are, and there is none");
    return WN_OK;
}

/* ---- strategies ---- */

#undef IS
#define IS(name)  (1u << WN_CONFIG_STRATEGY_##name)
#define ST(field) offsetof(wn_config_strategy, field)

static const unsigned factors = IS(DIVERSITY) | IS(TYPICALITY) | IS(SIMILARITY) | IS(WEIGHTS) | IS(BALANCE);

static wn_status read_classes(wn_config_reading *reading, const wn_config_place *place, const json_t *value, void *out,
                              wn_error *err)
{
    wn_config_strategy *s = out;
    const char *name;
    json_t *number;
    if (!json_is_object(value) || json_object_size(value) == 0 || json_object_size(value) > CLASSES_MOST)
        return wn_config_fail(reading, place, err, "classes and numbers are expected here: {\"car\": 0.5}");
    if (!(s->classes = new_items(reading, json_object_size(value), sizeof *s->classes)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    json_object_foreach((json_t *)(uintptr_t)value, name, number)
    {
        wn_config_place here = {place, name, 0};
        wn_config_class *item = s->classes + s->class_count;
        if (!json_is_number(number) || json_number_value(number) < 0)
            return wn_config_fail(reading, &here, err, "a number that is not negative is expected here");
        if (!(item->name = wn_arena_text(reading->arena, name, strlen(name))))
            return wn_fail(err, WN_NOMEM, "out of memory");
        item->value = json_number_value(number);
        s->class_count++;
    }
    return WN_OK;
}

typedef struct sum_range {
    double least, most;
} sum_range;

static const wn_config_key range_keys[] = {
    {WN_CONFIG_REAL, "min_sum", offsetof(sum_range, least), 0, 1e300, NULL, 0, 0, NULL},
    {WN_CONFIG_REAL, "max_sum", offsetof(sum_range, most), 0, 1e300, NULL, 0, 0, NULL},
    {0},
};

static wn_status read_range(wn_config_reading *reading, const wn_config_place *place, const json_t *value, void *out,
                            wn_error *err)
{
    wn_config_strategy *s = out;
    sum_range range = {0};
    WN_TRY(wn_config_read_object(reading, place, value, range_keys, 0, NULL, &range, err));
    if (range.most > 0 && range.least > range.most)
        return wn_config_fail(reading, place, err, "min_sum %g is above max_sum %g", range.least, range.most);
    s->target_least = range.least;
    s->target_most = range.most;
    return WN_OK;
}

static const wn_config_key strategy_keys[] = {
    {WN_CONFIG_CHOICE, "type", ST(type), 0, 0, wn_config_strategy_names, 0, ~0u, NULL},
    {WN_CONFIG_REAL, "strength", ST(strength), -1e9, 1e9, NULL, factors, 0, NULL},
    {WN_CONFIG_REAL, "stopping_condition_minimum_distance", ST(min_distance), 0, 1e300, NULL, IS(DIVERSITY), 0, NULL},
    {WN_CONFIG_INT, "num_nearest_neighbors", ST(neighbours), 2, 1000, NULL, IS(TYPICALITY), 0, NULL},
    {WN_CONFIG_REAL, "stopping_condition_minimum_typicality", ST(min_typicality), 0, 1, NULL, IS(TYPICALITY), 0, NULL},
    {WN_CONFIG_REAL, "stopping_condition_max_sum", ST(max_sum), 0, 1e300, NULL, IS(WEIGHTS), 0, NULL},
    {WN_CONFIG_OTHER, "target_range", 0, 0, 0, NULL, IS(WEIGHTS), 0, read_range},
    {WN_CONFIG_REAL, "threshold", ST(threshold), -1e300, 1e300, NULL, IS(THRESHOLD), IS(THRESHOLD), NULL},
    {WN_CONFIG_CHOICE, "operation", ST(operation), 0, 0, operation_names, IS(THRESHOLD), IS(THRESHOLD), NULL},
    {WN_CONFIG_CHOICE, "distribution", ST(distribution), 0, 0, distribution_names, IS(BALANCE), 0, NULL},
    {WN_CONFIG_OTHER, "target", 0, 0, 0, NULL, IS(BALANCE), 0, read_classes},
    {WN_CONFIG_OTHER, "max", 0, 0, 0, NULL, IS(QUOTA), 0, read_classes},
    {WN_CONFIG_INT, "max_each", ST(most_each), 0, 9e15, NULL, IS(QUOTA), 0, NULL},
    {0},
};

#define WITH(name) (1u << WN_CONFIG_INPUT_##name)

/* Which inputs a strategy can work on. */
static const unsigned fitting_inputs[WN_CONFIG_STRATEGY_COUNT] = {
    [WN_CONFIG_STRATEGY_DIVERSITY] = WITH(EMBEDDINGS),
    [WN_CONFIG_STRATEGY_TYPICALITY] = WITH(EMBEDDINGS),
    [WN_CONFIG_STRATEGY_SIMILARITY] = WITH(EMBEDDINGS),
    [WN_CONFIG_STRATEGY_WEIGHTS] = WITH(SCORES) | WITH(METADATA) | WITH(PREDICTIONS) | WITH(RANDOM),
    [WN_CONFIG_STRATEGY_THRESHOLD] = WITH(SCORES) | WITH(METADATA) | WITH(PREDICTIONS) | WITH(RANDOM),
    [WN_CONFIG_STRATEGY_BALANCE] = WITH(METADATA) | WITH(PREDICTIONS),
    [WN_CONFIG_STRATEGY_QUOTA] = WITH(METADATA) | WITH(PREDICTIONS),
};

static wn_status check_fit(wn_config_reading *reading, const wn_config_place *place, const wn_config_strategy *s,
                           wn_error *err)
{
    const char *strategy = wn_config_strategy_names[s->type], *input = wn_config_input_names[s->input.type];
    bool predicts = s->input.type == WN_CONFIG_INPUT_PREDICTIONS,
         by_class = fitting_inputs[s->type] & WITH(PREDICTIONS);
    bool counts = s->input.name == WN_CONFIG_CATEGORY_COUNT;
    if (!(fitting_inputs[s->type] >> s->input.type & 1)) {
        char fitting[120] = "";
        for (int i = 0; i < WN_CONFIG_INPUT_COUNT; i++) {
            size_t len = strlen(fitting);
            if (fitting_inputs[s->type] >> i & 1)
                snprintf(fitting + len, sizeof fitting - len, "%s%s", len ? ", " : "", wn_config_input_names[i]);
        }
        return wn_config_fail(reading, place, err, "%s does not work on %s; its input is %s", strategy, input, fitting);
    }
    bool mixes = s->type == WN_CONFIG_STRATEGY_BALANCE || s->type == WN_CONFIG_STRATEGY_QUOTA;
    if (predicts && by_class && mixes == counts)
        return wn_config_fail(reading, place, err, "%s works on %s of PREDICTIONS", strategy,
                              mixes ? "CLASS_DISTRIBUTION" : "CATEGORY_COUNT");
    if (s->type == WN_CONFIG_STRATEGY_SIMILARITY && !s->input.query.tag && !s->input.query.list &&
        !s->input.query.array && !s->input.negative.tag && !s->input.negative.list && !s->input.negative.array)
        return wn_config_fail(reading, place, err, "similar to what? Give the input 'tag_name', 'query' or 'negative'");
    if (s->type != WN_CONFIG_STRATEGY_SIMILARITY && (s->input.query.tag || s->input.query.list || s->input.query.array))
        return wn_config_fail(reading, place, err, "only SIMILARITY takes a query");
    return WN_OK;
}

static wn_status check_classes(wn_config_reading *reading, const wn_config_place *place, const wn_config_strategy *s,
                               wn_error *err)
{
    double sum = 0;
    bool quota = s->type == WN_CONFIG_STRATEGY_QUOTA, balance = s->type == WN_CONFIG_STRATEGY_BALANCE;
    if (quota && !s->class_count && s->most_each < 0)
        return wn_config_fail(reading, place, err, "how many at most? Give 'max' or 'max_each'");
    for (size_t i = 0; i < s->class_count; i++) {
        sum += s->classes[i].value;
        if (quota && s->classes[i].value != floor(s->classes[i].value))
            return wn_config_fail(reading, place, err, "the quota of '%s' is not a whole number", s->classes[i].name);
    }
    if (!balance) return WN_OK;
    bool target = s->distribution == WN_BALANCE_TARGET;
    if (target && !s->class_count)
        return wn_config_fail(reading, place, err,
                              "the distribution TARGET needs 'target': {\"car\": 0.5, \"bus\": 0.2}");
    if (!target && s->class_count)
        return wn_config_fail(reading, place, err, "only the distribution TARGET has a 'target'");
    if (sum > 1 + 1e-6)
        return wn_config_fail(reading, place, err, "the shares of the target sum to %g; at most 1 can be asked for",
                              sum);
    return WN_OK;
}

/* One {"input": ..., "strategy": ...}. */
static wn_status read_strategy(wn_config_reading *reading, const wn_config_place *place, const json_t *object,
                               wn_config_strategy *s, wn_error *err)
{
    static const char *const words[] = {"input", "strategy", NULL};
    const char *name;
    json_t *value;
    wn_config_place input = {place, "input", 0}, strategy = {place, "strategy", 0};
    *s = (wn_config_strategy){.strength = 1, .neighbours = 20, .most_each = -1};
    s->line = wn_config_line(reading, place);
    snprintf(s->place, sizeof s->place, "strategies[%zu]", place->at);
    if (!json_is_object(object)) return wn_config_fail(reading, place, err, "an object {...} is expected here");
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        wn_config_place here = {place, name, 0};
        if (strcmp(name, words[0]) == 0 || strcmp(name, words[1]) == 0) continue;
        const char *near = wn_nearest_word(name, words);
        return wn_config_fail(reading, &here, err, "there is no such key%s%s%s", near ? "; did you mean '" : "",
                              near ? near : "", near ? "'?" : "");
    }
    for (size_t i = 0; i < 2; i++)
        if (!json_object_get(object, words[i]))
            return wn_config_fail(reading, place, err, "the key '%s' is missing", words[i]);
    WN_TRY(read_input(reading, &input, json_object_get(object, "input"), &s->input, err));
    const json_t *how = json_object_get(object, "strategy");
    int type = 0;
    WN_TRY(wn_config_read_choice(reading, &strategy, how, "type", wn_config_strategy_names, &type, err));
    WN_TRY(wn_config_read_object(reading, &strategy, how, strategy_keys, type, wn_config_strategy_names, s, err));
    WN_TRY(check_fit(reading, place, s, err));
    return check_classes(reading, &strategy, s, err);
}

static wn_status read_strategies(wn_config_reading *reading, const wn_config_place *place, const json_t *value,
                                 void *out, wn_error *err)
{
    wn_selection_config *config = out;
    size_t count = json_array_size(value);
    if (!json_is_array(value) || count == 0 || count > STRATEGIES_MOST)
        return wn_config_fail(reading, place, err, "a list of 1 to %d strategies is expected here", STRATEGIES_MOST);
    if (!(config->strategies = new_items(reading, count, sizeof *config->strategies)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < count; i++) {
        wn_config_place here = {place, NULL, i};
        WN_TRY(read_strategy(reading, &here, json_array_get(value, i), config->strategies + i, err));
    }
    config->strategy_count = count;
    return WN_OK;
}

/* ---- the whole ---- */

static wn_status read_options(wn_config_reading *reading, const wn_config_place *place, const json_t *value, void *out,
                              wn_error *err)
{
    const char *name, **settings;
    json_t *item;
    size_t at = 0;
    if (!json_is_object(value)) return wn_config_fail(reading, place, err, "an object {...} is expected here");
    if (!(settings = new_items(reading, 2 * json_object_size(value), sizeof *settings)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    json_object_foreach((json_t *)(uintptr_t)value, name, item)
    {
        wn_config_place here = {place, name, 0};
        settings[at++] = wn_arena_text(reading->arena, name, strlen(name));
        if (json_is_string(item)) {
            settings[at++] = wn_config_text(reading, item);
        } else if (json_is_integer(item)) {
            settings[at++] = wn_arena_format(reading->arena, "%lld", (long long)json_integer_value(item));
        } else if (json_is_real(item)) {
            settings[at++] = wn_arena_format(reading->arena, "%.17g", json_real_value(item));
        } else if (json_is_boolean(item)) {
            settings[at++] = json_is_true(item) ? "true" : "false";
        } else {
            return wn_config_fail(reading, &here, err, "a text, a number, true or false is expected here");
        }
        if (!settings[at - 2] || !settings[at - 1]) return wn_fail(err, WN_NOMEM, "out of memory");
    }
    *(const char *const **)out = settings;
    return WN_OK;
}

/* What other products do before a selection, and winnow does elsewhere or not at all. */
static wn_status read_absent(wn_config_reading *reading, const wn_config_place *place, const json_t *value, void *out,
                             wn_error *err)
{
    (void)out;
    bool empty =
        json_is_array(value) ? json_array_size(value) == 0 : json_is_string(value) && json_string_length(value) == 0;
    if (empty) return WN_OK;
    return wn_config_fail(reading, place, err,
                          "winnow does not have this; import what it would make as metadata or "
                          "predictions, and leave the key out");
}

#define CO(field) offsetof(wn_selection_config, field)

static const wn_config_key config_keys[] = {
    {WN_CONFIG_INT, "n_samples", CO(n_samples), -1, 4e9, NULL, 0, 0, NULL},
    {WN_CONFIG_REAL, "proportion_samples", CO(proportion), 0, 1, NULL, 0, 0, NULL},
    {WN_CONFIG_OTHER, "strategies", 0, 0, 0, NULL, 0, 0, read_strategies},
    {WN_CONFIG_OTHER, "auto_tasks", 0, 0, 0, NULL, 0, 0, wn_config_read_auto_tasks},
    {WN_CONFIG_OTHER, "lightly_path_regex", 0, 0, 0, NULL, 0, 0, read_absent},
    {WN_CONFIG_TEXT, "strategy", CO(plugin), 0, 0, NULL, 0, 0, NULL},
    {WN_CONFIG_OTHER, "options", CO(settings), 0, 0, NULL, 0, 0, read_options},
    {WN_CONFIG_CHOICE, "variant", CO(variant), 0, 0, wn_variant_names, 0, 0, NULL},
    {WN_CONFIG_OTHER, "candidates", CO(candidates), 0, 0, NULL, 0, 0, read_rows},
    {WN_CONFIG_OTHER, "preselected", CO(preselected), 0, 0, NULL, 0, 0, read_rows},
    {0},
};

static wn_status check_config(wn_config_reading *reading, const wn_selection_config *config, wn_error *err)
{
    if (config->n_samples > -2 && config->proportion > 0)
        return wn_config_fail(reading, NULL, err, "give 'n_samples' or 'proportion_samples', not both");
    if (config->plugin && config->strategies)
        return wn_config_fail(reading, NULL, err, "give 'strategies' or one 'strategy', not both");
    if (!config->plugin && !config->strategies)
        return wn_config_fail(reading, NULL, err, "the key 'strategies' is missing");
    if (config->settings && !config->plugin)
        return wn_config_fail(reading, NULL, err, "'options' are those of a 'strategy', and there is none");
    return WN_OK;
}

wn_status wn_selection_config_parse(const char *text, size_t len, const char *name, wn_selection_config **out,
                                    wn_error *err)
{
    json_error_t where;
    *out = NULL;
    if (len > LARGEST) return wn_fail(err, WN_LIMIT, "%s: %zu bytes are too many for a config", name, len);
    stored *s = wn_calloc(WN_MEMORY_GENERAL, 1, sizeof *s);
    if (!s) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_config_reading reading = {.text = text, .len = len, .file = name, .arena = &s->arena};
    wn_selection_config *config = &s->config;
    config->n_samples = -2;
    config->file = wn_arena_text(&s->arena, name, strlen(name));
    config->text = wn_arena_text(&s->arena, text, len);
    size_t skipped = len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    json_t *object = json_loadb(text + skipped, len - skipped, JSON_REJECT_DUPLICATES, &where);
    wn_status status = WN_OK;
    if (!config->file || !config->text)
        status = wn_fail(err, WN_NOMEM, "out of memory");
    else if (!object)
        status = wn_fail(err, WN_INVALID, "%s:%d: this is not JSON: %s", name, where.line, where.text);
    else if (!json_is_object(object))
        status = wn_config_fail(&reading, NULL, err, "an object {...} is expected here");
    if (!status) status = wn_config_read_object(&reading, NULL, object, config_keys, 0, NULL, config, err);
    if (!status) status = check_config(&reading, config, err);
    json_decref(object);
    *out = config;
    if (status) wn_selection_config_free(out);
    return status;
}

wn_status wn_selection_config_read(const char *path, wn_selection_config **out, wn_error *err)
{
    wn_buffer text;
    *out = NULL;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    wn_status status = wn_file_read(path, LARGEST, &text, err);
    if (!status) status = wn_selection_config_parse(text.data ? text.data : "", text.len, path, out, err);
    wn_buffer_clear(&text);
    return status;
}

void wn_selection_config_free(wn_selection_config **config)
{
    stored *s = (stored *)*config; /* the config is its first member */
    if (!s) return;
    wn_arena_clear(&s->arena);
    wn_free(s);
    *config = NULL;
}
