/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON documents larger than memory should hold: the outer object and its long arrays are walked here, and each element
 * is read by jansson alone. So a file of a gigabyte needs little memory, and every element knows its line.
 */
#ifndef INTEROP_JSON_SCAN_H
#define INTEROP_JSON_SCAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "winnow/status.h"

typedef struct wn_json_scan {
    const char *text;
    size_t len, at, line; /* of `at` */
    const char *file;     /* for messages */
    bool first;           /* of the array or object being walked */
    bool gaps;            /* a number that is none becomes null, not a text that says so */
} wn_json_scan;

/* Begins; leaves out a byte order mark. */
void wn_json_scan_init(wn_json_scan *scan, const char *text, size_t len, const char *file);

/* The next character that is no blank, 0 at the end. */
char wn_json_scan_peek(wn_json_scan *scan);

/* Enters '{' or '['. */
WN_NODISCARD wn_status wn_json_scan_enter(wn_json_scan *scan, char bracket, wn_error *err);

/* In an object: the next key, in `key` cut to `size` - 1 bytes; *found false at its end. The value comes next: read it,
 * enter it or skip it. */
WN_NODISCARD wn_status wn_json_scan_key(wn_json_scan *scan, char *key, size_t size, bool *found, wn_error *err);

/* In an array: whether there is one more element. */
WN_NODISCARD wn_status wn_json_scan_more(wn_json_scan *scan, bool *found, wn_error *err);

/* The value here as a new jansson object. *line is where it begins. NaN and Infinity, which are no JSON, become what
 * wn_json_load makes of them. */
WN_NODISCARD wn_status wn_json_scan_value(wn_json_scan *scan, json_t **out, size_t *line, wn_error *err);

/* Passes over the value here, looking at brackets and quotes only. */
WN_NODISCARD wn_status wn_json_scan_skip(wn_json_scan *scan, wn_error *err);

/* Fails unless nothing is left. */
WN_NODISCARD wn_status wn_json_scan_end(wn_json_scan *scan, wn_error *err);

/* json_loadb, but NaN, Infinity and -Infinity, as Python writes them, become texts of these letters, or null when
 * `gaps`: so one entry is wrong and not the whole file. */
json_t *wn_json_load(const char *text, size_t len, size_t flags, bool gaps, json_error_t *error);

/* A number of a jansson value as float; false for anything else. */
bool wn_json_number(const json_t *value, double *out);

#endif
