/* SPDX-License-Identifier: Apache-2.0
 *
 * Sources read files: the fuzzer's bytes become one that lives in memory only.
 */
#ifndef FUZZ_SOURCE_MEMORY_H
#define FUZZ_SOURCE_MEMORY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/source_registry.h"

/* Looks at an entry as a job would. */
static wn_status visit_entry(void *context, const wn_entry *entry, wn_error *err)
{
    size_t *left = context;
    if ((*left)-- == 0) return WN_CANCELLED;
    if ((entry->status == WN_OK) != (entry->reason == NULL) || entry->name == NULL) abort();
    if (entry->status != WN_OK || entry->member == NULL) return WN_OK;
    void *bytes = NULL;
    size_t len = 0;
    if (wn_entry_load(entry, 1 << 20, &bytes, &len, err) == WN_OK && len != entry->size) abort();
    wn_free(bytes);
    return WN_OK;
}

/* Walks the bytes as a source of this kind. */
static void walk_bytes(const char *kind, const uint8_t *data, size_t size)
{
    static const wn_source_options options;
    char path[64];
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    const wn_source_kind *source = NULL;
    for (size_t i = 0; (source = wn_source_at(i)) != NULL && strcmp(source->name, kind) != 0; i++) {
    }
    size_t left = 50;
    struct stat info;
    wn_error err = {0};
    wn_walk walk = {.options = &options, .callback = visit_entry, .context = &left};
    if (source == NULL || fstat(fd, &info) != 0) abort();
    wn_status status = source->walk(&walk, path, "fuzz", &info, &err);
    if (status != WN_OK && status != WN_CANCELLED && err.message[0] == '\0') abort();
    close(fd);
}

#endif
