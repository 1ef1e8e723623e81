/* SPDX-License-Identifier: Apache-2.0
 *
 * People on foot as cut-outs of tapered limbs.
 */
#include "scenes/props.h"

typedef struct figure {
    wn_world *world;
    wn_point foot; /* on the canvas */
    float unit;    /* pixels of the body height */
    float metres;
} figure;

/* (x, y) in shares of the body height, y up. */
static wn_point place(const figure *f, float x, float y)
{
    return wn_point_at(f->foot.x + x * f->unit, f->foot.y - y * f->unit);
}

static void limb(const figure *f, wn_point a, wn_point b, float wide, float thin, wn_colour colour)
{
    wn_paint paint = wn_paint_flat(wn_world_flat(f->world, colour, f->metres));
    wn_canvas_line(&f->world->canvas, a, b, wide * f->unit, thin * f->unit, &paint);
    wn_canvas_ellipse(&f->world->canvas, b, 0.5f * thin * f->unit, 0.5f * thin * f->unit, 0, &paint);
}

static void torso(const figure *f, float half, float hem, wn_colour colour)
{
    wn_colour lit = wn_world_flat(f->world, colour, f->metres);
    wn_point points[8] = {place(f, -0.75f * half, 0.83f), place(f, 0.75f * half, 0.83f), place(f, half, 0.79f),
                          place(f, 0.85f * half, 0.6f),   place(f, half, hem),           place(f, -half, hem),
                          place(f, -0.85f * half, 0.6f),  place(f, -half, 0.79f)};
    float lean = f->world->sun.x > 0 ? 1.0f : -1.0f;
    wn_paint paint = {.start = wn_colour_scale(lit, 0.75f), .end = wn_colour_scale(lit, 1.15f), .opacity = 1.0f};
    paint.from = place(f, -half * lean, 0);
    paint.to = place(f, half * lean, 0);
    wn_canvas_fill(&f->world->canvas, points, 8, &paint);
}

static void head(const figure *f, float heading, wn_colour skin, wn_colour hair)
{
    wn_world *w = f->world;
    wn_paint face = wn_paint_flat(wn_world_flat(w, skin, f->metres));
    wn_paint cap = wn_paint_flat(wn_world_flat(w, hair, f->metres));
    limb(f, place(f, 0, 0.82f), place(f, 0.01f * heading, 0.88f), 0.05f, 0.05f, skin);
    wn_canvas_ellipse(&w->canvas, place(f, 0.012f * heading, 0.93f), 0.05f * f->unit, 0.066f * f->unit, 0, &face);
    wn_canvas_ellipse(&w->canvas, place(f, -0.012f * heading, 0.953f), 0.054f * f->unit, 0.05f * f->unit, 0, &cap);
}

static void umbrella(const figure *f, wn_colour colour)
{
    wn_point points[13];
    for (int i = 0; i <= 10; i++) {
        float a = WN_PI_F * (float)i / 10.0f;
        points[i] = place(f, 0.33f * cosf(a), 1.05f + 0.16f * sinf(a));
    }
    points[11] = place(f, -0.16f, 1.075f);
    points[12] = place(f, 0.16f, 1.075f);
    wn_colour lit = wn_world_flat(f->world, colour, f->metres);
    wn_paint paint = wn_paint_vertical(lit, wn_colour_scale(lit, 0.5f), points[5].y, points[0].y);
    limb(f, place(f, 0.05f, 0.6f), place(f, 0, 1.15f), 0.012f, 0.012f, wn_colour_hex(0x303030));
    wn_canvas_fill(&f->world->canvas, points, 13, &paint);
}

void wn_prop_person(wn_world *w, wn_vector base, float heading)
{
    static const unsigned tops[] = {0x9c2f2f, 0x27446f, 0x3f3f42, 0xd8d4c8, 0x5f7d4f, 0xc98a2d,
                                    0x6b4f7a, 0x2f6f73, 0xb85c5c, 0x20242a, 0x8a8f96, 0xe3c34a};
    static const unsigned trousers[] = {0x2b3550, 0x1d1f24, 0x5a5348, 0x3d4a63, 0x7d7a70, 0x43362c};
    static const unsigned skins[] = {0xe6bf9d, 0xc98f67, 0x8a5a3c, 0x5d3b28, 0xf0cfb4};
    static const unsigned hairs[] = {0x1c1613, 0x3d2a1c, 0x6d4a2b, 0xa9814d, 0x777777, 0x2a2a2e};
    figure f = {.world = w, .metres = base.z};
    float tall = wn_world_chance(w, 0.12f) ? wn_world_range(w, 1.0f, 1.35f) : wn_world_range(w, 1.55f, 1.92f);
    if (!wn_world_project(w, base, &f.foot)) return;
    f.unit = tall * wn_world_scale(w, base.z);
    wn_colour top = wn_world_choose(w, tops, 12), leg = wn_world_choose(w, trousers, 6);
    wn_colour skin = wn_world_choose(w, skins, 5), hair = wn_world_choose(w, hairs, 6);
    float stride = heading != 0 ? wn_world_range(w, -0.15f, 0.15f) : 0.0f, lift = fabsf(stride) * 0.15f;
    float apart = heading != 0 ? 0.01f : 0.045f, half = heading != 0 ? 0.085f : 0.115f;
    bool coat = wn_world_chance(w, 0.35f);

    wn_world_ground_shadow(w, base, 0.7f, 0.6f, 0);
    wn_colour far_leg = wn_colour_scale(leg, 0.7f), shoe = wn_colour_hex(0x1a1816);
    for (int side = -1; side <= 1; side += 2) {
        float step = stride * (float)side, x = apart * (float)side;
        wn_point knee = place(&f, x + 0.6f * step + 0.03f * heading * fabsf(step), 0.26f);
        wn_point ankle = place(&f, x + step, 0.02f + (side > 0 ? 0 : lift));
        limb(&f, place(&f, x * 0.8f, 0.5f), knee, 0.095f, 0.07f, side < 0 ? far_leg : leg);
        limb(&f, knee, ankle, 0.07f, 0.05f, side < 0 ? far_leg : leg);
        limb(&f, ankle, wn_point_at(ankle.x + 0.05f * heading * f.unit, ankle.y), 0.035f, 0.03f, shoe);
    }
    wn_colour sleeve = wn_colour_scale(top, 0.8f);
    for (int side = -1; side <= 1; side += 2) {
        float swing = -0.9f * stride * (float)side, x = (heading != 0 ? 0.02f : 0.13f) * (float)side;
        wn_point elbow = place(&f, x + 0.5f * swing, 0.64f), hand = place(&f, x + swing, 0.5f);
        if (side > 0) torso(&f, half, coat ? 0.36f : 0.48f, top);
        limb(&f, place(&f, x * 0.8f, 0.8f), elbow, 0.06f, 0.05f, sleeve);
        limb(&f, elbow, hand, 0.05f, 0.035f, sleeve);
        limb(&f, hand, place(&f, x + swing, 0.475f), 0.035f, 0.035f, skin);
    }
    head(&f, heading, skin, hair);
    if (wn_world_chance(w, 0.25f)) { /* a bag on the back or in the hand */
        wn_paint paint = wn_paint_flat(wn_world_flat(w, wn_world_choose(w, tops, 12), base.z));
        wn_canvas_ellipse(&w->canvas,
                          place(&f, heading != 0 ? -heading * half : half * 1.4f, heading != 0 ? 0.7f : 0.45f),
                          0.055f * f.unit, 0.095f * f.unit, 0, &paint);
    }
    if (w->weather == WN_WEATHER_RAIN && wn_world_chance(w, 0.7f)) umbrella(&f, wn_world_choose(w, tops, 12));
}
