/* SPDX-License-Identifier: Apache-2.0
 *
 * Reference of the layout kernels, in double.
 */
#include "num/layout.h"

#include <math.h>

#include "num/x86/layout_init.h"

typedef double law_function(const wn_layout_law *law, double d2);

static double student_law(const wn_layout_law *law, double d2)
{
    (void)law;
    return 1 / (1 + d2);
}

/* Nearer than 1e-6 counts as that far: the power of 0 would be infinite. */
static double pull_law(const wn_layout_law *law, double d2)
{
    double a = (double)law->a, b = (double)law->b, near = fmax(d2, 1e-12), power = pow(near, b);
    return 2 * a * b * power / (near * (1 + a * power));
}

static double push_law(const wn_layout_law *law, double d2)
{
    double a = (double)law->a, b = (double)law->b, power = pow(fmax(d2, 1e-12), b);
    return 2 * b / ((0.001 + d2) * (1 + a * power));
}

typedef struct term {
    law_function *value;
    double limit; /* of what one partner adds to a coordinate */
} term;

static void sum_terms(const wn_layout_law *law, term by, const float *points, size_t stride, const float *at,
                      const uint32_t *partners, const float *weights, size_t n, float *force)
{
    double sum[4] = {0};
    for (size_t i = 0; i < n; i++) {
        const float *partner = points + partners[i] * stride;
        double delta[4] = {0}, d2 = 0;
        for (size_t c = 0; c < stride; c++) {
            delta[c] = (double)partner[c] - (double)at[c];
            d2 += delta[c] * delta[c];
        }
        double factor = by.value(law, d2), weight = weights ? (double)weights[i] : 1;
        for (size_t c = 0; c < stride; c++) sum[c] += weight * fmin(by.limit, fmax(-by.limit, factor * delta[c]));
    }
    for (size_t c = 0; c < stride; c++) force[c] += (float)sum[c];
}

#define DEFINE_SUM(name, limit)                                                                                        \
    static void name(const wn_layout_law *law, const float *points, size_t stride, const float *at,                    \
                     const uint32_t *partners, const float *weights, size_t n, float *force)                           \
    {                                                                                                                  \
        sum_terms(law, (term){name##_law, limit}, points, stride, at, partners, weights, n, force);                    \
    }
DEFINE_SUM(student, INFINITY)
DEFINE_SUM(pull, (double)law->limit)
DEFINE_SUM(push, (double)law->limit)

static void log_sum(const wn_layout_law *law, const float *points, size_t stride, const float *at,
                    const uint32_t *partners, const float *weights, size_t n, float *force)
{
    double sum = 0;
    (void)law;
    for (size_t i = 0; i < n; i++) {
        const float *partner = points + partners[i] * stride;
        double d2 = 0;
        for (size_t c = 0; c < stride; c++) {
            double delta = (double)partner[c] - (double)at[c];
            d2 += delta * delta;
        }
        sum += (weights ? (double)weights[i] : 1) * log1p(d2);
    }
    force[0] += (float)sum;
}

#define DEFINE_PARTS(name, index)                                                                                      \
    static void name(const float *points, size_t stride, const float *at, const index *partners,                       \
                     const wn_layout_part *parts, size_t n_parts, float *force)                                        \
    {                                                                                                                  \
        double sum[4] = {0};                                                                                           \
        for (size_t part = 0; part < n_parts; partners += parts[part++].n)                                             \
            for (size_t i = 0; i < parts[part].n; i++) {                                                               \
                double delta[4] = {0}, below = (double)parts[part].shift;                                              \
                for (size_t c = 0; c < stride; c++) {                                                                  \
                    delta[c] = (double)points[partners[i] * stride + c] - (double)at[c];                               \
                    below += delta[c] * delta[c];                                                                      \
                }                                                                                                      \
                for (size_t c = 0; c < stride; c++) sum[c] += (double)parts[part].factor / (below * below) * delta[c]; \
            }                                                                                                          \
        for (size_t c = 0; c < stride; c++) force[c] += (float)sum[c];                                                 \
    }
DEFINE_PARTS(parts_u16, uint16_t)
DEFINE_PARTS(parts_u32, uint32_t)

void wn_layout_kernels_init(wn_layout_kernels *kernels, wn_cpu level)
{
#define X(field, signature) kernels->field = field;
    WN_LAYOUT_MAP(X)
#undef X
    layout_init_x86(kernels, level);
}
