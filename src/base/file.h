/* SPDX-License-Identifier: Apache-2.0
 *
 * Files: whole reads with a limit, maps, and writes that are complete or absent.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buffer.h"
#include "winnow/status.h"

/* Reads a whole regular file into `out` (emptied first), at most `max` bytes (WN_LIMIT beyond). */
WN_NODISCARD wn_status wn_file_read(const char *path, size_t max, wn_buffer *out, wn_error *err);

/* Writes beside and renames, after fsync of the file and of the folder: `path` holds the old content or the new.
 * WN_INVALID where `path` is something else than a file. */
WN_NODISCARD wn_status wn_file_write(const char *path, const void *bytes, size_t len, wn_error *err);

/* Creates a hidden file for content that will get the name `path`, in the same folder, under a short name of its own:
 * nothing that stands there is overwritten or followed. What a killed attempt left is replaced. Release `part` with
 * wn_free. */
WN_NODISCARD wn_status wn_file_create_part(const char *path, char **part, int *fd, wn_error *err);

/* The same for content that is written in pieces: begin gives a descriptor for a hidden file beside PATH, end makes it
 * PATH, or removes it when `keep` is false. A link is written through. */
typedef struct wn_file_writer {
    int fd; /* -1 = none */
    char *path, *part;
} wn_file_writer;
WN_NODISCARD wn_status wn_file_writer_begin(wn_file_writer *writer, const char *path, wn_error *err);
WN_NODISCARD wn_status wn_file_writer_end(wn_file_writer *writer, bool keep, wn_error *err);

/* All of `len` bytes, restarting after signals and short transfers. A short file gives WN_CORRUPT. `path` is for
 * the message. */
WN_NODISCARD wn_status wn_file_read_at(int fd, void *bytes, size_t len, uint64_t offset, const char *path,
                                       wn_error *err);
WN_NODISCARD wn_status wn_file_write_at(int fd, const void *bytes, size_t len, uint64_t offset, const char *path,
                                        wn_error *err);

/* A read-only map of a regular file; an empty file gives data NULL, len 0. */
typedef struct wn_file_map {
    const unsigned char *data;
    size_t len;
} wn_file_map;
WN_NODISCARD wn_status wn_file_map_open(const char *path, wn_file_map *out, wn_error *err);
void wn_file_map_close(wn_file_map *map);

/* Lets go of the pages that were read; they come back from the system's cache or the disk when they are read again. */
void wn_file_map_forget(const wn_file_map *map);

/* Creates a folder and those above it; an existing folder is fine. */
WN_NODISCARD wn_status wn_file_make_folder(const char *path, wn_error *err);

/* Whether something exists there (links followed). */
bool wn_file_exists(const char *path);

/* Free bytes on the file system that holds `path`; UINT64_MAX where unknown. */
uint64_t wn_file_space(const char *path);

/* "folder/name" in one new string, released with wn_free; NULL when memory is short. */
char *wn_path_join(const char *folder, const char *name);

#endif
