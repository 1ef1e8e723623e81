/* SPDX-License-Identifier: Apache-2.0
 *
 * The options that every command takes, and the tables that one command accepts.
 */
#ifndef CLI_COMMON_OPTIONS_H
#define CLI_COMMON_OPTIONS_H

#include "command.h"

enum { OPTION_TABLES = 4 };

/* Option tables that apply to one command, each with the struct that it fills. */
typedef struct option_tables {
    const wn_option *table[OPTION_TABLES];
    void *params[OPTION_TABLES];
    size_t count;
} option_tables;

/* The rows that every command takes; those for COMMAND_WRITES; those for COMMAND_READS. */
extern const wn_option common_option_rows[], dry_run_option_rows[], strict_option_rows[];

/* Tables for `chosen`, its own first; the values go to `params` and `common` (both may be NULL for help). */
option_tables option_tables_of(const command *chosen, void *params, common_options *common);

#endif
