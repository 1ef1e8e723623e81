/* SPDX-License-Identifier: Apache-2.0
 *
 * One request for the bytes of a file, from an offset on. The one place that knows libcurl.
 */
#ifndef HUB_TRANSFER_H
#define HUB_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/progress.h"
#include "winnow/status.h"

/* What the server said before the first byte. */
typedef struct wn_answer {
    long code;        /* of HTTP */
    uint64_t start;   /* offset of the first byte that follows */
    uint64_t total;   /* bytes of the whole file; 0 = not told */
    char version[80]; /* X-Linked-ETag or ETag without its quotes, "" = none: changes with the file */
} wn_answer;

/* Where it goes. Both return a failure to end the transfer with it, and fill `err`. */
typedef struct wn_receiver {
    wn_status (*begin)(void *context, const wn_answer *answer, wn_error *err); /* once, before the first byte */
    wn_status (*add)(void *context, const void *bytes, size_t len, wn_error *err);
    void *context;
} wn_receiver;

/* WN_OK: all of it has come. WN_NOTFOUND (404, 410); WN_LIMIT: `from` is not within the file (416); WN_INVALID: the
 * server refuses (401, 403, ...); WN_CORRUPT: bytes from another offset, neither `from` nor 0; WN_IO with *again true:
 * a break, or a part of the file only, that another try may mend; WN_CANCELLED; WN_UNSUPPORTED: built without libcurl;
 * what the receiver returned. */
WN_NODISCARD wn_status wn_transfer(const char *url, uint64_t from, const wn_receiver *receiver,
                                   const wn_progress *progress, bool *again, wn_error *err);

#endif
