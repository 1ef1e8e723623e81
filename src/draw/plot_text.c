/* SPDX-License-Identifier: Apache-2.0
 *
 * Words of a plot.
 */
#include <string.h>

#include "draw/letters.h"
#include "draw/plot_parts.h"
#include "winnow/memory.h"

void wn_plot_text(wn_plotting *plotting, float x, float y, const char *text, const wn_text_style *style, float width)
{
    size_t len = strlen(text), fits = wn_letters_fit(text, style->size, width);
    if (fits == len) {
        plotting->to->type->text(plotting->to, x, y, text, style);
        return;
    }
    char *cut = wn_alloc(WN_MEMORY_TEXT, fits + 4, 1);
    if (!cut) {
        plotting->to->failed = true;
        return;
    }
    memcpy(cut, text, fits);
    memcpy(cut + fits, "\xe2\x80\xa6", 4);
    plotting->to->type->text(plotting->to, x, y, cut, style);
    wn_free(cut);
}
