/* SPDX-License-Identifier: Apache-2.0
 *
 * From encoded bytes to the reduced sRGB picture: load in sequential mode, flatten alpha, shrink by whole factors with
 * a box filter while rows stream past, and only then convert colours, on few pixels. Embedded profiles are applied to
 * CMYK only, as in the JPEG decoder; 16 bits become 8.
 *
 * libvips is made safe for files from anywhere: all its loaders are blocked but those that formats.def names, so
 * that no PDF, SVG or ImageMagick code runs. Its operation cache is off: nothing is read twice.
 *
 * The text of a libvips error goes to one buffer of the whole process. So that a reason belongs to its file, decodes
 * share a lock, and one that failed is repeated alone to learn the reason; only damaged files pay for that.
 */
#include "media/vips_loader.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "media/exif.h"
#include "media/vips_library.h"

#define CHANNELS 4

static pthread_rwlock_t error_lock = PTHREAD_RWLOCK_INITIALIZER;

static void drop_message(const char *domain, GLogLevelFlags level, const char *text, void *context)
{
    (void)domain;
    (void)level;
    (void)text;
    (void)context;
}

wn_status wn_vips_start(wn_error *err)
{
    WN_TRY(wn_vips_library_open(err));
    if (wn_vips.init("winnow") != 0)
        return wn_fail(err, WN_UNSUPPORTED, "libvips cannot start: %s", wn_vips.error_buffer());
    wn_vips.concurrency_set(1);
    wn_vips.cache_set_max(0);
    wn_vips.operation_block_set("VipsForeignLoad", TRUE);
    wn_glib.log_set_handler("VIPS", G_LOG_LEVEL_MASK, drop_message, NULL);
    return WN_OK;
}

void wn_vips_stop(void)
{
    wn_vips.shutdown();
}

void wn_vips_unblock(const wn_vips_loader *loader)
{
    wn_vips.operation_block_set(loader->type, FALSE);
}

bool wn_vips_has(const wn_vips_loader *loader)
{
    return wn_vips.type_find && wn_vips.type_find("VipsOperation", loader->operation) != 0;
}

/* ---------------------------------------------------------------------------------------------- pipeline */

/* A chain of images; each step replaces the head and releases the one before. */
typedef struct pipeline {
    VipsImage *head;
    bool failed;
} pipeline;

static void advance(pipeline *chain, int result, VipsImage *next)
{
    if (result != 0) {
        chain->failed = true;
        return;
    }
    wn_glib.object_unref(chain->head);
    chain->head = next;
}

/* Runs `call` with its output in `next` unless an earlier step failed. */
#define STEP(chain, call)                                                                                              \
    do {                                                                                                               \
        VipsImage *next = NULL;                                                                                        \
        if ((chain)->failed) break;                                                                                    \
        int result = call;                                                                                             \
        advance(chain, result, next);                                                                                  \
    } while (0)

static int whole_factor(int64_t side, int64_t needs)
{
    int64_t factor = needs > 0 ? side / needs : 1;
    return factor < 1 ? 1 : factor > 1 << 20 ? 1 << 20 : (int)factor;
}

/* Alpha is mixed with white at full size: after shrinking it would be too late. */
static void flatten(pipeline *chain)
{
    if (chain->failed || !wn_vips.image_hasalpha(chain->head)) return;
    bool wide = chain->head->Type == VIPS_INTERPRETATION_RGB16 || chain->head->Type == VIPS_INTERPRETATION_GREY16;
    double white = wide ? 65535.0 : 255.0;
    VipsArrayDouble *background = wn_vips.array_double_newv(1, white);
    STEP(chain, wn_vips.flatten(chain->head, &next, "background", background, NULL));
    wn_vips.area_unref((VipsArea *)background);
}

/* Pictures with an unusual number of bands count as grey or RGB by their first bands. */
static void settle_bands(pipeline *chain)
{
    if (chain->failed) return;
    int bands = chain->head->Bands;
    bool inks = chain->head->Type == VIPS_INTERPRETATION_CMYK && bands >= 4;
    int keep = inks ? 4 : bands >= 3 ? 3 : 1;
    if (bands != keep) STEP(chain, wn_vips.extract_band(chain->head, &next, 0, "n", keep, NULL));
    if (chain->failed || keep != 1) return;
    bool wide = chain->head->BandFmt == VIPS_FORMAT_USHORT;
    STEP(chain, wn_vips.copy(chain->head, &next, "interpretation",
                             wide ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W, NULL));
}

static void convert_colours(pipeline *chain)
{
    settle_bands(chain);
    if (chain->failed) return;
    if (chain->head->Type == VIPS_INTERPRETATION_MULTIBAND) {
        bool wide = chain->head->BandFmt == VIPS_FORMAT_USHORT;
        STEP(chain, wn_vips.copy(chain->head, &next, "interpretation",
                                 wide ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB, NULL));
    }
    if (!chain->failed && chain->head->Type == VIPS_INTERPRETATION_CMYK) {
        STEP(chain, wn_vips.icc_transform(chain->head, &next, "srgb", "embedded", TRUE, "input_profile", "cmyk", NULL));
    } else if (!chain->failed && chain->head->Type != VIPS_INTERPRETATION_sRGB) {
        STEP(chain, wn_vips.colourspace(chain->head, &next, VIPS_INTERPRETATION_sRGB, NULL));
    }
    STEP(chain, wn_vips.cast_uchar(chain->head, &next, NULL));
    if (!chain->failed && chain->head->Bands == 1) {
        VipsImage *grey[3] = {chain->head, chain->head, chain->head};
        STEP(chain, wn_vips.bandjoin(grey, &next, 3, NULL));
    }
    STEP(chain, wn_vips.bandjoin_const1(chain->head, &next, 255.0, NULL));
}

/* ---------------------------------------------------------------------------------------------- time limit */

typedef struct time_watch {
    const wn_decoding *decoding;
    bool late;
} time_watch;

/* Called by libvips between strips. */
static void on_progress(VipsImage *image, VipsProgress *progress, time_watch *watch)
{
    (void)progress;
    if (!wn_decoding_is_late(watch->decoding)) return;
    watch->late = true;
    wn_vips.image_set_kill(image, TRUE);
}

static wn_status write_pixels(VipsImage *image, wn_decoding *decoding, time_watch *watch, wn_error *err)
{
    WN_TRY(wn_picture_resize(decoding->picture, image->Xsize, image->Ysize, err));
    wn_vips.image_set_progress(image, TRUE);
    gulong handler = wn_glib.signal_connect_data(image, "eval", G_CALLBACK(on_progress), watch, NULL, 0);
    size_t len = 0;
    void *pixels = wn_vips.image_write_to_memory(image, &len);
    wn_glib.signal_handler_disconnect(image, handler);
    /* libvips does not ask when its workers were done before it looked. */
    if (wn_decoding_is_late(decoding)) watch->late = true;
    if (pixels == NULL) return wn_fail(err, WN_CORRUPT, "pixels");
    bool fits = len == (size_t)image->Xsize * (size_t)image->Ysize * CHANNELS;
    if (fits) memcpy(decoding->picture->pixels, pixels, len);
    wn_glib.free(pixels);
    return fits ? WN_OK : wn_fail(err, WN_INTERNAL, "libvips gave %zu bytes of pixels", len);
}

/* ---------------------------------------------------------------------------------------------- loading */

static VipsImage *open_image(const wn_decoding *decoding, const char *options)
{
    return wn_vips.image_new_from_buffer(decoding->bytes, decoding->len, options, "access", VIPS_ACCESS_SEQUENTIAL,
                                         "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
}

static int bits_of(VipsImage *image)
{
    static const char *const fields[] = {"bits-per-sample", "heif-bitdepth"};
    int bits = 0;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (wn_vips.image_get_typeof(image, fields[i]) == G_TYPE_INT &&
            wn_vips.image_get_int(image, fields[i], &bits) == 0 && bits > 0) {
            return bits;
        }
    }
    return (int)wn_vips.format_sizeof(image->BandFmt) * 8;
}

static void read_facts(const wn_vips_loader *loader, VipsImage *image, wn_facts *facts)
{
    const void *exif = NULL;
    size_t len = 0;
    if (wn_vips.image_get_typeof(image, VIPS_META_EXIF_NAME) != 0 &&
        wn_vips.image_get_blob(image, VIPS_META_EXIF_NAME, &exif, &len) == 0) {
        wn_exif_parse(exif, len, facts);
    }
    /* libvips knows which loaders turn the picture themselves; what EXIF says does not count. */
    facts->orientation = 1;
    int orientation = 1;
    if (wn_vips.image_get_typeof(image, VIPS_META_ORIENTATION) == G_TYPE_INT &&
        wn_vips.image_get_int(image, VIPS_META_ORIENTATION, &orientation) == 0 && orientation >= 1 &&
        orientation <= 8) {
        facts->orientation = orientation;
    }
    facts->channels = image->Bands;
    facts->alpha = wn_vips.image_hasalpha(image);
    facts->bits = bits_of(image);
    facts->frames = loader->pages_are_scales ? 1 : wn_vips.image_get_n_pages(image);
}

/* Opens again at reduced size where the loader can do that. Takes and gives a reference. */
static VipsImage *reopen_reduced(const wn_vips_loader *loader, VipsImage *image, const wn_decoding *decoding,
                                 int across, int down)
{
    char options[48] = "";
    int least = across < down ? across : down;
    if (loader->scales && least > 1) snprintf(options, sizeof(options), "[scale=%.9f]", 1.0 / least);
    if (loader->pages_are_scales) {
        int page = 0, pages = wn_vips.image_get_n_pages(image);
        while (page + 1 < pages && 2 << page <= least) page++;
        if (page > 0) snprintf(options, sizeof(options), "[page=%d]", page);
    }
    if (options[0] == '\0') return image;
    wn_glib.object_unref(image);
    return open_image(decoding, options);
}

static bool is_interlaced(VipsImage *image)
{
    int interlaced = 0;
    return wn_vips.image_get_typeof(image, "interlaced") == G_TYPE_INT &&
           wn_vips.image_get_int(image, "interlaced", &interlaced) == 0 && interlaced != 0;
}

static wn_status check_header(const wn_vips_loader *loader, VipsImage *image, wn_decoding *decoding, wn_error *err)
{
    WN_TRY(wn_decoding_set_size(decoding, image->Xsize, image->Ysize, err));
    if (decoding->header_only) return WN_OK;
    if (loader->streams && !is_interlaced(image)) return WN_OK;
    uint64_t pixel = wn_vips.format_sizeof(image->BandFmt) * (uint64_t)image->Bands;
    uint64_t bytes = (uint64_t)image->Xsize * (uint64_t)image->Ysize * pixel;
    return wn_decoding_check_memory(decoding, bytes, err);
}

/* One try. WN_CORRUPT stands for "libvips said no"; the caller finds the text. */
static wn_status decode_once(const wn_vips_loader *loader, wn_decoding *decoding, wn_error *err)
{
    int64_t needs_width, needs_height;
    time_watch watch = {.decoding = decoding};
    pipeline chain = {.head = open_image(decoding, "")};
    wn_status status = WN_OK;
    if (chain.head == NULL) return wn_fail(err, WN_CORRUPT, "header");
    read_facts(loader, chain.head, decoding->facts);
    if ((status = check_header(loader, chain.head, decoding, err)) != WN_OK || decoding->header_only) goto done;
    wn_decoding_needs(decoding, chain.head->Xsize, chain.head->Ysize, &needs_width, &needs_height);
    chain.head = reopen_reduced(loader, chain.head, decoding, whole_factor(chain.head->Xsize, needs_width),
                                whole_factor(chain.head->Ysize, needs_height));
    if (chain.head == NULL) return wn_fail(err, WN_CORRUPT, "header");
    flatten(&chain);
    int across = whole_factor(chain.head->Xsize, needs_width), down = whole_factor(chain.head->Ysize, needs_height);
    if (across > 1 || down > 1) STEP(&chain, wn_vips.shrink(chain.head, &next, across, down, NULL));
    convert_colours(&chain);
    status = chain.failed ? wn_fail(err, WN_CORRUPT, "pipeline") : write_pixels(chain.head, decoding, &watch, err);
    if (watch.late) status = wn_decoding_fail_late(decoding, err);
done:
    wn_glib.object_unref(chain.head);
    wn_vips.thread_shutdown();
    return status;
}

/* The first line of libvips's text without the name of the operation, in `out`. */
static void take_reason(const wn_vips_loader *loader, char *out, size_t room)
{
    const char *text = wn_vips.error_buffer();
    if (strncmp(text, loader->operation, strlen(loader->operation)) == 0) text += strlen(loader->operation);
    while (*text == ':' || *text == ' ') text++;
    size_t len = strcspn(text, "\n");
    if (len == 0) {
        text = "cannot be decoded";
        len = strlen(text);
    }
    if (len >= room) len = room - 1;
    for (size_t i = 0; i < len; i++) out[i] = text[i] >= ' ' && text[i] < 0x7F ? text[i] : '?';
    out[len] = '\0';
}

wn_status wn_vips_decode(const wn_vips_loader *loader, wn_decoding *decoding, wn_error *err)
{
    if (!wn_vips_has(loader)) {
        return wn_fail(err, WN_UNSUPPORTED, "%s is not supported by the libvips on this machine", loader->title);
    }
    pthread_rwlock_rdlock(&error_lock);
    wn_status status = decode_once(loader, decoding, err);
    pthread_rwlock_unlock(&error_lock);
    if (status != WN_CORRUPT) return status;

    char reason[200];
    pthread_rwlock_wrlock(&error_lock);
    wn_vips.error_clear();
    status = decode_once(loader, decoding, err);
    take_reason(loader, reason, sizeof(reason));
    wn_vips.error_clear();
    pthread_rwlock_unlock(&error_lock);
    if (status != WN_CORRUPT) return status;
    return wn_fail(err, WN_CORRUPT, "damaged %s: %s", loader->title, reason);
}
