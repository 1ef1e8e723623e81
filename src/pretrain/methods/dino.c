/* SPDX-License-Identifier: Apache-2.0
 *
 * DINO (Caron et al. 2021): a slow teacher sorts full views among prototypes, centred so that none is always taken and
 * sharpened so that all are not taken alike; every other view of the student predicts that:
 *
 *     t_a = softmax((tp_a - centre) / teacher temperature)
 *     loss = mean over full views a and views b != a of  -t_a . log softmax(p_b / temperature)
 *     centre moves by a tenth towards the mean of tp after each step
 */
#include <math.h>
#include <string.h>

#include "pretrain/method.h"
#include "pretrain/product.h"

typedef struct params {
    double temperature, teacher_temperature, momentum, centre_momentum;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "temperature", "of the student", offsetof(params, temperature), 0.02, 10, "0.1", NULL, "T", 0},
    {WN_OPTION_REAL, "teacher-temperature", "of the teacher: lower is sharper", offsetof(params, teacher_temperature),
     0.01, 10, "0.04", NULL, "T", 0},
    {WN_OPTION_REAL, "momentum", "how slowly the teacher follows, at the start", offsetof(params, momentum), 0, 1,
     "0.99", NULL, "M", 0},
    {WN_OPTION_REAL, "centre-momentum", "how slowly the centre follows", offsetof(params, centre_momentum), 0, 1, "0.9",
     NULL, "M", 0},
    {0},
};

enum { PROTOTYPES = 1024 };

static const wn_mlp_layer projector[] = {{256, WN_ACTIVATION_RELU, true, false}, {64, WN_ACTIVATION_NONE, false, true}};
static const wn_mlp_layer predictor[] = {{PROTOTYPES, WN_ACTIVATION_NONE, false, false}};

static size_t memory_floats(const void *context, size_t dim, size_t p_dim)
{
    (void)context, (void)dim;
    return p_dim;
}

static double momentum(const void *context, double progress)
{
    return wn_momentum_cosine(((const params *)context)->momentum, progress);
}

/* The student's probabilities and its losses, the teacher's probabilities. */
static size_t scratch_floats(const void *context, size_t images, size_t views, size_t dim)
{
    (void)context, (void)dim;
    return 2 * images * views * PROTOTYPES + images * views;
}

typedef struct work {
    const wn_loss_input *in;
    const params *p;
    float *probabilities; /* student: rows x PROTOTYPES */
    float *targets;       /* teacher: rows x PROTOTYPES */
    float *losses;        /* rows of the student */
} work;

static void sharpen(void *context, size_t begin, size_t end, unsigned worker)
{
    const work *w = context;
    (void)worker;
    for (size_t r = begin; r < end; r++) {
        const float *tp = w->in->tp + r * PROTOTYPES;
        float *t = w->targets + r * PROTOTYPES;
        for (size_t j = 0; j < PROTOTYPES; j++) t[j] = tp[j] - w->in->memory[j];
        (void)wn_softmax(t, PROTOTYPES, 1.0 / w->p->teacher_temperature);
    }
}

/* Loss and dp of rows of the student: all teacher views but their own. */
static void predict(void *context, size_t begin, size_t end, unsigned worker)
{
    const work *w = context;
    const wn_loss_input *in = w->in;
    const double gain = 1.0 / w->p->temperature;
    const double weight = 1.0 / (double)(in->teacher_views * (in->views - 1) * in->images);
    (void)worker;
    for (size_t r = begin; r < end; r++) {
        const size_t image = r % in->images, view = r / in->images;
        const float *p = in->p + r * PROTOTYPES;
        float *s = w->probabilities + r * PROTOTYPES, *dp = in->dp + r * PROTOTYPES;
        memcpy(s, p, PROTOTYPES * sizeof *s);
        const double log_sum = wn_softmax(s, PROTOTYPES, gain);
        double sum = 0.0;
        memset(dp, 0, PROTOTYPES * sizeof *dp);
        for (size_t a = 0; a < in->teacher_views; a++) {
            if (a == view) continue;
            const float *t = w->targets + (a * in->images + image) * PROTOTYPES;
            double along = 0.0;
            for (size_t j = 0; j < PROTOTYPES; j++) along += (double)t[j] * (double)p[j];
            for (size_t j = 0; j < PROTOTYPES; j++) dp[j] += (float)(weight * gain) * (s[j] - t[j]);
            sum += log_sum - gain * along;
        }
        w->losses[r] = (float)(weight * sum);
    }
}

static void move_centre(const wn_loss_input *in, double keep)
{
    const size_t rows = in->teacher_views * in->images;
    for (size_t j = 0; j < PROTOTYPES; j++) {
        double mean = 0.0;
        for (size_t r = 0; r < rows; r++) mean += (double)in->tp[r * PROTOTYPES + j];
        in->memory[j] = (float)(keep * (double)in->memory[j] + (1.0 - keep) * mean / (double)rows);
    }
}

static double loss(const void *context, const wn_loss_input *in, float *dz)
{
    const size_t rows = in->views * in->images;
    work w = {.in = in, .p = context, .probabilities = in->scratch};
    w.targets = w.probabilities + rows * PROTOTYPES;
    w.losses = w.targets + in->teacher_views * in->images * PROTOTYPES;
    memset(dz, 0, rows * in->dim * sizeof *dz);
    wn_pool_for(in->pool, in->teacher_views * in->images, 16, sharpen, &w);
    wn_pool_for(in->pool, rows, 16, predict, &w);
    move_centre(in, w.p->centre_momentum);
    double sum = 0.0;
    for (size_t r = 0; r < rows; r++) sum += (double)w.losses[r];
    return sum;
}

const wn_method wn_method_dino = {
    .name = "dino",
    .summary = "views predict how a slow teacher sorts the others",
    .advice =
        "With many small views of larger images, and an hour or more; groups come out sharper than with contrast.",
    .options = options,
    .params_size = sizeof(params),
    .views = 2,
    .small_views = 4,
    .unit = true,
    .projector = projector,
    .projector_len = sizeof projector / sizeof projector[0],
    .predictor = predictor,
    .predictor_len = sizeof predictor / sizeof predictor[0],
    .predict_unit = true,
    .prototypes = true,
    .momentum = momentum,
    .teacher_predicts = true,
    .scratch = scratch_floats,
    .memory = memory_floats,
    .loss = loss,
};
