/* SPDX-License-Identifier: Apache-2.0
 *
 * What `winnow info FILE` prints.
 */
#ifndef CLI_FILE_INFO_H
#define CLI_FILE_INFO_H

#include "command.h"

/* `wanted`: a file, the folder of a workspace, or the name of a model. As a table, or JSON under --json. */
wn_status print_file_info(const session *run, const char *wanted, wn_error *err);

#endif
