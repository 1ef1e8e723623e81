/* SPDX-License-Identifier: Apache-2.0
 *
 * Out of memory, tried out: every scenario runs with its k-th allocation failing, for k = 0, 1, 2 ... until it passes.
 * Each failed run must return WN_NOMEM and leave nothing allocated. All memory of winnow comes from wn_alloc, which
 * calls aligned_alloc; the linker puts the failing one in its place.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "torture.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/rng.h"
#include "winnow/npy.h"
#include "winnow/pool.h"
#include "winnow/selection.h"

enum { ROWS = 300, DIM = 20 };
static float values[ROWS * DIM];
static char folder[] = "/tmp/winnow-oom-XXXXXX";
static char array_path[64];

static wn_matrix matrix(void)
{
    return (wn_matrix){.data = values, .rows = ROWS, .cols = DIM, .stride = DIM};
}

static wn_status try_arena(wn_error *err)
{
    wn_arena arena;
    wn_arena_init(&arena, WN_MEMORY_TEXT, 128);
    wn_status status = WN_OK;
    for (size_t i = 0; i < 8 && !status; i++) {
        if (!wn_arena_alloc(&arena, i + 1, 100)) status = wn_fail(err, WN_NOMEM, "no memory for piece %zu", i);
    }
    wn_arena_clear(&arena);
    return status;
}

static wn_status try_files(wn_error *err)
{
    char path[80];
    snprintf(path, sizeof path, "%s/file", folder);
    wn_buffer content;
    wn_buffer_init(&content, WN_MEMORY_TEXT, 0);
    wn_status status = wn_file_write(path, "content", 7, err);
    if (!status) status = wn_file_read(path, 100, &content, err);
    wn_buffer_clear(&content);
    return status;
}

static wn_status try_pool(wn_error *err)
{
    wn_pool *pool = NULL;
    wn_status status = wn_pool_new(3, 0, &pool, err);
    wn_pool_free(&pool);
    return status;
}

static wn_status try_strategy(const char *name, wn_error *err)
{
    const wn_strategy *strategy = wn_strategy_find(name);
    if (!strategy) return wn_fail(err, WN_NOTFOUND, "no strategy %s", name);
    static const int64_t before[] = {3, 77};
    wn_selection_request request = {.embeddings = matrix(), .count = 40, .preselected = {before, 2}};
    wn_selection selection = {0};
    wn_status status = WN_OK;
    void *params = wn_alloc(WN_MEMORY_SELECTION, 1, strategy->params_size + 1);
    if (!params) {
        status = wn_fail(err, WN_NOMEM, "no memory for the options");
    } else if (!(status = wn_options_init(strategy->options, params, err))) {
        status = wn_select(strategy, params, &request, &selection, err);
    }
    wn_selection_clear(&selection);
    wn_free(params);
    return status;
}

static wn_status try_farthest_first(wn_error *err)
{
    return try_strategy("farthest-first", err);
}

static wn_status try_random(wn_error *err)
{
    return try_strategy("random", err);
}

static wn_status try_covering(wn_error *err)
{
    static const int64_t picks[] = {1, 50, 299};
    const wn_covering_request all = {.matrix = matrix()}, some = {.matrix = matrix(), .measured = {picks, 3}};
    wn_covering covering;
    wn_covering random[3];
    WN_TRY(wn_covering_measure(&all, (wn_rows){picks, 3}, NULL, &covering, err));
    return wn_covering_measure_random(&some, 10, 3, 1, random, err);
}

static wn_status try_npy(wn_error *err)
{
    wn_npy *array = NULL;
    wn_status status = wn_npy_open(array_path, &array, err);
    if (!status) {
        wn_matrix view;
        status = wn_npy_matrix(array, &view, err);
    }
    wn_npy_close(&array);
    return status;
}

static const struct {
    const char *name;
    wn_status (*run)(wn_error *err);
} scenarios[] = {
    {"arena", try_arena},       {"files", try_files}, {"pool", try_pool},
    {"random", try_random},     {"npy", try_npy},     {"farthest-first", try_farthest_first},
    {"covering", try_covering},
};

int main(void)
{
    atomic_store(&allocations_left, -1);
    wn_rng rng;
    wn_rng_init(&rng, 5, 0);
    for (size_t i = 0; i < ROWS * DIM; i++) values[i] = wn_rng_normal(&rng);
    if (!mkdtemp(folder)) return 1;
    snprintf(array_path, sizeof array_path, "%s/e.npy", folder);
    wn_error err = {0};
    wn_matrix all = matrix();
    if (wn_npy_write_matrix(array_path, &all, &err)) {
        printf("%s\n", err.message);
        return 1;
    }
    int failed = 0;
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        if (!torture(scenarios[i].name, scenarios[i].run)) failed++;
    }
    unlink(array_path);
    char path[80];
    snprintf(path, sizeof path, "%s/file", folder);
    unlink(path);
    rmdir(folder);
    printf("%d scenarios failed\n", failed);
    return failed != 0;
}
