/* SPDX-License-Identifier: Apache-2.0
 *
 * Open models that others trained, fetched by name over HTTP(S) into the user's cache: resumed when cut, compared by
 * SHA-256, complete or absent. Nothing else in winnow uses the network.
 *
 *     wn_pull_result got;
 *     if (wn_hub_pull(wn_hub_find("dinov2-small"), &(wn_pull_settings){0}, NULL, &got, &err)) return 1;
 *     printf("%s\n", got.path);                                             for wn_open_model and --model
 */
#ifndef WINNOW_HUB_H
#define WINNOW_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/progress.h"
#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One row of the table. */
typedef struct wn_hub_model {
    const char *name;
    const char *summary;
    const char *licence;
    const char *location; /* below the address of the hub */
    const char *sha256;   /* 64 lower-case digits; NULL = not known: what comes first is recorded */
    uint32_t megabytes;   /* of the file, about */
    uint32_t side, dim;   /* pixels of the input's side; numbers of an embedding */
    const char *settings; /* JSON for NAME.onnx.json: how pixels become input, which value is the embedding */
} wn_hub_model;

/* The table; `count` rows. Static storage. */
WN_API const wn_hub_model *wn_hub_models(size_t *count);

/* NULL where there is no such name. */
WN_API const wn_hub_model *wn_hub_find(const char *name);

/* NULL = the default. Texts are borrowed. */
typedef struct wn_pull_settings {
    const char *hub;    /* address of a mirror; else WINNOW_HUB of the environment, else https://huggingface.co */
    const char *out;    /* file to write; else NAME.onnx in $XDG_CACHE_HOME/winnow/models or ~/.cache/winnow/models */
    const char *sha256; /* 64 hexadecimal digits that the file must have, over those of the table */
} wn_pull_settings;

/* By what the bytes were found to be the right ones. */
#define WN_PULL_CHECK_MAP(X)                                                                                           \
    X(NONE, "nothing: the hash of this model is unknown; recorded at this first download")                             \
    X(FOUND, "nothing: the file was there without a recorded hash and is taken as it is; --sha256 compares it")        \
    X(HUB, "the hash that the hub announced")                                                                          \
    X(RECORD, "the hash recorded at the first download")                                                               \
    X(TABLE, "the hash that winnow knows")                                                                             \
    X(GIVEN, "the hash that was given")

typedef enum wn_pull_check {
#define X(name, text) WN_PULL_##name,
    WN_PULL_CHECK_MAP(X)
#undef X
} wn_pull_check;

/* The text above. Static storage. */
WN_API const char *wn_pull_check_text(wn_pull_check check);

enum { WN_PULL_PATH_MAX = 4096 };

/* The file that `model` is put into: `named`, or NAME.onnx in the cache folder for NULL. WN_INVALID where no cache
 * folder is known or the path is too long. */
WN_API WN_NODISCARD wn_status wn_hub_place(const wn_hub_model *model, const char *named, char out[WN_PULL_PATH_MAX],
                                           wn_error *err);

/* The file of a model of the table that was pulled into the cache folder. WN_NOTFOUND, with what to do, where the table
 * has no such name or the file is not there; WN_INVALID as above. */
WN_API WN_NODISCARD wn_status wn_hub_find_pulled(const char *name, char out[WN_PULL_PATH_MAX], wn_error *err);

typedef struct wn_pull_result {
    char path[WN_PULL_PATH_MAX], url[WN_PULL_PATH_MAX];
    char sha256[65];
    uint64_t bytes;   /* of the file */
    uint64_t resumed; /* of them, from an earlier run */
    bool present;     /* it was there already; nothing was fetched */
    wn_pull_check check;
} wn_pull_result;

/* Where the model is fetched from and put: fills path and url, does nothing else. WN_INVALID for an address that is not
 * http:// or https://, a hash that is none, a path that is too long, or where no cache folder is known. */
WN_API WN_NODISCARD wn_status wn_hub_locate(const wn_hub_model *model, const wn_pull_settings *settings,
                                            wn_pull_result *out, wn_error *err);

/* Fetches PATH by way of PATH.part, which stays when the connection breaks and is gone on from by the next call; beside
 * it PATH.json (settings, unless there is one) and PATH.sha256 (as `sha256sum -c` reads it). A file that is there is
 * compared, not fetched. The connection is tried up to five times. WN_CORRUPT: another hash, or not an ONNX file;
 * WN_NOTFOUND: the hub has no such file; WN_IO: no connection; WN_BUSY: another process fetches it; WN_NOSPACE;
 * WN_CANCELLED; WN_UNSUPPORTED: built without libcurl. */
WN_API WN_NODISCARD wn_status wn_hub_pull(const wn_hub_model *model, const wn_pull_settings *settings,
                                          const wn_progress *progress, wn_pull_result *out, wn_error *err);

#ifdef __cplusplus
}
#endif
#endif
