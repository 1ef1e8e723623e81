/* SPDX-License-Identifier: Apache-2.0
 *
 * Values of rows for the objective "weights", and the threshold that rows must pass.
 */
#include <math.h>

#include "base/error.h"
#include "base/rng.h"
#include "winnow/memory.h"
#include "winnow/product.h"

const char *const wn_threshold_names[WN_THRESHOLD_COUNT + 1] = {
#define X(name, text) [WN_THRESHOLD_##name] = text,
    WN_THRESHOLD_MAP(X)
#undef X
};

void wn_weights_typicality(const wn_neighbours *neighbours, float *out)
{
    size_t k = neighbours->k, count = 0;
    double sum = 0;
    for (size_t i = 0; i < neighbours->rows * k; i++) {
        if (neighbours->ids[i] < 0) continue;
        sum += (double)neighbours->distances[i];
        count++;
    }
    double mean = count ? sum / (double)count : 0;
    for (size_t i = 0; i < neighbours->rows; i++) {
        double near = 0;
        size_t len = 0;
        for (size_t j = i * k; j < (i + 1) * k; j++) {
            if (neighbours->ids[j] < 0) continue;
            near += mean > 0 ? exp(-(double)neighbours->distances[j] / mean) : 1; /* all rows are alike */
            len++;
        }
        out[i] = len ? (float)(near / (double)len) : 1;
    }
}

/* exp(-d / mean d), d the distance to the nearest query. */
static wn_status similarity_to(const wn_matrix *rows, const wn_matrix *queries, wn_pool *pool, float *out,
                               wn_error *err)
{
    wn_neighbours found = {0};
    wn_neighbours_request request = {.embeddings = *queries, .queries = *rows, .k = 1, .pool = pool};
    double sum = 0;
    WN_TRY(wn_neighbours_find(wn_index_kind_find("flat"), &request, &found, err));
    for (size_t i = 0; i < rows->rows; i++) sum += (double)found.distances[i];
    double mean = rows->rows ? sum / (double)rows->rows : 0;
    for (size_t i = 0; i < rows->rows; i++) out[i] = mean > 0 ? (float)exp(-(double)found.distances[i] / mean) : 1;
    wn_neighbours_clear(&found);
    return WN_OK;
}

wn_status wn_weights_similarity(const wn_matrix *rows, const wn_matrix *positive, const wn_matrix *negative,
                                wn_pool *pool, float *out, wn_error *err)
{
    bool near = positive->data && positive->rows, far = negative->data && negative->rows;
    if (!near && !far) return wn_fail(err, WN_INVALID, "similarity needs at least one query");
    if ((near && positive->cols != rows->cols) || (far && negative->cols != rows->cols))
        return wn_fail(err, WN_INVALID, "queries of %zu dimensions, but the embeddings have %zu",
                       near ? positive->cols : negative->cols, rows->cols);
    for (size_t i = 0; i < rows->rows; i++) out[i] = 1;
    if (near) WN_TRY(similarity_to(rows, positive, pool, out, err));
    if (!far) return WN_OK;
    float *away = wn_alloc(WN_MEMORY_SELECTION, rows->rows, sizeof *away);
    if (!away) return wn_fail(err, WN_NOMEM, "no memory for the similarity of %zu rows", rows->rows);
    wn_status status = similarity_to(rows, negative, pool, away, err);
    for (size_t i = 0; i < rows->rows && !status; i++) out[i] *= 1 - away[i];
    wn_free(away);
    return status;
}

void wn_weights_random(uint64_t seed, size_t rows, float *out)
{
    for (size_t i = 0; i < rows; i++) {
        uint64_t bits = wn_rng_mix(wn_rng_mix(seed) ^ wn_rng_mix(i + 1)) >> 40; /* 24 bits */
        out[i] = (float)((double)(bits + 1) / 16777216.0);
    }
}

static bool passes(double value, wn_threshold operation, double threshold)
{
    switch (operation) {
    case WN_THRESHOLD_SMALLER:
        return value < threshold;
    case WN_THRESHOLD_SMALLER_EQUAL:
        return value <= threshold;
    case WN_THRESHOLD_BIGGER:
        return value > threshold;
    case WN_THRESHOLD_BIGGER_EQUAL:
        return value >= threshold;
    case WN_THRESHOLD_COUNT:
        break;
    }
    return false;
}

size_t wn_threshold_filter(const float *values, wn_threshold operation, double threshold, int64_t *rows, size_t len)
{
    size_t kept = 0;
    for (size_t i = 0; i < len; i++)
        if (passes((double)values[rows[i]], operation, threshold)) rows[kept++] = rows[i];
    return kept;
}
