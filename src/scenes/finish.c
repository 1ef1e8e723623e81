/* SPDX-License-Identifier: Apache-2.0
 *
 * From light to a photograph: falling rain and snow, vignette, exposure, a film-like curve, sensor noise that grows
 * with the root of the light, and sRGB.
 */
#include "scenes/noise.h"
#include "scenes/world.h"

static void draw_rain(wn_world *w)
{
    int count = (int)(w->width * w->height / wn_world_range(w, 350.0f, 1100.0f));
    float lean = wn_world_range(w, -0.25f, 0.25f);
    wn_paint paint = wn_paint_flat(wn_colour_add(w->skylight, wn_colour_scale(w->haze, 0.4f)));
    for (int i = 0; i < count; i++) {
        wn_point a = {wn_world_range(w, -20, w->width + 20), wn_world_range(w, -30, w->height)};
        float length = wn_world_range(w, 0.015f, 0.06f) * w->height;
        paint.opacity = wn_world_range(w, 0.08f, 0.3f);
        wn_canvas_line(&w->canvas, a, wn_point_at(a.x + lean * length, a.y + length), 0.7f, 0.9f, &paint);
    }
}

static void draw_snow(wn_world *w)
{
    int count = (int)(w->width * w->height / wn_world_range(w, 250.0f, 900.0f));
    wn_colour white = wn_colour_add(wn_colour_scale(w->skylight, 1.1f), wn_colour_scale(w->rim, 0.4f));
    for (int i = 0; i < count; i++) {
        float near = wn_rng_uniform(&w->rng), size = wn_mixf(0.8f, 3.6f, near * near * near);
        wn_point at = {wn_world_range(w, 0, w->width), wn_world_range(w, 0, w->height)};
        wn_canvas_shadow(&w->canvas, at, size, size * 1.15f, white, wn_mixf(0.85f, 0.5f, near));
    }
}

enum { CURVE_STEPS = 2048 };

/* Linear up to about 0.6, then bends so that bright light keeps its colour. */
static float shoulder(float x)
{
    return x <= 0.6f ? x : 0.6f + 0.4f * (x - 0.6f) / (x - 0.2f);
}

/* 8-bit sRGB for the square root of light, 0 to 2: film curve, contrast about middle grey, and encoding in one. */
static void fill_curve(const wn_world *w, uint8_t *curve)
{
    for (int i = 0; i < CURVE_STEPS; i++) {
        float root = 2.0f * (float)i / (float)(CURVE_STEPS - 1);
        float x = 0.18f * powf(shoulder(root * root) / 0.18f, w->contrast);
        float s = x <= 0.0031308f ? 12.92f * x : 1.055f * powf(x, 1.0f / 2.4f) - 0.055f;
        curve[i] = (uint8_t)(wn_clampf(s, 0.0f, 1.0f) * 255.0f + 0.5f);
    }
}

/* `noise` is two random bytes: their sum less its mean is near enough to a bell. */
static uint8_t develop(float light, uint32_t noise, float strength, const uint8_t *curve)
{
    float bell = (float)((int)(noise & 255u) + (int)((noise >> 8) & 255u) - 255) * (1.0f / 104.0f);
    float root = sqrtf(wn_maxf(light, 0.0f));
    /* d(root) = d(light) / (2 root), and noise of light grows with root: nearly constant on this scale. */
    root += bell * strength * (root + 0.1f) / (root + 0.05f);
    return curve[(int)(wn_clampf(root, 0.0f, 2.0f) * (0.5f * (float)(CURVE_STEPS - 1)) + 0.5f)];
}

void wn_world_finish(wn_world *w, uint8_t *rgb)
{
    uint8_t curve[CURVE_STEPS];
    if (!w->indoors && w->weather == WN_WEATHER_RAIN) draw_rain(w);
    if (!w->indoors && w->weather == WN_WEATHER_SNOW) draw_snow(w);
    wn_canvas_soften(&w->canvas, 0.4f); /* a lens is never perfect */
    fill_curve(w, curve);
    float red = w->exposure * (1.0f + w->warmth), blue = w->exposure * (1.0f - w->warmth);
    float cx = w->width * 0.5f, cy = w->height * 0.5f, reach = 1.0f / (cx * cx + cy * cy);
    uint64_t seed = wn_rng_u64(&w->rng);
    for (int y = 0; y < w->canvas.height; y++) {
        const wn_colour *row = w->canvas.pixels + (size_t)y * (size_t)w->canvas.width;
        float dy = (float)y - cy;
        uint64_t state = wn_rng_mix(seed + (uint64_t)y) | 1u;
        for (int x = 0; x < w->canvas.width; x++, rgb += 3) {
            float dx = (float)x - cx, fall = 1.0f - w->vignette * (dx * dx + dy * dy) * reach;
            wn_colour c = wn_colour_scale(row[x], fall);
            float grey = 0.3f * c.r + 0.59f * c.g + 0.11f * c.b;
            c = wn_colour_mix((wn_colour){grey, grey, grey}, c, w->saturation);
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            rgb[0] = develop(c.r * red, (uint32_t)state, w->sensor_noise, curve);
            rgb[1] = develop(c.g * w->exposure, (uint32_t)(state >> 20), w->sensor_noise, curve);
            rgb[2] = develop(c.b * blue, (uint32_t)(state >> 40), w->sensor_noise, curve);
        }
    }
}
