/* SPDX-License-Identifier: Apache-2.0
 *
 * Random numbers that depend only on (seed, stream): one stream per chunk, image or step makes results independent
 * of threads. The generator is PCG32 (O'Neill 2014, XSH-RR), its state set by SplitMix64 (Steele et al. 2014).
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct wn_rng {
    uint64_t state, increment;
} wn_rng;

void wn_rng_init(wn_rng *rng, uint64_t seed, uint64_t stream);
uint32_t wn_rng_u32(wn_rng *rng);
uint64_t wn_rng_u64(wn_rng *rng);

/* Uniform in [0, n), n > 0, without bias (Lemire 2019). */
uint32_t wn_rng_below(wn_rng *rng, uint32_t n);

/* Uniform in [0, 1), 24 bits; and in [low, high). */
float wn_rng_uniform(wn_rng *rng);
float wn_rng_range(wn_rng *rng, float low, float high);

/* Standard normal (Box and Muller). */
float wn_rng_normal(wn_rng *rng);

/* `k` different numbers below `n` (k <= n) in random order, into `out`. Uses n * 8 bytes of scratch when k is a large
 * part of n; returns 0 when memory is short, else 1. */
int wn_rng_sample(wn_rng *rng, int64_t n, int64_t k, int64_t *out);

/* SplitMix64's mixing step: a good 64-bit hash of a number. */
uint64_t wn_rng_mix(uint64_t x);

#endif
