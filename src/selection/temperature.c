/* SPDX-License-Identifier: Apache-2.0
 *
 * Temperature scaling (Guo, Pleiss, Sun and Weinberger 2017). With b = 1/T and logits z the loss of a row with label y
 * is log sum_c exp(b z_c) - b z_y; its slope in b is the mean of z under softmax(b z) less z_y, its curvature the
 * variance of z there, which is never negative. So the loss is convex in b, and Newton's step, halved back into a
 * bracket when it leaves it, finds the one minimum.
 */
#include <math.h>

#include "base/error.h"
#include "winnow/memory.h"
#include "winnow/scorer.h"

enum { GRAIN = 1024, STEPS = 100 };

static const double least = 0.01, most = 100; /* of T, and so of b */

typedef struct sums {
    double loss, slope, curvature;
} sums;

typedef struct fitting {
    const wn_matrix *values;
    const int64_t *labels;
    bool logits;
    double b;
    sums *chunks;
} fitting;

/* The logarithm of a probability; what is 0 is as good as 1e-12. */
static double logit(const fitting *f, float value)
{
    return f->logits ? (double)value : log(fmax((double)value, 1e-12));
}

static void add_row(const fitting *f, size_t row, sums *total)
{
    const float *values = wn_matrix_row(f->values, row);
    size_t n = f->values->cols;
    double largest = -INFINITY, mass = 0, mean = 0, square = 0;
    for (size_t c = 0; c < n; c++) largest = fmax(largest, logit(f, values[c]));
    for (size_t c = 0; c < n; c++) {
        double z = logit(f, values[c]) - largest, weight = exp(f->b * z);
        mass += weight;
        mean += weight * z;
        square += weight * z * z;
    }
    mean /= mass;
    double own = logit(f, values[f->labels[row]]) - largest;
    total->loss += log(mass) - f->b * own;
    total->slope += mean - own;
    total->curvature += fmax(square / mass - mean * mean, 0);
}

static void add_rows(void *context, size_t begin, size_t end, unsigned thread)
{
    fitting *f = context;
    sums total = {0};
    (void)thread;
    for (size_t row = begin; row < end; row++)
        if (f->labels[row] >= 0) add_row(f, row, &total);
    f->chunks[begin / GRAIN] = total;
}

/* Sums at b, added in row order whatever the number of threads. */
static sums measure(fitting *f, double b, wn_pool *pool)
{
    sums total = {0};
    size_t chunks = (f->values->rows + GRAIN - 1) / GRAIN;
    f->b = b;
    wn_pool_for(pool, f->values->rows, GRAIN, add_rows, f);
    for (size_t i = 0; i < chunks; i++) {
        total.loss += f->chunks[i].loss;
        total.slope += f->chunks[i].slope;
        total.curvature += f->chunks[i].curvature;
    }
    return total;
}

static double minimize(fitting *f, wn_pool *pool)
{
    double low = 1 / most, high = 1 / least, b = 1;
    for (int step = 0; step < STEPS && high - low > 1e-12 * high; step++) {
        sums at = measure(f, b, pool);
        if (at.slope > 0) {
            high = b;
        } else
            low = b;
        double next = at.curvature > 0 ? b - at.slope / at.curvature : low;
        if (!(next > low && next < high)) next = (low + high) / 2;
        if (fabs(next - b) < 1e-10 * b) return next;
        b = next;
    }
    return b;
}

static wn_status check_labels(const wn_matrix *values, const int64_t *labels, size_t *count, wn_error *err)
{
    *count = 0;
    for (size_t row = 0; row < values->rows; row++) {
        if (labels[row] < 0) continue;
        if (labels[row] >= (int64_t)values->cols)
            return wn_fail(err, WN_INVALID, "row %zu has the label %lld, but there are %zu classes", row,
                           (long long)labels[row], values->cols);
        for (size_t c = 0; c < values->cols; c++)
            if (!isfinite(wn_matrix_row(values, row)[c]))
                return wn_fail(err, WN_INVALID, "row %zu, column %zu is no finite number", row, c);
        ++*count;
    }
    return *count ? WN_OK : wn_fail(err, WN_INVALID, "no row has a label, so nothing can be calibrated");
}

wn_status wn_temperature_fit(const wn_matrix *values, const int64_t *labels, bool logits, wn_pool *pool,
                             wn_temperature *out, wn_error *err)
{
    fitting f = {.values = values, .labels = labels, .logits = logits};
    *out = (wn_temperature){.temperature = 1};
    if (values->cols < 2) return wn_fail(err, WN_INVALID, "calibration needs at least two classes");
    WN_TRY(check_labels(values, labels, &out->rows, err));
    f.chunks = wn_calloc(WN_MEMORY_SELECTION, (values->rows + GRAIN - 1) / GRAIN, sizeof *f.chunks);
    if (!f.chunks) return wn_fail(err, WN_NOMEM, "no memory to calibrate");
    double b = minimize(&f, pool);
    out->temperature = 1 / b;
    out->loss_before = measure(&f, 1, pool).loss / (double)out->rows;
    out->loss_after = measure(&f, b, pool).loss / (double)out->rows;
    wn_free(f.chunks);
    return WN_OK;
}
