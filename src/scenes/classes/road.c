/* SPDX-License-Identifier: Apache-2.0
 *
 * A road through the country or along a town, seen by a driver or from a bridge, with traffic.
 */
#include "scenes/ground.h"
#include "scenes/noise.h"
#include "scenes/props.h"
#include "scenes/scene_class.h"

typedef struct road {
    const wn_world *world;
    wn_ground ground, tar, shoulder;
    float bend, width, lane, offset;
    float beam; /* strength of the headlights of the camera's own car */
    wn_colour paint;
    bool dashed;
} road;

/* Middle of the road at a depth. */
static float middle(const road *r, float depth)
{
    return r->offset + r->bend * depth * depth * 0.001f;
}

static float edge_share(float from_edge, float blur)
{
    return wn_clampf(0.5f + from_edge / wn_maxf(blur, 0.01f), 0.0f, 1.0f);
}

/* By night the road shows in the lights of the car that the camera sits in. */
static wn_colour in_beam(const road *r, float right, float depth, wn_colour colour)
{
    if (r->beam <= 0) return colour;
    float wide = 1.4f + 0.16f * depth, side = right / wide, far = (depth - 9.0f) / 13.0f;
    float light = r->beam * expf(-side * side) * (depth < 9 ? wn_stepf(1, 9, depth) : expf(-far * far));
    return wn_colour_times(colour, (wn_colour){1 + light, 1 + 0.93f * light, 1 + 0.75f * light});
}

static wn_colour road_shader(const void *context, float x, float y, float *opacity)
{
    const road *r = context;
    float right, depth, footprint;
    (void)opacity;
    wn_ground_at(r->world, x, y, &right, &depth, &footprint);
    float off = right - middle(r, depth), half = 0.5f * r->width, pixel = depth / r->world->focal;
    float inside = edge_share(half - fabsf(off), pixel), near = edge_share(half + 1.2f - fabsf(off), pixel + 0.5f);
    wn_colour colour = {0};
    if (near < 1) colour = wn_ground_colour(&r->ground, right, depth, footprint);
    if (near > 0 && inside < 1)
        colour = wn_colour_mix(colour, wn_ground_colour(&r->shoulder, right, depth, footprint), near);
    if (inside <= 0) return in_beam(r, right, depth, colour);
    wn_colour tar = wn_ground_colour(&r->tar, off, depth * 0.3f, footprint);
    float track = expf(-20.0f * powf(fabsf(fabsf(off) - 0.5f * r->lane) - 0.75f, 2.0f));
    tar = wn_colour_scale(tar, 1.0f - 0.12f * track);
    float line = edge_share(0.07f - fabsf(fabsf(off) - half + 0.3f), pixel);
    float dash = depth / 9.0f - floorf(depth / 9.0f) < 0.4f || !r->dashed ? 1.0f : 0.0f;
    if (footprint > 5.0f) dash = r->dashed ? 0.4f : 1.0f;
    for (float at = -half + 0.3f + r->lane; at < half - 1.0f; at += r->lane)
        line = wn_maxf(line, dash * edge_share(0.07f - fabsf(off - at), pixel));
    tar =
        wn_colour_mix(tar, wn_world_air(r->world, r->paint, depth), 0.85f * line * wn_minf(1.0f, 0.16f / pixel + 0.2f));
    if (r->world->wet) {
        wn_colour sky = wn_world_sky_at(r->world, x, 2.0f * r->world->horizon - y);
        tar = wn_colour_mix(tar, sky, 0.35f * wn_clampf(depth / 30.0f, 0.1f, 1.0f));
    }
    return in_beam(r, right, depth, wn_colour_mix(colour, tar, inside));
}

static void roadside(wn_world *w, const road *r, float depth, int kind)
{
    for (int side = -1; side <= 1; side += 2) {
        float x = middle(r, depth) + (float)side * (0.5f * r->width + wn_world_range(w, 3.0f, 14.0f));
        wn_vector at = wn_vector_at(x, 0, depth);
        if (kind == 0 && wn_world_chance(w, 0.75f))
            wn_prop_tree(w, at, wn_world_range(w, 5, 11), wn_world_seed(w), false);
        if (kind == 1 && wn_world_chance(w, 0.8f)) wn_prop_conifer(w, at, wn_world_range(w, 7, 16));
        if (kind == 2 && wn_world_chance(w, 0.55f))
            wn_prop_house(w, wn_vector_at(x + 9.0f * (float)side, 0, depth), wn_world_range(w, 7, 11),
                          wn_world_range(w, 8, 14), wn_world_chance(w, 0.5f) ? 0 : 1.57f);
        if (kind == 3 && wn_world_chance(w, 0.5f)) wn_prop_bush(w, at, wn_world_range(w, 0.6f, 1.8f));
        if (wn_world_chance(w, 0.2f))
            wn_prop_bush(w, wn_vector_at(x + 3 * (float)side, 0, depth), wn_world_range(w, 0.5f, 1.3f));
    }
}

static void rail(wn_world *w, const road *r, float side)
{
    wn_paint paint = wn_paint_flat((wn_colour){0});
    for (float z = 70; z > 4; z *= 0.9f) {
        wn_point a, b, foot;
        float xa = middle(r, z) + side * (0.5f * r->width + 0.7f), zb = z * 0.9f;
        float xb = middle(r, zb) + side * (0.5f * r->width + 0.7f);
        if (!wn_world_project(w, wn_vector_at(xa, 0.7f, z), &a) || !wn_world_project(w, wn_vector_at(xb, 0.7f, zb), &b))
            continue;
        (void)wn_world_project(w, wn_vector_at(xa, 0, z), &foot);
        paint.start = paint.end = wn_world_flat(w, wn_colour_hex(0x9a9ea2), z);
        float wide = 0.3f * wn_world_scale(w, z);
        wn_canvas_line(&w->canvas, a, foot, wide * 0.35f, wide * 0.35f, &paint);
        wn_canvas_line(&w->canvas, a, b, wide, 0.3f * wn_world_scale(w, zb), &paint);
    }
}

static void paint_road(wn_world *w)
{
    static const unsigned grass[][2] = {
        {0x6f8a45, 0x8f9a55}, {0x5a7a3c, 0x7c8f4a}, {0xa39a62, 0x857f4e}, {0x4f6b38, 0x6a7f42}};
    bool bridge = wn_world_chance(w, 0.25f);
    wn_world_aim(w, bridge ? wn_world_range(w, 4, 9) : wn_world_range(w, 1.1f, 2.4f),
                 wn_world_range(w, bridge ? 0.22f : 0.36f, bridge ? 0.4f : 0.58f), wn_world_range(w, 42, 75));
    int lanes = 2 + wn_world_pick(w, 3), green = wn_world_pick(w, 4);
    road r = {.world = w, .lane = wn_world_range(w, 3.1f, 3.7f), .bend = wn_world_range(w, -2.2f, 2.2f)};
    r.width = r.lane * (float)lanes + 0.6f;
    r.offset = wn_world_range(w, -0.35f, 0.35f) * r.width;
    r.beam = w->time == WN_TIME_NIGHT && !bridge ? wn_world_range(w, 6, 18) : 0;
    r.dashed = wn_world_chance(w, 0.8f);
    r.ground = wn_ground_of(w, grass[green][0], grass[green][1], wn_world_range(w, 2, 9), 0.35f);
    bool snowy = w->snowy;
    w->snowy = snowy && wn_world_chance(w, 0.4f);
    r.tar = wn_ground_of(w, w->wet ? 0x3c3e41 : 0x65666a, w->wet ? 0x4a4c4f : 0x74757a, 1.5f, 0.16f);
    r.shoulder = wn_ground_of(w, 0x8a8272, 0x77705f, 0.8f, 0.3f);
    w->snowy = snowy;
    r.paint = wn_world_light(w, wn_colour_hex(wn_world_chance(w, 0.2f) ? 0xe3c34a : 0xdedede), wn_vector_at(0, 1, 0));
    wn_world_sky(w, w->horizon + 1);
    if (wn_world_chance(w, 0.6f)) {
        wn_range hills = {w->horizon + 2,
                          w->height * wn_world_range(w, 0.05f, 0.2f),
                          wn_world_range(w, 250, 900),
                          wn_world_range(w, 0, 0.6f),
                          2,
                          wn_colour_hex(0x6a6f5c),
                          wn_colour_hex(0x4f6a3f)};
        wn_ground_range(w, &hills);
    } else if (wn_world_chance(w, 0.4f)) {
        wn_prop_skyline(w, 0, w->width, w->horizon + 2, w->height * wn_world_range(w, 0.06f, 0.16f), 400);
    }
    wn_canvas_rows(&w->canvas, (int)w->horizon, w->canvas.height, road_shader, &r);
    int side = wn_world_pick(w, 5), cars = wn_world_pick(w, 3) * wn_world_pick(w, 5);
    bool lamps = wn_world_chance(w, 0.35f);
    if (wn_world_chance(w, 0.35f)) rail(w, &r, -1), rail(w, &r, 1);
    float next_car = cars ? wn_world_range(w, 40, 110) : 0.0f;
    for (float z = 120; z > 5; z *= wn_world_range(w, 0.84f, 0.93f)) {
        roadside(w, &r, z, side);
        if (lamps && wn_world_chance(w, 0.5f))
            wn_prop_street_lamp(
                w,
                wn_vector_at(middle(&r, z) + (0.5f * r.width + 1.0f) * (wn_world_chance(w, 0.5f) ? 1.0f : -1.0f), 0, z),
                8);
        while (cars > 0 && next_car > z && next_car > 6.5f) {
            int lane = wn_world_pick(w, lanes);
            bool oncoming = lane < lanes / 2;
            float at = middle(&r, next_car) - 0.5f * r.width + 0.3f + ((float)lane + 0.5f) * r.lane;
            float turn = 0.002f * r.bend * next_car;
            wn_prop_vehicle(w, wn_vector_at(at + wn_world_range(w, -0.3f, 0.3f), 0, next_car),
                            atanf(turn) + (oncoming ? WN_PI_F : 0), -1);
            next_car *= wn_world_range(w, 0.5f, 0.85f);
            cars--;
        }
    }
}

const wn_scene_class wn_scene_class_road = {"road", "a road with traffic", "IMG", 18, false, 1.2f, paint_road};
