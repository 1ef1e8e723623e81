/* SPDX-License-Identifier: Apache-2.0
 *
 * Time.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Seconds of a clock that only goes forward. */
double wn_clock_seconds(void);

/* Processor seconds that the calling thread has used. */
double wn_clock_thread_seconds(void);

/* ... and all threads of the process. */
double wn_clock_process_seconds(void);

/* Seconds since 1970-01-01 UTC. */
int64_t wn_clock_unix(void);

#endif
