/* SPDX-License-Identifier: Apache-2.0
 *
 * Bright images: one minus the luma that about 98 % of the pixels exceed, taken as mean - 2 deviations.
 */
#include "quality/check_rows.h"

typedef struct params {
    double threshold;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "threshold", "issues score below it", offsetof(params, threshold), 0, 1, "0.15", NULL, "X", 0},
    {0},
};

static double score(const wn_check_input *input, size_t row)
{
    double least = ((double)input->luminance[row] - 2 * (double)input->contrast[row]) / 100;
    return 1 - least;
}

static wn_status run(const void *options_given, const wn_check_input *input, wn_check_result *out, wn_error *err)
{
    (void)err;
    wn_check_score_rows(input, score, ((const params *)options_given)->threshold, out);
    return WN_OK;
}

const wn_check wn_check_bright = {
    .name = "bright",
    .summary = "nearly all pixels are white",
    .needs = WN_CHECK_LIGHT,
    .options = options,
    .params_size = sizeof(params),
    .run = run,
};
