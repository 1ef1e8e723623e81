/* SPDX-License-Identifier: Apache-2.0
 *
 * How a failure is written down, and the two forms in which it travels up.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "winnow/status.h"

/* Fills the record (NULL allowed) and returns `status`, so that `return wn_fail(...)` reads as one step. */
wn_status wn_fail(wn_error *err, wn_status status, const char *format, ...) WN_PRINTF(3, 4);

/* As wn_fail for a failed system call: adds the text of `code` (an errno value) and turns ENOSPC, EDQUOT into
 * WN_NOSPACE, ENOENT into WN_NOTFOUND, ENOMEM into WN_NOMEM, everything else into WN_IO. */
wn_status wn_fail_errno(wn_error *err, int code, const char *format, ...) WN_PRINTF(3, 4);

#ifdef __clang_analyzer__ /* it sees one file at a time: here it learns that a failure is never WN_OK */
static inline wn_status wn_never_ok(wn_status told, wn_status status)
{
    return told ? told : status;
}
#define wn_fail(err, status, ...)     wn_never_ok(wn_fail(err, status, __VA_ARGS__), status)
#define wn_fail_errno(err, code, ...) wn_never_ok(wn_fail_errno(err, code, __VA_ARGS__), WN_IO)
#endif

/* Passes a failure up. Only while the function owns nothing. */
#define WN_TRY(expression)                                                                                             \
    do {                                                                                                               \
        wn_status wn_try_status = (expression);                                                                        \
        if (wn_try_status != WN_OK) return wn_try_status;                                                              \
    } while (0)

/* *out = a * b; false on overflow. */
static inline bool wn_mul_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

#endif
