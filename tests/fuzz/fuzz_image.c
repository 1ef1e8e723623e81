/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader, on bytes of any format: small limits, every product. What it calls good must be consistent.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "winnow/media.h"

static wn_reader *reader;

static void start(void)
{
    static const wn_read_limits limits = {.pixels = 1 << 20, .bytes = 1 << 20, .memory = 8 << 20, .seconds = 2};
    wn_error err;
    if (wn_media_init(&err) != WN_OK || wn_reader_new(&limits, NULL, &reader, &err) != WN_OK) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wn_reading reading;
    wn_error err = {0};
    if (reader == NULL) start();
    wn_status status = wn_reader_read_bytes(reader, data, size, "fuzz.jpg", &reading, &err);
    if (status != WN_OK) {
        if (err.message[0] == '\0' || reading.thumb != NULL) abort();
        return 0;
    }
    const wn_facts *facts = &reading.facts;
    if (facts->width < 1 || facts->height < 1 || facts->width * facts->height > 1 << 20) abort();
    if (reading.thumb_len < 100 || reading.thumb_width > 256 || reading.thumb_height > 256) abort();
    if (!(facts->luminance >= 0 && facts->luminance <= 100) || !(facts->sharpness >= 0)) abort();
    if (reading.input_side != 64 || facts->format[0] == '\0') abort();
    return 0;
}
