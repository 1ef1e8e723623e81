/* SPDX-License-Identifier: Apache-2.0
 *
 * From the words of a command line to a command, its option values and its paths.
 */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include "command.h"

/* Finds the command and fills `run`. Options and paths may be mixed; "--" ends the options. Accepted forms:
 * --name value, --name=value, -n value, -nvalue, -qv for flags. A value may begin with '-' (negative numbers).
 * Fails with WN_INVALID and run->usage_error; --help and --version stop the parsing and are left to the caller. */
wn_status arguments_parse(session *run, int argc, char **argv, wn_error *err);

/* Releases what arguments_parse put into `run`. */
void arguments_clear(session *run);

#endif
