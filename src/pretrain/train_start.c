/* SPDX-License-Identifier: Apache-2.0
 *
 * Starting from a model, and from a teacher.
 */
#include "pretrain/train_start.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "embed/model_file.h"
#include "num/linear.h"
#include "winnow/memory.h"

static wn_status read_model(const char *path, wn_buffer *bytes, wn_model_content *content, wn_error *err)
{
    WN_TRY(wn_model_file_read(path, bytes, err));
    return wn_model_file_parse(bytes->data ? bytes->data : "", bytes->len, path, content, err);
}

wn_status wn_train_start_origin(const char *path, wn_train_origin *out, wn_error *err)
{
    wn_buffer bytes;
    wn_model_content content;
    wn_buffer_init(&bytes, WN_MEMORY_TRAINING, 0);
    wn_status status = read_model(path, &bytes, &content, err);
    if (!status) {
        *out = (wn_train_origin){.side = content.description.side,
                                 .view_side = wn_model_file_view_side(content.description.options),
                                 .hash = content.hash,
                                 .cut = wn_model_file_cut(content.description.options)};
        (void)snprintf(out->network, sizeof out->network, "%s", content.description.architecture);
        if (!wn_architecture_find(out->network))
            status = wn_fail(err, WN_UNSUPPORTED, "%s: this build has no network \"%s\"", path, out->network);
    }
    wn_buffer_clear(&bytes);
    return status;
}

wn_status wn_train_start_from(const char *path, wn_learner *learner, wn_error *err)
{
    const wn_learner_part *parts;
    wn_buffer bytes;
    wn_model_content content;
    (void)wn_learner_parts(learner, &parts);
    wn_buffer_init(&bytes, WN_MEMORY_TRAINING, 0);
    wn_status status = read_model(path, &bytes, &content, err);
    if (!status) status = wn_model_file_load(&content, path, parts[0].tensors, err);
    /* A model with an embedding of another width still gives its network. */
    if (!status && content.description.dim == parts[1].tensors->rows[0].shape[0])
        status = wn_model_file_load(&content, path, parts[1].tensors, err);
    wn_buffer_clear(&bytes);
    return status;
}

static wn_status check_rows(const wn_train_images *images, wn_error *err)
{
    for (int64_t r = 0; r < images->count; r++) {
        const float *row = images->teacher + (size_t)r * images->teacher_dim;
        for (size_t j = 0; j < images->teacher_dim; j++) {
            if (!isfinite(row[j]))
                return wn_fail(err, WN_INVALID,
                               "row %" PRId64
                               " of the teacher (--teacher) holds NaN or infinity; embed the images again, "
                               "or leave that image out of both",
                               r);
        }
    }
    return WN_OK;
}

/* Mean and axes of the teacher's rows. */
static wn_status find_axes(const wn_matrix *rows, size_t wanted, wn_pool *pool, double *mean, double *values,
                           double *vectors, wn_error *err)
{
    const size_t dim = rows->cols;
    double *covariance = wn_alloc(WN_MEMORY_TRAINING, dim * dim, sizeof *covariance);
    if (!covariance) return wn_fail(err, WN_NOMEM, "out of memory for the axes of the teacher");
    wn_status status = wn_linear_mean(rows, pool, mean, err);
    if (!status) status = wn_linear_covariance(rows, mean, (double)rows->rows, pool, covariance, err);
    if (!status) status = wn_linear_eigen(covariance, dim, wanted, values, vectors, err);
    wn_free(covariance);
    return status;
}

/* Rows that are all alike teach nothing: variance of rounding alone. */
static wn_status check_spread(const double *mean, const double *values, size_t k, size_t dim, wn_error *err)
{
    double squares = 0.0, variance = 0.0;
    for (size_t j = 0; j < dim; j++) squares += mean[j] * mean[j];
    for (size_t i = 0; i < k; i++) variance += fmax(values[i], 0.0);
    if (variance > 1e-10 * squares && variance > 0.0) return WN_OK;
    return wn_fail(
        err, WN_INVALID,
        "the teacher (--teacher) says the same of every image, so there is nothing to learn from it; embed the "
        "images with another model");
}

/* Rows of `k` numbers, in place, to rows of `width` and length 1. */
static void spread_rows(float *rows, size_t count, size_t k, size_t width)
{
    for (size_t r = count; r-- > 0;) {
        float *to = rows + r * width;
        double squares = 0.0;
        memmove(to, rows + r * k, k * sizeof *to);
        for (size_t j = k; j < width; j++) to[j] = 0.0F;
        for (size_t j = 0; j < k; j++) squares += (double)to[j] * (double)to[j];
        float scale = squares > 0.0 ? (float)(1.0 / sqrt(squares)) : 0.0F;
        for (size_t j = 0; j < k; j++) to[j] *= scale;
    }
}

wn_status wn_train_start_targets(const wn_train_images *images, size_t width, wn_pool *pool, float **targets,
                                 wn_error *err)
{
    const size_t count = (size_t)images->count, dim = images->teacher_dim, k = dim < width ? dim : width;
    const wn_matrix rows = {images->teacher, count, dim, dim};
    wn_status status;
    *targets = NULL;
    WN_TRY(check_rows(images, err));
    double *mean = wn_alloc(WN_MEMORY_TRAINING, dim, sizeof *mean);
    double *values = wn_alloc(WN_MEMORY_TRAINING, k, sizeof *values);
    double *vectors = wn_alloc(WN_MEMORY_TRAINING, k * dim, sizeof *vectors);
    float *basis = wn_alloc(WN_MEMORY_TRAINING, k * dim, sizeof *basis);
    float *out = wn_alloc(WN_MEMORY_TRAINING, count * width, sizeof *out);
    if (!mean || !values || !vectors || !basis || !out) {
        status = wn_fail(err, WN_NOMEM, "out of memory for the axes of the teacher");
        goto done;
    }
    if ((status = find_axes(&rows, k, pool, mean, values, vectors, err))) goto done;
    if ((status = check_spread(mean, values, k, dim, err))) goto done;
    for (size_t i = 0; i < k * dim; i++) basis[i] = (float)vectors[i];
    if ((status = wn_linear_project(&rows, mean, basis, k, pool, out, err))) goto done;
    spread_rows(out, count, k, width);
    *targets = out;
    out = NULL;
done:
    wn_free(out);
    wn_free(basis);
    wn_free(vectors);
    wn_free(values);
    wn_free(mean);
    return status;
}
