/* SPDX-License-Identifier: Apache-2.0 */
#include "pretrain/infonce.h"

#include <math.h>
#include <string.h>

#include "pretrain/product.h"

enum { RING_HEAD = 16, RING_LEN = 0, RING_NEXT = 1, ROWS_PER_CHUNK = 16 };

typedef struct infonce_work {
    const wn_infonce *task;
    size_t padded;
    float *s;      /* m x padded: products, then d loss / d product without the weight */
    float *owns;   /* m: the same for the key in `own` */
    float *losses; /* m */
} infonce_work;

/* Room for panels and transposes of either gradient product. */
static size_t room(size_t m, size_t n, size_t dim)
{
    size_t forward = wn_product_panels(n, dim), back = dim * n + wn_product_panels(dim, n);
    size_t keys = n * m + dim * m + wn_product_panels(dim, m);
    size_t most = forward > back ? forward : back;
    return (most > keys ? most : keys) + (m > n ? m : n) * dim;
}

size_t wn_infonce_scratch(size_t m, size_t n, size_t dim)
{
    return m * wn_tile_padded(n) + 2 * m + room(m, n, dim);
}

static float dot(const float *a, const float *b, size_t n)
{
    float sum = 0.0F;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* Softmax over the keys and the own key of each query, minus 1 at the right one. */
static void settle_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const infonce_work *w = context;
    const wn_infonce *t = w->task;
    const double gain = 1.0 / t->temperature;
    (void)worker;
    for (size_t r = begin; r < end; r++) {
        float *s = w->s + r * w->padded;
        const float right = t->own ? dot(t->queries + r * t->dim, t->own + r * t->dim, t->dim) : s[r];
        double log_sum = t->n ? wn_softmax(s, t->n, gain) : -INFINITY;
        if (t->own) {
            const double own = gain * (double)right, high = fmax(log_sum, own);
            const double all = high + log(exp(log_sum - high) + exp(own - high)), kept = exp(log_sum - all);
            for (size_t c = 0; c < t->n; c++) s[c] *= (float)kept;
            w->owns[r] = (float)(exp(own - all) - 1.0);
            log_sum = all;
        } else {
            s[r] -= 1.0F;
        }
        w->losses[r] = (float)(log_sum - gain * (double)right);
    }
}

static void add_scaled(float *out, const float *in, size_t n, float scale)
{
    for (size_t i = 0; i < n; i++) out[i] += scale * in[i];
}

double wn_infonce_loss(const wn_infonce *t, float *dqueries, float *dkeys)
{
    const size_t m = t->m, n = t->n, dim = t->dim;
    const float scale = (float)(t->weight / (t->temperature * (double)m));
    infonce_work w = {.task = t, .padded = wn_tile_padded(n), .s = t->scratch};
    w.owns = w.s + m * w.padded;
    w.losses = w.owns + m;
    float *product = w.losses + m, *free_room = product + (m > n ? m : n) * dim;

    if (n) wn_product(t->kernels, t->pool, t->queries, m, t->keys, n, dim, free_room, w.s, w.padded);
    wn_pool_for(t->pool, m, ROWS_PER_CHUNK, settle_rows, &w);
    if (dqueries && n) {
        float *compact = w.s; /* rows of the product must lie `n` apart: moved together below, once */
        for (size_t r = 1; r < m && w.padded != n; r++)
            memmove(compact + r * n, w.s + r * w.padded, n * sizeof *compact);
        w.padded = n;
        wn_transpose(t->keys, n, dim, dim, free_room);
        wn_product(t->kernels, t->pool, compact, m, free_room, dim, n, free_room + dim * n, product, dim);
        add_scaled(dqueries, product, m * dim, scale);
    }
    if (dqueries && t->own) {
        for (size_t r = 0; r < m; r++) add_scaled(dqueries + r * dim, t->own + r * dim, dim, scale * w.owns[r]);
    }
    if (dkeys && n) {
        float *transposed = free_room, *queries = transposed + n * m;
        wn_transpose(w.s, m, n, w.padded, transposed);
        wn_transpose(t->queries, m, dim, dim, queries);
        wn_product(t->kernels, t->pool, transposed, n, queries, dim, m, queries + dim * m, product, dim);
        add_scaled(dkeys, product, n * dim, scale);
    }
    double sum = 0.0;
    for (size_t r = 0; r < m; r++) sum += (double)w.losses[r];
    return sum / (double)m;
}

size_t wn_row_ring_floats(size_t capacity, size_t dim)
{
    return RING_HEAD + capacity * dim;
}

wn_row_ring wn_row_ring_open(float *memory, size_t capacity, size_t dim)
{
    return (wn_row_ring){memory, memory + RING_HEAD, capacity, dim, (size_t)memory[RING_LEN]};
}

void wn_row_ring_push(wn_row_ring *ring, const float *rows, size_t n)
{
    if (ring->capacity == 0) return;
    size_t next = (size_t)ring->memory[RING_NEXT];
    for (size_t i = n > ring->capacity ? n - ring->capacity : 0; i < n; i++) {
        memcpy(ring->rows + next * ring->dim, rows + i * ring->dim, ring->dim * sizeof *rows);
        next = (next + 1) % ring->capacity;
        if (ring->len < ring->capacity) ring->len++;
    }
    ring->memory[RING_LEN] = (float)ring->len;
    ring->memory[RING_NEXT] = (float)next;
}
