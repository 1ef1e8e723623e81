/* SPDX-License-Identifier: Apache-2.0
 *
 * Networks, one step of training by each kind of method, checkpoints and the last layer with each of their allocations
 * failing.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "torture.h"

#include "base/error.h"
#include "base/rng.h"
#include "nn/network.h"
#include "pretrain/feature_axes.h"
#include "pretrain/learner.h"
#include "pretrain/nested_map.h"
#include "pretrain/train_checkpoint.h"

enum { IMAGES = 8, VIEWS = 2, SIDE = 8, WIDTH = 32, ROWS = 64, MAP_ROWS = 2048, MAP_WIDTH = 16, MAP_DIM = 8 };
static const wn_layer layers[] = {
    {.channels = 16, .kernel = 3},
    {.channels = 32, .kernel = 3, .pool = true},
    {.channels = WIDTH, .kernel = 1, .skip = 1},
};
static const wn_architecture architecture = {"small", "for tests", layers, sizeof layers / sizeof *layers, 0};
static uint8_t pixels[IMAGES * VIEWS * SIDE * SIDE * 3];
static float rows[ROWS * WIDTH], map_rows[MAP_ROWS * MAP_WIDTH];
static char checkpoint[] = "/tmp/winnow-oom-XXXXXX";

static wn_status try_inference(wn_error *err)
{
    wn_network *network = NULL;
    wn_batch *batch = NULL;
    const wn_batch_group group = {IMAGES, SIDE};
    const wn_batch_options options = {.precision = WN_PRECISION_FP32};
    const uint8_t *views[] = {pixels};
    float features[IMAGES * WIDTH];

    wn_status status = wn_network_new(&architecture, 1, &network, err);
    if (!status) status = wn_batch_new(network, &group, 1, &options, &batch, err);
    if (!status) status = wn_network_commit(network, NULL, err);
    if (!status) status = wn_batch_forward(batch, NULL, views, features, err);
    wn_batch_free(&batch);
    wn_network_free(&network);
    return status;
}

static wn_status set_up(const char *method, const char *optimizer, wn_learner_setup *out, wn_error *err)
{
    *out = (wn_learner_setup){.architecture = &architecture,
                              .method = wn_method_find(method),
                              .images = IMAGES,
                              .views = VIEWS,
                              .side = SIDE,
                              .embed_side = SIDE,
                              .prefix_count = 2,
                              .prefixes = {16, WIDTH},
                              .precision = WN_PRECISION_FP32,
                              .optimizer = optimizer,
                              .decay = -1};
    if (!out->method) return wn_fail(err, WN_NOTFOUND, "no method %s", method);
    return wn_method_read_options(out->method, NULL, out->method_params, err);
}

/* A step, and its numbers through a file. */
static wn_status try_step(const char *method, const char *optimizer, wn_error *err)
{
    wn_learner *learner = NULL;
    wn_learner_setup setup;
    const wn_learner_input input = {.pixels = {pixels}, .targets = rows, .rate = 0.01, .network_rate = 0.01};
    wn_learner_report report;
    wn_train_state state = {.step = 1, .steps = 2, .steps_planned = 2};
    wn_buffer bytes;

    wn_buffer_init(&bytes, WN_MEMORY_TRAINING, 0);
    wn_status status = set_up(method, optimizer, &setup, err);
    if (!status) status = wn_learner_new(&setup, &learner, err);
    if (!status) status = wn_learner_step(learner, NULL, &input, &report, err);
    if (!status) status = wn_train_checkpoint_write(checkpoint, 5, &state, learner, &bytes, err);
    if (!status) status = wn_train_checkpoint_read(checkpoint, 5, &state, learner, &bytes, err);
    if (!status) status = wn_learner_commit(learner, NULL, err);
    wn_buffer_clear(&bytes);
    wn_learner_free(&learner);
    return status;
}

/* A teacher that follows, a predictor; the optimiser with the most memory. */
static wn_status try_byol(wn_error *err)
{
    return try_step("byol", "muon", err);
}

/* A queue. */
static wn_status try_nnclr(wn_error *err)
{
    return try_step("nnclr", "adamw", err);
}

static wn_status try_axes(wn_error *err)
{
    static const uint32_t prefixes[] = {8, 16};
    const uint32_t shape[] = {16, WIDTH};
    wn_tensors head = {0};
    size_t row;
    double std = 0;
    const wn_feature_axes task = {.features = {rows, ROWS, WIDTH, WIDTH},
                                  .differences = {rows, ROWS / 2, WIDTH, WIDTH},
                                  .power = 0.5,
                                  .prefixes = prefixes,
                                  .prefix_count = 2};
    wn_status status = wn_tensors_add(&head, "embedding0.weight", WN_TENSOR_WEIGHT, 2, shape, &row, err);
    if (!status) status = wn_tensors_add(&head, "embedding0.bias", WN_TENSOR_SHIFT, 1, shape, &row, err);
    if (!status) status = wn_tensors_allocate(&head, err);
    if (!status) status = wn_feature_axes_fit(&task, 0, NULL, &head, &std, err);
    wn_tensors_clear(&head);
    return status;
}

static bool stop(void *context, const wn_progress_report *report)
{
    (void)context, (void)report;
    return true;
}

/* To its first step: the others allocate nothing. */
static wn_status try_map(wn_error *err)
{
    const wn_progress progress = {.report = stop};
    static const uint32_t prefixes[] = {4, MAP_DIM};
    float map[MAP_DIM * MAP_WIDTH];
    const wn_nested_rows task = {map_rows, MAP_ROWS, MAP_WIDTH, MAP_DIM, prefixes, 2};
    const wn_status status = wn_nested_map_learn(&task, 3, NULL, &progress, map, err);
    return status == WN_CANCELLED ? WN_OK : status;
}

static const struct {
    const char *name;
    wn_status (*run)(wn_error *err);
} scenarios[] = {
    {"inference", try_inference}, {"byol", try_byol}, {"nnclr", try_nnclr}, {"axes", try_axes}, {"map", try_map}};

int main(void)
{
    wn_rng rng;
    int file = mkstemp(checkpoint);
    if (file < 0) return 2;
    close(file);
    wn_rng_init(&rng, 5, 0);
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(wn_rng_uniform(&rng) * 255);
    for (size_t i = 0; i < ROWS * WIDTH; i++) rows[i] = wn_rng_normal(&rng);
    for (size_t i = 0; i < MAP_ROWS * MAP_WIDTH; i++) map_rows[i] = wn_rng_normal(&rng);
    int failed = 0;
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
        if (!torture(scenarios[i].name, scenarios[i].run)) failed++;
    printf("%d scenarios failed\n", failed);
    unlink(checkpoint);
    return failed ? 1 : 0;
}
