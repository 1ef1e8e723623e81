/* SPDX-License-Identifier: Apache-2.0
 *
 * Every loss against its definition written out in double (method_formulas.h), every gradient against finite
 * differences of that, and the same bytes for any number of threads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "method_formulas.h"
#include "pretrain/infonce.h"
#include "sanitizer.h"
#include "winnow/cpu.h"
#include "winnow/memory.h"
#include "winnow/train.h"

/* Where the losses are taken: enough of each for any method. */
typedef struct batch {
    size_t dim, p_dim, cells, p_cells;
    float *z, *p, *tz, *tp, *targets, *memory, *dz, *dp, *scratch;
    size_t memory_floats, scratch_floats;
    unsigned char params[WN_METHOD_PARAMS_MAX];
} batch;

enum { TEACHER_VIEWS = 2, STEP = 3, SEED = 12 };

/* Rows of random numbers around a direction of their image; at length 1 when asked. */
static float *make_rows(size_t rows, size_t dim, float scale, bool unit, uint64_t stream)
{
    float *out = wn_alloc(WN_MEMORY_GENERAL, rows * dim + 1, sizeof *out);
    wn_rng rng;
    assert_non_null(out);
    wn_rng_init(&rng, 5, stream);
    for (size_t r = 0; r < rows; r++) {
        double length = 0.0;
        for (size_t j = 0; j < dim; j++) {
            out[r * dim + j] = scale * wn_rng_normal(&rng) + (j < 3 ? (float)(r % IMAGES) * 0.1F : 0.0F);
            length += (double)out[r * dim + j] * (double)out[r * dim + j];
        }
        for (size_t j = 0; j < dim && unit; j++) out[r * dim + j] /= (float)sqrt(length);
    }
    return out;
}

/* Some queue, or some centre: whatever the method keeps, as it would be after earlier steps. */
static void fill_memory(const wn_method *method, batch *b)
{
    if (!method->memory) return;
    b->memory_floats = method->memory(b->params, b->dim, b->p_dim);
    b->memory = wn_calloc(WN_MEMORY_GENERAL, b->memory_floats, sizeof *b->memory);
    assert_non_null(b->memory);
    float *rows = make_rows(QUEUE, b->dim, 1.0F, true, 7);
    if (b->memory_floats == b->p_dim) {
        for (size_t j = 0; j < b->p_dim; j++) b->memory[j] = 0.02F * sinf((float)j);
    } else {
        b->memory[0] = b->memory[1] = QUEUE; /* rows that are there, where the next one goes (infonce.h) */
        memcpy(b->memory + 16, rows, QUEUE * b->dim * sizeof *rows);
    }
    wn_free(rows);
}

static void make_batch(const wn_method *method, float scale, batch *b)
{
    wn_error err = {0};
    *b = (batch){.dim = wn_method_width(method), .p_dim = wn_method_predictor_width(method)};
    b->cells = ROWS * b->dim;
    b->p_cells = ROWS * b->p_dim;
    assert_int_equal(wn_method_read_options(method, NULL, b->params, &err), WN_OK);
    b->z = make_rows(ROWS, b->dim, scale, method->unit, 1);
    b->tz = make_rows(ROWS, b->dim, scale, method->unit, 2);
    b->targets = make_rows(IMAGES, b->dim, 1.0F, true, 6);
    b->p = make_rows(ROWS, b->p_dim, method->prototypes ? 0.2F : 1.0F, method->unit_p, 3);
    b->tp = make_rows(ROWS, b->p_dim, method->prototypes ? 0.2F : 1.0F, method->unit_p, 4);
    b->dz = wn_alloc(WN_MEMORY_GENERAL, b->cells, sizeof *b->dz);
    b->dp = wn_alloc(WN_MEMORY_GENERAL, b->p_cells + 1, sizeof *b->dp);
    if (method->scratch) b->scratch_floats = method->scratch(b->params, IMAGES, VIEWS, b->dim);
    b->scratch = wn_alloc(WN_MEMORY_GENERAL, b->scratch_floats + 1, sizeof *b->scratch);
    assert_true(b->dz && b->dp && b->scratch);
    fill_memory(method, b);
}

static void free_batch(batch *b)
{
    float *all[] = {b->z, b->p, b->tz, b->tp, b->targets, b->memory, b->dz, b->dp, b->scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) wn_free(all[i]);
}

/* The method's own loss and gradients; its memory is put back. */
static double run(const wn_method *method, wn_pool *pool, const batch *b)
{
    wn_tile_kernels kernels;
    float *memory = NULL;
    wn_tile_kernels_init(&kernels, wn_cpu_level());
    if (b->memory) {
        memory = wn_alloc(WN_MEMORY_GENERAL, b->memory_floats, sizeof *memory);
        assert_non_null(memory);
        memcpy(memory, b->memory, b->memory_floats * sizeof *memory);
    }
    wn_loss_input input = {.z = b->z,
                           .images = IMAGES,
                           .views = VIEWS,
                           .dim = b->dim,
                           .kernels = &kernels,
                           .pool = pool,
                           .scratch = b->scratch,
                           .memory = memory,
                           .targets = b->targets,
                           .step = STEP,
                           .seed = SEED};
    if (method->predictor) {
        input.p = b->p;
        input.dp = b->dp;
        input.p_dim = b->p_dim;
    }
    if (method->momentum) {
        input.tz = b->tz;
        input.tp = method->teacher_predicts ? b->tp : NULL;
        input.teacher_views = TEACHER_VIEWS;
    }
    double loss = method->loss(b->params, &input, b->dz);
    wn_free(memory);
    return loss;
}

static double *widen(const float *in, size_t n)
{
    double *out = calloc(n + 1, sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i < n && in; i++) out[i] = (double)in[i];
    return out;
}

/* Slopes of the formula at some numbers against the gradient. A few hundred numbers are looked at, evenly spread. */
static void compare_slopes(const char *name, double reference(const formula *), formula *f, double *x, const float *dx,
                           size_t n)
{
    const size_t stride = n > 300 ? n / 149 : 1;
    double largest = 0.0;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs((double)dx[i]));
    for (size_t i = 0; i < n; i += stride) {
        const double step = 1e-5, at = x[i];
        x[i] = at + step;
        double up = reference(f);
        x[i] = at - step;
        double slope = (up - reference(f)) / (2.0 * step);
        x[i] = at;
        if (fabs(slope - (double)dx[i]) > 5e-5 * largest + 1e-9) {
            fail_msg("%s: gradient %zu is %.9g, should be %.9g", name, i, (double)dx[i], slope);
        }
    }
}

static void compare(const char *name, double reference(const formula *), float scale)
{
    const wn_method *method = wn_method_find(name);
    batch b;
    assert_non_null(method);
    make_batch(method, scale, &b);
    const double loss = run(method, NULL, &b);
    double *z = widen(b.z, b.cells), *p = widen(b.p, b.p_cells), *z0 = widen(b.z, b.cells), *p0 = widen(b.p, b.p_cells);
    double *tz = widen(b.tz, b.cells), *tp = widen(b.tp, b.p_cells), *targets = widen(b.targets, IMAGES * b.dim);
    double *memory = widen(b.memory, b.memory_floats);
    formula f = {.z = z,
                 .p = p,
                 .z0 = z0,
                 .p0 = p0,
                 .tz = tz,
                 .tp = tp,
                 .targets = targets,
                 .queue = memory + 16,
                 .queue_len = QUEUE,
                 .centre = memory,
                 .dim = b.dim,
                 .p_dim = b.p_dim,
                 .teacher_views = TEACHER_VIEWS,
                 .seed = SEED,
                 .step = STEP};
    const double expected = reference(&f);
    if (fabs(loss - expected) > 1e-5 * fabs(expected)) fail_msg("%s: loss %.9g, should be %.9g", name, loss, expected);
    compare_slopes(name, reference, &f, z, b.dz, b.cells);
    if (method->predictor) compare_slopes(name, reference, &f, p, b.dp, b.p_cells);
    double *all[] = {z, p, z0, p0, tz, tp, targets, memory};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    free_batch(&b);
}

static const struct {
    const char *name;
    double (*formula)(const formula *);
} formulas[] = {
    {"barlow", barlow}, {"byol", byol},       {"dcl", dcl},       {"dclw", dclw},
    {"dino", dino},     {"distill", distill}, {"emp", emp},       {"fastsiam", fastsiam},
    {"lejepa", lejepa}, {"moco", moco},       {"mocov3", mocov3}, {"nnclr", nnclr},
    {"simclr", simclr}, {"simsiam", simsiam}, {"swav", swav},     {"vicreg", vicreg},
};

static void test_losses_are_their_formulas(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof formulas / sizeof *formulas; i++)
        compare(formulas[i].name, formulas[i].formula, 1.0F);
    compare("vicreg", vicreg, 0.4F); /* the hinge is active for all dimensions */
    compare("vicreg", vicreg, 3.0F); /* and for none */
}

static void test_every_method_has_its_formula(void **state)
{
    (void)state;
    for (size_t i = 0; wn_method_at(i); i++) {
        bool found = false;
        for (size_t k = 0; k < sizeof formulas / sizeof *formulas; k++) {
            found = found || strcmp(formulas[k].name, wn_method_at(i)->name) == 0;
        }
        if (!found) fail_msg("no formula for the method %s", wn_method_at(i)->name);
    }
}

static void test_threads_do_not_change_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; wn_method_at(i); i++) {
        const wn_method *method = wn_method_at(i);
        batch b;
        make_batch(method, 1.0F, &b);
        double loss = run(method, NULL, &b);
        float *dz = b.dz, *dp = b.dp;
        b.dz = wn_calloc(WN_MEMORY_GENERAL, b.cells, sizeof *dz);
        b.dp = wn_calloc(WN_MEMORY_GENERAL, b.p_cells + 1, sizeof *dp);
        for (unsigned threads = 2; threads <= 7; threads += 5) {
            wn_pool *pool = NULL;
            assert_int_equal(wn_pool_new(threads, 0, &pool, NULL), WN_OK);
            assert_true(run(method, pool, &b) == loss);
            assert_memory_equal(dz, b.dz, b.cells * sizeof *dz);
            if (method->predictor) assert_memory_equal(dp, b.dp, b.p_cells * sizeof *dp);
            wn_pool_free(&pool);
        }
        wn_free(dz);
        wn_free(dp);
        free_batch(&b);
    }
}

static void test_queues_forget_the_oldest(void **state)
{
    enum { CAPACITY = 4, DIM = 2 };
    float memory[16 + CAPACITY * DIM] = {0}, rows[12];
    wn_row_ring ring = wn_row_ring_open(memory, CAPACITY, DIM);
    (void)state;
    for (int i = 0; i < 12; i++) rows[i] = (float)i;
    assert_int_equal(wn_row_ring_floats(CAPACITY, DIM), 16 + CAPACITY * DIM);
    wn_row_ring_push(&ring, rows, 3);
    assert_int_equal(ring.len, 3);
    ring = wn_row_ring_open(memory, CAPACITY, DIM);
    assert_int_equal(ring.len, 3);
    wn_row_ring_push(&ring, rows + 6, 2);
    assert_int_equal(ring.len, 4);
    assert_true(ring.rows[6] == 6.0F && ring.rows[0] == 8.0F && ring.rows[2] == 2.0F);
    wn_row_ring_push(&ring, rows, 6); /* more than there is room for: the last four stay */
    assert_true(ring.rows[2] == 4.0F && ring.rows[0] == 10.0F);
}

static void test_options_are_checked(void **state)
{
    unsigned char params[WN_METHOD_PARAMS_MAX];
    wn_error err = {0};
    (void)state;
    const wn_method *method = wn_method_find("dcl");
    assert_int_equal(wn_method_read_options(method, "temperature=0.5", params, &err), WN_OK);
    assert_int_equal(wn_method_read_options(method, "temperature=x", params, &err), WN_INVALID);
    assert_int_equal(wn_method_read_options(method, "temperatur=0.5", params, &err), WN_INVALID);
    assert_string_equal(err.message, "method 'dcl' has no option 'temperatur'; it has temperature; did you mean "
                                     "'temperature'?");
    assert_int_equal(wn_method_read_options(wn_method_find("simsiam"), "zzz=1", params, &err), WN_INVALID);
    assert_string_equal(err.message, "method 'simsiam' has no option 'zzz'; it has none");
    assert_int_equal(wn_train_check_method_options(NULL, NULL, &err), WN_OK);
    assert_int_equal(wn_train_check_method_options("moco", "queue=64,momentum=0.5", &err), WN_OK);
    assert_int_equal(wn_train_check_method_options("moco", "queue=0", &err), WN_INVALID);
    assert_int_equal(wn_train_check_method_options("mocco", "queue=64", &err), WN_INVALID);
    assert_non_null(strstr(err.message, "did you mean \"moco\""));
    assert_null(wn_method_find("none"));
}

static void test_table_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; wn_method_at(i); i++) {
        const wn_method *method = wn_method_at(i);
        assert_true(method->params_size <= WN_METHOD_PARAMS_MAX);
        assert_true(method->views + method->small_views >= (method->views_least ? method->views_least : 2));
        assert_true(method->projector_len > 0 && strlen(method->summary) > 10 && strlen(method->advice) > 20);
        assert_ptr_equal(wn_method_find(method->name), method);
        assert_ptr_equal(wn_train_get_method_advice(i), method->advice);
        assert_ptr_equal(wn_train_get_method_options(i), method->options);
        if (method->prototypes) assert_true(method->predict_unit && method->unit);
        if (method->teacher_predicts) assert_true(method->momentum && method->predictor);
        for (size_t k = i + 1; wn_method_at(k); k++) assert_string_not_equal(method->name, wn_method_at(k)->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERIAL_TEST(test_losses_are_their_formulas),
        SERIAL_TEST(test_every_method_has_its_formula),
        cmocka_unit_test(test_threads_do_not_change_bytes),
        SERIAL_TEST(test_queues_forget_the_oldest),
        SERIAL_TEST(test_options_are_checked),
        SERIAL_TEST(test_table_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
