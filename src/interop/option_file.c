/* SPDX-License-Identifier: Apache-2.0 */
#include "interop/option_file.h"

#include <jansson.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

enum { FILE_MAX_BYTES = 1 << 20, LIST_MAX = 64 };

/* A value as one would type it; NULL where it cannot be typed, or memory is short. */
static const char *text_of(const json_t *value, wn_arena *arena)
{
    if (json_is_string(value)) return wn_arena_text(arena, json_string_value(value), json_string_length(value));
    if (json_is_integer(value)) return wn_arena_format(arena, "%lld", (long long)json_integer_value(value));
    if (json_is_real(value)) return wn_arena_format(arena, "%.17g", json_real_value(value));
    if (json_is_boolean(value)) return json_is_true(value) ? "true" : "false";
    if (!json_is_array(value) || json_array_size(value) > LIST_MAX) return NULL;
    const char *list = "";
    for (size_t i = 0; i < json_array_size(value) && list; i++) {
        const json_t *item = json_array_get(value, i);
        if (!json_is_number(item)) return NULL;
        list = wn_arena_format(arena, "%s%s%.9g", list, i ? "," : "", json_number_value(item));
    }
    return list;
}

static wn_status set_all(const json_t *object, const char *path, const wn_option *table, void *params, wn_arena *arena,
                         wn_error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        wn_error why = {0};
        const char *text = text_of(value, arena);
        if (!text) return wn_fail(err, WN_INVALID, "%s: \"%s\" is neither text, number nor list of numbers", path, key);
        wn_status status = wn_options_set(table, params, key, text, &why);
        if (status) return wn_fail(err, status, "%s: %s", path, why.message);
    }
    return WN_OK;
}

wn_status wn_options_read_json(const char *path, const wn_option *table, void *params, wn_arena *arena, wn_error *err)
{
    json_error_t where;
    wn_buffer bytes;
    wn_buffer_init(&bytes, WN_MEMORY_TEXT, 0);
    wn_status status = wn_file_read(path, FILE_MAX_BYTES, &bytes, err);
    if (!status) {
        json_t *object = json_loadb(bytes.data ? bytes.data : "", bytes.len, JSON_REJECT_DUPLICATES, &where);
        if (!object)
            status = wn_fail(err, WN_CORRUPT, "%s, line %d: %s", path, where.line, where.text);
        else if (!json_is_object(object))
            status = wn_fail(err, WN_CORRUPT, "%s: not a JSON object", path);
        else
            status = set_all(object, path, table, params, arena, err);
        json_decref(object);
    }
    wn_buffer_clear(&bytes);
    return status;
}
