/* SPDX-License-Identifier: Apache-2.0
 *
 * A scene while it is painted: camera, light, weather, and the ways to put solid things into it. Outdoor scenes stand
 * on the plane y = 0; the camera looks along z from height `eye`, its horizon on row `horizon`.
 */
#ifndef SCENES_WORLD_H
#define SCENES_WORLD_H

#include <stdbool.h>

#include "base/rng.h"
#include "scenes/canvas.h"

typedef enum wn_weather {
    WN_WEATHER_CLEAR,
    WN_WEATHER_CLOUDY,
    WN_WEATHER_OVERCAST,
    WN_WEATHER_RAIN,
    WN_WEATHER_SNOW,
    WN_WEATHER_FOG
} wn_weather;

typedef enum wn_daytime { WN_TIME_DAY, WN_TIME_DUSK, WN_TIME_NIGHT } wn_daytime;

typedef struct wn_world {
    wn_canvas canvas;
    wn_rng rng;
    float width, height; /* of the canvas, as floats */
    wn_daytime time;
    wn_weather weather;
    bool indoors; /* no rain, snow or fog is added */

    float eye, horizon, focal; /* metres, row, pixels */
    wn_vector sun;             /* unit vector towards the sun or the moon */
    wn_colour sunlight, skylight;
    wn_colour zenith, rim; /* of the sky, straight up and at the horizon */
    wn_colour haze;        /* what far things fade to */
    float haze_per_metre;
    float sky_glow; /* of a town at night, or around the sun */
    float clouds;   /* share of the sky, 0 to 1 */
    uint32_t cloud_seed;
    bool wet, snowy; /* the ground */

    /* The sensor, applied by wn_world_finish. */
    float exposure, warmth, sensor_noise, vignette, contrast, saturation;
} wn_world;

/* Draws weather, sun and camera for an outdoor scene, or lamps for an indoor one. */
void wn_world_begin(wn_world *world, bool night, bool indoors);

/* Sets the camera; `horizon` as a share of the height from the top, `degrees` across the longer side. */
void wn_world_aim(wn_world *world, float eye, float horizon, float degrees);

/* Draws of the world's random numbers. */
float wn_world_range(wn_world *world, float low, float high);
int wn_world_pick(wn_world *world, int n);
bool wn_world_chance(wn_world *world, float share);
wn_colour wn_world_choose(wn_world *world, const unsigned *hexes, int n);
uint32_t wn_world_seed(wn_world *world);

/* Where a point of the world appears; false when it lies behind the camera. */
bool wn_world_project(const wn_world *world, wn_vector at, wn_point *out);

/* Pixels for one metre at depth z. */
float wn_world_scale(const wn_world *world, float z);

/* Depth of the ground that shows on row y (below the horizon), and the side position of column x there. */
float wn_world_depth(const wn_world *world, float y);

/* A surface of this colour and normal in the light of the scene, and any light as it arrives from a distance. */
wn_colour wn_world_light(const wn_world *world, wn_colour surface, wn_vector normal);
wn_colour wn_world_air(const wn_world *world, wn_colour light, float metres);

/* The same for flat cut-outs such as people: half from the front, half from above. */
wn_colour wn_world_flat(const wn_world *world, wn_colour surface, float metres);

/* The sky down to row y1, with sun or moon, stars and clouds. */
void wn_world_sky(wn_world *world, float y1);

/* Colour of the sky in a direction given by canvas position (for reflections and glass). */
wn_colour wn_world_sky_at(const wn_world *world, float x, float y);

/* A flat polygon in space, lit by its own normal; at most 12 corners. `glow` is added unlit (lamps, windows). */
void wn_world_polygon(wn_world *world, const wn_vector *corners, int n, wn_colour surface, wn_colour glow, float grain);

/* A box that stands at `base` (centre of its floor), turned by `yaw`. */
void wn_world_box(wn_world *world, wn_vector base, wn_vector size, float yaw, wn_colour side, wn_colour top);

/* A solid with a side view. `profile` gives (along, up) in metres, at most 16 corners, counter-clockwise seen from
 * the right; it is drawn out over `width` and turned by `yaw` about `base`. `colours` has one entry per edge. */
void wn_world_extrude(wn_world *world, wn_vector base, float yaw, const wn_point *profile, int n, float width,
                      const wn_colour *colours, wn_colour side);

/* Turns by `yaw` about the vertical axis and moves to `base`: (right, up, along) to the world. */
wn_vector wn_world_turn(wn_vector base, float yaw, float right, float up, float along);

/* Dark patch under a thing of this footprint, and light around a lamp (by night; faint by day). */
void wn_world_ground_shadow(wn_world *world, wn_vector base, float width, float length, float yaw);
void wn_world_lamp(wn_world *world, wn_vector at, float metres, wn_colour light);

/* Mirrors what stands above row `shore` into the rows below, broken by waves of this strength. */
void wn_world_reflect(wn_world *world, int shore, float waves, wn_colour water, float depth);

/* Rain, snow and mist over the painted scene, then sensor and film: 8-bit RGB out, without gaps. */
void wn_world_finish(wn_world *world, uint8_t *rgb);

#endif
