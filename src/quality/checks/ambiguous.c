/* SPDX-License-Identifier: Apache-2.0
 *
 * Images between classes: the entropy of the labels of the nearest neighbours, over the greatest that as many votes can
 * have. The label of the image itself takes no part, so images without one are judged too; but not those with fewer
 * than half of the neighbours that vote, whose few labels tell nothing.
 */
#include <math.h>

#include "quality/ballot.h"
#include "quality/check_rows.h"

typedef struct params {
    int64_t neighbours;
    double threshold;
} params;

static const wn_option options[] = {
    {WN_OPTION_INT, "neighbours", "that vote", offsetof(params, neighbours), 2, WN_VOTERS_MOST, "10", NULL, "K", 0},
    {WN_OPTION_REAL, "threshold", "issues score below it", offsetof(params, threshold), 0, 1, "0.3", NULL, "X", 0},
    {0},
};

/* The nearest neighbour that has another label than the image, or, where that has none, than its nearest one. */
static void show_other(const wn_check_input *input, size_t row, wn_check_result *out)
{
    int64_t own = input->labels[row];
    for (size_t i = row * input->k; i < (row + 1) * input->k; i++) {
        int64_t id = input->neighbours[i];
        if (id < 0 || input->labels[id] < 0) continue;
        if (own < 0) own = input->labels[id];
        if (input->labels[id] == own) continue;
        out->evidence[row] = id;
        out->distances[row] = input->distances[i];
        return;
    }
}

static wn_status run(const void *options_given, const wn_check_input *input, wn_check_result *out, wn_error *err)
{
    const params *set = options_given;
    (void)err;
    for (size_t row = 0; row < input->rows; row++) {
        wn_ballot ballot;
        wn_ballot_count(input->neighbours + row * input->k, input->k, (size_t)set->neighbours, input->labels, &ballot);
        size_t most = ballot.votes < input->classes ? ballot.votes : input->classes;
        double entropy = 0;
        if (2 * ballot.votes < (size_t)set->neighbours) most = 0;
        for (size_t c = 0; c < ballot.len; c++) {
            double share = (double)ballot.counts[c] / (double)ballot.votes;
            entropy -= share * log(share);
        }
        out->scores[row] = most > 1 ? (float)fmax(0, 1 - entropy / log((double)most)) : 1;
        show_other(input, row, out);
    }
    wn_check_apply_threshold(set->threshold, out);
    return WN_OK;
}

const wn_check wn_check_ambiguous = {
    .name = "ambiguous",
    .summary = "its neighbours have many labels: between classes, or hard to name",
    .needs = WN_CHECK_GRAPH | WN_CHECK_LABELS,
    .evidence = true,
    .options = options,
    .params_size = sizeof(params),
    .run = run,
};
