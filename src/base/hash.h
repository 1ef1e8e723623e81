/* SPDX-License-Identifier: Apache-2.0
 *
 * Content hashes and checksums: XXH3 (xxHash), 128 and 64 bits. Not for secrets.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* In canonical (big-endian) byte order, so that stored hashes compare alike on every machine. */
typedef struct wn_hash128 {
    uint8_t bytes[16];
} wn_hash128;

wn_hash128 wn_hash128_of(const void *bytes, size_t len);
uint64_t wn_hash64_of(const void *bytes, size_t len);

/* `seed` chains: h = wn_hash64_seeded(a, n, h). */
uint64_t wn_hash64_seeded(const void *bytes, size_t len, uint64_t seed);

/* 32 lower-case digits and a zero byte. */
void wn_hash128_text(const wn_hash128 *hash, char out[33]);

#endif
