/* SPDX-License-Identifier: Apache-2.0
 *
 * Products of objectives against the plain method: every selection is replayed, and at each pick the keys of all rows
 * are computed from their definition. The pick must have the greatest key, and among equal ones the smallest row.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "sanitizer.h"
#include "winnow/memory.h"
#include "winnow/product.h"

enum { DIM = 8, CLASSES = 5 };

/* Rows, weights and classes of one case. */
typedef struct data {
    size_t rows;
    float *vectors, *weights, *amounts;
    int64_t *labels;
} data;

static data make_data(size_t rows, uint64_t seed, bool duplicates)
{
    data d = {.rows = rows};
    wn_rng rng;
    wn_rng_init(&rng, seed, 0);
    d.vectors = calloc(rows * DIM, sizeof(float));
    d.weights = calloc(rows, sizeof(float));
    d.amounts = calloc(rows * CLASSES, sizeof(float));
    d.labels = calloc(rows, sizeof(int64_t));
    for (size_t i = 0; i < rows; i++) {
        size_t like = duplicates && i >= 20 ? wn_rng_below(&rng, 20) : i;
        uint32_t cluster = wn_rng_below(&rng, 4);
        for (size_t k = 0; k < DIM; k++)
            d.vectors[i * DIM + k] = like < i ? d.vectors[like * DIM + k] : (float)cluster + 0.3f * wn_rng_normal(&rng);
        d.weights[i] = like < i ? d.weights[like] : wn_rng_below(&rng, 10) == 0 ? 0 : wn_rng_uniform(&rng);
        uint32_t skew = wn_rng_below(&rng, 100);
        d.labels[i] = skew < 60 ? 0 : skew < 80 ? 1 : skew < 92 ? 2 : skew < 98 ? 3 : -1;
        for (size_t c = 0; c < CLASSES; c++) {
            float u = wn_rng_uniform(&rng);
            d.amounts[i * CLASSES + c] = u * u * u * (c == 0 ? 2 : 1);
        }
    }
    return d;
}

static void free_data(data *d)
{
    free(d->vectors);
    free(d->weights);
    free(d->amounts);
    free(d->labels);
}

/* ---- the plain method ---- */

/* What it keeps of one objective: distances of all rows to the chosen ones, amounts by row and of the chosen. */
typedef struct plain_factor {
    const wn_objective_input *input;
    double *distances, *near; /* capacity x rows; rows */
    double floor, sum, plain_sum, shift, scale;
    double *amounts, target[CLASSES], total[CLASSES], mass; /* rows x CLASSES, scaled and joined */
    int64_t used[CLASSES];
} plain_factor;

typedef struct plain {
    const wn_product_request *request;
    bool is_set;
    size_t len; /* preselected rows, then picks */
    bool *gone;
    double *nearest; /* of the chosen, for each factor in turn */
    plain_factor factors[6];
} plain;

static double vector_distance(const wn_objective_input *input, size_t a, size_t b)
{
    double sum = 0;
    for (size_t k = 0; k < input->vectors.cols; k++) {
        double x = (double)wn_matrix_row(&input->vectors, a)[k] - (double)wn_matrix_row(&input->vectors, b)[k];
        sum += x * x;
    }
    return sqrt(sum);
}

/* The mean over the vectors of `row` of the least distance to a vector of a chosen row, `last` being new. */
static double owner_distance(const plain *p, const wn_objective_input *input, size_t row, size_t last)
{
    double sum = 0, count = 0;
    for (size_t v = 0; v < input->vectors.rows; v++) {
        double least = INFINITY;
        if (input->owners.data[v] != (int64_t)row) continue;
        for (size_t w = 0; w < input->vectors.rows; w++)
            if ((p->gone[input->owners.data[w]] || input->owners.data[w] == (int64_t)last) && p->len)
                least = fmin(least, vector_distance(input, v, w));
        sum += least;
        count++;
    }
    return count > 0 ? sum / count : -1;
}

static double vector_scale(const wn_objective_input *input, const wn_rows *rows)
{
    double mean[64] = {0}, sum = 0;
    size_t count = input->owners.data ? input->vectors.rows : rows->len;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < input->vectors.cols; k++)
            mean[k] += (double)wn_matrix_row(&input->vectors, input->owners.data ? i : (size_t)rows->data[i])[k];
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < input->vectors.cols; k++)
            sum += pow((double)wn_matrix_row(&input->vectors, input->owners.data ? i : (size_t)rows->data[i])[k] -
                           mean[k] / (double)count,
                       2);
    return sqrt(sum / (double)count);
}

/* Amounts scaled so that a candidate that has a class has mass 1 on average; classes that the target does not name are
 * joined in the last of them. */
static void plain_amounts(plain_factor *f, const wn_product_request *request)
{
    const wn_objective_input *input = f->input;
    double mass = 0, count = 0, named = 0;
    size_t rest = CLASSES;
    f->amounts = calloc(request->rows * CLASSES, sizeof(double));
    for (size_t c = 0; c < CLASSES; c++)
        if (input->balance == WN_BALANCE_TARGET && isnan(input->target[c])) rest = c;
    for (size_t r = 0; r < request->rows; r++)
        for (size_t c = 0; c < CLASSES; c++) {
            bool joined = input->balance == WN_BALANCE_TARGET && isnan(input->target[c]);
            f->amounts[r * CLASSES + (joined ? rest : c)] +=
                input->labels.data ? input->labels.data[r] == (int64_t)c : (double)input->amounts.data[r * CLASSES + c];
        }
    for (size_t i = 0; i < request->candidates.len; i++) {
        double own = 0;
        for (size_t c = 0; c < CLASSES; c++) {
            double amount = f->amounts[(size_t)request->candidates.data[i] * CLASSES + c];
            own += amount;
            f->target[c] += input->balance == WN_BALANCE_INPUT ? amount : 0;
        }
        mass += own;
        count += own > 0;
    }
    for (size_t i = 0; i < request->rows * CLASSES; i++) f->amounts[i] *= count / mass;
    for (size_t c = 0; c < CLASSES; c++) {
        if (input->balance == WN_BALANCE_INPUT) f->target[c] /= mass;
        if (input->balance == WN_BALANCE_UNIFORM) f->target[c] = 1.0 / CLASSES;
        if (input->balance == WN_BALANCE_TARGET && !isnan(input->target[c])) named += f->target[c] = input->target[c];
    }
    if (rest < CLASSES) f->target[rest] = 1 - named;
}

static void plain_begin(plain *p, const wn_product_request *request, size_t capacity)
{
    *p = (plain){.request = request, .is_set = request->variant == WN_VARIANT_SET};
    p->gone = calloc(request->rows, sizeof(bool));
    p->nearest = calloc(capacity + 1, sizeof(double));
    for (size_t i = 0; i < request->objective_count; i++) {
        plain_factor *f = p->factors + i;
        f->input = request->objectives + i;
        if (strcmp(f->input->kind, "diversity") == 0) {
            f->distances = calloc((capacity + 1) * request->rows, sizeof(double));
            f->near = calloc(request->rows, sizeof(double));
            for (size_t r = 0; r < request->rows; r++)
                f->near[r] = f->input->owners.data ? owner_distance(p, f->input, r, SIZE_MAX) : INFINITY;
            f->floor = 1e-6 * vector_scale(f->input, &request->candidates);
        } else if (strcmp(f->input->kind, "weights") == 0) {
            double most = -INFINITY;
            for (size_t r = 0; r < request->rows; r++) {
                f->shift = fmax(f->shift, -(double)f->input->values.data[r]);
                most = fmax(most, (double)f->input->values.data[r]);
            }
            f->floor = 1e-6 * (most + f->shift);
        } else if (strcmp(f->input->kind, "balance") == 0) {
            plain_amounts(f, request);
        }
    }
}

static void plain_end(plain *p)
{
    for (size_t i = 0; i < 6; i++) {
        free(p->factors[i].distances);
        free(p->factors[i].near);
        free(p->factors[i].amounts);
    }
    free(p->gone);
    free(p->nearest);
}

/* A row joins the chosen. */
static void plain_take(plain *p, size_t row)
{
    size_t rows = p->request->rows;
    p->gone[row] = true;
    p->len++;
    for (size_t i = 0; i < p->request->objective_count; i++) {
        plain_factor *f = p->factors + i;
        for (size_t r = 0; r < rows && f->near; r++) {
            double d = f->input->owners.data ? owner_distance(p, f->input, r, row) : vector_distance(f->input, r, row);
            f->distances[(p->len - 1) * rows + r] = d;
            f->near[r] = f->input->owners.data ? d : fmin(f->near[r], d);
        }
        if (f->input->values.data) {
            f->plain_sum += (double)f->input->values.data[row];
            f->sum += (double)f->input->values.data[row] + f->shift;
        }
        for (size_t c = 0; c < CLASSES && f->amounts; c++) {
            f->total[c] += f->amounts[row * CLASSES + c];
            f->mass += f->amounts[row * CLASSES + c];
        }
        if (f->input->most && f->input->labels.data[row] >= 0) f->used[f->input->labels.data[row]]++;
    }
}

/* The distances of the chosen to their nearest other one, before rows are tried. */
static void plain_nearest(plain *p, const plain_factor *f, const int64_t *chosen)
{
    for (size_t i = 0; i < p->len; i++) {
        p->nearest[i] = INFINITY;
        for (size_t j = 0; j < p->len; j++)
            if (j != i) p->nearest[i] = fmin(p->nearest[i], f->distances[j * p->request->rows + (size_t)chosen[i]]);
    }
}

static double plain_diversity(const plain *p, const plain_factor *f, size_t row)
{
    double near = f->near[row], sum = near;
    if (near < 0 || near < f->input->min_distance) return -INFINITY;
    if (p->len == 0) return 0;
    if (!p->is_set) return f->input->strength * log(fmax(near, f->floor));
    for (size_t i = 0; i < p->len; i++) sum += fmin(p->nearest[i], f->distances[i * p->request->rows + row]);
    return f->input->strength * log(fmax(sum, f->floor));
}

static double plain_weights(const plain *p, const plain_factor *f, size_t row)
{
    double own = (double)f->input->values.data[row];
    if (f->input->most_sum > 0 && f->plain_sum + own > f->input->most_sum) return -INFINITY;
    return f->input->strength * log(fmax(own + f->shift + (p->is_set ? f->sum : 0), f->floor));
}

static double plain_balance(const plain *p, const plain_factor *f, size_t row)
{
    double with = f->mass, before = 0, square = 0;
    for (size_t c = 0; c < CLASSES; c++) with += f->amounts[row * CLASSES + c];
    for (size_t c = 0; c < CLASSES; c++) {
        before += pow(f->total[c] - f->mass * f->target[c], 2);
        square += pow(f->total[c] + f->amounts[row * CLASSES + c] - with * f->target[c], 2);
    }
    if (!p->is_set) return -f->input->strength * (square - before) / 2;
    return f->input->strength * log(fmax(1 - (with > 0 ? sqrt(square) / with : 1) / sqrt(2), 1e-6));
}

static double plain_quota(const plain_factor *f, size_t row)
{
    int64_t label = f->input->labels.data[row];
    return label >= 0 && f->input->most[label] >= 0 && f->used[label] >= f->input->most[label] ? -INFINITY : 0;
}

/* Keys of all candidates. */
static void plain_keys(plain *p, const int64_t *chosen, double *keys)
{
    for (size_t i = 0; i < p->request->candidates.len; i++) keys[i] = 0;
    for (size_t at = 0; at < p->request->objective_count; at++) {
        const plain_factor *f = p->factors + at;
        if (f->near && p->is_set) plain_nearest(p, f, chosen);
        for (size_t i = 0; i < p->request->candidates.len; i++) {
            size_t row = (size_t)p->request->candidates.data[i];
            keys[i] += f->near                 ? plain_diversity(p, f, row)
                       : f->amounts            ? plain_balance(p, f, row)
                       : f->input->values.data ? plain_weights(p, f, row)
                                               : plain_quota(f, row);
        }
    }
}

/* Replays a selection. `candidates` of the request must be given. */
static void check_greedy(const wn_product_request *request, const wn_product *product)
{
    size_t capacity = request->preselected.len + product->len;
    int64_t *chosen = calloc(capacity + 1, sizeof *chosen);
    double *keys = calloc(request->candidates.len, sizeof *keys);
    plain p;
    plain_begin(&p, request, capacity);
    for (size_t i = 0; i < request->preselected.len; i++) {
        chosen[p.len] = request->preselected.data[i];
        plain_take(&p, (size_t)request->preselected.data[i]);
    }
    for (size_t at = 0; at <= product->len && at < request->count; at++) {
        double best = -INFINITY, picked = -INFINITY;
        int64_t first = -1, pick = at < product->len ? product->picks[at] : -1;
        plain_keys(&p, chosen, keys);
        assert_true(pick < 0 || !p.gone[pick]);
        for (size_t i = 0; i < request->candidates.len; i++) {
            int64_t row = request->candidates.data[i];
            if (p.gone[row]) continue;
            if (row == pick) picked = keys[i];
            if (keys[i] > best + 1e-9 * (1 + fabs(keys[i]))) {
                best = keys[i];
                first = row;
            }
        }
        if (at == product->len) { /* it ended early: nothing was left that may be picked, or an objective ended it */
            assert_true(best == -INFINITY || product->ended_by != SIZE_MAX);
            break;
        }
        if (!(picked >= best - 1e-9 * (1 + fabs(best))))
            fail_msg("pick %zu is row %lld with key %.12g, row %lld has %.12g", at, (long long)pick, picked,
                     (long long)first, best);
        chosen[p.len] = pick;
        plain_take(&p, (size_t)pick);
    }
    plain_end(&p);
    free(keys);
    free(chosen);
}

/* With 1 and 2 threads, and with 7 where `many`; for the thread sanitizer with 2, and without the plain method. */
static void run_and_check(wn_product_request *request, bool many)
{
    static const unsigned threads[] = {1, 2, 7};
    wn_product first = {0};
    wn_error err = {0};
    for (size_t t = THREADS_ONLY; t < (many && !THREADS_ONLY ? 3 : 2); t++) {
        wn_product product = {0};
        assert_int_equal(wn_pool_new(threads[t], 0, &request->pool, NULL), WN_OK);
        size_t live = wn_memory_live(WN_MEMORY_SELECTION);
        if (wn_product_select(request, &product, &err)) fail_msg("%s", err.message);
        assert_true(product.len <= request->count);
        if (t == THREADS_ONLY) {
            if (!THREADS_ONLY) check_greedy(request, &product);
            first = product;
        } else {
            assert_int_equal(product.len, first.len);
            assert_memory_equal(product.picks, first.picks, first.len * sizeof *first.picks);
            assert_memory_equal(product.values, first.values, first.len * first.objective_count * sizeof(double));
            wn_product_clear(&product);
            assert_int_equal(wn_memory_live(WN_MEMORY_SELECTION), live);
        }
        wn_pool_free(&request->pool);
    }
    wn_product_clear(&first);
}

/* Bits of a mix: which objectives take part. */
enum { DIVERSE = 1, WEIGHTED = 2, BY_LABEL = 4, BY_AMOUNT = 8, LIMITED = 16, MIXES = 32 };

static void check_mix(unsigned mix, wn_variant variant, uint64_t seed, bool duplicates, size_t rows, size_t count)
{
    static const int64_t most[CLASSES] = {9, 4, -1, 3, 0};
    static const double target[CLASSES] = {0.1, 0.3, NAN, 0.4, NAN};
    static const double strengths[] = {1, 0.5, 3, 1};
    data d = make_data(rows, seed, duplicates);
    wn_objective_input inputs[5];
    int64_t *candidates = calloc(rows, sizeof *candidates), preselected[3] = {3, (int64_t)rows - 1, 12};
    size_t len = rows - rows / 10 - 3;
    for (size_t i = 0; i < len; i++) candidates[i] = (int64_t)i + (int64_t)(seed % 3);
    wn_product_request request = {.rows = d.rows,
                                  .count = count,
                                  .objectives = inputs,
                                  .variant = variant,
                                  .candidates = {candidates, len},
                                  .preselected = {seed % 2 ? preselected : NULL, seed % 2 ? 3 : 0}};
    double strength = strengths[seed % 4];
    if (mix & DIVERSE)
        inputs[request.objective_count++] =
            (wn_objective_input){.kind = "diversity", .strength = strength, .vectors = {d.vectors, d.rows, DIM, DIM}};
    if (mix & WEIGHTED)
        inputs[request.objective_count++] =
            (wn_objective_input){.kind = "weights", .strength = 2 - strength, .values = {d.weights, d.rows}};
    if (mix & BY_LABEL)
        inputs[request.objective_count++] = (wn_objective_input){.kind = "balance",
                                                                 .strength = strength,
                                                                 .labels = {d.labels, d.rows},
                                                                 .class_count = CLASSES,
                                                                 .balance = (wn_balance)(seed % 3),
                                                                 .target = target};
    if (mix & BY_AMOUNT)
        inputs[request.objective_count++] = (wn_objective_input){.kind = "balance",
                                                                 .label = "amounts",
                                                                 .strength = 1,
                                                                 .amounts = {d.amounts, d.rows, CLASSES, CLASSES},
                                                                 .class_count = CLASSES,
                                                                 .balance = WN_BALANCE_TARGET,
                                                                 .target = target};
    if (mix & LIMITED)
        inputs[request.objective_count++] = (wn_objective_input){
            .kind = "quota", .strength = 1, .labels = {d.labels, d.rows}, .class_count = CLASSES, .most = most};
    run_and_check(&request, mix % 8 == 1);
    free(candidates);
    free_data(&d);
}

static void test_all_mixes_are_greedy(void **state)
{
    (void)state;
    for (unsigned mix = 1; mix < MIXES; mix++)
        for (int variant = 0; variant < WN_VARIANT_COUNT; variant++)
            check_mix(mix, (wn_variant)variant, mix + 7 * (uint64_t)variant, mix % 3 == 0, 100, 24);
}

/* Enough rows that most of them stay outside of the pools. */
static void test_most_rows_are_never_touched(void **state)
{
    static const unsigned mixes[] = {DIVERSE | WEIGHTED, DIVERSE | BY_LABEL, DIVERSE | WEIGHTED | BY_AMOUNT,
                                     WEIGHTED | BY_AMOUNT | LIMITED, DIVERSE | BY_LABEL | BY_AMOUNT | LIMITED};
    (void)state;
    for (size_t i = 0; i < (THREADS_ONLY ? 1 : sizeof mixes / sizeof mixes[0]); i++) {
        check_mix(mixes[i], WN_VARIANT_CANDIDATE, 40 + i, false, 12000, 150);
        check_mix(mixes[i], WN_VARIANT_SET, 50 + i, false, 9000, 40);
        check_mix(mixes[i], WN_VARIANT_CANDIDATE, 60 + i, true, 9000, 60);
    }
}

/* ---- what ends a selection, and what is refused ---- */

static wn_status pick(wn_objective_input *inputs, size_t count, size_t rows, size_t wanted, wn_product *out,
                      wn_error *err)
{
    wn_product_request request = {.rows = rows, .count = wanted, .objectives = inputs, .objective_count = count};
    return wn_product_select(&request, out, err);
}

static void test_limits_end_a_selection(void **state)
{
    (void)state;
    float line[10], weights[10];
    for (size_t i = 0; i < 10; i++) {
        line[i] = (float)i;
        weights[i] = 1;
    }
    wn_product product;
    wn_objective_input diversity = {.kind = "diversity", .strength = 1, .vectors = {line, 10, 1, 1}};
    assert_int_equal(pick(&diversity, 1, 10, 3, &product, NULL), WN_OK);
    assert_int_equal(product.picks[0], 0); /* nothing to be far from: the first row */
    assert_int_equal(product.picks[1], 9);
    assert_int_equal(product.picks[2], 4);
    assert_true(isinf(product.values[0]) && product.values[1] == 9 && product.values[2] == 4);
    wn_product_clear(&product);
    diversity.min_distance = 3;
    assert_int_equal(pick(&diversity, 1, 10, SIZE_MAX, &product, NULL), WN_OK);
    assert_int_equal(product.len, 3);
    assert_int_equal(product.ended_by, SIZE_MAX);
    wn_product_clear(&product);

    weights[3] = 4;
    weights[7] = 2;
    wn_objective_input sums = {.kind = "weights", .strength = 1, .values = {weights, 10}, .stop_sum = 7.5};
    assert_int_equal(pick(&sums, 1, 10, SIZE_MAX, &product, NULL), WN_OK);
    assert_int_equal(product.len, 3); /* 4 + 2 + 1, and one more would make 8 */
    assert_int_equal(product.ended_by, 0);
    wn_product_clear(&product);
    sums = (wn_objective_input){.kind = "weights", .strength = 1, .values = {weights, 10}, .most_sum = 5.5};
    assert_int_equal(pick(&sums, 1, 10, SIZE_MAX, &product, NULL), WN_OK);
    assert_int_equal(product.len, 2); /* 4 + 1: the 2 is passed over */
    assert_int_equal(product.picks[1], 0);
    wn_product_clear(&product);
}

static void test_owners_take_all_their_vectors(void **state)
{
    (void)state;
    /* Rows 0, 1, 2 with the objects 0; 0.1 and 9; 5. Row 3 has none. */
    static const float objects[] = {0, 5, 0.1f, 9};
    static const int64_t owners[] = {0, 2, 1, 1};
    wn_product product;
    wn_objective_input input = {
        .kind = "diversity", .strength = 1, .vectors = {objects, 4, 1, 1}, .owners = {owners, 4}};
    assert_int_equal(pick(&input, 1, 4, SIZE_MAX, &product, NULL), WN_OK);
    assert_int_equal(product.len, 3);
    assert_int_equal(product.picks[1], 2); /* 5 lies 5 away, 0.1 and 9 on average 4.55 */
    assert_true(product.values[1] == 5);
    assert_true(fabs(product.values[2] - 2.05) < 1e-6); /* 0.1 from 0, and 4 from 5 */
    wn_product_clear(&product);

    data d = make_data(60, 5, false);
    int64_t rows[60], candidates[40];
    for (size_t i = 0; i < 60; i++) rows[i] = (int64_t)(i * 7 % 31);
    for (size_t i = 0; i < 40; i++) candidates[i] = (int64_t)i;
    wn_objective_input inputs[] = {
        {.kind = "diversity", .strength = 1, .vectors = {d.vectors, 60, DIM, DIM}, .owners = {rows, 60}},
        {.kind = "weights", .strength = 1, .values = {d.weights, 40}},
        {.kind = "diversity", .strength = 2, .vectors = {d.vectors, 40, DIM, DIM}},
    };
    wn_product_request request = {
        .rows = 40, .count = 20, .candidates = {candidates, 40}, .objectives = inputs, .objective_count = 3};
    run_and_check(&request, false);
    free_data(&d);
}

/* Negative strengths turn objectives around. */
static void test_negative_strengths(void **state)
{
    (void)state;
    for (int variant = 0; variant < WN_VARIANT_COUNT; variant++) {
        data d = make_data(60, 6, false);
        int64_t candidates[60];
        for (size_t i = 0; i < 60; i++) candidates[i] = (int64_t)i;
        wn_objective_input inputs[] = {
            {.kind = "diversity", .strength = -1, .vectors = {d.vectors, 60, DIM, DIM}},
            {.kind = "weights", .strength = -2, .values = {d.weights, 60}},
            {.kind = "balance",
             .strength = -0.1,
             .labels = {d.labels, 60},
             .class_count = CLASSES,
             .balance = WN_BALANCE_INPUT},
        };
        wn_product_request request = {.rows = 60,
                                      .count = 12,
                                      .candidates = {candidates, 60},
                                      .objectives = inputs,
                                      .objective_count = 3,
                                      .variant = (wn_variant)variant};
        run_and_check(&request, false);
        free_data(&d);
    }
}

static void test_equal_rows(void **state)
{
    (void)state;
    enum { ROWS = 20000 };
    float *vectors = calloc(ROWS * 2, sizeof *vectors), *weights = calloc(ROWS, sizeof *weights);
    int64_t *labels = calloc(ROWS, sizeof *labels);
    for (size_t i = 0; i < ROWS; i++) labels[i] = (int64_t)(i % 3);
    wn_objective_input inputs[] = {
        {.kind = "diversity", .strength = 1, .vectors = {vectors, ROWS, 2, 2}},
        {.kind = "weights", .strength = 1, .values = {weights, ROWS}},
        {.kind = "balance", .strength = 1, .labels = {labels, ROWS}, .class_count = 3, .balance = WN_BALANCE_UNIFORM},
    };
    wn_product product;
    assert_int_equal(pick(inputs, 3, ROWS, 300, &product, NULL), WN_OK);
    assert_int_equal(product.len, 300);
    for (size_t i = 0; i < 300; i++) assert_int_equal(product.picks[i], i);
    wn_product_clear(&product);
    free(labels);
    free(weights);
    free(vectors);
}

static void test_bad_requests_are_refused(void **state)
{
    (void)state;
    float vectors[] = {0, 1, NAN, 3}, weights[] = {0, 1, 2, INFINITY};
    static const int64_t labels[] = {0, 1, 2, 3}, most[] = {1, 1, 1};
    static const double high[] = {0.7, 0.7, 0}, none[] = {-0.1, 0.5, 0};
    const wn_objective_input bad[] = {
        {.kind = "novelty", .strength = 1},
        {.kind = "diversity", .strength = 1},
        {.kind = "diversity", .strength = 1, .vectors = {vectors, 4, 1, 1}},
        {.kind = "diversity", .strength = 1, .vectors = {vectors, 2, 1, 1}},
        {.kind = "diversity", .strength = NAN, .vectors = {vectors, 2, 1, 1}},
        {.kind = "diversity", .strength = 1, .vectors = {vectors, 2, 1, 1}, .owners = {labels + 2, 2}},
        {.kind = "weights", .strength = 1, .values = {weights, 4}},
        {.kind = "weights", .strength = 1, .values = {weights, 3}},
        {.kind = "balance", .strength = 1, .labels = {labels, 4}, .class_count = 3},
        {.kind = "balance", .strength = 1, .labels = {labels, 3}, .class_count = 4},
        {.kind = "balance", .strength = 1, .labels = {labels, 4}, .class_count = 4, .balance = WN_BALANCE_TARGET},
        {.kind = "balance", .strength = 1, .labels = {labels, 4}, .class_count = 3, .target = high},
        {.kind = "balance", .strength = 1, .amounts = {weights, 2, 3, 3}, .class_count = 3, .target = none},
        {.kind = "quota", .strength = 1, .labels = {labels, 4}, .class_count = 3, .most = most},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        wn_objective_input input = bad[i];
        wn_product product = {0};
        wn_error err = {0};
        size_t rows = input.owners.data ? 3 : 4, live = wn_memory_live(WN_MEMORY_SELECTION);
        if (pick(&input, 1, rows, 1, &product, &err) != WN_INVALID) fail_msg("request %zu: %s", i, err.message);
        assert_true(strlen(err.message) > 10);
        assert_int_equal(wn_memory_live(WN_MEMORY_SELECTION), live);
    }
    wn_objective_input fine = {.kind = "weights", .strength = 1, .values = {weights, 3}};
    wn_product product = {0};
    wn_error err = {0};
    assert_int_equal(pick(&fine, 1, 3, 4, &product, &err), WN_INVALID);
    assert_non_null(strstr(err.message, "ask for at most 3"));
    wn_product_request request = {.rows = 3, .count = 1, .objectives = &fine, .objective_count = 1};
    uint64_t need = wn_product_memory(&request);
    assert_true(need > 0);
    request.memory_limit = need - 1;
    assert_int_equal(wn_product_select(&request, &product, &err), WN_LIMIT);
    request.memory_limit = need;
    assert_int_equal(wn_product_select(&request, &product, &err), WN_OK);
    wn_product_clear(&product);
    assert_int_equal(pick(&fine, 1, 3, 0, &product, NULL), WN_OK);
    assert_int_equal(product.len, 0);
    wn_product_clear(&product);
}

static bool stop_at_once(void *context, const wn_progress_report *report)
{
    (void)context;
    return report->done > 0;
}

static void test_cancelled_keeps_its_picks(void **state)
{
    (void)state;
    data d = make_data(500, 8, false);
    wn_objective_input input = {.kind = "diversity", .strength = 1, .vectors = {d.vectors, 500, DIM, DIM}};
    wn_progress progress = {stop_at_once, NULL};
    wn_product_request request = {
        .rows = 500, .count = 400, .objectives = &input, .objective_count = 1, .progress = &progress};
    wn_product product;
    assert_int_equal(wn_product_select(&request, &product, NULL), WN_CANCELLED);
    assert_true(product.len > 0 && product.len < 400);
    wn_product_clear(&product);
    free_data(&d);
}

/* ---- values ---- */

static void test_typicality_and_similarity(void **state)
{
    (void)state;
    /* Points 0, 1, 3 on a line, k = 2: all pairs, so the mean distance is (1 + 3 + 1 + 2 + 3 + 2) / 6 = 2. */
    int64_t ids[] = {1, 2, 0, 2, 1, 0};
    float distances[] = {1, 3, 1, 2, 2, 3}, out[3];
    wn_neighbours lists = {.ids = ids, .distances = distances, .rows = 3, .k = 2};
    wn_weights_typicality(&lists, out);
    assert_true(fabs((double)out[0] - (exp(-0.5) + exp(-1.5)) / 2) < 1e-6);
    assert_true(fabs((double)out[1] - (exp(-0.5) + exp(-1)) / 2) < 1e-6);
    assert_true(fabs((double)out[2] - (exp(-1) + exp(-1.5)) / 2) < 1e-6);

    static const float line[] = {0, 1, 3}, query[] = {0}, wide[] = {0, 0};
    wn_matrix rows = {line, 3, 1, 1}, near = {query, 1, 1, 1}, nothing = {0}, other = {wide, 1, 2, 2};
    assert_int_equal(wn_weights_similarity(&rows, &near, &nothing, NULL, out, NULL), WN_OK);
    assert_true(out[0] == 1 && fabs((double)out[1] - exp(-0.75)) < 1e-6 && fabs((double)out[2] - exp(-2.25)) < 1e-6);
    assert_int_equal(wn_weights_similarity(&rows, &nothing, &near, NULL, out, NULL), WN_OK);
    assert_true(out[0] == 0 && fabs((double)out[1] - 1 + exp(-0.75)) < 1e-6);
    assert_int_equal(wn_weights_similarity(&rows, &nothing, &nothing, NULL, out, NULL), WN_INVALID);
    assert_int_equal(wn_weights_similarity(&rows, &other, &nothing, NULL, out, NULL), WN_INVALID);
}

static void test_thresholds_and_random_values(void **state)
{
    (void)state;
    static const float values[] = {1, 2, 3, NAN};
    static const size_t kept[] = {1, 2, 1, 2};
    for (int operation = 0; operation < WN_THRESHOLD_COUNT; operation++) {
        int64_t rows[] = {0, 1, 2, 3};
        assert_int_equal(wn_threshold_filter(values, (wn_threshold)operation, 2, rows, 4), kept[operation]);
    }
    float a[1000], b[1000];
    double sum = 0;
    wn_weights_random(5, 1000, a);
    wn_weights_random(5, 500, b);
    assert_memory_equal(a, b, 500 * sizeof *a);
    for (size_t i = 0; i < 1000; i++) {
        assert_true(a[i] > 0 && a[i] <= 1);
        sum += (double)a[i];
    }
    assert_true(fabs(sum / 1000 - 0.5) < 0.03); /* three standard errors */
    wn_weights_random(6, 500, b);
    assert_memory_not_equal(a, b, 500 * sizeof *a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_mixes_are_greedy), cmocka_unit_test(test_most_rows_are_never_touched),
        SERIAL_TEST(test_limits_end_a_selection),    SERIAL_TEST(test_owners_take_all_their_vectors),
        SERIAL_TEST(test_negative_strengths),        SERIAL_TEST(test_equal_rows),
        SERIAL_TEST(test_bad_requests_are_refused),  SERIAL_TEST(test_cancelled_keeps_its_picks),
        SERIAL_TEST(test_typicality_and_similarity), SERIAL_TEST(test_thresholds_and_random_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
