/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of commands, made from commands.def.
 */
#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define X(name) extern const command command_##name;
#include "commands.def"
#undef X

static const command *const commands[] = {
#define X(name) &command_##name,
#include "commands.def"
#undef X
    NULL,
};

const command *const *command_list(void)
{
    return commands;
}

const command *command_find(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
}

static wn_status fail(wn_error *err, wn_status status, const char *format, va_list args)
{
    if (err) {
        err->status = status;
        vsnprintf(err->message, sizeof err->message, format, args);
    }
    return status;
}

wn_status command_fail(wn_error *err, wn_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(err, status, format, args);
    va_end(args);
    return status;
}

wn_status command_usage_error(session *run, wn_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(err, WN_INVALID, format, args);
    va_end(args);
    run->usage_error = true;
    return WN_INVALID;
}
