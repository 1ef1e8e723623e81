/* SPDX-License-Identifier: Apache-2.0
 *
 * Thousands separated by commas, decimal units, times in the two largest units.
 */
#include "human.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "winnow/log.h"
#include "winnow/memory.h"

const char *human_count(uint64_t value, char out[32])
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, value), to = 0;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0) out[to++] = ',';
        out[to++] = digits[i];
    }
    out[to] = 0;
    return out;
}

const char *human_bytes(uint64_t bytes, char out[32])
{
    static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB", "PB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 999.5 && unit < 5) {
        value /= 1000;
        unit++;
    }
    snprintf(out, 32, unit && value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return out;
}

const char *human_seconds(double seconds, char out[32])
{
    if (!(seconds >= 0) || seconds > 1e9)
        snprintf(out, 32, "?");
    else if (seconds < 9.95)
        snprintf(out, 32, "%.1f s", seconds);
    else if (seconds < 59.5)
        snprintf(out, 32, "%.0f s", seconds);
    else {
        unsigned whole = (unsigned)(seconds + 0.5);
        if (whole < 3600)
            snprintf(out, 32, "%u min %02u s", whole / 60, whole % 60);
        else
            snprintf(out, 32, "%u h %02u min", whole / 3600, whole / 60 % 60);
    }
    return out;
}

double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

const char *human_text(const char *text)
{
    static char *answers[8];
    static size_t next;
    char **answer = &answers[next++ % (sizeof answers / sizeof *answers)];
    wn_free(*answer);
    *answer = wn_printable(text ? text : "");
    return *answer ? *answer : "?";
}

void print_path(FILE *to, const char *path)
{
    fprintf(to, "%s\n", isatty(fileno(to)) ? human_text(path) : path);
}
