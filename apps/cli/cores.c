/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions in .preinit_array run before the constructors of libraries, and so see the cores as they were.
 */
#include "cores.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WORDS = 128 }; /* room for 8,192 cores */

static unsigned long started_with[WORDS];
static long started_len;

/* Not instrumented: sanitizers are not ready yet when it runs. */
__attribute__((no_sanitize_address, no_sanitize_thread, no_sanitize_undefined)) static void remember(void)
{
    started_len = syscall(SYS_sched_getaffinity, 0, sizeof started_with, started_with);
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(void) = remember;

void cores_restore(void)
{
    if (started_len > 0) (void)sched_setaffinity(0, (size_t)started_len, (const cpu_set_t *)started_with);
}
