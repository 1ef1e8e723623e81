/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that change while they are read, and files too large for a memory limit. This program's own pread stands in for
 * the C library's: at the n-th call it cuts the file first, so that the file shrinks exactly between the moment its
 * size was asked for and the moment its bytes are wanted. Beside that, a thread that cuts and restores a file as fast
 * as it can.
 */
#include "media_pictures.h"

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vips/vips.h>

#include "base/clock.h"
#include "media/format.h"
#include "winnow/jobs.h"

enum { FILES = 12, VICTIM = 5, ROUNDS = 400 };

static char folder[] = "/tmp/winnow-shrink-XXXXXX";
static wn_buffer jpeg;

/* What pread does to which file; the victim is known by its inode. */
static struct {
    atomic_bool armed;
    ino_t inode;
    off_t to; /* the size that the file is cut to */
    atomic_int cuts;
} trap;

ssize_t pread(int fd, void *bytes, size_t len, off_t offset);

/* Half of what is asked for, so that a file takes several calls. */
ssize_t pread(int fd, void *bytes, size_t len, off_t offset)
{
    struct stat info;
    if (atomic_load(&trap.armed) && fstat(fd, &info) == 0 && info.st_ino == trap.inode) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (truncate(path, trap.to) == 0) atomic_fetch_add(&trap.cuts, 1);
        len = len > 1 ? len / 2 : len;
    }
    return (ssize_t)syscall(SYS_pread64, fd, bytes, len, offset);
}

static void name_file(int i, char path[80])
{
    snprintf(path, 80, "%s/in/%02d.jpg", folder, i);
}

static void restore(int i)
{
    char path[80];
    name_file(i, path);
    int fd = open(path, O_CREAT | O_WRONLY, 0644);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, jpeg.data, jpeg.len, 0), jpeg.len);
    close(fd);
}

static int start(void **state)
{
    char path[80];
    if (start_media(state) != 0 || !mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/in", folder);
    if (mkdir(path, 0755) != 0) return -1;
    uint8_t *rgb = make_blocks(400, 300, 4, 7);
    write_jpeg(rgb, 400, 300, 90, &jpeg);
    wn_free(rgb);
    for (int i = 0; i < FILES; i++) restore(i);
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

static int stop(void **state)
{
    wn_buffer_clear(&jpeg);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return stop_media(state);
}

static void arm(off_t to)
{
    struct stat info;
    char path[80];
    name_file(VICTIM, path);
    assert_int_equal(stat(path, &info), 0);
    trap.inode = info.st_ino;
    trap.to = to;
    atomic_store(&trap.cuts, 0);
    atomic_store(&trap.armed, true);
}

/* Cut to nothing, to a part that the first call still gives, to all but the last byte. */
static void shrinks_between_size_and_bytes(void **state)
{
    (void)state;
    char path[80];
    name_file(VICTIM, path);
    wn_entry entry = {.path = path, .name = "x.jpg", .size = jpeg.len};
    wn_reader *reader = make_reader(NULL, NULL);
    const size_t sizes[] = {0, 1, jpeg.len / 4, jpeg.len / 2, jpeg.len - 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        wn_reading reading;
        wn_error err = {0};
        arm((off_t)sizes[i]);
        wn_status status = wn_reader_read(reader, &entry, &reading, &err);
        atomic_store(&trap.armed, false);
        restore(VICTIM);
        if (status != WN_IO || strstr(err.message, "shrank while it was read") == NULL)
            fail_msg("cut to %zu: %s \"%s\"", sizes[i], wn_status_name(status), err.message);
        assert_true(atomic_load(&trap.cuts) >= 1);
        assert_int_equal(wn_reader_read(reader, &entry, &reading, &err), WN_OK); /* the reader is as good as new */
    }
    wn_reader_free(&reader);
}

static wn_add_result add_folder(const char *name, unsigned threads, uint64_t memory_limit)
{
    char in[80], workspace[80];
    const char *paths[] = {in};
    wn_error err = {0};
    wn_add_result result;
    wn_pool *pool = NULL;
    snprintf(in, sizeof in, "%s/%s", folder, name);
    snprintf(workspace, sizeof workspace, "%s/%s%u", folder, name, threads);
    assert_int_equal(wn_pool_new(threads, 0, &pool, &err), WN_OK);
    wn_job job = {.pool = pool, .memory_limit = memory_limit};
    wn_add_options options = {.workspace = workspace, .paths = paths, .path_count = 1, .input_side = 32};
    if (wn_job_add(&job, &options, &result, &err) != WN_OK) fail_msg("%s", err.message);
    wn_pool_free(&pool);
    return result;
}

/* The rest is done; the file is listed, and tried again by the next run. */
static void does_the_rest(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 3; threads += 2) {
        arm((off_t)(jpeg.len / 3));
        wn_add_result first = add_folder("in", threads, 0);
        atomic_store(&trap.armed, false);
        assert_int_equal(first.readable, FILES - 1);
        assert_int_equal(first.bad, 1);
        wn_add_result_clear(&first);
        restore(VICTIM);
        wn_add_result again = add_folder("in", threads, 0);
        assert_int_equal(again.readable, FILES);
        assert_int_equal(again.bad, 0);
        wn_add_result_clear(&again);
    }
}

/* Two files of 87 MB of pixels that cannot be streamed: too much for 700 MB in all, read one after the other within
 * 1400 MB, and by the next run without a change of the files. */
static void large_files_take_turns(void **state)
{
    (void)state;
    char path[80];
    VipsImage *black = NULL, *wide = NULL, *picture = NULL;
    snprintf(path, sizeof path, "%s/large", folder);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(vips_black(&black, 3300, 3300, "bands", 4, NULL), 0);
    assert_int_equal(vips_cast_ushort(black, &wide, NULL), 0);
    assert_int_equal(vips_copy(wide, &picture, "interpretation", VIPS_INTERPRETATION_RGB16, NULL), 0);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/large/%d.png", folder, i);
        assert_int_equal(vips_pngsave(picture, path, "interlace", TRUE, NULL), 0);
    }
    g_object_unref(picture);
    g_object_unref(wide);
    g_object_unref(black);
    for (unsigned threads = 1; threads <= 4; threads += 3) {
        wn_add_result little = add_folder("large", threads, 700u << 20);
        assert_int_equal(little.bad, 2);
        wn_add_result_clear(&little);
        wn_add_result enough = add_folder("large", threads, 1400u << 20);
        assert_int_equal(enough.bad, 0);
        assert_int_equal(enough.readable, 2);
        wn_add_result_clear(&enough);
    }
}

static atomic_bool over;

static void *cut_and_restore(void *context)
{
    char path[80];
    (void)context;
    name_file(VICTIM, path);
    for (uint64_t i = 0; !atomic_load(&over); i++) {
        if (truncate(path, (off_t)(wn_rng_mix(i) % jpeg.len)) != 0) break;
        int fd = open(path, O_WRONLY);
        if (fd < 0) break;
        ssize_t put = pwrite(fd, jpeg.data, jpeg.len, 0);
        close(fd);
        if (put < 0) break;
    }
    return NULL;
}

/* Any mixture of old and new bytes may come; what must not come is a crash, or a failure without a reason. */
static void survives_a_race(void **state)
{
    (void)state;
    char path[80];
    pthread_t thread;
    name_file(VICTIM, path);
    wn_entry entry = {.path = path, .name = "x.jpg", .size = jpeg.len};
    wn_reader *reader = make_reader(NULL, NULL);
    atomic_store(&over, false);
    assert_int_equal(pthread_create(&thread, NULL, cut_and_restore, NULL), 0);
    for (int i = 0; i < ROUNDS; i++) {
        wn_reading reading;
        wn_facts facts;
        wn_error err = {0};
        wn_status status = wn_reader_read(reader, &entry, &reading, &err);
        if (status == WN_OK) continue;
        if (status != WN_IO && status != WN_CORRUPT) fail_msg("%s \"%s\"", wn_status_name(status), err.message);
        assert_true(strlen(err.message) > 0);
        status = wn_reader_probe(reader, &entry, &facts, &err);
        if (status != WN_OK && status != WN_IO && status != WN_CORRUPT) fail_msg("probe: %s", wn_status_name(status));
    }
    atomic_store(&over, true);
    pthread_join(thread, NULL);
    restore(VICTIM);
    wn_reader_free(&reader);
}

/* Waiting for the processor is not the file's fault, up to ten times the limit. */
static void is_late_by_its_own_time(void **state)
{
    (void)state;
    wn_read_limits limits = {.seconds = 20, .readers = 2};
    double now = wn_clock_seconds(), ran = wn_clock_process_seconds();
    wn_decoding decoding = {.limits = &limits, .started = now - 10, .started_cpu = ran - 100};
    assert_false(wn_decoding_is_late(&decoding)); /* little time has passed */
    decoding.started = now - 30;
    assert_true(wn_decoding_is_late(&decoding));
    decoding.started_cpu = ran - 30; /* of two readers: 15 s for this one */
    assert_false(wn_decoding_is_late(&decoding));
    decoding.started = now - 201;
    assert_true(wn_decoding_is_late(&decoding));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shrinks_between_size_and_bytes),
                                       cmocka_unit_test(does_the_rest), cmocka_unit_test(large_files_take_turns),
                                       cmocka_unit_test(survives_a_race), cmocka_unit_test(is_late_by_its_own_time)};
    return cmocka_run_group_tests(tests, start, stop);
}
