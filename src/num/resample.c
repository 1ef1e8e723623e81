/* SPDX-License-Identifier: Apache-2.0
 *
 * Resampling in two passes, row by row: the source rows that an output row needs are blended into one row, which is
 * then filtered across. Only one row lives between the passes, and the wide pass is the cheap one.
 */
#include "num/resample.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "num/x86/resample_init.h"
#include "winnow/memory.h"

#define SHIFT 14
#define HALF  (WN_RESAMPLE_ONE / 2)

static void blend_rows_c(const uint8_t *const *rows, const int16_t *weights, size_t taps, size_t len, uint8_t *out)
{
    for (size_t i = 0; i < len; i++) {
        int32_t sum = HALF;
        for (size_t t = 0; t < taps; t++) sum += rows[t][i] * weights[t];
        out[i] = (uint8_t)(sum >> SHIFT);
    }
}

static void filter_row_c(const uint8_t *row, const int32_t *starts, const int16_t *weights, size_t taps, size_t pixels,
                         uint8_t *out)
{
    for (size_t x = 0; x < pixels; x++, weights += taps, out += 4) {
        const uint8_t *from = row + (size_t)starts[x] * 4;
        int32_t sum[4] = {HALF, HALF, HALF, HALF};
        for (size_t t = 0; t < taps; t++) {
            for (size_t c = 0; c < 4; c++) sum[c] += from[4 * t + c] * weights[t];
        }
        for (size_t c = 0; c < 4; c++) out[c] = (uint8_t)(sum[c] >> SHIFT);
    }
}

void wn_resample_kernels_init(wn_resample_kernels *kernels, wn_cpu level)
{
#define X(field, signature) kernels->field = field##_c;
    WN_RESAMPLE_MAP(X)
#undef X
    resample_init_x86(kernels, level);
}

/* Room for `count` items; the old content is not needed. */
static void *make_room(void *old, size_t *room, size_t count, size_t size)
{
    if (count <= *room) return old;
    wn_free(old);
    void *block = wn_alloc(WN_MEMORY_IMAGE, count, size);
    *room = block != NULL ? count : 0;
    return block;
}

/* Integer weights of one output, in the order of the pixels, that add up to exactly WN_RESAMPLE_ONE: what rounding
 * leaves over goes to the largest. */
static void set_weights(double center, double scale, int first, int count, int16_t *out)
{
    double total = 0;
    for (int i = 0; i < count; i++) total += fmax(0, 1 - fabs((first + i + 0.5 - center) / scale));
    int left = WN_RESAMPLE_ONE, largest = 0;
    for (int i = 0; i < count; i++) {
        double weight = fmax(0, 1 - fabs((first + i + 0.5 - center) / scale));
        out[i] = (int16_t)lrint(weight / total * WN_RESAMPLE_ONE);
        left -= out[i];
        if (out[i] > out[largest]) largest = i;
    }
    out[largest] = (int16_t)(out[largest] + left);
}

wn_status wn_resample_axis_set(wn_resample_axis *axis, int in, int out, wn_error *err)
{
    if (axis->in == in && axis->out == out) return WN_OK;
    double ratio = (double)in / out, scale = ratio > 1 ? ratio : 1;
    size_t taps = ((size_t)ceil(2 * scale) + 1 + 3) / 4 * 4, weights;
    if (!wn_mul_size(taps, (size_t)out, &weights)) return wn_fail(err, WN_LIMIT, "resampling %d to %d", in, out);
    axis->in = axis->out = 0;
    axis->starts = make_room(axis->starts, &axis->starts_room, (size_t)out, sizeof(*axis->starts));
    axis->weights = make_room(axis->weights, &axis->weights_room, weights, sizeof(*axis->weights));
    if (axis->starts == NULL || axis->weights == NULL) return wn_fail(err, WN_NOMEM, "resampling %d to %d", in, out);
    memset(axis->weights, 0, weights * sizeof(*axis->weights));
    for (int x = 0; x < out; x++) {
        double center = (x + 0.5) * ratio;
        int first = (int)floor(center - scale), last = (int)ceil(center + scale);
        if (first < 0) first = 0;
        if (last > in) last = in;
        if (last - first > (int)taps) last = first + (int)taps;
        /* Taps beyond the last pixel have weight 0, but the kernels read them: begin earlier instead. */
        int start = first + (int)taps > in ? in - (int)taps : first;
        if (start < 0) start = 0;
        axis->starts[x] = start;
        set_weights(center, scale, first, last - first, axis->weights + (size_t)x * taps + (first - start));
    }
    axis->in = in;
    axis->out = out;
    axis->taps = taps;
    return WN_OK;
}

void wn_resample_axis_clear(wn_resample_axis *axis)
{
    wn_free(axis->starts);
    wn_free(axis->weights);
    *axis = (wn_resample_axis){0};
}

/* One blended row; behind it the row pointers of one output row. */
static size_t scratch_row(const wn_resample_axis *across)
{
    size_t pixels = (size_t)across->in > across->taps ? (size_t)across->in : across->taps;
    return (pixels * 4 + 63) / 64 * 64;
}

size_t wn_resample_scratch(const wn_resample_axis *across, const wn_resample_axis *down)
{
    return scratch_row(across) + down->taps * sizeof(const uint8_t *);
}

/* Blends the rows of output row `y`, only those that count. */
static void blend(const wn_resample_kernels *kernels, const wn_resample_axis *down, int y, const uint8_t *src,
                  size_t stride, const uint8_t **rows, uint8_t *out)
{
    const int16_t *weights = down->weights + (size_t)y * down->taps;
    size_t first = 0, last = down->taps;
    while (last > 1 && weights[last - 1] == 0) last--;
    while (first + 1 < last && weights[first] == 0) first++;
    for (size_t t = first; t < last; t++) rows[t - first] = src + ((size_t)down->starts[y] + t) * stride;
    kernels->blend_rows(rows, weights + first, last - first, stride, out);
}

void wn_resample_rgbx(const wn_resample_kernels *kernels, const wn_resample_axis *across, const wn_resample_axis *down,
                      const uint8_t *src, uint8_t *scratch, uint8_t *dst)
{
    size_t src_stride = (size_t)across->in * 4, dst_stride = (size_t)across->out * 4, row = scratch_row(across);
    if (across->in == across->out && down->in == down->out) {
        memcpy(dst, src, src_stride * (size_t)down->in);
        return;
    }
    const uint8_t **rows = (const uint8_t **)(void *)(scratch + row);
    memset(scratch, 0, row);
    for (int y = 0; y < down->out; y++) {
        blend(kernels, down, y, src, src_stride, rows, scratch);
        kernels->filter_row(scratch, across->starts, across->weights, across->taps, (size_t)across->out,
                            dst + (size_t)y * dst_stride);
    }
}
