/* SPDX-License-Identifier: Apache-2.0
 *
 * What all strategies share: the request is checked (request_check.c), its row lists are put in ascending order without
 * repeats, the plan is held against the limit, and the result gets its arrays.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "selection/request_check.h"
#include "winnow/memory.h"
#include "winnow/selection.h"

void wn_selection_clear(wn_selection *selection)
{
    wn_free(selection->picks);
    wn_free(selection->distances);
    *selection = (wn_selection){0};
}

static int compare_rows(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* An ascending copy without repeats; *copy is NULL for an absent list. */
static wn_status tidy_rows(wn_rows in, size_t rows, const char *what, int64_t **copy, wn_rows *out, wn_error *err)
{
    size_t len = 0;
    *copy = NULL;
    *out = (wn_rows){0};
    if (!in.data) return WN_OK;
    for (size_t i = 0; i < in.len; i++) {
        if (in.data[i] < 0 || (uint64_t)in.data[i] >= rows) {
            return wn_fail(err, WN_INVALID, "%s: item %zu names row %" PRId64 ", but rows go from 0 to %zu", what, i,
                           in.data[i], rows - (rows > 0));
        }
    }
    if (!(*copy = wn_alloc(WN_MEMORY_SELECTION, in.len, sizeof **copy)))
        return wn_fail(err, WN_NOMEM, "%s: no memory for %zu rows", what, in.len);
    if (in.len) memcpy(*copy, in.data, in.len * sizeof **copy);
    qsort(*copy, in.len, sizeof **copy, compare_rows);
    for (size_t i = 0; i < in.len; i++) {
        if (i == 0 || (*copy)[i] != (*copy)[i - 1]) (*copy)[len++] = (*copy)[i];
    }
    *out = (wn_rows){*copy, len};
    return WN_OK;
}

/* Rows that can be picked: candidates that are not preselected. Both lists ascend. */
static size_t count_available(const wn_selection_request *request)
{
    size_t count = request->candidates.data ? request->candidates.len : request->embeddings.rows, both = 0;
    if (!request->candidates.data) return count - request->preselected.len;
    for (size_t i = 0, j = 0; i < request->preselected.len && j < count;) {
        int64_t a = request->preselected.data[i], b = request->candidates.data[j];
        both += a == b;
        i += a <= b;
        j += b <= a;
    }
    return count - both;
}

static wn_status check_count(const wn_selection_request *request, wn_error *err)
{
    size_t available = count_available(request);
    if (request->count <= available) return WN_OK;
    if (available == request->embeddings.rows)
        return wn_fail(err, WN_INVALID, "cannot pick %zu of %zu rows; ask for at most %zu", request->count, available,
                       available);
    return wn_fail(err, WN_INVALID, "cannot pick %zu rows: %zu of %zu can be picked; ask for at most %zu",
                   request->count, available, request->embeddings.rows, available);
}

static wn_status check_plan(const wn_strategy *strategy, const void *params, const wn_selection_request *request,
                            wn_error *err)
{
    char need[32], limit[32];
    uint64_t bytes = wn_select_memory(strategy, params, request);
    if (request->memory_limit == 0 || bytes <= request->memory_limit) return WN_OK;
    wn_text_bytes(bytes, need);
    wn_text_bytes(request->memory_limit, limit);
    return wn_fail(err, WN_LIMIT,
                   "selecting %zu of %zu rows with %s needs %s, and the limit leaves %s; raise the limit",
                   request->count, request->embeddings.rows, strategy->name, need, limit);
}

uint64_t wn_select_memory(const wn_strategy *strategy, const void *params, const wn_selection_request *request)
{
    uint64_t lists = (request->candidates.len + request->preselected.len) * sizeof(int64_t);
    uint64_t result = (request->count + 1) * (sizeof(int64_t) + sizeof(float));
    return lists + result + (strategy->memory ? strategy->memory(params, request) : 0);
}

wn_status wn_select(const wn_strategy *strategy, const void *params, const wn_selection_request *request,
                    wn_selection *out, wn_error *err)
{
    wn_selection_request tidy = *request;
    int64_t *candidates = NULL, *preselected = NULL;
    size_t rows = request->embeddings.rows;
    wn_status status;

    *out = (wn_selection){0};
    if (rows > UINT32_MAX - 1) return wn_fail(err, WN_UNSUPPORTED, "%zu rows are more than 32 bits count", rows);
    WN_TRY(wn_request_check_shapes(strategy, request, err));
    if ((status = tidy_rows(request->candidates, rows, "candidates", &candidates, &tidy.candidates, err))) goto done;
    if ((status = tidy_rows(request->preselected, rows, "preselected rows", &preselected, &tidy.preselected, err)))
        goto done;
    if ((status = check_count(&tidy, err)) || (status = check_plan(strategy, params, &tidy, err))) goto done;
    if ((status = wn_request_check_values(strategy, request, err))) goto done;
    out->picks = wn_alloc(WN_MEMORY_SELECTION, request->count + 1, sizeof *out->picks);
    out->distances = wn_alloc(WN_MEMORY_SELECTION, request->count + 1, sizeof *out->distances);
    if (!out->picks || !out->distances) {
        status = wn_fail(err, WN_NOMEM, "no memory for %zu picks", request->count);
        goto done;
    }
    status = strategy->pick(params, &tidy, out, err);
done:
    if (status && status != WN_CANCELLED) wn_selection_clear(out);
    wn_free(preselected);
    wn_free(candidates);
    return status;
}
