/* SPDX-License-Identifier: Apache-2.0
 *
 * TIFF by libvips.
 */
#include <string.h>

#include "media/vips_loader.h"

static const wn_vips_loader loader = {.title = "TIFF", .operation = "tiffload_buffer", .type = "VipsForeignLoadTiff"};

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
    if (len < 8) return false;
    return memcmp(bytes, "II*\0", 4) == 0 || memcmp(bytes, "MM\0*", 4) == 0 || memcmp(bytes, "II+\0", 4) == 0 ||
           memcmp(bytes, "MM\0+", 4) == 0;
}

static const char *const suffixes[] = {".tif", ".tiff", NULL};

const wn_format wn_format_tiff = {.name = "tiff",
                                  .summary = "TIFF, 1 to 16 bits and float, RGB, CMYK, Lab, first page (libvips)",
                                  .suffixes = suffixes,
                                  .probe = probe,
                                  .available = available,
                                  .start = start,
                                  .decode = decode};
