/* SPDX-License-Identifier: Apache-2.0
 *
 * PCG32, XSH-RR output (O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for
 * Random Number Generation", 2014).
 */
#include "base/rng.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "winnow/memory.h"

uint64_t wn_rng_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

void wn_rng_init(wn_rng *rng, uint64_t seed, uint64_t stream)
{
    uint64_t mixed = wn_rng_mix(seed ^ wn_rng_mix(stream));
    rng->state = wn_rng_mix(mixed);
    rng->increment = wn_rng_mix(mixed ^ 0xda3e39cb94b95bdbu) | 1;
    wn_rng_u32(rng);
}

uint32_t wn_rng_u32(wn_rng *rng)
{
    uint64_t old = rng->state;
    rng->state = old * 6364136223846793005u + rng->increment;
    uint32_t shifted = (uint32_t)(((old >> 18) ^ old) >> 27);
    uint32_t turn = (uint32_t)(old >> 59);
    return (shifted >> turn) | (shifted << ((32 - turn) & 31));
}

uint64_t wn_rng_u64(wn_rng *rng)
{
    uint64_t high = wn_rng_u32(rng);
    return high << 32 | wn_rng_u32(rng);
}

uint32_t wn_rng_below(wn_rng *rng, uint32_t n)
{
    assert(n > 0);
    uint64_t product = (uint64_t)wn_rng_u32(rng) * n;
    if ((uint32_t)product < n) {
        uint32_t rejected = (uint32_t)(-n) % n;
        while ((uint32_t)product < rejected) product = (uint64_t)wn_rng_u32(rng) * n;
    }
    return (uint32_t)(product >> 32);
}

/* As wn_rng_below for 64-bit ranges, by masking and rejection. */
static uint64_t below64(wn_rng *rng, uint64_t n)
{
    if (n <= UINT32_MAX) return wn_rng_below(rng, (uint32_t)n);
    uint64_t mask = UINT64_MAX >> __builtin_clzll(n - 1);
    uint64_t value = wn_rng_u64(rng) & mask;
    while (value >= n) value = wn_rng_u64(rng) & mask;
    return value;
}

float wn_rng_uniform(wn_rng *rng)
{
    return (float)(wn_rng_u32(rng) >> 8) * 0x1p-24f;
}

float wn_rng_range(wn_rng *rng, float low, float high)
{
    return low + (high - low) * wn_rng_uniform(rng);
}

float wn_rng_normal(wn_rng *rng)
{
    float u = 1.0f - wn_rng_uniform(rng);
    float angle = 6.28318530718f * wn_rng_uniform(rng);
    return sqrtf(-2.0f * logf(u)) * cosf(angle);
}

/* The first k steps of a Fisher-Yates shuffle of 0 .. n-1. */
static int sample_dense(wn_rng *rng, int64_t n, int64_t k, int64_t *out)
{
    int64_t *all = wn_alloc(WN_MEMORY_GENERAL, (size_t)n, sizeof *all);
    if (!all) return 0;
    for (int64_t i = 0; i < n; i++) all[i] = i;
    for (int64_t i = 0; i < k; i++) {
        int64_t j = i + (int64_t)below64(rng, (uint64_t)(n - i));
        out[i] = all[j];
        all[j] = all[i];
    }
    wn_free(all);
    return 1;
}

/* Draws with rejection against an open-addressing set; k is a small part of n. */
static int sample_sparse(wn_rng *rng, int64_t n, int64_t k, int64_t *out)
{
    size_t slots = 16;
    while (slots < (size_t)k * 2) slots *= 2;
    int64_t *set = wn_alloc(WN_MEMORY_GENERAL, slots, sizeof *set);
    if (!set) return 0;
    memset(set, 0xff, slots * sizeof *set);
    for (int64_t count = 0; count < k;) {
        int64_t value = (int64_t)below64(rng, (uint64_t)n);
        size_t slot = (size_t)wn_rng_mix((uint64_t)value) & (slots - 1);
        while (set[slot] >= 0 && set[slot] != value) slot = (slot + 1) & (slots - 1);
        if (set[slot] == value) continue;
        set[slot] = value;
        out[count++] = value;
    }
    wn_free(set);
    return 1;
}

int wn_rng_sample(wn_rng *rng, int64_t n, int64_t k, int64_t *out)
{
    assert(k >= 0 && k <= n);
    if (k == 0) return 1;
    return k > n / 8 ? sample_dense(rng, n, k, out) : sample_sparse(rng, n, k, out);
}
