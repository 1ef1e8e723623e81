/* SPDX-License-Identifier: Apache-2.0
 *
 * One step of training. Rows of every matrix are views, `view * images + image`, full views before small ones.
 */
#include "pretrain/learner.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "winnow/memory.h"

enum { PART_NETWORK, PART_HEAD, PART_PROJECTORS };

static const float statistics_momentum = 0.1F;

/* A projector and the matrices between it and the loss, which all prefixes share one after another. */
typedef struct projector {
    wn_mlp *mlp;
    wn_mlp_run *run;
} projector;

struct wn_learner {
    wn_learner_setup setup;
    size_t rows, feature_width, dim, out_width;
    wn_tile_kernels kernels;
    wn_network *network;
    wn_batch *batch;
    wn_mlp *head;
    wn_mlp_run *head_run;
    projector projectors[WN_MODEL_PREFIXES_MAX];
    wn_learner_part parts[WN_LEARNER_PARTS_MAX];
    size_t part_count;
    float *features, *dfeatures;   /* rows x feature_width */
    float *embedding, *dembedding; /* rows x dim */
    float *prefix, *dprefix;       /* rows x prefix, contiguous */
    float *out, *z, *dz, *dout;    /* rows x out_width */
    float *inverse_lengths;        /* rows */
    float *scratch;                /* of the loss */
};

static size_t output_width(const wn_method *method)
{
    return method->projector[method->projector_len - 1].width;
}

static size_t setup_rows(const wn_learner_setup *setup)
{
    return setup->images * (setup->views + setup->small_views);
}

static size_t fill_groups(const wn_learner_setup *setup, wn_batch_group groups[2])
{
    groups[0] = (wn_batch_group){setup->images * setup->views, setup->side};
    groups[1] = (wn_batch_group){setup->images * setup->small_views, setup->small_side};
    return setup->small_views > 0 ? 2 : 1;
}

/* The matrices of a learner, as {where, floats}. */
typedef struct matrix_row {
    float **where;
    size_t floats;
} matrix_row;

enum { MATRIX_COUNT = 12 };

static void list_matrices(wn_learner *l, matrix_row rows[MATRIX_COUNT])
{
    const size_t n = l->rows, views = l->setup.views + l->setup.small_views;
    const matrix_row table[MATRIX_COUNT] = {
        {&l->features, n * l->feature_width},
        {&l->dfeatures, n * l->feature_width},
        {&l->embedding, n * l->dim},
        {&l->dembedding, n * l->dim},
        {&l->prefix, n * l->dim},
        {&l->dprefix, n * l->dim},
        {&l->out, n * l->out_width},
        {&l->z, n * l->out_width},
        {&l->dz, n * l->out_width},
        {&l->dout, n * l->out_width},
        {&l->inverse_lengths, n},
        {&l->scratch, l->setup.method->scratch(l->setup.images, views, l->out_width)},
    };
    memcpy(rows, table, sizeof table);
}

static void measure(wn_learner *l, const wn_learner_setup *setup)
{
    l->setup = *setup;
    l->rows = setup_rows(setup);
    l->feature_width = wn_architecture_features(setup->architecture);
    l->dim = setup->prefixes[setup->prefix_count - 1];
    l->out_width = output_width(setup->method);
}

static wn_status make_networks(wn_learner *l, wn_error *err)
{
    const wn_learner_setup *s = &l->setup;
    const wn_mlp_layer head[] = {{(uint32_t)l->dim, WN_ACTIVATION_NONE, false, true}};
    wn_batch_group groups[2];
    size_t group_count = fill_groups(s, groups);
    wn_batch_options options = {.precision = s->precision, .training = true, .threads = s->threads};
    char name[32];

    WN_TRY(wn_network_new(s->architecture, wn_rng_mix(s->seed), &l->network, err));
    WN_TRY(wn_batch_new(l->network, groups, group_count, &options, &l->batch, err));
    WN_TRY(wn_mlp_new((uint32_t)l->feature_width, head, 1, "embedding", wn_rng_mix(s->seed + 1), &l->head, err));
    WN_TRY(wn_mlp_run_new(l->head, l->rows, true, &l->head_run, err));
    for (uint32_t k = 0; k < s->prefix_count; k++) {
        projector *p = &l->projectors[k];
        (void)snprintf(name, sizeof name, "projector%u_", (unsigned)s->prefixes[k]);
        WN_TRY(wn_mlp_new(s->prefixes[k], s->method->projector, s->method->projector_len, name,
                          wn_rng_mix(s->seed + 2 + k), &p->mlp, err));
        WN_TRY(wn_mlp_run_new(p->mlp, l->rows, true, &p->run, err));
    }
    return WN_OK;
}

static wn_status make_part(wn_learner *l, wn_tensors *tensors, wn_error *err)
{
    wn_learner_part *part = &l->parts[l->part_count++];
    wn_optimizer_options options;
    part->tensors = tensors;
    WN_TRY(wn_optimizer_defaults(l->setup.optimizer, &options, err));
    if (l->setup.decay >= 0.0) options.decay = l->setup.decay;
    WN_TRY(wn_optimizer_new(l->setup.optimizer, &options, tensors, &part->optimizer, err));
    part->gradient = wn_alloc(WN_MEMORY_TRAINING, tensors->trained, sizeof(float));
    return part->gradient ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory for gradients");
}

static wn_status make_matrices(wn_learner *l, wn_error *err)
{
    matrix_row rows[MATRIX_COUNT];
    list_matrices(l, rows);
    for (int i = 0; i < MATRIX_COUNT; i++) {
        *rows[i].where = wn_calloc(WN_MEMORY_TRAINING, rows[i].floats, sizeof(float));
        if (!*rows[i].where) return wn_fail(err, WN_NOMEM, "out of memory for a batch of %zu views", l->rows);
    }
    return WN_OK;
}

wn_status wn_learner_new(const wn_learner_setup *setup, wn_learner **out, wn_error *err)
{
    wn_status status;
    wn_learner *l = wn_calloc(WN_MEMORY_TRAINING, 1, sizeof *l);
    *out = NULL;
    if (!l) return wn_fail(err, WN_NOMEM, "out of memory for training");

    measure(l, setup);
    wn_tile_kernels_init(&l->kernels, wn_cpu_level());
    if ((status = make_networks(l, err))) goto done;
    if ((status = make_part(l, wn_network_tensors(l->network), err))) goto done;
    if ((status = make_part(l, wn_mlp_tensors(l->head), err))) goto done;
    for (uint32_t k = 0; k < setup->prefix_count; k++) {
        if ((status = make_part(l, wn_mlp_tensors(l->projectors[k].mlp), err))) goto done;
    }
    if ((status = make_matrices(l, err))) goto done;
    *out = l;
    l = NULL;
done:
    wn_learner_free(&l);
    return status;
}

void wn_learner_stop(wn_learner *l)
{
    matrix_row rows[MATRIX_COUNT];
    list_matrices(l, rows);
    for (int i = 0; i < MATRIX_COUNT; i++) {
        wn_free(*rows[i].where);
        *rows[i].where = NULL;
    }
    for (int k = 0; k < WN_MODEL_PREFIXES_MAX; k++) wn_mlp_run_free(&l->projectors[k].run);
    wn_mlp_run_free(&l->head_run);
    wn_batch_free(&l->batch);
}

void wn_learner_free(wn_learner **learner)
{
    wn_learner *l = *learner;
    if (!l) return;
    wn_learner_stop(l);
    for (size_t i = 0; i < l->part_count; i++) {
        wn_free(l->parts[i].gradient);
        wn_optimizer_free(&l->parts[i].optimizer);
    }
    for (int k = 0; k < WN_MODEL_PREFIXES_MAX; k++) wn_mlp_free(&l->projectors[k].mlp);
    wn_mlp_free(&l->head);
    wn_network_free(&l->network);
    wn_free(l);
    *learner = NULL;
}

/* Numbers of an mlp, each with gradient and two optimiser moments. */
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

uint64_t wn_learner_bytes(const wn_learner_setup *setup)
{
    wn_learner shape = {0};
    matrix_row matrices[MATRIX_COUNT];
    wn_batch_group groups[2];
    size_t group_count = fill_groups(setup, groups);
    wn_batch_options options = {.precision = setup->precision, .training = true, .threads = setup->threads};
    measure(&shape, setup);
    list_matrices(&shape, matrices);

    const wn_mlp_layer head[] = {{(uint32_t)shape.dim, WN_ACTIVATION_NONE, false, true}};
    uint64_t floats = 0,
             numbers = wn_architecture_numbers(setup->architecture) + mlp_numbers(shape.feature_width, head, 1);
    for (int i = 0; i < MATRIX_COUNT; i++) floats += matrices[i].floats;
    floats += mlp_run_floats(shape.rows, shape.feature_width, head, 1);
    for (uint32_t k = 0; k < setup->prefix_count; k++) {
        numbers += mlp_numbers(setup->prefixes[k], setup->method->projector, setup->method->projector_len);
        floats +=
            mlp_run_floats(shape.rows, setup->prefixes[k], setup->method->projector, setup->method->projector_len);
    }
    /* values, gradient and two moments, and the copies that the network computes with */
    return wn_batch_bytes(setup->architecture, groups, group_count, &options) + 4 * floats + 4 * 6 * numbers;
}

/* Contiguous copy of the first `width` numbers of each row. */
static void take_prefix(const float *rows, size_t n, size_t dim, size_t width, float *out)
{
    for (size_t r = 0; r < n; r++) memcpy(out + r * width, rows + r * dim, width * sizeof *out);
}

/* Projector and loss of one prefix; adds the gradient to dembedding. */
static wn_status run_prefix(wn_learner *l, wn_pool *pool, uint32_t k, const float *targets, double *loss, wn_error *err)
{
    const wn_learner_setup *s = &l->setup;
    const wn_method *method = s->method;
    const size_t n = l->rows, width = s->prefixes[k], out = l->out_width;
    const float weight = 1.0F / (float)s->prefix_count;
    wn_loss_input input = {.z = method->unit ? l->z : l->out,
                           .images = s->images,
                           .views = s->views + s->small_views,
                           .dim = out,
                           .kernels = &l->kernels,
                           .pool = pool,
                           .scratch = l->scratch,
                           .targets = targets};

    take_prefix(l->embedding, n, l->dim, width, l->prefix);
    WN_TRY(wn_mlp_forward(l->projectors[k].run, pool, l->prefix, n, l->out, err));
    if (method->unit) wn_l2_normalize_forward(pool, l->out, n, out, out, l->z, out, l->inverse_lengths);
    *loss += (double)weight * method->loss(s->method_params, &input, l->dz);
    for (size_t i = 0; i < n * out; i++) l->dz[i] *= weight;
    if (method->unit) {
        memset(l->dout, 0, n * out * sizeof *l->dout);
        wn_l2_normalize_backward(pool, l->z, l->dz, n, out, out, l->inverse_lengths, l->dout, out);
    }
    WN_TRY(wn_mlp_backward(l->projectors[k].run, pool, method->unit ? l->dout : l->dz, l->dprefix,
                           l->parts[PART_PROJECTORS + k].gradient, err));
    for (size_t r = 0; r < n; r++) {
        for (size_t j = 0; j < width; j++) l->dembedding[r * l->dim + j] += l->dprefix[r * width + j];
    }
    return WN_OK;
}

/* Length of the gradient over all parts. */
static double gradient_length(const wn_learner *l)
{
    double squares = 0.0;
    for (size_t i = 0; i < l->part_count; i++) {
        const float *gradient = l->parts[i].gradient;
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

/* Spread of the first view of each image: sqrt(1 - |mean|^2 / mean of |e|^2). */
static double embedding_std(const wn_learner *l)
{
    const size_t n = l->setup.images, dim = l->dim;
    double squares = 0.0, mean_squares = 0.0;
    for (size_t j = 0; j < dim; j++) {
        double sum = 0.0;
        for (size_t r = 0; r < n; r++) {
            double value = (double)l->embedding[r * dim + j];
            sum += value;
            squares += value * value;
        }
        mean_squares += sum * sum / (double)n;
    }
    return squares > 0.0 ? sqrt(fmax(0.0, 1.0 - mean_squares / squares)) : 0.0;
}

wn_status wn_learner_step(wn_learner *l, wn_pool *pool, const wn_learner_input *input, wn_learner_report *report,
                          wn_error *err)
{
    *report = (wn_learner_report){0};
    WN_TRY(wn_batch_forward(l->batch, pool, input->pixels, l->features, err));
    WN_TRY(wn_mlp_forward(l->head_run, pool, l->features, l->rows, l->embedding, err));
    memset(l->dembedding, 0, l->rows * l->dim * sizeof *l->dembedding);
    for (uint32_t k = 0; k < l->setup.prefix_count; k++)
        WN_TRY(run_prefix(l, pool, k, input->targets, &report->loss, err));
    WN_TRY(wn_mlp_backward(l->head_run, pool, l->dembedding, l->dfeatures, l->parts[PART_HEAD].gradient, err));
    WN_TRY(wn_batch_backward(l->batch, pool, l->dfeatures, l->parts[PART_NETWORK].gradient, err));

    report->embedding_std = embedding_std(l);
    report->gradient_length = gradient_length(l);
    if (!isfinite(report->loss) || !isfinite(report->gradient_length)) {
        return wn_fail(err, WN_INTERNAL, "the loss is no longer a number (loss %g, gradient %g); try a lower --rate",
                       report->loss, report->gradient_length);
    }
    double scale =
        l->setup.clip > 0.0 && report->gradient_length > l->setup.clip ? l->setup.clip / report->gradient_length : 1.0;
    for (size_t i = 0; i < l->part_count; i++) {
        wn_learner_part *part = &l->parts[i];
        if (scale < 1.0) {
            for (size_t j = 0; j < part->tensors->trained; j++) part->gradient[j] *= (float)scale;
        }
        double rate = i == PART_NETWORK ? input->network_rate : input->rate;
        if (rate > 0.0) wn_optimizer_step(part->optimizer, pool, part->tensors, part->gradient, rate);
    }
    wn_batch_absorb(l->batch, statistics_momentum);
    for (uint32_t k = 0; k < l->setup.prefix_count; k++) wn_mlp_absorb(l->projectors[k].run, statistics_momentum);
    return wn_network_commit(l->network, pool, err);
}

size_t wn_learner_parts(wn_learner *learner, const wn_learner_part **parts)
{
    *parts = learner->parts;
    return learner->part_count;
}

wn_status wn_learner_commit(wn_learner *learner, wn_pool *pool, wn_error *err)
{
    return wn_network_commit(learner->network, pool, err);
}

wn_network *wn_learner_network(wn_learner *learner)
{
    return learner->network;
}
