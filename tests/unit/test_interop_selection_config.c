/* SPDX-License-Identifier: Apache-2.0
 *
 * The selection config: what is read, and what each mistake is answered with.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "winnow/memory.h"
#include "winnow/selection_config.h"

static wn_status parse(const char *text, wn_selection_config **config, wn_error *err)
{
    return wn_selection_config_parse(text, strlen(text), "c.json", config, err);
}

static void test_reads_all_keys(void **state)
{
    (void)state;
    wn_selection_config *config = NULL;
    wn_error err = {0};
    static const char text[] =
        "{\"n_samples\": 100, \"variant\": \"set\", \"candidates\": {\"tag\": \"day\"}, \"strategies\": [\n"
        " {\"input\": {\"type\": \"EMBEDDINGS\"},\n"
        "  \"strategy\": {\"type\": \"DIVERSITY\", \"stopping_condition_minimum_distance\": 0.1, \"strength\": 2}},\n"
        " {\"input\": {\"type\": \"SCORES\", \"task\": \"t\", \"score\": \"s\"},\n"
        "  \"strategy\": {\"type\": \"WEIGHTS\", \"target_range\": {\"min_sum\": 1, \"max_sum\": 8}}},\n"
        " {\"input\": {\"type\": \"EMBEDDINGS\"}, \"strategy\": {\"type\": \"TYPICALITY\", \"num_nearest_neighbors\": "
        "7}},\n"
        " {\"input\": {\"type\": \"EMBEDDINGS\", \"dataset_id\": \"1\", \"tag_name\": \"q\"},\n"
        "  \"strategy\": {\"type\": \"SIMILARITY\", \"strength\": -1}},\n"
        " {\"input\": {\"type\": \"METADATA\", \"key\": \"a.b\"},\n"
        "  \"strategy\": {\"type\": \"THRESHOLD\", \"threshold\": 20, \"operation\": \"BIGGER_EQUAL\"}},\n"
        " {\"input\": {\"type\": \"PREDICTIONS\", \"task\": \"t\", \"name\": \"CLASS_DISTRIBUTION\", "
        "\"categories\": [\"x\", \"y\"]},\n"
        "  \"strategy\": {\"type\": \"BALANCE\", \"distribution\": \"TARGET\", \"target\": {\"x\": 0.5, \"y\": "
        "0.25}}},\n"
        " {\"input\": {\"type\": \"METADATA\", \"key\": \"cam\"}, \"strategy\": {\"type\": \"QUOTA\", \"max_each\": "
        "3}},\n"
        " {\"input\": {\"type\": \"RANDOM\", \"random_seed\": 42}, \"strategy\": {\"type\": \"WEIGHTS\"}}]}";
    if (parse(text, &config, &err)) fail_msg("%s", err.message);
    const wn_config_strategy *s = config->strategies;
    assert_int_equal(config->strategy_count, 8);
    assert_int_equal(config->n_samples, 100);
    assert_int_equal(config->variant, WN_VARIANT_SET);
    assert_string_equal(config->candidates.tag, "day");
    assert_true(s[0].type == WN_CONFIG_STRATEGY_DIVERSITY && s[0].min_distance == 0.1 && s[0].strength == 2);
    assert_true(s[1].strength == 1 && s[1].target_least == 1 && s[1].target_most == 8);
    assert_string_equal(s[1].input.score, "s");
    assert_true(s[2].neighbours == 7 && s[3].strength == -1 && s[3].neighbours == 20);
    assert_string_equal(s[3].input.query.tag, "q");
    assert_true(s[4].threshold == 20 && s[4].operation == WN_THRESHOLD_BIGGER_EQUAL && s[4].line == 9);
    assert_string_equal(s[5].input.categories[1], "y");
    assert_true(s[5].class_count == 2 && s[5].classes[0].value == 0.5 && s[5].distribution == WN_BALANCE_TARGET);
    assert_true(s[6].most_each == 3 && s[7].input.random_seed == 42);
    assert_string_equal(s[6].place, "strategies[6]");
    wn_selection_config_free(&config);
    assert_int_equal(wn_memory_live(WN_MEMORY_COUNT), 0);
}

static void test_reads_a_named_strategy(void **state)
{
    (void)state;
    wn_selection_config *config = NULL;
    assert_int_equal(parse("{\"proportion_samples\": 0.5, \"strategy\": \"x\", \"options\": "
                           "{\"a\": 1, \"b\": 0.5, \"c\": true, \"d\": \"e\"}}",
                           &config, NULL),
                     WN_OK);
    assert_true(config->proportion == 0.5 && config->n_samples == -2);
    static const char *const wanted[] = {"a", "1", "b", "0.5", "c", "true", "d", "e"};
    for (size_t i = 0; i < 8; i++) assert_string_equal(config->settings[i], wanted[i]);
    assert_null(config->settings[8]);
    wn_selection_config_free(&config);
}

static void test_reads_automatic_tasks(void **state)
{
    (void)state;
    wn_selection_config *config = NULL;
    assert_int_equal(
        parse("{\"n_samples\": 1, \"strategy\": \"x\", \"auto_tasks\": ["
              "{\"type\": \"TILING\", \"name\": \"tiles\", \"num_rows\": 3, \"num_cols\": 2, \"overlap\": 0.2},"
              "{\"type\": \"CROP\", \"name\": \"road\", \"bboxs\": [[0, 0.5, 1, 0.5], [0, 0, 0.5, 1]]}]}",
              &config, NULL),
        WN_OK);
    const wn_config_auto_task *tasks = config->auto_tasks;
    assert_int_equal(config->auto_task_count, 2);
    assert_string_equal(tasks[0].name, "tiles");
    assert_true(tasks[0].rows == 3 && tasks[0].columns == 2 && tasks[0].overlap == 0.2);
    assert_int_equal(tasks[1].type, WN_CONFIG_AUTO_CROP);
    assert_true(tasks[1].box_count == 2 && tasks[1].boxes[1] == 0.5F && tasks[1].boxes[6] == 0.5F);
    wn_selection_config_free(&config);
    assert_int_equal(wn_memory_live(WN_MEMORY_COUNT), 0);
}

#define ONE(input, strategy)                                                                                           \
    "{\"n_samples\": 1,\n\"strategies\": [\n{\"input\": " input ",\n\"strategy\": " strategy "}]}"

/* A text, and what its message holds. */
static const char *const mistakes[][2] = {
    {"{", "c.json:1: this is not JSON"},
    {"[]", "an object {...} is expected"},
    {"{}", "the key 'strategies' is missing"},
    {"{\"n_samples\": 1, \"n_samples\": 2}", "not JSON: duplicate"},
    {"{\"n_sample\": 1}", "c.json:1: n_sample: there is no such key; did you mean 'n_samples'?"},
    {"{\"n_samples\": \"all\"}", "n_samples: a whole number is expected"},
    {"{\"n_samples\": -2}", "out of range"},
    {"{\"proportion_samples\": 1.5}", "it lies from 0 to 1"},
    {"{\"strategies\": []}", "a list of 1 to 64 strategies"},
    {"{\"strategies\": [1]}", "strategies[0]: an object {...}"},
    {"{\"strategies\": [{}]}", "strategies[0]: the key 'input' is missing"},
    {"{\"strategies\": [{\"strategy\": {\"type\": \"DIVERSITY\"}, \"input\": {\"type\": \"EMBEDDINGS\", \"query\": "
     "{\"paths\": \"q\"}}}]}",
     "strategies[0].input.query.paths: there is no such key; known here: tag, list, array"},
    {"{\"strategies\": [{\"inputs\": {}}]}", "strategies[0].inputs: there is no such key; did you mean 'input'?"},
    {"{\"auto_tasks\": [{\"type\": \"TILING\", \"name\": \"a\", \"num_rows\": 2}]}",
     "auto_tasks[0]: the key 'num_cols' is missing"},
    {"{\"auto_tasks\": [{\"type\": \"TILING\", \"name\": \"\", \"num_rows\": 2, \"num_cols\": 2}]}",
     "auto_tasks[0].name: a name is expected here"},
    {"{\"auto_tasks\": [{\"type\": \"PRETAGGING\"}]}", "'PRETAGGING' is not one of TILING, CROP"},
    {"{\"auto_tasks\": [{\"type\": \"CROP\", \"name\": \"a\", \"bboxs\": [[0, 0, 1, 1], [0.5, 0, 0.6, 1]]}]}",
     "auto_tasks[0].bboxs[1]: a box inside the image"},
    {"{\"auto_tasks\": [{\"type\": \"CROP\", \"name\": \"a\", \"bboxs\": [[0, 0, 1, 1]]}, "
     "{\"type\": \"TILING\", \"name\": \"a\", \"num_rows\": 2, \"num_cols\": 2}]}",
     "two tasks named 'a'"},
    {"{\"lightly_path_regex\": \"a\"}", "lightly_path_regex: winnow does not have this"},
    {"{\"options\": {}, \"strategy\": \"a\", \"strategies\": ["
     "{\"input\": {\"type\": \"RANDOM\"}, \"strategy\": {\"type\": \"WEIGHTS\"}}]}",
     "not both"},
    {"{\"candidates\": {\"tag\": \"a\", \"list\": \"b\"}}", "name one of 'tag', 'list' and 'array'"},
    {ONE("{\"type\": \"EMBEDINGS\"}", "{\"type\": \"DIVERSITY\"}"),
     "c.json:3: strategies[0].input.type: 'EMBEDINGS' is not one of EMBEDDINGS, SCORES, METADATA, PREDICTIONS, RANDOM; "
     "did you mean 'EMBEDDINGS'?"},
    {ONE("{\"type\": \"EMBEDDINGS\"}", "{\"type\": \"DIVERSTIY\"}"), "c.json:4: strategies[0].strategy.type"},
    {ONE("{\"type\": \"EMBEDDINGS\"}", "{\"type\": \"DIVERSITY\", \"threshold\": 1}"),
     "c.json:4: strategies[0].strategy.threshold: a key that DIVERSITY does not have"},
    {ONE("{\"type\": \"EMBEDDINGS\", \"score\": \"x\"}", "{\"type\": \"DIVERSITY\"}"),
     "a key that EMBEDDINGS does not have"},
    {ONE("{\"type\": \"EMBEDDINGS\"}", "{\"type\": \"WEIGHTS\"}"),
     "WEIGHTS does not work on EMBEDDINGS; its input is SCORES, METADATA, PREDICTIONS, RANDOM"},
    {ONE("{\"type\": \"EMBEDDINGS\"}", "{\"type\": \"SIMILARITY\"}"), "similar to what?"},
    {ONE("{\"type\": \"SCORES\", \"task\": \"a\"}", "{\"type\": \"WEIGHTS\"}"), "the key 'score' is missing"},
    {ONE("{\"type\": \"METADATA\"}", "{\"type\": \"WEIGHTS\"}"), "the key 'key' is missing"},
    {ONE("{\"type\": \"METADATA\", \"key\": \"a\"}", "{\"type\": \"THRESHOLD\", \"threshold\": 1}"),
     "the key 'operation' is missing"},
    {ONE("{\"type\": \"METADATA\", \"key\": \"a\"}",
         "{\"type\": \"THRESHOLD\", \"threshold\": 1, \"operation\": \"BIGER\"}"),
     "did you mean 'BIGGER'?"},
    {ONE("{\"type\": \"METADATA\", \"key\": \"a\"}", "{\"type\": \"WEIGHTS\", \"strength\": \"high\"}"),
     "strategies[0].strategy.strength: a number is expected"},
    {ONE("{\"type\": \"METADATA\", \"key\": \"a\"}",
         "{\"type\": \"WEIGHTS\", \"target_range\": {\"min_sum\": 3, \"max_sum\": 2}}"),
     "min_sum 3 is above max_sum 2"},
    {ONE("{\"type\": \"PREDICTIONS\", \"task\": \"a\"}", "{\"type\": \"BALANCE\"}"), "the key 'name' is missing"},
    {ONE("{\"type\": \"PREDICTIONS\", \"task\": \"a\", \"name\": \"CATEGORY_COUNT\"}",
         "{\"type\": \"BALANCE\", \"distribution\": \"UNIFORM\"}"),
     "BALANCE works on CLASS_DISTRIBUTION"},
    {ONE("{\"type\": \"METADATA\", \"key\": \"a\"}", "{\"type\": \"BALANCE\"}"), "TARGET needs 'target'"},
    {ONE("{\"type\": \"METADATA\", \"key\": \"a\"}", "{\"type\": \"BALANCE\", \"target\": {\"a\": 0.7, \"b\": 0.5}}"),
     "the shares of the target sum to 1.2"},
    {ONE("{\"type\": \"METADATA\", \"key\": \"a\"}", "{\"type\": \"BALANCE\", \"target\": {\"a\": -1}}"),
     "strategies[0].strategy.target.a: a number that is not negative"},
    {ONE("{\"type\": \"METADATA\", \"key\": \"a\"}", "{\"type\": \"QUOTA\"}"), "how many at most?"},
    {ONE("{\"type\": \"METADATA\", \"key\": \"a\"}", "{\"type\": \"QUOTA\", \"max\": {\"a\": 1.5}}"),
     "not a whole number"},
};

static void test_mistakes_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        wn_selection_config *config = NULL;
        wn_error err = {0};
        assert_int_equal(parse(mistakes[i][0], &config, &err), WN_INVALID);
        assert_null(config);
        if (!strstr(err.message, mistakes[i][1])) fail_msg("'%s' lacks '%s'", err.message, mistakes[i][1]);
    }
    assert_int_equal(wn_memory_live(WN_MEMORY_COUNT), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_all_keys),
        cmocka_unit_test(test_reads_a_named_strategy),
        cmocka_unit_test(test_reads_automatic_tasks),
        cmocka_unit_test(test_mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
