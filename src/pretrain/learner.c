/* SPDX-License-Identifier: Apache-2.0
 *
 * One step of training. Rows of every matrix are views, `view * images + image`, full views before small ones; a
 * teacher sees the full views alone.
 */
#include "pretrain/learner.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "pretrain/learner_private.h"
#include "winnow/memory.h"

static const float statistics_momentum = 0.1F;

/* Contiguous copy of the first `width` numbers of each row. */
static void take_prefix(const float *rows, size_t n, size_t dim, size_t width, float *out)
{
    for (size_t r = 0; r < n; r++) memcpy(out + r * width, rows + r * dim, width * sizeof *out);
}

/* Prefix k of the embedding through projector and predictor. */
static wn_status project(const wn_learner *l, wn_learner_side *side, wn_pool *pool, uint32_t k, wn_error *err)
{
    const wn_method *method = l->setup.method;
    const size_t n = side->branch.rows, width = l->setup.prefixes[k];
    take_prefix(side->embedding, n, l->dim, width, side->prefix);
    WN_TRY(wn_mlp_forward(side->branch.projector_runs[k], pool, side->prefix, n, side->out, err));
    if (method->unit)
        wn_l2_normalize_forward(pool, side->out, n, l->out_width, l->out_width, side->z, l->out_width,
                                side->inverse_lengths);
    if (!side->branch.predictors[k]) return WN_OK;
    WN_TRY(wn_mlp_forward(side->branch.predictor_runs[k], pool, method->predict_unit ? side->z : side->out, n,
                          side->p_raw, err));
    if (method->unit_p)
        wn_l2_normalize_forward(pool, side->p_raw, n, l->p_width, l->p_width, side->p, l->p_width,
                                side->inverse_lengths_p);
    return WN_OK;
}

/* Network and embedding of a side. */
static wn_status embed(wn_learner_side *side, wn_pool *pool, const uint8_t *const *pixels, wn_error *err)
{
    WN_TRY(wn_batch_forward(side->branch.batch, pool, pixels, side->features, err));
    return wn_mlp_forward(side->branch.head_run, pool, side->features, side->branch.rows, side->embedding, err);
}

/* dest (n x width) = gradient by x of the loss, given `dy` by the unit rows y of x. */
static void unscale(wn_pool *pool, const float *y, const float *dy, size_t n, size_t width, const float *lengths,
                    float *dest)
{
    memset(dest, 0, n * width * sizeof *dest);
    wn_l2_normalize_backward(pool, y, dy, n, width, width, lengths, dest, width);
}

/* From dz and dp to the gradients of projector, predictor and prefix. */
static wn_status pull_prefix(wn_learner *l, wn_pool *pool, uint32_t k, wn_error *err)
{
    const wn_learner_setup *s = &l->setup;
    const wn_method *method = s->method;
    wn_learner_side *student = &l->student;
    const size_t n = student->branch.rows, out = l->out_width;
    const bool predicts = method->predictor != NULL;
    float *dout = method->unit ? l->dout : l->dz;
    if (predicts) {
        const float *dp = l->dp;
        if (method->unit_p) {
            unscale(pool, student->p, l->dp, n, l->p_width, student->inverse_lengths_p, l->dp_raw);
            dp = l->dp_raw;
        }
        WN_TRY(wn_mlp_backward(student->branch.predictor_runs[k], pool, dp, l->dread,
                               l->parts[WN_PART_PROJECTORS + s->prefix_count + k].gradient, err));
    }
    if (predicts && method->predict_unit) {
        for (size_t i = 0; i < n * out; i++) l->dz[i] += l->dread[i];
    }
    if (method->unit) unscale(pool, student->z, l->dz, n, out, student->inverse_lengths, l->dout);
    if (predicts && !method->predict_unit) {
        for (size_t i = 0; i < n * out; i++) dout[i] += l->dread[i];
    }
    return wn_mlp_backward(student->branch.projector_runs[k], pool, dout, l->dprefix,
                           l->parts[WN_PART_PROJECTORS + k].gradient, err);
}

static wn_loss_input loss_input(const wn_learner *l, wn_pool *pool, uint32_t k, const wn_learner_input *at)
{
    const wn_learner_setup *s = &l->setup;
    const wn_method *method = s->method;
    const wn_learner_side *student = &l->student, *teacher = &l->teacher;
    wn_loss_input input = {.z = method->unit ? student->z : student->out,
                           .images = s->images,
                           .views = s->views + s->small_views,
                           .dim = l->out_width,
                           .kernels = &l->kernels,
                           .pool = pool,
                           .scratch = l->scratch,
                           .memory = l->memory ? l->memory + k * l->memory_floats : NULL,
                           .targets = at->targets,
                           .step = at->step,
                           .progress = at->progress,
                           .seed = s->seed + k};
    if (method->predictor) {
        input.p = method->unit_p ? student->p : student->p_raw;
        input.dp = l->dp;
        input.p_dim = l->p_width;
    }
    if (method->momentum) {
        input.tz = method->unit ? teacher->z : teacher->out;
        if (method->teacher_predicts) input.tp = method->unit_p ? teacher->p : teacher->p_raw;
        input.teacher_views = s->views;
    }
    return input;
}

/* Heads and loss of one prefix; adds the gradient to dembedding. */
static wn_status run_prefix(wn_learner *l, wn_pool *pool, uint32_t k, const wn_learner_input *at, double *loss,
                            wn_error *err)
{
    const wn_learner_setup *s = &l->setup;
    const size_t n = l->student.branch.rows, width = s->prefixes[k];
    const float weight = 1.0F / (float)s->prefix_count;
    WN_TRY(project(l, &l->student, pool, k, err));
    if (s->method->momentum) WN_TRY(project(l, &l->teacher, pool, k, err));
    const wn_loss_input input = loss_input(l, pool, k, at);
    *loss += (double)weight * s->method->loss(s->method_params, &input, l->dz);
    for (size_t i = 0; i < n * l->out_width; i++) l->dz[i] *= weight;
    for (size_t i = 0; i < n * l->p_width; i++) l->dp[i] *= weight;
    WN_TRY(pull_prefix(l, pool, k, err));
    for (size_t r = 0; r < n; r++) {
        for (size_t j = 0; j < width; j++) l->dembedding[r * l->dim + j] += l->dprefix[r * width + j];
    }
    return WN_OK;
}

/* Length of the step's gradient over all parts. */
static double gradient_length(const wn_learner *l)
{
    double squares = 0.0;
    for (size_t i = 0; i < l->part_count; i++) {
        const float *gradient = l->parts[i].sum ? l->parts[i].sum : l->parts[i].gradient;
        double lanes[4] = {0};
        size_t count = l->parts[i].tensors->trained, j = 0;
        for (; j + 4 <= count; j += 4) {
            for (size_t k = 0; k < 4; k++) lanes[k] += (double)gradient[j + k] * (double)gradient[j + k];
        }
        for (; j < count; j++) lanes[0] += (double)gradient[j] * (double)gradient[j];
        squares += lanes[0] + lanes[1] + lanes[2] + lanes[3];
    }
    return sqrt(squares);
}

/* Adds the pass to the step's gradient, where a step has several. */
static void gather(wn_learner *l, const wn_learner_input *at)
{
    const float share = 1.0F / (float)(l->setup.accumulate > 1 ? l->setup.accumulate : 1);
    for (size_t i = 0; i < l->part_count; i++) {
        wn_learner_part *part = &l->parts[i];
        if (!part->sum) continue;
        for (size_t j = 0; j < part->tensors->trained; j++) {
            part->sum[j] = (at->pass == 0 ? 0.0F : part->sum[j]) + share * part->gradient[j];
        }
    }
}

/* Prototypes are directions: each row of the last matrix of a predictor gets length 1. */
static void scale_prototypes(wn_learner *l)
{
    const size_t first = WN_PART_PROJECTORS + l->setup.prefix_count;
    for (size_t i = first; i < l->part_count; i++) {
        const wn_tensors *tensors = l->parts[i].tensors;
        const wn_tensor *last = NULL;
        for (size_t r = 0; r < tensors->row_count; r++) {
            if (tensors->rows[r].role == WN_TENSOR_WEIGHT) last = &tensors->rows[r];
        }
        const size_t rows = l->p_width, width = last->count / rows;
        for (size_t r = 0; r < rows; r++) {
            float *row = tensors->values + last->offset + r * width;
            double squares = 0.0;
            for (size_t j = 0; j < width; j++) squares += (double)row[j] * (double)row[j];
            const float scale = squares > 0.0 ? (float)(1.0 / sqrt(squares)) : 0.0F;
            for (size_t j = 0; j < width; j++) row[j] *= scale;
        }
    }
}

static wn_status update(wn_learner *l, wn_pool *pool, const wn_learner_input *at, wn_error *err)
{
    for (size_t i = 0; i < l->part_count; i++) {
        wn_learner_part *part = &l->parts[i];
        const float *gradient = part->sum ? part->sum : part->gradient;
        const double rate = i == WN_PART_NETWORK ? at->network_rate : at->rate;
        if (rate > 0.0) WN_TRY(wn_optimizer_step(part->optimizer, pool, part->tensors, gradient, rate, err));
    }
    if (l->setup.method->prototypes) scale_prototypes(l);
    return wn_network_commit(l->student.branch.network, pool, err);
}

/* The teacher's numbers move towards the student's by 1 - momentum. Both have the same tables. */
static wn_status follow(wn_learner *l, wn_pool *pool, double progress, wn_error *err)
{
    const wn_method *method = l->setup.method;
    if (!method->momentum) return WN_OK;
    wn_tensors *teacher[WN_LEARNER_PARTS_MAX];
    const size_t count = wn_branch_tensors(&l->teacher.branch, teacher);
    const float keep = (float)method->momentum(l->setup.method_params, progress);
    for (size_t i = 0; i < count; i++) {
        const float *student = l->parts[i].tensors->values;
        for (size_t j = 0; j < teacher[i]->total; j++) {
            teacher[i]->values[j] = keep * teacher[i]->values[j] + (1.0F - keep) * student[j];
        }
    }
    return wn_network_commit(l->teacher.branch.network, pool, err);
}

wn_status wn_learner_step(wn_learner *l, wn_pool *pool, const wn_learner_input *at, wn_learner_report *report,
                          wn_error *err)
{
    wn_learner_side *student = &l->student;
    *report = (wn_learner_report){0};
    WN_TRY(embed(student, pool, at->pixels, err));
    if (l->setup.method->momentum) WN_TRY(embed(&l->teacher, pool, at->pixels, err));
    memset(l->dembedding, 0, student->branch.rows * l->dim * sizeof *l->dembedding);
    for (uint32_t k = 0; k < l->setup.prefix_count; k++) WN_TRY(run_prefix(l, pool, k, at, &report->loss, err));
    WN_TRY(wn_mlp_backward(student->branch.head_run, pool, l->dembedding, l->dfeatures, l->parts[WN_PART_HEAD].gradient,
                           err));
    if (at->network_rate > 0.0)
        WN_TRY(wn_batch_backward(student->branch.batch, pool, l->dfeatures, l->parts[WN_PART_NETWORK].gradient, err));
    else
        memset(l->parts[WN_PART_NETWORK].gradient, 0, l->parts[WN_PART_NETWORK].tensors->trained * sizeof(float));
    gather(l, at);

    wn_spread_measure(student->embedding, l->setup.images, l->setup.views, l->dim, &report->spread);
    const double length = gradient_length(l);
    if (!isfinite(report->loss) || !isfinite(length))
        return wn_fail(err, WN_INTERNAL, "the loss is no longer a number (loss %g, gradient %g)", report->loss, length);
    if (!wn_batch_is_finite(student->branch.batch))
        return wn_fail(err, WN_INTERNAL, "the variance of an activation is no longer a number");
    wn_batch_absorb(student->branch.batch, statistics_momentum);
    for (uint32_t k = 0; k < l->setup.prefix_count; k++) {
        wn_mlp_absorb(student->branch.projector_runs[k], statistics_momentum);
        if (student->branch.predictors[k]) wn_mlp_absorb(student->branch.predictor_runs[k], statistics_momentum);
    }
    if (l->setup.accumulate > 1 && at->pass + 1 < l->setup.accumulate) return WN_OK;
    WN_TRY(update(l, pool, at, err));
    return follow(l, pool, at->progress, err);
}

void wn_learner_align_teacher(wn_learner *l)
{
    wn_tensors *teacher[WN_LEARNER_PARTS_MAX];
    if (!l->setup.method->momentum) return;
    const size_t count = wn_branch_tensors(&l->teacher.branch, teacher);
    for (size_t i = 0; i < count; i++) {
        memcpy(teacher[i]->values, l->parts[i].tensors->values, teacher[i]->total * sizeof(float));
    }
}

size_t wn_learner_parts(wn_learner *learner, const wn_learner_part **parts)
{
    *parts = learner->parts;
    return learner->part_count;
}

size_t wn_learner_states(wn_learner *l, wn_learner_state states[WN_LEARNER_STATES_MAX])
{
    wn_tensors *teacher[WN_LEARNER_PARTS_MAX];
    size_t count = l->setup.method->momentum ? wn_branch_tensors(&l->teacher.branch, teacher) : 0;
    for (size_t i = 0; i < count; i++) states[i] = (wn_learner_state){teacher[i]->values, teacher[i]->total};
    if (l->memory) states[count++] = (wn_learner_state){l->memory, l->memory_floats * l->setup.prefix_count};
    return count;
}

wn_status wn_learner_commit(wn_learner *l, wn_pool *pool, wn_error *err)
{
    if (l->setup.method->momentum) WN_TRY(wn_network_commit(l->teacher.branch.network, pool, err));
    return wn_network_commit(l->student.branch.network, pool, err);
}

wn_network *wn_learner_network(wn_learner *learner)
{
    return learner->student.branch.network;
}
