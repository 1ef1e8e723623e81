/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX Runtime, opened at run time: where pip, npm or the system put it, or where WINNOW_ONNXRUNTIME (a file or a
 * folder) says. Its C interface is a table of functions whose places never change (onnxruntime_c_api.h, version 1 of
 * the table and AddSessionConfigEntry of version 4); only the places used here are declared.
 */
#ifndef EMBED_ORT_H
#define EMBED_ORT_H

#include <stddef.h>
#include <stdint.h>

#include "winnow/status.h"

/* A model that is ready to run. */
typedef struct wn_ort wn_ort;

/* Element types, as ONNX numbers them. */
enum { WN_ORT_FLOAT = 1, WN_ORT_UINT8 = 2, WN_ORT_FLOAT16 = 10 };

/* Opens the model in `bytes`; `name` is for messages, `folder` is where files with more weights lie. */
WN_NODISCARD wn_status wn_ort_open(const void *bytes, size_t len, const char *name, const char *folder, wn_ort **out,
                                   wn_error *err);
void wn_ort_close(wn_ort **ort);

/* Runs it on one input and hands the output over: `take` is called once with numbers (float32 or float16 by `type`) and
 * shape. May be called from several threads at once; one call uses one thread. */
typedef wn_status wn_ort_take(void *context, int type, const void *numbers, const int64_t *dims, size_t rank,
                              wn_error *err);
WN_NODISCARD wn_status wn_ort_run(const wn_ort *ort, const char *input, int type, const void *numbers, size_t bytes,
                                  const int64_t *dims, size_t rank, const char *output, wn_ort_take *take,
                                  void *context, wn_error *err);

#endif
