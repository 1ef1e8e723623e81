/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 (FIPS 180-4), a piece at a time: what files that come over the network are compared by. For the hashes of
 * winnow's own data see base/hash.h, which is ten times as fast.
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { WN_SHA256_TEXT = 65 }; /* 64 lower-case digits and a zero byte */

typedef struct wn_sha256 {
    uint32_t state[8];
    uint64_t total; /* bytes so far */
    uint8_t block[64];
} wn_sha256;

void wn_sha256_init(wn_sha256 *hash);
void wn_sha256_add(wn_sha256 *hash, const void *bytes, size_t len);

/* The hash of what was added; more may be added afterwards. */
void wn_sha256_text(const wn_sha256 *hash, char out[WN_SHA256_TEXT]);

#endif
