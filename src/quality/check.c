/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of checks, and what all of them share.
 */
#include "quality/check_rows.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

#define X(name) extern const wn_check wn_check_##name;
#include "quality/checks.def"
#undef X

static const wn_check *const checks[] = {
#define X(name) &wn_check_##name,
#include "quality/checks.def"
#undef X
};

const wn_check *wn_check_at(size_t index)
{
    return index < sizeof checks / sizeof *checks ? checks[index] : NULL;
}

const wn_check *wn_check_find(const char *name)
{
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        if (strcmp(checks[i]->name, name) == 0) return checks[i];
    }
    return NULL;
}

unsigned wn_check_known(const wn_check_input *input)
{
    unsigned known = 0;
    if (input->damaged) known |= WN_CHECK_FILES;
    if (input->width && input->height) known |= WN_CHECK_SIZES;
    if (input->luminance && input->contrast) known |= WN_CHECK_LIGHT;
    if (input->sharpness && input->signal_to_noise && input->uniform_row_ratio) known |= WN_CHECK_DETAIL;
    if (input->mean && input->deviation) known |= WN_CHECK_COLOUR;
    if (input->byte_hashes && input->pixel_hashes) known |= WN_CHECK_HASHES;
    if (input->picture_hashes) known |= WN_CHECK_PICTURES;
    if (input->neighbours && input->distances && input->k) known |= WN_CHECK_GRAPH;
    if (input->labels && input->classes) known |= WN_CHECK_LABELS;
    return known;
}

void wn_check_result_clear(wn_check_result *result)
{
    wn_free(result->distances);
    wn_free(result->evidence);
    wn_free(result->is_issue);
    wn_free(result->scores);
    *result = (wn_check_result){0};
}

static wn_status check_graph(const wn_check_input *input, wn_error *err)
{
    for (size_t i = 0; i < input->rows * input->k; i++) {
        int64_t id = input->neighbours[i];
        if (id < -1 || (id >= 0 && (uint64_t)id >= input->rows))
            return wn_fail(err, WN_INVALID, "neighbour %zu of row %zu is row %" PRId64 ", but there are %zu rows",
                           i % input->k, i / input->k, id, input->rows);
    }
    return WN_OK;
}

static wn_status check_labels(const wn_check_input *input, wn_error *err)
{
    for (size_t row = 0; row < input->rows; row++) {
        if (input->labels[row] >= 0 && (uint64_t)input->labels[row] >= input->classes)
            return wn_fail(err, WN_INVALID, "row %zu has the label %" PRId64 ", but there are %zu classes", row,
                           input->labels[row], input->classes);
    }
    return WN_OK;
}

static wn_status new_result(const wn_check *check, size_t rows, wn_check_result *out, wn_error *err)
{
    *out = (wn_check_result){.rows = rows, .threshold = NAN, .figure = NAN};
    out->scores = wn_alloc(WN_MEMORY_GENERAL, rows, sizeof *out->scores);
    out->is_issue = wn_calloc(WN_MEMORY_GENERAL, rows, 1);
    if (check->evidence) {
        out->evidence = wn_alloc(WN_MEMORY_GENERAL, rows, sizeof *out->evidence);
        out->distances = wn_alloc(WN_MEMORY_GENERAL, rows, sizeof *out->distances);
        for (size_t row = 0; out->evidence && out->distances && row < rows; row++) {
            out->evidence[row] = -1;
            out->distances[row] = NAN;
        }
    }
    if (out->scores && out->is_issue && (!check->evidence || (out->evidence && out->distances))) return WN_OK;
    wn_check_result_clear(out);
    return wn_fail(err, WN_NOMEM, "no memory to check %zu images", rows);
}

wn_status wn_check_run(const wn_check *check, const void *params, const wn_check_input *input, wn_check_result *out,
                       wn_error *err)
{
    *out = (wn_check_result){0};
    if ((wn_check_known(input) & check->needs) != check->needs)
        return wn_fail(err, WN_INVALID, "the check '%s' needs what is not known of these images", check->name);
    if (input->rows >= UINT32_MAX)
        return wn_fail(err, WN_UNSUPPORTED, "%zu rows are more than 32 bits count", input->rows);
    if (check->needs & WN_CHECK_GRAPH) WN_TRY(check_graph(input, err));
    if (check->needs & WN_CHECK_LABELS) WN_TRY(check_labels(input, err));
    WN_TRY(new_result(check, input->rows, out, err));
    wn_status status = check->run(params, input, out, err);
    if (status) {
        wn_check_result_clear(out);
        return status;
    }
    for (size_t row = 0; row < input->rows; row++) out->issues += out->is_issue[row];
    return WN_OK;
}
