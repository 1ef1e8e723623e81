/* SPDX-License-Identifier: Apache-2.0
 *
 * Images without colour: how far the means and deviations of red, green and blue differ, over 4 levels.
 */
#include <math.h>

#include "quality/check_rows.h"

typedef struct params {
    double threshold;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "threshold", "issues score below it", offsetof(params, threshold), 0, 1, "0.25", NULL, "X", 0},
    {0},
};

static double get_spread(const float values[3])
{
    double least = (double)values[0], most = least;
    for (int c = 1; c < 3; c++) {
        least = fmin(least, (double)values[c]);
        most = fmax(most, (double)values[c]);
    }
    return most - least;
}

static double score(const wn_check_input *input, size_t row)
{
    return (get_spread(input->mean + 3 * row) + get_spread(input->deviation + 3 * row)) / 4;
}

static wn_status run(const void *options_given, const wn_check_input *input, wn_check_result *out, wn_error *err)
{
    (void)err;
    wn_check_score_rows(input, score, ((const params *)options_given)->threshold, out);
    return WN_OK;
}

const wn_check wn_check_grey = {
    .name = "grey",
    .summary = "red, green and blue are the same",
    .needs = WN_CHECK_COLOUR,
    .options = options,
    .params_size = sizeof(params),
    .run = run,
};
