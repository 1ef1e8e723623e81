/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON objects by tables of keys.
 */
#include "interop/config_keys.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"
#include "interop/json_scan.h"
#include "winnow/option.h"

enum { KEYS_MOST = 48, KEYS_TOLD = 6, PLACE_MOST = 120 };

const char *wn_config_text(wn_config_reading *reading, const json_t *value)
{
    return wn_arena_text(reading->arena, json_string_value(value), json_string_length(value));
}

/* Goes to the value of a place in the text; stays at the last one that is there. */
static bool go_to(wn_json_scan *scan, const wn_config_place *place)
{
    char key[PLACE_MOST];
    bool found;
    if (!place) return true;
    if (!go_to(scan, place->parent)) return false;
    wn_json_scan here = *scan;
    if (wn_json_scan_enter(scan, place->key ? '{' : '[', NULL)) return false;
    for (size_t at = 0;; at++) {
        wn_status status =
            place->key ? wn_json_scan_key(scan, key, sizeof key, &found, NULL) : wn_json_scan_more(scan, &found, NULL);
        if (status || !found) break;
        if (place->key ? strcmp(key, place->key) == 0 : at == place->at) return true;
        if (wn_json_scan_skip(scan, NULL)) break;
    }
    *scan = here;
    return false;
}

size_t wn_config_line(const wn_config_reading *reading, const wn_config_place *place)
{
    wn_json_scan scan;
    wn_json_scan_init(&scan, reading->text, reading->len, reading->file);
    go_to(&scan, place);
    wn_json_scan_peek(&scan);
    return scan.line;
}

static void write_place(const wn_config_place *place, wn_buffer *out)
{
    if (!place) return;
    write_place(place->parent, out);
    if (place->key) {
        if (place->parent) wn_buffer_text(out, ".");
        wn_text_add_printable(out, place->key);
    } else {
        wn_buffer_format(out, "[%zu]", place->at);
    }
}

wn_status wn_config_fail(const wn_config_reading *reading, const wn_config_place *place, wn_error *err,
                         const char *format, ...)
{
    char message[240];
    wn_buffer text;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    wn_buffer_init(&text, WN_MEMORY_TEXT, 4 * PLACE_MOST);
    write_place(place, &text);
    (void)wn_fail(err, WN_INVALID, "%s:%zu: %s%s%s", reading->file, wn_config_line(reading, place),
                  text.len ? text.data : "", text.len ? ": " : "", message);
    wn_buffer_clear(&text);
    return WN_INVALID;
}

/* "; did you mean 'WORD'?" or nothing. */
static const char *suggest(const char *word, const char *const *words, char out[96])
{
    const char *near = wn_nearest_word(word, words);
    out[0] = 0;
    if (near) snprintf(out, 96, "; did you mean '%s'?", near);
    return out;
}

/* "a, b, c", cut when they are too many. */
static const char *join(const char *const *words, char out[200])
{
    size_t len = 0;
    out[0] = 0;
    for (int i = 0; words[i] && len < 199; i++)
        len += (size_t)snprintf(out + len, 200 - len, "%s%s", i ? ", " : "", words[i]);
    return out;
}

static wn_status read_choice(wn_config_reading *reading, const wn_config_place *place, const json_t *value,
                             const char *const *choices, int *out, wn_error *err)
{
    char near[96], all[200];
    if (!json_is_string(value)) return wn_config_fail(reading, place, err, "a word is expected here, in quotes");
    for (int i = 0; choices[i]; i++) {
        if (wn_text_equal_fold(json_string_value(value), choices[i])) {
            *out = i;
            return WN_OK;
        }
    }
    wn_buffer word;
    wn_buffer_init(&word, WN_MEMORY_TEXT, PLACE_MOST);
    wn_text_add_printable(&word, json_string_value(value));
    wn_status status = wn_config_fail(reading, place, err, "'%s' is not one of %s%s", word.len ? word.data : "",
                                      join(choices, all), suggest(json_string_value(value), choices, near));
    wn_buffer_clear(&word);
    return status;
}

wn_status wn_config_read_choice(wn_config_reading *reading, const wn_config_place *place, const json_t *object,
                                const char *name, const char *const *choices, int *out, wn_error *err)
{
    wn_config_place here = {place, name, 0};
    if (!json_is_object(object)) return wn_config_fail(reading, place, err, "an object {...} is expected here");
    json_t *value = json_object_get(object, name);
    if (!value) return wn_config_fail(reading, place, err, "the key '%s' is missing", name);
    return read_choice(reading, &here, value, choices, out, err);
}

static wn_status read_number(wn_config_reading *reading, const wn_config_place *place, const json_t *value,
                             const wn_config_key *key, void *field, wn_error *err)
{
    bool whole = key->type == WN_CONFIG_INT;
    double number = json_number_value(value);
    if (whole ? !json_is_integer(value) : !json_is_number(value))
        return wn_config_fail(reading, place, err, "a %snumber is expected here", whole ? "whole " : "");
    if (!isfinite(number) || number < key->low || number > key->high)
        return wn_config_fail(reading, place, err, "%g is out of range; it lies from %g to %g", number, key->low,
                              key->high);
    if (whole)
        *(int64_t *)field = (int64_t)json_integer_value(value);
    else
        *(double *)field = number;
    return WN_OK;
}

static wn_status read_value(wn_config_reading *reading, const wn_config_place *place, const json_t *value,
                            const wn_config_key *key, void *out, wn_error *err)
{
    void *field = (char *)out + key->offset;
    switch (key->type) {
    case WN_CONFIG_TEXT:
        if (!json_is_string(value)) return wn_config_fail(reading, place, err, "a text is expected here, in quotes");
        *(const char **)field = wn_config_text(reading, value);
        return *(const char **)field ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
    case WN_CONFIG_REAL:
    case WN_CONFIG_INT:
        return read_number(reading, place, value, key, field, err);
    case WN_CONFIG_CHOICE:
        return read_choice(reading, place, value, key->choices, field, err);
    case WN_CONFIG_OTHER:
        return key->read(reading, place, value, field, err);
    case WN_CONFIG_END:
        break;
    }
    return wn_fail(err, WN_INTERNAL, "a key without a type");
}

static bool owns(const wn_config_key *key, int variant)
{
    return key->owners == 0 || (key->owners >> variant & 1) != 0;
}

/* The key of that name, or the message that there is none. */
static wn_status find_key(wn_config_reading *reading, const wn_config_place *place, const wn_config_key *keys,
                          int variant, const char *const *variants, const char *name, const wn_config_key **out,
                          wn_error *err)
{
    const char *names[KEYS_MOST];
    size_t count = 0;
    char near[96];
    for (const wn_config_key *key = keys; key->type != WN_CONFIG_END; key++) {
        if (strcmp(key->name, name) == 0 && owns(key, variant)) {
            *out = key;
            return WN_OK;
        }
        if (strcmp(key->name, name) == 0)
            return wn_config_fail(reading, place, err, "a key that %s does not have", variants[variant]);
        if (owns(key, variant) && count < KEYS_MOST - 1) names[count++] = key->name;
    }
    names[count] = NULL;
    if (count > 0 && count <= KEYS_TOLD && !wn_nearest_word(name, names)) {
        char all[200];
        return wn_config_fail(reading, place, err, "there is no such key; known here: %s", join(names, all));
    }
    return wn_config_fail(reading, place, err, "there is no such key%s", suggest(name, names, near));
}

wn_status wn_config_read_object(wn_config_reading *reading, const wn_config_place *place, const json_t *object,
                                const wn_config_key *keys, int variant, const char *const *variants, void *out,
                                wn_error *err)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object)) return wn_config_fail(reading, place, err, "an object {...} is expected here");
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        const wn_config_key *key = NULL;
        wn_config_place here = {place, name, 0};
        wn_status status = find_key(reading, &here, keys, variant, variants, name, &key, err);
        if (status || !key) return status;
        if (json_is_null(value) && !(key->needs >> variant & 1)) continue; /* as if it were absent */
        WN_TRY(read_value(reading, &here, value, key, out, err));
    }
    for (const wn_config_key *key = keys; key->type != WN_CONFIG_END; key++)
        if ((key->needs >> variant & 1) && !json_object_get(object, key->name))
            return wn_config_fail(reading, place, err, "the key '%s' is missing", key->name);
    return WN_OK;
}
