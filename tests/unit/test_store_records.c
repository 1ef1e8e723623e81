/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings, runs, models, embeddings, tags and selections: what is stored comes back, also after reopening.
 */
#include "store_fixture.h"

#include <sys/stat.h>

#include "winnow/catalog.h"

static wn_workspace *reopen(fixture *f, wn_workspace *workspace)
{
    wn_workspace_close(&workspace);
    return fixture_open(f, WN_WORKSPACE_WRITE);
}

static void test_settings(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    char *value = NULL;
    ASSERT_OK(f, wn_setting_get(workspace, "side", &value, &f->err));
    assert_null(value);
    ASSERT_OK(f, wn_setting_set(workspace, "side", "32", &f->err));
    ASSERT_OK(f, wn_setting_set(workspace, "side", "64", &f->err));
    workspace = reopen(f, workspace);
    ASSERT_OK(f, wn_setting_get(workspace, "side", &value, &f->err));
    assert_string_equal(value, "64");
    wn_free(value);
    ASSERT_OK(f, wn_setting_set(workspace, "side", NULL, &f->err));
    ASSERT_OK(f, wn_setting_get(workspace, "side", &value, &f->err));
    assert_null(value);
    wn_workspace_close(&workspace);
}

static void test_runs(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    int64_t first = 0, second = 0;
    char *folder = NULL;
    struct stat info;
    ASSERT_OK(f, wn_run_begin(workspace, "curate", "{\"n\":5}", &first, &folder, &f->err));
    assert_int_equal(stat(folder, &info), 0);
    assert_true(S_ISDIR(info.st_mode));
    wn_free(folder);
    ASSERT_OK(f, wn_run_end(workspace, first, "done", "{\"scan\":1.5}", "{}", &f->err));
    assert_int_equal(wn_run_end(workspace, 99, "done", NULL, NULL, &f->err), WN_NOTFOUND);
    ASSERT_OK(f, wn_run_begin(workspace, "add", NULL, &second, NULL, &f->err));
    assert_true(second > first);
    workspace = reopen(f, workspace); /* as after a kill: nobody ended the second run */
    wn_run_record *runs = NULL;
    size_t count = 0;
    ASSERT_OK(f, wn_run_list(workspace, &runs, &count, &f->err));
    assert_int_equal(count, 2);
    assert_string_equal(runs[0].command, "curate");
    assert_string_equal(runs[0].config, "{\"n\":5}");
    assert_string_equal(runs[0].state, "done");
    assert_string_equal(runs[0].stages, "{\"scan\":1.5}");
    assert_true(runs[0].started_at > 1600000000 && runs[0].finished_at >= runs[0].started_at);
    assert_string_equal(runs[1].state, "killed");
    assert_null(runs[1].stages);
    wn_free(runs);
    wn_workspace_close(&workspace);
}

static void test_models(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    wn_model_record old = {"old", "models/old.wnm", 64, 1000, NULL}, new = {"new", "/far/new.wnm", 128, 2000, "{}"};
    wn_embedding_record embedding = {"new", "embeddings.new", 128, 0};
    assert_int_equal(wn_embedding_add(workspace, &embedding, &f->err), WN_INVALID); /* no such model */
    ASSERT_OK(f, wn_model_add(workspace, &old, &f->err));
    ASSERT_OK(f, wn_model_add(workspace, &new, &f->err));
    ASSERT_OK(f, wn_embedding_add(workspace, &embedding, &f->err));
    new.dim = 32;
    ASSERT_OK(f, wn_model_add(workspace, &new, &f->err)); /* overwrites, although an embedding refers to it */
    static const float rows[4] = {1, 2, 3, 4};
    ASSERT_OK(f, wn_column_replace(workspace, "embeddings.new", WN_COLUMN_F32, 2, rows, 2, &f->err));
    workspace = reopen(f, workspace);
    wn_model_record *models = NULL;
    wn_embedding_record *embeddings = NULL;
    size_t count = 0;
    ASSERT_OK(f, wn_model_list(workspace, &models, &count, &f->err));
    assert_int_equal(count, 2);
    assert_string_equal(models[0].name, "new");
    assert_int_equal(models[0].dim, 32);
    assert_string_equal(models[0].note, "{}");
    assert_string_equal(models[1].file, "models/old.wnm");
    assert_null(models[1].note);
    ASSERT_OK(f, wn_embedding_list(workspace, &embeddings, &count, &f->err));
    assert_int_equal(count, 1);
    assert_string_equal(embeddings[0].column, "embeddings.new");
    assert_int_equal(embeddings[0].rows, 2);
    wn_free(models);
    wn_free(embeddings);
    wn_workspace_close(&workspace);
}

static void test_tags(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    ASSERT_OK(f, fixture_append(workspace, 0, 20, &f->err));
    static const int64_t rows[] = {7, 3, 7, 19}, sorted[] = {3, 7, 19}, wrong[] = {1, 20};
    int64_t *read = NULL;
    size_t count = 0;
    ASSERT_OK(f, wn_tag_set(workspace, "b", (wn_rows){rows, 4}, &f->err));
    ASSERT_OK(f, wn_tag_set(workspace, "a", (wn_rows){NULL, 0}, &f->err));
    assert_int_equal(wn_tag_set(workspace, "b", (wn_rows){wrong, 2}, &f->err), WN_INVALID); /* and is taken back */
    assert_int_equal(wn_tag_set(workspace, "", (wn_rows){rows, 1}, &f->err), WN_INVALID);
    workspace = reopen(f, workspace);
    ASSERT_OK(f, wn_tag_get(workspace, "b", &read, &count, &f->err));
    assert_int_equal(count, 3);
    assert_memory_equal(read, sorted, sizeof sorted);
    wn_free(read);
    wn_tag_record *tags = NULL;
    ASSERT_OK(f, wn_tag_list(workspace, &tags, &count, &f->err));
    assert_int_equal(count, 2);
    assert_string_equal(tags[0].name, "a");
    assert_int_equal(tags[0].rows, 0);
    assert_int_equal(tags[1].rows, 3);
    wn_free(tags);
    ASSERT_OK(f, wn_tag_remove(workspace, "b", &f->err));
    assert_int_equal(wn_tag_get(workspace, "b", &read, &count, &f->err), WN_NOTFOUND);
    assert_int_equal(wn_tag_remove(workspace, "b", &f->err), WN_NOTFOUND);
    assert_int_equal(fixture_damage(f, workspace), 0);
    wn_workspace_close(&workspace);
}

static void test_selections(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    ASSERT_OK(f, fixture_append(workspace, 0, 20, &f->err));
    wn_pick picks[] = {{9, NAN, 2.5F}, {2, 1.5F, NAN}, {5, 0.25F, -1.0F}}, wrong[] = {{20, 0, 0}};
    wn_selection_record record = {.tag = "first", .strategy = "farthest", .k = 4, .seed = -1, .config = "{}"};
    int64_t id = 0, run = 0, again = 0;
    ASSERT_OK(f, wn_run_begin(workspace, "select", NULL, &run, NULL, &f->err));
    ASSERT_OK(f, wn_selection_add(workspace, &record, picks, 3, &id, &f->err));
    assert_int_equal(wn_selection_add(workspace, &record, wrong, 1, &again, &f->err), WN_INVALID);
    record.run = run;
    ASSERT_OK(f, wn_selection_add(workspace, &record, picks, 1, &again, &f->err));
    workspace = reopen(f, workspace);
    wn_selection_record *list = NULL;
    wn_pick *read = NULL;
    int64_t *rows = NULL;
    size_t count = 0;
    ASSERT_OK(f, wn_selection_list(workspace, &list, &count, &f->err));
    assert_int_equal(count, 2);
    assert_int_equal(list[0].id, id);
    assert_int_equal(list[0].run, 0);
    assert_int_equal(list[0].picks, 3);
    assert_int_equal(list[0].seed, -1);
    assert_string_equal(list[0].strategy, "farthest");
    assert_int_equal(list[1].run, run);
    wn_free(list);
    ASSERT_OK(f, wn_selection_picks(workspace, id, &read, &count, &f->err));
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(read[i].row, picks[i].row);
        assert_true(isnan(picks[i].distance) ? isnan(read[i].distance) : read[i].distance == picks[i].distance);
        assert_true(isnan(picks[i].score) ? isnan(read[i].score) : read[i].score == picks[i].score);
    }
    wn_free(read);
    ASSERT_OK(f, wn_tag_get(workspace, "first", &rows, &count, &f->err)); /* that of the second selection */
    assert_int_equal(count, 1);
    assert_int_equal(rows[0], 9);
    wn_free(rows);
    assert_int_equal(wn_selection_picks(workspace, 77, &read, &count, &f->err), WN_NOTFOUND);
    wn_workspace_close(&workspace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_settings), FIXTURE_TEST(test_runs),       FIXTURE_TEST(test_models),
        FIXTURE_TEST(test_tags),     FIXTURE_TEST(test_selections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
