/* SPDX-License-Identifier: Apache-2.0
 *
 * The few lines of a YOLO data.yaml that matter: names, nc, kpt_shape.
 */
#ifndef INTEROP_YAML_NAMES_H
#define INTEROP_YAML_NAMES_H

#include "winnow/status.h"

#include <stddef.h>
#include <stdint.h>

/* Receives the name of a class. */
typedef void wn_yaml_name_visit(void *context, int64_t id, const char *name, size_t len);

/* Reads `names:` as a block or flow list, or as a block or flow map from numbers; the first number of kpt_shape goes
 * into *keypoints and the second into *values (0 when absent). Anything else is left out. WN_CORRUPT names the line. */
WN_NODISCARD wn_status wn_yaml_read_names(const char *text, size_t len, const char *file, wn_yaml_name_visit *visit,
                                          void *context, int64_t *keypoints, int64_t *values, wn_error *err);

#endif
