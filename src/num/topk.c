/* SPDX-License-Identifier: Apache-2.0
 *
 * The k smallest of a stream. A key is the distance, mapped to an unsigned number of the same order, above the id: one
 * 64-bit comparison then breaks ties by id, and the result is the same for any order of arrival.
 */
#include "num/topk.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "num/x86/topk_init.h"
#include "winnow/memory.h"

/* Distances are filtered in runs of this many, so that the positions fit the stack and a full row can be cut
 * between runs. */
#define RUN 64

struct wn_topk {
    size_t rows, k, capacity;
    uint64_t *keys;      /* rows x capacity */
    uint64_t *threshold; /* k-th smallest key at the last cut, or UINT64_MAX */
    uint32_t *count;
    wn_topk_kernels kernels;
};

static size_t filter_f32_c(const float *distances, size_t n, float threshold, uint32_t *out)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (distances[i] <= threshold) out[count++] = (uint32_t)i;
    }
    return count;
}

static size_t filter_s32_c(const int32_t *distances, size_t n, int32_t threshold, uint32_t *out)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (distances[i] <= threshold) out[count++] = (uint32_t)i;
    }
    return count;
}

void wn_topk_kernels_init(wn_topk_kernels *kernels, wn_cpu level)
{
#define X(field, signature) kernels->field = field##_c;
    WN_TOPK_MAP(X)
#undef X
    topk_init_x86(kernels, level);
}

/* Floats in unsigned order: the sign bit of positive numbers and all bits of negative ones are turned. -0 becomes +0
 * first, since the two are equal. */
static uint32_t order_f32(float distance)
{
    uint32_t bits;
    distance += 0.0f;
    memcpy(&bits, &distance, sizeof bits);
    return bits ^ (bits >> 31 ? 0xffffffffu : 0x80000000u);
}

static float value_f32(uint32_t order)
{
    uint32_t bits = order ^ (order >> 31 ? 0x80000000u : 0xffffffffu);
    float distance;
    memcpy(&distance, &bits, sizeof distance);
    return distance;
}

static uint32_t order_s32(int32_t distance)
{
    return (uint32_t)distance ^ 0x80000000u;
}

static int32_t value_s32(uint32_t order)
{
    return (int32_t)(order ^ 0x80000000u);
}

wn_status wn_topk_new(size_t rows, size_t k, wn_cpu level, wn_topk **out, wn_error *err)
{
    wn_topk *topk = wn_calloc(WN_MEMORY_MATRIX, 1, sizeof *topk);
    size_t len = 0;
    *out = NULL;
    if (!topk) return wn_fail(err, WN_NOMEM, "no memory for the nearest %zu of %zu rows", k, rows);
    topk->rows = rows;
    topk->k = k;
    topk->capacity = 2 * k + RUN;
    if (k > 0 && k < UINT32_MAX / 4 && wn_mul_size(rows, topk->capacity, &len)) {
        topk->keys = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *topk->keys);
        topk->threshold = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *topk->threshold);
        topk->count = wn_alloc(WN_MEMORY_MATRIX, rows, sizeof *topk->count);
    }
    if (!topk->keys || !topk->threshold || !topk->count) {
        wn_topk_free(&topk);
        return wn_fail(err, WN_NOMEM, "no memory for the nearest %zu of %zu rows", k, rows);
    }
    wn_topk_kernels_init(&topk->kernels, level);
    wn_topk_reset(topk);
    *out = topk;
    return WN_OK;
}

void wn_topk_free(wn_topk **topk)
{
    if (!*topk) return;
    wn_free((*topk)->keys);
    wn_free((*topk)->threshold);
    wn_free((*topk)->count);
    wn_free(*topk);
    *topk = NULL;
}

void wn_topk_reset(wn_topk *topk)
{
    memset(topk->threshold, 0xff, topk->rows * sizeof *topk->threshold);
    memset(topk->count, 0, topk->rows * sizeof *topk->count);
}

static void swap_keys(uint64_t *a, uint64_t *b)
{
    uint64_t kept = *a;
    *a = *b;
    *b = kept;
}

/* Hoare's selection: afterwards keys[0 .. k - 1] are the k smallest and keys[k - 1] is the greatest of them. */
static void select_smallest(uint64_t *keys, size_t n, size_t k)
{
    ptrdiff_t low = 0, high = (ptrdiff_t)n - 1, target = (ptrdiff_t)k - 1;
    while (low < high) {
        uint64_t pivot = keys[target];
        ptrdiff_t i = low, j = high;
        do {
            while (keys[i] < pivot) i++;
            while (keys[j] > pivot) j--;
            if (i <= j) swap_keys(&keys[i++], &keys[j--]);
        } while (i <= j);
        if (j < target) low = i;
        if (target < i) high = j;
    }
}

/* Keeps the k smallest of a row once it has more. */
static void cut_row(wn_topk *topk, size_t row)
{
    uint64_t *keys = topk->keys + row * topk->capacity;
    if (topk->count[row] < topk->k) return;
    select_smallest(keys, topk->count[row], topk->k);
    topk->count[row] = (uint32_t)topk->k;
    topk->threshold[row] = keys[topk->k - 1];
}

/* Takes one key; the caller made room. */
static void add_key(wn_topk *topk, size_t row, uint32_t order, uint32_t id)
{
    uint64_t key = (uint64_t)order << 32 | id;
    if (key >= topk->threshold[row]) return;
    topk->keys[row * topk->capacity + topk->count[row]++] = key;
}

/* The first cut comes as early as possible, so that the threshold starts to work. */
static void make_room(wn_topk *topk, size_t row)
{
    bool first = topk->threshold[row] == UINT64_MAX && topk->count[row] >= topk->k;
    if (first || topk->count[row] + RUN > topk->capacity) cut_row(topk, row);
}

float wn_topk_threshold_f32(const wn_topk *topk, size_t row)
{
    uint64_t key = topk->threshold[row];
    return key == UINT64_MAX ? INFINITY : value_f32((uint32_t)(key >> 32));
}

int32_t wn_topk_threshold_s32(const wn_topk *topk, size_t row)
{
    return value_s32((uint32_t)(topk->threshold[row] >> 32));
}

/* push and take of one distance type */
#define DEFINE_TYPE(type, value)                                                                                       \
    void wn_topk_push_##type(wn_topk *topk, size_t row, const value *distances, const uint32_t *ids, size_t n,         \
                             uint32_t first_id)                                                                        \
    {                                                                                                                  \
        uint32_t passed[RUN];                                                                                          \
        for (size_t start = 0; start < n; start += RUN) {                                                              \
            size_t len = n - start < RUN ? n - start : RUN;                                                            \
            make_room(topk, row);                                                                                      \
            size_t count =                                                                                             \
                topk->kernels.filter_##type(distances + start, len, wn_topk_threshold_##type(topk, row), passed);      \
            for (size_t i = 0; i < count; i++) {                                                                       \
                size_t at = start + passed[i];                                                                         \
                add_key(topk, row, order_##type(distances[at]), ids ? ids[at] : first_id + (uint32_t)at);              \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    size_t wn_topk_take_##type(wn_topk *topk, size_t row, value *distances, uint32_t *ids)                             \
    {                                                                                                                  \
        uint64_t *keys = topk->keys + row * topk->capacity;                                                            \
        cut_row(topk, row);                                                                                            \
        size_t count = topk->count[row];                                                                               \
        qsort(keys, count, sizeof *keys, compare_keys);                                                                \
        for (size_t i = 0; i < count; i++) {                                                                           \
            if (distances) distances[i] = value_##type((uint32_t)(keys[i] >> 32));                                     \
            if (ids) ids[i] = (uint32_t)keys[i];                                                                       \
        }                                                                                                              \
        return count;                                                                                                  \
    }

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

DEFINE_TYPE(f32, float)
DEFINE_TYPE(s32, int32_t)
