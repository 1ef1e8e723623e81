/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/transfer.h"

#include <ctype.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/error.h"
#include "winnow/version.h"

enum { CONNECT_SECONDS = 30, STALL_SECONDS = 60, REDIRECTS_MOST = 10, OK = 200, PARTIAL = 206 };

typedef struct request {
    CURL *handle;
    const wn_receiver *receiver;
    const wn_progress *progress;
    wn_error *err;
    wn_answer answer;
    uint64_t from, done;
    bool begun, linked; /* version is of X-Linked-ETag, which a redirected answer does not replace */
    bool cancelled;
    wn_status status; /* of the receiver */
} request;

/* ---- what the server says ---- */

/* Text behind "Name:", or NULL; `len` is that of the line and becomes that of the value. */
static const char *value_of(const char *line, size_t *len, const char *name)
{
    const size_t head = strlen(name);
    if (*len <= head || strncasecmp(line, name, head) != 0 || line[head] != ':') return NULL;
    const char *from = line + head + 1, *end = line + *len;
    while (from < end && isspace((unsigned char)*from)) from++;
    while (end > from && isspace((unsigned char)end[-1])) end--;
    *len = (size_t)(end - from);
    return from;
}

static void keep_version(request *r, const char *value, size_t len)
{
    if (len >= 2 && value[0] == '"' && value[len - 1] == '"') {
        value++;
        len -= 2;
    }
    if (len < sizeof r->answer.version) (void)snprintf(r->answer.version, 80, "%.*s", (int)len, value);
}

/* "bytes 100-199/200" */
static void read_range(wn_answer *answer, const char *value, size_t len)
{
    char text[96];
    uint64_t first, last, total;
    (void)snprintf(text, sizeof text, "%.*s", (int)(len < 90 ? len : 90), value);
    if (sscanf(text, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64, &first, &last, &total) != 3) return;
    answer->start = first;
    answer->total = total;
}

static size_t take_header(char *line, size_t size, size_t count, void *context)
{
    request *r = context;
    const size_t all = size * count;
    size_t len = all;
    const char *value;
    if (len > 5 && strncmp(line, "HTTP/", 5) == 0) { /* an answer, maybe after a redirect */
        r->answer.start = r->answer.total = 0;
        if (!r->linked) r->answer.version[0] = 0;
    }
    if ((value = value_of(line, &len, "X-Linked-ETag"))) {
        keep_version(r, value, len);
        r->linked = true;
    }
    len = all;
    if (!r->linked && (value = value_of(line, &len, "ETag"))) keep_version(r, value, len);
    len = all;
    if ((value = value_of(line, &len, "Content-Range"))) read_range(&r->answer, value, len);
    len = all;
    if (r->answer.total == 0 && (value = value_of(line, &len, "Content-Length")))
        r->answer.total = strtoull(value, NULL, 10);
    return all;
}

/* ---- what it sends ---- */

static wn_status begin(request *r)
{
    (void)curl_easy_getinfo(r->handle, CURLINFO_RESPONSE_CODE, &r->answer.code);
    r->begun = true;
    if (r->answer.code == OK) r->answer.start = 0;
    if (r->answer.code == PARTIAL && r->answer.start != r->from && r->answer.start != 0)
        return wn_fail(r->err, WN_CORRUPT, "the server sent bytes from %" PRIu64 " on, not from %" PRIu64,
                       r->answer.start, r->from);
    r->done = r->answer.start;
    return r->receiver->begin(r->receiver->context, &r->answer, r->err);
}

static size_t take_bytes(char *bytes, size_t size, size_t count, void *context)
{
    request *r = context;
    const size_t len = size * count;
    if (!r->begun) r->status = begin(r);
    if (!r->status) r->status = r->receiver->add(r->receiver->context, bytes, len, r->err);
    r->done += len;
    return r->status ? 0 : len;
}

static int tell(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    request *r = context;
    const wn_progress_report report = {.stage = "fetch",
                                       .unit = "bytes",
                                       .done = r->begun ? r->done : r->from,
                                       .total = r->begun ? r->answer.total : 0};
    (void)total;
    (void)now;
    (void)up_total;
    (void)up_now;
    r->cancelled = wn_progress_tell(r->progress, &report);
    return r->cancelled;
}

/* ---- the request ---- */

static void allow(CURL *handle, bool plain)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    (void)curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, plain ? "http,https" : "https");
    (void)curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, plain ? "http,https" : "https");
#else
    const long protocols = plain ? CURLPROTO_HTTP | CURLPROTO_HTTPS : CURLPROTO_HTTPS;
    (void)curl_easy_setopt(handle, CURLOPT_PROTOCOLS, protocols);
    (void)curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS, protocols);
#endif
}

/* What starts as https stays so. */
static void set_up(request *r, const char *url, char *message)
{
    CURL *handle = r->handle;
    char agent[64], range[32];
    (void)snprintf(agent, sizeof agent, "winnow/%s", wn_version());
    allow(handle, strncasecmp(url, "http://", 7) == 0);
    (void)curl_easy_setopt(handle, CURLOPT_URL, url);
    (void)curl_easy_setopt(handle, CURLOPT_USERAGENT, agent);
    (void)curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, message);
    (void)curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
    (void)curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
    (void)curl_easy_setopt(handle, CURLOPT_MAXREDIRS, (long)REDIRECTS_MOST);
    (void)curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    (void)curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS);
    if (r->from > 0) { /* RESUME_FROM would refuse a server that sends all of it */
        (void)snprintf(range, sizeof range, "%" PRIu64 "-", r->from);
        (void)curl_easy_setopt(handle, CURLOPT_RANGE, range);
    }
    (void)curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
    (void)curl_easy_setopt(handle, CURLOPT_HEADERDATA, r);
    (void)curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_bytes);
    (void)curl_easy_setopt(handle, CURLOPT_WRITEDATA, r);
    (void)curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, tell);
    (void)curl_easy_setopt(handle, CURLOPT_XFERINFODATA, r);
}

/* The answer was a refusal. */
static wn_status refuse(long code, const char *url, bool *again, wn_error *err)
{
    if (code == 404 || code == 410) return wn_fail(err, WN_NOTFOUND, "%s: there is no such file (HTTP %ld)", url, code);
    if (code == 416) return wn_fail(err, WN_LIMIT, "%s: shorter than what is here already", url);
    *again = code >= 500 || code == 429 || code == 408;
    return wn_fail(err, *again ? WN_IO : WN_INVALID, "%s: the server refuses (HTTP %ld)", url, code);
}

static wn_status judge(request *r, CURLcode result, const char *message, const char *url, bool *again)
{
    if (r->status) return r->status;
    if (r->cancelled) return wn_fail(r->err, WN_CANCELLED, "cancelled");
    (void)curl_easy_getinfo(r->handle, CURLINFO_RESPONSE_CODE, &r->answer.code);
    if (result == CURLE_HTTP_RETURNED_ERROR || r->answer.code == 416) return refuse(r->answer.code, url, again, r->err);
    if (result == CURLE_OK && r->begun && r->answer.code == PARTIAL && r->done < r->answer.total) {
        *again = true; /* libcurl counts the bytes of the answer, not those of the file */
        return wn_fail(r->err, WN_IO, "%s: the server sent %" PRIu64 " of %" PRIu64 " bytes", url, r->done,
                       r->answer.total);
    }
    if (result == CURLE_OK) return r->begun ? WN_OK : wn_fail(r->err, WN_CORRUPT, "%s: an empty file", url);
    *again = result == CURLE_PARTIAL_FILE || result == CURLE_RECV_ERROR || result == CURLE_GOT_NOTHING ||
             result == CURLE_OPERATION_TIMEDOUT || result == CURLE_SEND_ERROR || result == CURLE_HTTP2 ||
             result == CURLE_HTTP2_STREAM;
    return wn_fail(r->err, WN_IO, "%s: %s", url, *message ? message : curl_easy_strerror(result));
}

static CURLcode started;

static void start(void)
{
    started = curl_global_init(CURL_GLOBAL_DEFAULT);
}

wn_status wn_transfer(const char *url, uint64_t from, const wn_receiver *receiver, const wn_progress *progress,
                      bool *again, wn_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    char message[CURL_ERROR_SIZE] = "";
    request r = {.receiver = receiver, .progress = progress, .err = err, .from = from};
    *again = false;
    (void)pthread_once(&once, start);
    if (started != CURLE_OK || !(r.handle = curl_easy_init()))
        return wn_fail(err, WN_UNSUPPORTED, "libcurl does not start: %s", curl_easy_strerror(started));
    set_up(&r, url, message);
    const CURLcode result = curl_easy_perform(r.handle);
    const wn_status status = judge(&r, result, message, url, again);
    curl_easy_cleanup(r.handle);
    return status;
}
