/* SPDX-License-Identifier: Apache-2.0
 *
 * The thread pool. It is always an argument, never global: NULL means "run in the calling thread".
 *
 * Results must not depend on the number of threads. wn_pool_for therefore cuts the range into chunks by the
 * fixed `grain` alone; a body that reduces writes one partial result per chunk, and the caller adds them in
 * chunk order; a body that needs random numbers takes the stream of its chunk.
 *
 *     static void square(void *context, size_t begin, size_t end, unsigned worker);
 *     wn_pool_for(pool, n, 4096, square, values);
 */
#ifndef WINNOW_POOL_H
#define WINNOW_POOL_H

#include <stddef.h>

#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wn_pool wn_pool;

/* Work on [begin, end). `worker` is below wn_pool_threads() and names the thread, for scratch memory only. */
typedef void wn_pool_body(void *context, size_t begin, size_t end, unsigned worker);

/* A pool of `threads` workers, the calling thread included; 0 = one for each core that this process may use.
 * With `pin`, worker i stays on the i-th of those cores. */
WN_API WN_NODISCARD wn_status wn_pool_new(unsigned threads, int pin, wn_pool **out, wn_error *err);

/* What wn_pool_new takes for 0: the number of cores that the calling thread may use, 1 where the system does not say.
 */
WN_API unsigned wn_pool_default_threads(void);

/* Waits for the workers and releases the pool; clears the pointer. */
WN_API void wn_pool_free(wn_pool **pool);

/* Number of workers; 1 for NULL. */
WN_API unsigned wn_pool_threads(const wn_pool *pool);

/* Runs `body` over [0, n) in chunks [i * grain, min(n, (i + 1) * grain)); each chunk is one call. Returns when
 * all are done. Chunks start in order, may finish in any. One caller at a time; a body must not call it on
 * the same pool (it would run serially: nested calls are executed in the calling worker). `grain` 0 means 1. */
WN_API void wn_pool_for(wn_pool *pool, size_t n, size_t grain, wn_pool_body *body, void *context);

#ifdef __cplusplus
}
#endif
#endif
