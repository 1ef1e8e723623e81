/* SPDX-License-Identifier: Apache-2.0
 *
 * JPEG XL by libvips.
 */
#include <string.h>

#include "media/vips_loader.h"

static const wn_vips_loader loader = {.title = "JPEG XL", .operation = "jxlload_buffer", .type = "VipsForeignLoadJxl"};

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
    return (len >= 12 && memcmp(bytes, "\0\0\0\x0CJXL \r\n\x87\n", 12) == 0) ||
           (len >= 2 && bytes[0] == 0xFF && bytes[1] == 0x0A);
}

static const char *const suffixes[] = {".jxl", NULL};

const wn_format wn_format_jxl = {.name = "jxl",
                                 .summary = "JPEG XL (libvips)",
                                 .suffixes = suffixes,
                                 .probe = probe,
                                 .available = available,
                                 .start = start,
                                 .decode = decode};
