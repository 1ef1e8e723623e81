/* SPDX-License-Identifier: Apache-2.0
 *
 * Values of the training options through the library's table.
 */
#include "train_options.h"

#include <string.h>

#include "command.h"

/* Names are checked before the images are read, not after. */
static wn_status check_name(bool (*get)(size_t, const char **, const char **), const char *what, const char *given,
                            wn_error *err)
{
    const char *name, *summary;
    for (size_t i = 0; get(i, &name, &summary); i++)
        if (strcmp(name, given) == 0) return WN_OK;
    return command_fail(err, WN_INVALID, "there is no %s '%s'; 'winnow info' lists them", what, given);
}

bool train_values_given(const train_values *values)
{
    return values->minutes || values->epochs || values->steps || values->method || values->network;
}

wn_status train_values_apply(const train_values *values, wn_train_params *out, wn_error *err)
{
    const struct {
        const char *name, *value;
    } given[] = {
        {"minutes", values->minutes},
        {"epochs", values->epochs},
        {"steps", values->steps},
        {"method", values->method},
        {"network", values->network},
        {"method-options", values->method_options},
        {"batch", values->batch},
        {"views", values->views},
        {"rate", values->rate},
        {"dim", values->dim},
        {"optimizer", values->optimizer},
        {"accumulate", values->accumulate},
        {"small-views", values->small_views},
        {"decay", values->decay},
        {"crop-low", values->crop_low},
        {"colour", values->colour},
        {"colour-chance", values->colour_chance},
        {"grey", values->grey},
        {"blur", values->blur},
        {"solarise", values->solarise},
        {"mirror", values->mirror},
        {"precision", values->precision},
        {"from", values->from},
        {"side", values->side},
        {"embed-side", values->embed_side},
    };
    wn_status status = wn_train_params_init(out, err);
    for (size_t i = 0; !status && i < sizeof given / sizeof given[0]; i++)
        if (given[i].value) status = wn_options_set(wn_train_options, out, given[i].name, given[i].value, err);
    out->fixed_plan = values->fixed_plan;
    if (!status && values->method) status = check_name(wn_train_get_method, "training method", values->method, err);
    if (!status && values->network) status = check_name(wn_train_get_network, "network", values->network, err);
    if (!status && values->optimizer) status = check_name(wn_train_get_optimizer, "optimizer", values->optimizer, err);
    if (!status && values->method_options)
        status = wn_train_check_method_options(out->method, out->method_options, err);
    return status;
}
