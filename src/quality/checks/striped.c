/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of one colour: stripes of broken frames, bars above and below a film. The score is the share of other rows.
 */
#include "quality/check_rows.h"

typedef struct params {
    double threshold;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "threshold", "issues score below it", offsetof(params, threshold), 0, 1, "0.6", NULL, "X", 0},
    {0},
};

static double score(const wn_check_input *input, size_t row)
{
    return 1 - (double)input->uniform_row_ratio[row];
}

static wn_status run(const void *options_given, const wn_check_input *input, wn_check_result *out, wn_error *err)
{
    (void)err;
    wn_check_score_rows(input, score, ((const params *)options_given)->threshold, out);
    return WN_OK;
}

const wn_check wn_check_striped = {
    .name = "striped",
    .summary = "many rows are of one colour",
    .needs = WN_CHECK_DETAIL,
    .options = options,
    .params_size = sizeof(params),
    .run = run,
};
