/* SPDX-License-Identifier: Apache-2.0
 *
 * What another winnow does between the moment in which a pull opens the part file and that in which it has its lock.
 * The lock and the transfer are those below, which take the place of the system's and of the library's.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hub/transfer.h"
#include "winnow/hub.h"

static const char theirs[] = "\x08 what another winnow fetched", ours[] = "\x08 what this one fetches";
static char folder[] = "/tmp/wn_test_hub_XXXXXX", path[64], part[96];
static int locks, transfers;
static void (*meanwhile)(void); /* done once, before the first lock */

int flock(int fd, int operation)
{
    (void)fd;
    (void)operation;
    if (locks++ == 0) meanwhile();
    return 0;
}

wn_status wn_transfer(const char *url, uint64_t from, const wn_receiver *receiver, const wn_progress *progress,
                      bool *again, wn_error *err)
{
    const wn_answer answer = {.code = 200, .total = sizeof ours};
    (void)url;
    (void)progress;
    transfers++;
    *again = false;
    assert_int_equal(from, 0);
    const wn_status status = receiver->begin(receiver->context, &answer, err);
    return status ? status : receiver->add(receiver->context, ours, sizeof ours, err);
}

static void they_finish(void)
{
    FILE *f = fopen(part, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(theirs, 1, sizeof theirs, f), sizeof theirs);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(rename(part, path), 0);
}

static void they_fail(void)
{
    assert_int_equal(unlink(part), 0);
}

static bool there(const char *name)
{
    struct stat facts;
    return lstat(name, &facts) == 0;
}

static wn_pull_result pull(void (*they)(void))
{
    wn_pull_result got;
    wn_error err = {0};
    const wn_pull_settings settings = {.hub = "http://127.0.0.1", .out = path};
    (void)snprintf(path, sizeof path, "%s/model.onnx", folder);
    (void)snprintf(part, sizeof part, "%s.part", path);
    meanwhile = they;
    locks = transfers = 0;
    if (wn_hub_pull(wn_hub_find("resnet-50"), &settings, NULL, &got, &err)) fail_msg("%s", err.message);
    return got;
}

/* The file is `bytes`, and nothing is left beside it but what belongs there. */
static void expect_file(const char *bytes, size_t len)
{
    char found[64], record[96];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fread(found, 1, sizeof found, f), len);
    (void)fclose(f);
    assert_memory_equal(found, bytes, len);
    assert_false(there(part));
    (void)snprintf(record, sizeof record, "%s.sha256", path);
    assert_int_equal(unlink(record), 0);
    (void)snprintf(record, sizeof record, "%s.json", path);
    assert_int_equal(unlink(record), 0);
    assert_int_equal(unlink(path), 0);
}

static void test_another_finishes_before_the_lock(void **state)
{
    (void)state;
    const wn_pull_result got = pull(they_finish);
    assert_true(got.present);
    assert_int_equal(got.bytes, sizeof theirs);
    assert_int_equal(transfers, 0);
    expect_file(theirs, sizeof theirs);
}

static void test_another_drops_the_part_before_the_lock(void **state)
{
    (void)state;
    const wn_pull_result got = pull(they_fail);
    assert_false(got.present);
    assert_int_equal(transfers, 1);
    expect_file(ours, sizeof ours);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_another_finishes_before_the_lock),
        cmocka_unit_test(test_another_drops_the_part_before_the_lock),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
