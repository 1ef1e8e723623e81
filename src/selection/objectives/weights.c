/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights: a fixed value of each row, the higher the better. As a score of the candidate it never changes; as an
 * objective of the set it is the sum over the picks.
 */
#include <math.h>

#include "base/error.h"
#include "selection/objective.h"
#include "winnow/memory.h"

enum { CELLS = 4 };

typedef struct state {
    const wn_objective_setting *setting;
    const float *values;
    double shift; /* raises all values so that the least is not negative */
    double floor; /* of raised values and their sum */
    double least; /* raised value of a candidate */
    double most;
    double sum;              /* raised, of all picks */
    double plain_sum;        /* as given */
    double marked, strength; /* sum at the mark */
    double *contributions;   /* of the items; NULL for the set */
    bool is_set;
} state;

static wn_status check_values(const wn_objective_setting *setting, state *s, wn_error *err)
{
    const wn_objective_input *input = setting->input;
    const char *label = wn_objective_label(input);
    double least = INFINITY, most = -INFINITY;
    if (!input->values.data || input->values.len != setting->request->rows)
        return wn_fail(err, WN_INVALID, "%s: %zu values for %zu rows; give one value a row", label, input->values.len,
                       setting->request->rows);
    for (size_t i = 0; i < input->values.len; i++) {
        double value = (double)input->values.data[i];
        if (!isfinite(value))
            return wn_fail(err, WN_INVALID, "%s: the value of row %zu is %s; give a finite one", label, i,
                           isnan(value) ? "not a number" : "infinite");
        least = fmin(least, value);
        most = fmax(most, value);
    }
    if (least < 0 && (input->stop_sum > 0 || input->most_sum > 0))
        return wn_fail(err, WN_INVALID, "%s: a limit of the sum needs values that are not negative", label);
    s->shift = least < 0 ? -least : 0;
    s->floor = fmax((most + s->shift) * WN_OBJECTIVE_FLOOR, 1e-300);
    return WN_OK;
}

static wn_status open(const wn_objective_setting *setting, void **out, wn_error *err)
{
    state *s = wn_calloc(WN_MEMORY_SELECTION, 1, sizeof *s);
    *out = s;
    if (!s) return wn_fail(err, WN_NOMEM, "no memory for weights");
    s->setting = setting;
    s->values = setting->input->values.data;
    s->strength = setting->input->strength;
    s->is_set = setting->request->variant == WN_VARIANT_SET;
    WN_TRY(check_values(setting, s, err));
    if (!s->is_set && !(s->contributions = wn_alloc(WN_MEMORY_SELECTION, setting->len, sizeof *s->contributions)))
        return wn_fail(err, WN_NOMEM, "no memory for %zu weights", setting->len);
    s->least = INFINITY;
    for (size_t i = 0; i < setting->len; i++) {
        double value = (double)s->values[wn_objective_row(setting, i)] + s->shift;
        s->least = fmin(s->least, value);
        s->most = fmax(s->most, value);
        if (s->contributions) s->contributions[i] = s->strength * log(fmax(value, s->floor));
    }
    return WN_OK;
}

static void close(void *opaque)
{
    state *s = opaque;
    if (s) wn_free(s->contributions);
    wn_free(s);
}

static uint64_t memory(const wn_objective_setting *setting)
{
    return sizeof(state) + (setting->request->variant == WN_VARIANT_SET ? 0 : setting->len * sizeof(double));
}

static unsigned traits(const void *opaque)
{
    const state *s = opaque;
    if (s->is_set) return WN_OBJECTIVE_MOVES;
    return s->setting->input->most_sum > 0 ? WN_OBJECTIVE_MOVES : 0;
}

static double cost(const void *opaque)
{
    return ((const state *)opaque)->is_set ? 20 : 3;
}

static void enter(void *opaque, size_t row)
{
    state *s = opaque;
    s->sum += (double)s->values[row] + s->shift;
    s->plain_sum += (double)s->values[row];
}

static void take(void *opaque, size_t item)
{
    const state *s = opaque;
    enter(opaque, wn_objective_row(s->setting, item));
}

static double value(const void *opaque, size_t item)
{
    const state *s = opaque;
    return (double)s->values[wn_objective_row(s->setting, item)];
}

static bool ends(const void *opaque, size_t item)
{
    const state *s = opaque;
    double stop = s->setting->input->stop_sum;
    return stop > 0 && s->plain_sum + value(opaque, item) > stop;
}

static void add(const void *opaque, const uint32_t *items, size_t first, size_t n, double *keys)
{
    const state *s = opaque;
    double most = s->setting->input->most_sum;
    for (size_t i = 0; i < n; i++) {
        size_t item = items ? items[i] : first + i;
        if (s->contributions) {
            keys[i] += s->contributions[item];
        } else {
            keys[i] += s->strength * log(fmax(s->sum + value(opaque, item) + s->shift, s->floor));
        }
        if (most > 0 && s->plain_sum + value(opaque, item) > most) keys[i] = -INFINITY;
    }
}

static void mark(void *opaque)
{
    state *s = opaque;
    s->marked = s->sum;
}

/* For the set: stretches of values. */
static size_t cells(const void *opaque)
{
    return ((const state *)opaque)->is_set ? CELLS : 1;
}

static uint32_t cell(const void *opaque, size_t item)
{
    const state *s = opaque;
    double range = s->most - s->least;
    if (!s->is_set || range <= 0) return 0;
    double at = (value(opaque, item) + s->shift - s->least) / range * CELLS;
    return at < CELLS - 1 ? (uint32_t)at : CELLS - 1;
}

static double growth(const void *opaque, size_t cell)
{
    const state *s = opaque;
    if (!s->is_set) return 0;
    /* (sum + v) / (marked + v) falls as v grows. */
    double step = (s->most - s->least) / CELLS * (1 - 1e-9), first = s->least + (double)cell * step;
    double least = cell == SIZE_MAX ? s->least : first * (1 - 1e-9);
    double most = cell == SIZE_MAX ? s->most : fmin(s->most, (first + step) * (1 + 1e-8));
    double at = s->strength > 0 ? least : most;
    return s->strength * log(fmax(s->sum + at, s->floor) / fmax(s->marked + at, s->floor));
}

const wn_objective wn_objective_weights = {
    .name = "weights",
    .summary = "prefers rows of high value",
    .open = open,
    .close = close,
    .memory = memory,
    .traits = traits,
    .cost = cost,
    .cells = cells,
    .cell = cell,
    .enter = enter,
    .take = take,
    .ends = ends,
    .value = value,
    .add = add,
    .mark = mark,
    .growth = growth,
};
