/* SPDX-License-Identifier: Apache-2.0
 *
 * Workers sleep on a condition variable until a loop is posted; chunks are handed out by one atomic counter. The
 * caller works too. A worker that calls wn_pool_for again runs that inner loop by itself, so nesting cannot lock up.
 */
#include "winnow/pool.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

enum { THREADS_MAX = 1024 };

/* One posted loop. Guarded by wn_pool.lock except `next`. */
typedef struct loop {
    wn_pool_body *body;
    void *context;
    size_t n, grain;
    atomic_size_t next; /* first index not handed out; relaxed: chunks are independent, the lock orders results */
} loop;

struct wn_pool {
    unsigned threads;
    pthread_mutex_t lock;
    pthread_cond_t posted, finished;
    loop work;
    unsigned long generation; /* counts posted loops */
    unsigned busy;            /* workers that have not finished the current loop */
    bool stopping;
    pthread_t *handles;
    struct worker *workers;
    cpu_set_t caller_cores; /* what the caller could use before it was pinned */
    bool pinned;
};

typedef struct worker {
    wn_pool *pool;
    unsigned number;
} worker;

/* The pool whose loop this thread is inside of, and its number there. */
static _Thread_local struct {
    const wn_pool *pool;
    unsigned number;
} inside;

static void run_chunks(loop *work, unsigned number)
{
    for (;;) {
        size_t begin = atomic_fetch_add_explicit(&work->next, work->grain, memory_order_relaxed);
        if (begin >= work->n) return;
        size_t end = work->n - begin < work->grain ? work->n : begin + work->grain;
        work->body(work->context, begin, end, number);
    }
}

static void *worker_main(void *argument)
{
    const worker *self = argument;
    wn_pool *pool = self->pool;
    unsigned long seen = 0;
    inside.pool = pool;
    inside.number = self->number;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->generation == seen && !pool->stopping) pthread_cond_wait(&pool->posted, &pool->lock);
        if (pool->stopping) break;
        seen = pool->generation;
        pthread_mutex_unlock(&pool->lock);
        run_chunks(&pool->work, self->number);
        pthread_mutex_lock(&pool->lock);
        if (--pool->busy == 0) pthread_cond_signal(&pool->finished);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* The i-th core of a set, as a set of its own. */
static void pick_core(const cpu_set_t *from, unsigned index, cpu_set_t *out)
{
    unsigned count = (unsigned)CPU_COUNT(from), seen = 0;
    CPU_ZERO(out);
    for (size_t core = 0; core < CPU_SETSIZE; core++) {
        if (!CPU_ISSET(core, from)) continue;
        if (seen++ == index % count) {
            CPU_SET(core, out);
            return;
        }
    }
}

static wn_status start_workers(wn_pool *pool, wn_error *err)
{
    for (unsigned i = 1; i < pool->threads; i++) {
        pool->workers[i] = (worker){.pool = pool, .number = i};
        int code = pthread_create(&pool->handles[i], NULL, worker_main, &pool->workers[i]);
        if (code != 0) {
            pool->threads = i; /* those that run are joined by wn_pool_free */
            return wn_fail_errno(err, code, "cannot start thread %u", i + 1);
        }
        if (pool->pinned) {
            cpu_set_t core;
            pick_core(&pool->caller_cores, i, &core);
            pthread_setaffinity_np(pool->handles[i], sizeof core, &core);
        }
    }
    return WN_OK;
}

static bool find_cores(cpu_set_t *out)
{
    CPU_ZERO(out);
    return sched_getaffinity(0, sizeof *out, out) == 0 && CPU_COUNT(out) > 0;
}

unsigned wn_pool_default_threads(void)
{
    cpu_set_t cores;
    return find_cores(&cores) ? (unsigned)CPU_COUNT(&cores) : 1;
}

wn_status wn_pool_new(unsigned threads, int pin, wn_pool **out, wn_error *err)
{
    *out = NULL;
    cpu_set_t cores;
    bool known = find_cores(&cores);
    if (threads == 0) threads = known ? (unsigned)CPU_COUNT(&cores) : 1;
    if (threads > THREADS_MAX)
        return wn_fail(err, WN_INVALID, "%u threads are more than the limit of %d", threads, THREADS_MAX);
    wn_pool *pool = wn_calloc(WN_MEMORY_GENERAL, 1, sizeof *pool);
    if (!pool) return wn_fail(err, WN_NOMEM, "no memory for a thread pool");
    pool->threads = threads;
    pool->caller_cores = cores;
    pool->pinned = pin && known && threads <= (unsigned)CPU_COUNT(&cores);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->posted, NULL);
    pthread_cond_init(&pool->finished, NULL);
    pool->handles = wn_calloc(WN_MEMORY_GENERAL, threads, sizeof *pool->handles);
    pool->workers = wn_calloc(WN_MEMORY_GENERAL, threads, sizeof *pool->workers);
    wn_status status = WN_OK;
    if (!pool->handles || !pool->workers) {
        pool->threads = 1;
        status = wn_fail(err, WN_NOMEM, "no memory for %u threads", threads);
    } else {
        status = start_workers(pool, err);
    }
    if (status) {
        wn_pool_free(&pool);
        return status;
    }
    if (pool->pinned) {
        cpu_set_t core;
        pick_core(&cores, 0, &core);
        pthread_setaffinity_np(pthread_self(), sizeof core, &core);
    }
    *out = pool;
    return WN_OK;
}

void wn_pool_free(wn_pool **pool_at)
{
    wn_pool *pool = *pool_at;
    if (!pool) return;
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->posted);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 1; i < pool->threads; i++) pthread_join(pool->handles[i], NULL);
    if (pool->pinned) pthread_setaffinity_np(pthread_self(), sizeof pool->caller_cores, &pool->caller_cores);
    pthread_cond_destroy(&pool->finished);
    pthread_cond_destroy(&pool->posted);
    pthread_mutex_destroy(&pool->lock);
    wn_free(pool->handles);
    wn_free(pool->workers);
    wn_free(pool);
    *pool_at = NULL;
}

unsigned wn_pool_threads(const wn_pool *pool)
{
    return pool ? pool->threads : 1;
}

static void run_serially(size_t n, size_t grain, wn_pool_body *body, void *context, unsigned number)
{
    for (size_t begin = 0; begin < n; begin += grain) {
        body(context, begin, n - begin < grain ? n : begin + grain, number);
        if (n - begin <= grain) return;
    }
}

void wn_pool_for(wn_pool *pool, size_t n, size_t grain, wn_pool_body *body, void *context)
{
    if (n == 0) return;
    if (grain == 0) grain = 1;
    bool nested = pool && inside.pool == pool;
    if (!pool || nested || pool->threads == 1 || n <= grain) {
        run_serially(n, grain, body, context, nested ? inside.number : 0);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->work.body = body;
    pool->work.context = context;
    pool->work.n = n;
    pool->work.grain = grain;
    atomic_store_explicit(&pool->work.next, 0, memory_order_relaxed);
    pool->busy = pool->threads - 1;
    pool->generation++;
    pthread_cond_broadcast(&pool->posted);
    pthread_mutex_unlock(&pool->lock);

    const wn_pool *outer = inside.pool;
    unsigned outer_number = inside.number;
    inside.pool = pool;
    inside.number = 0;
    run_chunks(&pool->work, 0);
    inside.pool = outer;
    inside.number = outer_number;

    pthread_mutex_lock(&pool->lock);
    while (pool->busy) pthread_cond_wait(&pool->finished, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}
