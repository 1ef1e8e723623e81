/* SPDX-License-Identifier: Apache-2.0
 *
 * The index that is kept, with its k-th allocation failing: making, growing, writing, opening and asking.
 */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "torture.h"

#include "base/rng.h"
#include "winnow/index_file.h"

enum { ROWS = 900, ADDED = 60, DIM = 6 };
static float values[(ROWS + ADDED) * DIM];
static char path[] = "/tmp/winnow-oom-index-XXXXXX";
static const char *kind;

static wn_status ask(wn_index *index, wn_error *err)
{
    wn_neighbours found = {0};
    wn_index_query query = {.queries = {values, 3, DIM, DIM}, .k = 4};
    wn_status status = wn_index_search(index, &query, &found, err);
    wn_neighbours_clear(&found);
    return status;
}

static wn_status try_build(wn_error *err)
{
    wn_matrix matrix = {values, ROWS, DIM, DIM};
    wn_index_options options = {.kind = wn_index_kind_find(kind), .metric = WN_INDEX_METRIC_COSINE};
    wn_index *index = NULL;
    wn_status status = wn_index_build(&matrix, &options, &index, err);
    if (!status) status = ask(index, err);
    matrix.rows += ADDED;
    if (!status) status = wn_index_add(index, &matrix, NULL, err);
    wn_index_close(&index);
    return status;
}

static wn_status try_file(wn_error *err)
{
    wn_matrix matrix = {values, ROWS + ADDED, DIM, DIM};
    wn_index *index = NULL;
    wn_status status = wn_index_open(path, &matrix, "rows", &index, err);
    if (!status) status = ask(index, err);
    if (!status) status = wn_index_add(index, &matrix, NULL, err);
    wn_index_close(&index);
    return status;
}

static wn_status write_file(wn_error *err)
{
    wn_matrix matrix = {values, ROWS, DIM, DIM};
    wn_index_options options = {.kind = wn_index_kind_find(kind), .stamp = "rows"};
    wn_index *index = NULL;
    wn_status status = wn_index_build(&matrix, &options, &index, err);
    if (!status) status = wn_index_save(index, path, err);
    wn_index_close(&index);
    return status;
}

int main(void)
{
    static const char *const kinds[] = {"flat", "ivf"};
    bool right = true;
    wn_rng rng;
    wn_rng_init(&rng, 3, 0);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        values[i] = i > 5000 ? values[i % 900] : wn_rng_normal(&rng);
    int fd = mkstemp(path);
    if (fd < 0) return 1;
    close(fd);
    for (size_t i = 0; i < 2; i++) {
        kind = kinds[i];
        right = torture(kind, try_build) && right;
        right = torture("write", write_file) && right;
        right = torture("file", try_file) && right;
    }
    unlink(path);
    return right ? 0 : 1;
}
