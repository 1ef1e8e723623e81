/* SPDX-License-Identifier: Apache-2.0
 *
 * winnow COMMAND [PATH...] [OPTIONS]: finds the command, prepares what its flags ask for, runs it, and turns its
 * status into a message and an exit status.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "cores.h"
#include "help.h"
#include "json_text.h"
#include "session.h"
#include "terminal.h"
#include "winnow/version.h"

/* --json means that a program listens: it gets the failure as an object, people get the sentence. */
static void report_failure(const session *run, wn_status status, const wn_error *err)
{
    const char *message = err->message[0] ? err->message : wn_status_text(status);
    terminal_fail(message);
    if (!run->common.json) return;
    wn_error ignored;
    if (json_print(
            json_pack("{s:{s:s, s:o}}", "error", "status", wn_status_name(status), "message", json_name(message)),
            &ignored))
        return;
}

/* Whether the words ask for JSON: known also where the parser stopped before them. */
static bool wants_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0) return true;
    return false;
}

/* Nobody reads what we print any more. The work is done; like other programs we end by the signal that says so. */
static void end_by_pipe(void)
{
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
}

static wn_status run_command(session *run, terminal *talk, wn_error *err)
{
    wn_status status = session_open(run, talk, err);
    if (!status) status = run->command->run(run, err);
    bool written = fflush(stdout) == 0 && !ferror(stdout);
    session_close(run);
    if (!written && terminal_reader_left()) end_by_pipe();
    if (!status && !written) status = command_fail(err, WN_IO, "cannot write to standard output; is the disk full?");
    return status;
}

int main(int argc, char **argv)
{
    session run = {0};
    terminal talk = {0};
    wn_error err = {0};
    cores_restore();
    wn_status status = arguments_parse(&run, argc, argv, &err);
    if (status && wants_json(argc, argv)) run.common.json = true;
    if (status == WN_OK && run.common.version) {
        printf("winnow %s\n", wn_version());
    } else if (status == WN_OK && run.common.help) {
        help_print(run.command, stdout);
    } else if (status == WN_OK && !run.command) {
        help_print(NULL, stderr);
        run.usage_error = true;
        arguments_clear(&run);
        return 2;
    } else if (status == WN_OK) {
        status = run_command(&run, &talk, &err);
    }
    if (status) report_failure(&run, status, &err);
    arguments_clear(&run);
    return session_exit_status(&run, status);
}
