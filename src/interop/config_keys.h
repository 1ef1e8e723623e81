/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON objects by tables of keys: what may stand there, of which type, and where the value goes. What is not in the
 * table is refused with the place, the line and the nearest valid word.
 */
#ifndef INTEROP_CONFIG_KEYS_H
#define INTEROP_CONFIG_KEYS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/arena.h"
#include "winnow/status.h"

/* One document being read. */
typedef struct wn_config_reading {
    const char *text, *file;
    size_t len;
    wn_arena *arena;
} wn_config_reading;

/* Where a value stands: the value it stands in, and its key or its number. */
typedef struct wn_config_place {
    const struct wn_config_place *parent;
    const char *key; /* NULL = by number */
    size_t at;
} wn_config_place;

typedef enum wn_config_key_type {
    WN_CONFIG_END,
    WN_CONFIG_TEXT,   /* const char * */
    WN_CONFIG_REAL,   /* double in [low, high] */
    WN_CONFIG_INT,    /* int64_t in [low, high] */
    WN_CONFIG_CHOICE, /* int: index into choices */
    WN_CONFIG_OTHER   /* read by `read` */
} wn_config_key_type;

typedef struct wn_config_key {
    wn_config_key_type type;
    const char *name;
    size_t offset;
    double low, high;
    const char *const *choices;
    unsigned owners; /* bits: the variants of the object that have this key; 0 = all */
    unsigned needs;  /* bits: those that cannot do without */
    wn_status (*read)(wn_config_reading *reading, const wn_config_place *place, const json_t *value, void *out,
                      wn_error *err);
} wn_config_key;

/* "FILE:LINE: place: message", status WN_INVALID. */
wn_status wn_config_fail(const wn_config_reading *reading, const wn_config_place *place, wn_error *err,
                         const char *format, ...) WN_PRINTF(4, 5);

/* The line on which the place begins, from 1. */
size_t wn_config_line(const wn_config_reading *reading, const wn_config_place *place);

/* Reads the value of the choice `name`, which decides what else may stand in the object. */
WN_NODISCARD wn_status wn_config_read_choice(wn_config_reading *reading, const wn_config_place *place,
                                             const json_t *object, const char *name, const char *const *choices,
                                             int *out, wn_error *err);

/* Reads an object into the struct `out`. `variant` is one bit of `owners`; `variants` are the names of the bits. */
WN_NODISCARD wn_status wn_config_read_object(wn_config_reading *reading, const wn_config_place *place,
                                             const json_t *object, const wn_config_key *keys, int variant,
                                             const char *const *variants, void *out, wn_error *err);

/* A new text in the arena; NULL when memory is short. */
const char *wn_config_text(wn_config_reading *reading, const json_t *value);

#endif
