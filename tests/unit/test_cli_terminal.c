/* SPDX-License-Identifier: Apache-2.0
 *
 * The progress line: what counts in the rate that it tells.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "terminal.h"

static void wait_milliseconds(long count)
{
    const struct timespec time = {0, count * 1000000};
    nanosleep(&time, NULL);
}

/* What one report puts on standard error. Lines are a tenth of a second apart at least, and so are the calls. */
static void report(terminal *out, uint64_t done, char *line, size_t size)
{
    const wn_progress_report told = {.stage = "train", .unit = "images", .done = done, .total = 1000000};
    FILE *file = tmpfile();
    const int kept = dup(STDERR_FILENO);
    assert_true(file && kept >= 0);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    const bool stop = terminal_progress(out, &told);
    fflush(stderr);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    assert_false(stop);
    rewind(file);
    line[fread(line, 1, size - 1, file)] = '\0';
    fclose(file);
    wait_milliseconds(250);
}

static void test_only_new_work_counts(void **state)
{
    terminal out = {.shows_progress = true, .redraws = true};
    char line[400];
    (void)state;
    report(&out, 500000, line, sizeof line); /* of an earlier run */
    assert_non_null(strstr(line, "500,000 / 1,000,000 images"));
    assert_null(strstr(line, "/s"));
    report(&out, 500001, line, sizeof line);
    assert_non_null(strstr(line, "/s"));
    assert_null(strstr(line, ",000/s")); /* one image, however long it took */
}

/* A stage of the same name on other work begins anew, also where the first one began at nothing. */
static void test_a_stage_that_falls_back_begins_anew(void **state)
{
    terminal out = {.shows_progress = true, .redraws = true};
    char line[400];
    (void)state;
    report(&out, 0, line, sizeof line);
    report(&out, 900000, line, sizeof line);
    assert_non_null(strstr(line, "/s"));
    report(&out, 10, line, sizeof line);
    assert_non_null(strstr(line, " 10 / 1,000,000"));
    assert_null(strstr(line, "/s"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_new_work_counts),
        cmocka_unit_test(test_a_stage_that_falls_back_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
