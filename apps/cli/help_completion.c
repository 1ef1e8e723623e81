/* SPDX-License-Identifier: Apache-2.0
 *
 * Completion for bash: eval "$(winnow help --format completion)".
 */
#include "help.h"

#include "common_options.h"

static void print_rows(FILE *to, const wn_option *rows)
{
    for (; rows->type != WN_OPTION_END; rows++) fprintf(to, " --%s", rows->name);
}

/* One case line for each option with fixed words: it completes to the words. */
static void print_choices(FILE *to, const wn_option *rows)
{
    for (; rows->type != WN_OPTION_END; rows++) {
        if (rows->type != WN_OPTION_CHOICE) continue;
        fprintf(to, "        *:--%s) words=\"", rows->name);
        for (size_t i = 0; rows->choices[i]; i++) fprintf(to, "%s%s", i ? " " : "", rows->choices[i]);
        fputs("\" ;;\n", to);
    }
}

void help_print_completion(FILE *to)
{
    fputs("# bash completion for winnow; load it with: eval \"$(winnow help --format completion)\"\n"
          "_winnow()\n{\n"
          "    local word=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\" words=\"\"\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words=\"",
          to);
    for (const command *const *each = command_list(); *each; each++) fprintf(to, "%s ", (*each)->name);
    fputs("--help --version\"\n"
          "        COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n        return\n    fi\n"
          "    case \"${COMP_WORDS[1]}:$previous\" in\n",
          to);
    print_choices(to, common_option_rows);
    for (const command *const *each = command_list(); *each; each++) {
        if (!(*each)->options) continue;
        for (const wn_option *row = (*each)->options; row->type != WN_OPTION_END; row++) {
            if (row->type != WN_OPTION_CHOICE) continue;
            fprintf(to, "        %s:--%s) words=\"", (*each)->name, row->name);
            for (size_t i = 0; row->choices[i]; i++) fprintf(to, "%s%s", i ? " " : "", row->choices[i]);
            fputs("\" ;;\n", to);
        }
    }
    fputs("    esac\n"
          "    if [ -n \"$words\" ]; then\n        COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n        return\n "
          "   fi\n"
          "    case \"$word\" in\n    -*)\n        case \"${COMP_WORDS[1]}\" in\n",
          to);
    for (const command *const *each = command_list(); *each; each++) {
        fprintf(to, "        %s) words=\"", (*each)->name);
        option_tables tables = option_tables_of(*each, NULL, NULL);
        for (size_t t = 0; t < tables.count; t++) print_rows(to, tables.table[t]);
        fputs("\" ;;\n", to);
    }
    fputs("        esac\n        COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) ;;\n"
          "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n    esac\n}\n"
          "complete -o filenames -F _winnow winnow\n",
          to);
}
