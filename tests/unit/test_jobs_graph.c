/* SPDX-License-Identifier: Apache-2.0
 *
 * The neighbour graph of a workspace: kept, read again, extended, repaired when rows go, made anew when it is of no
 * use. What it must give each time is what a search from nothing gives.
 */
#include "store_fixture.h"

#include "jobs/vectors.h"

enum { WIDTH = 6 };

static float value_of(int64_t row, int at)
{
    return (float)((row * 7919 + at * 104729 + row * row % 31 * 17) % 1013);
}

/* Adds `count` samples with embeddings; row 5 has none. */
static void add_rows(fixture *f, wn_workspace *workspace, int64_t first, size_t count, float offset)
{
    float *values = malloc(count * WIDTH * sizeof *values);
    for (size_t i = 0; i < count * WIDTH; i++)
        values[i] = value_of(first + (int64_t)(i / WIDTH), (int)(i % WIDTH)) + offset;
    for (int at = 0; first <= 5 && first + (int64_t)count > 5 && at < WIDTH; at++)
        values[(5 - first) * WIDTH + at] = NAN;
    ASSERT_OK(f, fixture_append(workspace, first, count, &f->err));
    ASSERT_OK(f, wn_column_create(workspace, "emb", WN_COLUMN_F32, WIDTH, &f->err));
    ASSERT_OK(f, wn_column_append(workspace, "emb", first, values, count, &f->err));
    free(values);
}

static void drop_row(fixture *f, wn_workspace *workspace, int64_t row)
{
    wn_sample_batch batch = {.gone = &row, .gone_count = 1};
    ASSERT_OK(f, wn_workspace_append(workspace, &batch, NULL, &f->err));
}

/* Runs the stage and compares the lists with a search from nothing. Returns how many lists it searched. */
static size_t check_graph(fixture *f, wn_workspace *workspace, wn_graph_request request)
{
    wn_job job = {0};
    wn_vectors vectors;
    wn_graph graph;
    wn_neighbours plain;
    request.column = "emb";
    ASSERT_OK(f, wn_vectors_load(&job, workspace, "emb", &vectors, &f->err));
    ASSERT_OK(f, wn_stage_graph(&job, workspace, &request, &vectors, &graph, &f->err));
    wn_neighbours_request search = {.embeddings = vectors.matrix, .k = request.k, .metric = request.metric};
    ASSERT_OK(f, wn_neighbours_find(wn_index_kind_find("flat"), &search, &plain, &f->err));
    assert_int_equal(graph.lists.rows, vectors.rows.len);
    assert_int_equal(graph.lists.k, request.k);
    assert_int_equal(graph.kept + graph.searched, vectors.rows.len);
    assert_memory_equal(graph.lists.ids, plain.ids, plain.rows * plain.k * sizeof *plain.ids);
    assert_memory_equal(graph.lists.distances, plain.distances, plain.rows * plain.k * sizeof *plain.distances);
    size_t searched = graph.searched;
    wn_neighbours_clear(&plain);
    wn_graph_clear(&graph);
    wn_vectors_clear(&vectors);
    return searched;
}

static void test_kept_and_extended(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    wn_graph_request five = {.k = 5}, three = {.k = 3}, cosine = {.k = 4, .metric = WN_INDEX_METRIC_COSINE};
    wn_column_info info;
    add_rows(f, workspace, 0, 300, 0);
    assert_int_equal(check_graph(f, workspace, five), 299);
    ASSERT_OK(f, wn_column_find(workspace, "emb.l2.neighbours", &info, &f->err));
    assert_int_equal(info.width, 5);
    assert_int_equal(info.rows, 300);
    assert_int_equal(check_graph(f, workspace, five), 0);
    assert_int_equal(check_graph(f, workspace, three), 0); /* a part of what is kept */
    assert_int_equal(check_graph(f, workspace, cosine), 299);
    add_rows(f, workspace, 300, 20, 0);
    assert_int_equal(check_graph(f, workspace, three), 20);
    assert_int_equal(check_graph(f, workspace, five), 0);
    wn_workspace_close(&workspace);
    workspace = fixture_open(f, WN_WORKSPACE_READ);
    five.only_memory = true;
    assert_int_equal(check_graph(f, workspace, five), 0);
    five.k = 9;
    assert_int_equal(check_graph(f, workspace, five), 319);
    wn_workspace_close(&workspace);
}

static void test_rows_that_go(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    wn_graph_request request = {.k = 4};
    add_rows(f, workspace, 0, 200, 0);
    assert_int_equal(check_graph(f, workspace, request), 199);
    drop_row(f, workspace, 17);
    drop_row(f, workspace, 150);
    size_t searched = check_graph(f, workspace, request);
    assert_true(searched > 0 && searched < 40);
    assert_int_equal(check_graph(f, workspace, request), 0);
    drop_row(f, workspace, 199);
    add_rows(f, workspace, 200, 10, 0);
    searched = check_graph(f, workspace, request);
    assert_true(searched >= 10 && searched < 40);
    wn_workspace_close(&workspace);
}

static void test_what_is_of_no_use_is_made_anew(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    wn_graph_request request = {.k = 4};
    float values[150 * WIDTH];
    add_rows(f, workspace, 0, 150, 0);
    assert_int_equal(check_graph(f, workspace, request), 149);
    /* another graph is half written when a kill comes: the setting is away */
    ASSERT_OK(f, wn_setting_set(workspace, "graph.emb.l2", NULL, &f->err));
    assert_int_equal(check_graph(f, workspace, request), 149);
    ASSERT_OK(f, wn_setting_set(workspace, "graph.emb.l2", "version=1 k=3 rows=150 recall=1", &f->err));
    assert_int_equal(check_graph(f, workspace, request), 149);
    ASSERT_OK(f, wn_setting_set(workspace, "graph.emb.l2", "version=2", &f->err));
    assert_int_equal(check_graph(f, workspace, request), 149);
    /* the embeddings change under the same name */
    for (size_t i = 0; i < 150 * WIDTH; i++) values[i] = value_of((int64_t)(i * 3 / WIDTH), (int)(i % WIDTH));
    ASSERT_OK(f, wn_column_replace(workspace, "emb", WN_COLUMN_F32, WIDTH, values, 150, &f->err));
    assert_int_equal(check_graph(f, workspace, request), 150);
    wn_workspace_close(&workspace);
}

static void test_small_and_wrong(void **state)
{
    fixture *f = *state;
    wn_workspace *workspace = fixture_open(f, WN_WORKSPACE_CREATE);
    wn_job job = {0};
    wn_vectors vectors;
    char *column = NULL;
    ASSERT_OK(f, fixture_append(workspace, 0, 3, &f->err));
    ASSERT_OK(f, wn_column_create(workspace, "emb", WN_COLUMN_F32, WIDTH, &f->err));
    assert_int_equal(check_graph(f, workspace, (wn_graph_request){.k = 4}), 0); /* nothing is embedded */
    assert_int_equal(wn_vectors_load(&job, workspace, "none", &vectors, &f->err), WN_NOTFOUND);
    assert_int_equal(wn_vectors_load(&job, workspace, "hash", &vectors, &f->err), WN_INVALID);
    assert_int_equal(wn_find_embedding(workspace, "none", &column, &f->err), WN_NOTFOUND);
    assert_non_null(strstr(f->err.message, "winnow embed"));
    wn_workspace_close(&workspace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_kept_and_extended),
        FIXTURE_TEST(test_rows_that_go),
        FIXTURE_TEST(test_what_is_of_no_use_is_made_anew),
        FIXTURE_TEST(test_small_and_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
