/* SPDX-License-Identifier: Apache-2.0
 *
 * Repeats the files of a folder under other names: make_copies FROM TO COUNT. Writes TO/ddd/name-NNNNNN.ext (1,000
 * files in a folder) until there are COUNT, going round the images of FROM and of the folders in it. Eight bytes that
 * differ are put behind the end of each copy, which image decoders do not look at, so that no two have the same hash.
 * Does nothing where TO/COUNT.done exists.
 */
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct original {
    char *name;
    char *bytes;
    size_t len;
} original;

static void stop(const char *what)
{
    perror(what);
    exit(1);
}

static original load(const char *path, const char *name, size_t len)
{
    original file = {.name = strdup(name), .bytes = malloc(len + 8), .len = len};
    FILE *in = fopen(path, "rb");
    if (!in || !file.name || !file.bytes || fread(file.bytes, 1, len, in) != len) stop(path);
    fclose(in);
    return file;
}

static bool is_image(const char *name)
{
    static const char *const endings[] = {".jpg", ".jpeg", ".png", ".webp"};
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(ending, endings[i]) == 0) return true;
    return false;
}

/* All images below `folder` that have content, at most `limit`, in order of their names. */
static size_t load_all(char *folder, original *out, size_t limit)
{
    char *folders[] = {folder, NULL};
    size_t count = 0;
    FTS *walk = fts_open(folders, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; walk && count < limit && (entry = fts_read(walk));)
        if (entry->fts_info == FTS_F && entry->fts_statp->st_size > 0 && is_image(entry->fts_name))
            out[count++] = load(entry->fts_path, entry->fts_name, (size_t)entry->fts_statp->st_size);
    if (walk) fts_close(walk);
    return count;
}

static void write_copy(const char *folder, original *file, size_t number)
{
    char path[4096];
    const char *dot = strrchr(file->name, '.');
    int stem = dot ? (int)(dot - file->name) : (int)strlen(file->name);
    snprintf(path, sizeof path, "%s/%03zu", folder, number / 1000);
    if (number % 1000 == 0) mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%03zu/%.*s-%06zu%s", folder, number / 1000, stem, file->name, number,
             dot ? dot : "");
    memcpy(file->bytes + file->len, &number, sizeof number);
    FILE *out = fopen(path, "wb");
    if (!out || fwrite(file->bytes, 1, file->len + sizeof number, out) != file->len + sizeof number) stop(path);
    if (fclose(out) != 0) stop(path);
}

int main(int argc, char **argv)
{
    static original files[4096];
    char mark[4096];
    if (argc != 4) {
        fputs("usage: make_copies FROM TO COUNT\n", stderr);
        return 2;
    }
    size_t wanted = strtoul(argv[3], NULL, 10);
    snprintf(mark, sizeof mark, "%s/%zu.done", argv[2], wanted);
    if (access(mark, F_OK) == 0) return 0;
    size_t count = load_all(argv[1], files, sizeof files / sizeof *files);
    if (count == 0) {
        fprintf(stderr, "make_copies: no images in %s\n", argv[1]);
        return 1;
    }
    mkdir(argv[2], 0777);
    for (size_t i = 0; i < wanted; i++) write_copy(argv[2], &files[i % count], i);
    FILE *done = fopen(mark, "w");
    if (!done || fclose(done) != 0) stop(mark);
    for (size_t i = 0; i < count; i++) {
        free(files[i].name);
        free(files[i].bytes);
    }
    return 0;
}
