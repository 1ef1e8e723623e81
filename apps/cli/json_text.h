/* SPDX-License-Identifier: Apache-2.0
 *
 * The one JSON object that --json prints.
 */
#ifndef CLI_JSON_TEXT_H
#define CLI_JSON_TEXT_H

#include <jansson.h>
#include <stdint.h>

#include "winnow/status.h"

/* Text of any bytes as a JSON string: invalid UTF-8 becomes \xHH, so that a file name never breaks the output. */
json_t *json_name(const char *text);

/* A finite number, else null. */
json_t *json_figure(double value);

json_t *json_count(uint64_t value);

/* Prints the object with a line break on standard output and releases it. NULL means that memory was short. */
wn_status json_print(json_t *object, wn_error *err);

#endif
