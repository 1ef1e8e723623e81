/* SPDX-License-Identifier: Apache-2.0
 *
 * Groups of like images whose labels a vote of neighbours gets right much more seldom than in the whole set. Groups are
 * found by following each image to its nearest neighbour in a denser place until there is none (quick shift on the
 * graph of neighbours; Vedaldi and Soatto 2008).
 */
#include <math.h>

#include "base/error.h"
#include "quality/ballot.h"
#include "quality/check_rows.h"
#include "winnow/memory.h"

typedef struct params {
    int64_t neighbours, least;
    double threshold;
} params;

static const wn_option options[] = {
    {WN_OPTION_INT, "neighbours", "that vote", offsetof(params, neighbours), 1, WN_VOTERS_MOST, "30", NULL, "K", 0},
    {WN_OPTION_INT, "least", "labelled images of a group that is judged", offsetof(params, least), 1, 1e9, "10", NULL,
     "N", 0},
    {WN_OPTION_REAL, "threshold", "issues score below it: accuracy of the group over that of all",
     offsetof(params, threshold), 0, 1, "0.5", NULL, "X", 0},
    {0},
};

/* Of the group that a row leads. */
typedef struct group {
    uint32_t labelled, right;
} group;

static bool is_denser(const double *distances, size_t a, size_t b)
{
    return distances[a] < distances[b] || (distances[a] <= distances[b] && a < b);
}

/* leaders[row]: the mode that the row's path ends in. Paths rise in density, so they have no circle. */
static void find_leaders(const wn_check_input *input, const double *distances, uint32_t *leaders)
{
    for (size_t row = 0; row < input->rows; row++) {
        leaders[row] = (uint32_t)row;
        for (size_t i = row * input->k; i < (row + 1) * input->k; i++) {
            int64_t id = input->neighbours[i];
            if (id < 0 || !is_denser(distances, (size_t)id, row)) continue;
            leaders[row] = (uint32_t)id;
            break;
        }
    }
    for (size_t row = 0; row < input->rows; row++) {
        uint32_t end = leaders[row];
        while (leaders[end] != end) end = leaders[end];
        for (uint32_t at = (uint32_t)row, next; at != end; at = next) {
            next = leaders[at];
            leaders[at] = end;
        }
    }
}

static bool is_right(const wn_check_input *input, size_t row, size_t voters)
{
    wn_ballot ballot;
    wn_ballot_count(input->neighbours + row * input->k, input->k, voters, input->labels, &ballot);
    return ballot.len && ballot.winner == input->labels[row];
}

static void judge(const params *set, const wn_check_input *input, const uint32_t *leaders, group *groups,
                  wn_check_result *out)
{
    uint64_t labelled = 0, right = 0;
    for (size_t row = 0; row < input->rows; row++) {
        if (input->labels[row] < 0) continue;
        bool hit = is_right(input, row, (size_t)set->neighbours);
        groups[leaders[row]].labelled++;
        groups[leaders[row]].right += hit;
        labelled++;
        right += hit;
    }
    out->figure = labelled ? (double)right / (double)labelled : NAN;
    for (size_t row = 0; row < input->rows; row++) {
        const group *g = &groups[leaders[row]];
        out->scores[row] = 1;
        if (right == 0 || g->labelled < (uint64_t)set->least) continue;
        double ratio = (double)g->right / (double)g->labelled / out->figure;
        out->scores[row] = (float)fmin(1, ratio);
        out->evidence[row] = leaders[row] == row ? -1 : (int64_t)leaders[row];
    }
    wn_check_apply_threshold(set->threshold, out);
}

static wn_status run(const void *options_given, const wn_check_input *input, wn_check_result *out, wn_error *err)
{
    double *distances = wn_alloc(WN_MEMORY_GENERAL, input->rows, sizeof *distances);
    uint32_t *leaders = wn_alloc(WN_MEMORY_GENERAL, input->rows, sizeof *leaders);
    group *groups = wn_calloc(WN_MEMORY_GENERAL, input->rows, sizeof *groups);
    wn_status status = WN_OK;
    if (distances && leaders && groups) {
        wn_check_mean_distances(input, 0, distances);
        find_leaders(input, distances, leaders);
        judge(options_given, input, leaders, groups, out);
    } else {
        status = wn_fail(err, WN_NOMEM, "no memory for the groups of %zu images", input->rows);
    }
    wn_free(groups);
    wn_free(leaders);
    wn_free(distances);
    return status;
}

const wn_check wn_check_underperforming_group = {
    .name = "underperforming-group",
    .summary = "of a group whose labels its neighbours get right half as often as elsewhere, or less",
    .needs = WN_CHECK_GRAPH | WN_CHECK_LABELS,
    .evidence = true,
    .figure = "accuracy of the votes",
    .options = options,
    .params_size = sizeof(params),
    .run = run,
};
