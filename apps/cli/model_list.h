/* SPDX-License-Identifier: Apache-2.0
 *
 * The models that have a name: the built-in one and the open ones, with what a user chooses by.
 */
#ifndef CLI_MODEL_LIST_H
#define CLI_MODEL_LIST_H

#include "command.h"

/* Prints them as a table, or as JSON under --json. */
wn_status print_model_list(session *run, wn_error *err);

#endif
