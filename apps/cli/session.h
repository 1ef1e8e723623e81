/* SPDX-License-Identifier: Apache-2.0
 *
 * What a command finds prepared: instruction-set level, memory limit, thread pool, progress.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "command.h"

/* Does what the common options and the command's flags ask for. */
wn_status session_open(session *run, struct terminal *talk, wn_error *err);
void session_close(session *run);

/* Exit status of the program: 0 done, 1 failed, 2 usage, 130 cancelled. */
int session_exit_status(const session *run, wn_status status);

#endif
