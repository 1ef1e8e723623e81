/* SPDX-License-Identifier: Apache-2.0
 *
 * Farm land: rows of crops that meet at the horizon, patches, bales, a farm, fences and hedges.
 */
#include "scenes/ground.h"
#include "scenes/noise.h"
#include "scenes/props.h"
#include "scenes/scene_class.h"

typedef struct crop {
    const wn_world *world;
    wn_ground soil;
    wn_colour plant, other;
    float cosine, sine, spacing, fill, split;
} crop;

static wn_colour crop_shader(const void *context, float x, float y, float *opacity)
{
    const crop *c = context;
    float right, depth, footprint;
    (void)opacity;
    wn_ground_at(c->world, x, y, &right, &depth, &footprint);
    float across = right * c->cosine + depth * c->sine, along = depth * c->cosine - right * c->sine;
    float phase = across / c->spacing + 0.12f * wn_noise(along * 0.5f, across * 0.3f, c->soil.seed);
    float row = phase - floorf(phase), leafy = wn_noise_sum(across * 3.0f, along * 2.0f, 2, c->soil.seed + 3u);
    float pixel = (fabsf(c->cosine) * depth / c->world->focal + fabsf(c->sine) * footprint) / c->spacing;
    float stripe = wn_stepf(0.5f - c->fill, 0.5f - c->fill + 0.15f, 0.5f - fabsf(row - 0.5f) + 0.1f * leafy);
    stripe = wn_mixf(stripe, 0.35f + 0.5f * c->fill, wn_clampf(pixel * 1.4f, 0, 1));
    wn_colour soil = wn_ground_colour(&c->soil, right, depth, footprint);
    wn_colour plant = depth > c->split ? c->other : c->plant;
    plant = wn_colour_scale(plant, 1.0f + 0.35f * leafy / (1 + 8 * footprint));
    return wn_colour_mix(soil, wn_world_air(c->world, plant, depth), stripe);
}

static void bale(wn_world *w, wn_vector base)
{
    wn_point at;
    float r = 0.75f * wn_world_scale(w, base.z), wide = wn_world_range(w, 0.9f, 1.5f) * r;
    if (!wn_world_project(w, wn_vector_at(base.x, 0.75f, base.z), &at)) return;
    wn_world_ground_shadow(w, base, 2.6f, 1.8f, 0);
    wn_colour lit = wn_world_flat(w, wn_colour_hex(0xcaa75c), base.z);
    wn_paint side = wn_paint_vertical(wn_colour_scale(lit, 1.2f), wn_colour_scale(lit, 0.45f), at.y - r, at.y + r);
    side.grain = 0.4f, side.grain_x = r * 0.5f, side.grain_y = r * 0.08f;
    wn_canvas_ellipse(&w->canvas, wn_point_at(at.x + wide, at.y), r * 0.45f, r, 0, &side);
    wn_canvas_rectangle(&w->canvas, at.x, at.y - r, at.x + wide, at.y + r, &side);
    for (int ring = 0; ring < 4; ring++) {
        wn_paint face = wn_paint_flat(wn_colour_scale(lit, ring % 2 ? 0.72f : 0.95f));
        float q = 1.0f - 0.24f * (float)ring;
        wn_canvas_ellipse(&w->canvas, at, r * 0.45f * q, r * q, 0, &face);
    }
}

static void cow(wn_world *w, wn_vector base)
{
    static const unsigned hides[] = {0x6b4429, 0x8a5a38, 0x2a2624, 0xd8d0c4, 0x9a7a58};
    wn_point f;
    float s = wn_world_scale(w, base.z) * wn_world_range(w, 0.9f, 1.15f), d = wn_world_chance(w, 0.5f) ? 1.0f : -1.0f;
    if (!wn_world_project(w, base, &f)) return;
    wn_world_ground_shadow(w, base, 2.3f, 0.9f, 0);
    wn_colour lit = wn_world_flat(w, wn_world_choose(w, hides, 5), base.z);
    wn_paint hide =
        wn_paint_vertical(wn_colour_scale(lit, 1.2f), wn_colour_scale(lit, 0.5f), f.y - 1.4f * s, f.y - 0.6f * s);
    wn_paint leg = wn_paint_flat(wn_colour_scale(lit, 0.6f));
    for (int i = 0; i < 4; i++) {
        float x = f.x + d * s * (i < 2 ? -0.72f : 0.6f) + (i % 2 ? 0.13f : 0) * s;
        wn_canvas_line(&w->canvas, wn_point_at(x, f.y - 0.75f * s),
                       wn_point_at(x + wn_world_range(w, -0.08f, 0.08f) * s, f.y), 0.2f * s, 0.11f * s, &leg);
    }
    wn_canvas_ellipse(&w->canvas, wn_point_at(f.x, f.y - s), 0.95f * s, 0.42f * s, 0, &hide);
    bool grazing = wn_world_chance(w, 0.5f);
    wn_point head = wn_point_at(f.x + d * 1.25f * s, f.y - (grazing ? 0.3f : 1.45f) * s);
    wn_canvas_line(&w->canvas, wn_point_at(f.x + d * 0.75f * s, f.y - 1.1f * s), head, 0.5f * s, 0.28f * s, &hide);
    wn_canvas_ellipse(&w->canvas, head, 0.27f * s, 0.16f * s, d * 0.6f, &leg);
    if (wn_world_chance(w, 0.5f)) {
        wn_paint spot = wn_paint_flat(wn_world_flat(w, wn_colour_hex(0xe6e0d6), base.z));
        for (int i = 0; i < 3; i++)
            wn_canvas_blob(
                &w->canvas,
                wn_point_at(f.x + wn_world_range(w, -0.5f, 0.5f) * s, f.y - wn_world_range(w, 0.85f, 1.15f) * s),
                0.18f * s, 0.8f, 0.35f, 9, wn_world_seed(w), &spot);
    }
}

static void fence(wn_world *w, float z)
{
    wn_paint wood = wn_paint_flat(wn_world_flat(w, wn_colour_hex(0x8a7a64), z));
    float scale = wn_world_scale(w, z), reach = 0.55f * w->width / scale, wide = wn_maxf(0.8f, 0.09f * scale);
    wn_point a, b;
    for (float x = -reach; x < reach; x += 2.2f) {
        (void)wn_world_project(w, wn_vector_at(x, 0, z), &a);
        (void)wn_world_project(w, wn_vector_at(x, 1.1f, z), &b);
        wn_canvas_line(&w->canvas, a, b, wide, wide, &wood);
    }
    for (int rail = 0; rail < 2; rail++) {
        (void)wn_world_project(w, wn_vector_at(-reach, 0.5f + 0.4f * (float)rail, z), &a);
        (void)wn_world_project(w, wn_vector_at(reach, 0.5f + 0.4f * (float)rail, z), &b);
        wn_canvas_line(&w->canvas, a, b, wide * 0.7f, wide * 0.7f, &wood);
    }
}

static void paint_fields(wn_world *w)
{
    static const unsigned plants[] = {0x5f8a35, 0x7f9a3c, 0xd1b152, 0xb89a4a, 0x4f7a34, 0xe0c934, 0x9a6fb0, 0x6f8f45};
    wn_world_aim(w, wn_world_range(w, 1.5f, 8), wn_world_range(w, 0.3f, 0.55f), wn_world_range(w, 45, 70));
    wn_world_sky(w, w->horizon + 1);
    if (wn_world_chance(w, 0.6f)) {
        wn_range hills = {
            w->horizon + 2,         w->height * wn_world_range(w, 0.03f, 0.12f), 600, 0.1f, 2, wn_colour_hex(0x6a7a50),
            wn_colour_hex(0x56703c)};
        wn_ground_range(w, &hills);
    }
    float angle = wn_world_chance(w, 0.7f) ? wn_world_range(w, -0.35f, 0.35f) : wn_world_range(w, -1.5f, 1.5f);
    crop c = {.world = w,
              .cosine = cosf(angle),
              .sine = sinf(angle),
              .spacing = wn_world_range(w, 0.7f, 2.6f),
              .fill = wn_world_range(w, 0.18f, 0.42f)};
    c.soil = wn_world_chance(w, 0.5f) ? wn_ground_of(w, 0x7a5f42, 0x684f38, 3, 0.35f)
                                      : wn_ground_of(w, 0x6f8a42, 0x86904c, 4, 0.35f);
    c.split = wn_world_chance(w, 0.6f) ? wn_world_range(w, 25, 90) : 1e6f;
    wn_vector up = wn_vector_at(0, 1, 0);
    c.plant = wn_world_light(w, wn_world_choose(w, plants, 8), up);
    c.other = wn_world_light(w, wn_world_choose(w, plants, 8), up);
    if (w->snowy) c.plant = wn_colour_mix(c.plant, c.soil.first, 0.6f), c.other = c.soil.first;
    wn_canvas_rows(&w->canvas, (int)w->horizon, w->canvas.height, crop_shader, &c);
    for (float x = -0.6f; x < 0.6f; x += wn_world_range(w, 0.015f, 0.12f))
        wn_prop_tree(w, wn_vector_at(x * w->width / wn_world_scale(w, 150), 0, 150), wn_world_range(w, 5, 12),
                     wn_world_seed(w), false);
    if (wn_world_chance(w, 0.55f)) {
        float x = wn_world_range(w, -0.35f, 0.35f) * w->width / wn_world_scale(w, 70);
        wn_prop_house(w, wn_vector_at(x, 0, 74), 9, 14, wn_world_range(w, -0.8f, 0.8f));
        wn_prop_house(w, wn_vector_at(x + 14, 0, 70), 7, 18, wn_world_range(w, 0.6f, 1.6f));
        wn_prop_tree(w, wn_vector_at(x - 9, 0, 68), 9, wn_world_seed(w), false);
    }
    int kind = wn_world_pick(w, 4), count = 2 + wn_world_pick(w, 8);
    if (wn_world_chance(w, 0.3f)) fence(w, wn_world_range(w, 12, 40));
    for (int i = 0; i < count; i++) {
        float z = wn_mixf(55, 7, ((float)i + 0.5f) / (float)count), reach = 0.45f * w->width / wn_world_scale(w, z);
        wn_vector at = wn_vector_at(wn_world_range(w, -reach, reach), 0, z);
        if (kind == 0) bale(w, at);
        if (kind == 1) cow(w, at);
        if (kind == 2 && i % 3 == 0) wn_prop_bush(w, at, 1.2f);
    }
}

const wn_scene_class wn_scene_class_fields = {"fields", "farm land", "DSC", 8, false, 0.4f, paint_fields};
