/* SPDX-License-Identifier: Apache-2.0
 *
 * Scores of predictions at their import: every scorer that makes sense for the task, as one column each. Those of
 * objects stand there reduced in each way: NAME is the usual one, NAME.max, .sum, .mean and .top3 (the sum of the three
 * greatest) say theirs. Probabilities are gathered for blocks of rows, so that memory does not follow the number of
 * objects.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "jobs/import.h"
#include "winnow/option.h"
#include "winnow/scorer.h"

enum { BLOCK_VALUES = 1 << 23 }; /* probabilities at once */

static const struct {
    wn_reduction reduction;
    const char *suffix;
} reductions[] = {{WN_REDUCTION_AUTO, ""},
                  {WN_REDUCTION_MAX, ".max"},
                  {WN_REDUCTION_SUM, ".sum"},
                  {WN_REDUCTION_MEAN, ".mean"},
                  {WN_REDUCTION_TOP, ".top3"}};

enum { REDUCTIONS = sizeof reductions / sizeof *reductions };

/* Objects of all rows without their probabilities, and which item each is. */
typedef struct gathered {
    const wn_annotations *set;
    size_t rows, count;
    size_t *starts, *items;
    uint8_t *known;
    float *scores, *areas, *points;
    int32_t *categories;
    bool any_probabilities, any_scores, any_points;
} gathered;

static void clear_gathered(gathered *g)
{
    wn_free(g->starts);
    wn_free(g->items);
    wn_free(g->known);
    wn_free(g->scores);
    wn_free(g->areas);
    wn_free(g->points);
    wn_free(g->categories);
}

/* Pixels of the mask of an item; NaN without one. */
static float area_of(const wn_annotations *set, const wn_annotation_item *item)
{
    double area = 0;
    for (size_t i = 1; i < item->mask.count; i += 2) area += set->runs[item->mask.first + i];
    return item->mask.count ? (float)area : NAN;
}

/* Mean of the third number of each keypoint; NaN without. */
static float confidence_of(const wn_annotations *set, const wn_annotation_item *item)
{
    double sum = 0;
    size_t points = item->keypoints.count / 3;
    for (size_t i = 0; i < points; i++) {
        double confidence = (double)set->numbers[item->keypoints.first + 3 * i + 2];
        sum += fmin(fmax(confidence, 0), 1); /* a visibility of 2 (COCO) counts as certain */
    }
    return points ? (float)(sum / (double)points) : NAN;
}

static void gather_item(gathered *g, size_t index)
{
    const wn_annotation_item *item = &g->set->items[index];
    size_t at = g->count++;
    g->items[at] = index;
    g->scores[at] = item->score;
    g->areas[at] = area_of(g->set, item);
    g->points[at] = confidence_of(g->set, item);
    g->categories[at] = item->category;
    g->any_probabilities |= item->probabilities.count == g->set->category_count && item->probabilities.count > 0;
    g->any_scores |= !isnan(item->score);
    g->any_points |= item->keypoints.count > 0;
}

static wn_status gather(const wn_annotations *set, const wn_matching *matching, gathered *g, wn_error *err)
{
    *g = (gathered){.set = set, .rows = matching->row_count};
    g->starts = wn_alloc(WN_MEMORY_GENERAL, g->rows + 1, sizeof *g->starts);
    g->known = wn_calloc(WN_MEMORY_GENERAL, g->rows, 1);
    g->items = wn_alloc(WN_MEMORY_GENERAL, set->item_count, sizeof *g->items);
    g->scores = wn_alloc(WN_MEMORY_GENERAL, set->item_count, sizeof *g->scores);
    g->areas = wn_alloc(WN_MEMORY_GENERAL, set->item_count, sizeof *g->areas);
    g->points = wn_alloc(WN_MEMORY_GENERAL, set->item_count, sizeof *g->points);
    g->categories = wn_alloc(WN_MEMORY_GENERAL, set->item_count, sizeof *g->categories);
    if (!g->starts || !g->known || !g->items || !g->scores || !g->areas || !g->points || !g->categories)
        return wn_fail(err, WN_NOMEM, "no memory to score %zu objects", set->item_count);
    for (size_t row = 0; row < g->rows; row++) {
        g->starts[row] = g->count;
        for (int64_t image = matching->heads[row]; image >= 0; image = matching->next[image]) {
            const wn_annotation_image *here = &set->images[image];
            g->known[row] = 1;
            for (size_t i = here->first; i < here->first + here->count; i++)
                if (!(set->items[i].flags & WN_ITEM_DROPPED)) gather_item(g, i);
        }
    }
    g->starts[g->rows] = g->count;
    return WN_OK;
}

static wn_scorer_request request_of(const gathered *g, const float *weights, wn_pool *pool)
{
    wn_scorer_request request = {.objects = {.rows = g->rows,
                                             .count = g->count,
                                             .starts = g->starts,
                                             .known = g->known,
                                             .classes = g->set->category_count,
                                             .scores = g->any_scores ? g->scores : NULL,
                                             .categories = g->categories,
                                             .areas = g->areas,
                                             .keypoint_confidences = g->any_points ? g->points : NULL},
                                 .task = g->set->task,
                                 .class_weights = weights,
                                 .pool = pool};
    return request;
}

/* Probabilities of `count` objects from `first`, in `out`. */
static void copy_probabilities(const gathered *g, size_t first, size_t count, float *out)
{
    size_t classes = g->set->category_count;
    for (size_t i = 0; i < count; i++, out += classes) {
        const wn_annotation_item *item = &g->set->items[g->items[first + i]];
        if (item->probabilities.count == classes && classes) {
            memcpy(out, g->set->numbers + item->probabilities.first, classes * sizeof *out);
        } else if (classes)
            out[0] = NAN;
    }
}

/* One number an object, blocks of objects at a time; an object is a row here. */
static wn_status value_objects(const gathered *g, const wn_scorer *scorer, const wn_scorer_request *whole,
                               float *values, wn_error *err)
{
    size_t classes = g->set->category_count, block = classes ? BLOCK_VALUES / classes : BLOCK_VALUES;
    wn_scorer_request request = *whole;
    float *probabilities = NULL;
    if (block == 0) block = 1;
    if (block > g->count) block = g->count;
    if (g->any_probabilities && !(probabilities = wn_alloc(WN_MEMORY_GENERAL, block * classes, sizeof *probabilities)))
        return wn_fail(err, WN_NOMEM, "no memory to score %zu objects", g->count);
    wn_status status = WN_OK;
    for (size_t first = 0; first < g->count && !status; first += block) {
        size_t count = g->count - first < block ? g->count - first : block;
        if (probabilities) copy_probabilities(g, first, count, probabilities);
        request.objects.count = count;
        request.objects.probabilities = probabilities;
        request.objects.scores = whole->objects.scores ? g->scores + first : NULL;
        request.objects.categories = g->categories + first;
        status = wn_scorer_values(scorer, &request, values + first, err);
    }
    wn_free(probabilities);
    return status;
}

static wn_status fill_floats(void *context, int64_t first, size_t count, void *out, wn_error *err)
{
    (void)err;
    memcpy(out, (const float *)context + first, count * sizeof(float));
    return WN_OK;
}

static wn_status write_score(wn_workspace *workspace, int64_t id, const char *name, float *scores, size_t rows,
                             wn_error *err)
{
    return wn_annotation_set_column(workspace, id, "score", name, WN_COLUMN_F32, 1, fill_floats, scores, rows, err);
}

/* All reductions of a scorer of objects; a classification has but one object. */
static wn_status score_objects(wn_workspace *workspace, int64_t id, const gathered *g, const wn_scorer *scorer,
                               wn_scorer_request *request, float *scores, wn_error *err)
{
    char name[96];
    float *values = wn_alloc(WN_MEMORY_GENERAL, g->count, sizeof *values);
    if (!values) return wn_fail(err, WN_NOMEM, "no memory to score %zu objects", g->count);
    wn_status status = value_objects(g, scorer, request, values, err);
    size_t ways = g->set->task == WN_TASK_CLASSIFICATION ? 1 : REDUCTIONS;
    for (size_t i = 0; i < ways && !status; i++) {
        request->reduction = reductions[i].reduction;
        snprintf(name, sizeof name, "%s%s", scorer->name, reductions[i].suffix);
        status = wn_scorer_reduce(request, values, scores, err);
        if (!status) status = write_score(workspace, id, name, scores, g->rows, err);
    }
    wn_free(values);
    return status;
}

/* Whether the set has what a scorer reads. */
static bool can_score(const gathered *g, const wn_scorer *scorer)
{
    if (!(scorer->tasks & (1u << g->set->task))) return false;
    if ((scorer->needs & WN_SCORER_PROBABILITIES) && !g->any_probabilities && !g->any_scores) return false;
    if ((scorer->needs & WN_SCORER_SCORES) && !g->any_scores) return false;
    if ((scorer->needs & WN_SCORER_CATEGORIES) && g->set->category_count == 0) return false;
    return !(scorer->needs & WN_SCORER_KEYPOINTS) || g->any_points;
}

static wn_status score_all(wn_workspace *workspace, int64_t id, const gathered *g, const float *weights, wn_pool *pool,
                           size_t *count, wn_error *err)
{
    float *scores = wn_alloc(WN_MEMORY_GENERAL, g->rows, sizeof *scores);
    wn_status status = scores ? WN_OK : wn_fail(err, WN_NOMEM, "no memory to score %zu images", g->rows);
    for (size_t i = 0; wn_scorer_at(i) && !status; i++) {
        const wn_scorer *scorer = wn_scorer_at(i);
        wn_scorer_request request = request_of(g, weights, pool);
        if (!can_score(g, scorer)) continue;
        ++*count;
        if (scorer->value) {
            status = score_objects(workspace, id, g, scorer, &request, scores, err);
        } else if (!(status = wn_score(scorer, NULL, &request, scores, err)))
            status = write_score(workspace, id, scorer->name, scores, g->rows, err);
    }
    wn_free(scores);
    return status;
}

/* One "NAME=FACTOR" of the class weights. */
static wn_status set_weight(const wn_annotations *set, char *entry, float *weights, wn_error *err)
{
    char *sign = strrchr(entry, '=');
    double factor;
    if (!sign || !wn_text_to_real(sign + 1, &factor) || factor < 0)
        return wn_fail(err, WN_INVALID, "the class weight '%s' is not of the form NAME=FACTOR", entry);
    *sign = 0;
    for (size_t i = 0; i < set->category_count; i++) {
        if (strcmp(set->categories[i].name, entry) != 0) continue;
        weights[i] = (float)factor;
        return WN_OK;
    }
    const char **names = wn_calloc(WN_MEMORY_GENERAL, set->category_count + 1, sizeof *names);
    for (size_t i = 0; names && i < set->category_count; i++) names[i] = set->categories[i].name;
    const char *near = names ? wn_nearest_word(entry, names) : NULL;
    wn_status status = wn_fail(err, WN_INVALID, "there is no class '%s'%s%s%s", entry, near ? "; did you mean '" : "",
                               near ? near : "", near ? "'?" : "");
    wn_free(names);
    return status;
}

wn_status wn_import_parse_weights(const wn_annotations *set, const char *text, float **out, wn_error *err)
{
    *out = NULL;
    if (!text) return WN_OK;
    char *copy = wn_text_copy(text), *save = NULL;
    float *weights = wn_alloc(WN_MEMORY_GENERAL, set->category_count, sizeof *weights);
    wn_status status = copy && weights ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
    for (size_t i = 0; i < set->category_count && !status; i++) weights[i] = 1;
    for (char *entry = copy ? strtok_r(copy, ",", &save) : NULL; entry && !status; entry = strtok_r(NULL, ",", &save))
        status = set_weight(set, entry, weights, err);
    wn_free(copy);
    if (status) {
        wn_free(weights);
    } else
        *out = weights;
    return status;
}

wn_status wn_import_scores(wn_workspace *workspace, int64_t id, const wn_annotations *set, const wn_matching *matching,
                           const float *weights, wn_pool *pool, size_t *count, wn_error *err)
{
    gathered g;
    *count = 0;
    wn_status status = gather(set, matching, &g, err);
    if (!status) status = score_all(workspace, id, &g, weights, pool, count, err);
    clear_gathered(&g);
    return status;
}
