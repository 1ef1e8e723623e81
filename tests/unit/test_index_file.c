/* SPDX-License-Identifier: Apache-2.0
 *
 * An index that is kept: built, written, mapped, asked and grown, for both kinds and all metrics, against a search from
 * nothing; data that is hard to index; files that are damaged, cut, of another version or of other embeddings.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/rng.h"
#include "sanitizer.h"
#include "winnow/index_file.h"
#include "winnow/memory.h"

enum { ROWS = 4200, DIM = 18, QUERIES = 150, K = 7 };

enum { CLOUDS, ZEROS, COPIES, CONSTANT, OUTLIERS, GAPS, DATA_KINDS };

enum { KINDS_TESTED = THREADS_ONLY ? CLOUDS + 1 : GAPS };

static const char *const kinds[] = {"flat", "ivf"};
static const char path[] = "test_index_file.index";

static float *make_rows(int kind, size_t rows, size_t dim, uint64_t seed)
{
    float *data = malloc(rows * dim * sizeof *data);
    wn_rng rng, centre;
    wn_rng_init(&rng, seed, 1);
    for (size_t row = 0; row < rows; row++) {
        wn_rng_init(&centre, 3, wn_rng_below(&rng, 100));
        for (size_t k = 0; k < dim; k++) {
            float *x = &data[row * dim + k];
            *x = wn_rng_normal(&centre) + 0.2f * wn_rng_normal(&rng);
            if (kind == CONSTANT && k % 3) *x = 5;
            if (kind == ZEROS && row % 3) *x = 0;
            if (kind == OUTLIERS && row % 1000 == 7) *x *= 1e4f;
            if (kind == GAPS && row % 10 == 3) *x = k % 2 ? NAN : INFINITY;
        }
        if (kind == COPIES && row % 50 && row > 50) memcpy(data + row * dim, data + row % 40 * dim, dim * sizeof *data);
    }
    return data;
}

static wn_index *build(const wn_matrix *m, const char *kind, wn_index_metric metric, unsigned threads)
{
    wn_index *index = NULL;
    wn_error err = {0};
    wn_index_options options = {
        .kind = kind ? wn_index_kind_find(kind) : NULL, .metric = metric, .seed = 5, .stamp = "rows"};
    assert_int_equal(wn_pool_new(threads, 0, &options.pool, NULL), WN_OK);
    if (wn_index_build(m, &options, &index, &err)) fail_msg("%s", err.message);
    wn_pool_free(&options.pool);
    return index;
}

static wn_index *save_and_open(wn_index *index, const wn_matrix *m)
{
    wn_error err = {0};
    if (wn_index_save(index, path, &err)) fail_msg("%s", err.message);
    wn_index_close(&index);
    if (wn_index_open(path, m, "rows", &index, &err)) fail_msg("%s", err.message);
    return index;
}

static wn_neighbours ask(wn_index *index, wn_matrix queries, size_t k, double recall)
{
    wn_neighbours found = {0};
    wn_error err = {0};
    wn_index_query query = {.queries = queries, .k = k, .recall = recall};
    assert_int_equal(wn_pool_new(2, 0, &query.pool, NULL), WN_OK);
    if (wn_index_search(index, &query, &found, &err)) fail_msg("%s", err.message);
    wn_pool_free(&query.pool);
    return found;
}

/* What a search from nothing finds. */
static wn_neighbours find(wn_matrix m, wn_matrix queries, size_t k, wn_index_metric metric)
{
    wn_neighbours found = {0};
    wn_error err = {0};
    wn_neighbours_request request = {.embeddings = m, .queries = queries, .k = k, .metric = metric};
    if (wn_neighbours_find(wn_index_kind_find("flat"), &request, &found, &err)) fail_msg("%s", err.message);
    return found;
}

static void same_lists(const wn_neighbours *a, const wn_neighbours *b)
{
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->k, b->k);
    assert_memory_equal(a->ids, b->ids, a->rows * a->k * sizeof *a->ids);
    assert_memory_equal(a->distances, b->distances, a->rows * a->k * sizeof *a->distances);
}

static double share_found(const wn_neighbours *found, const wn_neighbours *exact, wn_index_metric metric)
{
    size_t right = 0;
    for (size_t i = 0; i < found->rows * found->k; i++) {
        float last = exact->distances[i / found->k * found->k + found->k - 1], distance = found->distances[i];
        assert_true(found->ids[i] >= 0);
        right += metric == WN_INDEX_METRIC_IP ? distance >= last : distance <= last;
    }
    return (double)right / (double)(found->rows * found->k);
}

/* All rows of the index that count are found exactly when all are asked for, and nearly all otherwise. */
static void check_index(wn_index *index, wn_matrix m, wn_matrix queries, wn_index_metric metric)
{
    wn_neighbours exact = find(m, queries, K, metric), all = ask(index, queries, K, 1);
    wn_neighbours most = ask(index, queries, K, 0.95);
    same_lists(&exact, &all);
    assert_true(all.recall == 1 && most.recall >= 0.95);
    if (share_found(&most, &exact, metric) < 0.93)
        fail_msg("metric %d, %s: recall %.4f, told %.4f", metric, wn_index_describe(index)->kind->name,
                 share_found(&most, &exact, metric), most.recall);
    wn_neighbours_clear(&exact);
    wn_neighbours_clear(&all);
    wn_neighbours_clear(&most);
}

static void test_same_as_search(void **state)
{
    (void)state;
    for (int data = CLOUDS; data < KINDS_TESTED; data++) {
        float *rows = make_rows(data, ROWS, DIM, 1),
              *queries = make_rows(data == COPIES ? CLOUDS : data, QUERIES, DIM, 9);
        wn_matrix m = {rows, ROWS, DIM, DIM};
        for (size_t i = 0; i < 6; i++) {
            wn_index_metric metric = (wn_index_metric)(i / 2);
            wn_index *index = build(&m, kinds[i % 2], metric, 2);
            assert_true((wn_index_describe(index)->cells > 0) == (i % 2 == 1));
            check_index(index, m, (wn_matrix){queries, QUERIES, DIM, DIM}, metric);
            index = save_and_open(index, &m);
            check_index(index, m, (wn_matrix){queries, QUERIES, DIM, DIM}, metric);
            wn_index_close(&index);
            assert_int_equal(wn_memory_live(WN_MEMORY_COUNT), 0);
        }
        free(queries);
        free(rows);
    }
}

/* Rows that are not finite are nobody's neighbours, and repeats come by row number. */
static void test_gaps(void **state)
{
    (void)state;
    float *rows = make_rows(GAPS, ROWS, DIM, 1), *queries = make_rows(CLOUDS, QUERIES, DIM, 9);
    wn_matrix m = {rows, ROWS, DIM, DIM};
    for (size_t i = 0; i < 2; i++) {
        wn_index *index = build(&m, kinds[i], WN_INDEX_METRIC_L2, 2);
        assert_int_equal(wn_index_describe(index)->distinct, ROWS - ROWS / 10);
        wn_neighbours found = ask(index, (wn_matrix){queries, QUERIES, DIM, DIM}, K, 1);
        for (size_t j = 0; j < QUERIES * K; j++) assert_true(found.ids[j] % 10 != 3 && isfinite(found.distances[j]));
        wn_neighbours_clear(&found);
        wn_index_close(&index);
    }
    free(queries);
    free(rows);
}

static void test_same_bytes(void **state)
{
    (void)state;
    float *rows = make_rows(COPIES, ROWS, DIM, 1);
    wn_matrix m = {rows, ROWS, DIM, DIM};
    wn_buffer files[2];
    for (size_t kind = 0; kind < 2; kind++) {
        for (unsigned i = 0; i < 2; i++) {
            wn_index *index = build(&m, kinds[kind], WN_INDEX_METRIC_COSINE, i ? 7 : 1);
            assert_int_equal(wn_index_save(index, path, NULL), WN_OK);
            wn_index_close(&index);
            wn_buffer_init(&files[i], WN_MEMORY_GENERAL, 0);
            assert_int_equal(wn_file_read(path, 1 << 26, &files[i], NULL), WN_OK);
        }
        assert_int_equal(files[0].len, files[1].len);
        assert_memory_equal(files[0].data, files[1].data, files[0].len);
        wn_buffer_clear(&files[0]);
        wn_buffer_clear(&files[1]);
    }
    free(rows);
}

static void add(wn_index *index, wn_matrix *m, size_t rows)
{
    wn_error err = {0};
    wn_pool *pool = NULL;
    m->rows = rows;
    assert_int_equal(wn_pool_new(2, 0, &pool, NULL), WN_OK);
    if (wn_index_add(index, m, pool, &err)) fail_msg("%s", err.message);
    wn_pool_free(&pool);
    assert_int_equal(wn_index_describe(index)->rows, rows);
}

static void test_added_rows(void **state)
{
    (void)state;
    for (int data = CLOUDS; data < KINDS_TESTED; data++) {
        float *rows = make_rows(data, ROWS, DIM, 1),
              *queries = make_rows(data == COPIES ? CLOUDS : data, QUERIES, DIM, 9);
        wn_matrix q = {queries, QUERIES, DIM, DIM};
        for (size_t i = 0; i < 6; i++) {
            wn_index_metric metric = (wn_index_metric)(i / 2);
            wn_matrix m = {rows, ROWS / 3, DIM, DIM};
            wn_index *index = save_and_open(build(&m, kinds[i % 2], metric, 2), &m);
            size_t trained = wn_index_describe(index)->trained;
            add(index, &m, ROWS / 3 + 1);
            add(index, &m, ROWS / 3 + 1);
            add(index, &m, ROWS / 2);
            check_index(index, m, q, metric);
            if (data != COPIES && data != OUTLIERS) {
                assert_true(wn_index_describe(index)->trained == trained);
                assert_true(wn_index_describe(index)->distinct > trained);
            }
            index = save_and_open(index, &m);
            add(index, &m, ROWS);
            check_index(index, m, q, metric);
            wn_index_close(&index);
            assert_int_equal(wn_memory_live(WN_MEMORY_COUNT), 0);
        }
        free(queries);
        free(rows);
    }
}

/* The first rows must be those of the index. */
static void test_added_to_other_rows(void **state)
{
    (void)state;
    float *rows = make_rows(CLOUDS, 100, DIM, 1);
    wn_matrix m = {rows, 50, DIM, DIM};
    wn_error err = {0};
    wn_index *index = build(&m, NULL, WN_INDEX_METRIC_L2, 1);
    m.rows = 49;
    assert_int_equal(wn_index_add(index, &m, NULL, &err), WN_INVALID);
    m.rows = 100;
    memcpy(rows + 7 * DIM, rows + 3 * DIM, DIM * sizeof *rows);
    assert_int_equal(wn_index_add(index, &m, NULL, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "build it anew"));
    assert_int_equal(wn_index_describe(index)->rows, 50);
    wn_index_close(&index);
    free(rows);
}

static void test_small(void **state)
{
    (void)state;
    float *queries = make_rows(CLOUDS, 5, 40, 4);
    for (size_t dim = 1; dim <= 40; dim += 13) {
        for (size_t rows = 1; rows <= 70; rows += rows < 4 ? 1 : 33) {
            for (size_t i = 0; i < 6; i++) {
                float *data = make_rows(CLOUDS, rows, dim, 8);
                wn_matrix m = {data, rows, dim, dim}, q = {queries, 5, dim, 40};
                wn_index *index = save_and_open(build(&m, kinds[i % 2], (wn_index_metric)(i / 2), 2), &m);
                wn_neighbours found = ask(index, q, 9, 0), exact = find(m, q, 9, (wn_index_metric)(i / 2));
                if (found.recall == 1) same_lists(&found, &exact);
                wn_neighbours_clear(&found);
                found = ask(index, q, 9, 1);
                same_lists(&found, &exact);
                wn_neighbours_clear(&found);
                wn_neighbours_clear(&exact);
                wn_index_close(&index);
                free(data);
            }
        }
    }
    free(queries);
}

/* Queries that the bytes of the rows cannot express. */
static void test_far_queries(void **state)
{
    (void)state;
    static const float scales[] = {0, 1e-30f, 1e-3f, 1e3f, 1e9f, 1e30f};
    float *rows = make_rows(CLOUDS, ROWS, DIM, 1), *queries = make_rows(CLOUDS, 6, DIM, 9);
    wn_matrix m = {rows, ROWS, DIM, DIM}, q = {queries, 6, DIM, DIM};
    for (size_t i = 0; i < 6 * DIM; i++) queries[i] *= scales[i / DIM];
    for (size_t i = 0; i < 6; i++) {
        wn_index *index = build(&m, kinds[i % 2], (wn_index_metric)(i / 2), 2);
        wn_neighbours found = ask(index, q, K, 1), exact = find(m, q, K, (wn_index_metric)(i / 2));
        same_lists(&found, &exact);
        wn_neighbours_clear(&found);
        wn_neighbours_clear(&exact);
        wn_index_close(&index);
    }
    free(queries);
    free(rows);
}

static void test_bad_requests(void **state)
{
    (void)state;
    float *rows = make_rows(CLOUDS, 60, DIM, 1);
    char stamp[WN_INDEX_STAMP_MAX + 1];
    wn_matrix m = {rows, 0, DIM, DIM};
    wn_index *index = NULL;
    wn_index_options options = {0};
    wn_neighbours found;
    wn_error err = {0};
    assert_int_equal(wn_index_build(&m, &options, &index, &err), WN_INVALID);
    m.rows = 60;
    memset(stamp, 'x', sizeof stamp);
    stamp[WN_INDEX_STAMP_MAX] = 0;
    options.stamp = stamp;
    assert_int_equal(wn_index_build(&m, &options, &index, &err), WN_INVALID);
    options.stamp = NULL;
    options.memory_limit = 1000;
    assert_int_equal(wn_index_build(&m, &options, &index, &err), WN_LIMIT);
    index = build(&m, NULL, WN_INDEX_METRIC_L2, 1);
    wn_index_query query = {.queries = {rows, 2, DIM, DIM}};
    assert_int_equal(wn_index_search(index, &query, &found, &err), WN_INVALID);
    query.k = 2;
    query.queries.cols = DIM - 1;
    assert_int_equal(wn_index_search(index, &query, &found, &err), WN_INVALID);
    query.queries.cols = DIM;
    rows[DIM + 4] = NAN;
    assert_int_equal(wn_index_search(index, &query, &found, &err), WN_INVALID);
    wn_index_close(&index);
    for (size_t i = 0; i < 60 * DIM; i++) rows[i] = NAN;
    options.memory_limit = 0;
    assert_int_equal(wn_index_build(&m, &options, &index, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "finite"));
    free(rows);
}

/* ---- files ---- */

static void write_file(const char *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* Opens and asks for everything. */
static wn_status try_file(const wn_matrix *m, const char *stamp, wn_neighbours *found, wn_error *err)
{
    wn_index *index = NULL;
    wn_status status = wn_index_open(path, m, stamp, &index, err);
    wn_index_query query = {.queries = {m->data, 4, m->cols, m->stride}, .k = 3, .recall = 1};
    *found = (wn_neighbours){0};
    if (!status) status = wn_index_search(index, &query, found, err);
    wn_index_close(&index);
    return status;
}

static void test_damage(void **state)
{
    (void)state;
    enum { FEW = 900 };
    float *rows = make_rows(COPIES, FEW, 5, 1);
    wn_matrix m = {rows, FEW, 5, 5};
    wn_neighbours right, found;
    wn_error err = {0};
    wn_buffer file;
    for (size_t kind = 0; kind < 2; kind++) {
        wn_index *index = build(&m, kinds[kind], WN_INDEX_METRIC_COSINE, 1);
        assert_int_equal(wn_index_save(index, path, NULL), WN_OK);
        wn_index_close(&index);
        wn_buffer_init(&file, WN_MEMORY_GENERAL, 0);
        assert_int_equal(wn_file_read(path, 1 << 26, &file, NULL), WN_OK);
        assert_int_equal(try_file(&m, "rows", &right, &err), WN_OK);
        for (size_t len = 0; len < file.len; len += 1 + file.len / 50) {
            write_file(file.data, len);
            assert_int_equal(try_file(&m, "rows", &found, &err), WN_CORRUPT);
            assert_non_null(strstr(err.message, "delete it"));
        }
        size_t refused = 0, tries = 0;
        for (size_t at = 0; at < file.len; at += at < 200 ? 1 : 61) {
            file.data[at] ^= 0x41;
            write_file(file.data, file.len);
            file.data[at] ^= 0x41;
            wn_status status = try_file(&m, "rows", &found, &err);
            if (!status) same_lists(&found, &right);
            wn_neighbours_clear(&found);
            refused += status != WN_OK;
            tries++;
        }
        assert_true(refused > tries * 9 / 10); /* the rest fell between the parts */
        wn_neighbours_clear(&right);
        wn_buffer_clear(&file);
    }
    free(rows);
}

static void test_other_files(void **state)
{
    (void)state;
    float *rows = make_rows(CLOUDS, 300, DIM, 1), *others = make_rows(CLOUDS, 300, DIM, 2);
    wn_matrix m = {rows, 300, DIM, DIM}, other = {others, 300, DIM, DIM};
    wn_neighbours found;
    wn_error err = {0};
    wn_buffer file;
    uint32_t version = 2;
    uint64_t sum;
    unlink(path);
    assert_int_equal(try_file(&m, NULL, &found, &err), WN_NOTFOUND);
    wn_index *index = build(&m, NULL, WN_INDEX_METRIC_L2, 1);
    assert_int_equal(wn_index_save(index, path, NULL), WN_OK);
    wn_index_close(&index);
    assert_int_equal(try_file(&m, NULL, &found, &err), WN_OK);
    wn_neighbours_clear(&found);
    assert_int_equal(try_file(&m, "others", &found, &err), WN_INVALID);
    assert_int_equal(try_file(&other, "rows", &found, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "values differ"));
    m.rows = 299;
    assert_int_equal(try_file(&m, "rows", &found, &err), WN_INVALID);
    m.rows = 300;
    wn_buffer_init(&file, WN_MEMORY_GENERAL, 0);
    assert_int_equal(wn_file_read(path, 1 << 26, &file, NULL), WN_OK);
    memcpy(file.data + 8, &version, sizeof version);
    sum = wn_hash64_of(file.data, 4088);
    memcpy(file.data + 4088, &sum, sizeof sum);
    write_file(file.data, file.len);
    assert_int_equal(try_file(&m, "rows", &found, &err), WN_VERSION);
    assert_non_null(strstr(err.message, "format version 2"));
    write_file("\x93NUMPY", 6);
    assert_int_equal(try_file(&m, "rows", &found, &err), WN_CORRUPT);
    wn_buffer_clear(&file);
    unlink(path);
    free(others);
    free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_search),
        SERIAL_TEST(test_gaps),
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_added_rows),
        SERIAL_TEST(test_added_to_other_rows),
        SERIAL_TEST(test_small),
        SERIAL_TEST(test_far_queries),
        SERIAL_TEST(test_bad_requests),
        SERIAL_TEST(test_damage),
        SERIAL_TEST(test_other_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
