/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sha256.h"

#include <stdio.h>
#include <string.h>

enum { BLOCK = 64, LENGTH_AT = 56, ROUNDS = 64 };

/* First 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turn(uint32_t x, int by)
{
    return (x >> by) | (x << (32 - by));
}

static void spread(const uint8_t *block, uint32_t w[ROUNDS])
{
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
               block[4 * i + 3];
    for (int i = 16; i < ROUNDS; i++) {
        const uint32_t a = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >> 3);
        const uint32_t b = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >> 10);
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
}

/* Names as in the standard: s[0..7] are its a to h. */
static void mix(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[ROUNDS], s[8];
    spread(block, w);
    memcpy(s, state, sizeof s);
    for (int i = 0; i < ROUNDS; i++) {
        const uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
        const uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        const uint32_t first = s[7] + (turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25)) + choice + constants[i] + w[i];
        const uint32_t second = (turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22)) + majority;
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += first;
        s[0] = first + second;
    }
    for (int i = 0; i < 8; i++) state[i] += s[i];
}

void wn_sha256_init(wn_sha256 *hash)
{
    /* First 32 bits of the fractional parts of the square roots of the first 8 primes. */
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    *hash = (wn_sha256){.total = 0};
    memcpy(hash->state, start, sizeof start);
}

void wn_sha256_add(wn_sha256 *hash, const void *bytes, size_t len)
{
    const uint8_t *from = bytes;
    size_t held = (size_t)(hash->total % BLOCK);
    hash->total += len;
    while (len > 0) {
        if (held == 0 && len >= BLOCK) {
            mix(hash->state, from);
            from += BLOCK;
            len -= BLOCK;
            continue;
        }
        const size_t take = len < BLOCK - held ? len : BLOCK - held;
        memcpy(hash->block + held, from, take);
        from += take;
        len -= take;
        held = (held + take) % BLOCK;
        if (held == 0) mix(hash->state, hash->block);
    }
}

void wn_sha256_text(const wn_sha256 *hash, char out[WN_SHA256_TEXT])
{
    uint8_t last[2 * BLOCK] = {0};
    uint32_t state[8];
    const size_t held = (size_t)(hash->total % BLOCK), len = held < LENGTH_AT ? BLOCK : 2 * BLOCK;
    memcpy(state, hash->state, sizeof state);
    memcpy(last, hash->block, held);
    last[held] = 0x80;
    for (size_t i = 0; i < 8; i++) last[len - 1 - i] = (uint8_t)(hash->total * 8 >> (8 * i));
    for (size_t at = 0; at < len; at += BLOCK) mix(state, last + at);
    for (size_t i = 0; i < 8; i++) (void)snprintf(out + 8 * i, 9, "%08x", state[i]);
}
