/* SPDX-License-Identifier: Apache-2.0
 *
 * Manual pages in roff, from the same rows as the help text.
 */
#include "help.h"

#include <ctype.h>
#include <string.h>

#include "common_options.h"
#include "winnow/version.h"

/* Text with what roff would read as a command made harmless. */
static void print_roff(FILE *to, const char *text, size_t len)
{
    bool line_start = true;
    for (size_t i = 0; i < len; i++) {
        char byte = text[i];
        if (line_start && (byte == '.' || byte == '\'')) fputs("\\&", to);
        if (byte == '\\')
            fputs("\\e", to);
        else if (byte == '-')
            fputs("\\-", to);
        else
            fputc(byte, to);
        line_start = byte == '\n';
    }
}

static void print_text(FILE *to, const char *text)
{
    print_roff(to, text, strlen(text));
}

static void print_option_rows(FILE *to, const wn_option *rows)
{
    for (; rows->type != WN_OPTION_END; rows++) {
        fputs(".TP\n", to);
        if (rows->letter) fprintf(to, "\\fB\\-%c\\fR, ", rows->letter);
        fputs("\\fB\\-\\-", to);
        print_text(to, rows->name);
        fputs("\\fR", to);
        if (rows->type == WN_OPTION_CHOICE) {
            for (size_t i = 0; rows->choices[i]; i++) {
                fputs(i ? "|" : " ", to);
                print_text(to, rows->choices[i]);
            }
        } else if (rows->value)
            fprintf(to, " \\fI%s\\fR", rows->value);
        fputc('\n', to);
        print_text(to, rows->help);
        if (rows->initial) {
            fputs(" (default: ", to);
            print_text(to, rows->initial);
            fputc(')', to);
        }
        fputs(".\n", to);
    }
}

static void print_paragraphs(FILE *to, const char *text)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t len = end ? (size_t)(end - text) : strlen(text);
        bool listing = text[0] == ' ';
        fputs(listing ? ".PP\n.nf\n" : ".PP\n", to);
        print_roff(to, text, len);
        fputs(listing ? "\n.fi\n" : "\n", to);
        text += len + (end ? 2 : 0);
    }
}

static void print_title(FILE *to, const char *name, const char *summary)
{
    char title[64];
    size_t i;
    for (i = 0; name[i] && i < sizeof title - 1; i++) title[i] = (char)toupper((unsigned char)name[i]);
    title[i] = 0;
    fprintf(to, ".TH \"%s\" 1 \"\" \"winnow %s\" \"winnow manual\"\n.SH NAME\n", title, wn_version());
    print_text(to, name);
    fputs(" \\- ", to);
    print_text(to, summary);
    fputc('\n', to);
}

static void print_end(FILE *to)
{
    fputs(".SH EXIT STATUS\n0 done, 1 failed, 2 wrong usage, 130 cancelled.\n", to);
    fputs(".SH ENVIRONMENT\n.TP\n\\fBWN_CPU\\fR\nhighest instruction set to use: c, avx2, avx512, avx512vnni, "
          "avx512bf16.\n",
          to);
}

static void print_overview(FILE *to)
{
    print_title(to, "winnow", "turns a heap of unlabelled images into the data worth labelling");
    fputs(".SH SYNOPSIS\n\\fBwinnow\\fR \\fICOMMAND\\fR [\\fIPATH\\fR...] [\\fIOPTIONS\\fR]\n.SH COMMANDS\n", to);
    for (const command *const *each = command_list(); *each; each++) {
        fprintf(to, ".TP\n\\fBwinnow\\-%s\\fR(1)\n", (*each)->name);
        print_text(to, (*each)->summary);
        fputs(".\n", to);
    }
    fputs(".SH COMMON OPTIONS\n", to);
    print_option_rows(to, common_option_rows);
    print_option_rows(to, dry_run_option_rows);
    print_option_rows(to, strict_option_rows);
    print_end(to);
}

void help_print_man(const command *chosen, FILE *to)
{
    if (!chosen) {
        print_overview(to);
        return;
    }
    char name[64];
    snprintf(name, sizeof name, "winnow-%s", chosen->name);
    print_title(to, name, chosen->summary);
    fprintf(to, ".SH SYNOPSIS\n\\fBwinnow %s\\fR ", chosen->name);
    print_text(to, chosen->usage);
    fputs("\n.SH DESCRIPTION\n", to);
    print_paragraphs(to, chosen->details);
    option_tables tables = option_tables_of(chosen, NULL, NULL);
    if (tables.count > 1) fputs(".SH OPTIONS\n", to);
    for (size_t t = 0; t + 1 < tables.count; t++) print_option_rows(to, tables.table[t]);
    fputs(".SH COMMON OPTIONS\n", to);
    print_option_rows(to, common_option_rows);
    if (chosen->examples) {
        fputs(".SH EXAMPLES\n", to);
        for (const char *const *each = chosen->examples; each[0]; each += 2) {
            fputs(".TP\n\\fB", to);
            print_text(to, each[0]);
            fputs("\\fR\n", to);
            print_text(to, each[1]);
            fputs(".\n", to);
        }
    }
    print_end(to);
}
