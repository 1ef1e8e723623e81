/* SPDX-License-Identifier: Apache-2.0
 *
 * The one allocator. Every block is 64-byte aligned and counted under a category, so that a test can ask
 * whether anything is left and a run can report its peak. Arrays that winnow hands to a caller are
 * released with wn_free. Blocks of 4 MB and more lie on large pages where the system grants them.
 */
#ifndef WINNOW_MEMORY_H
#define WINNOW_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a block is for. */
#define WN_MEMORY_MAP(X) X(GENERAL) X(TEXT) X(IMAGE) X(MATRIX) X(NETWORK) X(TRAINING) X(SELECTION) X(STORE) X(REPORT)

typedef enum wn_memory {
#define X(name) WN_MEMORY_##name,
    WN_MEMORY_MAP(X)
#undef X
        WN_MEMORY_COUNT
} wn_memory;

/* count * size bytes, 64-byte aligned, not cleared. NULL when memory is short or the product overflows;
 * a product of 0 gives a valid pointer. Thread-safe. */
WN_API void *wn_alloc(wn_memory category, size_t count, size_t size);

/* As wn_alloc, cleared to zero. */
WN_API void *wn_calloc(wn_memory category, size_t count, size_t size);

/* Grows or shrinks a block and keeps its content and category; `block` NULL allocates. On failure NULL is
 * returned and the old block stays valid. */
WN_API void *wn_realloc(wn_memory category, void *block, size_t count, size_t size);

/* Releases what the three functions above gave. NULL is allowed. */
WN_API void wn_free(void *block);

/* Bytes that are live now in one category, or in all for WN_MEMORY_COUNT. */
WN_API size_t wn_memory_live(wn_memory category);

/* Greatest resident set of this process so far, as the kernel counts it, in bytes; 0 where unknown. */
WN_API uint64_t wn_memory_process_peak(void);

/* Resident set of this process now, as the kernel counts it, in bytes; 0 where unknown. */
WN_API uint64_t wn_memory_process_resident(void);

/* Physical memory of this machine, or of the control group that holds this process if that is less, in bytes. */
WN_API uint64_t wn_memory_machine(void);

#ifdef __cplusplus
}
#endif
#endif
