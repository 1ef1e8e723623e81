/* SPDX-License-Identifier: Apache-2.0
 *
 * Dunes, one behind another, with cactuses, camels or rocks.
 */
#include "scenes/ground.h"
#include "scenes/noise.h"
#include "scenes/props.h"
#include "scenes/scene_class.h"
#include "winnow/memory.h"

typedef struct dune {
    const wn_world *world;
    const float *top;
    wn_colour light, shade;
    float metres, scale, ripple;
    uint32_t seed;
} dune;

static wn_colour dune_shader(const void *context, float x, float y, float *opacity)
{
    const dune *d = context;
    (void)opacity;
    float sunward = d->world->sun.x > 0 ? 1.0f : -1.0f, last = d->world->width - 1.0f;
    float down = y - d->top[(int)wn_clampf(x, 0, last)],
          n = wn_noise_sum(x / d->scale, y / d->scale * 2.2f, 2, d->seed);
    /* The lee side of a crest is the one away from the sun; its edge runs down the slope at an angle. */
    float above = x + sunward * (1.1f * down + 0.35f * d->scale * n);
    int before = (int)wn_clampf(above - 6, 0, last), next = (int)wn_clampf(above + 6, 0, last);
    float rise = (d->top[before] - d->top[next]) / 12.0f * sunward;
    float lee = wn_stepf(-0.08f, 0.22f, -rise) * (1.0f - 0.55f * wn_clampf(down / d->scale, 0, 1));
    float waves = sinf((y * 1.6f + 6.0f * wn_noise(x * 0.02f, y * 0.02f, d->seed + 1u) + x * 0.08f) * d->ripple);
    wn_colour colour = wn_colour_scale(wn_colour_mix(d->light, d->shade, lee), 1.0f + 0.05f * waves + 0.08f * n);
    return wn_world_air(d->world, colour, d->metres);
}

static bool dunes(wn_world *w, float base, float height, float metres, wn_colour sand)
{
    float *top = wn_alloc(WN_MEMORY_IMAGE, (size_t)w->canvas.width, sizeof *top);
    if (!top) return false;
    uint32_t seed = wn_world_seed(w);
    float scale = w->width * wn_world_range(w, 0.35f, 0.8f);
    for (int x = 0; x < w->canvas.width; x++) top[x] = base - height * wn_noise_ridge((float)x / scale, 0.4f, 2, seed);
    dune d = {.world = w,
              .top = top,
              .metres = metres,
              .scale = height * 2,
              .ripple = wn_world_range(w, 0.25f, 0.7f),
              .seed = wn_world_seed(w)};
    d.light = wn_colour_times(sand, wn_colour_add(wn_colour_scale(w->sunlight, 0.75f), w->skylight));
    d.shade = wn_colour_times(sand, wn_colour_add(wn_colour_scale(w->sunlight, 0.16f), w->skylight));
    wn_canvas_below(&w->canvas, top, w->canvas.height, dune_shader, &d);
    wn_free(top);
    return true;
}

static void cactus(wn_world *w, wn_point foot, float h)
{
    wn_colour lit = wn_world_flat(w, wn_colour_hex(0x4f7a45), 20);
    float wide = h * 0.14f;
    wn_paint skin = {.start = wn_colour_scale(lit, 0.55f),
                     .end = wn_colour_scale(lit, 1.25f),
                     .opacity = 1,
                     .grain = 0.35f,
                     .grain_x = wn_maxf(1, wide * 0.14f),
                     .grain_y = h};
    skin.from.x = foot.x - wide, skin.to.x = foot.x + wide;
    wn_canvas_shadow(&w->canvas, foot, h * 0.4f, h * 0.06f, (wn_colour){0, 0, 0}, 0.5f);
    wn_canvas_line(&w->canvas, foot, wn_point_at(foot.x, foot.y - h), wide, wide, &skin);
    wn_canvas_ellipse(&w->canvas, wn_point_at(foot.x, foot.y - h), wide * 0.5f, wide * 0.5f, 0, &skin);
    for (int side = -1; side <= 1; side += 2) {
        if (wn_world_chance(w, 0.25f)) continue;
        float y = foot.y - h * wn_world_range(w, 0.3f, 0.55f), x = foot.x + (float)side * h * 0.24f,
              top = y - h * wn_world_range(w, 0.2f, 0.4f);
        wn_canvas_line(&w->canvas, wn_point_at(foot.x, y), wn_point_at(x, y), wide * 0.7f, wide * 0.7f, &skin);
        wn_canvas_ellipse(&w->canvas, wn_point_at(x, y), wide * 0.35f, wide * 0.35f, 0, &skin);
        wn_canvas_line(&w->canvas, wn_point_at(x, y), wn_point_at(x, top), wide * 0.7f, wide * 0.7f, &skin);
        wn_canvas_ellipse(&w->canvas, wn_point_at(x, top), wide * 0.35f, wide * 0.35f, 0, &skin);
    }
}

static void camel(wn_world *w, wn_point f, float s, float d)
{
    wn_colour lit = wn_world_flat(w, wn_colour_hex(0x9a7548), 40);
    wn_paint hide = wn_paint_vertical(wn_colour_scale(lit, 1.15f), wn_colour_scale(lit, 0.5f), f.y - s, f.y - 0.4f * s);
    wn_paint leg = wn_paint_flat(wn_colour_scale(lit, 0.6f));
    for (int i = 0; i < 4; i++) {
        float x = f.x + s * (i < 2 ? -0.28f : 0.26f) + (i % 2 ? 0.07f : 0) * s;
        wn_canvas_line(&w->canvas, wn_point_at(x, f.y - 0.5f * s),
                       wn_point_at(x + wn_world_range(w, -0.06f, 0.06f) * s, f.y), 0.09f * s, 0.04f * s, &leg);
    }
    wn_canvas_ellipse(&w->canvas, wn_point_at(f.x, f.y - 0.58f * s), 0.42f * s, 0.17f * s, 0, &hide);
    wn_canvas_ellipse(&w->canvas, wn_point_at(f.x - 0.05f * s, f.y - 0.76f * s), 0.16f * s, 0.15f * s, 0, &hide);
    wn_point neck = wn_point_at(f.x + d * 0.55f * s, f.y - 0.5f * s),
             head = wn_point_at(f.x + d * 0.66f * s, f.y - 0.92f * s);
    wn_canvas_line(&w->canvas, wn_point_at(f.x + d * 0.3f * s, f.y - 0.6f * s), neck, 0.18f * s, 0.11f * s, &hide);
    wn_canvas_line(&w->canvas, neck, head, 0.11f * s, 0.08f * s, &hide);
    wn_canvas_ellipse(&w->canvas, wn_point_at(head.x + d * 0.06f * s, head.y), 0.12f * s, 0.055f * s, d * 0.2f, &hide);
}

static void paint_desert(wn_world *w)
{
    static const unsigned sands[] = {0xd9a862, 0xe0b878, 0xc98a4f, 0xd0a070, 0xb5713f};
    w->snowy = false;
    if (w->weather >= WN_WEATHER_RAIN) w->weather = WN_WEATHER_CLEAR;
    wn_world_aim(w, 3, wn_world_range(w, 0.35f, 0.6f), 55);
    wn_world_sky(w, w->horizon + 0.05f * w->height);
    wn_colour sand = wn_world_choose(w, sands, 5);
    if (wn_world_chance(w, 0.3f)) {
        wn_range rocks = {w->horizon + 6, w->height * 0.14f, 500, 0.9f, 2, wn_colour_scale(sand, 0.6f), sand};
        wn_ground_range(w, &rocks);
    }
    int layers = 3 + wn_world_pick(w, 3), kind = wn_world_pick(w, 3);
    for (int i = 0; i < layers; i++) {
        float near = (float)i / (float)(layers - 1),
              base = wn_mixf(w->horizon + 0.05f * w->height, w->height * 0.98f, near * near);
        if (!dunes(w, base, w->height * wn_mixf(0.06f, 0.28f, near), wn_mixf(500, 10, near), sand)) return;
        if (kind == 1 && i == layers / 2) {
            float size = w->height * wn_world_range(w, 0.08f, 0.17f), x = wn_world_range(w, 0.1f, 0.5f) * w->width,
                  d = wn_world_chance(w, 0.5f) ? 1.0f : -1.0f;
            for (int k = 0, n = 1 + wn_world_pick(w, 5); k < n; k++)
                camel(w, wn_point_at(x + (float)k * size * 1.5f, base - 0.02f * w->height), size, d);
        }
        for (int k = 0; kind == 0 && k < 2 + i; k++)
            if (wn_world_chance(w, 0.5f))
                cactus(w, wn_point_at(wn_world_range(w, 0, w->width), base - wn_world_range(w, 0, 0.05f) * w->height),
                       w->height * wn_mixf(0.04f, 0.3f, near) * wn_world_range(w, 0.7f, 1.2f));
    }
}

const wn_scene_class wn_scene_class_desert = {"desert", "dunes", "P", 3, false, 0.7f, paint_desert};
