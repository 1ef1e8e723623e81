/* SPDX-License-Identifier: Apache-2.0
 *
 * Squares of RGB pixels from one side to another, for networks that look at another side than what is kept.
 */
#include <string.h>

#include "base/error.h"
#include "num/resample.h"
#include "winnow/memory.h"

enum { SQUARES_PER_CHUNK = 8 };

typedef struct work {
    const uint8_t *in;
    uint8_t *out, *room; /* room: `room_bytes` for each thread */
    size_t side_in, side_out, wide_in, wide_out, scratch, room_bytes;
    wn_resample_axis axis;
    wn_resample_kernels kernels;
} work;

static void resample_some(void *context, size_t begin, size_t end, unsigned worker)
{
    const work *w = context;
    const size_t in = w->side_in * w->side_in, out = w->side_out * w->side_out;
    uint8_t *wide_in = w->room + worker * w->room_bytes, *wide_out = wide_in + w->wide_in;
    uint8_t *scratch = wide_out + w->wide_out;
    for (size_t i = begin; i < end; i++) {
        const uint8_t *from = w->in + i * in * 3;
        uint8_t *to = w->out + i * out * 3;
        for (size_t p = 0; p < in; p++) memcpy(wide_in + 4 * p, from + 3 * p, 3);
        wn_resample_rgbx(&w->kernels, &w->axis, &w->axis, wide_in, scratch, wide_out);
        for (size_t p = 0; p < out; p++) memcpy(to + 3 * p, wide_out + 4 * p, 3);
    }
}

static size_t round_up(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

wn_status wn_resample_squares(const uint8_t *in, size_t n, size_t side_in, size_t side_out, wn_pool *pool, uint8_t *out,
                              wn_error *err)
{
    if (side_in == side_out) {
        memcpy(out, in, n * side_in * side_in * 3);
        return WN_OK;
    }
    work w = {.in = in, .out = out, .side_in = side_in, .side_out = side_out};
    const unsigned threads = wn_pool_threads(pool);
    wn_status status = wn_resample_axis_set(&w.axis, (int)side_in, (int)side_out, err);
    if (status) goto done;
    wn_resample_kernels_init(&w.kernels, wn_cpu_level());
    w.wide_in = round_up(4 * side_in * side_in + 64);
    w.wide_out = round_up(4 * side_out * side_out + 64);
    w.room_bytes = w.wide_in + w.wide_out + round_up(wn_resample_scratch(&w.axis, &w.axis));
    w.room = wn_calloc(WN_MEMORY_IMAGE, threads, w.room_bytes);
    if (!w.room) {
        status = wn_fail(err, WN_NOMEM, "out of memory for pixels");
        goto done;
    }
    wn_pool_for(pool, n, SQUARES_PER_CHUNK, resample_some, &w);
done:
    wn_free(w.room);
    wn_resample_axis_clear(&w.axis);
    return status;
}
