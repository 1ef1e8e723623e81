/* SPDX-License-Identifier: Apache-2.0
 *
 * Cells of similar vectors.
 */
#include "selection/cells.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "winnow/memory.h"

/* Items that place the centres, and rounds of Lloyd's method on them. */
enum { SAMPLE = 8192, ROUNDS = 4, GRAIN = 2048, LEAST_CELLS = 8 };

/* Items x cells x dimensions that may be compared. */
static const double MOST_WORK = 2e10;

uint64_t wn_cells_bytes(size_t n, size_t dim, unsigned threads)
{
    size_t sample = n < SAMPLE ? n : SAMPLE;
    return (uint64_t)n * 2 + (uint64_t)dim * sizeof(double) * (sample + 2 * WN_CELLS_MOST + threads) +
           WN_CELLS_MOST * (2 + threads) * sizeof(double) + sample * sizeof(uint16_t);
}

void wn_cells_clear(wn_cells *cells)
{
    wn_free(cells->centres);
    wn_free(cells->radii);
    wn_free(cells->of);
    *cells = (wn_cells){0};
}

static double square_of(const double *a, const double *b, size_t dim)
{
    double sum = 0;
    for (size_t k = 0; k < dim; k++) sum += (a[k] - b[k]) * (a[k] - b[k]);
    return sum;
}

static size_t nearest(const wn_cells *cells, const double *vector, double *square)
{
    size_t best = 0;
    *square = INFINITY;
    for (size_t c = 0; c < cells->count; c++) {
        double s = square_of(cells->centres + c * cells->dim, vector, cells->dim);
        if (s < *square) {
            *square = s;
            best = c;
        }
    }
    return best;
}

typedef struct making {
    wn_cells_read *read;
    const void *context;
    wn_cells *cells;
    size_t n, sampled, most; /* cells */
    double *sample;          /* sampled x dim */
    double *sums, *counts;
    double *vectors; /* threads x dim */
    double *radii;   /* threads x WN_CELLS_MOST */
} making;

/* An item of the sample: one of each stretch. */
static size_t sample_item(const making *m, size_t i)
{
    size_t begin = i * m->n / m->sampled, end = (i + 1) * m->n / m->sampled;
    return begin + wn_rng_mix(i) % (end - begin);
}

/* The distinct vectors of the sample, as long as they are few; false when they are many. */
static bool find_distinct(making *m)
{
    wn_cells *cells = m->cells;
    for (size_t i = 0; i < m->sampled; i++) {
        const double *vector = m->sample + i * cells->dim;
        double square = INFINITY;
        if (cells->count) nearest(cells, vector, &square);
        if (square == 0) continue;
        if (cells->count == m->most) return false;
        memcpy(cells->centres + cells->count++ * cells->dim, vector, cells->dim * sizeof *vector);
    }
    return true;
}

/* Lloyd's method on the sample; the centres begin at evenly spread items. */
static void move_centres(making *m)
{
    wn_cells *cells = m->cells;
    size_t dim = cells->dim;
    cells->count = m->sampled < m->most ? m->sampled : m->most;
    for (size_t c = 0; c < cells->count; c++)
        memcpy(cells->centres + c * dim, m->sample + c * m->sampled / cells->count * dim, dim * sizeof(double));
    for (int round = 0; round < ROUNDS; round++) {
        memset(m->sums, 0, cells->count * dim * sizeof *m->sums);
        memset(m->counts, 0, cells->count * sizeof *m->counts);
        for (size_t i = 0; i < m->sampled; i++) {
            double square;
            size_t c = nearest(cells, m->sample + i * dim, &square);
            m->counts[c]++;
            for (size_t k = 0; k < dim; k++) m->sums[c * dim + k] += m->sample[i * dim + k];
        }
        for (size_t c = 0; c < cells->count; c++)
            for (size_t k = 0; k < dim && m->counts[c] > 0; k++)
                cells->centres[c * dim + k] = m->sums[c * dim + k] / m->counts[c];
    }
}

static void assign(void *opaque, size_t begin, size_t end, unsigned worker)
{
    const making *m = opaque;
    double *vector = m->vectors + worker * m->cells->dim, *radii = m->radii + (size_t)worker * WN_CELLS_MOST;
    for (size_t i = begin; i < end; i++) {
        double square;
        m->read(m->context, i, vector);
        size_t c = nearest(m->cells, vector, &square);
        m->cells->of[i] = (uint16_t)c;
        radii[c] = fmax(radii[c], square);
    }
}

static wn_status allocate(making *m, unsigned threads, wn_error *err)
{
    wn_cells *cells = m->cells;
    size_t dim = cells->dim;
    cells->centres = wn_alloc(WN_MEMORY_SELECTION, WN_CELLS_MOST * dim, sizeof(double));
    cells->radii = wn_calloc(WN_MEMORY_SELECTION, WN_CELLS_MOST, sizeof(double));
    cells->of = wn_alloc(WN_MEMORY_SELECTION, m->n, sizeof *cells->of);
    m->sample = wn_alloc(WN_MEMORY_SELECTION, m->sampled * dim, sizeof(double));
    m->sums = wn_alloc(WN_MEMORY_SELECTION, WN_CELLS_MOST * dim, sizeof(double));
    m->counts = wn_alloc(WN_MEMORY_SELECTION, WN_CELLS_MOST, sizeof(double));
    m->vectors = wn_alloc(WN_MEMORY_SELECTION, threads * dim, sizeof(double));
    m->radii = wn_calloc(WN_MEMORY_SELECTION, (size_t)threads * WN_CELLS_MOST, sizeof(double));
    if (!cells->centres || !cells->radii || !cells->of || !m->sample || !m->sums || !m->counts || !m->vectors ||
        !m->radii)
        return wn_fail(err, WN_NOMEM, "no memory to group %zu rows by class", m->n);
    return WN_OK;
}

wn_status wn_cells_make(wn_cells_read *read, const void *context, size_t n, size_t dim, wn_pool *pool, wn_cells *out,
                        wn_error *err)
{
    unsigned threads = wn_pool_threads(pool);
    making m = {.read = read, .context = context, .cells = out, .n = n, .sampled = n < SAMPLE ? n : SAMPLE};
    double most = MOST_WORK / ((double)n * (double)dim + 1);
    m.most = most >= WN_CELLS_MOST ? WN_CELLS_MOST : most > LEAST_CELLS ? (size_t)most : LEAST_CELLS;
    *out = (wn_cells){.dim = dim};
    wn_status status = allocate(&m, threads, err);
    if (!status) {
        for (size_t i = 0; i < m.sampled; i++) read(context, sample_item(&m, i), m.sample + i * dim);
        if (!find_distinct(&m)) move_centres(&m);
        wn_pool_for(pool, n, GRAIN, assign, &m);
        for (unsigned t = 0; t < threads; t++)
            for (size_t c = 0; c < out->count; c++)
                out->radii[c] = fmax(out->radii[c], m.radii[(size_t)t * WN_CELLS_MOST + c]);
        /* A distance that is not 0 is raised by more than its sums can have been rounded down. */
        for (size_t c = 0; c < out->count; c++) out->radii[c] = sqrt(out->radii[c]) * (1 + 1e-9);
    }
    wn_free(m.radii);
    wn_free(m.vectors);
    wn_free(m.counts);
    wn_free(m.sums);
    wn_free(m.sample);
    return status;
}
