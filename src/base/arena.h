/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory for one unit of work: allocated piece by piece, released at once.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "winnow/memory.h"

typedef struct wn_arena_block wn_arena_block;

/* Zero-initialise, or call wn_arena_init for another category and block size. */
typedef struct wn_arena {
    wn_arena_block *first, *current;
    wn_memory category;
    size_t block_bytes; /* 0 = 64 KiB */
} wn_arena;

void wn_arena_init(wn_arena *arena, wn_memory category, size_t block_bytes);

/* count * size bytes, aligned to 16, not cleared; NULL when memory is short or the product overflows. */
void *wn_arena_alloc(wn_arena *arena, size_t count, size_t size);

/* A copy of `len` bytes with a zero byte after them; NULL when memory is short. */
char *wn_arena_text(wn_arena *arena, const char *text, size_t len);

/* Formats into the arena; NULL when memory is short. */
char *wn_arena_format(wn_arena *arena, const char *format, ...) WN_PRINTF(2, 3);

/* Forgets all pieces and keeps the blocks for reuse. */
void wn_arena_reset(wn_arena *arena);

/* Releases the blocks. */
void wn_arena_clear(wn_arena *arena);

#endif
