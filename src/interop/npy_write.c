/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing .npy files, version 1: the head is padded with blanks so that the items begin at a multiple of 64.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "interop/npy_header.h"
#include "winnow/npy.h"

enum { HEAD_BYTES = 128 }; /* longest: two sizes of 20 digits, or three that fit memory */

static void write_head(wn_npy_type type, const char *shape, char head[HEAD_BYTES])
{
    memset(head, ' ', HEAD_BYTES);
    memcpy(head, "\x93NUMPY\x01\x00", 8);
    head[8] = HEAD_BYTES - 10;
    head[9] = 0;
    int len = snprintf(head + 10, HEAD_BYTES - 10, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
                       wn_npy_type_code(type), shape);
    head[10 + len] = ' ';
    head[HEAD_BYTES - 1] = '\n';
}

static void make_head(wn_npy_type type, unsigned dims, size_t rows, size_t cols, char head[HEAD_BYTES])
{
    char shape[64];
    if (dims == 1) {
        snprintf(shape, sizeof shape, "(%zu,)", rows);
    } else {
        snprintf(shape, sizeof shape, "(%zu, %zu)", rows, cols);
    }
    write_head(type, shape, head);
}

/* `row_bytes` are written of each row, `step` bytes lie between the beginnings of two rows. */
static wn_status write_rows(const char *path, const char *head, const void *data, size_t rows, size_t row_bytes,
                            size_t step, wn_error *err)
{
    wn_file_writer writer;
    const unsigned char *bytes = data;
    if (row_bytes == step) { /* all in one piece */
        row_bytes *= rows;
        rows = 1;
    }
    WN_TRY(wn_file_writer_begin(&writer, path, err));
    wn_status status = wn_file_write_at(writer.fd, head, HEAD_BYTES, 0, path, err);
    for (size_t row = 0; row < rows && !status && row_bytes; row++) {
        status = wn_file_write_at(writer.fd, bytes + row * step, row_bytes, HEAD_BYTES + (uint64_t)row * row_bytes,
                                  path, err);
    }
    wn_status end = wn_file_writer_end(&writer, status == WN_OK, status ? NULL : err);
    return status ? status : end;
}

wn_status wn_npy_write_matrix(const char *path, const wn_matrix *matrix, wn_error *err)
{
    char head[HEAD_BYTES];
    make_head(WN_NPY_FLOAT32, 2, matrix->rows, matrix->cols, head);
    return write_rows(path, head, matrix->data, matrix->rows, matrix->cols * sizeof(float),
                      matrix->stride * sizeof(float), err);
}

wn_status wn_npy_write_floats(const char *path, const float *data, size_t len, wn_error *err)
{
    char head[HEAD_BYTES];
    make_head(WN_NPY_FLOAT32, 1, len, 1, head);
    return write_rows(path, head, data, len, sizeof *data, sizeof *data, err);
}

wn_status wn_npy_write_integers(const char *path, const int64_t *data, size_t len, wn_error *err)
{
    char head[HEAD_BYTES];
    make_head(WN_NPY_INT64, 1, len, 1, head);
    return write_rows(path, head, data, len, sizeof *data, sizeof *data, err);
}

wn_status wn_npy_write_integer_matrix(const char *path, const int64_t *data, size_t rows, size_t cols, wn_error *err)
{
    char head[HEAD_BYTES];
    make_head(WN_NPY_INT64, 2, rows, cols, head);
    return write_rows(path, head, data, rows, cols * sizeof *data, cols * sizeof *data, err);
}

static wn_status write_stack(const char *path, wn_npy_type type, const void *data, const size_t sizes[3], wn_error *err)
{
    char head[HEAD_BYTES], shape[64];
    size_t row_bytes = sizes[1] * sizes[2] * wn_npy_type_bytes(type);
    snprintf(shape, sizeof shape, "(%zu, %zu, %zu)", sizes[0], sizes[1], sizes[2]);
    write_head(type, shape, head);
    return write_rows(path, head, data, sizes[0], row_bytes, row_bytes, err);
}

wn_status wn_npy_write_masks(const char *path, const uint8_t *data, size_t images, size_t height, size_t width,
                             wn_error *err)
{
    return write_stack(path, WN_NPY_BOOL, data, (const size_t[]){images, height, width}, err);
}

wn_status wn_npy_write_planes(const char *path, const uint16_t *data, size_t images, size_t height, size_t width,
                              wn_error *err)
{
    return write_stack(path, WN_NPY_UINT16, data, (const size_t[]){images, height, width}, err);
}
