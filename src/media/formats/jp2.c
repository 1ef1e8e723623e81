/* SPDX-License-Identifier: Apache-2.0
 *
 * JPEG 2000 by libvips.
 */
#include <string.h>

#include "media/vips_loader.h"

static const wn_vips_loader loader = {.title = "JPEG 2000",
                                      .operation = "jp2kload_buffer",
                                      .type = "VipsForeignLoadJp2k",
                                      .streams = true,
                                      .pages_are_scales = true};

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
    return (len >= 12 && memcmp(bytes, "\0\0\0\x0CjP  \r\n\x87\n", 12) == 0) ||
           (len >= 4 && memcmp(bytes, "\xFF\x4F\xFF\x51", 4) == 0);
}

static const char *const suffixes[] = {".jp2", ".j2k", ".jpx", ".j2c", ".jpc", NULL};

const wn_format wn_format_jp2 = {.name = "jp2",
                                 .summary = "JPEG 2000, files and codestreams (libvips)",
                                 .suffixes = suffixes,
                                 .probe = probe,
                                 .available = available,
                                 .start = start,
                                 .decode = decode};
