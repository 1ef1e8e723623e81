/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of paths as files: one path a line for programs that read lines, CSV for those that need the exact bytes, JSON
 * strings.
 */
#ifndef JOBS_PATH_LIST_H
#define JOBS_PATH_LIST_H

#include "base/buffer.h"

/* Adds one line. A path that holds a line break or carriage return is written with \n, \r and \\ in their place, so
 * that one line stays one path. */
void wn_path_list_add(wn_buffer *out, const char *path);

/* Adds a JSON string with its quotes. Bytes that are not UTF-8 are written as \xHH (four characters). */
void wn_json_text(wn_buffer *out, const char *text);

#endif
