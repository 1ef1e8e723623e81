/* SPDX-License-Identifier: Apache-2.0
 *
 * Clocks of the system.
 */
#include "base/clock.h"

#include <time.h>

static double seconds_of(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double wn_clock_seconds(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

double wn_clock_thread_seconds(void)
{
    return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

double wn_clock_process_seconds(void)
{
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t wn_clock_unix(void)
{
    return (int64_t)time(NULL);
}
