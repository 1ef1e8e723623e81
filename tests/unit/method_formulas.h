/* SPDX-License-Identifier: Apache-2.0
 *
 * The losses of the training methods written out in double, straight from the formulas at the head of each method's
 * file. What a method treats as constant (targets, assignments, neighbours) comes in from outside (`z0`, `p0`), so that
 * differences of these functions are the gradients that the methods must give.
 */
#ifndef TESTS_METHOD_FORMULAS_H
#define TESTS_METHOD_FORMULAS_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "pretrain/method.h"

enum { IMAGES = 7, VIEWS = 3, ROWS = IMAGES * VIEWS, QUEUE = 10 };

/* One batch. z, p: what is differentiated; the others are constants. */
typedef struct formula {
    const double *z, *p;
    const double *z0, *p0, *tz, *tp; /* z and p where the gradient is taken */
    const double *targets;           /* of each image, by an outside teacher */
    const double *queue;             /* rows of width dim */
    size_t queue_len, dim, p_dim, teacher_views;
    const double *centre;
    uint64_t seed;
    int64_t step;
} formula;

static inline double dots(const double *a, const double *b, size_t n)
{
    double sum = 0.0;
    for (size_t j = 0; j < n; j++) sum += a[j] * b[j];
    return sum;
}

/* Sum over rows of other images of exp(s). */
static inline double negatives(const formula *f, int r, double temperature)
{
    double sum = 0.0;
    for (int c = 0; c < ROWS; c++) {
        if (c % IMAGES == r % IMAGES) continue;
        sum += exp(dots(f->z + (size_t)r * f->dim, f->z + (size_t)c * f->dim, f->dim) / temperature);
    }
    return sum;
}

static inline double dcl(const formula *f)
{
    double loss = 0.0;
    for (int r = 0; r < ROWS; r++) {
        loss += log(negatives(f, r, 0.1)) / ROWS;
        for (int v = 0; v < VIEWS; v++) {
            int c = v * IMAGES + r % IMAGES;
            if (c == r) continue;
            loss -= dots(f->z + (size_t)r * f->dim, f->z + (size_t)c * f->dim, f->dim) / 0.1 / (ROWS * (VIEWS - 1));
        }
    }
    return loss;
}

static inline double dclw(const formula *f)
{
    double loss = 0.0;
    for (int r = 0; r < ROWS; r++) {
        loss += log(negatives(f, r, 0.1)) / ROWS;
        for (int v = 0; v < VIEWS; v++) {
            int a = r / IMAGES, c = v * IMAGES + r % IMAGES;
            double mean = 0.0;
            if (v == a) continue;
            for (int i = 0; i < IMAGES; i++) {
                mean += exp(dots(f->z0 + (size_t)(a * IMAGES + i) * f->dim, f->z0 + (size_t)(v * IMAGES + i) * f->dim,
                                 f->dim) /
                            0.5) /
                        IMAGES;
            }
            double own = exp(dots(f->z0 + (size_t)r * f->dim, f->z0 + (size_t)c * f->dim, f->dim) / 0.5);
            loss -= (2.0 - own / mean) * dots(f->z + (size_t)r * f->dim, f->z + (size_t)c * f->dim, f->dim) / 0.1 /
                    (ROWS * (VIEWS - 1));
        }
    }
    return loss;
}

static inline double simclr(const formula *f)
{
    double loss = 0.0;
    for (int r = 0; r < ROWS; r++) {
        double others = negatives(f, r, 0.2);
        for (int v = 0; v < VIEWS; v++) {
            int c = v * IMAGES + r % IMAGES;
            if (c == r) continue;
            double s = dots(f->z + (size_t)r * f->dim, f->z + (size_t)c * f->dim, f->dim) / 0.2;
            loss += (log(others + exp(s)) - s) / (ROWS * (VIEWS - 1));
        }
    }
    return loss;
}

/* The columns of a view less their means, one after the other: dim x IMAGES. To be freed. */
static inline double *centred(const formula *f, size_t view)
{
    double *columns = malloc(f->dim * IMAGES * sizeof *columns);
    const double *z = f->z + view * IMAGES * f->dim;
    if (!columns) abort();
    for (size_t j = 0; j < f->dim; j++) {
        double mean = 0.0;
        for (size_t i = 0; i < IMAGES; i++) mean += z[i * f->dim + j] / IMAGES;
        for (size_t i = 0; i < IMAGES; i++) columns[j * IMAGES + i] = z[i * f->dim + j] - mean;
    }
    return columns;
}

static inline double vicreg(const formula *f)
{
    const size_t dim = f->dim, cells = IMAGES * dim;
    double invariance = 0.0, hinge = 0.0, squares = 0.0;
    for (size_t i = 0; i < cells; i++) {
        double mean = 0.0;
        for (size_t v = 0; v < VIEWS; v++) mean += f->z[v * cells + i] / VIEWS;
        for (size_t v = 0; v < VIEWS; v++) invariance += pow(f->z[v * cells + i] - mean, 2) / (double)cells;
    }
    for (size_t v = 0; v < VIEWS; v++) {
        double *columns = centred(f, v);
        for (size_t a = 0; a < dim; a++) {
            for (size_t b = 0; b < dim; b++) {
                const double covariance = dots(columns + a * IMAGES, columns + b * IMAGES, IMAGES) / (IMAGES - 1);
                if (a != b)
                    squares += covariance * covariance / (double)(VIEWS * dim);
                else
                    hinge += fmax(0.0, 1.0 - sqrt(covariance + 1e-4)) / (double)(VIEWS * dim);
            }
        }
        free(columns);
    }
    return 2.0 / (VIEWS - 1) * invariance + hinge + 0.04 * 2.0 * squares;
}

/* Columns of deviation 1, as Barlow Twins scales them. */
static inline double *standardized(const formula *f, size_t view)
{
    double *columns = centred(f, view);
    for (size_t j = 0; j < f->dim; j++) {
        double *x = columns + j * IMAGES, deviation = sqrt(dots(x, x, IMAGES) / IMAGES + 1e-5);
        for (size_t i = 0; i < IMAGES; i++) x[i] /= deviation;
    }
    return columns;
}

static inline double barlow(const formula *f)
{
    double loss = 0.0, *columns[VIEWS];
    for (size_t v = 0; v < VIEWS; v++) columns[v] = standardized(f, v);
    for (size_t a = 0; a < VIEWS; a++) {
        for (size_t b = a + 1; b < VIEWS; b++) {
            for (size_t i = 0; i < f->dim; i++) {
                for (size_t j = 0; j < f->dim; j++) {
                    double c = dots(columns[a] + i * IMAGES, columns[b] + j * IMAGES, IMAGES) / IMAGES;
                    double off = i == j ? c - 1.0 : c;
                    loss += (i == j ? 1.0 : 0.005) * off * off / (double)f->dim / (VIEWS * (VIEWS - 1) / 2);
                }
            }
        }
    }
    for (size_t v = 0; v < VIEWS; v++) free(columns[v]);
    return loss;
}

/* Mean over rows of p of 1 - p . (mean of the targets of the other views, scaled to length 1 when asked). */
static inline double agreement(const formula *f, const double *targets, size_t views, int rescaled)
{
    double loss = 0.0;
    for (size_t r = 0; r < ROWS; r++) {
        double dot = 0.0, squares = 0.0, count = 0.0;
        for (size_t j = 0; j < f->p_dim; j++) {
            double sum = 0.0;
            count = 0.0;
            for (size_t v = 0; v < views; v++) {
                if (v == r / IMAGES) continue;
                sum += targets[(v * IMAGES + r % IMAGES) * f->p_dim + j];
                count += 1.0;
            }
            dot += f->p[r * f->p_dim + j] * sum;
            squares += sum * sum;
        }
        loss += (1.0 - dot / (rescaled ? sqrt(squares) : count)) / ROWS;
    }
    return loss;
}

static inline double simsiam(const formula *f)
{
    return agreement(f, f->z0, VIEWS, 0);
}

static inline double fastsiam(const formula *f)
{
    return agreement(f, f->z0, VIEWS, 1);
}

static inline double byol(const formula *f)
{
    return agreement(f, f->tz, f->teacher_views, 0);
}

static inline double moco(const formula *f)
{
    const size_t dim = f->dim;
    double loss = 0.0;
    for (size_t r = 0; r < ROWS; r++) {
        double others = 0.0;
        for (size_t q = 0; q < f->queue_len; q++) others += exp(dots(f->z + r * dim, f->queue + q * dim, dim) / 0.1);
        for (size_t b = 0; b < f->teacher_views; b++) {
            if (b == r / IMAGES) continue;
            double s = dots(f->z + r * dim, f->tz + (b * IMAGES + r % IMAGES) * dim, dim) / 0.1;
            loss += (log(others + exp(s)) - s) / (double)(f->teacher_views * (VIEWS - 1) * IMAGES);
        }
    }
    return loss;
}

static inline double mocov3(const formula *f)
{
    const size_t dim = f->dim;
    double loss = 0.0;
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t b = 0; b < f->teacher_views; b++) {
            double all = 0.0;
            if (b == r / IMAGES) continue;
            const double *keys = f->tz + b * IMAGES * dim;
            for (size_t i = 0; i < IMAGES; i++) all += exp(dots(f->p + r * dim, keys + i * dim, dim) / 0.2);
            loss += (log(all) - dots(f->p + r * dim, keys + r % IMAGES * dim, dim) / 0.2) /
                    (double)(f->teacher_views * (VIEWS - 1) * IMAGES);
        }
    }
    return loss;
}

static inline double nnclr(const formula *f)
{
    const size_t dim = f->dim;
    double loss = 0.0;
    for (size_t r = 0; r < ROWS; r++) {
        const double *nearest = f->queue_len ? f->queue : f->z0 + r * dim;
        for (size_t q = 1; q < f->queue_len; q++) {
            if (dots(f->z0 + r * dim, f->queue + q * dim, dim) > dots(f->z0 + r * dim, nearest, dim))
                nearest = f->queue + q * dim;
        }
        for (size_t b = 0; b < VIEWS; b++) {
            double all = 0.0;
            if (b == r / IMAGES) continue;
            const double *keys = f->p + b * IMAGES * dim;
            for (size_t i = 0; i < IMAGES; i++) all += exp(dots(nearest, keys + i * dim, dim) / 0.1);
            loss += (log(all) - dots(nearest, keys + r % IMAGES * dim, dim) / 0.1) / (VIEWS * (VIEWS - 1) * IMAGES);
        }
    }
    return loss;
}

/* -target . log softmax(x / temperature). */
static inline double cross_entropy(const double *target, const double *x, size_t n, double temperature)
{
    double sum = 0.0, loss = 0.0;
    for (size_t j = 0; j < n; j++) sum += exp(x[j] / temperature);
    for (size_t j = 0; j < n; j++) loss -= target[j] * (x[j] / temperature - log(sum));
    return loss;
}

static inline double swav(const formula *f)
{
    const size_t k = f->p_dim;
    double *q = calloc(IMAGES * k, sizeof *q), loss = 0.0;
    for (size_t a = 0; a < 2; a++) {
        for (size_t i = 0; i < IMAGES * k; i++) q[i] = exp(f->p0[a * IMAGES * k + i] / 0.05);
        for (int round = 0; round < 3; round++) {
            for (size_t j = 0; j < k; j++) {
                double sum = 0.0;
                for (size_t i = 0; i < IMAGES; i++) sum += q[i * k + j];
                for (size_t i = 0; i < IMAGES; i++) q[i * k + j] /= sum;
            }
            for (size_t i = 0; i < IMAGES; i++) {
                double sum = 0.0;
                for (size_t j = 0; j < k; j++) sum += q[i * k + j];
                for (size_t j = 0; j < k; j++) q[i * k + j] /= sum;
            }
        }
        for (size_t b = 0; b < VIEWS; b++) {
            for (size_t i = 0; i < IMAGES && b != a; i++) {
                loss += cross_entropy(q + i * k, f->p + (b * IMAGES + i) * k, k, 0.1) / (2 * (VIEWS - 1) * IMAGES);
            }
        }
    }
    free(q);
    return loss;
}

static inline double dino(const formula *f)
{
    const size_t k = f->p_dim;
    double *t = calloc(k, sizeof *t), loss = 0.0;
    for (size_t a = 0; a < f->teacher_views; a++) {
        for (size_t i = 0; i < IMAGES; i++) {
            double sum = 0.0;
            for (size_t j = 0; j < k; j++) {
                t[j] = exp((f->tp[(a * IMAGES + i) * k + j] - f->centre[j]) / 0.04);
                sum += t[j];
            }
            for (size_t j = 0; j < k; j++) t[j] /= sum;
            for (size_t b = 0; b < VIEWS; b++) {
                if (b == a) continue;
                loss += cross_entropy(t, f->p + (b * IMAGES + i) * k, k, 0.1) /
                        (double)(f->teacher_views * (VIEWS - 1) * IMAGES);
            }
        }
    }
    free(t);
    return loss;
}

static inline double distill(const formula *f)
{
    const size_t dim = f->dim;
    double directions = 0.0, relations = 0.0;
    for (size_t r = 0; r < ROWS; r++) {
        const double *t = f->targets + r % IMAGES * dim;
        directions += (1.0 - dots(f->z + r * dim, t, dim)) / ROWS;
        for (size_t s = 0; s < ROWS; s++) {
            if (s == r) continue;
            const double d = dots(f->z + r * dim, f->z + s * dim, dim) - dots(t, f->targets + s % IMAGES * dim, dim);
            relations += d * d / (ROWS * (ROWS - 1));
        }
    }
    return directions + 2.0 * relations;
}

/* log det by Gaussian elimination. */
static inline double log_det(double *a, size_t n)
{
    double sum = 0.0;
    for (size_t c = 0; c < n; c++) {
        sum += log(a[c * n + c]);
        for (size_t r = c + 1; r < n; r++) {
            double factor = a[r * n + c] / a[c * n + c];
            for (size_t j = c; j < n; j++) a[r * n + j] -= factor * a[c * n + j];
        }
    }
    return sum;
}

static inline double emp(const formula *f)
{
    const size_t dim = f->dim, cells = IMAGES * dim;
    double *matrix = calloc(dim * dim, sizeof *matrix), loss = 0.0;
    for (size_t i = 0; i < IMAGES; i++) {
        double squares = 0.0;
        for (size_t j = 0; j < dim; j++) {
            double mean = 0.0;
            for (size_t v = 0; v < VIEWS; v++) mean += f->z[v * cells + i * dim + j] / VIEWS;
            squares += mean * mean;
        }
        loss -= sqrt(squares) / IMAGES;
    }
    for (size_t v = 0; v < VIEWS; v++) {
        for (size_t a = 0; a < dim * dim; a++) {
            double sum = 0.0;
            for (size_t i = 0; i < IMAGES; i++) {
                sum += f->z[v * cells + i * dim + a / dim] * f->z[v * cells + i * dim + a % dim];
            }
            matrix[a] = (a / dim == a % dim) + (double)dim / (IMAGES * 0.2) * sum;
        }
        loss -= 0.01 * 0.5 * log_det(matrix, dim) / VIEWS;
    }
    free(matrix);
    return loss;
}

static inline double lejepa(const formula *f)
{
    enum { DIRECTIONS = 256, KNOTS = 17 };
    const size_t dim = f->dim, cells = IMAGES * dim;
    double *a = calloc(dim, sizeof *a), agree = 0.0, law = 0.0;
    wn_rng rng;
    for (size_t i = 0; i < cells; i++) {
        double mean = 0.0;
        for (size_t v = 0; v < VIEWS; v++) mean += f->z[v * cells + i] / VIEWS;
        for (size_t v = 0; v < VIEWS; v++) agree += pow(f->z[v * cells + i] - mean, 2) / (double)(cells * VIEWS);
    }
    wn_rng_init(&rng, wn_rng_mix(f->seed ^ 0x736c69636573ULL), (uint64_t)f->step);
    for (int m = 0; m < DIRECTIONS; m++) {
        double squares = 0.0;
        for (size_t j = 0; j < dim; j++) {
            a[j] = (double)wn_rng_normal(&rng);
            squares += a[j] * a[j];
        }
        for (size_t j = 0; j < dim; j++) a[j] /= sqrt(squares);
        for (size_t v = 0; v < VIEWS; v++) {
            double x[IMAGES];
            for (size_t i = 0; i < IMAGES; i++) x[i] = dots(f->z + v * cells + i * dim, a, dim);
            for (int k = 0; k < KNOTS; k++) {
                double t = 3.0 * k / (KNOTS - 1), real = 0.0, imaginary = 0.0, normal = exp(-t * t / 2);
                for (size_t i = 0; i < IMAGES; i++) {
                    real += cos(t * x[i]) / IMAGES;
                    imaginary += sin(t * x[i]) / IMAGES;
                }
                law += (pow(real - normal, 2) + imaginary * imaginary) * normal * IMAGES * 2.0 * 3.0 / (KNOTS - 1) *
                       (k == 0 || k == KNOTS - 1 ? 0.5 : 1.0) / (VIEWS * DIRECTIONS);
            }
        }
    }
    free(a);
    return 0.95 * agree + 0.05 * law;
}

#endif
