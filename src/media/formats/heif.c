/* SPDX-License-Identifier: Apache-2.0
 *
 * HEIF by libvips.
 */
#include <string.h>

#include "media/vips_loader.h"

static const wn_vips_loader loader = {.title = "HEIF", .operation = "heifload_buffer", .type = "VipsForeignLoadHeif"};

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
    static const char *const brands[] = {"heic", "heix", "heim", "heis", "hevc",
                                         "hevx", "mif1", "msf1", "avif", "avis"};
    if (len < 12 || memcmp(bytes + 4, "ftyp", 4) != 0) return false;
    for (size_t i = 0; i < sizeof(brands) / sizeof(brands[0]); i++) {
        if (memcmp(bytes + 8, brands[i], 4) == 0) return true;
    }
    return false;
}

static const char *const suffixes[] = {".heic", ".heif", ".avif", ".hif", NULL};

const wn_format wn_format_heif = {.name = "heif",
                                  .summary = "HEIC and AVIF (libvips)",
                                  .suffixes = suffixes,
                                  .probe = probe,
                                  .available = available,
                                  .start = start,
                                  .decode = decode};
