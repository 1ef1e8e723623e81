/* SPDX-License-Identifier: Apache-2.0
 *
 * Spread of embeddings, in double throughout: sums are short beside a step of training.
 */
#include "pretrain/spread.h"

#include <math.h>

/* The axes are counted over the first images of a step and the first numbers of an embedding. */
enum { RANK_IMAGES = 128, RANK_DIMS = 1024 };

/* Sums of one dimension: of squares between images and within, and of the first views. */
typedef struct column_sums {
    double between, within, first, first_squares;
} column_sums;

static column_sums add_column(const float *rows, size_t images, size_t views, size_t dim)
{
    column_sums sums = {0};
    double all = 0.0;
    for (size_t i = 0; i < images; i++) {
        double sum = 0.0, squares = 0.0;
        for (size_t v = 0; v < views; v++) {
            const double value = (double)rows[(v * images + i) * dim];
            sum += value;
            squares += value * value;
            if (v == 0) sums.first += value, sums.first_squares += value * value;
        }
        all += sum;
        sums.between += sum * sum / (double)views;
        sums.within += squares - sum * sum / (double)views;
    }
    sums.between -= all * all / (double)(images * views);
    return sums;
}

/* Sum of the squared entries of the matrix of products between the centred first views. */
static double product_squares(const float *rows, size_t images, size_t dim, double *trace)
{
    double mean[RANK_DIMS], squares = 0.0;
    *trace = 0.0;
    if (dim > RANK_DIMS) dim = RANK_DIMS;
    for (size_t j = 0; j < dim; j++) {
        mean[j] = 0.0;
        for (size_t i = 0; i < images; i++) mean[j] += (double)rows[i * dim + j] / (double)images;
    }
    for (size_t a = 0; a < images; a++) {
        for (size_t b = 0; b <= a; b++) {
            double product = 0.0;
            for (size_t j = 0; j < dim; j++)
                product += ((double)rows[a * dim + j] - mean[j]) * ((double)rows[b * dim + j] - mean[j]);
            squares += (a == b ? 1.0 : 2.0) * product * product;
            if (a == b) *trace += product;
        }
    }
    return squares;
}

void wn_spread_measure(const float *rows, size_t images, size_t views, size_t dim, wn_spread *out)
{
    double between = 0.0, within = 0.0, squares = 0.0, mean_squares = 0.0, trace;
    *out = (wn_spread){0};
    if (images < 2 || views < 1) return;
    for (size_t j = 0; j < dim; j++) {
        const column_sums sums = add_column(rows + j, images, views, dim);
        between += sums.between;
        within += sums.within;
        squares += sums.first_squares;
        mean_squares += sums.first * sums.first / (double)images;
    }
    if (squares > 0.0) out->std = sqrt(fmax(0.0, 1.0 - mean_squares / squares));
    const double b = between / (double)(images - 1), w = within / (double)(images * (views > 1 ? views - 1 : 1));
    out->share = views < 2 ? NAN : b + w > 0.0 ? (b - w) / (b + (double)(views - 1) * w) : 0.0;
    const double all = product_squares(rows, images < RANK_IMAGES ? images : RANK_IMAGES, dim, &trace);
    if (all > 0.0) out->rank = trace * trace / all;
}
