/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings of a strategy from the options given.
 */
#include "select_options.h"

void select_values_settings(const select_values *values, const char *out[SELECT_SETTINGS])
{
    size_t to = 0;
    if (values->minimum_distance) {
        out[to++] = "min-distance";
        out[to++] = values->minimum_distance;
    }
    if (values->metric) {
        out[to++] = "metric";
        out[to++] = values->metric;
    }
    out[to] = NULL;
}
