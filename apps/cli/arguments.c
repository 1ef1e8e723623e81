/* SPDX-License-Identifier: Apache-2.0
 *
 * The parser of the command line. It knows option rows only; what they mean is the command's business.
 */
#include "arguments.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common_options.h"
#include "outputs.h"
#include "winnow/memory.h"

typedef struct parser {
    session *run;
    option_tables tables;
    int argc, at;
    char **argv;
    wn_error *err;
} parser;

/* The nearest option name over all tables, or NULL. */
static const char *nearest_option(const option_tables *tables, const char *name)
{
    const char *words[128];
    size_t count = 0;
    for (size_t t = 0; t < tables->count; t++)
        for (const wn_option *row = tables->table[t]; row->type != WN_OPTION_END && count < 127; row++)
            words[count++] = row->name;
    words[count] = NULL;
    return wn_nearest_word(name, words);
}

static const wn_option *find_option(const option_tables *tables, const char *name, char letter, size_t *table)
{
    for (size_t t = 0; t < tables->count; t++) {
        const wn_option *row =
            name ? wn_options_find(tables->table[t], name) : wn_options_find_letter(tables->table[t], letter);
        if (row) {
            *table = t;
            return row;
        }
    }
    return NULL;
}

static wn_status set_option(parser *parse, size_t table, const wn_option *row, const char *value)
{
    wn_status status =
        wn_options_set(parse->tables.table[table], parse->tables.params[table], row->name, value, parse->err);
    if (status == WN_INVALID) parse->run->usage_error = true;
    return status;
}

/* The value that follows, or a usage error. */
static wn_status next_value(parser *parse, const wn_option *row, const char **value)
{
    if (parse->at >= parse->argc)
        return command_usage_error(parse->run, parse->err, "--%s needs a value: --%s %s", row->name, row->name,
                                   row->value ? row->value : "VALUE");
    *value = parse->argv[parse->at++];
    return WN_OK;
}

static wn_status parse_long(parser *parse, const char *word)
{
    char name[64];
    const char *equal = strchr(word, '='), *value = equal ? equal + 1 : NULL;
    size_t len = equal ? (size_t)(equal - word) : strlen(word), table = 0;
    const wn_option *row = NULL;
    if (len < sizeof name) {
        memcpy(name, word, len);
        name[len] = 0;
        row = find_option(&parse->tables, name, 0, &table);
    }
    if (!row) {
        const char *near = len < sizeof name ? nearest_option(&parse->tables, name) : NULL;
        return command_usage_error(parse->run, parse->err, "'%s' has no option --%.*s%s%s%s see 'winnow help %s'",
                                   parse->run->command->name, (int)len, word, near ? ", did you mean --" : "",
                                   near ? near : "", near ? "?" : ";", parse->run->command->name);
    }
    if (!value && row->type != WN_OPTION_BOOL) {
        wn_status status = next_value(parse, row, &value);
        if (status) return status;
    }
    return set_option(parse, table, row, value);
}

/* One word of short options: flags may be joined; the first that takes a value takes the rest of the word. */
static wn_status parse_short(parser *parse, const char *word)
{
    for (const char *letter = word; *letter; letter++) {
        size_t table = 0;
        const wn_option *row = find_option(&parse->tables, NULL, *letter, &table);
        wn_status status;
        if (!row)
            return command_usage_error(parse->run, parse->err, "'%s' has no option -%c; see 'winnow help %s'",
                                       parse->run->command->name, *letter, parse->run->command->name);
        if (row->type == WN_OPTION_BOOL) {
            if ((status = set_option(parse, table, row, NULL))) return status;
            continue;
        }
        const char *value = letter + 1;
        if (*value == '=')
            value++;
        else if (!*value && (status = next_value(parse, row, &value)))
            return status;
        return set_option(parse, table, row, value);
    }
    return WN_OK;
}

static wn_status check_paths(session *run, wn_error *err)
{
    const command *chosen = run->command;
    if (run->path_count < chosen->least_paths)
        return command_usage_error(run, err, "usage: winnow %s %s", chosen->name, chosen->usage);
    if (run->path_count > chosen->most_paths)
        return command_usage_error(run, err, "'%s' takes %s; '%s' is one too many", chosen->name,
                                   chosen->most_paths == 0 ? "no paths" : "fewer arguments",
                                   run->paths[chosen->most_paths]);
    for (size_t i = 0; i < run->path_count; i++)
        if (!run->paths[i][0]) return command_usage_error(run, err, "an argument is empty; check the quoting");
    return WN_OK;
}

static wn_status parse_words(parser *parse)
{
    session *run = parse->run;
    bool options = true;
    wn_status status;
    while (parse->at < parse->argc) {
        const char *word = parse->argv[parse->at++];
        if (options && strcmp(word, "--") == 0)
            options = false;
        else if (options && strncmp(word, "--", 2) == 0) {
            if ((status = parse_long(parse, word + 2))) return status;
        } else if (options && word[0] == '-' && word[1]) {
            if ((status = parse_short(parse, word + 1))) return status;
        } else
            run->paths[run->path_count++] = word;
        if (run->common.help || run->common.version) return WN_OK;
    }
    status = check_paths(run, parse->err);
    return status ? status : outputs_check(run, parse->err);
}

static wn_status no_such_command(session *run, const char *word, wn_error *err)
{
    const char *names[64];
    size_t count = 0;
    struct stat facts;
    for (const command *const *each = command_list(); *each && count < 63; each++) names[count++] = (*each)->name;
    names[count] = NULL;
    const char *near = wn_nearest_word(word, names);
    if (!near && stat(word, &facts) == 0)
        return command_usage_error(run, err, "the command is missing; did you mean 'winnow curate %s -n 100'?", word);
    return command_usage_error(run, err, "there is no command '%s'%s%s%s ('winnow help' lists them)", word,
                               near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* The command line in one text, with quotes where a shell needs them. */
static void join_line(session *run, int argc, char **argv)
{
    size_t used = (size_t)snprintf(run->line, sizeof run->line, "winnow");
    for (int i = 1; i < argc; i++) {
        bool plain = argv[i][0] && !argv[i][strcspn(argv[i], " \t\n'\"\\$&*?;<>|()")];
        const char *quote = plain ? "" : "'";
        int added = snprintf(run->line + used, sizeof run->line - used, " %s%s%s", quote, argv[i], quote);
        if (added < 0 || used + (size_t)added >= sizeof run->line) return;
        used += (size_t)added;
    }
}

wn_status arguments_parse(session *run, int argc, char **argv, wn_error *err)
{
    wn_status status;
    if ((status = wn_options_init(common_option_rows, &run->common, err))) return status;
    join_line(run, argc, argv);
    if (argc < 2) return WN_OK;
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        run->common.help = true;
        return WN_OK;
    }
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        run->common.version = true;
        return WN_OK;
    }
    if (word[0] == '-')
        return command_usage_error(run, err, "options follow the command: winnow COMMAND %s; see 'winnow help'", word);
    if (!(run->command = command_find(word))) return no_such_command(run, word, err);

    run->paths = wn_calloc(WN_MEMORY_GENERAL, (size_t)argc, sizeof *run->paths);
    run->params = wn_calloc(WN_MEMORY_GENERAL, 1, run->command->params_size);
    if (!run->paths || !run->params) return command_fail(err, WN_NOMEM, "out of memory");
    if (run->command->options && (status = wn_options_init(run->command->options, run->params, err))) return status;
    parser parse = {.run = run, .argc = argc, .at = 2, .argv = argv, .err = err};
    parse.tables = option_tables_of(run->command, run->params, &run->common);
    return parse_words(&parse);
}

void arguments_clear(session *run)
{
    wn_free(run->params);
    wn_free(run->paths);
    run->params = NULL;
    run->paths = NULL;
}
