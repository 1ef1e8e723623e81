/* SPDX-License-Identifier: Apache-2.0
 *
 * Figures as people read them, and the clock that some of them come from.
 */
#ifndef CLI_HUMAN_H
#define CLI_HUMAN_H

#include <stdint.h>
#include <stdio.h>

/* "60,000"; "1.5 GB"; "3 min 05 s". At most 31 bytes and a zero byte; return `out`. */
const char *human_count(uint64_t value, char out[32]);
const char *human_bytes(uint64_t bytes, char out[32]);
const char *human_seconds(double seconds, char out[32]);

/* Text of others (paths, names in files) as it may stand on a terminal, with control characters escaped; NULL gives "".
 * The answer lives until the eighth call after. From the main thread alone. */
const char *human_text(const char *text);

/* One path a line: as it may stand on a terminal where `to` is one, else byte for byte, for programs. */
void print_path(FILE *to, const char *path);

/* Seconds of a clock that is never set; only differences mean anything. */
double now(void);

#endif
