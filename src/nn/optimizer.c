/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of optimisers and the walk over tensors. Work is cut into spans of SPAN values that never cross a tensor,
 * so a step gives the same values for any number of threads.
 */
#include "nn/optimizer.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "nn/optimizer_private.h"
#include "winnow/memory.h"

enum { SPAN = 16384 };

#define X(name) extern const wn_optimizer_kind wn_optimizer_##name;
#include "nn/optimizers.def"
#undef X

static const wn_optimizer_kind *const kinds[] = {
#define X(name) &wn_optimizer_##name,
#include "nn/optimizers.def"
#undef X
};

/* A piece of a tensor. */
typedef struct piece {
    size_t row, offset, count;
} piece;

struct wn_optimizer {
    const wn_optimizer_kind *kind;
    wn_optimizer_options options;
    size_t trained;
    piece *pieces;
    size_t piece_count;
    double *norms;  /* for kinds with trust: two sums of squares a piece */
    double *rates;  /* of each tensor */
    float *state;   /* kind->states x trained */
    float *scratch; /* for kinds that update whole matrices */
    uint64_t steps;
};

const char *wn_optimizer_name(size_t i)
{
    return i < sizeof kinds / sizeof *kinds ? kinds[i]->name : NULL;
}

const char *wn_optimizer_summary(size_t i)
{
    return i < sizeof kinds / sizeof *kinds ? kinds[i]->summary : NULL;
}

static wn_status find_kind(const char *name, const wn_optimizer_kind **out, wn_error *err)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i]->name, name) == 0) {
            *out = kinds[i];
            return WN_OK;
        }
    }
    return wn_fail(err, WN_INVALID, "there is no optimiser %s", name);
}

wn_status wn_optimizer_defaults(const char *name, wn_optimizer_options *out, wn_error *err)
{
    const wn_optimizer_kind *kind = NULL;
    WN_TRY(find_kind(name, &kind, err));
    *out = kind->defaults;
    return WN_OK;
}

/* Whether the kind updates this tensor as a whole. The channels of a depthwise convolution have nothing to do with each
 * other, so its filters are no matrix. */
static bool is_matrix(const wn_optimizer_kind *kind, const wn_tensor *row)
{
    const bool depthwise = row->rank == 4 && row->shape[1] == 1;
    return kind->matrix && row->role == WN_TENSOR_WEIGHT && row->rank > 1 && !depthwise;
}

/* The pieces of all tensors that are not updated as a whole. */
static size_t list_pieces(const wn_optimizer_kind *kind, const wn_tensors *tensors, piece *out)
{
    size_t count = 0;
    for (size_t r = 0; r < tensors->row_count; r++) {
        const wn_tensor *row = &tensors->rows[r];
        if (row->role == WN_TENSOR_STATISTIC || is_matrix(kind, row)) continue;
        for (size_t done = 0; done < row->count; done += SPAN, count++) {
            size_t left = row->count - done;
            if (out) out[count] = (piece){r, row->offset + done, left < SPAN ? left : SPAN};
        }
    }
    return count;
}

static size_t count_scratch(const wn_optimizer_kind *kind, const wn_tensors *tensors)
{
    size_t most = 0;
    for (size_t r = 0; r < tensors->row_count; r++) {
        const wn_tensor *row = &tensors->rows[r];
        if (!is_matrix(kind, row)) continue;
        const size_t floats = kind->matrix_floats(row->shape[0], row->count / row->shape[0]);
        if (floats > most) most = floats;
    }
    return most;
}

wn_status wn_optimizer_new(const char *name, const wn_optimizer_options *options, const wn_tensors *tensors,
                           wn_optimizer **out, wn_error *err)
{
    const wn_optimizer_kind *kind = NULL;
    *out = NULL;
    WN_TRY(find_kind(name, &kind, err));
    wn_optimizer *optimizer = wn_calloc(WN_MEMORY_TRAINING, 1, sizeof *optimizer);
    if (!optimizer) return wn_fail(err, WN_NOMEM, "no memory for the optimiser");

    *optimizer = (wn_optimizer){.kind = kind, .options = *options, .trained = tensors->trained};
    optimizer->piece_count = list_pieces(kind, tensors, NULL);
    optimizer->pieces = wn_alloc(WN_MEMORY_TRAINING, optimizer->piece_count, sizeof *optimizer->pieces);
    optimizer->norms = wn_calloc(WN_MEMORY_TRAINING, optimizer->piece_count, 2 * sizeof *optimizer->norms);
    optimizer->rates = wn_calloc(WN_MEMORY_TRAINING, tensors->row_count, sizeof *optimizer->rates);
    optimizer->state = wn_calloc(WN_MEMORY_TRAINING, tensors->trained, kind->states * sizeof *optimizer->state);
    optimizer->scratch = wn_alloc(WN_MEMORY_TRAINING, count_scratch(kind, tensors) + 1, sizeof *optimizer->scratch);
    if (!optimizer->pieces || !optimizer->norms || !optimizer->rates || !optimizer->state || !optimizer->scratch) {
        wn_optimizer_free(&optimizer);
        return wn_fail(err, WN_NOMEM, "no memory for the optimiser");
    }
    (void)list_pieces(kind, tensors, optimizer->pieces);
    *out = optimizer;
    return WN_OK;
}

void wn_optimizer_free(wn_optimizer **optimizer)
{
    if (!*optimizer) return;
    wn_free((*optimizer)->scratch);
    wn_free((*optimizer)->state);
    wn_free((*optimizer)->rates);
    wn_free((*optimizer)->norms);
    wn_free((*optimizer)->pieces);
    wn_free(*optimizer);
    *optimizer = NULL;
}

typedef struct step_work {
    wn_optimizer *optimizer;
    wn_tensors *tensors;
    const float *gradient;
} step_work;

static void measure_pieces(void *context, size_t begin, size_t end, unsigned worker)
{
    const step_work *work = context;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        const piece *p = &work->optimizer->pieces[i];
        const float *values = work->tensors->values + p->offset, *gradient = work->gradient + p->offset;
        double v = 0, g = 0;
        for (size_t k = 0; k < p->count; k++) {
            v += (double)values[k] * (double)values[k];
            g += (double)gradient[k] * (double)gradient[k];
        }
        work->optimizer->norms[2 * i] = v;
        work->optimizer->norms[2 * i + 1] = g;
    }
}

/* The rate of each tensor; pieces of a tensor are neighbours in the list. */
static void set_rates(const step_work *work, wn_pool *pool, double rate)
{
    wn_optimizer *optimizer = work->optimizer;
    for (size_t r = 0; r < work->tensors->row_count; r++) optimizer->rates[r] = rate;
    if (!optimizer->kind->trust) return;

    wn_pool_for(pool, optimizer->piece_count, 1, measure_pieces, (void *)(uintptr_t)work);
    for (size_t i = 0; i < optimizer->piece_count;) {
        size_t row = optimizer->pieces[i].row;
        double v = 0, g = 0;
        for (; i < optimizer->piece_count && optimizer->pieces[i].row == row; i++) {
            v += optimizer->norms[2 * i];
            g += optimizer->norms[2 * i + 1];
        }
        if (work->tensors->rows[row].role == WN_TENSOR_WEIGHT)
            optimizer->rates[row] = rate * optimizer->kind->trust(&optimizer->options, sqrt(v), sqrt(g));
    }
}

/* `count` values of tensor `row` from `offset` on. */
static wn_optimizer_span make_span(const step_work *work, size_t row, size_t offset, size_t count)
{
    wn_optimizer *optimizer = work->optimizer;
    wn_optimizer_span span = {.values = work->tensors->values + offset,
                              .gradient = work->gradient + offset,
                              .count = count,
                              .decay = work->tensors->rows[row].role == WN_TENSOR_WEIGHT,
                              .rate = optimizer->rates[row],
                              .step = optimizer->steps};
    for (size_t s = 0; s < optimizer->kind->states; s++)
        span.state[s] = optimizer->state + s * optimizer->trained + offset;
    return span;
}

static void update_pieces(void *context, size_t begin, size_t end, unsigned worker)
{
    const step_work *work = context;
    (void)worker;
    for (size_t i = begin; i < end; i++) {
        const piece *p = &work->optimizer->pieces[i];
        const wn_optimizer_span span = make_span(work, p->row, p->offset, p->count);
        work->optimizer->kind->update(&work->optimizer->options, &span);
    }
}

static wn_status update_matrices(const step_work *work, wn_pool *pool, wn_error *err)
{
    const wn_optimizer *optimizer = work->optimizer;
    for (size_t r = 0; r < work->tensors->row_count; r++) {
        const wn_tensor *row = &work->tensors->rows[r];
        if (!is_matrix(optimizer->kind, row)) continue;
        const wn_optimizer_span span = make_span(work, r, row->offset, row->count);
        WN_TRY(optimizer->kind->matrix(&optimizer->options, &span, pool, row->shape[0], optimizer->scratch, err));
    }
    return WN_OK;
}

wn_status wn_optimizer_step(wn_optimizer *optimizer, wn_pool *pool, wn_tensors *tensors, const float *gradient,
                            double rate, wn_error *err)
{
    step_work work = {.optimizer = optimizer, .tensors = tensors, .gradient = gradient};
    optimizer->steps++;
    set_rates(&work, pool, rate);
    wn_pool_for(pool, optimizer->piece_count, 1, update_pieces, &work);
    return update_matrices(&work, pool, err);
}

float *wn_optimizer_state(wn_optimizer *optimizer, size_t *count, uint64_t **steps)
{
    *count = optimizer->kind->states * optimizer->trained;
    *steps = &optimizer->steps;
    return optimizer->state;
}
