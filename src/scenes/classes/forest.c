/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside a wood or at its edge: trunks, crowns, a path, undergrowth and light between the trees.
 */
#include "scenes/ground.h"
#include "scenes/noise.h"
#include "scenes/props.h"
#include "scenes/scene_class.h"

typedef struct path {
    wn_ground floor, track;
    const wn_world *world;
    float width, sway, dapple;
    uint32_t seed;
} path;

static wn_colour floor_shader(const void *context, float x, float y, float *opacity)
{
    const path *p = context;
    float right, depth, footprint;
    (void)opacity;
    wn_ground_at(p->world, x, y, &right, &depth, &footprint);
    float middle = p->sway * sinf(depth * 0.12f) + 0.3f * wn_noise(depth * 0.7f, 1.0f, p->seed);
    float share = p->width > 0 ? wn_stepf(-0.4f, 0.4f, 0.5f * p->width - fabsf(right - middle)) : 0.0f;
    wn_colour colour = {0};
    if (share < 1) colour = wn_ground_colour(&p->floor, right, depth, footprint);
    if (share > 0) colour = wn_colour_mix(colour, wn_ground_colour(&p->track, right, depth, footprint), share);
    float spots = wn_stepf(0.05f, 0.35f, wn_noise_sum(right * 0.6f, depth * 0.45f, 2, p->seed + 2u));
    return wn_colour_scale(colour, 1.0f - p->dapple * (1.0f - spots));
}

/* The far wall of leaves: noise that is brighter where the sky shines through. */
static wn_colour wall_shader(const void *context, float x, float y, float *opacity)
{
    const path *p = context;
    float n = wn_noise_sum(x / p->world->width * 22, y / p->world->width * 20, 4, p->seed + 7u);
    float up = wn_clampf(1.0f - y / p->world->horizon, 0, 1);
    *opacity = wn_clampf(1.0f - 0.7f * wn_stepf(0.15f - 0.3f * up, 0.6f, n), 0.15f, 1);
    return wn_world_air(p->world, wn_colour_scale(p->floor.second, 0.6f + 0.5f * n), 60);
}

static void paint_forest(wn_world *w)
{
    bool conifers = wn_world_chance(w, 0.45f), autumn = !conifers && wn_world_chance(w, 0.4f);
    bool birches = !conifers && wn_world_chance(w, 0.25f);
    wn_world_aim(w, wn_world_range(w, 1.0f, 3.0f), wn_world_range(w, 0.45f, 0.68f), wn_world_range(w, 45, 70));
    path p = {.world = w,
              .width = wn_world_chance(w, 0.6f) ? wn_world_range(w, 0.8f, 3) : 0,
              .sway = wn_world_range(w, -3, 3),
              .seed = wn_world_seed(w)};
    p.dapple = w->clouds < 0.8f && w->time == WN_TIME_DAY ? wn_world_range(w, 0.3f, 0.7f) : 0.15f;
    p.floor =
        autumn ? wn_ground_of(w, 0x8a5a2a, 0x6f4a28, 0.7f, 0.6f) : wn_ground_of(w, 0x4c5e2e, 0x5a4a32, 1.2f, 0.5f);
    p.track = wn_ground_of(w, 0x8a7658, 0x75644c, 1.0f, 0.3f);
    if (w->weather <= WN_WEATHER_RAIN) w->haze = wn_colour_mix(w->haze, p.floor.second, 0.75f); /* no open view */
    if (w->time == WN_TIME_DAY) w->exposure *= 1.45f;
    wn_world_sky(w, w->horizon + 1);
    wn_canvas_rows(&w->canvas, 0, (int)w->horizon + 2, wall_shader, &p);
    wn_canvas_rows(&w->canvas, (int)w->horizon, w->canvas.height, floor_shader, &p);
    int density = 14 + wn_world_pick(w, 26);
    float near = wn_world_range(w, 3.5f, 9);
    for (int i = 0; i < density; i++) {
        float t = (float)i / (float)density, z = wn_mixf(46, near, powf(t, 0.6f)) * wn_world_range(w, 0.95f, 1.05f);
        float reach = 0.55f * w->width / wn_world_scale(w, z) + 2;
        float x = wn_world_range(w, -reach, reach), middle = p.sway * sinf(z * 0.12f), clear = 0.5f * p.width + 0.9f;
        if (p.width > 0 && fabsf(x - middle) < clear) x = middle + (x > middle ? clear : -clear);
        wn_vector at = wn_vector_at(x, 0, z);
        if (wn_world_chance(w, 0.3f))
            wn_prop_bush(w, wn_vector_at(x + 1.0f, 0, z + 0.2f), wn_world_range(w, 0.3f, 1.1f));
        if (conifers)
            wn_prop_conifer(w, at, wn_world_range(w, 7, 19));
        else if (birches) {
            wn_point foot;
            float wide = wn_world_range(w, 0.12f, 0.3f) * wn_world_scale(w, z),
                  lean = wn_world_range(w, -0.05f, 0.05f) * w->height;
            if (!wn_world_project(w, at, &foot)) continue;
            wn_colour lit = wn_world_flat(w, wn_colour_hex(0xd8d4c8), z);
            wn_paint bark = {.start = lit,
                             .end = wn_colour_scale(lit, 0.5f),
                             .from = {foot.x - wide, 0},
                             .to = {foot.x + wide, 0},
                             .opacity = 1,
                             .grain = 0.9f,
                             .grain_x = wn_maxf(2, wide),
                             .grain_y = wn_maxf(1, wide * 0.3f),
                             .seed = wn_world_seed(w)};
            wn_canvas_line(&w->canvas, foot, wn_point_at(foot.x + lean, -5), wide, wide * 0.7f, &bark);
            wn_prop_tree(w, wn_vector_at(x, 3.5f, z), wn_world_range(w, 6, 9), wn_world_seed(w), autumn);
        } else
            wn_prop_tree(w, at, wn_world_range(w, 6, 14), wn_world_seed(w), autumn);
    }
    if (wn_world_chance(w, 0.15f)) wn_prop_person(w, wn_vector_at(p.sway * sinf(1.2f), 0, 10), 0);
}

const wn_scene_class wn_scene_class_forest = {"forest", "a wood", "DSC", 12, false, 0.6f, paint_forest};
