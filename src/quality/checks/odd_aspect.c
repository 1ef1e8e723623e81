/* SPDX-License-Identifier: Apache-2.0
 *
 * Long images: the shorter side over the longer.
 */
#include <math.h>

#include "quality/check_rows.h"

typedef struct params {
    double threshold;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "threshold", "issues score below it", offsetof(params, threshold), 0, 1, "0.35", NULL, "X", 0},
    {0},
};

static double score(const wn_check_input *input, size_t row)
{
    double width = input->width[row], height = input->height[row];
    if (!(width > 0 && height > 0)) return NAN;
    return width < height ? width / height : height / width;
}

static wn_status run(const void *options_given, const wn_check_input *input, wn_check_result *out, wn_error *err)
{
    (void)err;
    wn_check_score_rows(input, score, ((const params *)options_given)->threshold, out);
    return WN_OK;
}

const wn_check wn_check_odd_aspect = {
    .name = "odd-aspect",
    .summary = "much longer than wide, or wider than long",
    .needs = WN_CHECK_SIZES,
    .options = options,
    .params_size = sizeof(params),
    .run = run,
};
