/* SPDX-License-Identifier: Apache-2.0
 *
 * Clusters of clusters.
 */
#include "selection/hierarchy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

wn_hierarchy_plan wn_hierarchy_plan_for(size_t n, size_t finest, size_t levels)
{
    wn_hierarchy_plan plan = {0};
    size_t size = finest ? finest : (n + 7) / 8;
    if (size > 10000 && !finest) size = 10000;
    if (size > n) size = n;
    /* the coarsest level has about ten clusters or more, and all steps are alike */
    double step = levels > 1 ? pow((double)size / 10, 1 / (double)(levels - 1)) : 1;
    if (step < 2) step = 2;
    while (plan.levels < levels && plan.levels < WN_HIERARCHY_LEVELS && size >= 2) {
        plan.sizes[plan.levels++] = size;
        size = (size_t)((double)size / step);
    }
    if (plan.levels == 0) plan.sizes[plan.levels++] = 1;
    return plan;
}

void wn_hierarchy_clear(wn_hierarchy *hierarchy)
{
    for (size_t i = 0; i < hierarchy->levels; i++) wn_kmeans_clear(&hierarchy->level[i]);
    *hierarchy = (wn_hierarchy){0};
}

typedef struct near_item {
    float square;
    uint32_t item;
} near_item;

static int compare_near(const void *a, const void *b)
{
    const near_item *x = a, *y = b;
    if (x->square < y->square || x->square > y->square) return x->square < y->square ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

/* The share of each cluster's members that is nearest to the centre, at least one, as points. */
static size_t gather_nearest(const wn_kmeans *k, const float *points, size_t dim, size_t each, near_item *scratch,
                             float *out)
{
    size_t n = 0;
    for (size_t c = 0; c < k->clusters; c++) {
        size_t size = k->starts[c + 1] - k->starts[c];
        for (size_t m = 0; m < size; m++) {
            uint32_t item = k->members[k->starts[c] + m];
            scratch[m] = (near_item){k->squares[item], item};
        }
        qsort(scratch, size, sizeof *scratch, compare_near);
        for (size_t m = 0; m < size && m < each; m++)
            memcpy(out + n++ * dim, points + scratch[m].item * dim, dim * sizeof *out);
    }
    return n;
}

/* Clusters again from the nearest members only, which gives every cluster the same say; then all points join. */
static wn_status resample(const wn_kmeans_request *request, wn_kmeans *k, wn_error *err)
{
    size_t n = request->n, dim = request->dim, each = (n / (k->clusters ? k->clusters : 1) + 2) / 3;
    near_item *scratch = wn_alloc(WN_MEMORY_SELECTION, n, sizeof *scratch);
    float *points = wn_alloc(WN_MEMORY_SELECTION, n * dim, sizeof *points);
    wn_kmeans some = {0}, all = {0};
    wn_kmeans_request part = *request, whole = *request;
    wn_status status = WN_OK;
    if (!scratch || !points) {
        status = wn_fail(err, WN_NOMEM, "no memory to cluster %zu rows again", n);
        goto done;
    }
    part.points = points;
    part.n = gather_nearest(k, request->points, dim, each ? each : 1, scratch, points);
    part.clusters = k->clusters;
    part.initial = k->centres;
    if ((status = wn_kmeans_run(&part, &some, err))) goto done;
    whole.clusters = some.clusters;
    whole.initial = some.centres;
    whole.iterations = 0;
    if ((status = wn_kmeans_run(&whole, &all, err))) goto done;
    wn_kmeans_clear(k);
    *k = all;
    all = (wn_kmeans){0};
done:
    wn_kmeans_clear(&some);
    wn_kmeans_clear(&all);
    wn_free(points);
    wn_free(scratch);
    return status;
}

wn_status wn_hierarchy_new(const wn_grouping *grouping, const wn_roster *roster, const wn_hierarchy_plan *plan,
                           wn_hierarchy *out, wn_error *err)
{
    wn_kmeans_request request = {.points = grouping->points,
                                 .n = grouping->len,
                                 .dim = grouping->dim,
                                 .iterations = plan->iterations,
                                 .seed = roster->request->seed,
                                 .pool = roster->request->pool,
                                 .progress = roster->request->progress};
    wn_status status = WN_OK;
    *out = (wn_hierarchy){0};
    while (out->levels < plan->levels && !status) {
        wn_kmeans *level = &out->level[out->levels];
        request.clusters = plan->sizes[out->levels];
        if (out->levels > 0) {
            request.points = out->level[out->levels - 1].centres;
            request.n = out->level[out->levels - 1].clusters;
        }
        if ((status = wn_kmeans_run(&request, level, err))) break;
        for (size_t i = 0; i < plan->resamplings && out->levels > 0 && !status; i++)
            status = resample(&request, level, err);
        out->levels++;
    }
    if (status) wn_hierarchy_clear(out);
    return status;
}
