/* SPDX-License-Identifier: Apache-2.0
 *
 * Digests of images: label, its probability, the likeliest class and its probability. Probabilities in float32 are
 * walked in tiles of pixels that stay in the first cache, class by class, without a branch; a tile with a value that is
 * none is walked again one by one. Other numbers are read plane by plane in double precision.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"
#include "winnow/segmentation.h"

enum { TILE = 1024, VOID_CLASS = 255 };

static const double SLACK = 1e-6; /* as cleanlab has it */

static bool is_probability(double value)
{
    return !(value < -SLACK || value > 1 + SLACK); /* NaN passes: it makes a pixel unusable */
}

/* ---- float32 ---- */

typedef struct tile {
    float best[TILE];
    int32_t likeliest[TILE];
    float turned[TILE]; /* one class of pixels that do not lie side by side */
} tile;

/* Whether all values of one class are at least about 0, and numbers. */
static bool take_class(const float *restrict values, size_t count, int32_t class, float *restrict best,
                       int32_t *restrict likeliest)
{
    const float least = (float)-SLACK;
    int32_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        float value = values[i], old = best[i];
        int32_t more = -(int32_t)(value > old);
        best[i] = value > old ? value : old;
        likeliest[i] = (class & more) | (likeliest[i] & ~more);
        wrong |= (int32_t) !(value >= least);
    }
    return !wrong;
}

/* Best and likeliest of a tile; false when a value is no probability. */
static bool take_tile(const wn_mask_probabilities *p, size_t first, size_t count, tile *t)
{
    bool right = true;
    for (size_t i = 0; i < count; i++) {
        t->best[i] = -1;
        t->likeliest[i] = 0;
    }
    for (size_t k = 0; k < p->classes; k++) {
        const float *values = p->values + k * p->class_step + first * p->pixel_step;
        if (p->pixel_step != 1) {
            for (size_t i = 0; i < count; i++) t->turned[i] = values[i * p->pixel_step];
            values = t->turned;
        }
        right &= take_class(values, count, (int32_t)k, t->best, t->likeliest);
    }
    for (size_t i = 0; i < count; i++) right &= is_probability((double)t->best[i]);
    return right;
}

/* A tile that has a value which is none: says which, or takes the labels of pixels with a NaN away. */
static wn_status mend_tile(const wn_mask_probabilities *p, size_t first, size_t count, wn_mask_digest *digest,
                           wn_error *err)
{
    for (size_t i = first; i < first + count; i++) {
        bool number = true;
        for (size_t k = 0; k < p->classes; k++) {
            double value = (double)p->values[k * p->class_step + i * p->pixel_step];
            if (!is_probability(value))
                return wn_fail(err, WN_INVALID, "class %zu, pixel %zu: %g is no probability; apply softmax", k, i,
                               value);
            number &= isfinite(value);
        }
        if (number || digest->labels[i] < 0) continue;
        digest->labels[i] = WN_MASK_UNUSABLE(digest->labels[i]);
        digest->unusable++;
    }
    return WN_OK;
}

wn_status wn_mask_digest_fill(const wn_mask_probabilities *p, wn_mask_digest *digest, wn_error *err)
{
    tile t;
    digest->unusable = 0;
    for (size_t first = 0; first < digest->pixels; first += TILE) {
        size_t count = digest->pixels - first < TILE ? digest->pixels - first : TILE;
        if (!take_tile(p, first, count, &t)) WN_TRY(mend_tile(p, first, count, digest, err));
        for (size_t i = 0; i < count; i++) {
            int32_t label = digest->labels[first + i];
            size_t at = label < 0 ? 0 : (size_t)label;
            if (at >= p->classes)
                return wn_fail(err, WN_INVALID, "pixel %zu: the label %d is none of %zu classes", first + i, label,
                               p->classes);
            float value = p->values[at * p->class_step + (first + i) * p->pixel_step];
            digest->given[first + i] = value > 0 ? value : 0;
            digest->best[first + i] = (double)t.best[i];
            digest->likeliest[first + i] = t.likeliest[i];
        }
    }
    return WN_OK;
}

void wn_mask_digest_compare(const int32_t *predicted, wn_mask_digest *digest)
{
    digest->unusable = 0;
    for (size_t i = 0; i < digest->pixels; i++) {
        if (predicted[i] < 0 && digest->labels[i] >= 0) {
            digest->labels[i] = WN_MASK_UNUSABLE(digest->labels[i]);
            digest->unusable++;
        }
        digest->likeliest[i] = predicted[i] < 0 ? 0 : predicted[i];
        digest->given[i] = digest->labels[i] == predicted[i];
        digest->best[i] = 1;
    }
}

/* ---- tables ---- */

static wn_status read_labels(const wn_mask_tables *tables, size_t image, wn_mask_digest *out, wn_error *err)
{
    const wn_table *table = &tables->labels;
    size_t classes = tables->classes;
    double *values = out->best; /* filled later */
    WN_TRY(table->read(table->context, image, 1, values, err));
    out->unlabelled = 0;
    for (size_t i = 0; i < out->pixels; i++) {
        double value = values[i];
        bool none = isnan(value) || value < 0 || (value == VOID_CLASS && classes <= VOID_CLASS);
        if (!none && !(value < (double)classes && value == (double)(int32_t)value))
            return wn_fail(err, WN_INVALID, "image %zu, pixel %zu: the label %g is none of %zu classes", image, i,
                           value, classes);
        out->labels[i] = none ? -1 : (int32_t)value;
        out->unlabelled += none;
    }
    return WN_OK;
}

/* The same as wn_mask_digest_fill in double precision, `plane` holding the values of one class. */
static wn_status read_planes(const wn_mask_tables *tables, size_t image, double *plane, wn_mask_digest *out,
                             wn_error *err)
{
    const wn_table *table = &tables->probabilities;
    out->unusable = 0;
    for (size_t i = 0; i < out->pixels; i++) {
        out->best[i] = -1;
        out->likeliest[i] = 0;
    }
    for (size_t k = 0; k < tables->classes; k++) {
        WN_TRY(table->read(table->context, image * tables->classes + k, 1, plane, err));
        for (size_t i = 0; i < out->pixels; i++) {
            double value = plane[i];
            if (!is_probability(value))
                return wn_fail(err, WN_INVALID, "image %zu, class %zu, pixel %zu: %g is no probability; apply softmax",
                               image, k, i, value);
            if (out->labels[i] >= 0 && !isfinite(value)) {
                out->labels[i] = WN_MASK_UNUSABLE(out->labels[i]);
                out->unusable++;
            }
            if (value > out->best[i]) {
                out->best[i] = value;
                out->likeliest[i] = (int32_t)k;
            }
            if (out->labels[i] == (int32_t)k) out->given[i] = value > 0 ? (float)value : 0;
        }
    }
    return WN_OK;
}

wn_status wn_mask_tables_check(const wn_mask_tables *tables, wn_error *err)
{
    const wn_table *labels = &tables->labels, *probabilities = &tables->probabilities;
    if (tables->classes && probabilities->rows % tables->classes == 0 &&
        probabilities->rows / tables->classes == labels->rows && probabilities->cols == labels->cols)
        return WN_OK;
    return wn_fail(err, WN_INVALID,
                   "probabilities of %zu planes of %zu pixels do not fit %zu masks of %zu pixels and %zu classes",
                   probabilities->rows, probabilities->cols, labels->rows, labels->cols, tables->classes);
}

wn_status wn_mask_tables_read(void *context, size_t image, wn_mask_digest *out, wn_error *err)
{
    const wn_mask_tables *tables = context;
    const wn_table *table = &tables->probabilities;
    wn_error mine = {0};
    WN_TRY(read_labels(tables, image, out, err));
    const float *values = table->view ? table->view(table->context, image * tables->classes, tables->classes) : NULL;
    if (values) {
        wn_mask_probabilities planes = {values, tables->classes, out->pixels, 1};
        wn_status status = wn_mask_digest_fill(&planes, out, &mine);
        return status ? wn_fail(err, status, "image %zu, %s", image, mine.message) : WN_OK;
    }
    double *plane = wn_alloc(WN_MEMORY_MATRIX, out->pixels, sizeof *plane);
    if (!plane) return wn_fail(err, WN_NOMEM, "no memory for a plane of %zu pixels", out->pixels);
    wn_status status = read_planes(tables, image, plane, out, err);
    wn_free(plane);
    return status;
}
