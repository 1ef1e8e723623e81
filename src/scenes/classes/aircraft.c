/* SPDX-License-Identifier: Apache-2.0
 *
 * Aeroplanes in the air, from any side: rings along a fuselage, wings and tail, turned in space and drawn from far to
 * near.
 */
#include "scenes/ground.h"
#include "scenes/noise.h"
#include "scenes/props.h"
#include "scenes/scene_class.h"

enum { MAX_PANELS = 420 };

typedef struct panel {
    wn_vector corners[4];
    wn_colour colour;
    float depth;
} panel;

typedef struct plane {
    wn_world *world;
    wn_vector right, up, ahead; /* axes of the aeroplane in the world */
    wn_vector at;
    panel panels[MAX_PANELS];
    int count;
} plane;

static wn_vector place(const plane *p, float right, float up, float ahead)
{
    return wn_vector_at(p->at.x + p->right.x * right + p->up.x * up + p->ahead.x * ahead,
                        p->at.y + p->right.y * right + p->up.y * up + p->ahead.y * ahead,
                        p->at.z + p->right.z * right + p->up.z * up + p->ahead.z * ahead);
}

static void add_panel(plane *p, const wn_vector corners[4], wn_colour colour)
{
    if (p->count == MAX_PANELS) return;
    panel *q = &p->panels[p->count++];
    q->colour = colour, q->depth = 0;
    for (int i = 0; i < 4; i++) q->corners[i] = corners[i], q->depth += 0.25f * corners[i].z;
}

/* A thin wing: root and tip given as (right, up, ahead, chord). */
static void add_wing(plane *p, const float root[4], const float tip[4], wn_colour colour)
{
    for (int i = 0; i < 6; i++) {
        float s = (float)i / 6, t = (float)(i + 1) / 6, a[4], b[4];
        for (int k = 0; k < 4; k++) a[k] = wn_mixf(root[k], tip[k], s), b[k] = wn_mixf(root[k], tip[k], t);
        const wn_vector corners[4] = {place(p, a[0], a[1], a[2]), place(p, b[0], b[1], b[2]),
                                      place(p, b[0], b[1], b[2] - b[3]), place(p, a[0], a[1], a[2] - a[3])};
        add_panel(p, corners, colour);
    }
}

/* A tube of rings about an axis parallel to the fuselage: outline in (ahead, radius). */
static void add_tube(plane *p, float right, float up, const wn_point *outline, int n, int sides, wn_colour top,
                     wn_colour belly, wn_colour stripe)
{
    for (int i = 0; i + 1 < n; i++)
        for (int k = 0; k < sides; k++) {
            float a = 2 * WN_PI_F * (float)k / (float)sides, b = 2 * WN_PI_F * (float)(k + 1) / (float)sides;
            float r0 = outline[i].y, r1 = outline[i + 1].y, middle = sinf(0.5f * (a + b));
            const wn_vector corners[4] = {place(p, right + r0 * cosf(a), up + r0 * sinf(a), outline[i].x),
                                          place(p, right + r0 * cosf(b), up + r0 * sinf(b), outline[i].x),
                                          place(p, right + r1 * cosf(b), up + r1 * sinf(b), outline[i + 1].x),
                                          place(p, right + r1 * cosf(a), up + r1 * sinf(a), outline[i + 1].x)};
            add_panel(p, corners, middle > 0.25f ? top : middle > -0.1f ? stripe : belly);
        }
}

static void draw(plane *p)
{
    for (int i = 1; i < p->count; i++) {
        panel moving = p->panels[i];
        int j = i;
        for (; j > 0 && p->panels[j - 1].depth < moving.depth; j--) p->panels[j] = p->panels[j - 1];
        p->panels[j] = moving;
    }
    for (int i = 0; i < p->count; i++)
        wn_world_polygon(p->world, p->panels[i].corners, 4, p->panels[i].colour, (wn_colour){0}, 0.02f);
}

static void turn_axes(plane *p, float yaw, float pitch, float roll)
{
    float cy = cosf(yaw), sy = sinf(yaw), cp = cosf(pitch), sp = sinf(pitch), cr = cosf(roll), sr = sinf(roll);
    p->ahead = wn_vector_at(sy * cp, sp, cy * cp);
    wn_vector right = wn_vector_at(cy, 0, -sy), up = wn_vector_at(-sy * sp, cp, -cy * sp);
    p->right = wn_vector_at(right.x * cr + up.x * sr, right.y * cr + up.y * sr, right.z * cr + up.z * sr);
    p->up = wn_vector_at(up.x * cr - right.x * sr, up.y * cr - right.y * sr, up.z * cr - right.z * sr);
}

static void build(plane *p, bool jet, wn_colour body, wn_colour accent)
{
    static const wn_point liner[] = {{19, 0.1f}, {18.2f, 1.0f}, {16.5f, 1.7f}, {14, 2.0f},
                                     {-8, 2.0f}, {-13, 1.5f},   {-18, 0.5f},   {-19, 0.2f}};
    static const wn_point small[] = {{4.2f, 0.1f}, {3.9f, 0.5f},   {2.4f, 0.65f},
                                     {0.5f, 0.8f}, {-1.5f, 0.55f}, {-4.4f, 0.12f}};
    static const wn_point engine[] = {{3.2f, 0.8f}, {2.6f, 1.0f}, {-0.6f, 0.95f}, {-1.6f, 0.45f}};
    wn_colour grey = wn_colour_hex(0xb9bec4), dark = wn_colour_hex(0x2a3036);
    wn_world *w = p->world;
    if (jet) {
        float sweep = wn_world_range(w, 5, 9), span = wn_world_range(w, 15, 19);
        add_tube(p, 0, 0, liner, 8, 12, body, wn_colour_scale(body, 0.85f), wn_world_chance(w, 0.5f) ? accent : body);
        for (int side = -1; side <= 1; side += 2) {
            float s = (float)side;
            const float root[4] = {1.6f * s, -0.8f, 4.5f, 7}, tip[4] = {span * s, 0.8f, 4.5f - sweep, 1.8f};
            const float tail_root[4] = {0.6f * s, 0.6f, -13.5f, 3.4f}, tail_tip[4] = {6.5f * s, 1.2f, -16.5f, 1.3f};
            add_wing(p, root, tip, grey);
            add_wing(p, tail_root, tail_tip, grey);
            add_tube(p, 6 * s, -2.0f, engine, 4, 8, accent, grey, grey);
        }
        const float fin_root[4] = {0, 1.3f, -11.5f, 5}, fin_tip[4] = {0, 7.2f, -16, 2.2f};
        add_wing(p, fin_root, fin_tip, accent);
        for (float z = 12; z > -9; z -= 1.6f)
            for (int side = -1; side <= 1; side += 2) {
                float s = 2.02f * (float)side;
                const wn_vector corners[4] = {place(p, s, 0.35f, z), place(p, s, 0.35f, z - 0.7f),
                                              place(p, s, 0.85f, z - 0.7f), place(p, s, 0.85f, z)};
                add_panel(p, corners, dark);
            }
        return;
    }
    float high = wn_world_chance(w, 0.6f) ? 0.95f : -0.4f;
    add_tube(p, 0, 0, small, 6, 10, body, wn_colour_scale(body, 0.8f), accent);
    for (int side = -1; side <= 1; side += 2) {
        const float root[4] = {0, high, 1.6f, 1.6f}, tip[4] = {5.4f * (float)side, high + 0.2f, 1.5f, 1.3f};
        const float tail_root[4] = {0, 0.15f, -3.4f, 1.0f}, tail_tip[4] = {1.7f * (float)side, 0.15f, -3.6f, 0.7f};
        add_wing(p, root, tip, body);
        add_wing(p, tail_root, tail_tip, body);
    }
    const float fin_root[4] = {0, 0.2f, -3.0f, 1.3f}, fin_tip[4] = {0, 1.7f, -3.9f, 0.7f};
    add_wing(p, fin_root, fin_tip, accent);
}

static void paint_aircraft(wn_world *w)
{
    static const unsigned liveries[] = {0x1f4f8f, 0xb52f2f, 0x2f7a5a, 0xd98a2f, 0x4a3f7a, 0x2a2e36};
    plane p = {.world = w};
    bool jet = wn_world_chance(w, 0.7f), low = wn_world_chance(w, 0.45f);
    if (w->weather == WN_WEATHER_FOG) w->haze_per_metre = 0.006f;
    wn_world_aim(w, 2, low ? wn_world_range(w, 0.75f, 0.92f) : wn_world_range(w, 1.15f, 2.0f),
                 wn_world_range(w, 25, 45));
    wn_world_sky(w, w->height);
    if (low) {
        if (wn_world_chance(w, 0.5f)) {
            wn_range hills = {w->horizon + 2,          w->height * 0.1f,       900, 0.3f, 2,
                              wn_colour_hex(0x6a7060), wn_colour_hex(0x566a44)};
            wn_ground_range(w, &hills);
        }
        wn_ground grass = wn_ground_of(w, 0x6f8048, 0x8a8a56, 8, 0.3f);
        wn_ground_paint(w, &grass);
        for (float x = -0.55f; x < 0.55f; x += wn_world_range(w, 0.02f, 0.1f))
            wn_prop_tree(w, wn_vector_at(x * w->width / wn_world_scale(w, 190), 0, 190), wn_world_range(w, 4, 9),
                         wn_world_seed(w), false);
    }
    float length = jet ? 38 : 9, seen = wn_world_range(w, 0.3f, 0.75f) * wn_minf(w->width, w->height);
    float z = w->focal * length / seen, px = wn_world_range(w, 0.32f, 0.68f) * w->width,
          py = wn_world_range(w, 0.28f, low ? 0.5f : 0.65f) * w->height;
    p.at = wn_vector_at((px - 0.5f * w->width) * z / w->focal, w->eye + (w->horizon - py) * z / w->focal, z);
    turn_axes(&p, wn_world_range(w, -3.1f, 3.1f), wn_world_range(w, -0.15f, 0.3f), wn_world_range(w, -0.5f, 0.5f));
    wn_colour accent = wn_world_choose(w, liveries, 6);
    w->skylight = wn_colour_scale(w->skylight, 1.1f);
    w->haze_per_metre = wn_minf(w->haze_per_metre, 0.0012f);
    build(&p, jet, wn_world_chance(w, 0.75f) ? wn_colour_hex(0xe8e8e6) : accent, accent);
    draw(&p);
    const float span = jet ? 16.0f : 5.4f;
    wn_world_lamp(w, place(&p, span, 0.5f, 0), 0.8f, (wn_colour){0.2f, 1.2f, 0.3f});
    wn_world_lamp(w, place(&p, -span, 0.5f, 0), 0.8f, (wn_colour){1.2f, 0.15f, 0.1f});
    wn_world_lamp(w, place(&p, 0, -1, jet ? 19.0f : 4.0f), 1.2f, (wn_colour){1.3f, 1.2f, 1.0f});
}

const wn_scene_class wn_scene_class_aircraft = {"aircraft",    "an aeroplane in the air", "DSC", 4, false, 0.6f,
                                                paint_aircraft};
