/* SPDX-License-Identifier: Apache-2.0
 *
 * Options of selection as `select` and `curate` offer them. Settings of a strategy are texts that go through the
 * strategy's own table.
 */
#ifndef CLI_SELECT_OPTIONS_H
#define CLI_SELECT_OPTIONS_H

#include "command.h"

typedef struct select_values {
    const char *count, *strategy, *strategy_options, *minimum_distance, *metric;
    bool at_most;
} select_values;

#define SELECT_AT(type, member, field) offsetof(type, member) + offsetof(select_values, field)

/* Rows for the struct `type` that holds a select_values called `member`. */
#define SELECT_OPTION_ROWS(type, member)                                                                               \
    {WN_OPTION_TEXT,                                                                                                   \
     "count",                                                                                                          \
     "how many to pick: a number, or a share such as 10%",                                                             \
     SELECT_AT(type, member, count),                                                                                   \
     0,                                                                                                                \
     0,                                                                                                                \
     NULL,                                                                                                             \
     NULL,                                                                                                             \
     "K",                                                                                                              \
     'n'},                                                                                                             \
        {WN_OPTION_TEXT,                                                                                               \
         "strategy",                                                                                                   \
         "how to pick; 'winnow info' lists all (default: max-herding, with predictions uncertainty-herding)",          \
         SELECT_AT(type, member, strategy),                                                                            \
         0,                                                                                                            \
         0,                                                                                                            \
         NULL,                                                                                                         \
         NULL,                                                                                                         \
         "NAME",                                                                                                       \
         's'},                                                                                                         \
        {WN_OPTION_TEXT,                                                                                               \
         "strategy-options",                                                                                           \
         "settings of the strategy: name=value,name=value; 'winnow info NAME' lists them",                             \
         SELECT_AT(type, member, strategy_options),                                                                    \
         0,                                                                                                            \
         0,                                                                                                            \
         NULL,                                                                                                         \
         NULL,                                                                                                         \
         "LIST",                                                                                                       \
         0},                                                                                                           \
        {WN_OPTION_TEXT,                                                                                               \
         "min-distance",                                                                                               \
         "stop when every image left is nearer than this to a pick",                                                   \
         SELECT_AT(type, member, minimum_distance),                                                                    \
         0,                                                                                                            \
         0,                                                                                                            \
         NULL,                                                                                                         \
         NULL,                                                                                                         \
         "D",                                                                                                          \
         0},                                                                                                           \
        {WN_OPTION_TEXT, "metric", "distance: l2 or cosine", SELECT_AT(type, member, metric), 0, 0, NULL, NULL,        \
         "NAME",         0},                                                                                           \
    {                                                                                                                  \
        WN_OPTION_BOOL, "at-most", "when there are fewer images than asked for, take all",                             \
            SELECT_AT(type, member, at_most), 0, 0, NULL, NULL, NULL, 0                                                \
    }

enum { SELECT_SETTINGS = 8 };

struct session;

/* Checks count and settings before anything is done: a bad word on the command line is a usage error. */
wn_status select_values_check(struct session *run, const select_values *values, wn_error *err);

/* Refuses a strategy or settings of one beside a selection config. */
wn_status select_values_check_config(struct session *run, const select_values *values, const char *config,
                                     wn_error *err);

/* The settings given as name, value, ..., NULL. */
void select_values_settings(const select_values *values, const char *out[SELECT_SETTINGS]);

#endif
