/* SPDX-License-Identifier: Apache-2.0
 *
 * From common options to a running session.
 */
#include "session.h"

#include <string.h>

#include "terminal.h"
#include "winnow/cpu.h"
#include "winnow/memory.h"

static wn_status set_cpu(session *run, wn_error *err)
{
    if (!run->common.cpu) return WN_OK;
    const char *names[WN_CPU_COUNT + 1];
    for (int level = 0; level < WN_CPU_COUNT; level++) {
        names[level] = wn_cpu_name((wn_cpu)level);
        if (strcmp(names[level], run->common.cpu) != 0) continue;
        wn_cpu_set_highest((wn_cpu)level);
        return WN_OK;
    }
    names[WN_CPU_COUNT] = NULL;
    const char *near = wn_nearest_word(run->common.cpu, names);
    return command_usage_error(run, err, "--cpu '%s' is no level%s%s%s; they are: c avx2 avx512 avx512vnni avx512bf16",
                               run->common.cpu, near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static wn_status set_memory_limit(session *run, wn_error *err)
{
    if (!run->common.memory_limit) return WN_OK;
    static const wn_option rows[] = {
        {WN_OPTION_BYTES, "memory-limit", "limit", 0, 0, 0, NULL, NULL, "SIZE", 0},
        {0},
    };
    wn_status status = wn_options_set(rows, &run->memory_limit, "memory-limit", run->common.memory_limit, err);
    if (status == WN_INVALID) run->usage_error = true;
    return status;
}

wn_status session_open(session *run, struct terminal *talk, wn_error *err)
{
    wn_status status;
    run->terminal = talk;
    terminal_open(talk, &run->common);
    run->progress = (wn_progress){terminal_progress, talk};
    if ((status = set_cpu(run, err)) || (status = set_memory_limit(run, err))) return status;
    if (run->command->flags & COMMAND_PLAIN) return WN_OK;
    return wn_pool_new((unsigned)run->common.threads, 0, &run->pool, err);
}

void session_close(session *run)
{
    wn_pool_free(&run->pool);
    if (run->terminal) terminal_close(run->terminal);
    run->terminal = NULL;
}

int session_exit_status(const session *run, wn_status status)
{
    if (status == WN_OK) return 0;
    if (status == WN_CANCELLED) return 130;
    return run->usage_error ? 2 : 1;
}
