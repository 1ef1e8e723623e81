/* SPDX-License-Identifier: Apache-2.0
 *
 * Blurred images: the deviation of the Laplacian over that of luma. Their ratio r does not depend on contrast; the
 * score is r / (r + 1/4).
 */
#include "quality/check_rows.h"

typedef struct params {
    double threshold;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "threshold", "issues score below it", offsetof(params, threshold), 0, 1, "0.3", NULL, "X", 0},
    {0},
};

static double score(const wn_check_input *input, size_t row)
{
    double spread = (double)input->contrast[row] * 2.55, ratio;
    if (!(spread > 0)) return 0; /* one colour: nothing is sharp */
    ratio = (double)input->sharpness[row] / spread;
    return ratio / (ratio + 0.25);
}

static wn_status run(const void *options_given, const wn_check_input *input, wn_check_result *out, wn_error *err)
{
    (void)err;
    wn_check_score_rows(input, score, ((const params *)options_given)->threshold, out);
    return WN_OK;
}

const wn_check wn_check_blur = {
    .name = "blur",
    .summary = "edges are soft everywhere",
    .needs = WN_CHECK_DETAIL | WN_CHECK_LIGHT,
    .options = options,
    .params_size = sizeof(params),
    .run = run,
};
