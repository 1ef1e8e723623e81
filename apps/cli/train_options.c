/* SPDX-License-Identifier: Apache-2.0
 *
 * Values of the training options through the library's table.
 */
#include "train_options.h"

wn_status train_values_apply(const train_values *values, wn_train_params *out, wn_error *err)
{
    const struct {
        const char *name, *value;
    } given[] = {
        {"minutes", values->minutes}, {"epochs", values->epochs},       {"steps", values->steps},
        {"method", values->method},   {"network", values->network},     {"method-options", values->method_options},
        {"batch", values->batch},     {"views", values->views},         {"rate", values->rate},
        {"dim", values->dim},         {"optimizer", values->optimizer},
    };
    *out = (wn_train_params){0};
    wn_status status = wn_options_init(wn_train_options, out, err);
    for (size_t i = 0; !status && i < sizeof given / sizeof given[0]; i++)
        if (given[i].value) status = wn_options_set(wn_train_options, out, given[i].name, given[i].value, err);
    out->fixed_plan = values->fixed_plan;
    return status;
}
