/* SPDX-License-Identifier: Apache-2.0
 *
 * Images that repeat an earlier one: the same bytes, or other bytes and the same pixels.
 */
#include <string.h>

#include "base/error.h"
#include "quality/check_rows.h"
#include "winnow/quality.h"

/* Distance 0 = the same bytes, the other only the same pixels: too small to matter, large enough to tell. */
#define PIXELS_ONLY 1e-6F

static wn_status run(const void *options_given, const wn_check_input *input, wn_check_result *out, wn_error *err)
{
    wn_duplicates found;
    (void)options_given;
    WN_TRY(wn_duplicates_find_exact(input->pixel_hashes, NULL, input->rows, &found, err));
    for (size_t row = 0; row < input->rows; row++) out->scores[row] = 1;
    for (size_t i = 0; i < found.len; i++) {
        size_t from = (size_t)found.pairs[i].from, to = (size_t)found.pairs[i].to;
        bool same = memcmp(input->byte_hashes + 16 * from, input->byte_hashes + 16 * to, 16) == 0;
        out->scores[to] = 0;
        out->is_issue[to] = 1;
        out->evidence[to] = (int64_t)from;
        out->distances[to] = same ? 0 : PIXELS_ONLY;
    }
    wn_duplicates_clear(&found);
    return WN_OK;
}

const wn_check wn_check_exact_duplicate = {
    .name = "exact-duplicate",
    .summary = "the same bytes or the same pixels as an earlier image",
    .needs = WN_CHECK_HASHES,
    .evidence = true,
    .run = run,
};
