/* SPDX-License-Identifier: Apache-2.0
 *
 * What a command is: one const descriptor in commands/NAME.c, listed in commands.def. The framework parses the
 * options, starts the thread pool, shows progress and turns the status into an exit code; a command only does its
 * work. Help, manual page and completion are printed from the same rows.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "winnow/option.h"
#include "winnow/pool.h"
#include "winnow/progress.h"

/* What a command has beside its own options. */
enum {
    COMMAND_WRITES = 1, /* takes --dry-run */
    COMMAND_READS = 2,  /* takes --strict: it reads files that may be bad */
    COMMAND_PLAIN = 4   /* needs no thread pool and shows no progress */
};

/* Values of the options that every command takes. */
typedef struct common_options {
    const char *workspace;
    int64_t threads;
    const char *memory_limit;
    int64_t seed;
    bool json, quiet, verbose, dry_run, strict, help, version;
    int progress; /* enum below */
    const char *cpu;
} common_options;

enum { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

struct command;
struct terminal;

/* One run of the program. */
typedef struct session {
    const struct command *command;
    common_options common;
    void *params;       /* of the command, filled from its table */
    const char **paths; /* what is not an option */
    char line[480];     /* the command as typed, cut where it is long */
    size_t path_count;
    wn_pool *pool;
    uint64_t memory_limit; /* bytes; 0 = none given */
    wn_progress progress;
    struct terminal *terminal;
    bool usage_error; /* the failure is one of usage: exit status 2 */
} session;

typedef struct command {
    const char *name;
    const char *summary;         /* one line, no full stop */
    const char *usage;           /* what follows the name: "PATH... -n K [OPTIONS]" */
    const char *details;         /* paragraphs for the manual; blank line between, lines unwrapped */
    const char *const *examples; /* pairs: command line, what it does; NULL-terminated */
    const wn_option *options;    /* NULL = none of its own */
    size_t params_size;
    unsigned flags;
    size_t least_paths, most_paths;
    wn_status (*run)(session *run, wn_error *err);
} command;

/* All commands in the order of commands.def; NULL-terminated. */
const command *const *command_list(void);

/* The command of that name, or NULL. */
const command *command_find(const char *name);

/* Writes a message into `err`; command_usage_error also makes the exit status 2. */
wn_status command_fail(wn_error *err, wn_status status, const char *format, ...) WN_PRINTF(3, 4);
wn_status command_usage_error(session *run, wn_error *err, const char *format, ...) WN_PRINTF(3, 4);

#endif
