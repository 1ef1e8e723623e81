/* SPDX-License-Identifier: Apache-2.0
 *
 * The contact sheet of a search: thumbnails in rows, best first, as a PNG file.
 */
#include "jobs/search.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "media/vips_writer.h"
#include "winnow/memory.h"

/* Cells of the sheet and the gap between them, pixels; a sheet has at most MOST images. */
enum { CELL = 160, GAP = 8, ACROSS = 6, MOST = 600 };

typedef struct sheet {
    uint8_t *pixels;
    size_t width, height;
} sheet;

/* A picture squeezed to a square of CELL pixels, brought back to its proportions (nearest pixel) and centred in a cell.
 */
static void place(sheet *to, size_t at, const uint8_t *square, int64_t width, int64_t height)
{
    size_t w = width >= height ? CELL : (size_t)(CELL * width / height);
    size_t h = height >= width ? CELL : (size_t)(CELL * height / width);
    w = w ? w : 1;
    h = h ? h : 1;
    size_t left = GAP + at % ACROSS * (CELL + GAP) + (CELL - w) / 2;
    size_t top = GAP + at / ACROSS * (CELL + GAP) + (CELL - h) / 2;
    for (size_t y = 0; y < h; y++) {
        for (size_t x = 0; x < w; x++)
            memcpy(to->pixels + ((top + y) * to->width + left + x) * 3,
                   square + (y * CELL / h * CELL + x * CELL / w) * 3, 3);
    }
}

/* A sample without a readable thumbnail leaves its cell empty. */
static wn_status draw(wn_workspace *workspace, wn_reader *reader, int64_t row, sheet *to, size_t at, wn_error *err)
{
    unsigned char *bytes = NULL;
    size_t len = 0;
    wn_reading reading;
    wn_status status = wn_workspace_thumb(workspace, row, &bytes, &len, err);
    if (status) return status == WN_NOTFOUND || status == WN_CORRUPT ? WN_OK : status;
    if (!wn_reader_read_bytes(reader, bytes, len, NULL, &reading, NULL))
        place(to, at, reading.input, reading.facts.width, reading.facts.height);
    wn_free(bytes);
    return WN_OK;
}

/* The first of the paths that is the file at `path`; NULL = none. */
static const char *find_same(const char *path, const char *const *paths, size_t count)
{
    struct stat facts, other;
    if (stat(path, &facts) != 0) return NULL;
    for (size_t i = 0; i < count; i++)
        if (paths[i] && stat(paths[i], &other) == 0 && other.st_dev == facts.st_dev && other.st_ino == facts.st_ino)
            return paths[i];
    return NULL;
}

static wn_status refuse_image(const char *image, wn_error *err)
{
    return wn_fail(err, WN_INVALID, "--sheet would replace the image '%s'; name another file", image);
}

wn_status wn_search_sheet_check(const wn_search_options *options, wn_error *err)
{
    const char *image;
    if (!options->sheet) return WN_OK;
    if (!wn_text_ends_with(options->sheet, ".png"))
        return wn_fail(err, WN_INVALID, "a sheet is written as .png, not as '%s'", options->sheet);
    if ((image = find_same(options->sheet, options->images, options->image_count))) return refuse_image(image, err);
    if ((image = find_same(options->sheet, options->not_images, options->not_image_count)))
        return refuse_image(image, err);
    return WN_OK;
}

wn_status wn_search_sheet(wn_workspace *workspace, const wn_search_result *result, const char *path, wn_error *err)
{
    wn_status status;
    wn_reader *reader = NULL;
    wn_buffer file;
    size_t count = result->count < MOST ? result->count : MOST, rows = (count + ACROSS - 1) / ACROSS;
    wn_read_request request = {.thumb_side = -1, .input_side = CELL};
    sheet to = {NULL, GAP + (count < ACROSS ? count : ACROSS) * (CELL + GAP), GAP + rows * (CELL + GAP)};
    const char *image = find_same(path, (const char *const *)result->paths, result->count);
    if (image) return refuse_image(image, err);
    wn_buffer_init(&file, WN_MEMORY_IMAGE, (size_t)1 << 30);
    if ((status = wn_media_init(err))) goto done;
    if ((status = wn_reader_new(NULL, &request, &reader, err))) goto done;
    if (!(to.pixels = wn_alloc(WN_MEMORY_IMAGE, to.width * to.height, 3))) {
        status = wn_fail(err, WN_NOMEM, "no memory for a sheet of %zu images", count);
        goto done;
    }
    memset(to.pixels, 0xf4, to.width * to.height * 3);
    for (size_t i = 0; i < count; i++) {
        if ((status = draw(workspace, reader, result->found[i], &to, i, err))) goto done;
    }
    if ((status = wn_vips_write(to.pixels, (int)to.width, (int)to.height, ".png", &file, err))) goto done;
    status = wn_file_write(path, file.data, file.len, err);
done:
    wn_buffer_clear(&file);
    wn_free(to.pixels);
    wn_reader_free(&reader);
    return status;
}
