/* SPDX-License-Identifier: Apache-2.0
 *
 * A street in a town with a zebra crossing and people on it, waiting cars, traffic lights and house fronts.
 */
#include "scenes/ground.h"
#include "scenes/props.h"
#include "scenes/scene_class.h"

typedef struct street {
    const wn_world *world;
    wn_ground tar, pavement;
    float half, zebra_near, zebra_far, stripe, shift;
    wn_colour paint;
} street;

static wn_colour street_shader(const void *context, float x, float y, float *opacity)
{
    const street *s = context;
    float right, depth, footprint;
    (void)opacity;
    wn_ground_at(s->world, x, y, &right, &depth, &footprint);
    float pixel = depth / s->world->focal, off = right - s->shift;
    float inside = wn_clampf(0.5f + (s->half - fabsf(off)) / pixel, 0, 1);
    wn_colour slab = {0};
    if (inside < 1) {
        float joint = fabsf(right / 0.6f - floorf(right / 0.6f) - 0.5f) > 0.47f ? 0.85f : 1.0f;
        slab = wn_colour_scale(wn_ground_colour(&s->pavement, right, depth, footprint), pixel < 0.05f ? joint : 0.98f);
        if (inside <= 0) return slab;
    }
    wn_colour tar = wn_ground_colour(&s->tar, right, depth, footprint);
    float edge = wn_minf(depth - s->zebra_near, s->zebra_far - depth);
    float phase = off / (2.0f * s->stripe), share = fabsf(phase - floorf(phase) - 0.5f) * 4.0f * s->stripe - s->stripe;
    float stripe = wn_clampf(0.5f + edge / footprint, 0, 1) * wn_clampf(0.5f + 0.5f * share / pixel, 0, 1);
    float lane = wn_clampf(0.5f + (0.08f - fabsf(off)) / pixel, 0, 1) * (edge < -1.5f ? 1.0f : 0.0f);
    tar = wn_colour_mix(tar, wn_world_air(s->world, s->paint, depth), 0.85f * wn_maxf(stripe, lane));
    if (s->world->wet) tar = wn_colour_mix(tar, s->world->rim, 0.3f * wn_clampf(depth / 25.0f, 0.1f, 1));
    return wn_colour_mix(slab, tar, inside);
}

static void traffic_light(wn_world *w, wn_vector base)
{
    static const unsigned lights[] = {0xff3020, 0xffb020, 0x30e070};
    wn_world_box(w, base, wn_vector_at(0.14f, 3.0f, 0.14f), 0, wn_colour_hex(0x3a3d40), wn_colour_hex(0x3a3d40));
    base.y = 2.6f;
    wn_world_box(w, base, wn_vector_at(0.36f, 1.0f, 0.3f), 0, wn_colour_hex(0x17191a), wn_colour_hex(0x222222));
    int lit = wn_world_pick(w, 3);
    for (int i = 0; i < 3; i++) {
        wn_point at;
        wn_vector lamp = wn_vector_at(base.x, 3.45f - 0.32f * (float)i, base.z - 0.17f);
        if (!wn_world_project(w, lamp, &at)) return;
        wn_paint paint = wn_paint_flat(wn_colour_scale(wn_colour_hex(lights[i]), i == lit ? 1.3f : 0.06f));
        wn_canvas_ellipse(&w->canvas, at, 0.11f * wn_world_scale(w, lamp.z), 0.11f * wn_world_scale(w, lamp.z), 0,
                          &paint);
        if (i == lit) wn_world_lamp(w, lamp, 0.25f, wn_colour_hex(lights[i]));
    }
}

static void fronts(wn_world *w, const street *s)
{
    float first = s->half + wn_world_range(w, 2.5f, 5.0f);
    wn_prop_skyline(w, w->width * 0.2f, w->width * 0.8f, w->horizon + 2, w->height * wn_world_range(w, 0.1f, 0.3f),
                    220);
    for (float z = 130; z > 12;) {
        float length = wn_world_range(w, 10, 22);
        z -= length;
        for (int side = -1; side <= 1; side += 2) {
            float deep = wn_world_range(w, 10, 16), floor_height = wn_world_range(w, 2.9f, 3.6f);
            int floors = 2 + wn_world_pick(w, 6);
            if (wn_world_chance(w, 0.12f)) continue;
            wn_vector base = wn_vector_at(s->shift + (float)side * (first + 0.5f * deep), 0, z + 0.5f * length);
            if (base.z - 0.5f * length < 4) continue;
            wn_prop_block(w, base, wn_vector_at(deep, floor_height * (float)floors, length * 0.98f), 0, floors);
        }
    }
}

static void people(wn_world *w, const street *s)
{
    int count = wn_world_pick(w, 9), waiting = wn_world_pick(w, 6);
    for (int i = 0; i < count; i++) {
        float z = s->zebra_far - (s->zebra_far - s->zebra_near) * ((float)i + wn_rng_uniform(&w->rng)) / (float)count;
        wn_prop_person(w, wn_vector_at(s->shift + wn_world_range(w, -s->half - 1, s->half + 1), 0, z),
                       wn_world_chance(w, 0.5f) ? 1.0f : -1.0f);
    }
    for (int i = 0; i < waiting; i++) {
        float side = wn_world_chance(w, 0.5f) ? 1.0f : -1.0f;
        wn_prop_person(w,
                       wn_vector_at(s->shift + side * (s->half + wn_world_range(w, 0.5f, 2.2f)), 0,
                                    wn_world_range(w, wn_maxf(3.5f, s->zebra_near - 2), s->zebra_far)),
                       0);
    }
}

static void paint_crossing(wn_world *w)
{
    wn_world_aim(w, wn_world_range(w, 1.4f, 3.6f), wn_world_range(w, 0.3f, 0.52f), wn_world_range(w, 50, 80));
    street s = {.world = w,
                .half = wn_world_range(w, 3.2f, 7),
                .stripe = wn_world_range(w, 0.35f, 0.6f),
                .shift = wn_world_range(w, -2.5f, 2.5f)};
    s.zebra_near = wn_world_range(w, 4.0f, 9.0f);
    s.zebra_far = s.zebra_near + wn_world_range(w, 3, 5);
    /* By night the lamps and windows of a street light all of it a little. */
    if (w->time == WN_TIME_NIGHT)
        w->skylight =
            wn_colour_add(w->skylight, wn_colour_scale(wn_colour_hex(0xffc890), wn_world_range(w, 0.05f, 0.22f)));
    bool snowy = w->snowy;
    w->snowy = snowy && wn_world_chance(w, 0.3f);
    s.tar = wn_ground_of(w, w->wet ? 0x3e4043 : 0x5f6064, w->wet ? 0x4b4d50 : 0x6c6d72, 1.8f, 0.16f);
    s.pavement = wn_ground_of(w, 0x9a958c, 0x86827a, 1.2f, 0.12f);
    w->snowy = snowy;
    s.paint = wn_world_light(w, wn_colour_hex(wn_world_chance(w, 0.12f) ? 0xe0b840 : 0xe2e2e0), wn_vector_at(0, 1, 0));
    wn_world_sky(w, w->horizon + 1);
    wn_canvas_rows(&w->canvas, (int)w->horizon, w->canvas.height, street_shader, &s);
    fronts(w, &s);
    for (float z = 90; z > s.zebra_far + 4; z *= wn_world_range(w, 0.6f, 0.8f)) {
        if (wn_world_chance(w, 0.4f))
            wn_prop_street_lamp(
                w, wn_vector_at(s.shift + (s.half + 0.7f) * (wn_world_chance(w, 0.5f) ? 1.0f : -1.0f), 0, z), 6.5f);
        if (wn_world_chance(w, 0.3f))
            wn_prop_tree(w, wn_vector_at(s.shift + (s.half + 1.8f) * (wn_world_chance(w, 0.5f) ? 1.0f : -1.0f), 0, z),
                         wn_world_range(w, 4.5f, 7), wn_world_seed(w), false);
        if (wn_world_chance(w, 0.5f)) wn_prop_vehicle(w, wn_vector_at(s.shift + 0.5f * s.half, 0, z), 0, -1);
        if (wn_world_chance(w, 0.5f)) wn_prop_vehicle(w, wn_vector_at(s.shift - 0.5f * s.half, 0, z), WN_PI_F, -1);
    }
    if (wn_world_chance(w, 0.6f))
        wn_prop_vehicle(w, wn_vector_at(s.shift - 0.5f * s.half, 0, s.zebra_far + wn_world_range(w, 3.5f, 6)), WN_PI_F,
                        -1);
    if (wn_world_chance(w, 0.7f)) traffic_light(w, wn_vector_at(s.shift - s.half - 0.5f, 0, s.zebra_far));
    if (wn_world_chance(w, 0.7f)) traffic_light(w, wn_vector_at(s.shift + s.half + 0.5f, 0, s.zebra_far));
    people(w, &s);
    if (wn_world_chance(w, 0.12f))
        wn_prop_vehicle(
            w, wn_vector_at(s.shift + wn_world_range(w, -2, 2), 0, s.zebra_near - 0.5f > 4.5f ? s.zebra_near : 5.0f),
            wn_world_chance(w, 0.5f) ? 1.57f : -1.57f, -1);
}

const wn_scene_class wn_scene_class_crossing = {"crossing",    "people on a zebra crossing", "street", 14, false, 1.2f,
                                                paint_crossing};
