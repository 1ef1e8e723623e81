/* SPDX-License-Identifier: Apache-2.0
 *
 * Options from a JSON file.
 */
#ifndef INTEROP_OPTION_FILE_H
#define INTEROP_OPTION_FILE_H

#include "base/arena.h"
#include "winnow/option.h"

/* Sets the fields that the object in the file at `path` names, by the rows of `table`; a list of numbers stands for
 * their text "1,2,3". Texts live in the arena. WN_NOTFOUND without the file; WN_CORRUPT: no JSON object (with line);
 * WN_INVALID: an unknown key or a value that its row refuses. */
WN_NODISCARD wn_status wn_options_read_json(const char *path, const wn_option *table, void *params, wn_arena *arena,
                                            wn_error *err);

#endif
