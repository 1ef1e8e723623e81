/* SPDX-License-Identifier: Apache-2.0
 *
 * A hash table from names (any bytes) to numbers.
 */
#ifndef INTEROP_NAME_TABLE_H
#define INTEROP_NAME_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

typedef struct wn_name_slot {
    const char *name;
    size_t len;
    size_t value;
    uint64_t hash;
} wn_name_slot;

/* Zero-initialise. */
typedef struct wn_name_table {
    wn_name_slot *slots;
    size_t capacity, count;
    wn_arena names;
} wn_name_table;

/* The value of a name; SIZE_MAX when it is not there. */
size_t wn_name_table_find(const wn_name_table *table, const void *name, size_t len);

/* Adds a name that is not there; NULL when memory is short, else the table's copy of the name, ended by 0. */
const char *wn_name_table_add(wn_name_table *table, const void *name, size_t len, size_t value);

/* Changes the value of a name that is there. */
void wn_name_table_set(wn_name_table *table, const void *name, size_t len, size_t value);

void wn_name_table_clear(wn_name_table *table);

#endif
