/* SPDX-License-Identifier: Apache-2.0
 *
 * Noisy images, by the signal-to-noise ratio s: the score is s / (s + 10).
 */
#include "quality/check_rows.h"

typedef struct params {
    double threshold;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "threshold", "issues score below it", offsetof(params, threshold), 0, 1, "0.2", NULL, "X", 0},
    {0},
};

static double score(const wn_check_input *input, size_t row)
{
    double ratio = (double)input->signal_to_noise[row];
    return ratio / (ratio + 10);
}

static wn_status run(const void *options_given, const wn_check_input *input, wn_check_result *out, wn_error *err)
{
    (void)err;
    wn_check_score_rows(input, score, ((const params *)options_given)->threshold, out);
    return WN_OK;
}

const wn_check wn_check_noise = {
    .name = "noise",
    .summary = "more noise than two fifths of the signal",
    .needs = WN_CHECK_DETAIL,
    .options = options,
    .params_size = sizeof(params),
    .run = run,
};
