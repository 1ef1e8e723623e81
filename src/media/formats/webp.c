/* SPDX-License-Identifier: Apache-2.0
 *
 * WebP by libvips.
 */
#include <string.h>

#include "media/vips_loader.h"

static const wn_vips_loader loader = {
    .title = "WebP", .operation = "webpload_buffer", .type = "VipsForeignLoadWebp", .scales = true};

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
    return len >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0;
}

static const char *const suffixes[] = {".webp", NULL};

const wn_format wn_format_webp = {.name = "webp",
                                  .summary = "WebP, lossy and lossless, first frame (libvips)",
                                  .suffixes = suffixes,
                                  .probe = probe,
                                  .available = available,
                                  .start = start,
                                  .decode = decode};
