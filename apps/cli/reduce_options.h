/* SPDX-License-Identifier: Apache-2.0
 *
 * Options of commands that embed, or use embeddings of a model: fewer dimensions by principal components.
 */
#ifndef CLI_REDUCE_OPTIONS_H
#define CLI_REDUCE_OPTIONS_H

#include "command.h"
#include "winnow/jobs.h"

#define REDUCE_AT(type, member, field) offsetof(type, member) + offsetof(wn_reduce, field)

/* Rows for the struct `type` that holds a wn_reduce called `member`. */
#define REDUCE_OPTION_ROWS(type, member)                                                                               \
    {WN_OPTION_INT,                                                                                                    \
     "dim",                                                                                                            \
     "fewer dimensions of the embedding, by principal components; 0 = as the model gives them",                        \
     REDUCE_AT(type, member, dim),                                                                                     \
     0,                                                                                                                \
     1 << 20,                                                                                                          \
     "0",                                                                                                              \
     NULL,                                                                                                             \
     "D",                                                                                                              \
     0},                                                                                                               \
    {                                                                                                                  \
        WN_OPTION_BOOL, "whiten", "with --dim: make all dimensions vary alike", REDUCE_AT(type, member, whiten), 0, 0, \
            NULL, NULL, NULL, 0                                                                                        \
    }

/* A matter of usage: --whiten without --dim; and --dim where `arrays` are given, which `winnow embed` reduces. */
wn_status check_reduce(session *run, const wn_reduce *reduce, bool arrays, wn_error *err);

#endif
