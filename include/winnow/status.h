/* SPDX-License-Identifier: Apache-2.0
 *
 * Status codes and the error record that every fallible function of winnow reports through.
 *
 * A function that can fail returns a wn_status and takes a `wn_error *` last. The record belongs to the
 * caller, may be NULL, and is written by the place that detects the failure; everybody in between only
 * passes the status up. There is no global error state.
 *
 *     wn_error err = {0};
 *     if (wn_npy_open("e.npy", &array, &err) != WN_OK) fprintf(stderr, "%s\n", err.message);
 */
#ifndef WINNOW_STATUS_H
#define WINNOW_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#define WN_API                        __attribute__((visibility("default")))
#define WN_NODISCARD                  __attribute__((warn_unused_result))
#define WN_PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))

/* name, number (stable, also in JSON), text */
#define WN_STATUS_MAP(X)                                                                                               \
    X(OK, 0, "ok")                                                                                                     \
    X(NOMEM, 1, "out of memory")                                                                                       \
    X(INVALID, 2, "invalid argument")                                                                                  \
    X(NOTFOUND, 3, "not found")                                                                                        \
    X(IO, 4, "input or output failed")                                                                                 \
    X(CORRUPT, 5, "damaged data")                                                                                      \
    X(UNSUPPORTED, 6, "not supported")                                                                                 \
    X(CANCELLED, 7, "cancelled")                                                                                       \
    X(BUSY, 8, "in use by another process")                                                                            \
    X(LIMIT, 9, "over a limit")                                                                                        \
    X(NOSPACE, 10, "no space left on the device")                                                                      \
    X(VERSION, 11, "made by another version of winnow")                                                                \
    X(INTERNAL, 12, "a defect in winnow")

typedef enum wn_status {
#define X(name, number, text) WN_##name = number,
    WN_STATUS_MAP(X)
#undef X
} wn_status;

/* What went wrong, in one sentence that names the file and the remedy. */
typedef struct wn_error {
    wn_status status;
    char message[480];
} wn_error;

/* "NOMEM" for WN_NOMEM; "UNKNOWN" outside the list. Static storage. */
WN_API const char *wn_status_name(wn_status status);

/* "out of memory" for WN_NOMEM. Static storage. */
WN_API const char *wn_status_text(wn_status status);

#ifdef __cplusplus
}
#endif
#endif
