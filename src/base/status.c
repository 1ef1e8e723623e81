/* SPDX-License-Identifier: Apache-2.0
 *
 * Names and texts of the status codes, and the two functions that fill an error record.
 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *wn_status_name(wn_status status)
{
    switch (status) {
#define X(name, number, text)                                                                                          \
    case WN_##name:                                                                                                    \
        return #name;
        WN_STATUS_MAP(X)
#undef X
    }
    return "UNKNOWN";
}

const char *wn_status_text(wn_status status)
{
    switch (status) {
#define X(name, number, text)                                                                                          \
    case WN_##name:                                                                                                    \
        return text;
        WN_STATUS_MAP(X)
#undef X
    }
    return "unknown status";
}

wn_status(wn_fail)(wn_error *err, wn_status status, const char *format, ...)
{
    if (!err) return status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    err->status = status;
    return status;
}

static wn_status status_of_errno(int code)
{
    switch (code) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return WN_NOSPACE;
    case ENOENT:
    case ENOTDIR:
        return WN_NOTFOUND;
    case ENOMEM:
        return WN_NOMEM;
    default:
        return WN_IO;
    }
}

wn_status(wn_fail_errno)(wn_error *err, int code, const char *format, ...)
{
    wn_status status = status_of_errno(code);
    if (!err) return status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    size_t used = strlen(err->message);
    char text[128];
    const char *reason = strerror_r(code, text, sizeof text);
    snprintf(err->message + used, sizeof err->message - used, ": %s", reason);
    err->status = status;
    return status;
}
