/* SPDX-License-Identifier: Apache-2.0
 *
 * The noise matrix as a latent class model: of a row's hidden class i with probability p_i come its label from T_i and
 * the labels of its two nearest neighbours from A_i. Three views determine p, T and A up to the order of the classes
 * (Kruskal 1977), and expectation-maximisation started near the identity finds them from the counts of label triples.
 * Two matrices, because a neighbour may be of another class than the row: with one for both that would count as noise.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "quality/label_votes.h"
#include "winnow/memory.h"

enum {
    STEPS = 200,
    DENSE = 128 /* classes up to which the hidden class may be one that no label of the triple names */
};

#define SMOOTH 0.01 /* rows added to each cell, so that no probability is 0 */

typedef struct triple {
    uint32_t label[3], count;
} triple;

static int compare_triples(const void *a, const void *b)
{
    const triple *x = a, *y = b;
    for (size_t i = 0; i < 3; i++) {
        if (x->label[i] != y->label[i]) return x->label[i] < y->label[i] ? -1 : 1;
    }
    return 0;
}

/* The triples that occur, with their counts. Neighbours are in order of their label: which is nearer says nothing. */
static size_t list_triples(const wn_votes_request *request, triple *out)
{
    size_t len = 0, kept = 0;
    for (size_t row = 0; row < request->rows; row++) {
        uint32_t found = 0, near[2] = {0};
        if (request->labels[row] < 0) continue;
        for (size_t i = 0; i < request->k && found < 2; i++) {
            int64_t id = request->ids[row * request->k + i];
            if (id >= 0 && request->labels[id] >= 0) near[found++] = (uint32_t)request->labels[id];
        }
        if (found < 2) continue;
        uint32_t low = near[0] < near[1] ? near[0] : near[1];
        out[len++] = (triple){{(uint32_t)request->labels[row], low, near[0] + near[1] - low}, 1};
    }
    qsort(out, len, sizeof *out, compare_triples);
    for (size_t i = 0; i < len; i++) {
        if (kept && compare_triples(out + kept - 1, out + i) == 0) {
            out[kept - 1].count++;
        } else {
            out[kept++] = out[i];
        }
    }
    return kept;
}

static void start(wn_label_noise *noise, const triple *triples, size_t len)
{
    size_t n = noise->classes;
    double rest = n > 1 ? 1.0 / (double)(n - 1) : 0;
    for (size_t i = 0; i < n; i++) noise->prior[i] = SMOOTH;
    for (size_t i = 0; i < len; i++) noise->prior[triples[i].label[0]] += triples[i].count;
    double sum = (double)noise->triples + SMOOTH * (double)n;
    for (size_t i = 0; i < n; i++) noise->prior[i] /= sum;
    for (size_t i = 0; i < n * n; i++) {
        bool same = i % (n + 1) == 0;
        noise->own[i] = same ? 0.8 : 0.2 * rest;
        noise->near[i] = same ? 0.6 : 0.4 * rest;
    }
}

typedef struct sums {
    double *prior, *own, *near;
} sums;

/* Adds a triple's share of each hidden class in `classes`; returns the log of its probability. */
static double share_out(const wn_label_noise *noise, const triple *t, const uint32_t *classes, size_t count,
                        double *shares, const sums *to)
{
    size_t n = noise->classes;
    double total = 0;
    for (size_t c = 0; c < count; c++) {
        size_t i = classes[c];
        shares[c] = noise->prior[i] * noise->own[i * n + t->label[0]] * noise->near[i * n + t->label[1]] *
                    noise->near[i * n + t->label[2]];
        total += shares[c];
    }
    if (!(total > 0)) return 0;
    for (size_t c = 0; c < count; c++) {
        size_t i = classes[c];
        double share = shares[c] / total * t->count;
        to->prior[i] += share;
        to->own[i * n + t->label[0]] += share;
        to->near[i * n + t->label[1]] += share;
        to->near[i * n + t->label[2]] += share;
    }
    return log(total) * t->count;
}

static void scale_rows(const double *counts, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t j = 0; j < n; j++) sum += counts[i * n + j] + SMOOTH;
        for (size_t j = 0; j < n; j++) out[i * n + j] = (counts[i * n + j] + SMOOTH) / sum;
    }
}

/* The hidden classes that are tried for a triple. */
static size_t list_classes(const triple *t, size_t n, uint32_t *out)
{
    size_t count = 0;
    if (n <= DENSE) {
        for (; count < n; count++) out[count] = (uint32_t)count;
        return n;
    }
    for (size_t i = 0; i < 3; i++) {
        bool known = false;
        for (size_t j = 0; j < i; j++) known = known || t->label[j] == t->label[i];
        if (!known) out[count++] = t->label[i];
    }
    return count;
}

static void run_steps(wn_label_noise *noise, const triple *triples, size_t len, const sums *to, uint32_t *classes,
                      double *shares)
{
    size_t n = noise->classes;
    double before = -INFINITY;
    for (size_t step = 0; step < STEPS; step++) {
        double now = 0;
        memset(to->prior, 0, (n + 2 * n * n) * sizeof *to->prior);
        for (size_t i = 0; i < len; i++)
            now += share_out(noise, triples + i, classes, list_classes(triples + i, n, classes), shares, to);
        for (size_t i = 0; i < n; i++)
            noise->prior[i] = (to->prior[i] + SMOOTH) / ((double)noise->triples + SMOOTH * (double)n);
        scale_rows(to->own, n, noise->own);
        scale_rows(to->near, n, noise->near);
        if (now - before < 1e-7 * fabs(now)) break;
        before = now;
    }
    noise->share = 1;
    for (size_t i = 0; i < n; i++) noise->share -= noise->prior[i] * noise->own[i * n + i];
    if (noise->share < 0) noise->share = 0;
}

void wn_label_noise_clear(wn_label_noise *noise)
{
    wn_free(noise->near);
    wn_free(noise->own);
    wn_free(noise->prior);
    *noise = (wn_label_noise){0};
}

wn_status wn_label_noise_estimate(const wn_votes_request *request, wn_label_noise *out, wn_error *err)
{
    size_t n = request->classes;
    *out = (wn_label_noise){.classes = n};
    triple *triples = wn_alloc(WN_MEMORY_MATRIX, request->rows, sizeof *triples);
    double *scratch = wn_alloc(WN_MEMORY_MATRIX, n + 2 * n * n + n + 3, sizeof *scratch);
    uint32_t *classes = wn_alloc(WN_MEMORY_MATRIX, n + 3, sizeof *classes);
    out->prior = wn_alloc(WN_MEMORY_MATRIX, n, sizeof *out->prior);
    out->own = wn_alloc(WN_MEMORY_MATRIX, n * n, sizeof *out->own);
    out->near = wn_alloc(WN_MEMORY_MATRIX, n * n, sizeof *out->near);
    wn_status status = WN_OK;
    if (!triples || !scratch || !classes || !out->prior || !out->own || !out->near) {
        status = wn_fail(err, WN_NOMEM, "no memory for the noise of %zu classes", n);
        wn_label_noise_clear(out);
    } else {
        size_t len = list_triples(request, triples);
        sums to = {scratch, scratch + n, scratch + n + n * n};
        for (size_t i = 0; i < len; i++) out->triples += triples[i].count;
        start(out, triples, len);
        if (len) run_steps(out, triples, len, &to, classes, scratch + n + 2 * n * n);
    }
    wn_free(classes);
    wn_free(scratch);
    wn_free(triples);
    return status;
}
