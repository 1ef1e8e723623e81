/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk over folders, lists and tars: order, what is skipped, what is bad and why, and that the bytes of every entry
 * can be had.
 */
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media_pictures.h"

#include <archive.h>
#include <archive_entry.h>

#define MOST 64

/* What a walk gave: "name" or "name: reason", and the bytes of good entries. */
typedef struct found {
    size_t count;
    char lines[MOST][200];
    wn_source_counts counts;
    bool check_bytes;
} found;

static char folder[64];
static wn_buffer picture;

static const char *in(const char *name)
{
    static char path[8][512];
    static int next;
    char *out = path[next++ % 8];
    snprintf(out, 512, "%s/%s", folder, name);
    return out;
}

static void write_file(const char *name, const void *bytes, size_t len)
{
    int fd = open(in(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    close(fd);
}

static void write_image(const char *name)
{
    write_file(name, picture.data, picture.len);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)type;
    (void)where;
    return remove(path);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/winnow-source-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static wn_status keep(void *context, const wn_entry *entry, wn_error *err)
{
    found *f = context;
    (void)err;
    assert_true(f->count < MOST);
    snprintf(f->lines[f->count++], sizeof(f->lines[0]), "%s%s%s", entry->name, entry->status == WN_OK ? "" : ": ",
             entry->status == WN_OK ? "" : entry->reason);
    if (entry->status != WN_OK || !f->check_bytes) return WN_OK;
    void *bytes = NULL;
    size_t len = 0;
    wn_error why = {0};
    if (wn_entry_load(entry, 1 << 20, &bytes, &len, &why) != WN_OK) fail_msg("%s: %s", entry->name, why.message);
    assert_int_equal(len, picture.len);
    assert_memory_equal(bytes, picture.data, len);
    wn_free(bytes);
    if (entry->bytes != NULL) { /* found again without the bytes that the walk carries */
        wn_entry bare = *entry;
        bare.bytes = NULL;
        assert_int_equal(wn_entry_load(&bare, 1 << 20, &bytes, &len, NULL), WN_OK);
        assert_memory_equal(bytes, picture.data, len);
        wn_free(bytes);
    }
    return WN_OK;
}

static found walk(const char *path, const wn_source_options *options)
{
    found f = {.check_bytes = true};
    wn_error err = {0};
    if (wn_source_walk(&path, 1, options, NULL, keep, &f, &f.counts, &err) != WN_OK) fail_msg("%s", err.message);
    assert_int_equal(f.counts.images + f.counts.bad, f.count);
    return f;
}

static void assert_lines(const found *f, const char *const *lines)
{
    for (size_t i = 0; i < f->count || lines[i] != NULL; i++) {
        if (i >= f->count || lines[i] == NULL)
            fail_msg("%zu entries, next %s", f->count, lines[i] ? lines[i] : f->lines[i]);
        assert_string_equal(f->lines[i], lines[i]);
    }
}

static void walks_folders_in_order(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in("b"), 0755), 0);
    assert_int_equal(mkdir(in("b/deep"), 0755), 0);
    assert_int_equal(mkdir(in(".hidden"), 0755), 0);
    assert_int_equal(mkdir(in("old.winnow"), 0755), 0);
    write_image("b/2.JPG");
    write_image("b/10.jpeg");
    write_image("b/deep/x.png");
    write_image("b.jpg");
    write_image("a.webp");
    write_image("plain");
    write_image("with\nnewline and \xFF\xFE.jpg");
    write_image(".hidden/no.jpg");
    write_image("old.winnow/no.jpg");
    write_image(".jpg");
    write_file("notes", "some text", 9);
    write_file("a.txt", "side-car", 8);
    write_file("a.json", "{}", 2);
    write_file("movie.mp4", "????", 4);
    found f = walk(folder, NULL);
    assert_lines(&f, (const char *const[]){"a.webp", "b/10.jpeg", "b/2.JPG", "b/deep/x.png", "b.jpg", "plain",
                                           "with\nnewline and \xFF\xFE.jpg", NULL});
    assert_int_equal(f.counts.folders, 3);
    assert_int_equal(f.counts.skipped, 7);
    assert_int_equal(f.counts.bytes, 7 * picture.len);
    found some = walk(folder, &(wn_source_options){.suffixes = (const char *const[]){".png", NULL},
                                                   .exclude = (const char *const[]){"deep", NULL}});
    assert_lines(&some, (const char *const[]){"plain", NULL});
    write_file("raw.NEF", "raw", 3); /* offered, so that the user is told that it cannot be read */
    found raw = {0};
    const char *path = folder;
    assert_int_equal(wn_source_walk(&path, 1, NULL, NULL, keep, &raw, NULL, NULL), WN_OK);
    assert_int_equal(raw.count, 8);
}

static void reports_what_cannot_be_an_image(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in("d.jpg"), 0755), 0);
    write_image("d.jpg/in.jpg");
    write_file("empty.jpg", "", 0);
    assert_int_equal(symlink("nowhere", in("dangling.jpg")), 0);
    assert_int_equal(symlink("self.png", in("self.png")), 0);
    assert_int_equal(symlink("nowhere", in("dangling.txt")), 0);
    assert_int_equal(mkfifo(in("pipe.jpg"), 0644), 0);
    assert_int_equal(mkfifo(in("pipe"), 0644), 0);
    assert_int_equal(mkdir(in("loop"), 0755), 0);
    assert_int_equal(symlink("..", in("loop/up")), 0);
    assert_int_equal(symlink("good.jpg", in("link.jpg")), 0);
    write_image("good.jpg");
    found f = walk(folder, NULL);
    assert_lines(&f, (const char *const[]){"d.jpg: a folder with the name of an image", "d.jpg/in.jpg",
                                           "dangling.jpg: a link to nowhere, or a file that vanished",
                                           "empty.jpg: empty file", "good.jpg", "link.jpg",
                                           "loop/up: a link to a folder above it, which would go in a circle",
                                           "pipe.jpg: not a file but a device, pipe or socket",
                                           "self.png: a link that leads in a circle", NULL});
    found without = walk(folder, &(wn_source_options){.skip_links = true, .flat = true});
    assert_lines(&without,
                 (const char *const[]){"d.jpg: a folder with the name of an image", "empty.jpg: empty file", "good.jpg",
                                       "pipe.jpg: not a file but a device, pipe or socket", NULL});
}

/* Thirty folders, each with two links to the next: 2^30 paths, unless links to known folders are left out. */
static void does_not_multiply_links(void **state)
{
    (void)state;
    char name[64], target[64];
    for (int i = 0; i < 30; i++) {
        snprintf(name, sizeof(name), "d%02d", i);
        assert_int_equal(mkdir(in(name), 0755), 0);
        for (int k = 0; k < 2 && i < 29; k++) {
            snprintf(name, sizeof(name), "d%02d/l%d", i, k);
            snprintf(target, sizeof(target), "../d%02d", i + 1);
            assert_int_equal(symlink(target, in(name)), 0);
        }
    }
    write_image("d29/x.jpg");
    found f = walk(folder, NULL);
    assert_in_range(f.count, 1, 2); /* through the chain of links, and as itself */
}

static void reads_lists(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in("sub"), 0755), 0);
    write_image("sub/a.jpg");
    write_image("b b.jpg");
    write_image("#c.jpg");
    write_image("q\"x,\n.jpg");
    char text[1024];
    snprintf(text, sizeof(text), "\xEF\xBB\xBFsub/a.jpg\r\n\nb b.jpg\n#c.jpg\nmissing.jpg\n%s/sub/a.jpg\nsub", folder);
    write_file("list.txt", text, strlen(text));
    found f = walk(in("list.txt"), NULL);
    char absolute[200];
    snprintf(absolute, sizeof(absolute), "%s/sub/a.jpg", folder);
    assert_lines(&f, (const char *const[]){"sub/a.jpg", "b b.jpg", "#c.jpg", "missing.jpg: does not exist", absolute,
                                           "sub/a.jpg", NULL});
    static const char csv[] = "Filename,label\nsub/a.jpg,1\n\"q\"\"x,\n.jpg\",2\n";
    write_file("list.csv", csv, sizeof(csv) - 1);
    f = walk(in("list.csv"), NULL);
    assert_lines(&f, (const char *const[]){"sub/a.jpg", "q\"x,\n.jpg", NULL});
    write_file("bad.txt", "a\0b.jpg\n", 8);
    f = walk(in("bad.txt"), NULL);
    assert_lines(&f, (const char *const[]){"a: a zero byte in the list", NULL});
}

/* Two images, an empty one, a link, a side-car and an unnamed kind, as a tar with this filter. */
static void write_tar(const char *name, bool gzip)
{
    struct archive *tar = archive_write_new();
    archive_write_set_format_pax(tar);
    if (gzip) archive_write_add_filter_gzip(tar);
    assert_int_equal(archive_write_open_filename(tar, in(name)), ARCHIVE_OK);
    char longest[180];
    memset(longest, 'n', sizeof(longest));
    memcpy(longest, "long/", 5);
    memcpy(longest + 170, ".jpg", 5); /* too long for the old header */
    const char *names[] = {"a/1.jpg", "a/1.json", "empty.png", longest, "plain", "link.jpg", "notes"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct archive_entry *entry = archive_entry_new();
        bool link = i == 5, text = i == 1 || i == 6;
        size_t len = i == 2 || link ? 0 : text ? 2 : picture.len;
        archive_entry_set_pathname(entry, names[i]);
        archive_entry_set_filetype(entry, link ? AE_IFLNK : AE_IFREG);
        if (link) archive_entry_set_symlink(entry, "a/1.jpg");
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, (la_int64_t)len);
        assert_int_equal(archive_write_header(tar, entry), ARCHIVE_OK);
        if (len > 0) assert_int_equal(archive_write_data(tar, text ? "{}" : picture.data, len), (la_ssize_t)len);
        archive_entry_free(entry);
    }
    assert_int_equal(archive_write_free(tar), ARCHIVE_OK);
}

static void reads_tars(void **state)
{
    (void)state;
    static const char *const names[] = {"x.tar", "x.tgz"};
    for (size_t i = 0; i < 2; i++) {
        write_tar(names[i], i == 1);
        found f = walk(in(names[i]), NULL);
        assert_int_equal(f.count, 5);
        assert_int_equal(f.counts.images, 3);
        assert_int_equal(f.counts.skipped, 2);
        assert_string_equal(f.lines[0], i == 0 ? "x.tar/a/1.jpg" : "x.tgz/a/1.jpg");
        assert_non_null(strstr(f.lines[1], "empty.png: empty file"));
        assert_non_null(strstr(f.lines[2], "nnn.jpg"));
        assert_non_null(strstr(f.lines[3], "/plain"));
        assert_non_null(strstr(f.lines[4], "link.jpg: a link inside a tar"));
    }
    found both = walk(folder, NULL);
    assert_int_equal(both.counts.tars, 2);
    assert_int_equal(both.count, 10);
}

static void survives_damaged_tars(void **state)
{
    (void)state;
    write_tar("x.tar", false);
    struct stat info;
    assert_int_equal(stat(in("x.tar"), &info), 0);
    assert_int_equal(truncate(in("x.tar"), 512 * 4 + 100), 0);
    const char *path = in("x.tar");
    found f = {.check_bytes = false};
    assert_int_equal(wn_source_walk(&path, 1, NULL, NULL, keep, &f, &f.counts, NULL), WN_OK);
    assert_true(f.counts.bad >= 1);
    write_file("y.tar", "this is no tar at all", 21);
    f = walk(in("y.tar"), NULL);
    assert_int_equal(f.counts.bad, 1);
    assert_non_null(strstr(f.lines[0], "damaged tar"));
}

static bool stop_at_once(void *context, const wn_progress_report *report)
{
    (void)context;
    (void)report;
    return true;
}

static wn_status refuse(void *context, const wn_entry *entry, wn_error *err)
{
    (void)context;
    (void)entry;
    (void)err;
    return WN_NOSPACE;
}

static void stops_when_told(void **state)
{
    (void)state;
    char name[32];
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "%03d.txt", i);
        write_file(name, "x", 1);
    }
    const char *path = folder;
    wn_progress progress = {.report = stop_at_once};
    found f = {0};
    assert_int_equal(wn_source_walk(&path, 1, NULL, &progress, keep, &f, NULL, NULL), WN_CANCELLED);
    write_image("a.jpg");
    assert_int_equal(wn_source_walk(&path, 1, NULL, NULL, refuse, NULL, NULL, NULL), WN_NOSPACE);
}

static void refuses_wrong_roots(void **state)
{
    (void)state;
    found f = {0};
    const char *missing = in("missing"), *pipe = in("pipe"), *nothing = "";
    assert_int_equal(mkfifo(pipe, 0644), 0);
    assert_int_equal(wn_source_walk(&missing, 1, NULL, NULL, keep, &f, NULL, NULL), WN_NOTFOUND);
    assert_int_equal(wn_source_walk(&pipe, 1, NULL, NULL, keep, &f, NULL, NULL), WN_INVALID);
    assert_int_equal(wn_source_walk(&nothing, 1, NULL, NULL, keep, &f, NULL, NULL), WN_INVALID);
    assert_int_equal(wn_source_walk(&missing, 0, NULL, NULL, keep, &f, NULL, NULL), WN_INVALID);
}

/* A file that changes or goes between walk and read. */
static void reads_what_is_there_now(void **state)
{
    (void)state;
    write_image("x.jpg");
    wn_reader *reader = make_reader(NULL, NULL);
    wn_reading reading;
    wn_error err = {0};
    wn_entry entry = {.path = in("x.jpg"), .name = "x.jpg", .size = picture.len};
    assert_int_equal(wn_reader_read(reader, &entry, &reading, &err), WN_OK);
    assert_int_equal(truncate(entry.path, (off_t)(picture.len / 2)), 0);
    assert_int_equal(wn_reader_read(reader, &entry, &reading, &err), WN_CORRUPT);
    assert_int_equal(reading.facts.file_bytes, picture.len / 2);
    assert_int_equal(truncate(entry.path, 0), 0);
    assert_int_equal(wn_reader_read(reader, &entry, &reading, &err), WN_CORRUPT);
    assert_int_equal(unlink(entry.path), 0);
    assert_int_equal(wn_reader_read(reader, &entry, &reading, &err), WN_NOTFOUND);
    assert_int_equal(mkdir(entry.path, 0755), 0);
    assert_int_equal(wn_reader_read(reader, &entry, &reading, &err), WN_UNSUPPORTED);
    /* a tar that is shorter than it was */
    write_image("t.tar");
    wn_entry member = {.path = in("t.tar"), .name = "t.tar/m", .member = "m", .size = picture.len, .offset = 10};
    assert_int_equal(wn_reader_read(reader, &member, &reading, &err), WN_IO);
    assert_non_null(strstr(err.message, "shorter"));
    wn_entry bad = {.path = "x", .name = "x", .status = WN_IO, .reason = "because"};
    assert_int_equal(wn_reader_read(reader, &bad, &reading, &err), WN_IO);
    assert_string_equal(err.message, "because");
    wn_reader_free(&reader);
}

static int start(void **state)
{
    uint8_t *rgb = make_blocks(64, 64, 8, 11);
    write_jpeg(rgb, 64, 64, 80, &picture);
    wn_free(rgb);
    return start_media(state);
}

static int stop(void **state)
{
    wn_buffer_clear(&picture);
    return stop_media(state);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {IN_FOLDER(walks_folders_in_order),
                                       IN_FOLDER(reports_what_cannot_be_an_image),
                                       IN_FOLDER(does_not_multiply_links),
                                       IN_FOLDER(reads_lists),
                                       IN_FOLDER(reads_tars),
                                       IN_FOLDER(survives_damaged_tars),
                                       IN_FOLDER(stops_when_told),
                                       IN_FOLDER(refuses_wrong_roots),
                                       IN_FOLDER(reads_what_is_there_now)};
    return cmocka_run_group_tests(tests, start, stop);
}
