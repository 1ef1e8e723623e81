/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of equal values, listed by row number where the list of distinct rows has one entry.
 */
#include "index/spread.h"

#include <math.h>

#include "base/error.h"
#include "winnow/memory.h"

enum { GRAIN = 256 };

typedef struct spreading {
    const wn_index_task *task;
    const wn_distinct *distinct;
    wn_neighbours *out;
    uint32_t *cursors; /* task->k a worker */
} spreading;

/* The members of the groups listed from `begin` to `end`, which are equally near, by row number. Returns the place
 * after the last one written. */
static size_t write_equals(const spreading *s, const uint32_t *slots, size_t begin, size_t end, float distance,
                           size_t leave_out, size_t row, size_t place, uint32_t *cursors)
{
    const wn_distinct *distinct = s->distinct;
    size_t k = s->out->k;
    for (size_t i = begin; i < end; i++) cursors[i] = distinct->starts[slots[i]];
    while (place < k) {
        size_t best = end;
        uint32_t least = UINT32_MAX;
        for (size_t i = begin; i < end; i++) {
            if (cursors[i] == distinct->starts[slots[i] + 1]) {
                begin += i == begin; /* most groups have one row, and are used up in order */
            } else if (distinct->members[cursors[i]] < least) {
                least = distinct->members[cursors[i]];
                best = i;
            }
            /* first rows ascend: no group after one that was not begun comes before it */
            if (cursors[i] == distinct->starts[slots[i]]) break;
        }
        if (best == end) break;
        cursors[best]++;
        if (least == leave_out) continue;
        s->out->ids[row * k + place] = least;
        s->out->distances[row * k + place++] = distance;
    }
    return place;
}

static void spread_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const spreading *s = context;
    const wn_index_task *task = s->task;
    uint32_t *cursors = s->cursors + worker * task->k;
    size_t k = s->out->k;
    for (size_t row = begin; row < end; row++) {
        size_t query = task->self ? s->distinct->group_of[row] : row, place = 0;
        const uint32_t *slots = task->slots + query * task->k;
        const double *values = task->values + query * task->k;
        for (size_t i = 0, next; i < task->k && place < k; i = next) {
            for (next = i + 1; next < task->k && values[next] == values[i];) next++;
            place = write_equals(s, slots, i, next, wn_index_distance(task->metric, values[i]),
                                 task->self ? row : SIZE_MAX, row, place, cursors);
        }
        for (; place < k; place++) {
            s->out->ids[row * k + place] = -1;
            s->out->distances[row * k + place] = task->metric == WN_INDEX_METRIC_IP ? -INFINITY : INFINITY;
        }
    }
}

wn_status wn_spread_lists(const wn_index_task *task, const wn_distinct *distinct, wn_neighbours *out, wn_error *err)
{
    spreading s = {.task = task, .distinct = distinct, .out = out};
    s.cursors = wn_alloc(WN_MEMORY_MATRIX, wn_pool_threads(task->pool) * task->k, sizeof *s.cursors);
    if (!s.cursors) return wn_fail(err, WN_NOMEM, "no memory for %zu neighbours", out->k);
    wn_pool_for(task->pool, out->rows, GRAIN, spread_rows, &s);
    wn_free(s.cursors);
    return WN_OK;
}
