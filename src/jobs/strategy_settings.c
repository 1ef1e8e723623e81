/* SPDX-License-Identifier: Apache-2.0
 *
 * A strategy by its name, with the settings that a user gives as text.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "winnow/jobs.h"
#include "winnow/memory.h"
#include "winnow/selection.h"

static wn_status set_option(const wn_strategy *strategy, void *params, const char *name, const char *value,
                            wn_error *err)
{
    if (!strategy->options || !wn_options_find(strategy->options, name))
        return wn_fail(err, WN_INVALID, "the strategy '%s' has no --%s", strategy->name, name);
    return wn_options_set(strategy->options, params, name, value, err);
}

/* "name=value,name=value". */
static wn_status set_list(const wn_strategy *strategy, void *params, const char *text, wn_error *err)
{
    wn_status status = WN_OK;
    char *copy = wn_text_copy(text);
    if (!copy) return wn_fail(err, WN_NOMEM, "out of memory");
    for (char *rest = copy, *item; !status && (item = strsep(&rest, ",")) != NULL;) {
        char *value = strchr(item, '=');
        if (value) *value++ = '\0';
        const wn_option *option = strategy->options ? wn_options_find(strategy->options, item) : NULL;
        if (option && option->type == WN_OPTION_TEXT)
            status = wn_fail(err, WN_INVALID, "'%s' takes a text; a list of settings cannot hold it", item);
        else if (*item)
            status = set_option(strategy, params, item, value, err);
    }
    wn_free(copy);
    return status;
}

wn_status wn_job_prepare_strategy(const char *name, const char *const *settings, const wn_strategy **strategy,
                                  void **params, wn_error *err)
{
    const char *names[64];
    size_t count = 0;
    *strategy = wn_strategy_find(name ? name : "farthest-first");
    *params = NULL;
    if (!*strategy) {
        for (size_t i = 0; count < 63 && wn_strategy_at(i); i++) names[count++] = wn_strategy_at(i)->name;
        names[count] = NULL;
        const char *near = wn_nearest_word(name, names);
        return wn_fail(err, WN_INVALID, "there is no strategy '%s'%s%s%s 'winnow help select' lists them", name,
                       near ? "; did you mean '" : ";", near ? near : "", near ? "'?" : "");
    }
    if (!(*params = wn_calloc(WN_MEMORY_SELECTION, 1, (*strategy)->params_size ? (*strategy)->params_size : 1)))
        return wn_fail(err, WN_NOMEM, "out of memory");
    wn_status status = (*strategy)->options ? wn_options_init((*strategy)->options, *params, err) : WN_OK;
    for (size_t i = 0; !status && settings && settings[i]; i += 2) {
        if (strcmp(settings[i], WN_SETTINGS_LIST) == 0)
            status = set_list(*strategy, *params, settings[i + 1], err);
        else
            status = set_option(*strategy, *params, settings[i], settings[i + 1], err);
    }
    if (status) {
        wn_free(*params);
        *params = NULL;
    }
    return status;
}
