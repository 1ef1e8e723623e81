/* SPDX-License-Identifier: Apache-2.0 */
#include "draw/colour.h"

#include <stddef.h>

const uint32_t wn_colour_categories[WN_COLOUR_CATEGORIES] = {0x1467C7, 0xF79303, 0x1D9A7F, 0xAC3616, 0x6BD6E4,
                                                             0xB190CF, 0x392A8B, 0x73013D, 0xA37E10, 0xD6D969};

static const uint32_t ramp[] = {0x440154, 0x482576, 0x404588, 0x33628D, 0x297B8E,
                                0x1F948C, 0x26AD81, 0x50C46A, 0x8BD646, 0xD2E21B};
enum { STOPS = sizeof ramp / sizeof *ramp };

uint32_t wn_colour_mix(uint32_t a, uint32_t b, float share)
{
    uint32_t out = 0;
    for (unsigned shift = 0; shift <= 16; shift += 8) {
        float from = (float)(a >> shift & 255), to = (float)(b >> shift & 255);
        out |= (uint32_t)(from + (to - from) * share + 0.5f) << shift;
    }
    return out;
}

uint32_t wn_colour_ramp(float share)
{
    float at = (share > 0 ? share < 1 ? share : 1 : 0) * (STOPS - 1);
    size_t stop = at < STOPS - 2 ? (size_t)at : STOPS - 2;
    return wn_colour_mix(ramp[stop], ramp[stop + 1], at - (float)stop);
}
