/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings of a strategy from the options given.
 */
#include "select_options.h"

#include "command.h"
#include "winnow/jobs.h"
#include "winnow/memory.h"

wn_status select_values_check(struct session *run, const select_values *values, wn_error *err)
{
    const char *settings[SELECT_SETTINGS];
    const wn_strategy *strategy;
    void *params = NULL;
    size_t count;
    select_values_settings(values, settings);
    wn_status status = wn_job_parse_count(values->count, SIZE_MAX, true, &count, err);
    if (!status) status = wn_job_prepare_strategy(values->strategy, settings, &strategy, &params, err);
    wn_free(params);
    if (status) run->usage_error = true;
    return status;
}

wn_status select_values_check_config(struct session *run, const select_values *values, const char *config,
                                     wn_error *err)
{
    const char *given = values->strategy           ? "strategy"
                        : values->strategy_options ? "strategy-options"
                        : values->minimum_distance ? "min-distance"
                        : values->metric           ? "metric"
                                                   : NULL;
    if (!config || !given) return WN_OK;
    return command_usage_error(run, err, "%s says what picks; leave --%s out, or --config", config, given);
}

void select_values_settings(const select_values *values, const char *out[SELECT_SETTINGS])
{
    size_t to = 0;
    if (values->strategy_options) {
        out[to++] = WN_SETTINGS_LIST;
        out[to++] = values->strategy_options;
    }
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
