/* SPDX-License-Identifier: Apache-2.0
 *
 * NumPy's .npy files, in and out. Input is memory-mapped and never changed; float32 in C order is used where it
 * lies, everything else is converted once.
 *
 *     wn_npy *file = NULL;
 *     wn_matrix embeddings;
 *     if (!wn_npy_open("e.npy", &file, &err) && !wn_npy_matrix(file, &embeddings, &err)) ...
 *     wn_npy_close(&file);
 */
#ifndef WINNOW_NPY_H
#define WINNOW_NPY_H

#include "winnow/matrix.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* name, NumPy's code, bytes an item */
#define WN_NPY_TYPE_MAP(X)                                                                                             \
    X(FLOAT16, "<f2", 2)                                                                                               \
    X(FLOAT32, "<f4", 4)                                                                                               \
    X(FLOAT64, "<f8", 8)                                                                                               \
    X(INT8, "|i1", 1)                                                                                                  \
    X(INT16, "<i2", 2)                                                                                                 \
    X(INT32, "<i4", 4)                                                                                                 \
    X(INT64, "<i8", 8)                                                                                                 \
    X(UINT8, "|u1", 1)                                                                                                 \
    X(UINT16, "<u2", 2)                                                                                                \
    X(UINT32, "<u4", 4)                                                                                                \
    X(UINT64, "<u8", 8)                                                                                                \
    X(BOOL, "|b1", 1)

typedef enum wn_npy_type {
#define X(name, code, bytes) WN_NPY_##name,
    WN_NPY_TYPE_MAP(X)
#undef X
        WN_NPY_TYPE_COUNT
} wn_npy_type;

/* What the header says. A 1-D array of n items has rows n, cols 1. */
typedef struct wn_npy_shape {
    wn_npy_type type;
    unsigned dims; /* 1 or 2; 3 or 4 in a stack */
    size_t rows, cols;
    size_t sizes[4]; /* of the first `dims` */
    int fortran_order;
} wn_npy_shape;

typedef struct wn_npy wn_npy;

/* Maps the file. Versions 1 to 3 of the format, little-endian, 1-D or 2-D, the types above. WN_UNSUPPORTED for what
 * the format allows but this does not (big-endian, pickled objects, structures, 3-D), WN_CORRUPT for a damaged
 * header or missing data, WN_NOTFOUND, WN_IO. */
WN_API WN_NODISCARD wn_status wn_npy_open(const char *path, wn_npy **out, wn_error *err);

/* The same, of 3-D and 4-D arrays in C order too: a stack of planes, each of them a row, so cols is the product of the
 * last two sizes and rows that of those before. Of those only wn_npy_stack and wn_npy_planes read. */
WN_API WN_NODISCARD wn_status wn_npy_open_stack(const char *path, wn_npy **out, wn_error *err);

/* Releases the map and everything converted from it; clears the pointer. */
WN_API void wn_npy_close(wn_npy **npy);

WN_API const wn_npy_shape *wn_npy_get_shape(const wn_npy *npy);

/* Bytes that wn_npy_matrix would allocate: 0 when the file is used as it is. */
WN_API uint64_t wn_npy_matrix_bytes(const wn_npy *npy);

/* A float32 view of a 2-D array, valid until close. Values too large for float32 become infinite; whether all are
 * finite is not checked here: wn_matrix_check_finite does. */
WN_API WN_NODISCARD wn_status wn_npy_matrix(wn_npy *npy, wn_matrix *out, wn_error *err);

/* An int64 view of a 1-D array (or of one row or column) of integers or booleans, valid until close. Floats that are
 * all whole numbers are accepted too. WN_INVALID for other values and for uint64 beyond the range of int64. */
WN_API WN_NODISCARD wn_status wn_npy_integers(wn_npy *npy, wn_rows *out, wn_error *err);

/* The same of a 2-D array in C order: `out` points to rows x cols values, row-major. WN_UNSUPPORTED: Fortran order. */
WN_API WN_NODISCARD wn_status wn_npy_integer_matrix(wn_npy *npy, const int64_t **out, wn_error *err);

/* Both for labels, where a NaN among floats means that there is none: it becomes -1. Of one file either these or the
 * others are asked for. */
WN_API WN_NODISCARD wn_status wn_npy_labels(wn_npy *npy, wn_rows *out, wn_error *err);
WN_API WN_NODISCARD wn_status wn_npy_label_matrix(wn_npy *npy, const int64_t **out, wn_error *err);

/* A float32 view of a 1-D array (or of one row or column), valid until close: *out has cols 1. */
WN_API WN_NODISCARD wn_status wn_npy_vector(wn_npy *npy, wn_matrix *out, wn_error *err);

/* A table over a 2-D array, valid until close, which converts rows as they are read and keeps none: a large file takes
 * little memory. WN_INVALID for a 1-D array. */
WN_API WN_NODISCARD wn_status wn_npy_table(wn_npy *npy, wn_table *out, wn_error *err);

/* The same over a stack of planes. WN_INVALID for fewer than three dimensions. */
WN_API WN_NODISCARD wn_status wn_npy_stack(wn_npy *npy, wn_table *out, wn_error *err);

/* All planes of a stack as float32, one behind the other, valid until close. WN_INVALID for fewer than three
 * dimensions. */
WN_API WN_NODISCARD wn_status wn_npy_planes(wn_npy *npy, const float **out, wn_error *err);

/* Write a file in C order, complete or not at all. The matrix forms write rows x cols, the others 1-D. */
WN_API WN_NODISCARD wn_status wn_npy_write_matrix(const char *path, const wn_matrix *matrix, wn_error *err);
WN_API WN_NODISCARD wn_status wn_npy_write_floats(const char *path, const float *data, size_t len, wn_error *err);
WN_API WN_NODISCARD wn_status wn_npy_write_integers(const char *path, const int64_t *data, size_t len, wn_error *err);
WN_API WN_NODISCARD wn_status wn_npy_write_integer_matrix(const char *path, const int64_t *data, size_t rows,
                                                          size_t cols, wn_error *err);

/* Write stacks of `images` planes of height x width: booleans of one byte each, or class numbers. */
WN_API WN_NODISCARD wn_status wn_npy_write_masks(const char *path, const uint8_t *data, size_t images, size_t height,
                                                 size_t width, wn_error *err);
WN_API WN_NODISCARD wn_status wn_npy_write_planes(const char *path, const uint16_t *data, size_t images, size_t height,
                                                  size_t width, wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
