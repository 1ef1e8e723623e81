/* SPDX-License-Identifier: Apache-2.0
 *
 * The base module: each piece against its contract.
 */
#include <float.h>
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

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/rng.h"
#include "base/text.h"
#include "winnow/cpu.h"
#include "winnow/option.h"
#include "winnow/pool.h"

static void errors_keep_status_and_cause(void **state)
{
    (void)state;
    wn_error err = {0};
    assert_int_equal(wn_fail(&err, WN_INVALID, "budget %d exceeds %d rows", 7, 5), WN_INVALID);
    assert_string_equal(err.message, "budget 7 exceeds 5 rows");
    assert_int_equal(err.status, WN_INVALID);
    assert_int_equal(wn_fail_errno(&err, 28, "cannot write x"), WN_NOSPACE);
    assert_non_null(strstr(err.message, "No space left"));
    assert_int_equal(wn_fail(NULL, WN_IO, "nobody listens"), WN_IO);
    assert_string_equal(wn_status_name(WN_CORRUPT), "CORRUPT");
}

static void memory_is_counted_and_aligned(void **state)
{
    (void)state;
    size_t before = wn_memory_live(WN_MEMORY_MATRIX);
    char *block = wn_alloc(WN_MEMORY_MATRIX, 3, 7);
    assert_int_equal((uintptr_t)block % 64, 0);
    assert_int_equal(wn_memory_live(WN_MEMORY_MATRIX) - before, 21);
    memcpy(block, "abcdefghijklmnopqrstu", 21);
    block = wn_realloc(WN_MEMORY_MATRIX, block, 1000, 1);
    assert_memory_equal(block, "abcdefghijklmnopqrstu", 21);
    wn_free(block);
    assert_int_equal(wn_memory_live(WN_MEMORY_MATRIX), before);
    assert_null(wn_alloc(WN_MEMORY_MATRIX, SIZE_MAX, 2));
    assert_null(wn_alloc(WN_MEMORY_MATRIX, SIZE_MAX - 8, 1));
    void *empty = wn_calloc(WN_MEMORY_TEXT, 0, 8);
    assert_non_null(empty);
    wn_free(empty);
}

static void arena_pieces_are_apart_and_reusable(void **state)
{
    (void)state;
    wn_arena arena;
    wn_arena_init(&arena, WN_MEMORY_TEXT, 256);
    for (int round = 0; round < 3; round++) {
        char *pieces[100];
        for (int i = 0; i < 100; i++) {
            pieces[i] = wn_arena_alloc(&arena, (size_t)i + 1, 3);
            assert_non_null(pieces[i]);
            memset(pieces[i], i, ((size_t)i + 1) * 3);
        }
        for (int i = 0; i < 100; i++) {
            for (int j = 0; j < (i + 1) * 3; j++) assert_int_equal(pieces[i][j], i);
        }
        assert_string_equal(wn_arena_format(&arena, "%s-%d", "row", 12), "row-12");
        wn_arena_reset(&arena);
    }
    assert_null(wn_arena_alloc(&arena, SIZE_MAX, 3));
    wn_arena_clear(&arena);
}

static void buffer_stops_at_its_maximum(void **state)
{
    (void)state;
    wn_buffer buffer;
    wn_buffer_init(&buffer, WN_MEMORY_TEXT, 10);
    assert_int_equal(wn_buffer_text(&buffer, "12345"), WN_OK);
    assert_int_equal(wn_buffer_format(&buffer, "%d", 67890), WN_OK);
    assert_string_equal(buffer.data, "1234567890");
    assert_int_equal(wn_buffer_text(&buffer, "x"), WN_LIMIT);
    assert_int_equal(wn_buffer_text(&buffer, ""), WN_LIMIT);
    assert_int_equal(buffer.len, 10);
    wn_buffer_clear(&buffer);
}

static void random_numbers_follow_seed_and_stream(void **state)
{
    (void)state;
    wn_rng a, b, c;
    wn_rng_init(&a, 1, 2);
    wn_rng_init(&b, 1, 2);
    wn_rng_init(&c, 1, 3);
    int same = 0;
    for (int i = 0; i < 1000; i++) {
        uint32_t x = wn_rng_u32(&a);
        assert_int_equal(x, wn_rng_u32(&b));
        same += x == wn_rng_u32(&c);
    }
    assert_true(same < 3);
    double sum = 0, squares = 0;
    for (int i = 0; i < 100000; i++) {
        double z = (double)wn_rng_normal(&a);
        sum += z;
        squares += z * z;
    }
    assert_true(fabs(sum / 1e5) < 0.02);
    assert_true(fabs(squares / 1e5 - 1) < 0.03);
    int counts[7] = {0};
    for (int i = 0; i < 70000; i++) counts[wn_rng_below(&a, 7)]++;
    for (int i = 0; i < 7; i++) assert_in_range(counts[i], 9500, 10500);
}

static void samples_are_distinct(void **state)
{
    (void)state;
    static const int64_t sizes[][2] = {{10, 10}, {1000, 5}, {1000, 999}, {1, 1}, {100000, 2000}, {5, 0}};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        int64_t n = sizes[s][0], k = sizes[s][1];
        wn_rng rng;
        wn_rng_init(&rng, 9, s);
        int64_t *out = wn_alloc(WN_MEMORY_GENERAL, (size_t)k, sizeof *out);
        char *seen = wn_calloc(WN_MEMORY_GENERAL, (size_t)n, 1);
        assert_int_equal(wn_rng_sample(&rng, n, k, out), 1);
        for (int64_t i = 0; i < k; i++) {
            assert_in_range(out[i], 0, n - 1);
            assert_int_equal(seen[out[i]]++, 0);
        }
        wn_free(out);
        wn_free(seen);
    }
}

static void hash_is_xxh3_in_canonical_order(void **state)
{
    (void)state;
    char text[33];
    wn_hash128 hash = wn_hash128_of("", 0);
    wn_hash128_text(&hash, text);
    assert_string_equal(text, "99aa06d3014798d86001c324468d497f"); /* published XXH3-128 of the empty input */
}

static void text_numbers_are_whole(void **state)
{
    (void)state;
    int64_t i;
    double r;
    assert_true(wn_text_to_int("-12", &i) && i == -12);
    assert_false(wn_text_to_int("12x", &i));
    assert_false(wn_text_to_int(" 12", &i));
    assert_false(wn_text_to_int("", &i));
    assert_false(wn_text_to_int("99999999999999999999", &i));
    assert_true(wn_text_to_real("1.5e3", &r) && fabs(r - 1500) < DBL_EPSILON);
    assert_false(wn_text_to_real("nan", &r));
    assert_false(wn_text_to_real("inf", &r));
}

static void text_is_made_printable(void **state)
{
    (void)state;
    wn_buffer out;
    wn_buffer_init(&out, WN_MEMORY_TEXT, 0);
    wn_text_add_printable(&out, "a\nb\xff\xc3\xa9\x1b[0m\xc2\x9b\xc2\xa0");
    assert_string_equal(out.data, "a\\nb\\xff\xc3\xa9\\x1b[0m\\xc2\\x9b\xc2\xa0");
    wn_buffer_reset(&out);
    wn_text_add_csv(&out, "plain");
    wn_text_add_csv(&out, ",\"x\"\n");
    assert_string_equal(out.data, "plain\",\"\"x\"\"\n\"");
    wn_buffer_clear(&out);
    assert_int_equal(wn_text_utf8_step("\xc0\x80", 2), 0);
    assert_int_equal(wn_text_utf8_step("\xed\xa0\x80", 3), 0);
    assert_int_equal(wn_text_utf8_step("\xf0\x9f\x98\x80", 4), 4);
    assert_int_equal(wn_text_utf8_step("\xf0\x9f\x98\x80", 3), 0);
}

static void units_are_human(void **state)
{
    (void)state;
    char text[32];
    wn_text_bytes(999, text);
    assert_string_equal(text, "999 B");
    wn_text_bytes(1536000, text);
    assert_string_equal(text, "1.5 MB");
    wn_text_bytes(999999999, text);
    assert_string_equal(text, "1.0 GB");
    wn_text_seconds(4.21, text);
    assert_string_equal(text, "4.2 s");
    wn_text_seconds(59.7, text);
    assert_string_equal(text, "1 min 00 s");
    wn_text_seconds(3725, text);
    assert_string_equal(text, "1 h 02 min");
}

static void decimals_are_as_short_as_they_can_be(void **state)
{
    (void)state;
    assert_true(wn_text_decimal(240.86f) == 240.86);
    assert_true(wn_text_decimal(0.1f) == 0.1);
    assert_true(wn_text_decimal(-0.0f) == 0.0);
    assert_true(isnan(wn_text_decimal(NAN)));
    assert_true(isinf(wn_text_decimal(-INFINITY)));
    uint32_t state_of_lcg = 1;
    for (int i = 0; i < 10000; i++) { /* every float comes back, from nine digits as well */
        float value, back;
        char digits[32];
        memcpy(&value, &state_of_lcg, sizeof value);
        state_of_lcg = state_of_lcg * 1664525 + 1013904223;
        if (!isfinite(value)) continue;
        snprintf(digits, sizeof digits, "%.9g", wn_text_decimal(value));
        back = strtof(digits, NULL);
        assert_memory_equal(&back, &value, sizeof value);
    }
}

typedef struct params {
    int64_t seeds;
    double radius;
    bool exact;
    const char *name;
    int metric;
    uint64_t memory;
} params;

static const char *const metrics[] = {"l2", "cosine", NULL};
static const wn_option table[] = {
    {WN_OPTION_INT, "seeds", "initial centres", offsetof(params, seeds), 1, 1e6, "3", NULL, "N", 's'},
    {WN_OPTION_REAL, "radius", "radius", offsetof(params, radius), 0, 2, "0.5", NULL, "R", 0},
    {WN_OPTION_BOOL, "exact", "no shortcuts", offsetof(params, exact), 0, 0, NULL, NULL, NULL, 0},
    {WN_OPTION_TEXT, "name", "name", offsetof(params, name), 0, 0, NULL, NULL, "NAME", 0},
    {WN_OPTION_CHOICE, "metric", "metric", offsetof(params, metric), 0, 0, "cosine", metrics, "METRIC", 0},
    {WN_OPTION_BYTES, "memory", "memory", offsetof(params, memory), 0, 0, "4GB", NULL, "SIZE", 0},
    {0},
};

static void options_are_read_by_their_rows(void **state)
{
    (void)state;
    params p;
    wn_error err;
    assert_int_equal(wn_options_init(table, &p, &err), WN_OK);
    assert_int_equal(p.seeds, 3);
    assert_int_equal(p.metric, 1);
    assert_int_equal(p.memory, 4000000000u);
    assert_int_equal(wn_options_set(table, &p, "seeds", "12", &err), WN_OK);
    assert_int_equal(p.seeds, 12);
    static const char *const wrong[][3] = {
        {"seeds", "1.5", "seeds: '1.5' is not a whole number"},
        {"seeds", "0", "seeds: 0 is outside 1 to 1000000"},
        {"radius", "nan", "radius: 'nan' is not a number"},
        {"metric", "cosin", "metric: 'cosin' is not one of l2, cosine; did you mean 'cosine'?"},
        {"sedes", "1", "there is no option 'sedes'; did you mean 'seeds'?"},
        {"exact", "maybe", "exact: 'maybe' is neither true nor false"},
        {"memory", "4 parsecs", "memory: '4 parsecs' is not a size such as 4GB, 512MiB or 50%"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(wn_options_set(table, &p, wrong[i][0], wrong[i][1], &err), WN_INVALID);
        assert_string_equal(err.message, wrong[i][2]);
    }
    assert_int_equal(wn_options_set(table, &p, "memory", "1.5GiB", &err), WN_OK);
    assert_int_equal(p.memory, 1610612736u);
    assert_int_equal(wn_options_set(table, &p, "exact", NULL, &err), WN_OK);
    assert_true(p.exact);
    assert_ptr_equal(wn_options_find_letter(table, 's'), &table[0]);
    assert_null(wn_options_find_letter(table, 'x'));
}

typedef struct summing {
    const double *values;
    double partial[64];
} summing;

static void add_chunk(void *context, size_t begin, size_t end, unsigned worker)
{
    (void)worker;
    summing *job = context;
    double sum = 0;
    for (size_t i = begin; i < end; i++) sum += job->values[i];
    job->partial[begin / 1000] = sum;
}

static void pool_gives_the_same_bytes_for_any_thread_count(void **state)
{
    (void)state;
    enum { N = 60001 };
    double *values = wn_alloc(WN_MEMORY_MATRIX, N, sizeof *values);
    wn_rng rng;
    wn_rng_init(&rng, 3, 0);
    for (size_t i = 0; i < N; i++) values[i] = exp(10 * (double)wn_rng_normal(&rng));
    double first = 0;
    static const unsigned threads[] = {1, 2, 7};
    for (size_t t = 0; t < 3; t++) {
        wn_pool *pool = NULL;
        assert_int_equal(wn_pool_new(threads[t], 0, &pool, NULL), WN_OK);
        assert_int_equal(wn_pool_threads(pool), threads[t]);
        for (int round = 0; round < 50; round++) {
            summing job = {.values = values};
            wn_pool_for(pool, N, 1000, add_chunk, &job);
            double sum = 0;
            for (size_t i = 0; i < 61; i++) sum += job.partial[i];
            if (t == 0 && round == 0) first = sum;
            assert_memory_equal(&sum, &first, sizeof sum);
        }
        wn_pool_free(&pool);
        assert_null(pool);
    }
    wn_free(values);
}

typedef struct nesting {
    wn_pool *pool;
    int counts[64];
} nesting;

static void count_inner(void *context, size_t begin, size_t end, unsigned worker)
{
    (void)worker;
    int *count = context;
    *count += (int)(end - begin);
}

static void run_inner(void *context, size_t begin, size_t end, unsigned worker)
{
    (void)worker;
    nesting *job = context;
    for (size_t i = begin; i < end; i++) wn_pool_for(job->pool, 100, 10, count_inner, &job->counts[i]);
}

static void nested_loops_run_in_their_worker(void **state)
{
    (void)state;
    nesting job = {0};
    assert_int_equal(wn_pool_new(4, 1, &job.pool, NULL), WN_OK);
    wn_pool_for(job.pool, 64, 1, run_inner, &job);
    for (int i = 0; i < 64; i++) assert_int_equal(job.counts[i], 100);
    wn_pool_free(&job.pool);
}

static void files_are_complete_or_absent(void **state)
{
    (void)state;
    char folder[] = "/tmp/winnow-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *deep = wn_path_join(folder, "a/b/c");
    wn_error err;
    assert_int_equal(wn_file_make_folder(deep, &err), WN_OK);
    assert_int_equal(wn_file_make_folder(deep, &err), WN_OK);
    char *path = wn_path_join(deep, "file");
    assert_int_equal(wn_file_write(path, "hello", 5, &err), WN_OK);
    wn_file_writer writer;
    assert_int_equal(wn_file_writer_begin(&writer, path, &err), WN_OK);
    assert_int_equal(wn_file_write_at(writer.fd, "half", 4, 0, path, &err), WN_OK);
    assert_int_equal(wn_file_writer_end(&writer, false, &err), WN_OK);
    wn_buffer content;
    wn_buffer_init(&content, WN_MEMORY_TEXT, 0);
    assert_int_equal(wn_file_read(path, 100, &content, &err), WN_OK);
    assert_string_equal(content.data, "hello");
    assert_int_equal(wn_file_read(path, 4, &content, &err), WN_LIMIT);
    assert_int_equal(wn_file_read(deep, 100, &content, &err), WN_INVALID);
    /* A folder or device is never replaced by a file. */
    assert_int_equal(wn_file_write(deep, "hello", 5, &err), WN_INVALID);
    assert_int_equal(wn_file_write("/dev/null", "hello", 5, &err), WN_INVALID);
    assert_int_equal(wn_file_read("/nonexistent/x", 100, &content, &err), WN_NOTFOUND);
    wn_file_map map;
    assert_int_equal(wn_file_map_open(path, &map, &err), WN_OK);
    assert_int_equal(map.len, 5);
    assert_memory_equal(map.data, "hello", 5);
    wn_file_map_close(&map);
    char *blocked = wn_path_join(path, "below-a-file");
    assert_int_not_equal(wn_file_write(blocked, "x", 1, &err), WN_OK);
    wn_buffer_clear(&content);
    unlink(path);
    for (int up = 0; up < 3; up++) {
        rmdir(deep);
        *strrchr(deep, '/') = 0;
    }
    assert_int_equal(rmdir(folder), 0);
    wn_free(blocked);
    wn_free(path);
    wn_free(deep);
}

static void cpu_level_can_only_be_lowered(void **state)
{
    (void)state;
    wn_cpu detected = wn_cpu_detect();
    assert_true(wn_cpu_level() <= detected);
    wn_cpu_set_highest(WN_CPU_C);
    assert_int_equal(wn_cpu_level(), WN_CPU_C);
    wn_cpu_set_highest((wn_cpu)(WN_CPU_COUNT - 1));
    assert_string_equal(wn_cpu_name(WN_CPU_AVX2), "avx2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_keep_status_and_cause),
        cmocka_unit_test(memory_is_counted_and_aligned),
        cmocka_unit_test(arena_pieces_are_apart_and_reusable),
        cmocka_unit_test(buffer_stops_at_its_maximum),
        cmocka_unit_test(random_numbers_follow_seed_and_stream),
        cmocka_unit_test(samples_are_distinct),
        cmocka_unit_test(hash_is_xxh3_in_canonical_order),
        cmocka_unit_test(text_numbers_are_whole),
        cmocka_unit_test(text_is_made_printable),
        cmocka_unit_test(units_are_human),
        cmocka_unit_test(decimals_are_as_short_as_they_can_be),
        cmocka_unit_test(options_are_read_by_their_rows),
        cmocka_unit_test(pool_gives_the_same_bytes_for_any_thread_count),
        cmocka_unit_test(nested_loops_run_in_their_worker),
        cmocka_unit_test(files_are_complete_or_absent),
        cmocka_unit_test(cpu_level_can_only_be_lowered),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
