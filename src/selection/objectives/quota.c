/* SPDX-License-Identifier: Apache-2.0
 *
 * Quota: at most so many picks of each class (a partition matroid). It has no say in the product; rows of a class that
 * is full are passed over.
 */
#include <inttypes.h>
#include <math.h>

#include "base/error.h"
#include "selection/objective.h"
#include "winnow/memory.h"

typedef struct state {
    const wn_objective_setting *setting;
    const int64_t *labels;
    int64_t *left; /* class_count; negative = any number */
} state;

static wn_status open(const wn_objective_setting *setting, void **out, wn_error *err)
{
    const wn_objective_input *input = setting->input;
    const char *label = wn_objective_label(input);
    state *s = wn_calloc(WN_MEMORY_SELECTION, 1, sizeof *s);
    *out = s;
    if (!s || !(s->left = wn_alloc(WN_MEMORY_SELECTION, input->class_count, sizeof *s->left)))
        return wn_fail(err, WN_NOMEM, "no memory for quotas");
    s->setting = setting;
    s->labels = input->labels.data;
    if (!s->labels || input->labels.len != setting->request->rows || !input->most)
        return wn_fail(err, WN_INVALID, "%s: %zu labels for %zu rows; give one label a row", label, input->labels.len,
                       setting->request->rows);
    for (size_t i = 0; i < input->labels.len; i++)
        if (s->labels[i] < -1 || s->labels[i] >= (int64_t)input->class_count)
            return wn_fail(err, WN_INVALID, "%s: the label of row %zu is %" PRId64 ", and there are %zu classes", label,
                           i, s->labels[i], input->class_count);
    for (size_t c = 0; c < input->class_count; c++) s->left[c] = input->most[c];
    return WN_OK;
}

static void close(void *opaque)
{
    state *s = opaque;
    if (s) wn_free(s->left);
    wn_free(s);
}

static uint64_t memory(const wn_objective_setting *setting)
{
    return sizeof(state) + setting->input->class_count * sizeof(int64_t);
}

static unsigned traits(const void *opaque)
{
    (void)opaque;
    return WN_OBJECTIVE_MOVES;
}

static void enter(void *opaque, size_t row)
{
    state *s = opaque;
    int64_t label = s->labels[row];
    if (label >= 0 && s->left[label] > 0) s->left[label]--;
}

static void take(void *opaque, size_t item)
{
    const state *s = opaque;
    enter(opaque, wn_objective_row(s->setting, item));
}

static double value(const void *opaque, size_t item)
{
    const state *s = opaque;
    int64_t label = s->labels[wn_objective_row(s->setting, item)];
    return label < 0 || s->left[label] < 0 ? INFINITY : (double)s->left[label];
}

static void add(const void *opaque, const uint32_t *items, size_t first, size_t n, double *keys)
{
    const state *s = opaque;
    for (size_t i = 0; i < n; i++) {
        int64_t label = s->labels[wn_objective_row(s->setting, items ? items[i] : first + i)];
        if (label >= 0 && s->left[label] == 0) keys[i] = -INFINITY;
    }
}

const wn_objective wn_objective_quota = {
    .name = "quota",
    .summary = "at most so many picks of each class",
    .open = open,
    .close = close,
    .memory = memory,
    .traits = traits,
    .enter = enter,
    .take = take,
    .value = value,
    .add = add,
};
