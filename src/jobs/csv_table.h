/* SPDX-License-Identifier: Apache-2.0
 *
 * A CSV file that is written in pieces and appears when it is complete. The first failure sticks.
 */
#ifndef JOBS_CSV_TABLE_H
#define JOBS_CSV_TABLE_H

#include "base/buffer.h"
#include "base/file.h"

typedef struct wn_csv_table {
    wn_file_writer writer;
    wn_buffer text; /* what is not written yet; rows are added here */
    uint64_t offset;
    char *path;
    wn_status status;
    wn_error *err;
} wn_csv_table;

/* Begins the file `name` in `folder` with the line `head`. Close it whatever the status says. */
void wn_csv_table_open(wn_csv_table *table, const char *folder, const char *name, const char *head, wn_error *err);

/* Adds a comma and a number; nothing for one that is none. */
void wn_csv_table_figure(wn_csv_table *table, double value);

/* Writes what has gathered, when it is much. */
void wn_csv_table_flush(wn_csv_table *table);

WN_NODISCARD wn_status wn_csv_table_close(wn_csv_table *table);

#endif
