/* SPDX-License-Identifier: Apache-2.0
 *
 * Trees and bushes: crowns of many small leaf patches, the shaded ones first.
 */
#include "scenes/noise.h"
#include "scenes/props.h"

static const unsigned greens[] = {0x3f6b2a, 0x4f7a32, 0x2f5a2c, 0x5c7f3a, 0x6b8a3e};
static const unsigned autumns[] = {0xb5651d, 0xc98a2b, 0x9c3b1b, 0xd1a53a, 0x7d8a3a};

/* One crown or bush: `patches` blobs inside an ellipse, from the dark side to the light side. */
static void crown(wn_world *w, wn_point centre, float rx, float ry, wn_colour leaf, float metres, uint32_t seed)
{
    float size = wn_maxf(rx, ry);
    int patches = size < 4 ? 8 : size < 12 ? 26 : size < 40 ? 60 : 130;
    wn_colour dark = wn_world_air(w, wn_colour_times(leaf, wn_colour_scale(w->skylight, 0.28f)), metres);
    wn_paint under = wn_paint_flat(dark);
    wn_canvas_blob(&w->canvas, centre, rx * 0.92f, ry / rx, 0.12f, 16, seed, &under);
    float from = w->sun.x > 0 ? 0.6f : -0.6f;
    for (int i = 0; i < patches; i++) {
        float order = ((float)i + 0.5f) / (float)patches;
        float a = 6.283f * wn_noise_cell(i, 1, seed), r = sqrtf(wn_noise_cell(i, 2, seed));
        float x = r * cosf(a), y = r * sinf(a), toward = 0.5f + 0.5f * (x * from - y * 0.8f);
        float light = wn_clampf(0.25f + 0.75f * toward * (0.45f + 0.55f * order), 0.12f, 1.0f);
        wn_colour sun = wn_colour_add(wn_colour_scale(w->sunlight, 0.95f * light),
                                      wn_colour_scale(w->skylight, 0.2f + 0.6f * light));
        wn_colour lit = wn_colour_times(leaf, sun);
        if (w->snowy && y < 0.1f) lit = wn_colour_mix(lit, wn_colour_scale(sun, 0.8f), 0.6f);
        lit = wn_colour_scale(lit, 0.8f + 0.4f * wn_noise_cell(i, 3, seed));
        wn_paint paint = wn_paint_flat(wn_world_air(w, lit, metres));
        float patch = size *
                      (size < 12   ? 0.34f
                       : size < 40 ? 0.23f
                                   : 0.16f) *
                      (0.6f + 0.8f * wn_noise_cell(i, 4, seed));
        wn_canvas_blob(&w->canvas, wn_point_at(centre.x + x * rx * 0.9f, centre.y + y * ry * 0.9f), patch, 0.8f, 0.45f,
                       9, seed + (uint32_t)i * 77u, &paint);
    }
}

static void branch(wn_world *w, wn_point from, wn_point to, float wide, float thin, float metres, unsigned bark)
{
    wn_colour lit = wn_world_flat(w, wn_colour_hex(bark), metres);
    float side = w->sun.x > 0 ? 1.0f : -1.0f;
    wn_paint paint = {.start = wn_colour_scale(lit, 0.55f), .end = wn_colour_scale(lit, 1.2f), .opacity = 1.0f};
    paint.from = wn_point_at(from.x - side * wide * 0.5f, from.y);
    paint.to = wn_point_at(from.x + side * wide * 0.5f, from.y);
    paint.grain = 0.35f, paint.grain_x = wn_maxf(1, wide * 0.12f), paint.grain_y = wn_maxf(2, wide * 0.9f);
    wn_canvas_line(&w->canvas, from, to, wide, thin, &paint);
}

void wn_prop_tree(wn_world *w, wn_vector base, float height, uint32_t seed, bool autumn)
{
    wn_point foot;
    if (!wn_world_project(w, base, &foot)) return;
    float h = height * wn_world_scale(w, base.z), wide = wn_maxf(1.0f, h * wn_world_range(w, 0.03f, 0.055f));
    float trunk = wn_world_range(w, 0.3f, 0.5f), lean = wn_world_range(w, -0.04f, 0.04f) * h;
    static const unsigned barks[] = {0x5a4636, 0x6b5a48, 0x4a3c30, 0x8a8478};
    unsigned bark = barks[wn_world_pick(w, 4)];
    wn_point top = wn_point_at(foot.x + lean, foot.y - h * 0.75f);
    wn_world_ground_shadow(w, base, height * 0.5f, height * 0.4f, 0);
    branch(w, wn_point_at(foot.x, foot.y + wide * 0.2f), top, wide, wide * 0.35f, base.z, bark);
    for (int i = 0; i < 3 && h > 20; i++) {
        float at = wn_world_range(w, trunk * 0.8f, 0.65f);
        wn_point from = wn_point_at(foot.x + lean * at, foot.y - h * at);
        float out = (i % 2 ? 1.0f : -1.0f) * wn_world_range(w, 0.1f, 0.24f) * h;
        branch(w, from, wn_point_at(from.x + out, from.y - 0.16f * h), wide * 0.5f, wide * 0.15f, base.z, bark);
    }
    if (w->snowy && !autumn && wn_world_chance(w, 0.6f)) return; /* bare in winter */
    wn_colour leaf = autumn ? wn_world_choose(w, autumns, 5) : wn_world_choose(w, greens, 5);
    int lobes = h < 30 ? 1 : 3;
    for (int i = 0; i < lobes; i++) {
        float side = lobes == 1 ? 0.0f : (float)(i - 1) * 0.2f * h;
        float up = lobes == 1 ? 0.7f : i == 1 ? 0.78f : 0.62f;
        float r = h * (lobes == 1 ? 0.3f : wn_world_range(w, 0.2f, 0.28f));
        crown(w, wn_point_at(foot.x + lean + side, foot.y - up * h), r, r * 0.85f, leaf, base.z,
              seed + (uint32_t)i * 131u);
    }
}

void wn_prop_conifer(wn_world *w, wn_vector base, float height)
{
    static const unsigned needles[] = {0x24452c, 0x2d5036, 0x1f3d2e, 0x375a35};
    wn_point foot;
    if (!wn_world_project(w, base, &foot)) return;
    float h = height * wn_world_scale(w, base.z), half = h * wn_world_range(w, 0.15f, 0.23f);
    wn_colour needle = wn_world_choose(w, needles, 4);
    int tiers = h < 12 ? 3 : h < 60 ? 6 : 9;
    wn_world_ground_shadow(w, base, height * 0.35f, height * 0.3f, 0);
    branch(w, foot, wn_point_at(foot.x, foot.y - h * 0.3f), wn_maxf(1, h * 0.035f), wn_maxf(1, h * 0.03f), base.z,
           0x4a382a);
    for (int t = 0; t < tiers; t++) {
        float low = 0.1f + 0.78f * (float)t / (float)tiers, high = wn_minf(1.0f, low + 0.3f * (1.1f - low) + 0.06f);
        float reach = half * (1.06f - low);
        wn_point points[16];
        int n = 0;
        for (int i = 0; i <= 8; i++) {
            float x = -1.0f + 0.25f * (float)i, drop = (i % 2 ? 0.018f : -0.012f) - 0.02f * fabsf(x);
            points[n++] = wn_point_at(foot.x + x * reach * wn_world_range(w, 0.88f, 1.12f), foot.y - (low + drop) * h);
        }
        points[n++] = wn_point_at(foot.x, foot.y - high * h);
        float side = w->sun.x > 0 ? 1.0f : -1.0f;
        wn_colour lit = wn_world_light(w, needle, wn_vector_unit(wn_vector_at(side * 0.5f, 0.6f, -0.6f)));
        if (w->snowy) lit = wn_colour_mix(lit, wn_world_light(w, wn_colour_hex(0xe8eef4), wn_vector_at(0, 1, 0)), 0.5f);
        wn_paint paint = {.start = wn_world_air(w, wn_colour_scale(lit, 0.45f), base.z),
                          .end = wn_world_air(w, wn_colour_scale(lit, 1.25f), base.z),
                          .opacity = 1.0f};
        paint.from = wn_point_at(foot.x - side * reach, foot.y - low * h + 0.1f * h);
        paint.to = wn_point_at(foot.x + side * reach, foot.y - high * h);
        paint.grain = h > 40 ? 0.5f : 0.2f, paint.grain_x = wn_maxf(1.2f, h * 0.012f),
        paint.grain_y = wn_maxf(1.2f, h * 0.02f);
        paint.seed = wn_world_seed(w);
        wn_canvas_fill(&w->canvas, points, n, &paint);
    }
}

void wn_prop_palm(wn_world *w, wn_vector base, float height)
{
    wn_point foot;
    if (!wn_world_project(w, base, &foot)) return;
    float h = height * wn_world_scale(w, base.z), lean = wn_world_range(w, -0.3f, 0.3f) * h;
    wn_point last = foot;
    for (int i = 1; i <= 8; i++) {
        float t = (float)i / 8.0f;
        wn_point next = wn_point_at(foot.x + lean * t * t, foot.y - 0.85f * h * t);
        branch(w, last, next, h * 0.035f * (1.3f - 0.5f * t), h * 0.03f * (1.3f - 0.5f * t), base.z, 0x8a7355);
        last = next;
    }
    wn_colour leaf = wn_world_flat(w, wn_colour_hex(0x4a7a35), base.z);
    for (int i = 0; i < 11; i++) {
        float a = WN_PI_F * (1.15f * (float)i / 10.0f - 0.075f), reach = h * wn_world_range(w, 0.26f, 0.36f);
        wn_point points[14];
        for (int k = 0; k < 7; k++) {
            float t = (float)k / 6.0f, wide = 0.16f * reach * sinf(WN_PI_F * (0.08f + 0.9f * t));
            float x = last.x + cosf(a) * reach * t, y = last.y - sinf(a) * reach * t * 0.75f + 0.45f * reach * t * t;
            points[k] = wn_point_at(x, y - wide * 0.4f);
            points[13 - k] = wn_point_at(x, y + wide * (k % 2 ? 1.2f : 0.6f));
        }
        wn_paint paint = wn_paint_flat(wn_colour_scale(leaf, wn_world_range(w, 0.55f, 1.3f)));
        wn_canvas_fill(&w->canvas, points, 14, &paint);
    }
}

void wn_prop_bush(wn_world *w, wn_vector base, float size)
{
    wn_point foot;
    if (!wn_world_project(w, base, &foot)) return;
    float r = size * wn_world_scale(w, base.z);
    wn_world_ground_shadow(w, base, size * 2, size, 0);
    crown(w, wn_point_at(foot.x, foot.y - r * 0.45f), r, r * 0.55f, wn_world_choose(w, greens, 5), base.z,
          wn_world_seed(w));
}
