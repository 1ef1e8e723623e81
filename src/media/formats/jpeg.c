/* SPDX-License-Identifier: Apache-2.0
 *
 * JPEG by libjpeg-turbo, decoded at a reduced scale: the inverse DCT of n x n coefficients instead of 8 x 8.
 *
 * libjpeg goes on after damage and fills what is lost with grey. winnow keeps its word "readable" for pictures that are
 * whole, so the rule is: a file is bad when picture data were lost, that is when the entropy decoder met a
 * marker or the end of the file in the middle of the data, or a code that does not exist, or (progressive) when the
 * file ends before every coefficient has its last bit. Everything else that libjpeg grumbles about (bytes between
 * markers, a missing end marker) only sets facts.warnings.
 *
 * libjpeg reports errors by a callback that must not return, so this file holds one setjmp; all state that
 * survives it lives in `decoder`.
 */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "base/clock.h"
#include "base/error.h"
#include "media/exif.h"
#include "media/format.h"

#define MOST_SCANS      500 /* progressive files have about 10; bombs have thousands */
#define ROWS_AT_ONCE    8
#define LOOKS_PER_CLOCK 64 /* asking for the time costs as much as decoding a few blocks */

typedef struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    struct jpeg_source_mgr source;
    jmp_buf escape;
    wn_decoding *decoding;
    unsigned looks; /* rows of blocks since the start */
    bool ended;     /* libjpeg asked for bytes beyond the file */
    bool late;      /* over the time limit */
    int lost_code;  /* first message that means lost picture data, or 0 */
    bool lost_end;  /* ... and the file had ended */
    unsigned lost_row;
} decoder;

static void on_error(j_common_ptr jpeg)
{
    decoder *d = jpeg->client_data;
    longjmp(d->escape, 1);
}

/* level -1 is a warning, 0 and above are traces. */
static void on_message(j_common_ptr jpeg, int level)
{
    decoder *d = jpeg->client_data;
    if (level >= 0) return;
    jpeg->err->num_warnings++;
    int code = jpeg->err->msg_code;
    bool lost = code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE || code == JWRN_ARITH_BAD_CODE ||
                code == JWRN_MUST_RESYNC;
    if (!lost || d->lost_code != 0) return;
    d->lost_code = code;
    d->lost_end = d->ended;
    d->lost_row = d->jpeg.input_iMCU_row;
}

static void on_progress(j_common_ptr jpeg)
{
    decoder *d = jpeg->client_data;
    if (d->jpeg.input_scan_number > MOST_SCANS) d->late = true;
    if (d->looks++ % LOOKS_PER_CLOCK == 0 && wn_decoding_is_late(d->decoding)) d->late = true;
    if (d->late) longjmp(d->escape, 1);
}

static void ignore_source(j_decompress_ptr jpeg)
{
    (void)jpeg;
}

/* Beyond the file: an end marker, as often as it is asked for. */
static boolean fill_source(j_decompress_ptr jpeg)
{
    static const JOCTET end[2] = {0xFF, JPEG_EOI};
    decoder *d = jpeg->client_data;
    d->ended = true;
    jpeg->src->next_input_byte = end;
    jpeg->src->bytes_in_buffer = 2;
    return TRUE;
}

static void skip_source(j_decompress_ptr jpeg, long count)
{
    if (count <= 0) return;
    if ((size_t)count > jpeg->src->bytes_in_buffer) {
        fill_source(jpeg);
        return;
    }
    jpeg->src->next_input_byte += count;
    jpeg->src->bytes_in_buffer -= (size_t)count;
}

static void start(decoder *d, wn_decoding *decoding)
{
    d->decoding = decoding;
    d->jpeg.err = jpeg_std_error(&d->errors);
    d->errors.error_exit = on_error;
    d->errors.emit_message = on_message;
    d->jpeg.client_data = d;
    jpeg_create_decompress(&d->jpeg);
    d->progress.progress_monitor = on_progress;
    d->jpeg.progress = &d->progress;
    d->jpeg.mem->max_memory_to_use = (long)decoding->limits->memory;
    d->source = (struct jpeg_source_mgr){.next_input_byte = decoding->bytes,
                                         .bytes_in_buffer = decoding->len,
                                         .init_source = ignore_source,
                                         .fill_input_buffer = fill_source,
                                         .skip_input_data = skip_source,
                                         .resync_to_restart = jpeg_resync_to_restart,
                                         .term_source = ignore_source};
    d->jpeg.src = &d->source;
    jpeg_save_markers(&d->jpeg, JPEG_APP0 + 1, 0xFFFF);
}

static void take_exif(const decoder *d, wn_facts *facts)
{
    for (jpeg_saved_marker_ptr marker = d->jpeg.marker_list; marker != NULL; marker = marker->next) {
        if (marker->data_length > 6 && memcmp(marker->data, "Exif\0", 5) == 0) {
            wn_exif_parse(marker->data, marker->data_length, facts);
            return;
        }
    }
}

/* The smallest n/8 that is enough. 5/8 to 7/8 are not taken: libjpeg-turbo has vector code for 8, 4, 2 and 1, and the
 * whole picture is decoded faster than a part of it by plain code. */
static unsigned choose_scale(const wn_decoding *decoding)
{
    int64_t width = decoding->facts->width, height = decoding->facts->height, needs_width, needs_height;
    wn_decoding_needs(decoding, width, height, &needs_width, &needs_height);
    for (unsigned n = 1; n < 5; n++) {
        if ((width * n + 7) / 8 >= needs_width && (height * n + 7) / 8 >= needs_height) return n;
    }
    return 8;
}

/* Whether single pixels will be seen: the square is more than half as long as the shorter side of the picture. Of
 * larger pictures several pixels are averaged, which hides what the fast inverse DCT and chroma that is only repeated
 * get wrong. */
static bool wants_exact(const wn_decoding *decoding)
{
    const int64_t width = decoding->facts->width, height = decoding->facts->height;
    return (width < height ? width : height) < 2 * (int64_t)decoding->square_side;
}

static wn_status read_header(decoder *d, wn_error *err)
{
    wn_decoding *decoding = d->decoding;
    wn_facts *facts = decoding->facts;
    jpeg_read_header(&d->jpeg, TRUE);
    facts->channels = d->jpeg.num_components;
    facts->bits = d->jpeg.data_precision;
    take_exif(d, facts);
    WN_TRY(wn_decoding_set_size(decoding, d->jpeg.image_width, d->jpeg.image_height, err));
    if (d->jpeg.num_components != 1 && d->jpeg.num_components != 3 && d->jpeg.num_components != 4) {
        return wn_fail(err, WN_UNSUPPORTED, "JPEG with %d channels", d->jpeg.num_components);
    }
    if (decoding->header_only) return WN_OK;
    bool four = d->jpeg.num_components == 4;
    d->jpeg.out_color_space = four ? JCS_CMYK : JCS_EXT_RGBX;
    const bool exact = wants_exact(decoding);
    d->jpeg.dct_method = exact ? JDCT_ISLOW : JDCT_IFAST;
    d->jpeg.do_fancy_upsampling = exact;
    d->jpeg.scale_num = choose_scale(decoding);
    d->jpeg.scale_denom = 8;
    jpeg_calc_output_dimensions(&d->jpeg);
    return wn_picture_resize(decoding->picture, (int)d->jpeg.output_width, (int)d->jpeg.output_height, err);
}

/* In place; four bytes a pixel before and after. Adobe's files hold the complement of the ink. No profile is
 * applied. */
static void convert_inks(uint8_t *pixels, size_t count, bool inverted)
{
    uint8_t flip = inverted ? 0 : 255;
    for (size_t i = 0; i < count; i++, pixels += 4) {
        unsigned black = pixels[3] ^ flip;
        for (int c = 0; c < 3; c++) {
            unsigned product = (unsigned)(pixels[c] ^ flip) * black + 128;
            pixels[c] = (uint8_t)((product + (product >> 8)) >> 8);
        }
        pixels[3] = 255;
    }
}

static void read_rows(decoder *d)
{
    wn_picture *picture = d->decoding->picture;
    size_t stride = (size_t)picture->width * 4;
    jpeg_start_decompress(&d->jpeg);
    while (d->jpeg.output_scanline < d->jpeg.output_height) {
        JSAMPROW rows[ROWS_AT_ONCE];
        unsigned left = d->jpeg.output_height - d->jpeg.output_scanline;
        unsigned count = left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE;
        for (unsigned i = 0; i < count; i++) rows[i] = picture->pixels + stride * (d->jpeg.output_scanline + i);
        jpeg_read_scanlines(&d->jpeg, rows, count);
    }
    if (d->jpeg.out_color_space == JCS_CMYK) {
        convert_inks(picture->pixels, (size_t)picture->width * (size_t)picture->height, d->jpeg.saw_Adobe_marker);
    }
}

/* Whether a progressive picture lacks bits: coef_bits holds -1 for coefficients never seen, else how many low bits are
 * still unknown. */
static bool lacks_bits(const decoder *d)
{
    if (!d->jpeg.progressive_mode || d->jpeg.coef_bits == NULL) return false;
    for (int c = 0; c < d->jpeg.num_components; c++) {
        for (int i = 0; i < DCTSIZE2; i++) {
            if (d->jpeg.coef_bits[c][i] != 0) return true;
        }
    }
    return false;
}

static wn_status judge(const decoder *d, wn_error *err)
{
    d->decoding->facts->warnings = d->errors.num_warnings > 0 || d->ended;
    bool unfinished = d->ended && lacks_bits(d);
    if (d->lost_code == 0 && !unfinished) return WN_OK;
    unsigned rows = d->jpeg.total_iMCU_rows > 0 ? d->jpeg.total_iMCU_rows : 1;
    unsigned percent = d->lost_row < rows ? 100 * d->lost_row / rows : 100;
    if (unfinished) return wn_fail(err, WN_CORRUPT, "truncated JPEG: the data end before the last scan");
    if (d->lost_end) return wn_fail(err, WN_CORRUPT, "truncated JPEG: the data end at %u %% of the picture", percent);
    return wn_fail(err, WN_CORRUPT, "damaged JPEG: data lost at %u %% of the picture", percent);
}

/* The failure that libjpeg reported by its callback. */
static wn_status fail_fatal(decoder *d, wn_error *err)
{
    if (d->late) return wn_decoding_fail_late(d->decoding, err);
    char text[JMSG_LENGTH_MAX];
    d->errors.format_message((j_common_ptr)&d->jpeg, text);
    int code = d->errors.msg_code;
    if (code == JERR_OUT_OF_MEMORY) return wn_fail(err, WN_NOMEM, "no memory to decode the JPEG");
    if (code == JERR_NO_BACKING_STORE) {
        d->decoding->memory_short = true;
        return wn_fail(err, WN_LIMIT, "decoding this JPEG needs more memory than the limit");
    }
    if (code == JERR_SOF_UNSUPPORTED) return wn_fail(err, WN_UNSUPPORTED, "lossless or hierarchical JPEG");
    bool foreign = code == JERR_BAD_PRECISION || code == JERR_CONVERSION_NOTIMPL || code == JERR_NOT_COMPILED ||
                   code == JERR_CCIR601_NOTIMPL || code == JERR_FRACT_SAMPLE_NOTIMPL;
    if (foreign) return wn_fail(err, WN_UNSUPPORTED, "JPEG variant not supported: %s", text);
    return wn_fail(err, WN_CORRUPT, "%s JPEG: %s", d->ended ? "truncated" : "damaged", text);
}

static wn_status decode(wn_decoding *decoding, wn_error *err)
{
    decoder d = {.ended = false};
    wn_status status;
    if (setjmp(d.escape) != 0) {
        status = fail_fatal(&d, err);
        jpeg_destroy_decompress(&d.jpeg);
        return status;
    }
    start(&d, decoding);
    status = read_header(&d, err);
    if (status == WN_OK && !decoding->header_only) {
        read_rows(&d);
        status = judge(&d, err);
    }
    jpeg_destroy_decompress(&d.jpeg);
    return status;
}

static bool probe(const uint8_t *bytes, size_t len)
{
    return len >= 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF;
}

static const char *const suffixes[] = {".jpg", ".jpeg", ".jpe", ".jfif", NULL};

const wn_format wn_format_jpeg = {.name = "jpeg",
                                  .summary = "JPEG, baseline and progressive, grey, RGB, CMYK (libjpeg-turbo)",
                                  .suffixes = suffixes,
                                  .probe = probe,
                                  .decode = decode};
