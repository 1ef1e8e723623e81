/* SPDX-License-Identifier: Apache-2.0
 *
 * The sky: a gradient from the horizon up, the sun or the moon with its glow, stars, and clouds as noise on a plane
 * overhead.
 */
#include "scenes/noise.h"
#include "scenes/world.h"
#include "winnow/memory.h"

static void sun_place(const wn_world *w, float *x, float *y)
{
    float z = wn_maxf(w->sun.z, 0.05f);
    *x = w->width * 0.5f + w->focal * w->sun.x / z;
    *y = w->horizon - w->focal * w->sun.y / z;
}

static wn_colour clear_sky(const wn_world *w, float x, float y)
{
    float up = wn_maxf(0.0f, w->horizon - y) / w->focal;
    wn_colour colour = wn_colour_mix(w->rim, w->zenith, 1.0f - expf(-2.6f * up));
    if (w->sun.z > 0.02f && w->time != WN_TIME_NIGHT) {
        float sx, sy;
        sun_place(w, &sx, &sy);
        float d2 = ((x - sx) * (x - sx) + (y - sy) * (y - sy)) / (w->focal * w->focal);
        float glow = w->sky_glow * (0.45f / (1.0f + 9.0f * d2) + 0.8f / (1.0f + 300.0f * d2));
        colour = wn_colour_add(colour, wn_colour_scale(w->sunlight, glow));
    } else if (w->time == WN_TIME_NIGHT) {
        colour =
            wn_colour_add(colour, wn_colour_scale(wn_colour_hex(0xc07a40), 0.12f * w->sky_glow * expf(-6.0f * up)));
    }
    return colour;
}

static wn_colour cloudy_sky(const wn_world *w, float x, float y, wn_colour sky)
{
    float up = wn_maxf(0.015f, (w->horizon - y) / w->focal);
    float far = 1.0f / (up + 0.12f), side = (x - w->width * 0.5f) / w->focal * far;
    float n = wn_noise_sum(side * 1.3f, far * 1.7f, 4, w->cloud_seed);
    float cover = wn_stepf(0.42f - 1.1f * w->clouds, 0.95f - 0.95f * w->clouds, n + 0.15f);
    float thick = wn_stepf(-0.1f, 0.7f, n + 0.3f * w->clouds);
    wn_colour bright = wn_colour_add(wn_colour_scale(w->sunlight, 0.75f), wn_colour_scale(w->skylight, 0.55f));
    if (w->weather >= WN_WEATHER_OVERCAST) bright = wn_colour_scale(w->rim, 1.05f);
    wn_colour dark = wn_colour_add(wn_colour_scale(bright, 0.35f), wn_colour_scale(w->zenith, 0.35f));
    wn_colour cloud = wn_colour_mix(bright, dark, thick * 0.85f);
    float fade = wn_stepf(0.0f, 0.08f, up);
    return wn_colour_mix(sky, wn_colour_mix(w->haze, cloud, 0.35f + 0.65f * fade), cover * (0.35f + 0.6f * fade));
}

wn_colour wn_world_sky_at(const wn_world *w, float x, float y)
{
    wn_colour colour = clear_sky(w, x, y);
    return w->clouds > 0.03f ? cloudy_sky(w, x, y, colour) : colour;
}

/* The sky is smooth, so its colour is worked out on a grid and mixed between. */
static void fill_sky(wn_world *w, int y1)
{
    enum { STEP = 4 };
    int columns = w->canvas.width / STEP + 2;
    wn_colour *above = wn_alloc(WN_MEMORY_IMAGE, 2 * (size_t)columns, sizeof *above), *below = above + columns;
    if (!above) return;
    for (int y = 0; y < y1; y++) {
        if (y % STEP == 0)
            for (int row = 0; row < 2; row++)
                for (int c = 0; c < columns; c++)
                    (row ? below : above)[c] = wn_world_sky_at(w, (float)(c * STEP), (float)(y + row * STEP));
        wn_colour *pixels = w->canvas.pixels + (size_t)y * (size_t)w->canvas.width;
        float down = ((float)(y % STEP) + 0.5f) / STEP;
        for (int x = 0; x < w->canvas.width; x++) {
            int c = x / STEP;
            float along = ((float)(x % STEP) + 0.5f) / STEP;
            pixels[x] = wn_colour_mix(wn_colour_mix(above[c], above[c + 1], along),
                                      wn_colour_mix(below[c], below[c + 1], along), down);
        }
    }
    wn_free(above);
}

static void draw_stars(wn_world *w, float y1)
{
    int count = (int)(w->width * y1 / 2500.0f * wn_world_range(w, 0.2f, 1.6f));
    for (int i = 0; i < count; i++) {
        wn_point at = {wn_world_range(w, 0, w->width), wn_world_range(w, 0, y1)};
        float size = wn_world_range(w, 0.7f, 1.5f), light = wn_world_range(w, 0.1f, 0.7f);
        wn_canvas_glow(&w->canvas, at, size, (wn_colour){light, light, light * 1.1f});
    }
}

static void draw_disc(wn_world *w, float y1)
{
    float x, y, size = wn_maxf(w->width, w->height) * wn_world_range(w, 0.012f, 0.03f);
    sun_place(w, &x, &y);
    bool hidden = w->sun.z < 0.05f || w->weather > WN_WEATHER_CLOUDY || y > y1 + size;
    if (hidden) return;
    wn_colour light = w->time == WN_TIME_NIGHT ? wn_colour_hex(0xe8e6d8) : wn_colour_scale(w->sunlight, 3.0f);
    wn_paint paint = wn_paint_flat(light);
    paint.grain = w->time == WN_TIME_NIGHT ? 0.35f : 0.0f;
    paint.grain_x = paint.grain_y = size * 0.6f;
    wn_canvas_glow(&w->canvas, wn_point_at(x, y), size * 7.0f, wn_colour_scale(light, 0.06f));
    wn_canvas_ellipse(&w->canvas, wn_point_at(x, y), size, size, 0.0f, &paint);
}

void wn_world_sky(wn_world *w, float y1)
{
    fill_sky(w, (int)ceilf(wn_minf(y1, w->height)));
    if (w->time == WN_TIME_NIGHT && w->weather <= WN_WEATHER_CLOUDY) draw_stars(w, y1);
    if (w->time != WN_TIME_DAY || wn_world_chance(w, 0.5f)) draw_disc(w, y1);
}
