/* SPDX-License-Identifier: Apache-2.0
 *
 * A town from afar, over water, over a park or from a hill.
 */
#include "scenes/ground.h"
#include "scenes/props.h"
#include "scenes/scene_class.h"

static void bridge(wn_world *w, float deck)
{
    float x0 = wn_world_range(w, -0.2f, 0.3f) * w->width, x1 = x0 + wn_world_range(w, 0.6f, 1.1f) * w->width;
    float tall = wn_world_range(w, 0.1f, 0.22f) * w->height, thick = wn_maxf(1.5f, 0.008f * w->height);
    wn_paint paint =
        wn_paint_flat(wn_world_flat(w, wn_colour_hex(wn_world_chance(w, 0.4f) ? 0x9c4a36 : 0x6a6f74), 200));
    wn_canvas_rectangle(&w->canvas, x0, deck - thick, x1, deck + thick, &paint);
    for (int i = 0; i < 2; i++) {
        float x = wn_mixf(x0, x1, i ? 0.75f : 0.25f);
        wn_canvas_rectangle(&w->canvas, x - thick, deck - tall, x + thick, deck + 0.5f * tall, &paint);
    }
    for (int i = 0; i < 48; i++) {
        float t = (float)i / 47.0f, u = fmodf(t + 0.25f, 0.5f) * 4.0f - 1.0f, sag = tall * u * u;
        float next = fmodf((float)(i + 1) / 47.0f + 0.25f, 0.5f) * 4.0f - 1.0f, sag_next = tall * next * next;
        wn_point a = {wn_mixf(x0, x1, t), deck - sag}, b = {wn_mixf(x0, x1, (float)(i + 1) / 47.0f), deck - sag_next};
        if (fabsf(sag - sag_next) < tall * 0.5f) wn_canvas_line(&w->canvas, a, b, 1, 1, &paint);
        if (i % 2) wn_canvas_line(&w->canvas, a, wn_point_at(a.x, deck), 0.6f, 0.6f, &paint);
    }
}

static void paint_skyline(wn_world *w)
{
    bool water = wn_world_chance(w, 0.6f);
    float foot = wn_world_range(w, 0.5f, 0.75f);
    wn_world_aim(w, wn_world_range(w, 8, 30), foot - 0.02f, wn_world_range(w, 30, 60));
    w->haze_per_metre *= 0.5f;
    wn_world_sky(w, w->horizon + 0.1f * w->height);
    float row = foot * w->height, tall = w->height * wn_world_range(w, 0.22f, 0.45f);
    if (wn_world_chance(w, 0.4f)) {
        wn_range hills = {
            row, tall * 0.8f, 1500, wn_world_range(w, 0.1f, 0.9f), 2, wn_colour_hex(0x5f6a66), wn_colour_hex(0x4a5f48)};
        wn_ground_range(w, &hills);
    }
    int layers = 2 + wn_world_pick(w, 2);
    for (int i = 0; i < layers; i++) {
        float near = (float)(i + 1) / (float)layers;
        wn_prop_skyline(w, wn_world_range(w, -0.1f, 0.15f) * w->width, wn_world_range(w, 0.8f, 1.1f) * w->width,
                        row + near, tall * (1.1f - 0.35f * near), wn_mixf(1100, 250, near));
    }
    if (water) {
        wn_colour deep =
            wn_colour_times(wn_colour_hex(0x2f4a58), wn_colour_add(w->skylight, wn_colour_scale(w->sunlight, 0.4f)));
        if (wn_world_chance(w, 0.3f)) bridge(w, row - 0.03f * w->height);
        wn_world_reflect(w, (int)row, wn_world_range(w, 0.3f, 1.6f), deep, wn_world_range(w, 1, 1.5f));
    } else {
        wn_ground grass = wn_ground_of(w, 0x5d7a3c, 0x76894a, 12, 0.3f);
        w->eye = 9, w->horizon = row - 1;
        w->haze_per_metre = wn_minf(w->haze_per_metre, 0.0006f);
        wn_ground_paint(w, &grass);
        for (float z = 160; z > 22; z *= 0.86f)
            for (int i = 0; i < 3; i++)
                wn_prop_tree(w, wn_vector_at(wn_world_range(w, -0.6f, 0.6f) * w->width / wn_world_scale(w, z), 0, z),
                             wn_world_range(w, 5, 9), wn_world_seed(w), false);
    }
    if (wn_world_chance(w, 0.25f)) { /* birds */
        wn_paint dark = wn_paint_flat(wn_colour_scale(w->skylight, 0.1f));
        for (int i = 0, n = 3 + wn_world_pick(w, 9); i < n; i++) {
            wn_point at = {wn_world_range(w, 0, w->width), wn_world_range(w, 0.05f, 0.35f) * w->height};
            float s = wn_world_range(w, 0.005f, 0.014f) * w->width;
            wn_canvas_line(&w->canvas, wn_point_at(at.x - s, at.y - s * 0.5f), at, 0.4f, 1.2f, &dark);
            wn_canvas_line(&w->canvas, at, wn_point_at(at.x + s, at.y - s * 0.5f), 1.2f, 0.4f, &dark);
        }
    }
}

const wn_scene_class wn_scene_class_skyline = {"skyline", "a town from afar", "P", 11, false, 1.8f, paint_skyline};
