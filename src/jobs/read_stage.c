/* SPDX-License-Identifier: Apache-2.0
 *
 * The window adapts to the speed of the files: its results are permanent after about a second, so a kill costs little,
 * and small files do not pay one transaction each.
 */
#include "jobs/read_stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "winnow/memory.h"

enum { FIRST_WINDOW = 32, MOST_WINDOW = 2048 };
static const double WINDOW_SECONDS = 1.0;
static const uint64_t LEAST_SMALL = 2u << 20, LEAST_LARGE = 4u << 20; /* bytes that a file or its decoder may take */
static const size_t WINDOW_BYTES = 48u << 20;                         /* of model inputs and thumbnails */

static size_t input_bytes(const wn_read_stage *stage)
{
    return stage->request.input_side > 0 ? (size_t)stage->request.input_side * (size_t)stage->request.input_side * 3
                                         : 0;
}

/* Under a memory limit half of it is for files beyond the ordinary: a quarter of that half for what each reader may
 * take for itself, and as much again for files and decoders of the one reader of large files, at whose door the others
 * wait. What is refused depends on the limit alone, not on the number of threads. */
static void split_memory(const wn_job *job, unsigned threads, wn_read_limits *small, wn_read_limits *large)
{
    uint64_t part = wn_job_memory_share(job, 0) / 8;
    large->bytes = large->memory = part > LEAST_LARGE ? part : LEAST_LARGE;
    small->bytes = small->memory = part / threads > LEAST_SMALL ? part / threads : LEAST_SMALL;
}

wn_status wn_read_stage_open(const wn_job *job, const wn_read_request *request, wn_read_sink *sink, void *context,
                             wn_read_stage *out, wn_error *err)
{
    wn_status status;
    unsigned threads = wn_pool_threads(job->pool);
    *out = (wn_read_stage){
        .job = job, .request = *request, .sink = sink, .context = context, .large_turn = PTHREAD_MUTEX_INITIALIZER};
    size_t each = input_bytes(out) + (request->thumb_side < 0 ? 0 : 12000) + sizeof(wn_read_result);
    out->capacity = WINDOW_BYTES / each < MOST_WINDOW ? WINDOW_BYTES / each : MOST_WINDOW;
    if (out->capacity < FIRST_WINDOW) out->capacity = FIRST_WINDOW;
    out->window = FIRST_WINDOW;
    WN_TRY(wn_job_plan(job, "reading", wn_reader_memory(request) * threads + out->capacity * each, err));

    wn_read_limits small = {.readers = threads}, large = {.readers = threads};
    if (job->memory_limit) split_memory(job, threads, &small, &large);
    out->readers = wn_calloc(WN_MEMORY_IMAGE, threads, sizeof *out->readers);
    out->results = wn_calloc(WN_MEMORY_IMAGE, out->capacity, sizeof *out->results);
    out->inputs = wn_alloc(WN_MEMORY_IMAGE, out->capacity, input_bytes(out));
    out->order = wn_alloc(WN_MEMORY_IMAGE, out->capacity, sizeof *out->order);
    if (!out->readers || !out->results || !out->inputs || !out->order) {
        status = wn_fail(err, WN_NOMEM, "no memory for reading %zu files at a time", out->capacity);
        goto done;
    }
    status = WN_OK;
    for (unsigned i = 0; i < threads && !status; i++) {
        status = wn_reader_new(&small, request, &out->readers[i], err);
        if (!status) out->reader_count++;
    }
    if (job->memory_limit && !status) status = wn_reader_new(&large, request, &out->large_reader, err);
done:
    if (status) wn_read_stage_close(out);
    return status;
}

void wn_read_stage_close(wn_read_stage *stage)
{
    for (unsigned i = 0; i < stage->reader_count; i++) wn_reader_free(&stage->readers[i]);
    wn_reader_free(&stage->large_reader);
    wn_free(stage->readers);
    wn_free(stage->results);
    wn_free(stage->inputs);
    wn_free(stage->order);
    stage->readers = NULL;
    stage->results = NULL;
    stage->inputs = NULL;
    stage->order = NULL;
    stage->reader_count = 0;
}

/* Moves what the reader made, which lives until its next file, into the result. */
static void keep_reading(wn_read_stage *stage, const wn_reading *reading, size_t i, wn_error *why)
{
    wn_read_result *result = &stage->results[i];
    result->facts = reading->facts;
    if (result->status == WN_OK && reading->thumb_len) {
        result->thumb = wn_alloc(WN_MEMORY_IMAGE, reading->thumb_len, 1);
        if (result->thumb) {
            memcpy(result->thumb, reading->thumb, reading->thumb_len);
            result->thumb_len = reading->thumb_len;
        } else
            result->status = wn_fail(why, WN_NOMEM, "no memory for the thumbnail");
    }
    if (result->status == WN_OK && reading->input) {
        uint8_t *input = stage->inputs + i * input_bytes(stage);
        memcpy(input, reading->input, input_bytes(stage));
        result->input = input;
    }
}

static wn_status read_with(const wn_read_stage *stage, wn_reader *reader, const wn_entry *entry, wn_reading *out,
                           wn_error *why)
{
    if (!stage->headers_only) return wn_reader_read(reader, entry, out, why);
    wn_status status = wn_reader_probe(reader, entry, &out->facts, why);
    out->memory_short = status == WN_LIMIT;
    return status;
}

/* A file that is too large for the reader of one thread. One that fits nowhere is WN_NOMEM: with a higher limit the
 * next run reads it. */
static void read_large(wn_read_stage *stage, size_t i, wn_error *why)
{
    wn_read_result *result = &stage->results[i];
    wn_reading reading = {0};
    pthread_mutex_lock(&stage->large_turn);
    result->status = read_with(stage, stage->large_reader, result->entry, &reading, why);
    keep_reading(stage, &reading, i, why);
    pthread_mutex_unlock(&stage->large_turn);
    if (result->status != WN_LIMIT || !reading.memory_short) return;
    char text[sizeof why->message];
    snprintf(text, sizeof text, "%s", why->message);
    result->status = wn_fail(why, WN_NOMEM, "%.120s; raise --memory-limit", text);
}

static void read_entry(wn_read_stage *stage, wn_reader *reader, size_t i)
{
    wn_read_result *result = &stage->results[i];
    wn_reading reading = {0};
    wn_error why = {0};
    result->status = read_with(stage, reader, result->entry, &reading, &why);
    if (result->status == WN_LIMIT && reading.memory_short && stage->large_reader)
        read_large(stage, i, &why);
    else
        keep_reading(stage, &reading, i, &why);
    if (result->status)
        snprintf(result->reason, sizeof result->reason, "%.*s", (int)sizeof result->reason - 1,
                 why.message[0] ? why.message : wn_status_text(result->status));
    result->done = true;
}

static void read_chunk(void *context, size_t begin, size_t end, unsigned worker)
{
    wn_read_stage *stage = context;
    for (size_t i = begin; i < end; i++) {
        if (atomic_load_explicit(&stage->stopped, memory_order_relaxed)) return;
        read_entry(stage, stage->readers[worker], stage->order[i]);
        /* A count for the display only: no other data hangs on it. */
        size_t done = atomic_fetch_add_explicit(&stage->window_done, 1, memory_order_relaxed) + 1;
        if (worker != 0) continue; /* worker 0 is the thread that runs the stage */
        wn_progress_report report = {
            .stage = "read", .unit = "images", .done = stage->done + done, .total = stage->total};
        if (wn_progress_tell(stage->job->progress, &report))
            atomic_store_explicit(&stage->stopped, true, memory_order_relaxed);
    }
}

static int compare_places(const void *a, const void *b, void *context)
{
    const wn_read_stage *stage = context;
    const wn_entry *x = stage->results[*(const uint32_t *)a].entry, *y = stage->results[*(const uint32_t *)b].entry;
    if (x->device != y->device) return x->device < y->device ? -1 : 1;
    if (x->inode != y->inode) return x->inode < y->inode ? -1 : 1;
    if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
    return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : 1;
}

/* Reads one window and gives its longest finished beginning to the sink. */
static wn_status run_window(wn_read_stage *stage, const wn_entry *entries, size_t count, wn_error *err)
{
    for (size_t i = 0; i < count; i++) {
        stage->results[i] = (wn_read_result){.entry = &entries[i]};
        stage->order[i] = (uint32_t)i;
    }
    qsort_r(stage->order, count, sizeof *stage->order, compare_places, stage);
    atomic_store(&stage->window_done, 0);
    wn_pool_for(stage->job->pool, count, 1, read_chunk, stage);

    size_t finished = 0;
    while (finished < count && stage->results[finished].done) finished++;
    wn_status status = finished ? stage->sink(stage->context, stage->results, finished, err) : WN_OK;
    stage->done += finished;
    for (size_t i = 0; i < count; i++) {
        wn_free(stage->results[i].thumb);
        stage->results[i].thumb = NULL;
    }
    if (!status && finished < count) status = wn_fail(err, WN_CANCELLED, "stopped while reading");
    return status;
}

wn_status wn_read_stage_run(wn_read_stage *stage, const wn_entry *entries, size_t count, wn_error *err)
{
    double started = wn_clock_seconds();
    wn_status status = WN_OK;
    for (size_t at = 0; at < count && !status;) {
        size_t window = count - at < stage->window ? count - at : stage->window;
        double begun = wn_clock_seconds();
        status = run_window(stage, entries + at, window, err);
        double took = wn_clock_seconds() - begun;
        double fit = (double)window * WINDOW_SECONDS / (took > 1e-3 ? took : 1e-3);
        double most = (double)stage->window * 4;
        stage->window = fit < most ? (size_t)fit : (size_t)most;
        if (stage->window < 8) stage->window = 8;
        if (stage->window > stage->capacity) stage->window = stage->capacity;
        at += window;
    }
    stage->seconds += wn_clock_seconds() - started;
    return status;
}
