/* SPDX-License-Identifier: Apache-2.0
 *
 * A selection by a product of objectives: checks the request, opens the objectives, and lets the engine pick.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "selection/product_engine.h"
#include "winnow/memory.h"

enum { OBJECTIVES_MOST = 64 };

const char *const wn_variant_names[WN_VARIANT_COUNT + 1] = {
#define X(name, text) [WN_VARIANT_##name] = text,
    WN_VARIANT_MAP(X)
#undef X
};

const char *const wn_balance_names[WN_BALANCE_COUNT + 1] = {
#define X(name, text) [WN_BALANCE_##name] = text,
    WN_BALANCE_MAP(X)
#undef X
};

void wn_product_clear(wn_product *product)
{
    wn_free(product->picks);
    wn_free(product->values);
    *product = (wn_product){0};
}

/* One selection being made. */
typedef struct making {
    wn_product_request request; /* with tidy lists */
    uint8_t *roles;             /* rows: CANDIDATE, PRESELECTED, both */
    int64_t *items, *preselected;
    size_t len, count;
    uint8_t *taken; /* of the items: preselected */
    wn_factor factors[OBJECTIVES_MOST];
    size_t opened;
} making;

enum { CANDIDATE = 1, PRESELECTED = 2 };

/* Marks the rows of a list. */
static wn_status mark_rows(making *m, wn_rows list, const char *what, uint8_t role, wn_error *err)
{
    for (size_t i = 0; i < list.len; i++) {
        if (list.data[i] < 0 || (uint64_t)list.data[i] >= m->request.rows)
            return wn_fail(err, WN_INVALID, "%s: item %zu names row %" PRId64 ", but rows go from 0 to %zu", what, i,
                           list.data[i], m->request.rows - (m->request.rows > 0));
        m->roles[list.data[i]] |= role;
    }
    return WN_OK;
}

/* Both lists in ascending order without repeats. */
static wn_status tidy_lists(making *m, wn_error *err)
{
    size_t rows = m->request.rows, entered = 0;
    bool all = m->request.candidates.data == NULL;
    if (rows > UINT32_MAX - 1) return wn_fail(err, WN_UNSUPPORTED, "%zu rows are more than 32 bits count", rows);
    if (!(m->roles = wn_calloc(WN_MEMORY_SELECTION, rows, 1))) return wn_fail(err, WN_NOMEM, "out of memory");
    WN_TRY(mark_rows(m, m->request.candidates, "candidates", CANDIDATE, err));
    WN_TRY(mark_rows(m, m->request.preselected, "preselected rows", PRESELECTED, err));
    for (size_t r = 0; r < rows; r++) {
        m->len += all || (m->roles[r] & CANDIDATE);
        entered += (m->roles[r] & PRESELECTED) != 0;
    }
    m->items = wn_alloc(WN_MEMORY_SELECTION, m->len, sizeof *m->items);
    m->taken = wn_calloc(WN_MEMORY_SELECTION, m->len, 1);
    m->preselected = wn_alloc(WN_MEMORY_SELECTION, entered, sizeof *m->preselected);
    if (!m->items || !m->taken || !m->preselected) return wn_fail(err, WN_NOMEM, "no memory for %zu rows", rows);
    m->len = entered = m->count = 0;
    for (size_t r = 0; r < rows; r++) {
        bool is_taken = (m->roles[r] & PRESELECTED) != 0;
        if (is_taken) m->preselected[entered++] = (int64_t)r;
        if (!all && !(m->roles[r] & CANDIDATE)) continue;
        m->taken[m->len] = is_taken;
        m->items[m->len++] = (int64_t)r;
        m->count += !is_taken;
    }
    m->request.candidates = (wn_rows){m->items, m->len};
    m->request.preselected = (wn_rows){m->preselected, entered};
    return WN_OK;
}

static wn_status check_count(making *m, wn_error *err)
{
    size_t available = m->count, wanted = m->request.count;
    if (wanted == SIZE_MAX) return WN_OK; /* all of them, until something ends it */
    if (wanted > available)
        return wn_fail(err, WN_INVALID, "cannot pick %zu rows: %zu of %zu can be picked; ask for at most %zu", wanted,
                       available, m->request.rows, available);
    m->count = wanted;
    return WN_OK;
}

static wn_status set_factors(making *m, wn_error *err)
{
    const wn_product_request *request = &m->request;
    if (request->objective_count == 0 || request->objective_count > OBJECTIVES_MOST)
        return wn_fail(err, WN_INVALID, "%zu objectives; a selection has from 1 to %d", request->objective_count,
                       OBJECTIVES_MOST);
    for (size_t f = 0; f < request->objective_count; f++) {
        const wn_objective_input *input = request->objectives + f;
        wn_factor *factor = m->factors + f;
        if (!(factor->kind = wn_objective_find(input->kind ? input->kind : "")))
            return wn_fail(err, WN_INVALID, "there is no objective '%s'", input->kind ? input->kind : "");
        if (!isfinite(input->strength) || fabs(input->strength) > 1e9)
            return wn_fail(err, WN_INVALID, "%s: a strength of %g; it lies within -1e9 and 1e9",
                           wn_objective_label(input), input->strength);
        factor->setting = (wn_objective_setting){.request = request,
                                                 .input = input,
                                                 .rows = m->len == request->rows ? NULL : m->items,
                                                 .len = m->len,
                                                 .capacity = m->count + request->preselected.len};
    }
    return WN_OK;
}

static uint64_t plan(const making *m)
{
    uint64_t bytes = m->request.rows + (uint64_t)m->len * 9 + m->request.preselected.len * sizeof(int64_t) +
                     (uint64_t)(m->count + 1) * (sizeof(int64_t) + m->request.objective_count * sizeof(double)) +
                     wn_product_run_bytes(m->len);
    for (size_t f = 0; f < m->request.objective_count; f++) bytes += m->factors[f].kind->memory(&m->factors[f].setting);
    return bytes;
}

static wn_status check_plan(const making *m, wn_error *err)
{
    char need[32], limit[32];
    uint64_t bytes = plan(m);
    if (m->request.memory_limit == 0 || bytes <= m->request.memory_limit) return WN_OK;
    wn_text_bytes(bytes, need);
    wn_text_bytes(m->request.memory_limit, limit);
    return wn_fail(err, WN_LIMIT, "selecting from %zu rows needs %s, and the limit leaves %s; raise the limit",
                   m->request.rows, need, limit);
}

static wn_status open_factors(making *m, wn_error *err)
{
    for (size_t f = 0; f < m->request.objective_count; f++) {
        wn_factor *factor = m->factors + f;
        m->opened++;
        WN_TRY(factor->kind->open(&factor->setting, &factor->state, err));
        factor->traits = factor->kind->traits(factor->state);
        for (size_t i = 0; i < m->request.preselected.len; i++)
            factor->kind->enter(factor->state, (size_t)m->preselected[i]);
    }
    return WN_OK;
}

static wn_status prepare(making *m, const wn_product_request *request, wn_error *err)
{
    m->request = *request;
    WN_TRY(tidy_lists(m, err));
    WN_TRY(check_count(m, err));
    return set_factors(m, err);
}

static void clear(making *m)
{
    while (m->opened > 0) {
        m->opened--;
        m->factors[m->opened].kind->close(m->factors[m->opened].state);
    }
    wn_free(m->taken);
    wn_free(m->preselected);
    wn_free(m->items);
    wn_free(m->roles);
}

uint64_t wn_product_memory(const wn_product_request *request)
{
    making m = {0};
    uint64_t bytes = prepare(&m, request, NULL) ? 0 : plan(&m);
    clear(&m);
    return bytes;
}

static wn_status select_rows(making *m, wn_product *out, wn_error *err)
{
    WN_TRY(check_plan(m, err));
    out->picks = wn_alloc(WN_MEMORY_SELECTION, m->count + 1, sizeof *out->picks);
    out->values = wn_alloc(WN_MEMORY_SELECTION, (m->count + 1) * m->request.objective_count, sizeof *out->values);
    if (!out->picks || !out->values) return wn_fail(err, WN_NOMEM, "no memory for %zu picks", m->count);
    if (m->len == 0) return WN_OK;
    WN_TRY(open_factors(m, err));
    return wn_product_run(&m->request, m->factors, m->factors[0].setting.rows, m->len, m->taken, m->count, out, err);
}

wn_status wn_product_select(const wn_product_request *request, wn_product *out, wn_error *err)
{
    making m = {0};
    *out = (wn_product){.objective_count = request->objective_count, .ended_by = SIZE_MAX};
    wn_status status = prepare(&m, request, err);
    if (!status) status = select_rows(&m, out, err);
    if (status && status != WN_CANCELLED) wn_product_clear(out);
    clear(&m);
    return status;
}
