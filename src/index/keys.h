/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys: a 32-bit value above a 32-bit number, so that one comparison orders by value and then by number.
 */
#ifndef INDEX_KEYS_H
#define INDEX_KEYS_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

static inline uint64_t wn_key_make(int32_t nearness, uint32_t number)
{
    return (uint64_t)((uint32_t)nearness ^ 0x80000000u) << 32 | number;
}

static inline int32_t wn_key_nearness(uint64_t key)
{
    return (int32_t)((uint32_t)(key >> 32) ^ 0x80000000u);
}

/* Hoare's selection: afterwards keys[0 .. k - 1] are the k smallest and keys[k - 1] is the greatest of them. k > 0. */
static inline void wn_keys_select(uint64_t *keys, size_t n, size_t k)
{
    ptrdiff_t low = 0, high = (ptrdiff_t)n - 1, target = (ptrdiff_t)k - 1;
    while (low < high) {
        uint64_t pivot = keys[target];
        ptrdiff_t i = low, j = high;
        do {
            while (keys[i] < pivot) i++;
            while (keys[j] > pivot) j--;
            if (i <= j) {
                uint64_t kept = keys[i];
                keys[i++] = keys[j];
                keys[j--] = kept;
            }
        } while (i <= j);
        if (j < target) low = i;
        if (target < i) high = j;
    }
}

static inline int wn_key_compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static inline void wn_keys_sort(uint64_t *keys, size_t n)
{
    if (n > 1) qsort(keys, n, sizeof *keys, wn_key_compare);
}

#endif
