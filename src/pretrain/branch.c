/* SPDX-License-Identifier: Apache-2.0 */
#include "pretrain/branch.h"

#include <stdio.h>

#include "base/error.h"
#include "base/rng.h"

/* Seeds of the parts: the network, the embedding layer, then projectors and predictors by prefix. */
enum { SEED_HEAD = 1, SEED_PROJECTORS = 2, SEED_PREDICTORS = 2 + WN_MODEL_PREFIXES_MAX };

static size_t count_rows(const wn_batch_group *groups, size_t group_count)
{
    size_t rows = 0;
    for (size_t i = 0; i < group_count; i++) rows += groups[i].views;
    return rows;
}

static wn_mlp_layer head_layer(const wn_learner_setup *setup)
{
    return (wn_mlp_layer){setup->prefixes[setup->prefix_count - 1], WN_ACTIVATION_NONE, false, true};
}

static wn_status make_mlp(uint32_t width, const wn_mlp_layer *layers, size_t len, const char *name, uint64_t seed,
                          size_t rows, wn_mlp **mlp, wn_mlp_run **run, wn_error *err)
{
    WN_TRY(wn_mlp_new(width, layers, len, name, wn_rng_mix(seed), mlp, err));
    return wn_mlp_run_new(*mlp, rows, true, run, err);
}

static wn_status make_prefix(wn_branch *b, const wn_learner_setup *s, uint32_t k, bool predicts, wn_error *err)
{
    const wn_method *method = s->method;
    char name[32];
    (void)snprintf(name, sizeof name, "projector%u_", (unsigned)s->prefixes[k]);
    WN_TRY(make_mlp(s->prefixes[k], method->projector, method->projector_len, name, s->seed + SEED_PROJECTORS + k,
                    b->rows, &b->projectors[k], &b->projector_runs[k], err));
    if (!predicts) return WN_OK;
    (void)snprintf(name, sizeof name, "predictor%u_", (unsigned)s->prefixes[k]);
    return make_mlp((uint32_t)wn_method_width(method), method->predictor, method->predictor_len, name,
                    s->seed + SEED_PREDICTORS + k, b->rows, &b->predictors[k], &b->predictor_runs[k], err);
}

wn_status wn_branch_init(wn_branch *b, const wn_learner_setup *s, const wn_batch_group *groups, size_t group_count,
                         bool predicts, wn_error *err)
{
    const wn_mlp_layer head = head_layer(s);
    const wn_batch_options options = {
        .precision = s->precision, .training = true, .fixed_norms = s->start_hash != 0, .threads = s->threads};
    *b = (wn_branch){.rows = count_rows(groups, group_count)};
    WN_TRY(wn_network_new(s->architecture, wn_rng_mix(s->seed), &b->network, err));
    WN_TRY(wn_batch_new(b->network, groups, group_count, &options, &b->batch, err));
    WN_TRY(make_mlp(wn_architecture_features(s->architecture), &head, 1, "embedding", s->seed + SEED_HEAD, b->rows,
                    &b->head, &b->head_run, err));
    for (uint32_t k = 0; k < s->prefix_count; k++) WN_TRY(make_prefix(b, s, k, predicts, err));
    return WN_OK;
}

void wn_branch_stop(wn_branch *b)
{
    for (int k = 0; k < WN_MODEL_PREFIXES_MAX; k++) {
        wn_mlp_run_free(&b->predictor_runs[k]);
        wn_mlp_run_free(&b->projector_runs[k]);
    }
    wn_mlp_run_free(&b->head_run);
    wn_batch_free(&b->batch);
}

void wn_branch_clear(wn_branch *b)
{
    wn_branch_stop(b);
    for (int k = 0; k < WN_MODEL_PREFIXES_MAX; k++) {
        wn_mlp_free(&b->predictors[k]);
        wn_mlp_free(&b->projectors[k]);
    }
    wn_mlp_free(&b->head);
    wn_network_free(&b->network);
    *b = (wn_branch){0};
}

size_t wn_branch_tensors(const wn_branch *b, wn_tensors *out[WN_LEARNER_PARTS_MAX])
{
    size_t count = 0;
    out[count++] = wn_network_tensors(b->network);
    out[count++] = wn_mlp_tensors(b->head);
    for (int k = 0; k < WN_MODEL_PREFIXES_MAX; k++) {
        if (b->projectors[k]) out[count++] = wn_mlp_tensors(b->projectors[k]);
    }
    for (int k = 0; k < WN_MODEL_PREFIXES_MAX; k++) {
        if (b->predictors[k]) out[count++] = wn_mlp_tensors(b->predictors[k]);
    }
    return count;
}

/* Trained numbers of an mlp with its statistics. */
static uint64_t mlp_numbers(uint64_t width, const wn_mlp_layer *layers, size_t len)
{
    uint64_t count = 0;
    for (size_t i = 0; i < len; i++) {
        count += (width + 5) * layers[i].width;
        width = layers[i].width;
    }
    return count;
}

/* Activations, their gradients and normalisation of an mlp run, from above. */
static uint64_t mlp_run_floats(uint64_t rows, uint64_t width, const wn_mlp_layer *layers, size_t len)
{
    uint64_t floats = rows * width;
    for (size_t i = 0; i < len; i++) floats += 4 * rows * layers[i].width;
    return floats;
}

uint64_t wn_branch_bytes(const wn_learner_setup *s, const wn_batch_group *groups, size_t group_count, bool predicts,
                         uint64_t *numbers)
{
    const wn_method *m = s->method;
    const uint64_t rows = count_rows(groups, group_count), features = wn_architecture_features(s->architecture);
    const wn_batch_options options = {.precision = s->precision, .training = true, .threads = s->threads};
    const wn_mlp_layer head = head_layer(s);
    uint64_t count = wn_architecture_numbers(s->architecture) + mlp_numbers(features, &head, 1);
    uint64_t floats = mlp_run_floats(rows, features, &head, 1);
    for (uint32_t k = 0; k < s->prefix_count; k++) {
        count += mlp_numbers(s->prefixes[k], m->projector, m->projector_len);
        floats += mlp_run_floats(rows, s->prefixes[k], m->projector, m->projector_len);
        if (!predicts) continue;
        count += mlp_numbers(wn_method_width(m), m->predictor, m->predictor_len);
        floats += mlp_run_floats(rows, wn_method_width(m), m->predictor, m->predictor_len);
    }
    *numbers = count;
    return wn_batch_bytes(s->architecture, groups, group_count, &options) + 4 * floats;
}
