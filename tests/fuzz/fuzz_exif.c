/* SPDX-License-Identifier: Apache-2.0
 *
 * EXIF blocks: whatever they hold, the texts end and the orientation is one of eight.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "media/exif.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wn_facts facts = {.orientation = 1};
    wn_exif_parse(data, size, &facts);
    if (facts.orientation < 1 || facts.orientation > 8) abort();
    if (memchr(facts.make, 0, sizeof(facts.make)) == NULL || memchr(facts.model, 0, sizeof(facts.model)) == NULL)
        abort();
    if (strlen(facts.captured) != 0 && strlen(facts.captured) != 19) abort();
    return 0;
}
