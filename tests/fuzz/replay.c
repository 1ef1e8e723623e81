/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a fuzz target over the files of the folders named as arguments, each whole, cut at many lengths and with one
 * byte changed, so that the sanitizer builds cover every parser without a fuzzer. Files are copied to blocks of exactly
 * their size, which lets the sanitizers see an over-read.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "fuzz.h"

static void run_exact(const char *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    if (!copy) exit(1);
    memcpy(copy, data, len);
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static void run_file(wn_buffer *file)
{
    size_t len = file->len, step = len / 64 + 1;
    if (!len) {
        LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
        return;
    }
    run_exact(file->data, len);
    for (size_t cut = 0; cut < len; cut += step) run_exact(file->data, cut);
    for (size_t at = 0; at < len; at += step) {
        char old = file->data[at];
        file->data[at] = (char)(old ^ (char)(1 + at % 255));
        run_exact(file->data, len);
        file->data[at] = old;
    }
}

int main(int argc, char **argv)
{
    size_t count = 0;
    wn_buffer file;
    wn_buffer_init(&file, WN_MEMORY_GENERAL, 0);
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (!folder) {
            fprintf(stderr, "cannot open %s\n", argv[i]);
            return 1;
        }
        for (struct dirent *entry; (entry = readdir(folder));) {
            if (entry->d_name[0] == '.') continue;
            char *path = wn_path_join(argv[i], entry->d_name);
            wn_error err = {0};
            if (!path || wn_file_read(path, 64u << 20, &file, &err)) {
                fprintf(stderr, "%s\n", err.message);
                return 1;
            }
            run_file(&file);
            wn_free(path);
            count++;
        }
        closedir(folder);
    }
    wn_buffer_clear(&file);
    printf("%zu files replayed\n", count);
    return count ? 0 : 1;
}
