/* SPDX-License-Identifier: Apache-2.0
 *
 * What is picked by when nobody names it: coverage, which with predictions in the workspace is weighted by how unsure
 * the model is about a row. docs/ablation.md has the measurements that speak for it.
 */
#include <math.h>

#include "base/error.h"
#include "jobs/job.h"
#include "winnow/annotation_records.h"
#include "winnow/memory.h"

#define WITH_PREDICTIONS "uncertainty-herding"
#define WITH_SETTINGS    "farthest-first" /* whose settings a least distance and a metric are */

static wn_status have_predictions(wn_workspace *workspace, bool *out, wn_error *err)
{
    wn_annotation_set_record *sets = NULL;
    size_t count = 0;
    *out = false;
    WN_TRY(wn_annotation_set_list(workspace, &sets, &count, err));
    for (size_t i = 0; i < count; i++) *out = *out || sets[i].role == WN_ROLE_PREDICTIONS;
    wn_free(sets);
    return WN_OK;
}

wn_status wn_default_strategy(wn_workspace *workspace, const char *const *settings, const char **out, wn_error *err)
{
    bool predicted = false;
    *out = settings && settings[0] ? WITH_SETTINGS : WN_UNPREDICTED_STRATEGY;
    if (settings && settings[0]) return WN_OK;
    WN_TRY(have_predictions(workspace, &predicted, err));
    if (predicted) *out = WITH_PREDICTIONS;
    return WN_OK;
}

wn_status wn_predicted_scores(wn_workspace *workspace, wn_rows rows, wn_rows candidates, float **out, wn_error *err)
{
    bool predicted = false;
    double sum = 0;
    size_t known = 0;
    *out = NULL;
    WN_TRY(have_predictions(workspace, &predicted, err));
    if (!predicted) return WN_OK;
    float *scores = wn_alloc(WN_MEMORY_SELECTION, rows.len, sizeof *scores);
    if (!scores) return wn_fail(err, WN_NOMEM, "no memory for the scores of %zu rows", rows.len);
    wn_error none;
    wn_status status = wn_scores_load(workspace, NULL, "uncertainty_margin", rows, scores, &none);
    if (status == WN_NOTFOUND) { /* predictions without any entry have no scores */
        wn_free(scores);
        return WN_OK;
    }
    if (status) (void)wn_fail(err, status, "%s", none.message);
    for (size_t i = 0; i < candidates.len && !status; i++) {
        double score = (double)scores[candidates.data[i]];
        if (!isfinite(score)) continue;
        sum += score;
        known++;
    }
    for (size_t i = 0; i < rows.len && known; i++)
        if (!isfinite(scores[i])) scores[i] = (float)(sum / (double)known);
    if (status || !known)
        wn_free(scores);
    else
        *out = scores;
    return status;
}
