/* SPDX-License-Identifier: Apache-2.0
 *
 * Projections: principal components of rows made from known axes, and what every method must do.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "sanitizer.h"
#include "winnow/memory.h"
#include "winnow/projection.h"

enum { ROWS = 4000, DIM = 12, SOME = 700 /* for walks over all methods */ };

/* Rows mean + a u + b v + noise, with orthonormal u, v and variances 25, 4 and 0.01 */
static float data[ROWS * DIM];
static const float u[DIM] = {0.6f, -0.8f}, v[DIM] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -0.28f, 0.96f};

static wn_matrix make_rows(void)
{
    wn_rng rng;
    wn_rng_init(&rng, 3, 0);
    for (size_t i = 0; i < ROWS; i++) {
        float a = 5 * wn_rng_normal(&rng), b = 2 * wn_rng_normal(&rng);
        for (size_t k = 0; k < DIM; k++) data[i * DIM + k] = 100 + a * u[k] + b * v[k] + 0.1f * wn_rng_normal(&rng);
    }
    return (wn_matrix){data, ROWS, DIM, DIM};
}

static wn_matrix some_rows(void)
{
    wn_matrix rows = make_rows();
    rows.rows = SOME;
    return rows;
}

static void test_components_of_known_axes(void **state)
{
    (void)state;
    const wn_projection_method *pca = wn_projection_method_find("pca");
    wn_projection map;
    wn_error err = {0};
    wn_projection_request request = {.matrix = make_rows(), .dims = 3};
    if (wn_project(pca, NULL, &request, &map, &err)) fail_msg("%s", err.message);
    assert_true(map.rows == ROWS && map.dims == 3);
    /* the largest component is positive: of u that is -0.8, so the axis is -u */
    for (size_t k = 0; k < DIM; k++) {
        assert_true(fabsf(map.axes[k] + u[k]) < 0.01f);
        assert_true(fabsf(map.axes[DIM + k] - v[k]) < 0.01f);
        assert_true(fabsf(map.mean[k] - 100) < 0.5f);
    }
    double total = 25 + 4 + 12 * 0.01;
    assert_true(fabs(map.variance[0] - 25.01 / total) < 0.02);
    assert_true(fabs(map.variance[1] - 4.01 / total) < 0.02);
    assert_true(map.variance[2] > 0 && map.variance[2] < 0.002);
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < 3; j++) {
            double point = 0;
            for (size_t k = 0; k < DIM; k++)
                point += (double)map.axes[j * DIM + k] * ((double)data[i * DIM + k] - (double)map.mean[k]);
            assert_true(fabs(point - (double)map.points[i * 3 + j]) < 1e-3);
        }
    }
    wn_projection_clear(&map);
    assert_null(map.points);
}

static void test_rows_all_alike(void **state)
{
    (void)state;
    const float same[4 * 3] = {1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3};
    wn_projection map;
    wn_projection_request request = {.matrix = {same, 4, 3, 3}, .dims = 2};
    assert_int_equal(wn_project(wn_projection_method_find("pca"), NULL, &request, &map, NULL), WN_OK);
    for (size_t i = 0; i < 8; i++) assert_true(map.points[i] == 0.0f);
    assert_true(map.variance[0] == 0 && map.variance[1] == 0);
    wn_projection_clear(&map);
    request.matrix.rows = 1;
    assert_int_equal(wn_project(wn_projection_method_find("pca"), NULL, &request, &map, NULL), WN_OK);
    assert_true(map.points[0] == 0.0f);
    wn_projection_clear(&map);
}

static bool stop_now(void *context, const wn_progress_report *report)
{
    (void)context;
    (void)report;
    return true;
}

/* A method with its default settings, but few iterations where it has them. */
typedef struct setting {
    const wn_projection_method *method;
    void *params;
} setting;

static const char *const shorter[][2] = {{"epochs", "60"}, {"iterations", "60"}, {"exaggerated", "20"}};

static bool open_setting(size_t at, bool is_short, setting *out)
{
    *out = (setting){.method = wn_projection_method_at(at)};
    if (!out->method) return false;
    out->params = wn_alloc(WN_MEMORY_GENERAL, 1, out->method->params_size);
    assert_int_equal(wn_options_init(out->method->options, out->params, NULL), WN_OK);
    for (size_t i = 0; is_short && i < sizeof shorter / sizeof *shorter; i++)
        if (wn_options_find(out->method->options, shorter[i][0]))
            assert_int_equal(wn_options_set(out->method->options, out->params, shorter[i][0], shorter[i][1], NULL),
                             WN_OK);
    return true;
}

static wn_status run(const setting *s, const wn_projection_request *request, wn_projection *out, wn_error *err)
{
    return wn_project(s->method, s->params, request, out, err);
}

static void test_table(void **state)
{
    (void)state;
    setting s;
    for (size_t at = 0; open_setting(at, true, &s); at++) {
        wn_projection map;
        wn_error err = {0};
        size_t before = wn_memory_live(WN_MEMORY_MATRIX), too_many = s.method->dims_most ? s.method->dims_most : DIM;
        assert_ptr_equal(wn_projection_method_find(s.method->name), s.method);
        assert_true(s.method->summary && s.method->fit && s.method->memory);
        wn_projection_request request = {.matrix = make_rows(), .dims = 2, .seed = 1};
        wn_progress progress = {stop_now, NULL};
        request.progress = &progress;
        assert_int_equal(run(&s, &request, &map, NULL), WN_CANCELLED);
        request.dims = too_many + 1;
        assert_int_equal(run(&s, &request, &map, &err), WN_INVALID);
        assert_non_null(strstr(err.message, "dimensions"));
        request.dims = 2;
        data[17 * DIM] = NAN;
        assert_int_equal(run(&s, &request, &map, &err), WN_INVALID);
        assert_non_null(strstr(err.message, "row 17"));
        for (size_t i = 0; i < request.matrix.rows * DIM; i++) data[i] = i % 2 ? 1e-20f : -1e-20f;
        assert_int_equal(run(&s, &request, &map, &err), WN_INVALID);
        assert_non_null(strstr(err.message, "greatest value"));
        request.matrix.rows = 0;
        assert_int_equal(run(&s, &request, &map, &err), WN_INVALID);
        assert_int_equal(wn_memory_live(WN_MEMORY_MATRIX), before);
        wn_free(s.params);
    }
    assert_null(wn_projection_method_find("none"));
}

/* For the thread sanitizer one of each is enough, here and below. */
static void test_same_map_for_any_number_of_threads(void **state)
{
    (void)state;
    setting s;
    for (size_t at = 0; open_setting(at, true, &s); at++) {
        for (size_t dims = 2; dims <= (THREADS_ONLY ? 2 : 3); dims++) {
            wn_projection serial = {0};
            for (unsigned threads = THREADS_ONLY ? 7 : 1; threads <= 7; threads += threads == 1 ? 1 : 5) {
                wn_pool *pool = NULL;
                wn_projection map;
                wn_projection_request request = {.matrix = some_rows(), .dims = dims, .seed = 1};
                assert_int_equal(wn_pool_new(threads, 0, &pool, NULL), WN_OK);
                request.pool = pool;
                assert_int_equal(run(&s, &request, &map, NULL), WN_OK);
                for (size_t i = 0; i < SOME * dims; i++) assert_true(isfinite(map.points[i]));
                wn_pool_free(&pool);
                if (!serial.points) {
                    serial = map;
                    continue;
                }
                assert_memory_equal(serial.points, map.points, SOME * dims * sizeof(float));
                wn_projection_clear(&map);
            }
            wn_projection_clear(&serial);
        }
        wn_free(s.params);
    }
}

/* Rows along a curve, shuffled, with a graph of their neighbours on it: each point still belongs to its row, which its
 * neighbours tell, and threads do not matter. */
static void follow_curve(const char *method, const char *options, size_t many)
{
    enum { NEAR = 10, STEP = 7919 };
    setting s = {.method = wn_projection_method_find(method)};
    float *rows = wn_calloc(WN_MEMORY_GENERAL, many * 2, sizeof *rows);
    size_t *at_place = wn_alloc(WN_MEMORY_GENERAL, many, sizeof *at_place);
    int64_t *ids = wn_alloc(WN_MEMORY_GENERAL, many * NEAR, sizeof *ids);
    float *distances = wn_alloc(WN_MEMORY_GENERAL, many * NEAR, sizeof *distances);
    wn_projection first = {0};
    s.params = wn_alloc(WN_MEMORY_GENERAL, 1, s.method->params_size);
    assert_int_equal(wn_options_init(s.method->options, s.params, NULL), WN_OK);
    assert_int_equal(wn_options_set_list(s.method->options, s.params, options, NULL), WN_OK);
    for (size_t i = 0; i < many; i++) at_place[i * STEP % many] = i;
    for (size_t place = 0; place < many; place++) {
        size_t row = at_place[place];
        rows[2 * row] = (float)place;
        for (size_t j = 0; j < NEAR; j++) {
            ids[row * NEAR + j] = (int64_t)at_place[(place + many + (j % 2 ? 1 + j / 2 : many - 1 - j / 2)) % many];
            distances[row * NEAR + j] = (float)(1 + j / 2);
        }
    }
    wn_neighbours graph = {.ids = ids, .distances = distances, .rows = many, .k = NEAR};
    for (unsigned threads = THREADS_ONLY ? 3 : 1; threads <= 3; threads += 2) {
        wn_pool *pool = NULL;
        wn_projection map;
        wn_projection_request request = {.matrix = {rows, many, 2, 2}, .dims = 2, .graph = &graph};
        assert_int_equal(wn_pool_new(threads, 0, &pool, NULL), WN_OK);
        request.pool = pool;
        assert_int_equal(run(&s, &request, &map, NULL), WN_OK);
        wn_pool_free(&pool);
        if (!first.points) {
            first = map;
            continue;
        }
        assert_memory_equal(first.points, map.points, many * 2 * sizeof(float));
        wn_projection_clear(&map);
    }
    double near = 0, all = 0;
    for (size_t i = 0; i < many; i++) {
        const float *a = first.points + 2 * i, *b = first.points + 2 * ids[i * NEAR];
        near += hypot((double)(a[0] - b[0]), (double)(a[1] - b[1]));
        all += hypot((double)a[0], (double)a[1]);
    }
    assert_true(near < all / 20);
    wn_projection_clear(&first);
    wn_free(s.params);
    wn_free(distances);
    wn_free(ids);
    wn_free(at_place);
    wn_free(rows);
}

/* So many that t-SNE puts them in the order of their places. */
static void test_many_rows_of_tsne_keep_their_points(void **state)
{
    (void)state;
    follow_curve("tsne", "iterations=140,exaggerated=130", 9000);
}

/* With at most 65,536 rows the partners of PaCMAP have two bytes each, with more four. */
static void test_many_rows_of_pacmap_keep_their_points(void **state)
{
    (void)state;
    follow_curve("pacmap", "iterations=90", 9000);
    if (!THREADS_ONLY) follow_curve("pacmap", "iterations=45", 65537);
}

/* Two heaps of ever so few rows, fewer than the neighbours that are asked for: the map shows two heaps. */
static void test_few_rows_in_two_heaps(void **state)
{
    (void)state;
    enum { MOST = 30 };
    float rows[MOST * 2];
    setting s;
    for (size_t at = 0; open_setting(at, false, &s); at++) {
        for (size_t count = 8; count <= MOST; count += 11) {
            wn_projection map;
            double within = 0, between = 0;
            for (size_t i = 0; i < count; i++) {
                rows[2 * i] = (float)(i % 2 * 20) + (float)(i * 7 % 5);
                rows[2 * i + 1] = (float)(i * 11 % 7) / 2;
            }
            wn_projection_request request = {.matrix = {rows, count, 2, 2}, .dims = 2, .seed = 1};
            assert_int_equal(run(&s, &request, &map, NULL), WN_OK);
            for (size_t i = 0; i + 2 < count; i++) {
                const float *a = map.points + 2 * i;
                within += hypot((double)(a[0] - a[4]), (double)(a[1] - a[5]));
                between += hypot((double)(a[0] - a[2]), (double)(a[1] - a[3]));
            }
            if (!(within < between)) fail_msg("%s: %zu rows: %g, %g", s.method->name, count, within, between);
            assert_true(between > 0.01);
            wn_projection_clear(&map);
        }
        wn_free(s.params);
    }
}

/* 0, 1, 2, 3 rows are in the first columns of what follows; a heap of equal rows; one line; two heaps that no list of
 * neighbours joins. */
static const float few[3 * 3] = {1, 2, 3, 4, 5, 7, 9, 8, 7};

static void fill_case(int which, float *out, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t c = 0; c < 3; c++)
            out[i * 3 + c] = which == 0   ? (float)(c + 1)
                             : which == 1 ? (float)i * (float)(c + 1)
                                          : (i % 2 ? 1e4f : 0) + (float)((i * 7 + c * 5) % 11);
}

static void test_odd_rows(void **state)
{
    (void)state;
    enum { MANY = 64 };
    float rows[MANY * 3];
    setting s;
    for (size_t at = 0; open_setting(at, true, &s); at++) {
        wn_projection map;
        for (size_t dims = 2; dims <= 3; dims++) {
            for (size_t count = 1; count <= 3; count++) {
                wn_projection_request request = {.matrix = {few, count, 3, 3}, .dims = dims};
                wn_error err = {0};
                if (run(&s, &request, &map, &err)) fail_msg("%s: %zu rows: %s", s.method->name, count, err.message);
                for (size_t i = 0; i < count * dims; i++) assert_true(isfinite(map.points[i]));
                if (count == 1) assert_true(map.points[0] == 0 && map.points[1] == 0);
                if (count > 1) assert_true(map.points[0] != map.points[dims]);
                wn_projection_clear(&map);
            }
            for (int which = 0; which < 3; which++) {
                fill_case(which, rows, MANY);
                wn_projection_request request = {.matrix = {rows, MANY, 3, 3}, .dims = dims};
                assert_int_equal(run(&s, &request, &map, NULL), WN_OK);
                for (size_t i = 0; i < MANY * dims; i++) assert_true(isfinite(map.points[i]));
                wn_projection_clear(&map);
            }
        }
        wn_free(s.params);
    }
}

/* Each row's nearest point is of its own heap, although no edge joins the heaps. */
static void test_heaps_stay_apart(void **state)
{
    (void)state;
    enum { MANY = 120 };
    float rows[MANY * 3];
    setting s;
    fill_case(2, rows, MANY);
    for (size_t at = 0; open_setting(at, false, &s); at++) {
        wn_projection map;
        wn_projection_request request = {.matrix = {rows, MANY, 3, 3}, .dims = 2};
        assert_int_equal(run(&s, &request, &map, NULL), WN_OK);
        for (size_t i = 0; i < MANY; i++) {
            size_t nearest = 0;
            float least = INFINITY;
            for (size_t j = 0; j < MANY; j++) {
                float x = map.points[2 * i] - map.points[2 * j], y = map.points[2 * i + 1] - map.points[2 * j + 1];
                if (j != i && x * x + y * y < least) least = x * x + y * y, nearest = j;
            }
            if (nearest % 2 != i % 2) fail_msg("%s: row %zu lies in the other heap", s.method->name, i);
        }
        wn_projection_clear(&map);
        wn_free(s.params);
    }
}

static void test_given_graph(void **state)
{
    (void)state;
    setting s;
    for (size_t at = 0; open_setting(at, true, &s); at++) {
        wn_projection found, given;
        wn_neighbours graph;
        wn_error err = {0};
        wn_projection_request request = {.matrix = some_rows(), .dims = 2};
        wn_neighbours_request search = {.embeddings = request.matrix, .k = 200};
        assert_int_equal(wn_neighbours_find(wn_index_kind_find("flat"), &search, &graph, NULL), WN_OK);
        assert_int_equal(run(&s, &request, &found, NULL), WN_OK);
        request.graph = &graph;
        assert_int_equal(run(&s, &request, &given, NULL), WN_OK);
        assert_memory_equal(found.points, given.points, SOME * 2 * sizeof(float));
        wn_projection_clear(&found);
        wn_projection_clear(&given);
        graph.ids[5] = SOME;
        assert_int_equal(run(&s, &request, &given, &err), WN_INVALID);
        assert_non_null(strstr(err.message, "row 0 of the neighbour graph"));
        graph.ids[5] = -1;
        graph.rows--;
        assert_int_equal(run(&s, &request, &given, &err), WN_INVALID);
        wn_neighbours_clear(&graph);
        request = (wn_projection_request){.matrix = make_rows(), .dims = 2, .metric = WN_INDEX_METRIC_IP};
        assert_int_equal(run(&s, &request, &given, &err), WN_INVALID);
        wn_free(s.params);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERIAL_TEST(test_components_of_known_axes),
        SERIAL_TEST(test_rows_all_alike),
        SERIAL_TEST(test_table),
        cmocka_unit_test(test_same_map_for_any_number_of_threads),
        cmocka_unit_test(test_many_rows_of_tsne_keep_their_points),
        cmocka_unit_test(test_many_rows_of_pacmap_keep_their_points),
        SERIAL_TEST(test_few_rows_in_two_heaps),
        SERIAL_TEST(test_odd_rows),
        SERIAL_TEST(test_heaps_stay_apart),
        SERIAL_TEST(test_given_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
