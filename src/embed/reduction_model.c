/* SPDX-License-Identifier: Apache-2.0
 *
 * A model whose rows are those of another one, reduced.
 */
#include <math.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "embed/model_private.h"
#include "embed/reduction.h"
#include "winnow/memory.h"

enum { IMAGES_PER_PASS = 1024 };

typedef struct reduced_model {
    wn_model *base;
    wn_reduction reduction;
} reduced_model;

wn_status wn_reduction_apply(const wn_reduction *reduction, const wn_matrix *matrix, wn_pool *pool, float *out,
                             wn_error *err)
{
    const size_t dim = reduction->pca.dim;
    WN_TRY(wn_pca_apply(&reduction->pca, matrix, pool, out, err));
    if (!reduction->base || !reduction->base[0]) return WN_OK;
    for (size_t r = 0; r < matrix->rows; r++)
        if (!isnan(out[r * dim])) wn_model_cut_prefix(out + r * dim, 1, dim, dim, out + r * dim);
    return WN_OK;
}

static wn_status embed(void *self, wn_pool *pool, const uint8_t *images, size_t n, float *out, wn_error *err)
{
    reduced_model *m = self;
    const wn_pca *pca = &m->reduction.pca;
    const size_t side = wn_model_get_info(m->base)->side, most = n < IMAGES_PER_PASS ? n : IMAGES_PER_PASS;
    wn_status status = WN_OK;
    float *rows = wn_alloc(WN_MEMORY_MATRIX, most, pca->from * sizeof *rows);
    if (!rows) return wn_fail(err, WN_NOMEM, "no memory for %zu embeddings", most);
    for (size_t first = 0; first < n && !status; first += IMAGES_PER_PASS) {
        const size_t count = n - first < IMAGES_PER_PASS ? n - first : IMAGES_PER_PASS;
        const wn_matrix matrix = {rows, count, pca->from, pca->from};
        status = wn_model_embed(m->base, pool, images + first * side * side * 3, count, rows, err);
        if (!status) status = wn_pca_apply(pca, &matrix, pool, out + first * pca->dim, err);
    }
    wn_free(rows);
    return status;
}

static uint64_t memory(const void *self, unsigned threads)
{
    const reduced_model *m = self;
    const uint64_t from = m->reduction.pca.from;
    return wn_model_get_memory(m->base, threads) + from * (IMAGES_PER_PASS + threads + m->reduction.pca.dim) * 4;
}

static void close_model(void *self)
{
    reduced_model *m = self;
    wn_model_close(&m->base);
    wn_reduction_clear(&m->reduction);
    wn_free(m);
}

static const wn_model_backend backend = {embed, memory, close_model};

static wn_status describe(const reduced_model *m, const char *name, wn_buffer *text, wn_model_info *info, wn_error *err)
{
    const wn_pca *pca = &m->reduction.pca;
    const wn_model_info *base = wn_model_get_info(m->base);
    if (base->hash != m->reduction.base_hash || base->dim != pca->from)
        return wn_fail(err, WN_INVALID,
                       "%s: the model behind it, '%s', is not the one that it was fitted to; make it again with --dim",
                       name, m->reduction.base);
    (void)wn_buffer_format(text, "reduced=%zu from=%zu whitened=%s variance=%.4f rows=%llu model=%s", pca->dim,
                           pca->from, pca->whiten ? "yes" : "no", wn_pca_explained(pca), (unsigned long long)pca->rows,
                           m->reduction.base);
    if (text->status) return wn_fail(err, text->status, "%s: out of memory", name);
    *info = *base;
    info->options = text->data;
    info->dim = (uint32_t)pca->dim;
    info->prefix_count = 1;
    info->prefixes[0] = info->dim;
    info->hash = m->reduction.hash;
    return WN_OK;
}

wn_status wn_model_reduce(wn_model **base, wn_reduction *reduction, const char *name, wn_model **out, wn_error *err)
{
    wn_model_info info;
    wn_buffer text;
    *out = NULL;
    reduced_model *m = wn_calloc(WN_MEMORY_NETWORK, 1, sizeof *m);
    if (!m) {
        wn_model_close(base);
        wn_reduction_clear(reduction);
        return wn_fail(err, WN_NOMEM, "%s: out of memory", name);
    }
    *m = (reduced_model){*base, *reduction};
    *base = NULL;
    *reduction = (wn_reduction){0};
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    wn_status status = describe(m, name, &text, &info, err);
    if (status)
        close_model(m);
    else
        status = wn_model_wrap(&backend, m, &info, out, err);
    wn_buffer_clear(&text);
    return status;
}

const wn_pca *wn_model_reduction(const wn_model *model, const wn_model **base)
{
    if (model->backend != &backend) return NULL;
    const reduced_model *m = model->self;
    *base = m->base;
    return &m->reduction.pca;
}
