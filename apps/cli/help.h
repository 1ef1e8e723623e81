/* SPDX-License-Identifier: Apache-2.0
 *
 * Help in three forms, all printed from the command table: for people, as manual pages, as a bash completion.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "command.h"

/* One command, or the overview for NULL. */
void help_print(const command *chosen, FILE *to);

/* Settings as --strategy-options and --method-options take them: "name=VALUE", what it means, its default. */
void help_print_settings(const wn_option *rows, FILE *to);

/* One command or the overview as a manual page in roff (section 1). */
void help_print_man(const command *chosen, FILE *to);

/* A completion script for bash: all commands and their options. */
void help_print_completion(FILE *to);

#endif
