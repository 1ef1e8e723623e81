/* SPDX-License-Identifier: Apache-2.0
 *
 * Outputs against inputs, for every command, from its option rows.
 */
#include "outputs.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *text_of(const session *run, const wn_option *row)
{
    const char *text = NULL;
    if (row->type == WN_OPTION_TEXT) memcpy(&text, (const char *)run->params + row->offset, sizeof text);
    return text && *text ? text : NULL;
}

static bool is_output(const wn_option *row)
{
    return strncmp(row->name, "out", 3) == 0 || strcmp(row->name, "plot") == 0;
}

/* By what the help calls its value: FILE, MODEL, or a name with an ending. */
static bool is_file(const wn_option *row)
{
    return row->value && (strchr(row->value, '.') || strstr(row->value, "FILE") || strcmp(row->value, "MODEL") == 0);
}

/* The name behind the last slash; `folder` gets what is before it, "." for nothing. False where it is too long. */
static bool split(const char *path, char folder[PATH_MAX], const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    const size_t len = (size_t)(*name - path);
    if (len >= PATH_MAX) return false;
    memcpy(folder, path, len);
    memcpy(folder + len, len ? "" : ".", len ? 1 : 2);
    return true;
}

/* Two names of a file that is yet to be: the same name in the same folder, however that is spelled. */
static bool same_place(const char *a, const char *b)
{
    char x_folder[PATH_MAX], y_folder[PATH_MAX];
    const char *x_name, *y_name;
    struct stat x, y;
    if (strcmp(a, b) == 0) return true;
    if (!split(a, x_folder, &x_name) || !split(b, y_folder, &y_name) || strcmp(x_name, y_name) != 0) return false;
    return stat(x_folder, &x) == 0 && stat(y_folder, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* The same regular file, or the same place for one that is yet to be. */
static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    const bool here = stat(a, &x) == 0;
    if (here && !S_ISREG(x.st_mode)) return false; /* a device, a pipe, a folder */
    if (!here || stat(b, &y) != 0) return same_place(a, b);
    return x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static wn_status check_output(session *run, const wn_option *output, const char *path, wn_error *err)
{
    if (strcmp(path, "-") == 0)
        return command_usage_error(
            run, err, "--%s - does not mean standard output; name a file, or ./- for one of that name", output->name);
    for (const wn_option *row = run->command->options; row->type != WN_OPTION_END; row++) {
        const char *other = text_of(run, row);
        if (row == output || !other || !same_file(path, other)) continue;
        if (is_output(row))
            return command_usage_error(run, err, "--%s and --%s would write to the same file '%s'; name two files",
                                       output->name, row->name, path);
        if (is_file(row))
            return command_usage_error(run, err,
                                       "--%s '%s' would be written over --%s, which this command reads; name another "
                                       "file",
                                       output->name, path, row->name);
    }
    for (size_t i = 0; i < run->path_count; i++) {
        if (same_file(path, run->paths[i]))
            return command_usage_error(run, err,
                                       "--%s would be written over '%s', which this command reads; name "
                                       "another file",
                                       output->name, run->paths[i]);
    }
    return WN_OK;
}

/* Found out before hours of work, not after. A name without an ending may be of a folder that the command makes. */
static wn_status check_folder(const wn_option *output, const char *path, wn_error *err)
{
    char folder[PATH_MAX];
    const char *name;
    if (!split(path, folder, &name) || *name == '.' || !strchr(name, '.')) return WN_OK;
    if (access(path, F_OK) == 0 || access(folder, W_OK | X_OK) == 0) return WN_OK;
    const int cause = errno;
    const size_t len = strlen(folder);
    if (len > 1 && folder[len - 1] == '/') folder[len - 1] = '\0';
    if (cause == ENOENT)
        return command_fail(err, WN_NOTFOUND, "--%s '%s' cannot be written: there is no folder '%s'; make it first",
                            output->name, path, folder);
    return command_fail(err, WN_IO, "--%s '%s' cannot be written: '%s': %s", output->name, path, folder,
                        strerror(cause));
}

wn_status outputs_check(session *run, wn_error *err)
{
    wn_status status = WN_OK;
    for (const wn_option *row = run->command->options; row && row->type != WN_OPTION_END && !status; row++) {
        const char *path = is_output(row) ? text_of(run, row) : NULL;
        if (path) status = check_output(run, row, path, err);
        if (path && !status && is_file(row)) status = check_folder(row, path, err);
    }
    return status;
}
