/* SPDX-License-Identifier: Apache-2.0
 *
 * Wind turbines on hills or in the sea.
 */
#include "scenes/ground.h"
#include "scenes/props.h"
#include "scenes/scene_class.h"

static void turbine(wn_world *w, wn_vector base, float height)
{
    wn_point foot, hub;
    if (!wn_world_project(w, base, &foot)) return;
    (void)wn_world_project(w, wn_vector_at(base.x, base.y + height, base.z), &hub);
    float r = 0.55f * (foot.y - hub.y), wide = wn_maxf(0.9f, 0.045f * (foot.y - hub.y)),
          face = wn_world_range(w, 0.35f, 1.0f);
    wn_colour lit = wn_world_flat(w, wn_colour_hex(0xe8e8e4), base.z);
    wn_paint mast = {.start = wn_colour_scale(lit, 0.6f), .end = lit, .opacity = 1};
    mast.from.x = foot.x - wide * 0.6f, mast.to.x = foot.x + wide * 0.6f;
    wn_canvas_line(&w->canvas, foot, hub, wide, wide * 0.5f, &mast);
    float turn = wn_world_range(w, 0, 2.1f);
    for (int i = 0; i < 3; i++) {
        float a = turn + 2.0944f * (float)i, c = cosf(a) * face, s = sinf(a);
        wn_point tip = wn_point_at(hub.x + r * c, hub.y - r * s),
                 root = wn_point_at(hub.x + 0.12f * r * c, hub.y - 0.12f * r * s);
        wn_paint blade = wn_paint_flat(wn_colour_scale(lit, 0.8f + 0.2f * s));
        wn_canvas_line(&w->canvas, hub, root, wide * 0.35f, wide * 0.75f, &blade);
        wn_canvas_line(&w->canvas, root, tip, wide * 0.75f, wn_maxf(0.4f, wide * 0.12f), &blade);
    }
    wn_paint nose = wn_paint_flat(lit);
    wn_canvas_ellipse(&w->canvas, hub, wide * 0.5f, wide * 0.45f, 0, &nose);
    wn_world_lamp(w, wn_vector_at(base.x, base.y + height + 1, base.z), 1.6f, (wn_colour){1.2f, 0.1f, 0.06f});
}

static void paint_wind_farm(wn_world *w)
{
    bool sea = wn_world_chance(w, 0.35f);
    wn_world_aim(w, wn_world_range(w, 4, 25), wn_world_range(w, 0.55f, 0.78f), wn_world_range(w, 35, 60));
    w->haze_per_metre *= 0.6f;
    wn_world_sky(w, w->horizon + 1);
    if (sea)
        wn_ground_sea(w, w->horizon, w->height, wn_colour_hex(0x2a5a6a), wn_world_range(w, 0.2f, 0.8f));
    else {
        wn_range hills = {
            w->horizon + 2,         w->height * wn_world_range(w, 0.03f, 0.14f), 800, 0.1f, 2, wn_colour_hex(0x6f7a55),
            wn_colour_hex(0x5a7044)};
        wn_ground_range(w, &hills);
        wn_ground grass = wn_ground_of(w, 0x74893f, 0xa09a58, 14, 0.3f);
        wn_ground_paint(w, &grass);
        for (int i = 0; i < 12; i++)
            wn_prop_tree(w, wn_vector_at(wn_world_range(w, -120, 120), 0, 260.0f - 12.0f * (float)i),
                         wn_world_range(w, 6, 12), wn_world_seed(w), false);
    }
    int count = 2 + wn_world_pick(w, 11);
    float step = wn_world_range(w, 0.7f, 1.3f);
    for (int i = 0; i < count; i++) {
        float z = wn_mixf(900, 130, (float)i / (float)count) * step, reach = 0.5f * w->width / wn_world_scale(w, z);
        turbine(w, wn_vector_at(wn_world_range(w, -reach, reach), 0, z), wn_world_range(w, 70, 95));
    }
}

const wn_scene_class wn_scene_class_wind_farm = {"wind_farm", "wind turbines", "DSCF", 2, false, 0.7f, paint_wind_farm};
