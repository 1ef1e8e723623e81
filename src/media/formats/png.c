/* SPDX-License-Identifier: Apache-2.0
 *
 * PNG by libvips.
 */
#include <string.h>

#include "media/vips_loader.h"

static const wn_vips_loader loader = {
    .title = "PNG", .operation = "pngload_buffer", .type = "VipsForeignLoadPng", .streams = true};

static wn_status decode(wn_decoding *decoding, wn_error *err)
{
    return wn_vips_decode(&loader, decoding, err);
}

static void start(void)
{
    wn_vips_unblock(&loader);
}

static bool available(void)
{
    return wn_vips_has(&loader);
}

static bool probe(const uint8_t *bytes, size_t len)
{
    return len >= 8 && memcmp(bytes, "\x89PNG\r\n\x1A\n", 8) == 0;
}

static const char *const suffixes[] = {".png", ".apng", NULL};

const wn_format wn_format_png = {.name = "png",
                                 .summary = "PNG, 1 to 16 bits, palette, alpha (libvips)",
                                 .suffixes = suffixes,
                                 .probe = probe,
                                 .available = available,
                                 .start = start,
                                 .decode = decode};
