/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow help: this program's manual.
 */
#include "../help.h"

#include <string.h>

typedef struct params {
    int format;
} params;

enum { FORMAT_TEXT, FORMAT_MAN, FORMAT_COMPLETION };
static const char *const formats[] = {"text", "man", "completion", NULL};

static const wn_option options[] = {
    {WN_OPTION_CHOICE, "format", "what to print", offsetof(params, format), 0, 0, "text", formats, NULL, 0},
    {0},
};

static const char *const examples[] = {
    "winnow help curate",
    "explain one command",
    "winnow help select --format man | man -l -",
    "read the manual page",
    "eval \"$(winnow help --format completion)\"",
    "complete commands and options in this bash",
    NULL,
};

static wn_status run_help(session *run, wn_error *err)
{
    const params *chosen_params = run->params;
    const command *chosen = NULL;
    if (run->path_count && !(chosen = command_find(run->paths[0]))) {
        const char *names[64];
        size_t count = 0;
        for (const command *const *each = command_list(); *each && count < 63; each++) names[count++] = (*each)->name;
        names[count] = NULL;
        const char *near = wn_nearest_word(run->paths[0], names);
        return command_usage_error(run, err, "there is no command '%s'%s%s%s ('winnow help' lists them)", run->paths[0],
                                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    if (chosen_params->format == FORMAT_MAN)
        help_print_man(chosen, stdout);
    else if (chosen_params->format == FORMAT_COMPLETION)
        help_print_completion(stdout);
    else
        help_print(chosen, stdout);
    return WN_OK;
}

const command command_help = {
    .name = "help",
    .summary = "explain winnow or one command",
    .usage = "[COMMAND] [--format text|man|completion]",
    .details =
        "Prints the overview, or everything about one command. The manual pages and the bash completion are made "
        "from the same tables, so they are never out of date.",
    .examples = examples,
    .options = options,
    .params_size = sizeof(params),
    .flags = COMMAND_PLAIN,
    .most_paths = 1,
    .run = run_help,
};
