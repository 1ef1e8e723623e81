/* SPDX-License-Identifier: Apache-2.0
 *
 * Hot-air balloons over land.
 */
#include "scenes/ground.h"
#include "scenes/props.h"
#include "scenes/scene_class.h"

typedef struct envelope {
    const wn_world *world;
    wn_point centre;
    float radius, turn, metres;
    wn_colour colours[3];
    int gores, style;
} envelope;

static wn_colour cloth_shader(const void *context, float x, float y, float *opacity)
{
    const envelope *e = context;
    (void)opacity;
    float u = wn_clampf((x - e->centre.x) / e->radius, -1, 1), v = (y - e->centre.y) / e->radius;
    float wide = sqrtf(wn_maxf(0.03f, 1.0f - wn_minf(1.0f, v * v * (v > 0 ? 0.55f : 1.0f)))),
          s = wn_clampf(u / wide, -1, 1);
    float around = asinf(s) / WN_PI_F * (float)e->gores + e->turn;
    int gore = (int)floorf(around), band = (int)floorf(v * 4 + 10);
    wn_colour colour = e->style == 0   ? e->colours[(gore % 3 + 3) % 3]
                       : e->style == 1 ? e->colours[band % 3]
                                       : e->colours[(gore + band + 300) % 2];
    wn_vector n = wn_vector_unit(wn_vector_at(s, -v * 0.8f, -sqrtf(wn_maxf(0.01f, 1 - s * s))));
    float seam = fabsf(around - (float)gore - 0.5f) > 0.45f ? 0.85f : 1.0f;
    wn_colour light = wn_colour_scale(wn_world_light(e->world, colour, n), seam);
    if (e->world->time != WN_TIME_DAY)
        light = wn_colour_add(
            light, wn_colour_times(colour, wn_colour_scale(wn_colour_hex(0xffc070), 0.55f * wn_stepf(-1, 1.2f, v))));
    return wn_world_air(e->world, light, e->metres);
}

static void balloon(wn_world *w, wn_point at, float r, float metres)
{
    static const unsigned cloths[] = {0xc2332f, 0xe0a52f, 0x2f5fa0, 0xe8e2d4, 0x3f8f5f,
                                      0x7a3f8a, 0xe0702f, 0x2f8f9a, 0x22303f};
    envelope e = {.world = w,
                  .centre = at,
                  .radius = r,
                  .turn = wn_world_range(w, 0, 3),
                  .metres = metres,
                  .gores = 6 + 2 * wn_world_pick(w, 5),
                  .style = wn_world_pick(w, 3)};
    for (int i = 0; i < 3; i++) e.colours[i] = wn_world_choose(w, cloths, 9);
    wn_point points[40];
    for (int i = 0; i < 40; i++) {
        float a = 2 * WN_PI_F * (float)i / 40, y = sinf(a), x = cosf(a);
        if (y > 0) y *= 1.35f, x *= 1.0f - 0.28f * (y / 1.35f) * (y / 1.35f) * (y > 0.9f ? 1.6f : 1.0f);
        points[i] = wn_point_at(at.x + x * r, at.y + wn_minf(y, 1.22f) * r);
    }
    wn_canvas_shade(&w->canvas, points, 40, cloth_shader, &e);
    wn_paint dark = wn_paint_flat(wn_world_flat(w, wn_colour_hex(0x6b4a2c), metres)),
             rope = wn_paint_flat(wn_world_flat(w, wn_colour_hex(0x3a3a3a), metres));
    for (int side = -1; side <= 1; side += 2)
        wn_canvas_line(&w->canvas, wn_point_at(at.x + (float)side * 0.16f * r, at.y + 1.2f * r),
                       wn_point_at(at.x + (float)side * 0.12f * r, at.y + 1.6f * r), wn_maxf(0.5f, r * 0.012f),
                       wn_maxf(0.5f, r * 0.012f), &rope);
    wn_canvas_rectangle(&w->canvas, at.x - 0.14f * r, at.y + 1.56f * r, at.x + 0.14f * r, at.y + 1.8f * r, &dark);
    if (w->time != WN_TIME_DAY)
        wn_canvas_glow(&w->canvas, wn_point_at(at.x, at.y + 1.35f * r), r * 0.4f, wn_colour_hex(0xffb050));
}

static void paint_balloons(wn_world *w)
{
    if (w->weather >= WN_WEATHER_OVERCAST) w->weather = WN_WEATHER_CLOUDY;
    wn_world_aim(w, wn_world_range(w, 10, 60), wn_world_range(w, 0.6f, 0.85f), wn_world_range(w, 40, 60));
    wn_world_sky(w, w->horizon + 1);
    wn_range hills = {w->horizon + 2,
                      w->height * wn_world_range(w, 0.04f, 0.18f),
                      900,
                      wn_world_range(w, 0, 0.8f),
                      2,
                      wn_colour_hex(0x7a6f5c),
                      wn_colour_hex(0x5f6f48)};
    wn_ground_range(w, &hills);
    wn_ground land = wn_world_chance(w, 0.5f) ? wn_ground_of(w, 0x6f8a45, 0x9a9a55, 40, 0.2f)
                                              : wn_ground_of(w, 0xb59a70, 0x9a7a58, 40, 0.2f);
    wn_ground_paint(w, &land);
    for (int i = 0; i < 16; i++)
        wn_prop_tree(w, wn_vector_at(wn_world_range(w, -150, 150), 0, 300.0f - 10.0f * (float)i),
                     wn_world_range(w, 7, 12), wn_world_seed(w), false);
    int count = 1 + wn_world_pick(w, 9);
    for (int i = 0; i < count; i++) {
        float near = ((float)i + 0.5f) / (float)count,
              r = w->height * wn_mixf(0.02f, wn_world_range(w, 0.07f, 0.2f), near * near);
        balloon(
            w,
            wn_point_at(wn_world_range(w, 0.06f, 0.94f) * w->width, wn_world_range(w, 0.1f, 0.9f) * w->horizon * 0.8f),
            r, wn_mixf(700, 120, near));
    }
}

const wn_scene_class wn_scene_class_balloons = {"balloons", "hot-air balloons", "IMG", 2, false, 0.7f, paint_balloons};
