/* SPDX-License-Identifier: Apache-2.0
 *
 * A block of rows is centred, scaled and multiplied by the weights; the softmax of the products less the labels times
 * the rows is its part of the gradient. Blocks go in waves whose parts are added in row order in double, so that the
 * result is the same for any number of threads.
 */
#include "quality/softmax_fit.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "num/linear.h"
#include "winnow/memory.h"

enum { BLOCK = 1024, WAVE = 16, HISTORY = 10, TRIES = 20 };

typedef struct pass {
    const wn_softmax_data *data;
    size_t width;   /* cols + 1 */
    size_t first;   /* row of the wave */
    float *weights; /* classes x width */
    float *block;   /* BLOCK x width a worker */
    float *logits;  /* BLOCK x classes a worker */
    float *parts;   /* WAVE x classes x width; NULL = no gradient wanted */
    double *losses; /* WAVE */
    float *out;     /* probabilities, or NULL */
} pass;

static void free_pass(pass *p)
{
    wn_free(p->losses);
    wn_free(p->parts);
    wn_free(p->logits);
    wn_free(p->block);
    wn_free(p->weights);
}

static wn_status new_pass(const wn_softmax_data *data, bool gradient, pass *p, wn_error *err)
{
    size_t width = data->x.cols + 1, threads = wn_pool_threads(data->pool), all = data->classes * width;
    *p = (pass){.data = data, .width = width};
    p->weights = wn_alloc(WN_MEMORY_MATRIX, all, sizeof *p->weights);
    p->block = wn_alloc(WN_MEMORY_MATRIX, threads * BLOCK * width, sizeof *p->block);
    p->logits = wn_alloc(WN_MEMORY_MATRIX, threads * BLOCK * data->classes, sizeof *p->logits);
    p->losses = wn_alloc(WN_MEMORY_MATRIX, WAVE, sizeof *p->losses);
    if (gradient) p->parts = wn_alloc(WN_MEMORY_MATRIX, WAVE * all, sizeof *p->parts);
    if (p->weights && p->block && p->logits && p->losses && (p->parts || !gradient)) return WN_OK;
    free_pass(p);
    return wn_fail(err, WN_NOMEM, "no memory to learn %zu classes", data->classes);
}

static void set_weights(pass *p, const double *weights)
{
    for (size_t i = 0; i < p->data->classes * p->width; i++) p->weights[i] = (float)weights[i];
}

static void copy_rows(const pass *p, size_t begin, size_t end, float *block)
{
    const wn_softmax_data *data = p->data;
    size_t cols = data->x.cols;
    for (size_t i = begin; i < end; i++, block += p->width) {
        const float *row = wn_matrix_row(&data->x, data->rows[i]);
        for (size_t c = 0; c < cols; c++) block[c] = (row[c] - data->mean[c]) * data->scale;
        block[cols] = 1;
    }
}

/* Softmax in place; the answer is the log of the normaliser, shifted back. */
static double make_softmax(float *logits, size_t n)
{
    float most = logits[0];
    double sum = 0;
    for (size_t k = 1; k < n; k++) most = logits[k] > most ? logits[k] : most;
    for (size_t k = 0; k < n; k++) {
        logits[k] = expf(logits[k] - most);
        sum += (double)logits[k];
    }
    for (size_t k = 0; k < n; k++) logits[k] = (float)((double)logits[k] / sum);
    return log(sum) + (double)most;
}

static void run_block(void *context, size_t begin, size_t end, unsigned worker)
{
    const pass *p = context;
    const wn_softmax_data *data = p->data;
    size_t classes = data->classes, width = p->width, n = end - begin, at = p->first + begin;
    float *block = p->block + (size_t)worker * BLOCK * width;
    float *logits = p->logits + (size_t)worker * BLOCK * classes;
    double loss = 0;
    copy_rows(p, at, p->first + end, block);
    wn_linear_multiply(WN_LINEAR_ABT, n, classes, width, block, p->weights, logits);
    for (size_t i = 0; i < n; i++) {
        float *row = logits + i * classes;
        if (p->out) {
            (void)make_softmax(row, classes);
            continue;
        }
        int32_t label = data->labels[data->rows[at + i]];
        double chosen = (double)row[label];
        loss += make_softmax(row, classes) - chosen;
        row[label] -= 1;
    }
    if (p->out) {
        memcpy(p->out + at * classes, logits, n * classes * sizeof *logits);
        return;
    }
    p->losses[begin / BLOCK] = loss;
    wn_linear_multiply(WN_LINEAR_ATB, classes, width, n, logits, block, p->parts + begin / BLOCK * classes * width);
}

static double evaluate(pass *p, const double *weights, double *gradient)
{
    const wn_softmax_data *data = p->data;
    size_t all = data->classes * p->width;
    double loss = 0, squares = 0;
    set_weights(p, weights);
    for (size_t i = 0; i < all; i++) gradient[i] = 0;
    for (p->first = 0; p->first < data->len; p->first += WAVE * BLOCK) {
        size_t n = data->len - p->first < WAVE * BLOCK ? data->len - p->first : WAVE * BLOCK;
        wn_pool_for(data->pool, n, BLOCK, run_block, p);
        for (size_t b = 0; b < (n + BLOCK - 1) / BLOCK; b++) {
            loss += p->losses[b];
            for (size_t i = 0; i < all; i++) gradient[i] += (double)p->parts[b * all + i];
        }
    }
    for (size_t i = 0; i < all; i++) {
        bool bias = i % p->width == p->width - 1;
        gradient[i] = gradient[i] / (double)data->len + (bias ? 0 : data->penalty * weights[i]);
        squares += bias ? 0 : weights[i] * weights[i];
    }
    return loss / (double)data->len + data->penalty / 2 * squares;
}

wn_status wn_softmax_gradient(const wn_softmax_data *data, const double *weights, double *loss, double *gradient,
                              wn_error *err)
{
    pass p;
    WN_TRY(new_pass(data, true, &p, err));
    *loss = evaluate(&p, weights, gradient);
    free_pass(&p);
    return WN_OK;
}

wn_status wn_softmax_predict(const wn_softmax_data *data, const double *weights, float *out, wn_error *err)
{
    pass p;
    WN_TRY(new_pass(data, false, &p, err));
    p.out = out;
    set_weights(&p, weights);
    wn_pool_for(data->pool, data->len, BLOCK, run_block, &p);
    free_pass(&p);
    return WN_OK;
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* The last steps and changes of the gradient, in a ring. */
typedef struct memory {
    size_t n, count, next;
    double *steps, *changes; /* HISTORY x n */
    double rho[HISTORY];
} memory;

/* direction = -H gradient by the two loops. */
static void find_direction(const memory *m, const double *gradient, double *direction)
{
    double alpha[HISTORY];
    for (size_t i = 0; i < m->n; i++) direction[i] = -gradient[i];
    for (size_t j = 0; j < m->count; j++) {
        size_t at = (m->next + HISTORY - 1 - j) % HISTORY;
        const double *step = m->steps + at * m->n, *change = m->changes + at * m->n;
        alpha[at] = m->rho[at] * dot(step, direction, m->n);
        for (size_t i = 0; i < m->n; i++) direction[i] -= alpha[at] * change[i];
    }
    if (m->count) {
        size_t at = (m->next + HISTORY - 1) % HISTORY;
        const double *change = m->changes + at * m->n;
        double scale = 1 / (m->rho[at] * dot(change, change, m->n));
        for (size_t i = 0; i < m->n; i++) direction[i] *= scale;
    }
    for (size_t j = m->count; j-- > 0;) {
        size_t at = (m->next + HISTORY - 1 - j) % HISTORY;
        const double *step = m->steps + at * m->n, *change = m->changes + at * m->n;
        double beta = m->rho[at] * dot(change, direction, m->n);
        for (size_t i = 0; i < m->n; i++) direction[i] += (alpha[at] - beta) * step[i];
    }
}

/* Keeps step and change when they bend the right way. */
static void remember(memory *m, const double *from, const double *to, const double *gradient, const double *fresh)
{
    double *step = m->steps + m->next * m->n, *change = m->changes + m->next * m->n;
    for (size_t i = 0; i < m->n; i++) {
        step[i] = to[i] - from[i];
        change[i] = fresh[i] - gradient[i];
    }
    double bend = dot(step, change, m->n);
    if (!(bend > 1e-12 * dot(change, change, m->n))) return;
    m->rho[m->next] = 1 / bend;
    m->next = (m->next + 1) % HISTORY;
    if (m->count < HISTORY) m->count++;
}

/* One step of L-BFGS with halving until the loss falls enough; false when no step lowers it. */
static bool take_step(pass *p, memory *m, double *weights, double *gradient, double *direction, double *trial,
                      double *fresh, double *loss)
{
    find_direction(m, gradient, direction);
    double slope = dot(direction, gradient, m->n), length = 1;
    if (!(slope < 0)) return false;
    if (m->count == 0) length = fmin(1, 1 / sqrt(dot(gradient, gradient, m->n)));
    for (int i = 0; i < TRIES; i++, length /= 2) {
        for (size_t k = 0; k < m->n; k++) trial[k] = weights[k] + length * direction[k];
        double value = evaluate(p, trial, fresh);
        if (!(value <= *loss + 1e-4 * length * slope)) continue;
        remember(m, weights, trial, gradient, fresh);
        memcpy(weights, trial, m->n * sizeof *weights);
        memcpy(gradient, fresh, m->n * sizeof *gradient);
        *loss = value;
        return true;
    }
    return false;
}

wn_status wn_softmax_fit(const wn_softmax_data *data, size_t most_steps, const wn_progress *progress, double *weights,
                         double *loss, wn_error *err)
{
    pass p;
    WN_TRY(new_pass(data, true, &p, err));
    memory m = {.n = data->classes * p.width};
    double *scratch = wn_alloc(WN_MEMORY_MATRIX, 4 * m.n, sizeof *scratch), least = 0;
    m.steps = wn_alloc(WN_MEMORY_MATRIX, HISTORY * m.n, sizeof *m.steps);
    m.changes = wn_alloc(WN_MEMORY_MATRIX, HISTORY * m.n, sizeof *m.changes);
    wn_status status = WN_NOMEM;
    if (!scratch || !m.steps || !m.changes) {
        wn_fail(err, status, "no memory to learn %zu classes", data->classes);
        goto done;
    }
    status = WN_OK;
    double *gradient = scratch, *direction = gradient + m.n, *trial = direction + m.n, *fresh = trial + m.n;
    least = evaluate(&p, weights, gradient);
    for (size_t step = 0; step < most_steps; step++) {
        double before = least;
        if (!take_step(&p, &m, weights, gradient, direction, trial, fresh, &least)) break;
        wn_progress_report report = {.stage = "probe", .unit = "steps", .done = step, .total = most_steps};
        if (wn_progress_tell(progress, &report)) {
            status = wn_fail(err, WN_CANCELLED, "cancelled");
            break;
        }
        if (before - least < 1e-6 * before) break;
    }
    if (loss) *loss = least;
done:
    wn_free(m.changes);
    wn_free(m.steps);
    wn_free(scratch);
    free_pass(&p);
    return status;
}
