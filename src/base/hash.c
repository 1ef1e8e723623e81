/* SPDX-License-Identifier: Apache-2.0
 *
 * XXH3 of the xxHash library, inlined for speed on short inputs.
 */
#include "base/hash.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

wn_hash128 wn_hash128_of(const void *bytes, size_t len)
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, len));
    wn_hash128 hash;
    memcpy(hash.bytes, canonical.digest, sizeof hash.bytes);
    return hash;
}

uint64_t wn_hash64_of(const void *bytes, size_t len)
{
    return XXH3_64bits(bytes, len);
}

uint64_t wn_hash64_seeded(const void *bytes, size_t len, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, len, seed);
}

void wn_hash128_text(const wn_hash128 *hash, char out[33])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof hash->bytes; i++) {
        out[2 * i] = digits[hash->bytes[i] >> 4];
        out[2 * i + 1] = digits[hash->bytes[i] & 15];
    }
    out[32] = 0;
}
