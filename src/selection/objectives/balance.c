/* SPDX-License-Identifier: Apache-2.0
 *
 * Balance: brings the mix of classes among the picks near a target t. Amounts are scaled so that a candidate has mass 1
 * on average. With c the sum of the picks' amounts, M = |c|, r = c - M t how far the sum is from the target, and
 * q = p - |p| t what a candidate with amounts p would add to that:
 *
 *     score of the candidate   exp(-(|r + q|^2 - |r|^2) / 2), the less the sum departs from the target the greater
 *     objective of the set     1 - |r + q| / ((M + |p|) sqrt 2), in [0, 1]; the norm is that of the shares' difference
 *
 * The first counts picks, not shares: a class that lags by one more pick gains by a factor e, however large the
 * selection is, so the target is met within a few picks and other objectives choose freely inside of that. Only r
 * changes, so what a cell of like candidates gains has a closed bound.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "num/precise.h"
#include "selection/cells.h"
#include "selection/objective.h"
#include "winnow/memory.h"

/* Rows of classes that are held at most, by the room they take. */
enum { HELD_BYTES = 32 << 20, HELD_PIECE = 256 };

typedef struct state {
    const wn_objective_setting *setting;
    bool is_set;
    double strength, scale;
    size_t parts;                         /* classes, those that are not named in the target together */
    uint32_t *part_of;                    /* class_count */
    double *target;                       /* parts */
    double *sum;                          /* parts: c */
    double *off;                          /* parts: r, and at the mark */
    double *marked_off;                   /* parts */
    double *by_class;                     /* class_count: r of the part of each class */
    double mass, marked_mass, off_target; /* M; r . t */
    bool moved;                           /* since the mark */
    double *squares;                      /* items: |q|^2 */
    double *masses;                       /* items: |p|, scaled */
    wn_precise_kernels kernels;
    size_t held_most; /* items held at most, whole tiles */
    float *held;      /* amounts, in tiles of class_count values */
    double *held_masses, *held_squares;
    wn_cells cells;
    double *least_mass, *most_mass, *least_square, *most_square; /* of the cells */
} state;

/* The sum of products, in the order that num/precise.h states. */
static double dot(const double *a, const float *b, size_t n)
{
    double lanes[8] = {0};
    size_t k = 0;
    for (; k + 8 <= n; k += 8)
        for (size_t i = 0; i < 8; i++) lanes[i] += a[k + i] * (double)b[k + i];
    for (size_t i = 0; k < n; k++, i++) lanes[i] += a[k] * (double)b[k];
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

/* The amounts of a row by part, scaled; returns their sum. */
static double read_amounts(const state *s, size_t row, double *amounts)
{
    const wn_objective_input *input = s->setting->input;
    double mass = 0;
    memset(amounts, 0, s->parts * sizeof *amounts);
    if (input->labels.data) {
        if (input->labels.data[row] < 0) return 0;
        amounts[s->part_of[input->labels.data[row]]] = s->scale;
        return s->scale;
    }
    const float *values = wn_matrix_row(&input->amounts, row);
    for (size_t c = 0; c < input->class_count; c++) amounts[s->part_of[c]] += (double)values[c] * s->scale;
    for (size_t p = 0; p < s->parts; p++) mass += amounts[p];
    return mass;
}

/* q of an item. */
static void read_vector(const void *opaque, size_t item, double *vector)
{
    const state *s = opaque;
    double mass = read_amounts(s, wn_objective_row(s->setting, item), vector);
    for (size_t p = 0; p < s->parts; p++) vector[p] -= mass * s->target[p];
}

static wn_status check_classes(const wn_objective_setting *setting, wn_error *err)
{
    const wn_objective_input *input = setting->input;
    const char *label = wn_objective_label(input);
    size_t rows = setting->request->rows, given = input->labels.data ? input->labels.len : input->amounts.rows;
    if (input->class_count == 0 || input->class_count > UINT16_MAX)
        return wn_fail(err, WN_INVALID, "%s: %zu classes; from 1 to %d can be balanced", label, input->class_count,
                       UINT16_MAX);
    if (given != rows || (!input->labels.data && input->amounts.cols != input->class_count))
        return wn_fail(err, WN_INVALID, "%s: classes of %zu rows, but there are %zu rows", label, given, rows);
    for (size_t i = 0; i < rows && input->labels.data; i++)
        if (input->labels.data[i] < -1 || input->labels.data[i] >= (int64_t)input->class_count)
            return wn_fail(err, WN_INVALID, "%s: the label of row %zu is %" PRId64 ", and there are %zu classes", label,
                           i, input->labels.data[i], input->class_count);
    for (size_t i = 0; i < rows && !input->labels.data; i++)
        for (size_t c = 0; c < input->class_count; c++) {
            float value = wn_matrix_row(&input->amounts, i)[c];
            if (!isfinite(value) || value < 0)
                return wn_fail(err, WN_INVALID, "%s: row %zu has %g of class %zu; amounts are finite and not negative",
                               label, i, (double)value, c);
        }
    return WN_OK;
}

/* The shares given; what is not named becomes one more part. */
static wn_status set_target(state *s, wn_error *err)
{
    const wn_objective_input *input = s->setting->input;
    const char *label = wn_objective_label(input);
    double named = 0;
    uint32_t rest = UINT32_MAX;
    if (input->balance == WN_BALANCE_TARGET && !input->target)
        return wn_fail(err, WN_INVALID, "%s: there is no target", label);
    for (size_t c = 0; c < input->class_count; c++) {
        double share = input->balance == WN_BALANCE_TARGET ? input->target[c] : 1 / (double)input->class_count;
        if (isnan(share)) {
            if (rest == UINT32_MAX) rest = (uint32_t)s->parts++;
            s->part_of[c] = rest;
            continue;
        }
        if (share < 0 || share > 1)
            return wn_fail(err, WN_INVALID, "%s: a share of %g; shares lie in [0, 1]", label, share);
        named += share;
        s->target[s->parts] = share;
        s->part_of[c] = (uint32_t)s->parts++;
    }
    if (named > 1 + 1e-6)
        return wn_fail(err, WN_INVALID, "%s: the shares of the target sum to %g; at most 1 can be asked for", label,
                       named);
    if (rest != UINT32_MAX) s->target[rest] = fmax(0, 1 - named);
    return WN_OK;
}

/* Soft classes are held: as many items as the room takes. */
static size_t held_most(const wn_objective_setting *setting)
{
    size_t one = setting->input->class_count * sizeof(float) + 2 * sizeof(double);
    size_t most = setting->len < HELD_BYTES / one ? setting->len : HELD_BYTES / one;
    return setting->input->labels.data ? 0 : (most + WN_PRECISE_TILE - 1) / WN_PRECISE_TILE * WN_PRECISE_TILE;
}

static wn_status allocate(state *s, wn_error *err)
{
    size_t classes = s->setting->input->class_count, len = s->setting->len;
    s->part_of = wn_alloc(WN_MEMORY_SELECTION, classes, sizeof *s->part_of);
    s->target = wn_calloc(WN_MEMORY_SELECTION, classes + 1, sizeof *s->target);
    s->sum = wn_calloc(WN_MEMORY_SELECTION, classes + 1, sizeof *s->sum);
    s->off = wn_calloc(WN_MEMORY_SELECTION, classes + 1, sizeof *s->off);
    s->marked_off = wn_calloc(WN_MEMORY_SELECTION, classes + 1, sizeof *s->marked_off);
    s->by_class = wn_calloc(WN_MEMORY_SELECTION, classes, sizeof *s->by_class);
    s->squares = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *s->squares);
    s->masses = wn_alloc(WN_MEMORY_SELECTION, len, sizeof *s->masses);
    s->least_mass = wn_alloc(WN_MEMORY_SELECTION, 4 * WN_CELLS_MOST, sizeof(double));
    s->held_most = held_most(s->setting);
    s->held = wn_calloc(WN_MEMORY_SELECTION, s->held_most * classes, sizeof *s->held);
    s->held_masses = wn_alloc(WN_MEMORY_SELECTION, 2 * s->held_most, sizeof *s->held_masses);
    if (!s->held || !s->held_masses || !s->part_of || !s->target || !s->sum || !s->off || !s->marked_off ||
        !s->by_class || !s->squares || !s->masses || !s->least_mass)
        return wn_fail(err, WN_NOMEM, "no memory to balance %zu classes", classes);
    s->most_mass = s->least_mass + WN_CELLS_MOST;
    s->least_square = s->most_mass + WN_CELLS_MOST;
    s->most_square = s->least_square + WN_CELLS_MOST;
    s->held_squares = s->held_masses + s->held_most;
    wn_precise_kernels_init(&s->kernels, wn_cpu_level());
    return WN_OK;
}

/* The scale of amounts, and for INPUT the target, from the candidates. */
static wn_status measure(state *s, double *amounts, wn_error *err)
{
    const wn_objective_setting *setting = s->setting;
    size_t count = 0;
    double mass = 0;
    double *total = s->sum; /* zero now, and again afterwards */
    s->scale = 1;
    for (size_t i = 0; i < setting->len; i++) {
        double m = read_amounts(s, wn_objective_row(setting, i), amounts);
        mass += m;
        count += m > 0;
        for (size_t p = 0; p < s->parts; p++) total[p] += amounts[p];
    }
    if (count == 0)
        return wn_fail(err, WN_INVALID, "%s: none of the %zu candidates has a class",
                       wn_objective_label(setting->input), setting->len);
    for (size_t p = 0; p < s->parts; p++) {
        if (setting->input->balance == WN_BALANCE_INPUT) s->target[p] = total[p] / mass;
        total[p] = 0;
    }
    s->scale = (double)count / mass;
    return WN_OK;
}

static void measure_items(state *s, double *vector)
{
    for (size_t c = 0; c < s->cells.count; c++) {
        s->least_mass[c] = s->least_square[c] = INFINITY;
        s->most_mass[c] = s->most_square[c] = 0;
    }
    for (size_t i = 0; i < s->setting->len; i++) {
        double square = 0;
        uint16_t c = s->cells.of[i];
        s->masses[i] = read_amounts(s, wn_objective_row(s->setting, i), vector);
        for (size_t p = 0; p < s->parts; p++) {
            double q = vector[p] - s->masses[i] * s->target[p];
            square += q * q;
        }
        s->squares[i] = square;
        s->least_mass[c] = fmin(s->least_mass[c], s->masses[i]);
        s->most_mass[c] = fmax(s->most_mass[c], s->masses[i]);
        s->least_square[c] = fmin(s->least_square[c], square);
        s->most_square[c] = fmax(s->most_square[c], square);
    }
}

static wn_status open(const wn_objective_setting *setting, void **out, wn_error *err)
{
    state *s = wn_calloc(WN_MEMORY_SELECTION, 1, sizeof *s);
    *out = s;
    if (!s) return wn_fail(err, WN_NOMEM, "no memory for balance");
    s->setting = setting;
    s->strength = setting->input->strength;
    s->is_set = setting->request->variant == WN_VARIANT_SET;
    WN_TRY(check_classes(setting, err));
    WN_TRY(allocate(s, err));
    WN_TRY(set_target(s, err));
    double *vector = wn_alloc(WN_MEMORY_SELECTION, s->parts, sizeof *vector);
    if (!vector) return wn_fail(err, WN_NOMEM, "no memory to balance %zu classes", setting->input->class_count);
    wn_status status = measure(s, vector, err);
    if (!status) status = wn_cells_make(read_vector, s, setting->len, s->parts, setting->request->pool, &s->cells, err);
    if (!status) measure_items(s, vector);
    wn_free(vector);
    return status;
}

static void close(void *opaque)
{
    state *s = opaque;
    if (!s) return;
    wn_cells_clear(&s->cells);
    wn_free(s->held_masses);
    wn_free(s->held);
    wn_free(s->least_mass);
    wn_free(s->masses);
    wn_free(s->squares);
    wn_free(s->by_class);
    wn_free(s->marked_off);
    wn_free(s->off);
    wn_free(s->sum);
    wn_free(s->target);
    wn_free(s->part_of);
    wn_free(s);
}

static uint64_t memory(const wn_objective_setting *setting)
{
    size_t classes = setting->input->class_count;
    return sizeof(state) + (uint64_t)setting->len * 16 + classes * 64 + 4 * WN_CELLS_MOST * sizeof(double) +
           held_most(setting) * (classes * sizeof(float) + 2 * sizeof(double)) +
           wn_cells_bytes(setting->len, classes, wn_pool_threads(setting->request->pool));
}

/* Cells of equal vectors are exact. */
static unsigned traits(const void *opaque)
{
    const state *s = opaque;
    bool exact = s->setting->input->labels.data != NULL;
    for (size_t c = 0; c < s->cells.count; c++) exact = exact && s->cells.radii[c] == 0;
    return exact ? WN_OBJECTIVE_MOVES | WN_OBJECTIVE_BY_CELL : WN_OBJECTIVE_MOVES;
}

static double cost(const void *opaque)
{
    const state *s = opaque;
    double own = s->setting->input->labels.data ? 4 : 6 + (double)s->setting->input->class_count;
    return s->is_set ? own + 20 : own;
}

static size_t cells(const void *opaque)
{
    return ((const state *)opaque)->cells.count;
}

static uint32_t cell(const void *opaque, size_t item)
{
    return ((const state *)opaque)->cells.of[item];
}

static void enter(void *opaque, size_t row)
{
    state *s = opaque;
    double *amounts = s->off; /* filled anew below */
    s->moved = true;
    s->mass += read_amounts(s, row, amounts);
    s->off_target = 0;
    for (size_t p = 0; p < s->parts; p++) {
        s->sum[p] += amounts[p];
        s->off[p] = s->sum[p] - s->mass * s->target[p];
        s->off_target += s->off[p] * s->target[p];
    }
    for (size_t c = 0; c < s->setting->input->class_count; c++) s->by_class[c] = s->off[s->part_of[c]];
}

static void take(void *opaque, size_t item)
{
    const state *s = opaque;
    enter(opaque, wn_objective_row(s->setting, item));
}

/* r . q */
static double turn(const state *s, size_t item)
{
    const wn_objective_input *input = s->setting->input;
    size_t row = wn_objective_row(s->setting, item);
    double sum = 0;
    if (!input->labels.data) {
        sum = dot(s->by_class, wn_matrix_row(&input->amounts, row), input->class_count);
    } else if (input->labels.data[row] >= 0) {
        sum = s->by_class[input->labels.data[row]];
    }
    return s->scale * sum - s->masses[item] * s->off_target;
}

static double off_square(const double *off, size_t parts)
{
    double sum = 0;
    for (size_t p = 0; p < parts; p++) sum += off[p] * off[p];
    return sum;
}

/* The objective of the set for |r + q| and M + |p|. */
static double agreement(double distance, double mass)
{
    return fmax(1 - (mass > 0 ? distance / mass : 1) * 0.70710678118654752440, WN_OBJECTIVE_FLOOR);
}

/* The objective of the set with an item of r . q, |q|^2 and |p|. */
static double joined(const state *s, double square, double turned, double own, double mass)
{
    return agreement(sqrt(fmax(square + 2 * turned + own, 0)), s->mass + mass);
}

static double value(const void *opaque, size_t item)
{
    const state *s = opaque;
    return joined(s, off_square(s->off, s->parts), turn(s, item), s->squares[item], s->masses[item]);
}

static void add(const void *opaque, const uint32_t *items, size_t first, size_t n, double *keys)
{
    const state *s = opaque;
    double square = s->is_set ? off_square(s->off, s->parts) : 0;
    for (size_t i = 0; i < n; i++) {
        size_t item = items ? items[i] : first + i;
        double turned = turn(s, item), own = s->squares[item];
        keys[i] += s->is_set ? s->strength * log(joined(s, square, turned, own, s->masses[item]))
                             : -s->strength * (turned + own / 2);
    }
}

static bool hold(void *opaque, const uint32_t *items, size_t at, size_t n)
{
    state *s = opaque;
    size_t classes = s->setting->input->class_count;
    if (at + n > s->held_most) return false;
    for (size_t i = 0; i < n; i++) {
        size_t place = at + i;
        const float *values = wn_matrix_row(&s->setting->input->amounts, wn_objective_row(s->setting, items[i]));
        float *held = s->held + place / WN_PRECISE_TILE * WN_PRECISE_TILE * classes + place % WN_PRECISE_TILE;
        for (size_t c = 0; c < classes; c++) held[c * WN_PRECISE_TILE] = values[c];
        s->held_masses[place] = s->masses[items[i]];
        s->held_squares[place] = s->squares[items[i]];
    }
    return true;
}

static void add_held(const void *opaque, size_t begin, size_t end, double *keys)
{
    const state *s = opaque;
    size_t classes = s->setting->input->class_count;
    double sums[HELD_PIECE], square = s->is_set ? off_square(s->off, s->parts) : 0;
    for (size_t from = begin; from < end; from += HELD_PIECE) {
        size_t n = end - from < HELD_PIECE ? end - from : HELD_PIECE;
        s->kernels.dot_tiles(s->by_class, s->held + from * classes, classes,
                             (n + WN_PRECISE_TILE - 1) / WN_PRECISE_TILE, sums);
        for (size_t i = 0; i < n; i++) {
            double mass = s->held_masses[from + i], own = s->held_squares[from + i];
            double turned = s->scale * sums[i] - mass * s->off_target;
            keys[from - begin + i] +=
                s->is_set ? s->strength * log(joined(s, square, turned, own, mass)) : -s->strength * (turned + own / 2);
        }
    }
}

static void mark(void *opaque)
{
    state *s = opaque;
    s->moved = false;
    s->marked_mass = s->mass;
    memcpy(s->marked_off, s->off, s->parts * sizeof *s->off);
}

/* The agreement that members of a cell have at most and at least, for r and M. */
static void cell_agreement(const state *s, size_t c, const double *off, double mass, double *least, double *most)
{
    const double *centre = s->cells.centres + c * s->parts;
    double square = 0;
    for (size_t p = 0; p < s->parts; p++) square += (off[p] + centre[p]) * (off[p] + centre[p]);
    double distance = sqrt(square);
    *most = agreement(fmax(0, distance - s->cells.radii[c]), mass + s->most_mass[c]);
    *least = agreement(distance + s->cells.radii[c], mass + s->least_mass[c]);
}

/* The same for a strength above 0, from how much nearer to the target a member can have come: by what the centre has,
 * and
 *
 *     (|r + q| - |r' + q|) - (|r + c| - |r' + c|) <= |q - c| max |u - u'| <= |q - c| min(2, 2 |r - r'| / (D + D'))
 *
 * with the directions u, u' of r + x, r' + x and their lengths D, D' for x between c and q. The ratio of agreements is
 * monotonic in D, so it is greatest at one end. INFINITY where agreements are cut. */
static double cell_growth_near(const state *s, size_t c)
{
    const double *centre = s->cells.centres + c * s->parts;
    double before = 0, now = 0, moved = 0, radius = s->cells.radii[c], most = 0;
    for (size_t p = 0; p < s->parts; p++) {
        double was = s->marked_off[p] + centre[p], is = s->off[p] + centre[p];
        before += was * was;
        now += is * is;
        moved += (s->off[p] - s->marked_off[p]) * (s->off[p] - s->marked_off[p]);
    }
    before = sqrt(before);
    now = sqrt(now);
    double lengths = before + now - 2 * radius, turned = lengths > 0 ? fmin(2, 2 * sqrt(moved) / lengths) : 2;
    double nearer = (before - now + radius * turned) * (1 + 1e-9) + 1e-12;
    for (int end = -1; end <= 1; end += 2) {
        double distance = fmax(0, before + end * radius);
        double was = agreement(distance, s->marked_mass + s->least_mass[c]);
        if (was <= 2 * WN_OBJECTIVE_FLOOR) return INFINITY;
        most = fmax(most, agreement(fmax(0, distance - nearer), s->mass + s->most_mass[c]) / was);
    }
    return s->strength * log(most);
}

static double cell_growth(const state *s, size_t c)
{
    const double *centre = s->cells.centres + c * s->parts;
    double along = 0, length = 0, least, most, was_least, was_most;
    if (s->is_set) {
        cell_agreement(s, c, s->off, s->mass, &least, &most);
        cell_agreement(s, c, s->marked_off, s->marked_mass, &was_least, &was_most);
        if (s->strength < 0) return s->strength * log(least / was_most);
        return fmin(s->strength * log(most / was_least), cell_growth_near(s, c));
    }
    for (size_t p = 0; p < s->parts; p++) {
        double moved = s->off[p] - s->marked_off[p];
        along += moved * centre[p];
        length += moved * moved;
    }
    return fabs(s->strength) * sqrt(length) * s->cells.radii[c] - s->strength * along;
}

static double growth(const void *opaque, size_t wanted)
{
    const state *s = opaque;
    double most = -INFINITY;
    if (!s->moved) return 0;
    if (wanted != SIZE_MAX) return cell_growth(s, wanted);
    for (size_t c = 0; c < s->cells.count; c++) most = fmax(most, cell_growth(s, c));
    return most;
}

const wn_objective wn_objective_balance = {
    .name = "balance",
    .summary = "brings the mix of classes near a target",
    .open = open,
    .close = close,
    .memory = memory,
    .traits = traits,
    .cost = cost,
    .cells = cells,
    .cell = cell,
    .enter = enter,
    .take = take,
    .value = value,
    .add = add,
    .hold = hold,
    .add_held = add_held,
    .mark = mark,
    .growth = growth,
};
