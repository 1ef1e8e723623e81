/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables as text (RFC 4180 and what spreadsheets make of it): a byte order mark, any of , ; tab | between fields,
 * quotes with doubled quotes and line breaks inside, line ends of any system.
 */
#ifndef INTEROP_CSV_TEXT_H
#define INTEROP_CSV_TEXT_H

#include <stdbool.h>

#include "base/buffer.h"

typedef struct wn_csv {
    const char *text;
    size_t len, at;
    size_t line;      /* on which the last row began */
    size_t next_line; /* of `at` */
    char separator;
    wn_buffer bytes;  /* of the fields of the row, each ended by 0 */
    wn_buffer starts; /* size_t offsets in `bytes` */
    size_t count;     /* fields of the row */
    bool open_quote;  /* the last row ended inside quotes */
} wn_csv;

/* Begins. Finds the separator: the one that divides the first line, outside quotes, into most fields. */
void wn_csv_init(wn_csv *csv, const char *text, size_t len);

/* Reads the next row that is not blank; false at the end or when memory is short (see bytes.status). */
bool wn_csv_next(wn_csv *csv);

/* Field of the row; "" beyond the last. Blanks around unquoted fields are left out. */
const char *wn_csv_field(const wn_csv *csv, size_t index);

void wn_csv_clear(wn_csv *csv);

#endif
