/* SPDX-License-Identifier: Apache-2.0
 *
 * Start and end of the decoding libraries.
 */
#include "media/format.h"
#include "media/vips_loader.h"

static bool started;

wn_status wn_media_init(wn_error *err)
{
    if (started) return WN_OK;
    wn_status status = wn_vips_start(err);
    if (status != WN_OK) return status;
    const wn_format *format;
    for (size_t i = 0; (format = wn_format_get(i)) != NULL; i++) {
        if (format->start != NULL) format->start();
    }
    started = true;
    return WN_OK;
}

void wn_media_shutdown(void)
{
    if (started) wn_vips_stop();
    started = false;
}
