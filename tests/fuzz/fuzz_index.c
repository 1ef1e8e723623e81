/* SPDX-License-Identifier: Apache-2.0
 *
 * Index files: opened, checked and asked as they are, and again with their checksums put right, so that what lies
 * behind those is reached. A file that is taken must answer with rows that exist.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "fuzz.h"
#include "index/index_head.h"
#include "winnow/memory.h"

enum { VALUES_MOST = 1 << 18, K = 3 };

static void ask(const char *path, const wn_matrix *embeddings, bool recall)
{
    wn_index *index = NULL;
    wn_neighbours found = {0};
    wn_error err;
    if (wn_index_open(path, embeddings, NULL, &index, &err)) return;
    wn_index_query query = {.queries = *embeddings, .k = K, .recall = recall ? 1 : 0.5};
    if (query.queries.rows > 4) query.queries.rows = 4;
    if (!wn_index_search(index, &query, &found, &err)) {
        for (size_t i = 0; i < found.rows * K; i++) {
            if (found.ids[i] < -1 || found.ids[i] >= (int64_t)embeddings->rows) abort();
        }
    }
    wn_neighbours_clear(&found);
    if (!wn_index_add(index, embeddings, NULL, &err) && wn_index_describe(index)->rows != embeddings->rows) abort();
    wn_index_close(&index);
}

static void mend_head(uint8_t *bytes, const wn_index_head *head)
{
    uint64_t sum;
    memcpy(bytes, head, sizeof *head);
    sum = wn_hash64_of(bytes, WN_INDEX_HEAD_SUM);
    memcpy(bytes + WN_INDEX_HEAD_SUM, &sum, sizeof sum);
}

static void mend_parts(uint8_t *bytes, size_t size, wn_index_head *head)
{
    for (size_t i = 0; i <= WN_INDEX_PART_SUMS; i++) {
        wn_index_section *section = &head->sections[i];
        if (section->bytes && section->offset <= size && section->bytes <= size - section->offset)
            section->checksum = wn_hash64_of(bytes + section->offset, (size_t)section->bytes);
    }
    mend_head(bytes, head);
}

static void mend_blocks(const char *path, const wn_matrix *embeddings, uint8_t *bytes, size_t size, wn_index_head *head)
{
    wn_index *index = NULL;
    wn_error err;
    if (wn_index_open(path, embeddings, NULL, &index, &err)) return;
    for (size_t block = 0; block < index->shape.blocks; block++) {
        uint64_t sum = wn_index_block_sum(index, block);
        memcpy(bytes + head->sections[WN_INDEX_PART_SUMS].offset + block * sizeof sum, &sum, sizeof sum);
    }
    wn_index_close(&index);
    mend_parts(bytes, size, head);
}

static void write_all(int fd, const uint8_t *bytes, size_t size)
{
    if (pwrite(fd, bytes, size, 0) != (ssize_t)size) abort();
}

/* Embeddings of the shape that the head asks for. */
static bool make_rows(const wn_index_head *head, wn_matrix *out)
{
    if (head->dim < 1 || head->rows < 1 || head->rows > VALUES_MOST || head->dim > VALUES_MOST / head->rows)
        return false;
    size_t len = (size_t)head->rows * head->dim;
    float *values = wn_alloc(WN_MEMORY_GENERAL, len, sizeof *values);
    if (!values) exit(1);
    for (size_t i = 0; i < len; i++) values[i] = sinf((float)(i * i));
    *out = (wn_matrix){values, (size_t)head->rows, head->dim, head->dim};
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    wn_index_head head = {0};
    wn_matrix embeddings = {0};
    int fd = memfd_create("fuzz_index", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)size)) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    write_all(fd, data, size);
    if (size >= WN_INDEX_HEAD_BYTES) memcpy(&head, data, sizeof head);
    if (make_rows(&head, &embeddings)) {
        ask(path, &embeddings, true);
        uint8_t *copy = wn_alloc(WN_MEMORY_GENERAL, size, 1);
        if (!copy) exit(1);
        memcpy(copy, data, size);
        head.probe = wn_index_probe(&embeddings, embeddings.rows);
        mend_parts(copy, size, &head);
        write_all(fd, copy, size);
        mend_blocks(path, &embeddings, copy, size, &head);
        write_all(fd, copy, size);
        ask(path, &embeddings, true);
        ask(path, &embeddings, false);
        wn_free(copy);
        wn_free((void *)(uintptr_t)embeddings.data);
    } else {
        float none[4] = {0};
        embeddings = (wn_matrix){none, 2, 2, 2};
        ask(path, &embeddings, true);
    }
    close(fd);
    return 0;
}
