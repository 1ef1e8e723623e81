/* SPDX-License-Identifier: Apache-2.0
 *
 * What an objective is: one factor of a product, as the engine sees it. The engine adds logarithms, so an objective
 * speaks of strength * log(value), its contribution. Items are the candidates: item i is row rows[i].
 */
#ifndef SELECTION_OBJECTIVE_H
#define SELECTION_OBJECTIVE_H

#include "winnow/product.h"

/* What all objectives of one selection share. */
typedef struct wn_objective_setting {
    const wn_product_request *request; /* row lists in ascending order without repeats */
    const wn_objective_input *input;
    const int64_t *rows; /* of the items, ascending; NULL = 0 .. len - 1 */
    size_t len;
    size_t capacity; /* picks and preselected rows at most */
} wn_objective_setting;

static inline size_t wn_objective_row(const wn_objective_setting *setting, size_t item)
{
    return setting->rows ? (size_t)setting->rows[item] : item;
}

/* How contributions change. */
enum {
    WN_OBJECTIVE_MOVES = 1,   /* by picks, without settle */
    WN_OBJECTIVE_BY_CELL = 4, /* the contribution of an item is that of its cell */
    WN_OBJECTIVE_EAGER = 2    /* no upper bound is known: all items must be settled after every pick */
};

/* The least share of an objective's scale that a value counts as. */
#define WN_OBJECTIVE_FLOOR 1e-6

struct wn_objective {
    const char *name, *summary;
    /* Checks the input; messages name it. `state` is released with close, also after a failure of open. */
    wn_status (*open)(const wn_objective_setting *setting, void **state, wn_error *err);
    void (*close)(void *state);
    uint64_t (*memory)(const wn_objective_setting *setting);
    unsigned (*traits)(const void *state);
    double (*cost)(const void *state); /* of `add` for one item, in rough nanoseconds; NULL = 3 */

    /* Items fall into cells for which growth is told; NULL = one cell. */
    size_t (*cells)(const void *state);
    uint32_t (*cell)(const void *state, size_t item);

    void (*enter)(void *state, size_t row);          /* a preselected row */
    void (*take)(void *state, size_t item);          /* a pick, settled */
    bool (*ends)(const void *state, size_t item);    /* the selection ends before this pick; NULL = never */
    double (*value)(const void *state, size_t item); /* for the reasons; the item is settled */

    /* Adds an upper bound of the contribution of n items, exact for settled ones, to keys[0 .. n): items[i], or
     * first + i where items is NULL. Minus infinity: may not be picked, now and ever after. Called by several threads.
     */
    void (*add)(const void *state, const uint32_t *items, size_t first, size_t n, double *keys);

    /* For an objective that moves. Items that are looked at after every pick: keeps side by side what add_held needs of
     * n items, from place `at` on; false = no room, and `add` is called instead. NULL = never. */
    bool (*hold)(void *state, const uint32_t *items, size_t at, size_t n);
    /* As `add`, with the same bits, for the held items at [begin, end); `begin` is a multiple of 64. */
    void (*add_held)(const void *state, size_t begin, size_t end, double *keys);

    /* A round begins: growth is told since here. */
    void (*mark)(void *state);
    /* How much the contribution of an item of the cell can have grown since the mark, at most; cell SIZE_MAX = of any.
     * INFINITY: values of before bound nothing. NULL = not at all; with `settle` it must be there. */
    double (*growth)(const void *state, size_t cell);

    /* After a pick: lists items (room for all) that may have grown by more than `growth` tells, and by how much more
     * since the mark; returns how many. What was told of an item holds until it is told again. NULL = none ever. */
    size_t (*strays)(void *state, uint32_t *items, double *more);

    /* Lower the bounds of a list (which may be reordered), roughly or until they are exact; and of one item. NULL =
     * they are always exact. */
    void (*scan)(void *state, uint32_t *items, size_t n);
    void (*refine)(void *state, uint32_t *items, size_t n);
    void (*settle)(void *state, size_t item);
};

typedef struct wn_objective wn_objective;

/* The table; NULL beyond the last, or for an unknown name. */
const wn_objective *wn_objective_at(size_t index);
const wn_objective *wn_objective_find(const char *name);

/* What messages call an input. */
static inline const char *wn_objective_label(const wn_objective_input *input)
{
    return input->label ? input->label : input->kind;
}

#endif
