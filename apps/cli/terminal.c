/* SPDX-License-Identifier: Apache-2.0
 *
 * The first SIGINT or SIGTERM asks the running stage to stop after its batch; the second leaves at once. Both are
 * safe at any moment, because a workspace survives a kill.
 */
#include "terminal.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "human.h"
#include "winnow/memory.h"

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    if (interrupted) _exit(130);
    interrupted = 1;
    static const char text[] = "\nwinnow: stopping after this batch; press Ctrl-C again to leave at once\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0) interrupted = 1;
}

bool terminal_interrupted(void)
{
    return interrupted != 0;
}

/* One line of any text. */
static void put_line(const char *label, const char *text)
{
    char *shown = wn_printable(text);
    fprintf(stderr, "%s%s\n", label, shown ? shown : "out of memory");
    wn_free(shown);
}

static void erase_line(terminal *out)
{
    if (!out->line_open) return;
    fputs("\r\033[K", stderr);
    out->line_open = false;
}

static void write_log(void *context, wn_log_level level, const char *line)
{
    terminal *out = context;
    erase_line(out);
    put_line(level == WN_LOG_ERROR ? "winnow: error: " : level == WN_LOG_WARNING ? "winnow: warning: " : "", line);
}

void terminal_open(terminal *out, const common_options *common)
{
    memset(out, 0, sizeof *out);
    bool screen = isatty(STDERR_FILENO) != 0;
    out->quiet = common->quiet;
    out->redraws = common->progress == PROGRESS_ALWAYS || screen;
    out->shows_progress = common->progress == PROGRESS_ALWAYS || (common->progress == PROGRESS_AUTO && !common->quiet);
    out->line_interval = 10;
    wn_log_set_sink(write_log, out, common->quiet ? WN_LOG_ERROR : common->verbose ? WN_LOG_VERBOSE : WN_LOG_INFO);
    struct sigaction action = {0};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* a closed pipe does not end the work */
    signal(SIGXFSZ, SIG_IGN); /* nor does a limit on file sizes: the write fails and says so */
}

void terminal_close(terminal *out)
{
    erase_line(out);
    wn_log_set_sink(NULL, NULL, WN_LOG_ERROR);
}

bool terminal_reader_left(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

/* "read   43 %  43,012 / 100,000 images  1,234/s  46 s left  loss 4.31" */
static void format_report(const terminal *out, const wn_progress_report *report, double time, char *line, size_t size)
{
    char done[32], total[32], rate[32] = "", left[32] = "";
    size_t used = 0;
    double elapsed = time - out->stage_started;
    double moved = report->done > out->first_done ? (double)(report->done - out->first_done) : 0;
    double speed = elapsed > 0.2 ? moved / elapsed : 0;
#define ADD(...)                                                                                                       \
    do {                                                                                                               \
        int added = snprintf(line + used, size - used, __VA_ARGS__);                                                   \
        if (added > 0) used = used + (size_t)added < size ? used + (size_t)added : size - 1;                           \
    } while (0)
    ADD("%-9s", report->stage);
    human_count(report->done, done);
    if (report->total) {
        double share = (double)report->done / (double)report->total;
        ADD(" %3.0f %%  %s / %s",
            share >= 1              ? 100
            : share * 100 - 0.5 > 0 ? share * 100 - 0.5
                                    : 0,
            done, human_count(report->total, total));
    } else
        ADD("        %s", done);
    if (report->unit) ADD(" %s", report->unit);
    if (speed > 0) {
        if (speed >= 9.5)
            ADD("  %s/s", human_count((uint64_t)(speed + 0.5), rate));
        else
            ADD("  %.1f/s", speed);
        if (report->total > report->done)
            ADD("  %s left", human_seconds((double)(report->total - report->done) / speed, left));
    }
    if (report->note && report->note[0]) ADD("  %s", report->note);
#undef ADD
}

static size_t screen_width(void)
{
    struct winsize window;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 20) return window.ws_col;
    return 100;
}

bool terminal_progress(void *context, const wn_progress_report *report)
{
    terminal *out = context;
    if (!out->shows_progress) return terminal_interrupted();
    double time = now();
    const bool fresh = strncmp(out->stage, report->stage, sizeof out->stage - 1) != 0;
    const bool again = report->done < out->last_done; /* a stage of the same name, on other work */
    if (fresh || again) {
        out->stage_started = time;
        out->first_done = report->done;
    }
    if (fresh) {
        snprintf(out->stage, sizeof out->stage, "%s", report->stage);
        out->last_drawn = out->redraws ? 0 : time; /* a log gets no line for a stage that ends soon */
        out->line_interval = 10;
    }
    out->last_done = report->done;
    bool last = report->total && report->done >= report->total && !fresh;
    double interval = out->redraws ? 0.1 : out->line_interval;
    if (time - out->last_drawn < interval && !(last && out->redraws)) return terminal_interrupted();
    char plain[320], line[640];
    format_report(out, report, time, plain, sizeof plain);
    char *shown = wn_printable(plain);
    snprintf(line, sizeof line, "%s", shown ? shown : "");
    wn_free(shown);
    if (out->redraws) {
        size_t width = screen_width() - 1;
        if (strlen(line) > width) line[width] = 0;
        fprintf(stderr, "\r%s\033[K", line);
        fflush(stderr);
        out->line_open = true;
    } else {
        fprintf(stderr, "%s\n", line);
        if (out->line_interval < 60) out->line_interval *= 1.5;
    }
    out->last_drawn = time;
    return terminal_interrupted();
}

void terminal_say(terminal *out, const char *format, ...)
{
    if (out->quiet) return;
    va_list args, again;
    erase_line(out);
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *line = len < 0 ? NULL : wn_alloc(WN_MEMORY_TEXT, (size_t)len + 1, 1);
    if (line) vsnprintf(line, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    put_line("", line ? line : "out of memory");
    wn_free(line);
}

void terminal_fail(const char *message)
{
    put_line("winnow: ", message);
}
