/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows picked so far.
 */
#include "selection/picks.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

uint64_t wn_picks_bytes(size_t capacity, size_t dim)
{
    uint64_t stride = wn_coarse_stride(dim), padded = wn_tile_padded(capacity);
    return sizeof(wn_picks) + (uint64_t)capacity * (dim * sizeof(float) + sizeof(double) + stride + sizeof(float)) +
           padded * (stride + 2 * sizeof(int32_t)) + WN_TILE_WIDTH * stride + dim * sizeof(float);
}

wn_status wn_picks_new(const wn_coarse *coarse, size_t capacity, wn_picks **out, wn_error *err)
{
    size_t dim = coarse->space->matrix.cols, padded = wn_tile_padded(capacity);
    wn_picks *p = wn_calloc(WN_MEMORY_SELECTION, 1, sizeof *p);
    *out = NULL;
    if (!p) return wn_fail(err, WN_NOMEM, "no memory for %zu picks", capacity);
    p->coarse = coarse;
    p->capacity = capacity;
    p->values = wn_alloc(WN_MEMORY_SELECTION, capacity * dim, sizeof *p->values);
    p->scales = wn_alloc(WN_MEMORY_SELECTION, capacity, sizeof *p->scales);
    p->codes = wn_alloc(WN_MEMORY_SELECTION, capacity, coarse->stride);
    p->errors = wn_alloc(WN_MEMORY_SELECTION, capacity, sizeof *p->errors);
    p->panels = wn_alloc(WN_MEMORY_SELECTION, padded, coarse->stride);
    p->bias = wn_alloc(WN_MEMORY_SELECTION, padded, sizeof *p->bias);
    p->norms = wn_alloc(WN_MEMORY_SELECTION, padded, sizeof *p->norms);
    p->signed_codes = wn_alloc(WN_MEMORY_SELECTION, WN_TILE_WIDTH, coarse->stride);
    p->row = wn_alloc(WN_MEMORY_SELECTION, dim, sizeof *p->row);
    if (!p->values || !p->scales || !p->codes || !p->errors || !p->panels || !p->bias || !p->norms ||
        !p->signed_codes || !p->row) {
        wn_picks_free(&p);
        return wn_fail(err, WN_NOMEM, "no memory for %zu picks", capacity);
    }
    wn_tile_kernels_init(&p->tile, wn_cpu_level());
    wn_distance_kernels_init(&p->distance, wn_cpu_level());
    wn_topk_kernels_init(&p->topk, wn_cpu_level());
    *out = p;
    return WN_OK;
}

void wn_picks_free(wn_picks **picks)
{
    wn_picks *p = *picks;
    if (!p) return;
    wn_free(p->row);
    wn_free(p->signed_codes);
    wn_free(p->norms);
    wn_free(p->bias);
    wn_free(p->panels);
    wn_free(p->errors);
    wn_free(p->codes);
    wn_free(p->scales);
    wn_free(p->values);
    wn_free(p);
    *picks = NULL;
}

void wn_picks_add(wn_picks *picks, size_t row)
{
    const wn_coarse *coarse = picks->coarse;
    size_t dim = coarse->space->matrix.cols, at = picks->len++;
    const float *values = wn_matrix_row(&coarse->space->matrix, row);
    int32_t norm;
    assert(at < picks->capacity);
    memcpy(picks->values + at * dim, values, dim * sizeof *values);
    picks->scales[at] = wn_space_scale(coarse->space, values);
    wn_coarse_encode(coarse, values, picks->row, picks->codes + at * coarse->stride, &norm, picks->errors + at);
    if (picks->errors[at] > picks->error_max) picks->error_max = picks->errors[at];
}

void wn_picks_reset(wn_picks *picks)
{
    picks->len = picks->packed = 0;
    picks->error_max = 0;
}

void wn_picks_pack(wn_picks *picks)
{
    size_t stride = picks->coarse->stride;
    for (size_t begin = picks->packed / WN_TILE_WIDTH * WN_TILE_WIDTH; begin < picks->len; begin += WN_TILE_WIDTH) {
        size_t n = picks->len - begin < WN_TILE_WIDTH ? picks->len - begin : WN_TILE_WIDTH;
        for (size_t i = 0; i < n * stride; i++)
            picks->signed_codes[i] = (int8_t)(picks->codes[begin * stride + i] ^ 0x80);
        picks->tile.pack_s8(picks->signed_codes, stride, NULL, n, stride, 128, picks->panels + begin * stride,
                            picks->bias + begin, picks->norms + begin);
    }
    picks->packed = picks->len;
}

/* m codes against n picks from `first` on, which begins a panel. */
static wn_tile_u8s8 make_tile(const wn_picks *picks, const uint8_t *codes, const int32_t *norms, size_t m, size_t first,
                              size_t n)
{
    size_t stride = picks->coarse->stride;
    assert(first % WN_TILE_WIDTH == 0 && first + n <= picks->packed);
    return (wn_tile_u8s8){.rows = codes,
                          .stride = stride,
                          .row_norms = norms,
                          .m = m,
                          .dim = stride,
                          .panels = picks->panels + first * stride,
                          .panel_bias = picks->bias + first,
                          .panel_norms = picks->norms + first,
                          .n = n};
}

void wn_picks_nearest(const wn_picks *picks, size_t panel, const uint8_t *codes, const int32_t *norms, size_t n,
                      int32_t *best, uint32_t *arg)
{
    size_t first = panel * WN_TILE_WIDTH;
    wn_tile_u8s8 tile = make_tile(picks, codes, norms, n, first, picks->len - first);
    for (size_t i = 0; i < n; i++) {
        best[i] = INT32_MAX;
        arg[i] = (uint32_t)first;
    }
    picks->tile.nearest_u8s8(&tile, (uint32_t)first, best, arg);
}

void wn_picks_squares(const wn_picks *picks, const uint8_t *codes, const int32_t *norms, size_t m, size_t first,
                      size_t n, int32_t *squares)
{
    wn_tile_u8s8 tile = make_tile(picks, codes, norms, m, first, n);
    picks->tile.l2sq_u8s8(&tile, squares, WN_PICKS_BLOCK);
}

static double measure(const wn_picks *picks, const wn_probe *probe, size_t pick)
{
    size_t dim = picks->coarse->space->matrix.cols;
    return wn_space_square(probe->values, probe->scale, picks->values + pick * dim, picks->scales[pick], dim);
}

double wn_picks_refine(const wn_picks *picks, const wn_probe *probe, const int32_t *squares, size_t first, size_t n,
                       double bound, uint32_t *hits)
{
    double errors = (double)probe->error + (double)picks->error_max;
    int32_t limit = wn_coarse_limit(picks->coarse, bound, errors);
    size_t count = picks->topk.filter_s32(squares, n, limit, hits), least = 0;
    if (count == 0) return bound;
    for (size_t i = 1; i < count; i++) {
        if (squares[hits[i]] < squares[hits[least]]) least = i;
    }
    /* The pick that looks nearest is measured first: it lowers the limit for the others. */
    double square = measure(picks, probe, first + hits[least]);
    if (square < bound) {
        bound = square;
        limit = wn_coarse_limit(picks->coarse, bound, errors);
    }
    for (size_t i = 0; i < count; i++) {
        if (i == least || squares[hits[i]] > limit) continue;
        square = measure(picks, probe, first + hits[i]);
        if (square < bound) {
            bound = square;
            limit = wn_coarse_limit(picks->coarse, bound, errors);
        }
    }
    return bound;
}

double wn_picks_refine_from(const wn_picks *picks, const wn_probe *probe, size_t from, double bound, int32_t *squares,
                            uint32_t *hits)
{
    size_t stride = picks->coarse->stride;
    while (from < picks->len) {
        size_t n = picks->len - from < WN_PICKS_BLOCK ? picks->len - from : WN_PICKS_BLOCK;
        picks->distance.l2sq_rows_u8(probe->code, picks->codes + from * stride, stride, NULL, n, stride, squares);
        bound = wn_picks_refine(picks, probe, squares, from, n, bound, hits);
        from += n;
    }
    return bound;
}
