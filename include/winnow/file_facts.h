/* SPDX-License-Identifier: Apache-2.0
 *
 * What a file of winnow's trade is and holds: models, reductions, arrays, weights, checkpoints, indexes, workspaces.
 * The kind is told by the content, the ending decides only where the content says nothing.
 *
 *     wn_file_facts facts;
 *     if (wn_job_file_facts("photos.wnm", &facts, &err)) return 1;
 *     for (size_t i = 0; i < facts.count; i++) printf("%s\n", facts.rows[i].key);
 *     wn_file_facts_clear(&facts);
 */
#ifndef WINNOW_FILE_FACTS_H
#define WINNOW_FILE_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "winnow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum wn_fact_type {
    WN_FACT_TEXT,
    WN_FACT_COUNT, /* a whole number */
    WN_FACT_BYTES,
    WN_FACT_REAL
} wn_fact_type;

/* One fact: a key in words with underscores, and its value. */
typedef struct wn_fact {
    const char *key; /* static storage */
    bool item;       /* one of a list: its key may stand several times */
    wn_fact_type type;
    char *text;    /* TEXT */
    int64_t count; /* COUNT, BYTES */
    double real;   /* REAL */
} wn_fact;

typedef struct wn_file_facts {
    char *path;       /* the file that was looked at: that of a pulled model where its name was given */
    const char *kind; /* "model", "onnx", "reduction", "array", "safetensors", "checkpoint", "index" or "workspace" */
    wn_fact *rows;    /* in the order in which a reader wants them */
    size_t count, capacity;
} wn_file_facts;

/* Looks at the whole file: one that is damaged or cut short fails with the reader's own message. `wanted` is a path,
 * WN_MODEL_DEFAULT or the name of a pulled model. Of an ONNX model only path and kind are filled: wn_job_onnx_facts
 * has the rest. WN_NOTFOUND, WN_CORRUPT, WN_VERSION, WN_UNSUPPORTED: no file of a kind that winnow reads. Release with
 * wn_file_facts_clear, which is safe after a failure too. */
WN_API WN_NODISCARD wn_status wn_job_file_facts(const char *wanted, wn_file_facts *out, wn_error *err);
WN_API void wn_file_facts_clear(wn_file_facts *facts);

#ifdef __cplusplus
}
#endif
#endif
