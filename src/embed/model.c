/* SPDX-License-Identifier: Apache-2.0
 *
 * A model in memory: the network of its architecture and the linear layer from features to the embedding, or something
 * else behind the same functions.
 */
#include "winnow/model.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "embed/model_file.h"
#include "embed/model_private.h"
#include "winnow/memory.h"

enum { IMAGES_PER_PASS = 256, ROWS_PER_CHUNK = 16 };

static wn_status describe(wn_model *m, const wn_model_content *content, wn_precision precision, wn_error *err)
{
    const wn_model_description *d = &content->description;
    const char *texts[3] = {d->architecture, d->method, d->options};
    for (int i = 0; i < 3; i++) {
        if (!(m->texts[i] = wn_text_copy(texts[i]))) return wn_fail(err, WN_NOMEM, "out of memory for a model");
    }
    m->info = (wn_model_info){.architecture = m->texts[0],
                              .method = m->texts[1],
                              .options = m->texts[2],
                              .side = d->side,
                              .dim = d->dim,
                              .prefix_count = d->prefix_count,
                              .parameters = d->parameters,
                              .images = d->images,
                              .steps = d->steps,
                              .hash = content->hash,
                              .precision = wn_precision_resolve(precision),
                              .cut = wn_model_file_cut(d->options)};
    memcpy(m->info.prefixes, d->prefixes, sizeof m->info.prefixes);
    return WN_OK;
}

static wn_status load_head(wn_model *m, const wn_model_content *content, const char *name, wn_error *err)
{
    const uint32_t dim = m->info.dim, features = m->feature_width;
    const uint32_t weight_shape[2] = {dim, features}, bias_shape[1] = {dim};
    WN_TRY(wn_tensors_add(&m->head, "embedding0.weight", WN_TENSOR_WEIGHT, 2, weight_shape, NULL, err));
    WN_TRY(wn_tensors_add(&m->head, "embedding0.bias", WN_TENSOR_SHIFT, 1, bias_shape, NULL, err));
    WN_TRY(wn_tensors_allocate(&m->head, err));
    WN_TRY(wn_model_file_load(content, name, &m->head, err));

    m->weights = wn_alloc(WN_MEMORY_NETWORK, (size_t)dim * features, sizeof *m->weights);
    m->features = wn_alloc(WN_MEMORY_NETWORK, (size_t)IMAGES_PER_PASS * features, sizeof *m->features);
    if (!m->weights || !m->features) return wn_fail(err, WN_NOMEM, "out of memory for a model");
    const float *from = m->head.values + wn_tensors_find(&m->head, "embedding0.weight")->offset;
    for (size_t j = 0; j < dim; j++) {
        for (size_t k = 0; k < features; k++) m->weights[k * dim + j] = from[j * features + k];
    }
    m->bias = m->head.values + wn_tensors_find(&m->head, "embedding0.bias")->offset;
    return WN_OK;
}

static wn_status load(wn_model *m, const wn_model_content *content, const char *name, wn_precision precision,
                      wn_error *err)
{
    const wn_architecture *architecture = wn_architecture_find(content->description.architecture);
    if (!architecture) {
        return wn_fail(err, WN_UNSUPPORTED, "%s: this build has no network \"%s\"", name,
                       content->description.architecture);
    }
    WN_TRY(describe(m, content, precision, err));
    if (m->info.cut <= 0.0F) return wn_fail(err, WN_CORRUPT, "%s: its option cut is not within 1 to 16", name);
    m->feature_width = wn_architecture_features(architecture);
    if (!wn_architecture_takes_side(architecture, m->info.side) || content->description.features != m->feature_width) {
        return wn_fail(err, WN_CORRUPT, "%s: network \"%s\" does not fit side %u and %u features", name,
                       architecture->name, (unsigned)m->info.side, (unsigned)content->description.features);
    }
    m->info.flop = wn_architecture_flop(architecture, m->info.side) + 2.0 * m->feature_width * m->info.dim;
    WN_TRY(wn_network_new_empty(architecture, &m->network, err));
    WN_TRY(wn_model_file_load(content, name, wn_network_tensors(m->network), err));
    return load_head(m, content, name, err);
}

wn_status wn_model_wrap(const wn_model_backend *backend, void *self, const wn_model_info *info, wn_model **out,
                        wn_error *err)
{
    const char *texts[3] = {info->architecture, info->method, info->options};
    *out = NULL;
    wn_model *m = wn_calloc(WN_MEMORY_NETWORK, 1, sizeof *m);
    if (!m) {
        backend->close(self);
        return wn_fail(err, WN_NOMEM, "out of memory for a model");
    }
    *m = (wn_model){.info = *info, .backend = backend, .self = self};
    for (int i = 0; i < 3; i++) m->texts[i] = wn_text_copy(texts[i]);
    if (!m->texts[0] || !m->texts[1] || !m->texts[2]) {
        wn_model_close(&m);
        return wn_fail(err, WN_NOMEM, "out of memory for a model");
    }
    m->info.architecture = m->texts[0];
    m->info.method = m->texts[1];
    m->info.options = m->texts[2];
    *out = m;
    return WN_OK;
}

wn_status wn_model_open_memory(const void *bytes, size_t len, const char *name, wn_precision precision, wn_model **out,
                               wn_error *err)
{
    wn_model_content content;
    *out = NULL;
    WN_TRY(wn_model_file_parse(bytes, len, name, &content, err));
    wn_model *model = wn_calloc(WN_MEMORY_NETWORK, 1, sizeof *model);
    if (!model) return wn_fail(err, WN_NOMEM, "out of memory for a model");
    wn_status status = load(model, &content, name, precision, err);
    if (status != WN_OK) wn_model_close(&model);
    *out = model;
    return status;
}

void wn_model_close(wn_model **model)
{
    wn_model *m = *model;
    if (!m) return;
    if (m->backend) m->backend->close(m->self);
    wn_batch_free(&m->batch);
    wn_network_free(&m->network);
    wn_tensors_clear(&m->head);
    wn_free(m->weights);
    wn_free(m->features);
    for (int i = 0; i < 3; i++) wn_free(m->texts[i]);
    wn_free(m);
    *model = NULL;
}

const wn_model_info *wn_model_get_info(const wn_model *model)
{
    return &model->info;
}

uint64_t wn_model_get_memory(const wn_model *model, unsigned threads)
{
    const wn_batch_group group = {IMAGES_PER_PASS, model->info.side};
    const wn_batch_options options = {.precision = model->info.precision, .threads = threads > 0 ? threads : 1};
    if (model->backend) return model->backend->memory(model->self, threads);
    return wn_batch_bytes(wn_network_architecture(model->network), &group, 1, &options) + 16 * model->info.parameters +
           (uint64_t)IMAGES_PER_PASS * model->feature_width * sizeof(float);
}

/* The batch for a pool of this size. */
static wn_status prepare(wn_model *m, wn_pool *pool, wn_error *err)
{
    const wn_batch_group group = {IMAGES_PER_PASS, m->info.side};
    const wn_batch_options options = {.precision = m->info.precision, .threads = wn_pool_threads(pool)};
    if (m->batch && options.threads <= m->batch_threads) return WN_OK;
    wn_batch_free(&m->batch);
    WN_TRY(wn_batch_new(m->network, &group, 1, &options, &m->batch, err));
    m->batch_threads = options.threads;
    return wn_network_commit(m->network, pool, err);
}

typedef struct head_work {
    const wn_model *model;
    float *out;
} head_work;

/* Embeddings of some rows of features; each sum runs over the features in order, whatever rows stand beside it. */
static void embed_rows(void *context, size_t begin, size_t end, unsigned worker)
{
    const head_work *work = context;
    const wn_model *m = work->model;
    const size_t dim = m->info.dim, features = m->feature_width;
    (void)worker;
    for (size_t r = begin; r < end; r++) {
        float *restrict out = work->out + r * dim;
        const float *feature = m->features + r * features;
        memcpy(out, m->bias, dim * sizeof *out);
        for (size_t k = 0; k < features; k++) {
            const float *restrict weights = m->weights + k * dim, value = feature[k];
            for (size_t j = 0; j < dim; j++) out[j] += value * weights[j];
        }
        wn_model_cut_prefix(out, 1, dim, dim, out);
    }
}

wn_status wn_model_embed(wn_model *m, wn_pool *pool, const uint8_t *images, size_t n, float *out, wn_error *err)
{
    const size_t image_bytes = (size_t)m->info.side * m->info.side * 3;
    if (m->backend) {
        WN_TRY(m->backend->embed(m->self, pool, images, n, out, err));
        wn_model_cut_prefix(out, n, m->info.dim, m->info.dim, out);
        return WN_OK;
    }
    WN_TRY(prepare(m, pool, err));
    for (size_t first = 0; first < n; first += IMAGES_PER_PASS) {
        size_t count = n - first < IMAGES_PER_PASS ? n - first : IMAGES_PER_PASS;
        head_work work = {m, out + first * m->info.dim};
        WN_TRY(wn_batch_forward_some(m->batch, pool, images + first * image_bytes, count, m->features, err));
        wn_pool_for(pool, count, ROWS_PER_CHUNK, embed_rows, &work);
    }
    return WN_OK;
}

void wn_model_cut_prefix(const float *rows, size_t n, size_t dim, size_t prefix, float *out)
{
    for (size_t r = 0; r < n; r++) {
        const float *from = rows + r * dim;
        float *to = out + r * prefix;
        double squares = 0.0;
        for (size_t j = 0; j < prefix; j++) squares += (double)from[j] * (double)from[j];
        float scale = squares > 0.0 ? (float)(1.0 / sqrt(squares)) : 0.0F;
        for (size_t j = 0; j < prefix; j++) to[j] = from[j] * scale;
    }
}
