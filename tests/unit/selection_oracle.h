/* SPDX-License-Identifier: Apache-2.0
 *
 * Plain versions in double precision that the tests of strategies compare with, and data for them.
 */
#ifndef SELECTION_ORACLE_H
#define SELECTION_ORACLE_H

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "base/rng.h"
#include "winnow/memory.h"
#include "winnow/selection.h"

/* Runs a strategy with options given as name, value, ..., NULL. */
static inline wn_status oracle_try(const char *name, const char *const *options, const wn_selection_request *request,
                                   wn_selection *out, wn_error *err)
{
    const wn_strategy *strategy = wn_strategy_find(name);
    assert_non_null(strategy);
    void *params = wn_alloc(WN_MEMORY_GENERAL, 1, strategy->params_size + 1);
    wn_status status = strategy->options ? wn_options_init(strategy->options, params, err) : WN_OK;
    for (size_t i = 0; !status && options && options[i]; i += 2)
        status = wn_options_set(strategy->options, params, options[i], options[i + 1], err);
    if (!status) status = wn_select(strategy, params, request, out, err);
    wn_free(params);
    return status;
}

static inline void oracle_run(const char *name, const char *const *options, const wn_selection_request *request,
                              wn_selection *out)
{
    wn_error err = {0};
    if (oracle_try(name, options, request, out, &err)) fail_msg("%s: %s", name, err.message);
}

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* `clouds` normal clouds of different sizes; rows x dim, released by free. */
static inline float *oracle_clouds(size_t rows, size_t dim, size_t clouds, float spread, uint64_t seed)
{
    wn_rng rng;
    float *values = calloc(rows * dim + 1, sizeof *values), *centres = calloc(clouds * dim + 1, sizeof *centres);
    wn_rng_init(&rng, seed, 1);
    for (size_t i = 0; i < clouds * dim; i++) centres[i] = wn_rng_normal(&rng);
    for (size_t i = 0; i < rows; i++) {
        size_t cloud = wn_rng_below(&rng, (uint32_t)(1 + wn_rng_below(&rng, (uint32_t)clouds)));
        for (size_t k = 0; k < dim; k++) values[i * dim + k] = centres[cloud * dim + k] + spread * wn_rng_normal(&rng);
    }
    free(centres);
    return values;
}

static inline double oracle_square(const float *a, const float *b, size_t dim)
{
    double sum = 0;
    for (size_t k = 0; k < dim; k++) sum += ((double)a[k] - (double)b[k]) * ((double)a[k] - (double)b[k]);
    return sum;
}

static inline bool oracle_has(const wn_rows *rows, int64_t row)
{
    for (size_t i = 0; i < rows->len; i++) {
        if (rows->data[i] == row) return true;
    }
    return false;
}

#endif
