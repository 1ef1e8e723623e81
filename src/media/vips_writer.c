/* SPDX-License-Identifier: Apache-2.0 */
#include "media/vips_writer.h"

#include <stdio.h>

#include "base/error.h"
#include "media/vips_library.h"

wn_status wn_vips_write(const uint8_t *pixels, int width, int height, const char *suffix, wn_buffer *out, wn_error *err)
{
    wn_status status = WN_OK;
    void *bytes = NULL;
    size_t len = 0;
    char target[32];
    VipsImage *image =
        wn_vips.image_new_from_memory(pixels, (size_t)width * (size_t)height * 3, width, height, 3, VIPS_FORMAT_UCHAR);
    VipsImage *tagged = NULL;

    /* Metadata is stripped so that the bytes depend on the pixels alone. */
    (void)snprintf(target, sizeof target, "%s[strip%s]", suffix, suffix[1] == 'w' ? ",Q=80" : "");
    if (!image || wn_vips.copy(image, &tagged, "interpretation", VIPS_INTERPRETATION_sRGB, NULL) != 0 ||
        wn_vips.image_write_to_buffer(tagged, target, &bytes, &len, NULL) != 0) {
        wn_vips.error_clear();
        status = wn_fail(err, WN_UNSUPPORTED, "libvips cannot write %s files", suffix);
    } else if (wn_buffer_add(out, bytes, len)) {
        status = wn_fail(err, WN_NOMEM, "no memory for an image of %zu bytes", len);
    }
    wn_glib.free(bytes);
    if (tagged) wn_glib.object_unref(tagged);
    if (image) wn_glib.object_unref(image);
    return status;
}
