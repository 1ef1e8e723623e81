/* SPDX-License-Identifier: Apache-2.0
 *
 * Images much larger or smaller than most: with s the logarithm of the root of width x height and q1, q3 its quartiles,
 * sizes from q1 - f d to q3 + f d are usual, d = q3 - q1 or LEAST where that is more (sets where most images have one
 * size). What is odd is how many times a side is longer or shorter, so the rule stands on logarithms: with most images
 * of one size, sides from 1 / 2.5 to 2.5 times theirs are usual. The score falls from 1 in the middle of that range
 * through 1/2 at its ends.
 */
#include <math.h>

#include "base/error.h"
#include "quality/check_rows.h"
#include "winnow/memory.h"

#define LEAST 0.3 /* of the distance of the quartiles */

typedef struct params {
    double factor;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "factor", "quartile distances beyond the quartiles that are usual", offsetof(params, factor), 0,
     1e6, "3", NULL, "F", 0},
    {0},
};

static wn_status run(const void *options_given, const wn_check_input *input, wn_check_result *out, wn_error *err)
{
    const params *set = options_given;
    double *sizes = wn_alloc(WN_MEMORY_GENERAL, 2 * input->rows, sizeof *sizes), *scratch = sizes;
    if (!sizes) return wn_fail(err, WN_NOMEM, "no memory to check %zu images", input->rows);
    scratch += input->rows;
    for (size_t row = 0; row < input->rows; row++)
        scratch[row] = sizes[row] = log(fmax(1, (double)input->width[row]) * fmax(1, (double)input->height[row])) / 2;
    double low = wn_check_quantile(scratch, input->rows, 0.25), high = wn_check_quantile(scratch, input->rows, 0.75);
    double margin = set->factor * fmax(high - low, LEAST), least = low - margin, most = high + margin;
    for (size_t row = 0; row < input->rows; row++) {
        double off = fabs(sizes[row] - (least + most) / 2);
        double score = most > least ? 1 - off / (most - least) : off > 0 ? 0 : 1;
        out->scores[row] = (float)fmax(0, score);
    }
    wn_check_apply_threshold(0.5, out);
    wn_free(sizes);
    return WN_OK;
}

const wn_check wn_check_odd_size = {
    .name = "odd-size",
    .summary = "much larger or smaller than most images",
    .needs = WN_CHECK_SIZES,
    .options = options,
    .params_size = sizeof(params),
    .run = run,
};
