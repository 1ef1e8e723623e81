/* SPDX-License-Identifier: Apache-2.0
 *
 * GIF by libvips.
 */
#include <string.h>

#include "media/vips_loader.h"

static const wn_vips_loader loader = {.title = "GIF", .operation = "gifload_buffer", .type = "VipsForeignLoadNsgif"};

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
    return len >= 6 && (memcmp(bytes, "GIF87a", 6) == 0 || memcmp(bytes, "GIF89a", 6) == 0);
}

static const char *const suffixes[] = {".gif", NULL};

const wn_format wn_format_gif = {.name = "gif",
                                 .summary = "GIF, first frame (libvips)",
                                 .suffixes = suffixes,
                                 .probe = probe,
                                 .available = available,
                                 .start = start,
                                 .decode = decode};
