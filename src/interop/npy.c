/* SPDX-License-Identifier: Apache-2.0
 *
 * Arrays from .npy files. float32 in C order is used where the map has it; anything else is converted once, in blocks
 * of rows, into memory that the handle owns.
 */
#include "winnow/npy.h"

#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/half.h"
#include "base/text.h"
#include "interop/npy_convert.h"
#include "interop/npy_header.h"

struct wn_npy {
    wn_file_map map;
    wn_npy_shape shape;
    const unsigned char *items;
    char *path;
    float *floats;      /* converted, or NULL */
    int64_t *integers;  /* converted, or NULL */
    atomic_size_t read; /* bytes of the map that a table read since it was forgotten; relaxed: a hint */
};

/* Pages of the map count as this process's memory while they are mapped in, so a table lets go of them now and then. */
enum { FORGET_BYTES = 256 << 20, READ_AROUND = 1 << 16 /* what the system maps in beside a row */ };

static wn_status open_file(const char *path, unsigned most_dims, wn_npy **out, wn_error *err)
{
    wn_status status;
    size_t offset = 0;
    wn_npy *npy = wn_calloc(WN_MEMORY_MATRIX, 1, sizeof *npy);

    *out = NULL;
    if (!npy) return wn_fail(err, WN_NOMEM, "%s: no memory to open it", path);
    if (!(npy->path = wn_text_copy(path))) {
        status = wn_fail(err, WN_NOMEM, "%s: no memory to open it", path);
        goto done;
    }
    if ((status = wn_file_map_open(path, &npy->map, err))) goto done;
    if ((status = wn_npy_header_parse(npy->map.data, npy->map.len, path, &npy->shape, &offset, err))) goto done;
    if (npy->shape.dims > most_dims) {
        status = wn_fail(err, WN_UNSUPPORTED, "%s: the array has %u dimensions; one or two are understood: reshape it",
                         path, npy->shape.dims);
        goto done;
    }
    if (npy->shape.dims > 2 && npy->shape.fortran_order) {
        status =
            wn_fail(err, WN_UNSUPPORTED, "%s: %u dimensions in Fortran order; save it with numpy.ascontiguousarray",
                    path, npy->shape.dims);
        goto done;
    }
    npy->items = npy->map.data + offset;
    *out = npy;
    return WN_OK;
done:
    wn_npy_close(&npy);
    return status;
}

wn_status wn_npy_open(const char *path, wn_npy **out, wn_error *err)
{
    return open_file(path, 2, out, err);
}

wn_status wn_npy_open_stack(const char *path, wn_npy **out, wn_error *err)
{
    return open_file(path, 4, out, err);
}

void wn_npy_close(wn_npy **npy)
{
    if (!*npy) return;
    wn_free((*npy)->integers);
    wn_free((*npy)->floats);
    wn_file_map_close(&(*npy)->map);
    wn_free((*npy)->path);
    wn_free(*npy);
    *npy = NULL;
}

const wn_npy_shape *wn_npy_get_shape(const wn_npy *npy)
{
    return &npy->shape;
}

/* Whether the order of the items in the file is that of the rows. */
static bool is_row_major(const wn_npy_shape *shape)
{
    return !shape->fortran_order || shape->rows <= 1 || shape->cols <= 1;
}

static bool is_direct(const wn_npy *npy)
{
    return npy->shape.type == WN_NPY_FLOAT32 && is_row_major(&npy->shape) && (uintptr_t)npy->items % sizeof(float) == 0;
}

uint64_t wn_npy_matrix_bytes(const wn_npy *npy)
{
    return is_direct(npy) ? 0 : (uint64_t)npy->shape.rows * npy->shape.cols * sizeof(float);
}

/* Columns lie one after the other: convert a piece of each and spread it over a block of rows that stays in cache. */
static void convert_columns(const wn_npy *npy, float *out)
{
    enum { BLOCK = 256 };
    float piece[BLOCK] = {0};
    size_t rows = npy->shape.rows, cols = npy->shape.cols, width = wn_npy_type_bytes(npy->shape.type);
    for (size_t begin = 0; begin < rows; begin += BLOCK) {
        size_t len = rows - begin < BLOCK ? rows - begin : BLOCK;
        for (size_t col = 0; col < cols; col++) {
            wn_npy_to_floats(npy->shape.type, npy->items + (col * rows + begin) * width, len, piece);
            for (size_t i = 0; i < len; i++) out[(begin + i) * cols + col] = piece[i];
        }
    }
}

/* The items as float32 in row order, converted at the first call. */
static wn_status get_floats(wn_npy *npy, const float **out, wn_error *err)
{
    size_t len = npy->shape.rows * npy->shape.cols;
    if (is_direct(npy)) {
        *out = (const float *)(const void *)npy->items;
        return WN_OK;
    }
    if (!npy->floats) {
        npy->floats = wn_alloc(WN_MEMORY_MATRIX, len, sizeof(float));
        if (!npy->floats) {
            return wn_fail(err, WN_NOMEM,
                           "%s: no memory for %zu x %zu numbers as float32; save it as float32 in C order", npy->path,
                           npy->shape.rows, npy->shape.cols);
        }
        if (is_row_major(&npy->shape)) {
            wn_npy_to_floats(npy->shape.type, npy->items, len, npy->floats);
        } else {
            convert_columns(npy, npy->floats);
        }
    }
    *out = npy->floats;
    return WN_OK;
}

wn_status wn_npy_matrix(wn_npy *npy, wn_matrix *out, wn_error *err)
{
    if (npy->shape.dims != 2) {
        return wn_fail(err, WN_INVALID, "%s: one row of %zu numbers, where a matrix of rows x dimensions is needed",
                       npy->path, npy->shape.rows);
    }
    WN_TRY(get_floats(npy, &out->data, err));
    out->rows = npy->shape.rows;
    out->cols = out->stride = npy->shape.cols;
    return WN_OK;
}

static wn_status check_vector(const wn_npy *npy, wn_error *err)
{
    if (npy->shape.dims < 3 && (npy->shape.dims == 1 || npy->shape.rows == 1 || npy->shape.cols == 1)) return WN_OK;
    return wn_fail(err, WN_INVALID, "%s: a matrix of %zu x %zu, where one number a row is needed", npy->path,
                   npy->shape.rows, npy->shape.cols);
}

wn_status wn_npy_vector(wn_npy *npy, wn_matrix *out, wn_error *err)
{
    WN_TRY(check_vector(npy, err));
    WN_TRY(get_floats(npy, &out->data, err));
    out->rows = npy->shape.rows * npy->shape.cols;
    out->cols = out->stride = 1;
    return WN_OK;
}

/* Converts items to int64, a NaN to -1 where it is one of `labels`; the answer is the number of items done, less than
 * `len` when one does not fit. */
static size_t convert_integers(wn_npy_type type, const unsigned char *items, size_t len, bool labels, int64_t *out)
{
    size_t i = 0;
#define CONVERT(kind, fits, none)                                                                                      \
    for (; i < len; i++) {                                                                                             \
        kind x;                                                                                                        \
        memcpy(&x, items + i * sizeof x, sizeof x);                                                                    \
        if (!(none) && !(fits)) return i;                                                                              \
        out[i] = (none) ? -1 : (int64_t)x;                                                                             \
    }                                                                                                                  \
    break
    switch (type) {
    case WN_NPY_FLOAT16:
        for (; i < len; i++) {
            uint16_t half;
            memcpy(&half, items + i * sizeof half, sizeof half);
            float x = wn_float_from_half(half);
            const bool none = labels && isnan(x);
            if (!none && !(x == truncf(x) && fabsf(x) < 0x1p63f)) return i;
            out[i] = none ? -1 : (int64_t)x;
        }
        break;
    case WN_NPY_FLOAT32:
        CONVERT(float, x == truncf(x) && fabsf(x) < 0x1p63f, labels && isnan(x));
    case WN_NPY_FLOAT64:
        CONVERT(double, x == trunc(x) && fabs(x) < 0x1p63, labels && isnan(x));
    case WN_NPY_INT8:
        CONVERT(int8_t, true, false);
    case WN_NPY_INT16:
        CONVERT(int16_t, true, false);
    case WN_NPY_INT32:
        CONVERT(int32_t, true, false);
    case WN_NPY_INT64:
        CONVERT(int64_t, true, false);
    case WN_NPY_UINT8:
        CONVERT(uint8_t, true, false);
    case WN_NPY_UINT16:
        CONVERT(uint16_t, true, false);
    case WN_NPY_UINT32:
        CONVERT(uint32_t, true, false);
    case WN_NPY_UINT64:
        CONVERT(uint64_t, x <= INT64_MAX, false);
    case WN_NPY_BOOL:
        for (; i < len; i++) out[i] = items[i] != 0;
        break;
    case WN_NPY_TYPE_COUNT:
        break;
    }
#undef CONVERT
    return i;
}

static wn_status take_integers(wn_npy *npy, bool labels, wn_rows *out, wn_error *err)
{
    size_t len = npy->shape.rows * npy->shape.cols;
    out->len = len;
    if (npy->shape.type == WN_NPY_INT64 && (uintptr_t)npy->items % sizeof(int64_t) == 0) {
        out->data = (const int64_t *)(const void *)npy->items;
        return WN_OK;
    }
    if (!npy->integers) {
        int64_t *integers = wn_alloc(WN_MEMORY_MATRIX, len, sizeof *integers);
        if (!integers) return wn_fail(err, WN_NOMEM, "%s: no memory for %zu numbers", npy->path, len);
        size_t done = convert_integers(npy->shape.type, npy->items, len, labels, integers);
        if (done < len) {
            wn_free(integers);
            return wn_fail(err, WN_INVALID, "%s: item %zu is not a whole number that fits 64 bits; save it as int64",
                           npy->path, done);
        }
        npy->integers = integers;
    }
    out->data = npy->integers;
    return WN_OK;
}

wn_status wn_npy_integers(wn_npy *npy, wn_rows *out, wn_error *err)
{
    WN_TRY(check_vector(npy, err));
    return take_integers(npy, false, out, err);
}

wn_status wn_npy_labels(wn_npy *npy, wn_rows *out, wn_error *err)
{
    WN_TRY(check_vector(npy, err));
    return take_integers(npy, true, out, err);
}

static wn_status take_matrix(wn_npy *npy, bool labels, const int64_t **out, wn_error *err)
{
    wn_rows all;
    if (npy->shape.fortran_order && npy->shape.rows > 1 && npy->shape.cols > 1)
        return wn_fail(err, WN_UNSUPPORTED, "%s: integers in Fortran order; save them with numpy.ascontiguousarray",
                       npy->path);
    WN_TRY(take_integers(npy, labels, &all, err));
    *out = all.data;
    return WN_OK;
}

wn_status wn_npy_integer_matrix(wn_npy *npy, const int64_t **out, wn_error *err)
{
    return take_matrix(npy, false, out, err);
}

wn_status wn_npy_label_matrix(wn_npy *npy, const int64_t **out, wn_error *err)
{
    return take_matrix(npy, true, out, err);
}

/* Lets go of the pages that were read so far, now and then; they come back where they are still looked at. */
static void note_reading(wn_npy *npy, size_t bytes)
{
    bytes += READ_AROUND;
    if (atomic_fetch_add_explicit(&npy->read, bytes, memory_order_relaxed) + bytes > FORGET_BYTES) {
        atomic_store_explicit(&npy->read, 0, memory_order_relaxed);
        wn_file_map_forget(&npy->map);
    }
}

static const float *view_rows(void *context, size_t begin, size_t count)
{
    wn_npy *npy = context;
    if (!is_direct(npy)) return NULL;
    note_reading(npy, count * npy->shape.cols * sizeof(float));
    return (const float *)(const void *)npy->items + begin * npy->shape.cols;
}

static wn_status read_rows(void *context, size_t begin, size_t count, double *out, wn_error *err)
{
    enum { BLOCK = 256 };
    wn_npy *npy = context;
    size_t rows = npy->shape.rows, cols = npy->shape.cols, width = wn_npy_type_bytes(npy->shape.type);
    (void)err;
    if (is_row_major(&npy->shape)) {
        wn_npy_to_doubles(npy->shape.type, npy->items + begin * cols * width, count * cols, out);
    } else {
        double piece[BLOCK] = {0};
        for (size_t first = 0; first < count; first += BLOCK) {
            size_t len = count - first < BLOCK ? count - first : BLOCK;
            for (size_t col = 0; col < cols; col++) {
                const unsigned char *items = npy->items + (col * rows + begin + first) * width;
                wn_npy_to_doubles(npy->shape.type, items, len, piece);
                for (size_t i = 0; i < len; i++) out[(first + i) * cols + col] = piece[i];
            }
        }
    }
    note_reading(npy, count * cols * width);
    return WN_OK;
}

static wn_table table_over(wn_npy *npy)
{
    return (wn_table){
        .rows = npy->shape.rows, .cols = npy->shape.cols, .read = read_rows, .context = npy, .view = view_rows};
}

wn_status wn_npy_table(wn_npy *npy, wn_table *out, wn_error *err)
{
    if (npy->shape.dims != 2) {
        return wn_fail(err, WN_INVALID, "%s: one row of %zu numbers, where a matrix of rows x columns is needed",
                       npy->path, npy->shape.rows);
    }
    *out = table_over(npy);
    return WN_OK;
}

static wn_status check_stack(const wn_npy *npy, wn_error *err)
{
    if (npy->shape.dims >= 3) return WN_OK;
    return wn_fail(err, WN_INVALID, "%s: %u dimensions, where planes of height x width are needed", npy->path,
                   npy->shape.dims);
}

wn_status wn_npy_stack(wn_npy *npy, wn_table *out, wn_error *err)
{
    WN_TRY(check_stack(npy, err));
    *out = table_over(npy);
    return WN_OK;
}

wn_status wn_npy_planes(wn_npy *npy, const float **out, wn_error *err)
{
    WN_TRY(check_stack(npy, err));
    return get_floats(npy, out, err);
}
