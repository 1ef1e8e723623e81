/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of training methods, and their options as text.
 */
#include "pretrain/method.h"

#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"
#include "winnow/memory.h"
#include "winnow/train.h"

#define X(name) extern const wn_method wn_method_##name;
#include "pretrain/methods.def"
#undef X

static const wn_method *const methods[] = {
#define X(name) &wn_method_##name,
#include "pretrain/methods.def"
#undef X
};

enum { METHOD_COUNT = sizeof methods / sizeof methods[0], OPTIONS_MAX = 32 };

const wn_method *wn_method_at(size_t i)
{
    return i < METHOD_COUNT ? methods[i] : NULL;
}

const wn_method *wn_method_find(const char *name)
{
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if (strcmp(methods[i]->name, name) == 0) return methods[i];
    }
    return NULL;
}

size_t wn_method_width(const wn_method *method)
{
    return method->projector[method->projector_len - 1].width;
}

size_t wn_method_predictor_width(const wn_method *method)
{
    return method->predictor ? method->predictor[method->predictor_len - 1].width : 0;
}

bool wn_train_get_method(size_t i, const char **name, const char **summary)
{
    if (i >= METHOD_COUNT) return false;
    *name = methods[i]->name;
    *summary = methods[i]->summary;
    return true;
}

const char *wn_train_get_method_advice(size_t i)
{
    return i < METHOD_COUNT ? methods[i]->advice : NULL;
}

const wn_option *wn_train_get_method_options(size_t i)
{
    return i < METHOD_COUNT ? methods[i]->options : NULL;
}

/* The options that there are, and the one that was probably meant. */
static wn_status tell_unknown_option(const wn_method *method, const char *name, wn_error *err)
{
    const char *words[OPTIONS_MAX + 1] = {NULL};
    wn_buffer list;
    wn_buffer_init(&list, WN_MEMORY_TEXT, 0);
    for (size_t i = 0; i < OPTIONS_MAX && method->options[i].type != WN_OPTION_END; i++) {
        words[i] = method->options[i].name;
        (void)wn_buffer_format(&list, "%s%s", i > 0 ? ", " : "", words[i]);
    }
    const char *nearest = wn_nearest_word(name, words);
    wn_status status = wn_fail(err, WN_INVALID, "method '%s' has no option '%s'; it has %s%s%s%s", method->name, name,
                               list.data ? list.data : "none", nearest ? "; did you mean '" : "",
                               nearest ? nearest : "", nearest ? "'?" : "");
    wn_buffer_clear(&list);
    return status;
}

static wn_status set_option(const wn_method *method, void *params, const char *name, const char *value, wn_error *err)
{
    if (!wn_options_find(method->options, name)) return tell_unknown_option(method, name, err);
    return wn_options_set(method->options, params, name, value, err);
}

wn_status wn_method_read_options(const wn_method *method, const char *text, void *params, wn_error *err)
{
    wn_status status = wn_options_init(method->options, params, err);
    char *copy = NULL;
    if (status != WN_OK || !text || !*text) return status;

    if (!(copy = wn_text_copy(text))) return wn_fail(err, WN_NOMEM, "out of memory for the method's options");
    for (char *rest = copy, *item; status == WN_OK && (item = strsep(&rest, ",")) != NULL;) {
        char *value = strchr(item, '=');
        if (value) *value++ = '\0';
        if (*item) status = set_option(method, params, item, value, err);
    }
    wn_free(copy);
    return status;
}
