/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that could be read once and cannot any more.
 */
#include "quality/check_rows.h"

typedef struct params {
    double threshold;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "threshold", "issues score below it", offsetof(params, threshold), 0, 1, "0.5", NULL, "X", 0},
    {0},
};

static double score(const wn_check_input *input, size_t row)
{
    return input->damaged[row] ? 0 : 1;
}

static wn_status run(const void *options_given, const wn_check_input *input, wn_check_result *out, wn_error *err)
{
    (void)err;
    wn_check_score_rows(input, score, ((const params *)options_given)->threshold, out);
    return WN_OK;
}

const wn_check wn_check_corrupt = {
    .name = "corrupt",
    .summary = "the file cannot be read any more",
    .needs = WN_CHECK_FILES,
    .options = options,
    .params_size = sizeof(params),
    .run = run,
};
