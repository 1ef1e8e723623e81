/* SPDX-License-Identifier: Apache-2.0
 *
 * Blocks carry a 64-byte head with their size and category; the counters are relaxed atomics because they are
 * only ever summed, never used to order other memory.
 */
#include "winnow/memory.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"

enum { HEAD_BYTES = 64, LARGE_BYTES = 4 << 20 };

typedef struct block_head {
    size_t bytes;
    wn_memory category;
} block_head;

static_assert(sizeof(block_head) <= HEAD_BYTES, "the head must fit before the payload");

static atomic_size_t live_bytes[WN_MEMORY_COUNT];

static block_head *head_of(void *block)
{
    return (block_head *)((char *)block - HEAD_BYTES);
}

/* Large pages where the system has them: hundreds of megabytes are a hundred thousand small ones. */
static void prefer_large_pages(void *block, size_t bytes)
{
    const uintptr_t page = 65536; /* a multiple of any size of small pages */
    const uintptr_t begin = ((uintptr_t)block + page - 1) & ~(page - 1);
    const uintptr_t end = ((uintptr_t)block + bytes) & ~(page - 1);
    (void)madvise((char *)block + (begin - (uintptr_t)block), end - begin, MADV_HUGEPAGE); /* a wish: may fail */
}

void *wn_alloc(wn_memory category, size_t count, size_t size)
{
    size_t bytes, padded;
    if (!wn_mul_size(count, size, &bytes)) return NULL;
    if (__builtin_add_overflow(bytes, (size_t)HEAD_BYTES + 63, &padded)) return NULL;
    block_head *head = aligned_alloc(64, padded & ~(size_t)63);
    if (!head) return NULL;
    if (padded >= LARGE_BYTES) prefer_large_pages(head, padded);
    *head = (block_head){.bytes = bytes, .category = category};
    atomic_fetch_add_explicit(&live_bytes[category], bytes, memory_order_relaxed);
    return (char *)head + HEAD_BYTES;
}

void *wn_calloc(wn_memory category, size_t count, size_t size)
{
    void *block = wn_alloc(category, count, size);
    if (block) memset(block, 0, count * size);
    return block;
}

void *wn_realloc(wn_memory category, void *block, size_t count, size_t size)
{
    if (!block) return wn_alloc(category, count, size);
    block_head *head = head_of(block);
    void *grown = wn_alloc(head->category, count, size);
    if (!grown) return NULL;
    memcpy(grown, block, head->bytes < count * size ? head->bytes : count * size);
    wn_free(block);
    return grown;
}

void wn_free(void *block)
{
    if (!block) return;
    block_head *head = head_of(block);
    atomic_fetch_sub_explicit(&live_bytes[head->category], head->bytes, memory_order_relaxed);
    free(head);
}

size_t wn_memory_live(wn_memory category)
{
    if (category < WN_MEMORY_COUNT) return atomic_load_explicit(&live_bytes[category], memory_order_relaxed);
    size_t sum = 0;
    for (int i = 0; i < WN_MEMORY_COUNT; i++) sum += atomic_load_explicit(&live_bytes[i], memory_order_relaxed);
    return sum;
}

/* The number of kilobytes behind `key` in a file of "Key:   123 kB" lines, as bytes; 0 when absent. */
static uint64_t read_kilobytes(const char *path, const char *key)
{
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    char line[256];
    unsigned long long kilobytes = 0;
    size_t len = strlen(key);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, key, len) == 0 && sscanf(line + len, ": %llu", &kilobytes) == 1) break;
    }
    fclose(file);
    return (uint64_t)kilobytes * 1024;
}

uint64_t wn_memory_process_peak(void)
{
    return read_kilobytes("/proc/self/status", "VmHWM");
}

uint64_t wn_memory_process_resident(void)
{
    return read_kilobytes("/proc/self/status", "VmRSS");
}

/* The limit of the control group (version 2, then 1), or UINT64_MAX. */
static uint64_t control_group_limit(void)
{
    static const char *const files[] = {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        FILE *file = fopen(files[i], "re");
        if (!file) continue;
        unsigned long long limit = 0;
        int fields = fscanf(file, "%llu", &limit);
        fclose(file);
        if (fields == 1 && limit > 0) return limit;
    }
    return UINT64_MAX;
}

uint64_t wn_memory_machine(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    uint64_t physical = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
    uint64_t limit = control_group_limit();
    return limit < physical ? limit : physical;
}
