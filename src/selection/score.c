/* SPDX-License-Identifier: Apache-2.0
 *
 * The frame around scorers: checks, vectors that sum up to one, and the values of the objects of a row as one number.
 */
#include <math.h>
#include <stdatomic.h>

#include "base/error.h"
#include "selection/scorer_tasks.h"
#include "winnow/memory.h"

enum { GRAIN = 256, TOP_DEFAULT = 3, TOP_MAX = 256 };

size_t wn_scorer_normalize(const float *p, size_t n, double temperature, float *out)
{
    double sum = 0;
    float pair[2];
    if (n == 1) {
        pair[0] = p[0];
        pair[1] = 1 - p[0];
        p = pair;
        n = 2;
    }
    for (size_t i = 0; i < n; i++) {
        if (!(p[i] >= 0) || isinf(p[i])) return 0;
        sum += (double)p[i];
    }
    if (!(sum > 0)) return 0;
    if (temperature > 0 && temperature != 1) {
        /* Powers of the shares of the largest, so that nothing underflows that matters. */
        float largest = p[0];
        for (size_t i = 1; i < n; i++) largest = p[i] > largest ? p[i] : largest;
        sum = 0;
        for (size_t i = 0; i < n; i++) {
            out[i] = (float)pow((double)p[i] / (double)largest, 1 / temperature);
            sum += (double)out[i];
        }
        for (size_t i = 0; i < n; i++) out[i] = (float)((double)out[i] / sum);
        return n;
    }
    for (size_t i = 0; i < n; i++) out[i] = (float)((double)p[i] / sum);
    return n;
}

/* --- Objects to rows ---------------------------------------------------------------------------------------------- */

typedef struct scoring {
    const wn_scorer *scorer;
    const wn_scorer_request *request;
    float *values;
    atomic_bool nomem;
} scoring;

static double value_of_object(const scoring *s, size_t object, float *vector)
{
    const wn_scorer_objects *objects = &s->request->objects;
    size_t n = 0;
    if (objects->probabilities && !isnan(objects->probabilities[object * objects->classes]))
        n = wn_scorer_normalize(objects->probabilities + object * objects->classes, objects->classes,
                                s->request->temperature, vector);
    else if (objects->scores && !isnan(objects->scores[object]))
        n = wn_scorer_normalize(&objects->scores[object], 1, s->request->temperature, vector);
    if (n < 2) return 0;
    double value = s->scorer->value(vector, n);
    int32_t category = objects->categories ? objects->categories[object] : -1;
    return s->request->class_weights && category >= 0 ? value * (double)s->request->class_weights[category] : value;
}

static void score_objects(void *context, size_t begin, size_t end, unsigned worker)
{
    scoring *s = context;
    (void)worker;
    float *vector = wn_alloc(WN_MEMORY_SELECTION, s->request->objects.classes + 2, sizeof *vector);
    if (!vector) atomic_store(&s->nomem, true);
    for (size_t i = begin; i < end && vector; i++) s->values[i] = (float)value_of_object(s, i, vector);
    wn_free(vector);
}

/* Keeps the greatest `top` values, falling. */
static void keep_top(double *best, size_t top, size_t *len, double value)
{
    size_t at = *len;
    if (at == top && value <= best[top - 1]) return;
    if (at < top) {
        ++*len;
    } else
        at = top - 1;
    while (at > 0 && best[at - 1] < value) {
        best[at] = best[at - 1];
        at--;
    }
    best[at] = value;
}

static double sum_top(const float *values, size_t count, size_t top)
{
    double best[TOP_MAX], sum = 0;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) keep_top(best, top, &kept, (double)values[i]);
    while (kept > 0) sum += best[--kept];
    return sum;
}

/* Areas, where they are known, make the mean one over pixels. */
static double reduce(const float *values, const float *areas, size_t count, wn_reduction reduction, size_t top)
{
    double sum = 0, weight = 0, largest = count ? (double)values[0] : 0;
    if (reduction == WN_REDUCTION_TOP) return sum_top(values, count, top);
    for (size_t i = 0; i < count; i++) {
        double share = areas && !isnan(areas[i]) ? (double)areas[i] : 1, value = (double)values[i];
        sum += value * share;
        weight += share;
        largest = fmax(largest, value);
    }
    if (reduction == WN_REDUCTION_SUM) return sum;
    if (reduction == WN_REDUCTION_MEAN) return weight > 0 ? sum / weight : 0;
    return largest;
}

wn_status wn_scorer_reduce(const wn_scorer_request *request, const float *values, float *out, wn_error *err)
{
    const wn_scorer_objects *objects = &request->objects;
    size_t top = request->top ? request->top : TOP_DEFAULT;
    wn_reduction reduction = request->reduction;
    bool by_area = reduction == WN_REDUCTION_AUTO && request->task == WN_TASK_SEMANTIC;
    if (top > TOP_MAX) return wn_fail(err, WN_INVALID, "the top %zu objects; at most %d", top, TOP_MAX);
    if (reduction == WN_REDUCTION_AUTO) reduction = by_area ? WN_REDUCTION_MEAN : WN_REDUCTION_MAX;
    for (size_t row = 0; row < objects->rows; row++) {
        size_t begin = objects->starts[row], count = objects->starts[row + 1] - begin;
        const float *areas = by_area && objects->areas ? objects->areas + begin : NULL;
        out[row] =
            objects->known && !objects->known[row] ? NAN : (float)reduce(values + begin, areas, count, reduction, top);
    }
    return WN_OK;
}

static wn_status check_request(const wn_scorer *scorer, const wn_scorer_request *request, wn_error *err)
{
    const wn_scorer_objects *objects = &request->objects;
    if (!(scorer->tasks & (1u << request->task)))
        return wn_fail(err, WN_INVALID, "the score '%s' is not one for %s", scorer->name,
                       wn_annotation_task_text(request->task));
    const char *missing = NULL;
    if ((scorer->needs & WN_SCORER_PROBABILITIES) && !objects->probabilities && !objects->scores)
        missing = "probabilities or confidences";
    if ((scorer->needs & WN_SCORER_SCORES) && !objects->scores) missing = "confidences";
    if ((scorer->needs & WN_SCORER_CATEGORIES) && !objects->categories) missing = "categories";
    if ((scorer->needs & WN_SCORER_KEYPOINTS) && !objects->keypoint_confidences) missing = "keypoints";
    if (missing) return wn_fail(err, WN_INVALID, "the score '%s' needs %s", scorer->name, missing);
    for (size_t i = 0; objects->categories && i < objects->count; i++)
        if (objects->categories[i] < -1 || objects->categories[i] >= (int64_t)objects->classes)
            return wn_fail(err, WN_INVALID, "object %zu has the category %d of %zu", i, objects->categories[i],
                           objects->classes);
    return WN_OK;
}

static wn_status score_whole(const wn_scorer *scorer, const void *params, const wn_scorer_request *request, float *out,
                             wn_error *err)
{
    void *defaults = NULL;
    if (!params && scorer->options) {
        defaults = wn_calloc(WN_MEMORY_SELECTION, 1, scorer->params_size);
        if (!defaults) return wn_fail(err, WN_NOMEM, "out of memory");
        wn_status status = wn_options_init(scorer->options, defaults, err);
        if (status) {
            wn_free(defaults);
            return status;
        }
    }
    wn_status status = scorer->score(params ? params : defaults, request, out, err);
    wn_free(defaults);
    return status;
}

wn_status wn_scorer_values(const wn_scorer *scorer, const wn_scorer_request *request, float *values, wn_error *err)
{
    scoring s = {.scorer = scorer, .request = request, .values = values};
    if (!scorer->value) return wn_fail(err, WN_INVALID, "the score '%s' is one of rows, not of objects", scorer->name);
    WN_TRY(check_request(scorer, request, err));
    wn_pool_for(request->pool, request->objects.count, GRAIN, score_objects, &s);
    return atomic_load(&s.nomem) ? wn_fail(err, WN_NOMEM, "no memory to score") : WN_OK;
}

wn_status wn_score(const wn_scorer *scorer, const void *params, const wn_scorer_request *request, float *out,
                   wn_error *err)
{
    WN_TRY(check_request(scorer, request, err));
    if (scorer->score) return score_whole(scorer, params, request, out, err);
    float *values = wn_alloc(WN_MEMORY_SELECTION, request->objects.count, sizeof *values);
    if (!values) return wn_fail(err, WN_NOMEM, "no memory to score");
    wn_status status = wn_scorer_values(scorer, request, values, err);
    if (!status) status = wn_scorer_reduce(request, values, out, err);
    wn_free(values);
    return status;
}

/* --- Arrays ------------------------------------------------------------------------------------------------------- */

typedef struct vectors {
    const wn_scorer *scorer;
    const wn_matrix *matrix;
    double temperature;
    float *out;
    atomic_size_t unusable;
    atomic_bool nomem;
} vectors;

static void score_vectors(void *context, size_t begin, size_t end, unsigned worker)
{
    vectors *v = context;
    size_t unusable = 0;
    (void)worker;
    float *vector = wn_alloc(WN_MEMORY_SELECTION, v->matrix->cols + 2, sizeof *vector);
    if (!vector) atomic_store(&v->nomem, true);
    for (size_t row = begin; row < end && vector; row++) {
        size_t n = wn_scorer_normalize(wn_matrix_row(v->matrix, row), v->matrix->cols, v->temperature, vector);
        v->out[row] = n >= 2 ? (float)v->scorer->value(vector, n) : 0;
        unusable += n < 2;
    }
    atomic_fetch_add(&v->unusable, unusable);
    wn_free(vector);
}

wn_status wn_score_probabilities(const wn_scorer *scorer, const wn_matrix *probabilities, double temperature,
                                 wn_pool *pool, float *out, size_t *unusable, wn_error *err)
{
    vectors v = {.scorer = scorer, .matrix = probabilities, .temperature = temperature, .out = out};
    if (!scorer->value)
        return wn_fail(err, WN_INVALID, "the score '%s' is one of objects, not of probabilities", scorer->name);
    if (probabilities->cols == 0) return wn_fail(err, WN_INVALID, "the probabilities have no columns");
    wn_pool_for(pool, probabilities->rows, GRAIN, score_vectors, &v);
    if (unusable) *unusable = atomic_load(&v.unusable);
    return atomic_load(&v.nomem) ? wn_fail(err, WN_NOMEM, "no memory to score") : WN_OK;
}
