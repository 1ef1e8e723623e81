/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a command once and appends one line "SECONDS CPU_SECONDS PEAK_BYTES" to a file: by the clock, of all processors
 * together, and the most memory that the system counted for it (what /proc calls VmHWM), page cache that it maps
 * included.
 *
 *     run_measured FILE COMMAND [ARGUMENT ...]
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

int main(int argc, char **argv)
{
    int result = 0;
    struct rusage usage;
    if (argc < 3) {
        fputs("usage: run_measured FILE COMMAND [ARGUMENT ...]\n", stderr);
        return 2;
    }
    double start = now();
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        fprintf(stderr, "run_measured: cannot run %s: %s\n", argv[2], strerror(errno));
        _exit(127);
    }
    if (child < 0 || wait4(child, &result, 0, &usage) < 0) {
        perror("run_measured");
        return 1;
    }
    double wall = now() - start;
    FILE *out = fopen(argv[1], "a");
    if (!out) {
        perror(argv[1]);
        return 1;
    }
    fprintf(out, "%.4f %.4f %lld\n", wall, seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime),
            (long long)usage.ru_maxrss * 1024);
    return fclose(out) == 0 && WIFEXITED(result) ? WEXITSTATUS(result) : 1;
}
