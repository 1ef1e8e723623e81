/* SPDX-License-Identifier: Apache-2.0
 *
 * Text: numbers from text, safe printing of arbitrary file names, human units.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* A copy released with wn_free; NULL when memory is short. */
char *wn_text_copy(const char *text);
char *wn_text_copy_len(const char *text, size_t len);

/* The whole text must be one number; false otherwise (also on overflow, NaN and infinity). */
bool wn_text_to_int(const char *text, int64_t *out);
bool wn_text_to_real(const char *text, double *out);

/* The number with the fewest decimal digits that reads back as `value`: 240.86 for the float that is 240.860001 when it
 * is printed with nine. "%.9g" prints it so. */
double wn_text_decimal(float value);

/* Case-insensitive (ASCII) end and equality. */
bool wn_text_ends_with(const char *text, const char *ending);
bool wn_text_equal_fold(const char *a, const char *b);

/* Bytes of a byte order mark of UTF-8, which some editors write, at the start of a text: 3 or 0. */
size_t wn_text_mark(const char *text, size_t len);

/* Length of the valid UTF-8 sequence at `text` (1..4), 0 when it is not valid. `len` > 0. */
size_t wn_text_utf8_step(const char *text, size_t len);

/* Adds text with control characters and invalid UTF-8 written as \n, \t, \xHH: for messages and terminals. */
void wn_text_add_printable(wn_buffer *out, const char *text);

/* Adds one CSV field (RFC 4180): quoted when it holds a comma, quote or line break; bytes are kept as they are. */
void wn_text_add_csv(wn_buffer *out, const char *text);

/* "1.5 GB", "12 KB" (decimal units); "1 h 02 min", "3 min 05 s", "4.2 s". At most 31 bytes and a zero byte. */
void wn_text_bytes(uint64_t bytes, char out[32]);
void wn_text_seconds(double seconds, char out[32]);

/* "60,000". */
void wn_text_count(size_t count, char out[32]);

#endif
