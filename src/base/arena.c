/* SPDX-License-Identifier: Apache-2.0
 *
 * A chain of blocks; a piece is cut from the current block, or from a new one that is at least as large as the
 * piece. Under AddressSanitizer the unused part of each block is poisoned and pieces are kept apart by red zones.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
enum { RED_ZONE = 16 };
#else
#define ASAN_POISON_MEMORY_REGION(address, size)   ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
enum { RED_ZONE = 0 };
#endif

enum { ALIGNMENT = 16, DEFAULT_BLOCK = 64 * 1024 };

struct wn_arena_block {
    wn_arena_block *next;
    size_t capacity, used;
    _Alignas(ALIGNMENT) unsigned char data[];
};

void wn_arena_init(wn_arena *arena, wn_memory category, size_t block_bytes)
{
    *arena = (wn_arena){.category = category, .block_bytes = block_bytes};
}

/* Makes a block with room for `bytes` the current one. */
static bool add_block(wn_arena *arena, size_t bytes)
{
    wn_arena_block *next = arena->current ? arena->current->next : arena->first;
    if (next && next->capacity >= bytes) {
        arena->current = next;
        return true;
    }
    size_t capacity = arena->block_bytes ? arena->block_bytes : DEFAULT_BLOCK;
    if (capacity < bytes) capacity = bytes;
    if (capacity > SIZE_MAX - sizeof(wn_arena_block)) return false;
    wn_arena_block *block = wn_alloc(arena->category, 1, sizeof *block + capacity);
    if (!block) return false;
    *block = (wn_arena_block){.next = next, .capacity = capacity};
    ASAN_POISON_MEMORY_REGION(block->data, capacity);
    if (arena->current) {
        arena->current->next = block;
    } else {
        arena->first = block;
    }
    arena->current = block;
    return true;
}

void *wn_arena_alloc(wn_arena *arena, size_t count, size_t size)
{
    size_t bytes, padded;
    if (!wn_mul_size(count, size, &bytes)) return NULL;
    if (__builtin_add_overflow(bytes, (size_t)ALIGNMENT - 1 + RED_ZONE, &padded)) return NULL;
    padded &= ~(size_t)(ALIGNMENT - 1);
    if (padded == 0) padded = ALIGNMENT;
    wn_arena_block *block = arena->current;
    if (!block || block->capacity - block->used < padded) {
        if (!add_block(arena, padded)) return NULL;
        block = arena->current;
    }
    void *piece = block->data + block->used;
    block->used += padded;
    ASAN_UNPOISON_MEMORY_REGION(piece, bytes);
    return piece;
}

char *wn_arena_text(wn_arena *arena, const char *text, size_t len)
{
    if (len == SIZE_MAX) return NULL;
    char *copy = wn_arena_alloc(arena, len + 1, 1);
    if (!copy) return NULL;
    if (len) memcpy(copy, text, len);
    copy[len] = 0;
    return copy;
}

char *wn_arena_format(wn_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) return NULL;
    char *text = wn_arena_alloc(arena, (size_t)len + 1, 1);
    if (!text) return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return text;
}

void wn_arena_reset(wn_arena *arena)
{
    for (wn_arena_block *block = arena->first; block; block = block->next) {
        block->used = 0;
        ASAN_POISON_MEMORY_REGION(block->data, block->capacity);
    }
    arena->current = NULL;
    if (arena->first) arena->current = arena->first;
}

void wn_arena_clear(wn_arena *arena)
{
    wn_arena_block *block = arena->first;
    while (block) {
        wn_arena_block *next = block->next;
        ASAN_UNPOISON_MEMORY_REGION(block->data, block->capacity);
        wn_free(block);
        block = next;
    }
    arena->first = arena->current = NULL;
}
