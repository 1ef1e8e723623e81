/* SPDX-License-Identifier: Apache-2.0
 *
 * Making a learner, and what it takes.
 */
#include <string.h>

#include "base/error.h"
#include "pretrain/learner_private.h"
#include "winnow/memory.h"

/* A matrix of a learner, as {where, floats}. */
typedef struct matrix_row {
    float **where;
    size_t floats;
} matrix_row;

enum { SIDE_MATRICES = 9, PULL_MATRICES = 9, MATRICES_MAX = 2 * SIDE_MATRICES + PULL_MATRICES };

static size_t fill_groups(const wn_learner_setup *setup, wn_batch_group groups[2])
{
    groups[0] = (wn_batch_group){setup->images * setup->views, setup->side};
    groups[1] = (wn_batch_group){setup->images * setup->small_views, setup->small_side};
    return setup->small_views > 0 ? 2 : 1;
}

static size_t list_side(const wn_learner *l, wn_learner_side *side, size_t n, matrix_row *rows)
{
    const matrix_row table[SIDE_MATRICES] = {
        {&side->features, n * l->feature_width},
        {&side->embedding, n * l->dim},
        {&side->prefix, n * l->dim},
        {&side->out, n * l->out_width},
        {&side->z, n * l->out_width},
        {&side->p_raw, n * l->p_width},
        {&side->p, n * l->p_width},
        {&side->inverse_lengths, n},
        {&side->inverse_lengths_p, n},
    };
    memcpy(rows, table, sizeof table);
    return SIDE_MATRICES;
}

/* All matrices; returns how many. */
static size_t list_matrices(wn_learner *l, matrix_row rows[MATRICES_MAX])
{
    const wn_learner_setup *s = &l->setup;
    const size_t views = s->views + s->small_views, n = s->images * views;
    const size_t scratch =
        s->method->scratch ? s->method->scratch(s->method_params, s->images, views, l->out_width) : 0;
    const matrix_row table[PULL_MATRICES] = {
        {&l->dfeatures, n * l->feature_width},
        {&l->dembedding, n * l->dim},
        {&l->dprefix, n * l->dim},
        {&l->dz, n * l->out_width},
        {&l->dout, n * l->out_width},
        {&l->dread, n * l->out_width},
        {&l->dp, n * l->p_width},
        {&l->dp_raw, n * l->p_width},
        {&l->scratch, scratch},
    };
    memcpy(rows, table, sizeof table);
    size_t count = PULL_MATRICES + list_side(l, &l->student, n, rows + PULL_MATRICES);
    if (s->method->momentum) count += list_side(l, &l->teacher, s->images * s->views, rows + count);
    return count;
}

static void measure(wn_learner *l, const wn_learner_setup *setup)
{
    const wn_method *method = setup->method;
    l->setup = *setup;
    l->feature_width = wn_architecture_features(setup->architecture);
    l->dim = setup->prefixes[setup->prefix_count - 1];
    l->out_width = wn_method_width(method);
    l->p_width = wn_method_predictor_width(method);
    l->memory_floats = method->memory ? method->memory(setup->method_params, l->out_width, l->p_width) : 0;
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
    if (l->setup.accumulate > 1) part->sum = wn_calloc(WN_MEMORY_TRAINING, tensors->trained, sizeof(float));
    return part->gradient && (part->sum || l->setup.accumulate <= 1)
               ? WN_OK
               : wn_fail(err, WN_NOMEM, "out of memory for gradients");
}

static wn_status make_matrices(wn_learner *l, wn_error *err)
{
    matrix_row rows[MATRICES_MAX];
    size_t count = list_matrices(l, rows);
    for (size_t i = 0; i < count; i++) {
        *rows[i].where = wn_calloc(WN_MEMORY_TRAINING, rows[i].floats + 1, sizeof(float));
        if (!*rows[i].where)
            return wn_fail(err, WN_NOMEM, "out of memory for a batch of %zu views", l->student.branch.rows);
    }
    if (l->memory_floats == 0) return WN_OK;
    l->memory = wn_calloc(WN_MEMORY_TRAINING, l->memory_floats * l->setup.prefix_count, sizeof(float));
    return l->memory ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory for what the method keeps");
}

/* The teacher starts as the student: same seed, same numbers. */
static wn_status make_branches(wn_learner *l, wn_error *err)
{
    const wn_method *method = l->setup.method;
    wn_tensors *tensors[WN_LEARNER_PARTS_MAX];
    wn_batch_group groups[2];
    const size_t group_count = fill_groups(&l->setup, groups);
    WN_TRY(wn_branch_init(&l->student.branch, &l->setup, groups, group_count, method->predictor != NULL, err));
    if (method->momentum)
        WN_TRY(wn_branch_init(&l->teacher.branch, &l->setup, groups, 1, method->teacher_predicts, err));
    const size_t count = wn_branch_tensors(&l->student.branch, tensors);
    for (size_t i = 0; i < count; i++) WN_TRY(make_part(l, tensors[i], err));
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
    if ((status = make_branches(l, err))) goto done;
    if ((status = make_matrices(l, err))) goto done;
    *out = l;
    l = NULL;
done:
    wn_learner_free(&l);
    return status;
}

void wn_learner_stop(wn_learner *l)
{
    matrix_row rows[MATRICES_MAX];
    size_t count = list_matrices(l, rows);
    for (size_t i = 0; i < count; i++) {
        wn_free(*rows[i].where);
        *rows[i].where = NULL;
    }
    wn_branch_stop(&l->teacher.branch);
    wn_branch_stop(&l->student.branch);
}

void wn_learner_free(wn_learner **learner)
{
    wn_learner *l = *learner;
    if (!l) return;
    wn_learner_stop(l);
    for (size_t i = 0; i < l->part_count; i++) {
        wn_free(l->parts[i].sum);
        wn_free(l->parts[i].gradient);
        wn_optimizer_free(&l->parts[i].optimizer);
    }
    wn_free(l->memory);
    wn_branch_clear(&l->teacher.branch);
    wn_branch_clear(&l->student.branch);
    wn_free(l);
    *learner = NULL;
}

wn_learner_need wn_learner_bytes(const wn_learner_setup *setup)
{
    wn_learner shape = {0};
    matrix_row matrices[MATRICES_MAX];
    wn_batch_group groups[2];
    const wn_method *method = setup->method;
    const size_t group_count = fill_groups(setup, groups);
    uint64_t numbers, teacher_numbers = 0, floats = 0;
    measure(&shape, setup);
    const size_t count = list_matrices(&shape, matrices);
    for (size_t i = 0; i < count; i++) floats += matrices[i].floats;
    uint64_t passes = wn_branch_bytes(setup, groups, group_count, method->predictor != NULL, &numbers);
    if (method->momentum) passes += wn_branch_bytes(setup, groups, 1, method->teacher_predicts, &teacher_numbers);
    /* Values, gradient, two moments, two for the copies that the network computes with, three of them again in a
     * checkpoint, and the sum of a step's passes. */
    numbers *= setup->accumulate > 1 ? 10 : 9;
    numbers += 4 * teacher_numbers + 2 * (uint64_t)shape.memory_floats * setup->prefix_count;
    return (wn_learner_need){.numbers = sizeof(float) * numbers, .passes = passes + sizeof(float) * floats};
}
