/* SPDX-License-Identifier: Apache-2.0
 *
 * The writer's lock: an flock on WORKSPACE/lock, which the kernel releases when the process ends, however it ends.
 */
#ifndef STORE_WORKSPACE_LOCK_H
#define STORE_WORKSPACE_LOCK_H

#include "winnow/status.h"

/* Takes the lock without waiting and writes who holds it into the file. WN_BUSY names the holder. */
WN_NODISCARD wn_status wn_workspace_lock_take(const char *workspace, const char *command, int *fd, wn_error *err);

/* Gives it back; *fd -1 is fine. */
void wn_workspace_lock_release(int *fd);

#endif
