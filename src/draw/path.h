/* SPDX-License-Identifier: Apache-2.0
 *
 * Shapes as closed polygons, curves already made of short lines.
 */
#ifndef DRAW_PATH_H
#define DRAW_PATH_H

#include <stdbool.h>
#include <stddef.h>

typedef struct wn_point {
    float x, y;
} wn_point;

/* Zero-initialise; release with wn_path_clear. Contour c is points[ends[c - 1]] .. points[ends[c]). */
typedef struct wn_path {
    wn_point *points;
    size_t *ends;
    size_t len, room, contours, contour_room;
    bool failed; /* memory was short; later additions do nothing */
} wn_path;

void wn_path_to(wn_path *path, float x, float y);

/* A quadratic curve from the last point of the open contour. */
void wn_path_curve(wn_path *path, float cx, float cy, float x, float y);

/* Ends the contour; the next point begins another. */
void wn_path_close(wn_path *path);

/* A rectangle with round corners; a line of a width with flat ends. */
void wn_path_rect(wn_path *path, float x, float y, float width, float height, float radius);
void wn_path_line(wn_path *path, float x0, float y0, float x1, float y1, float width);

void wn_path_reset(wn_path *path); /* empties and keeps the room */
void wn_path_clear(wn_path *path);

#endif
