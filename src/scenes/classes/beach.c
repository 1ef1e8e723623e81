/* SPDX-License-Identifier: Apache-2.0
 *
 * Sea and sand with surf, parasols, people, palms and dunes.
 */
#include "scenes/ground.h"
#include "scenes/noise.h"
#include "scenes/props.h"
#include "scenes/scene_class.h"

typedef struct shore {
    const wn_world *world;
    wn_ground sand;
    float line, slant;
    wn_colour foam;
    uint32_t seed;
} shore;

/* Depth (metres) at which water begins, on the column that passes `right`. */
static wn_colour sand_shader(const void *context, float x, float y, float *opacity)
{
    const shore *s = context;
    float right, depth, footprint;
    wn_ground_at(s->world, x, y, &right, &depth, &footprint);
    float edge = s->line + s->slant * right + 0.9f * wn_noise_sum(right * 0.22f, 0.5f, 3, s->seed);
    float into = depth - edge; /* > 0: water */
    if (into > 6.0f + 0.2f * footprint) {
        *opacity = 0;
        return s->foam;
    }
    wn_colour sand = wn_ground_colour(&s->sand, right, depth, footprint);
    float wet = wn_stepf(-2.5f, -0.2f, into);
    sand = wn_colour_mix(sand, wn_colour_mix(wn_colour_scale(sand, 0.55f), s->world->rim, 0.2f), wet);
    float lace = wn_noise_sum(right * 1.3f, into * 2.2f, 3, s->seed + 3u);
    float foam =
        wn_stepf(-0.2f, 0.25f, into) * wn_stepf(5.5f, 0.6f, into) * wn_stepf(-0.45f, 0.25f, lace + 0.6f - 0.22f * into);
    *opacity = wn_maxf(1.0f - wn_stepf(-0.3f, 1.6f + footprint, into), foam);
    return wn_colour_mix(sand, wn_world_air(s->world, s->foam, depth), foam);
}

static void breakers(wn_world *w, const shore *s)
{
    for (float away = 26; away > 7; away *= 0.72f) {
        uint32_t seed = wn_world_seed(w);
        wn_point top[66];
        int n = 0;
        for (int i = 0; i <= 32; i++) {
            float right = ((float)i / 16.0f - 1.0f) * 0.62f * w->width / wn_world_scale(w, s->line + away);
            float z = s->line + s->slant * right + away,
                  up = 0.5f * wn_clampf(0.3f + wn_noise(right * 0.12f, away, seed), 0, 1);
            wn_point a, b;
            if (!wn_world_project(w, wn_vector_at(right, up, wn_maxf(z, 1)), &a) ||
                !wn_world_project(w, wn_vector_at(right, 0, wn_maxf(z, 1) - 0.4f), &b))
                return;
            top[n] = a, top[65 - n] = b, n++;
        }
        wn_paint paint = wn_paint_flat(wn_world_air(w, s->foam, s->line + away));
        paint.opacity = 0.8f, paint.grain = 0.5f, paint.grain_x = 7, paint.grain_y = 1.5f;
        wn_canvas_fill(&w->canvas, top, 2 * n, &paint);
    }
}

static void parasol(wn_world *w, wn_vector base)
{
    static const unsigned cloths[] = {0xd0433a, 0x2f6fb0, 0xe6b93c, 0xe8e4da, 0x3d8f6b, 0xd97a3c};
    wn_point foot, top;
    float r = 1.25f * wn_world_scale(w, base.z);
    if (!wn_world_project(w, base, &foot)) return;
    (void)wn_world_project(w, wn_vector_at(base.x + wn_world_range(w, -0.2f, 0.2f), 2.1f, base.z), &top);
    wn_world_ground_shadow(w, base, 2.4f, 1.8f, 0);
    wn_paint pole = wn_paint_flat(wn_world_flat(w, wn_colour_hex(0xd8d4cc), base.z));
    wn_canvas_line(&w->canvas, foot, top, wn_maxf(0.8f, r * 0.04f), wn_maxf(0.8f, r * 0.04f), &pole);
    wn_colour a = wn_world_choose(w, cloths, 6), b = wn_world_chance(w, 0.5f) ? wn_colour_hex(0xece8de) : a;
    for (int i = 0; i < 6; i++) {
        wn_point points[5];
        float x0 = -cosf(WN_PI_F * (float)i / 6), x1 = -cosf(WN_PI_F * (float)(i + 1) / 6);
        points[0] = wn_point_at(top.x + x0 * r, top.y + r * 0.32f);
        points[1] = wn_point_at(top.x + x0 * r * 0.6f, top.y - r * 0.08f);
        points[2] = wn_point_at(top.x, top.y - r * 0.22f);
        points[3] = wn_point_at(top.x + x1 * r * 0.6f, top.y - r * 0.08f);
        points[4] = wn_point_at(top.x + x1 * r, top.y + r * 0.32f);
        wn_colour lit = wn_world_light(w, i % 2 ? a : b, wn_vector_unit(wn_vector_at(0.5f * (x0 + x1), 0.8f, -0.5f)));
        wn_paint paint = wn_paint_flat(wn_world_air(w, lit, base.z));
        wn_canvas_fill(&w->canvas, points, 5, &paint);
    }
}

static void sail(wn_world *w, float x, float size)
{
    float y = w->horizon + 2;
    wn_paint white = wn_paint_flat(wn_world_flat(w, wn_colour_hex(0xf0eee8), 150)),
             hull = wn_paint_flat(wn_world_flat(w, wn_colour_hex(0x4a3a34), 150));
    const wn_point cloth[3] = {{x, y - size}, {x + size * 0.45f, y - size * 0.12f}, {x, y - size * 0.12f}};
    const wn_point jib[3] = {{x - size * 0.05f, y - size * 0.9f},
                             {x - size * 0.05f, y - size * 0.12f},
                             {x - size * 0.35f, y - size * 0.12f}};
    const wn_point boat[4] = {{x - size * 0.4f, y - size * 0.1f},
                              {x + size * 0.45f, y - size * 0.1f},
                              {x + size * 0.35f, y},
                              {x - size * 0.3f, y}};
    wn_canvas_fill(&w->canvas, cloth, 3, &white);
    wn_canvas_fill(&w->canvas, jib, 3, &white);
    wn_canvas_fill(&w->canvas, boat, 4, &hull);
}

static void paint_beach(wn_world *w)
{
    static const unsigned seas[] = {0x1f7f92, 0x1b5f7f, 0x2a8f8f, 0x2f5f6f, 0x1f4f66};
    wn_world_aim(w, wn_world_range(w, 1.5f, 6), wn_world_range(w, 0.28f, 0.55f), wn_world_range(w, 45, 72));
    if (w->time != WN_TIME_NIGHT) w->snowy = false;
    wn_world_sky(w, w->horizon + 1);
    if (wn_world_chance(w, 0.35f)) {
        wn_range hills = {
            w->horizon + 1,         w->height * wn_world_range(w, 0.05f, 0.16f), 700, 0.3f, 2, wn_colour_hex(0x7a7466),
            wn_colour_hex(0x5a6f4a)};
        wn_ground_range(w, &hills);
    }
    float choppy = wn_world_range(w, 0.15f, 0.9f);
    wn_ground_sea(w, w->horizon, w->height, wn_world_choose(w, seas, 5), choppy);
    for (int i = 0, n = wn_world_pick(w, 4); i < n; i++)
        sail(w, wn_world_range(w, 0, w->width), wn_world_range(w, 0.02f, 0.09f) * w->height);
    shore s = {.world = w,
               .line = wn_world_range(w, 2.2f, 5) * w->eye,
               .slant = wn_world_range(w, -0.6f, 0.6f),
               .seed = wn_world_seed(w)};
    s.sand = wn_ground_of(w, 0xd6c096, 0xc4a97c, 2.0f, 0.18f);
    s.foam = wn_world_light(w, wn_colour_hex(0xf2f5f5), wn_vector_at(0, 1, 0));
    breakers(w, &s);
    wn_canvas_rows(&w->canvas, (int)w->horizon, w->canvas.height, sand_shader, &s);
    int things = w->time == WN_TIME_NIGHT ? wn_world_pick(w, 2) : wn_world_pick(w, 9);
    for (int i = 0; i < things; i++) {
        float z = wn_mixf(s.line * 0.9f, 5, (float)i / 9.0f), reach = 0.45f * w->width / wn_world_scale(w, z);
        float x = wn_world_range(w, -reach, reach);
        if (z > s.line + s.slant * x - 0.5f) x = -copysignf(fabsf(x), s.slant) * -1.0f;
        int kind = wn_world_pick(w, 3);
        if (kind == 0)
            parasol(w, wn_vector_at(x, 0, z));
        else
            wn_prop_person(w, wn_vector_at(x, 0, z),
                           wn_world_chance(w, 0.6f) ? (wn_world_chance(w, 0.5f) ? 1.0f : -1.0f) : 0);
    }
    if (wn_world_chance(w, 0.25f))
        wn_prop_palm(
            w, wn_vector_at((wn_world_chance(w, 0.5f) ? 1.0f : -1.0f) * 0.4f * w->width / wn_world_scale(w, 9), 0, 9),
            wn_world_range(w, 5, 9));
}

const wn_scene_class wn_scene_class_beach = {"beach", "sea and sand", "IMG", 9, false, 0.5f, paint_beach};
