/* SPDX-License-Identifier: Apache-2.0
 *
 * The compressing half of libjpeg-turbo, into a growing buffer.
 */
#include "media/jpeg_writer.h"

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include "base/error.h"

#define FIRST_ROOM ((size_t)16 << 10)

typedef struct writer {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr destination;
    jmp_buf escape;
    wn_buffer *out;
    size_t room; /* that libjpeg was given, from out->data + out->len */
} writer;

static void on_error(j_common_ptr jpeg)
{
    writer *w = jpeg->client_data;
    longjmp(w->escape, 1);
}

static void on_message(j_common_ptr jpeg, int level)
{
    (void)jpeg;
    (void)level;
}

static void give_room(writer *w, size_t room)
{
    JOCTET *at = wn_buffer_reserve(w->out, room);
    if (at == NULL) longjmp(w->escape, 1);
    w->room = room;
    w->destination.next_output_byte = at;
    w->destination.free_in_buffer = room;
}

static void start_output(j_compress_ptr jpeg)
{
    give_room(jpeg->client_data, FIRST_ROOM);
}

static boolean more_output(j_compress_ptr jpeg)
{
    writer *w = jpeg->client_data;
    w->out->len += w->room; /* libjpeg calls this only when the room is used up */
    give_room(w, w->room * 2);
    return TRUE;
}

static void end_output(j_compress_ptr jpeg)
{
    writer *w = jpeg->client_data;
    w->out->len += w->room - w->destination.free_in_buffer;
    w->out->data[w->out->len] = '\0';
}

static void write_picture(writer *w, const uint8_t *pixels, int width, int height, int channels, int quality)
{
    w->jpeg.err = jpeg_std_error(&w->errors);
    w->errors.error_exit = on_error;
    w->errors.emit_message = on_message;
    w->jpeg.client_data = w;
    jpeg_create_compress(&w->jpeg);
    w->destination = (struct jpeg_destination_mgr){
        .init_destination = start_output, .empty_output_buffer = more_output, .term_destination = end_output};
    w->jpeg.dest = &w->destination;
    w->jpeg.image_width = (JDIMENSION)width;
    w->jpeg.image_height = (JDIMENSION)height;
    w->jpeg.input_components = channels;
    w->jpeg.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_EXT_RGBX;
    jpeg_set_defaults(&w->jpeg);
    jpeg_set_quality(&w->jpeg, quality, TRUE);
    w->jpeg.dct_method = JDCT_IFAST;
    jpeg_start_compress(&w->jpeg, TRUE);
    size_t stride = (size_t)width * (size_t)channels;
    while (w->jpeg.next_scanline < w->jpeg.image_height) {
        JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels + stride * w->jpeg.next_scanline);
        jpeg_write_scanlines(&w->jpeg, &row, 1);
    }
    jpeg_finish_compress(&w->jpeg);
}

wn_status wn_jpeg_write(const uint8_t *pixels, int width, int height, int channels, int quality, wn_buffer *out,
                        wn_error *err)
{
    if (width < 1 || height < 1 || quality < 1 || quality > 100 || (channels != 1 && channels != 3 && channels != 4)) {
        return wn_fail(err, WN_INVALID, "JPEG of %d x %d x %d, quality %d", width, height, channels, quality);
    }
    writer w = {.out = out};
    if (setjmp(w.escape) != 0) {
        char text[JMSG_LENGTH_MAX] = "no memory";
        if (out->status == WN_OK) w.errors.format_message((j_common_ptr)&w.jpeg, text);
        jpeg_destroy_compress(&w.jpeg);
        return wn_fail(err, out->status != WN_OK ? out->status : WN_LIMIT, "cannot write a JPEG of %d x %d: %s", width,
                       height, text);
    }
    write_picture(&w, pixels, width, height, channels, quality);
    jpeg_destroy_compress(&w.jpeg);
    return WN_OK;
}
