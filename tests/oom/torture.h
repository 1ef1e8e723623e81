/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a scenario with its k-th allocation failing, for k = 0, 1, 2 ... until it passes. To be included once by a
 * program that is linked with --wrap=aligned_alloc.
 */
#ifndef TESTS_OOM_TORTURE_H
#define TESTS_OOM_TORTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "winnow/memory.h"

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

static atomic_long allocations_left = -1; /* negative: never fail */

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    if (atomic_load(&allocations_left) >= 0 && atomic_fetch_sub(&allocations_left, 1) == 0) return NULL;
    return __real_aligned_alloc(alignment, size);
}

/* Runs one scenario to its end; false when an injected failure was not answered as it must be. */
static inline bool torture(const char *name, wn_status (*run)(wn_error *err))
{
    for (long fail_at = 0; fail_at < 100000; fail_at++) {
        wn_error err = {0};
        size_t before = wn_memory_live(WN_MEMORY_COUNT);
        atomic_store(&allocations_left, fail_at);
        wn_status status = run(&err);
        bool injected = atomic_load(&allocations_left) < 0;
        atomic_store(&allocations_left, -1);
        if (wn_memory_live(WN_MEMORY_COUNT) != before) {
            printf("%s: allocation %ld failing leaves memory behind\n", name, fail_at);
            return false;
        }
        if (!injected) {
            printf("%s: %ld allocations, status %s %s\n", name, fail_at, wn_status_name(status), err.message);
            return status == WN_OK && fail_at > 0;
        }
        if (status != WN_NOMEM || err.status != WN_NOMEM || !err.message[0]) {
            printf("%s: allocation %ld failing gives %s '%s'\n", name, fail_at, wn_status_name(status), err.message);
            return false;
        }
    }
    return false;
}

#endif
