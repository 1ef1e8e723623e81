/* SPDX-License-Identifier: Apache-2.0
 *
 * Colours of plots, 0xRRGGBB.
 */
#ifndef DRAW_COLOUR_H
#define DRAW_COLOUR_H

#include <stdint.h>

/* Colours of categories. Chosen by random search for the greatest least distance (in OKLab) as people with full colour
 * sight, protanopia and deuteranopia see them (Machado, Oliveira, Fernandes 2009), within a range of lightness and
 * chroma that shows on white: no two come nearer than 0.10 to either, or 0.15 to full sight. */
enum { WN_COLOUR_CATEGORIES = 10 };
extern const uint32_t wn_colour_categories[WN_COLOUR_CATEGORIES];

enum {
    WN_COLOUR_PAPER = 0xFFFFFF,
    WN_COLOUR_INK = 0x1C2430,   /* titles */
    WN_COLOUR_QUIET = 0x5B6675, /* what explains */
    WN_COLOUR_FAINT = 0xD9DEE5, /* frames, rows of no category */
    WN_COLOUR_OTHER = 0x8A94A3, /* categories beyond the first ones */
    WN_COLOUR_PLAIN = 0x1467C7  /* where nothing is told apart */
};

/* A number from 0 to 1 as a colour whose lightness rises evenly (viridis of van der Walt and Smith, without its last
 * part, which is lost on white). */
uint32_t wn_colour_ramp(float share);

/* `share` of the way from a to b. */
uint32_t wn_colour_mix(uint32_t a, uint32_t b, float share);

#endif
