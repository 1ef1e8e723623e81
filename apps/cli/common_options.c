/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of the common options; design: the same words mean the same thing in every command.
 */
#include "common_options.h"

#include "winnow/cpu.h"

#define AT(field) offsetof(common_options, field)

static const char *const progress_words[] = {"auto", "always", "never", NULL};

const wn_option common_option_rows[] = {
    {WN_OPTION_TEXT, "workspace", "folder that keeps winnow's work (default: NAME.winnow here)", AT(workspace), 0, 0,
     NULL, NULL, "DIR", 'w'},
    {WN_OPTION_INT, "threads", "number of threads; 0 = one for each core", AT(threads), 0, 4096, "0", NULL, "N", 'j'},
    {WN_OPTION_TEXT, "memory-limit", "stay below this much memory: 4GB, or 50% of the machine's", AT(memory_limit), 0,
     0, NULL, NULL, "SIZE", 0},
    {WN_OPTION_INT, "seed", "start of all random choices; same seed, same result", AT(seed), 0, 9007199254740992.0, "0",
     NULL, "N", 0},
    {WN_OPTION_BOOL, "json", "print the figures of the run as one JSON object", AT(json), 0, 0, NULL, NULL, NULL, 0},
    {WN_OPTION_BOOL, "quiet", "print errors only", AT(quiet), 0, 0, NULL, NULL, NULL, 'q'},
    {WN_OPTION_BOOL, "verbose", "also print memory plans and choices made", AT(verbose), 0, 0, NULL, NULL, NULL, 'v'},
    {WN_OPTION_CHOICE, "progress", "when to show progress", AT(progress), 0, 0, "auto", progress_words, NULL, 0},
    {WN_OPTION_TEXT, "cpu", "use at most this instruction set: c, avx2, avx512, ...", AT(cpu), 0, 0, NULL, NULL,
     "LEVEL", 0},
    {WN_OPTION_BOOL, "help", "print help for the command", AT(help), 0, 0, NULL, NULL, NULL, 'h'},
    {WN_OPTION_BOOL, "version", "print the version", AT(version), 0, 0, NULL, NULL, NULL, 0},
    {0},
};

const wn_option dry_run_option_rows[] = {
    {WN_OPTION_BOOL, "dry-run", "say what would be done, and write nothing", AT(dry_run), 0, 0, NULL, NULL, NULL, 0},
    {0},
};

const wn_option strict_option_rows[] = {
    {WN_OPTION_BOOL, "strict", "fail when any input file is bad", AT(strict), 0, 0, NULL, NULL, NULL, 0},
    {0},
};

static void add(option_tables *tables, const wn_option *table, void *params)
{
    tables->table[tables->count] = table;
    tables->params[tables->count++] = params;
}

option_tables option_tables_of(const command *chosen, void *params, common_options *common)
{
    option_tables tables = {0};
    if (chosen->options) add(&tables, chosen->options, params);
    if (chosen->flags & COMMAND_WRITES) add(&tables, dry_run_option_rows, common);
    if (chosen->flags & COMMAND_READS) add(&tables, strict_option_rows, common);
    add(&tables, common_option_rows, common);
    return tables;
}
