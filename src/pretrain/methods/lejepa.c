/* SPDX-License-Identifier: Apache-2.0
 *
 * LeJEPA (Balestriero and LeCun 2025): the views of an image meet at their mean, and along random directions the batch
 * follows a standard normal law. That is measured by the statistic of Epps and Pulley (1983): with x = z.a over the n
 * images of a view, for a unit direction a,
 *
 *     S = n * integral of |mean exp(i t x) - exp(-t^2 / 2)|^2 exp(-t^2 / 2) dt
 *     loss = (1 - lambda) * mean (z_v - mean over views)^2  +  lambda * mean over views and directions of S
 *
 * The integral over [-3, 3] is that over [0, 3] twice, by the trapezoid rule on 17 knots. Directions are drawn anew at
 * each step.
 */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "pretrain/method.h"
#include "pretrain/product.h"

typedef struct params {
    double lambda;
    int64_t directions;
} params;

static const wn_option options[] = {
    {WN_OPTION_REAL, "lambda", "weight of the normal law against the agreement", offsetof(params, lambda), 0, 1, "0.05",
     NULL, "L", 0},
    {WN_OPTION_INT, "directions", "random directions at each step", offsetof(params, directions), 1, 4096, "256", NULL,
     "N", 0},
    {0},
};

enum { KNOTS = 17 };

static const double knot_last = 3.0;

static const wn_mlp_layer projector[] = {{256, WN_ACTIVATION_RELU, true, false}, {64, WN_ACTIVATION_NONE, false, true}};

typedef struct work {
    const wn_loss_input *in;
    size_t directions, padded;
    float *along;      /* rows x padded: z.a, then d loss / d (z.a) */
    double *statistic; /* views x directions */
    double lambda;
} work;

static size_t scratch_floats(const void *context, size_t images, size_t views, size_t dim)
{
    const size_t m = (size_t)((const params *)context)->directions, rows = images * views;
    size_t panels = wn_product_panels(m, dim), back = wn_product_panels(dim, m);
    return 2 * m * dim + rows * wn_tile_padded(m) + (panels > back ? panels : back) + 2 * views * m + rows * dim +
           images * dim + 2;
}

static void draw_directions(const wn_loss_input *in, size_t count, float *out)
{
    wn_rng rng;
    wn_rng_init(&rng, wn_rng_mix(in->seed ^ 0x736c69636573ULL), (uint64_t)in->step);
    for (size_t m = 0; m < count; m++) {
        float *a = out + m * in->dim;
        double squares = 0.0;
        for (size_t j = 0; j < in->dim; j++) {
            a[j] = wn_rng_normal(&rng);
            squares += (double)a[j] * (double)a[j];
        }
        for (size_t j = 0; j < in->dim; j++) a[j] *= (float)(1.0 / sqrt(squares));
    }
}

/* S of one view and direction, x being `n` numbers `stride` apart; they become weight * d S / d x. */
static double measure_direction(float *x, size_t n, size_t stride, double weight)
{
    const double step = knot_last / (KNOTS - 1);
    double real[KNOTS] = {0}, imaginary[KNOTS] = {0}, sum = 0.0;
    for (size_t i = 0; i < n; i++) { /* exp(i t x) at all knots, by powers of exp(i step x) */
        const double c = cos(step * (double)x[i * stride]), s = sin(step * (double)x[i * stride]);
        double re = 1.0, im = 0.0;
        for (int k = 0; k < KNOTS; k++) {
            real[k] += re / (double)n;
            imaginary[k] += im / (double)n;
            const double next = re * c - im * s;
            im = re * s + im * c;
            re = next;
        }
    }
    double pull_real[KNOTS], pull_imaginary[KNOTS];
    for (int k = 0; k < KNOTS; k++) {
        const double t = step * k, law = exp(-0.5 * t * t);
        const double share = 2.0 * step * law * (k == 0 || k == KNOTS - 1 ? 0.5 : 1.0) * (double)n;
        const double off = real[k] - law;
        sum += share * (off * off + imaginary[k] * imaginary[k]);
        pull_real[k] = -weight * 2.0 * share * off * t / (double)n; /* d cos(t x) / dx = -t sin(t x) */
        pull_imaginary[k] = weight * 2.0 * share * imaginary[k] * t / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        const double c = cos(step * (double)x[i * stride]), s = sin(step * (double)x[i * stride]);
        double re = 1.0, im = 0.0, slope = 0.0;
        for (int k = 0; k < KNOTS; k++) {
            slope += pull_real[k] * im + pull_imaginary[k] * re;
            const double next = re * c - im * s;
            im = re * s + im * c;
            re = next;
        }
        x[i * stride] = (float)slope;
    }
    return sum;
}

/* Chunks are (view, direction) pairs. */
static void measure_directions(void *context, size_t begin, size_t end, unsigned worker)
{
    const work *w = context;
    const double weight = w->lambda / (double)(w->in->views * w->directions);
    (void)worker;
    for (size_t c = begin; c < end; c++) {
        const size_t view = c / w->directions, direction = c % w->directions;
        float *x = w->along + view * w->in->images * w->padded + direction;
        w->statistic[c] = measure_direction(x, w->in->images, w->padded, weight);
    }
}

/* Adds the agreement of views to dz. */
static double agree(const wn_loss_input *in, double weight, float *mean, float *dz)
{
    const size_t cells = in->images * in->dim;
    const double count = (double)(cells * in->views);
    double sum = 0.0;
    for (size_t i = 0; i < cells; i++) {
        float total = 0.0F;
        for (size_t v = 0; v < in->views; v++) total += in->z[v * cells + i];
        mean[i] = total / (float)in->views;
    }
    for (size_t v = 0; v < in->views; v++) {
        for (size_t i = 0; i < cells; i++) {
            const float apart = in->z[v * cells + i] - mean[i];
            sum += (double)apart * (double)apart;
            dz[v * cells + i] += (float)(weight * 2.0 / count) * apart;
        }
    }
    return weight * sum / count;
}

static double loss(const void *context, const wn_loss_input *in, float *dz)
{
    const params *p = context;
    const size_t m = (size_t)p->directions, rows = in->images * in->views, padded = wn_tile_padded(m);
    work w = {.in = in, .directions = m, .padded = padded, .lambda = p->lambda};
    float *directions, *transposed, *mean, *panels, *compact;
    w.statistic = (double *)(void *)in->scratch;
    directions = in->scratch + 2 * in->views * m;
    transposed = directions + m * in->dim;
    mean = transposed + m * in->dim;
    compact = mean + in->images * in->dim;
    w.along = compact; /* its rows move together before the last product */
    panels = w.along + rows * padded;

    draw_directions(in, m, directions);
    wn_product(in->kernels, in->pool, in->z, rows, directions, m, in->dim, panels, w.along, padded);
    wn_pool_for(in->pool, in->views * m, 16, measure_directions, &w);
    for (size_t r = 1; r < rows && padded != m; r++)
        memmove(compact + r * m, w.along + r * padded, m * sizeof *compact);
    wn_transpose(directions, m, in->dim, in->dim, transposed);
    wn_product(in->kernels, in->pool, compact, rows, transposed, in->dim, m, panels, dz, in->dim);
    double sum = agree(in, 1.0 - p->lambda, mean, dz);
    for (size_t c = 0; c < in->views * m; c++) sum += p->lambda * w.statistic[c] / (double)(in->views * m);
    return sum;
}

const wn_method wn_method_lejepa = {
    .name = "lejepa",
    .summary = "views meet at their mean, the batch follows a normal law",
    .advice =
        "One weight to set, no teacher, no negatives, indifferent to the batch; its loss tells how good the run is.",
    .options = options,
    .params_size = sizeof(params),
    .views = 4,
    .small_views = 0,
    .unit = false,
    .projector = projector,
    .projector_len = sizeof projector / sizeof projector[0],
    .scratch = scratch_floats,
    .loss = loss,
};
