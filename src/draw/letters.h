/* SPDX-License-Identifier: Apache-2.0
 *
 * Letters as outlines, the same on every machine: Latin, Greek and Cyrillic; any other letter is a box. Text is UTF-8;
 * bytes that are not are boxes too, and control characters are spaces.
 */
#ifndef DRAW_LETTERS_H
#define DRAW_LETTERS_H

#include "draw/path.h"

/* Width of the text when its letters are `size` high (from the lowest descender to the highest ascender, nearly). */
float wn_letters_width(const char *text, float size);

/* How many bytes of the text fit into `width`: all of it, or as many as leave room for an ellipsis. */
size_t wn_letters_fit(const char *text, float size, float width);

/* Adds the outlines of the text, whose base line begins at (x, y); y points downwards. */
void wn_letters_trace(const char *text, float x, float y, float size, wn_path *out);

#endif
