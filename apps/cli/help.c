/* SPDX-License-Identifier: Apache-2.0
 *
 * Help for people, 80 columns wide.
 */
#include "help.h"

#include <string.h>

#include "common_options.h"
#include "winnow/version.h"

enum { WIDTH = 80, OPTION_COLUMN = 28, CHOICES_LINE = 64 };

/* Prints text wrapped at WIDTH with `indent` blanks before each line; the first line stands at column `column`. */
static void print_wrapped(FILE *to, const char *text, size_t len, int indent, int column)
{
    size_t at = 0;
    while (at < len) {
        while (at < len && text[at] == ' ') at++;
        size_t end = at;
        while (end < len && text[end] != ' ') end++;
        if (end == at) break;
        int word = (int)(end - at);
        if (column > indent && column + 1 + word > WIDTH) {
            fprintf(to, "\n%*s", indent, "");
            column = indent;
        } else if (column < indent) {
            fprintf(to, "%*s", indent - column, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', to);
            column++;
        }
        fwrite(text + at, 1, (size_t)word, to);
        column += word;
        at = end;
    }
    fputc('\n', to);
}

static void print_paragraphs(FILE *to, const char *text, int indent)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t len = end ? (size_t)(end - text) : strlen(text);
        /* A paragraph that begins with a blank is a table or a listing: its lines stay. */
        if (text[0] == ' ')
            fprintf(to, "%.*s\n", (int)len, text);
        else
            print_wrapped(to, text, len, indent, 0);
        text += len + (end ? 2 : 0);
        if (*text) fputc('\n', to);
    }
}

/* The choices with `between` them, as far as they fit; returns their length. */
static size_t join_choices(const wn_option *row, const char *between, char *out, size_t size)
{
    size_t used = 0;
    *out = '\0';
    for (size_t i = 0; row->choices[i] && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? between : "", row->choices[i]);
    return used;
}

/* Whether the choices are too many for one line; then the help lists them. */
static bool has_many_choices(const wn_option *row)
{
    char choices[CHOICES_LINE];
    return row->type == WN_OPTION_CHOICE && join_choices(row, "|", choices, sizeof choices) >= sizeof choices;
}

/* "K", or "one|other" where there is a choice; empty for a switch. */
static const char *value_text(const wn_option *row, char *out, size_t size)
{
    if (has_many_choices(row))
        snprintf(out, size, "NAME");
    else if (row->type == WN_OPTION_CHOICE)
        (void)join_choices(row, "|", out, size);
    else
        snprintf(out, size, "%s", row->value ? row->value : "");
    return out;
}

/* "-n, --count K" */
static int option_title(const wn_option *row, char *out, size_t size)
{
    char value[96];
    const char *blank = *value_text(row, value, sizeof value) ? " " : "";
    if (row->letter) return snprintf(out, size, "  -%c, --%s%s%s", row->letter, row->name, blank, value);
    return snprintf(out, size, "      --%s%s%s", row->name, blank, value);
}

/* "  radius=R" */
static int setting_title(const wn_option *row, char *out, size_t size)
{
    char value[96];
    const char *equals = *value_text(row, value, sizeof value) ? "=" : "";
    return snprintf(out, size, "  %s%s%s", row->name, equals, value);
}

typedef int title_of(const wn_option *row, char *out, size_t size);

static void print_rows(FILE *to, const wn_option *rows, title_of *title_of_row)
{
    for (; rows->type != WN_OPTION_END; rows++) {
        char title[192], help[640], choices[320] = "";
        int column = title_of_row(rows, title, sizeof title);
        const char *initial = rows->initial;
        if (has_many_choices(rows)) (void)join_choices(rows, ", ", choices, sizeof choices);
        snprintf(help, sizeof help, "%s%s%s%s%s%s", rows->help, *choices ? ": " : "", choices, initial ? " [" : "",
                 initial ? initial : "", initial ? "]" : "");
        fputs(title, to);
        if (column > OPTION_COLUMN - 2) {
            fputc('\n', to);
            column = 0;
        }
        print_wrapped(to, help, strlen(help), OPTION_COLUMN, column);
    }
}

static void print_options(FILE *to, const wn_option *rows)
{
    print_rows(to, rows, option_title);
}

void help_print_settings(const wn_option *rows, FILE *to)
{
    print_rows(to, rows, setting_title);
}

static void print_examples(FILE *to, const char *const *examples)
{
    if (!examples) return;
    fputs("\nExamples:\n", to);
    for (; examples[0]; examples += 2) {
        fprintf(to, "  %s\n", examples[0]);
        print_wrapped(to, examples[1], strlen(examples[1]), 6, 0);
    }
}

static void print_command(const command *chosen, FILE *to)
{
    fprintf(to, "winnow %s - %s\n\n", chosen->name, chosen->summary);
    fprintf(to, "Usage: winnow %s %s\n\n", chosen->name, chosen->usage);
    print_paragraphs(to, chosen->details, 0);
    print_examples(to, chosen->examples);
    option_tables tables = option_tables_of(chosen, NULL, NULL);
    fputs("\nOptions:\n", to);
    for (size_t t = 0; t + 1 < tables.count; t++) print_options(to, tables.table[t]);
    if (tables.count > 1) fputs("\nCommon options:\n", to);
    print_options(to, common_option_rows);
}

static const char *const overview_examples[] = {
    "winnow curate photos/ -n 500",
    "pick the 500 photos worth labelling first, and write a report",
    "winnow curate photos/ -n 10% --copy picked/",
    "pick a tenth, and copy the files",
    "winnow status",
    "what is in the workspace here, and what is missing",
    "winnow select --embeddings e.npy -n 1000 --out picks.npy",
    "the same choice on a plain array, for your own pipeline",
    NULL,
};

void help_print(const command *chosen, FILE *to)
{
    if (chosen) {
        print_command(chosen, to);
        return;
    }
    fprintf(to, "winnow %s - turns a heap of unlabelled images into the data worth labelling\n\n", wn_version());
    fputs("Usage: winnow COMMAND [PATH...] [OPTIONS]\n", to);
    fputs("\nCommands:\n", to);
    for (const command *const *each = command_list(); *each; each++)
        fprintf(to, "  %-10s  %s\n", (*each)->name, (*each)->summary);
    print_examples(to, overview_examples);
    fputs("\nYour files are only read, never changed. Work is kept in a folder NAME.winnow, so a\n"
          "command that was stopped goes on where it was. Nothing is sent anywhere.\n"
          "\n'winnow help COMMAND' tells more about one command.\n",
          to);
}
