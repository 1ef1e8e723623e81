/* SPDX-License-Identifier: Apache-2.0
 *
 * Ranges of mountains, the far ones in haze, over a lake, a meadow or a wood.
 */
#include "scenes/ground.h"
#include "scenes/props.h"
#include "scenes/scene_class.h"

static void paint_mountains(wn_world *w)
{
    static const unsigned rocks[] = {0x7a7672, 0x8a7f74, 0x6a6c74, 0x94806a, 0x5f5a58};
    static const unsigned meadows[] = {0x4f6b38, 0x5f7a40, 0x3f5a36, 0x7a7a48};
    wn_world_aim(w, wn_world_range(w, 2, 20), wn_world_range(w, 0.48f, 0.74f), wn_world_range(w, 40, 65));
    w->haze_per_metre *= 0.45f;
    wn_world_sky(w, w->horizon + 2);
    wn_colour rock = wn_world_choose(w, rocks, 5), meadow = wn_world_choose(w, meadows, 4);
    int layers = 2 + wn_world_pick(w, 3);
    float snow = w->snowy ? 0.2f : wn_world_range(w, 0.35f, 1.3f), rough = wn_world_range(w, 0.45f, 1);
    float tall = wn_world_range(w, 0.25f, 0.5f) * w->height;
    for (int i = 0; i < layers; i++) {
        float near = (float)i / (float)(layers - 1);
        wn_range range = {w->horizon + 2 + near * 3,
                          tall * (1.15f - 0.75f * near),
                          wn_mixf(900, 220, near),
                          rough * (1.0f - 0.4f * near),
                          snow + near * 0.5f,
                          rock,
                          meadow};
        wn_ground_range(w, &range);
    }
    if (wn_world_chance(w, 0.5f)) {
        wn_colour deep = wn_colour_times(wn_colour_hex(wn_world_chance(w, 0.5f) ? 0x2a5560 : 0x2c4a4a),
                                         wn_colour_add(w->skylight, wn_colour_scale(w->sunlight, 0.4f)));
        wn_world_reflect(w, (int)w->horizon + 2, wn_world_range(w, 0.1f, 1.1f), deep, wn_world_range(w, 1, 1.4f));
        for (int i = 0, n = wn_world_pick(w, 14); i < n; i++) {
            float side = wn_world_chance(w, 0.5f) ? 1.0f : -1.0f, z = 30.0f - 1.2f * (float)i;
            wn_prop_conifer(
                w,
                wn_vector_at(side * (0.36f + 0.2f * wn_rng_uniform(&w->rng)) * w->width / wn_world_scale(w, z),
                             -w->eye * 0.4f, z),
                wn_world_range(w, 5, 11));
        }
    } else {
        wn_ground grass = wn_ground_of(w, 0x66813f, 0x86904f, 6, 0.35f);
        wn_ground_paint(w, &grass);
        float dense = wn_world_range(w, 0.2f, 3.5f);
        for (float z = 150; z > 14; z *= 0.9f)
            for (int i = 0; (float)i < dense; i++)
                wn_prop_conifer(w,
                                wn_vector_at(wn_world_range(w, -0.65f, 0.65f) * w->width / wn_world_scale(w, z), 0, z),
                                wn_world_range(w, 5, 12));
        if (wn_world_chance(w, 0.3f))
            wn_prop_house(w, wn_vector_at(wn_world_range(w, -12, 12), 0, wn_world_range(w, 35, 60)), 8, 9,
                          wn_world_range(w, -1, 1));
    }
}

const wn_scene_class wn_scene_class_mountains = {"mountains", "mountains", "DSCF", 11, false, 0.6f, paint_mountains};
