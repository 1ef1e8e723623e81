/* SPDX-License-Identifier: Apache-2.0
 *
 * Cars, vans, trucks and buses as drawn-out side views: a body, a cabin of glass, wheels and lamps.
 */
#include "scenes/props.h"

static const unsigned paints[] = {0xd9dbdc, 0xb8bcc0, 0x2a2c30, 0x17181b, 0x8f1d1d, 0x1f3f7a, 0x5b6470,
                                  0xe8e6df, 0x2e5a3a, 0xb98a2f, 0x3b6ea5, 0x7b2d26, 0xc4472b, 0x4a4f57};

/* Sizes of a kind, in metres. Profile coordinates are fractions of length and height. */
typedef struct shape {
    float length, width, height, wheel;
    int body_len, cabin_len;
    wn_point body[8], cabin[8];
} shape;

static const shape shapes[] = {
    {4.5f,
     1.78f,
     1.45f,
     0.33f,
     6,
     4,
     {{-0.5f, 0.16f}, {0.5f, 0.16f}, {0.5f, 0.5f}, {0.28f, 0.63f}, {-0.36f, 0.66f}, {-0.5f, 0.6f}},
     {{-0.36f, 0.64f}, {0.26f, 0.62f}, {0.08f, 1.0f}, {-0.2f, 1.0f}}},
    {4.0f,
     1.74f,
     1.5f,
     0.32f,
     5,
     4,
     {{-0.5f, 0.16f}, {0.5f, 0.16f}, {0.5f, 0.5f}, {0.27f, 0.62f}, {-0.5f, 0.64f}},
     {{-0.5f, 0.62f}, {0.26f, 0.61f}, {0.07f, 1.0f}, {-0.4f, 0.98f}}},
    {4.7f,
     1.92f,
     1.78f,
     0.38f,
     5,
     4,
     {{-0.5f, 0.19f}, {0.5f, 0.19f}, {0.5f, 0.56f}, {0.26f, 0.63f}, {-0.5f, 0.62f}},
     {{-0.5f, 0.6f}, {0.25f, 0.62f}, {0.12f, 1.0f}, {-0.44f, 1.0f}}},
    {5.3f,
     2.0f,
     2.4f,
     0.36f,
     6,
     0,
     {{-0.5f, 0.13f}, {0.5f, 0.13f}, {0.5f, 0.44f}, {0.4f, 0.56f}, {0.28f, 1.0f}, {-0.5f, 1.0f}},
     {{0, 0}}},
    {8.5f, 2.45f, 3.4f, 0.5f, 4, 0, {{-0.5f, 0.3f}, {0.22f, 0.3f}, {0.22f, 1.0f}, {-0.5f, 1.0f}}, {{0, 0}}},
    {11.5f,
     2.5f,
     3.1f,
     0.5f,
     5,
     0,
     {{-0.5f, 0.11f}, {0.5f, 0.11f}, {0.5f, 0.6f}, {0.48f, 1.0f}, {-0.5f, 1.0f}},
     {{0, 0}}},
};

/* A polygon on the side plane of a vehicle; both sides are tried and only the seen one is drawn. */
static void side_patch(wn_world *w, wn_vector base, float yaw, float half, const wn_point *points, int n,
                       wn_colour colour, wn_colour glow)
{
    wn_vector corners[16];
    wn_vector right = wn_world_turn(wn_vector_at(0, 0, 0), yaw, 1, 0, 0);
    wn_vector to_eye = wn_vector_subtract(wn_vector_at(0, w->eye, 0), base);
    float side = wn_vector_dot(right, to_eye) > 0 ? 1.0f : -1.0f;
    if (fabsf(wn_vector_dot(right, to_eye)) < half) return;
    for (int i = 0; i < n; i++) corners[i] = wn_world_turn(base, yaw, side * half, points[i].y, points[i].x);
    wn_world_polygon(w, corners, n, colour, glow, 0.0f);
}

/* Tyres as seen from the end, drawn before the body. */
static void tyres(wn_world *w, wn_vector base, float yaw, const shape *s, float along)
{
    for (int side = -1; side <= 1; side += 2)
        wn_world_box(w, wn_world_turn(base, yaw, (float)side * 0.38f * s->width, 0, along),
                     wn_vector_at(0.2f, 1.2f * s->wheel, 1.2f * s->wheel), yaw, wn_colour_hex(0x101010),
                     wn_colour_hex(0x101010));
}

/* Tyre and rim on the side that is seen, drawn after the body. */
static void wheel(wn_world *w, wn_vector base, float yaw, const shape *s, float along)
{
    for (int ring = 0; ring < 2; ring++) {
        wn_point points[12];
        float radius = s->wheel * (ring ? 0.58f : 1.0f);
        for (int i = 0; i < 12; i++) {
            float a = 2.0f * WN_PI_F * (float)i / 12.0f;
            points[i] = wn_point_at(along + radius * cosf(a), s->wheel + radius * sinf(a));
        }
        side_patch(w, base, yaw, 0.5f * s->width + 0.02f, points, 12, wn_colour_hex(ring ? 0x75787b : 0x121212),
                   (wn_colour){0});
    }
}

/* A patch on the front (end = 1) or the back (end = -1), in fractions of width and height. */
static void end_patch(wn_world *w, wn_vector base, float yaw, const shape *s, float end, wn_point low, wn_point high,
                      float lean, wn_colour colour, wn_colour glow)
{
    float z = end * (0.5f * s->length + 0.02f), half = 0.5f * s->width;
    wn_vector out = wn_world_turn(wn_vector_at(0, 0, 0), yaw, 0, 0, end);
    wn_vector place = wn_world_turn(base, yaw, 0, 0, z);
    if (wn_vector_dot(out, wn_vector_subtract(wn_vector_at(0, w->eye, 0), place)) < 0) return;
    const wn_vector corners[4] = {wn_world_turn(base, yaw, low.x * half, low.y * s->height, z),
                                  wn_world_turn(base, yaw, high.x * half, low.y * s->height, z),
                                  wn_world_turn(base, yaw, high.x * half, high.y * s->height, z - end * lean),
                                  wn_world_turn(base, yaw, low.x * half, high.y * s->height, z - end * lean)};
    wn_world_polygon(w, corners, 4, colour, glow, 0.0f);
}

static void lamps(wn_world *w, wn_vector base, float yaw, const shape *s)
{
    bool lit = w->time != WN_TIME_DAY || w->weather >= WN_WEATHER_RAIN;
    float y0 = s->height > 2 ? 0.2f : 0.42f, y1 = y0 + (s->height > 2 ? 0.06f : 0.1f);
    for (int side = -1; side <= 1; side += 2) {
        float x0 = 0.62f * (float)side, x1 = 0.95f * (float)side;
        end_patch(w, base, yaw, s, -1, wn_point_at(x0, y0), wn_point_at(x1, y1), 0, wn_colour_hex(0x8f1010),
                  lit ? (wn_colour){0.7f, 0.02f, 0.02f} : (wn_colour){0});
        end_patch(w, base, yaw, s, 1, wn_point_at(x0, y0), wn_point_at(x1, y1), 0, wn_colour_hex(0xdde4ea),
                  lit ? (wn_colour){1.2f, 1.15f, 0.95f} : (wn_colour){0});
        for (int end = -1; end <= 1 && lit; end += 2) {
            wn_vector at = wn_world_turn(base, yaw, 0.4f * (float)side * s->width, 0.45f * (y0 + y1) * s->height,
                                         (float)end * 0.5f * s->length);
            wn_vector out = wn_world_turn(wn_vector_at(0, 0, 0), yaw, 0, 0, (float)end);
            if (wn_vector_dot(out, wn_vector_subtract(wn_vector_at(0, w->eye, 0), at)) < 0.3f) continue;
            wn_colour light = end > 0 ? (wn_colour){1.1f, 1.0f, 0.8f} : (wn_colour){0.8f, 0.04f, 0.03f};
            wn_world_lamp(w, at, end > 0 ? 0.35f : 0.2f, light);
        }
    }
    end_patch(w, base, yaw, s, -1, wn_point_at(-0.28f, y0 - 0.08f), wn_point_at(0.28f, y0), 0, wn_colour_hex(0xe8e8e0),
              (wn_colour){0});
    end_patch(w, base, yaw, s, 1, wn_point_at(-0.4f, y0 - 0.14f), wn_point_at(0.4f, y0 - 0.02f), 0,
              wn_colour_hex(0x202225), (wn_colour){0});
}

static void body(wn_world *w, wn_vector base, float yaw, const shape *s, wn_colour paint)
{
    wn_point points[8];
    wn_colour colours[8];
    for (int i = 0; i < s->body_len; i++) {
        points[i] = wn_point_at(s->body[i].x * s->length, s->body[i].y * s->height);
        colours[i] = i == 0 ? wn_colour_hex(0x101010) : paint;
    }
    wn_world_extrude(w, base, yaw, points, s->body_len, s->width, colours, paint);
}

static void cabin(wn_world *w, wn_vector base, float yaw, const shape *s, wn_colour paint, wn_colour glass)
{
    wn_point points[8], window[8];
    const int len = s->cabin_len;
    float cx = 0, cy = 0;
    for (int i = 0; i < len; i++) {
        points[i] = wn_point_at(s->cabin[i].x * s->length, s->cabin[i].y * s->height);
        cx += points[i].x / (float)len, cy += points[i].y / (float)len;
    }
    const wn_colour colours[4] = {paint, glass, paint, glass};
    wn_world_extrude(w, base, yaw, points, len, s->width * 0.86f, colours, paint);
    for (int half = 0; half < 2; half++) { /* two side windows with a pillar between them */
        for (int i = 0; i < len; i++) {
            float x = cx + (points[i].x - cx) * 0.86f, limit = cx + (half ? 0.05f : -0.05f);
            window[i] = wn_point_at(half ? wn_maxf(x, limit) : wn_minf(x, limit), cy + (points[i].y - cy) * 0.74f);
        }
        side_patch(w, base, yaw, s->width * 0.43f + 0.01f, window, len, glass, (wn_colour){0});
    }
}

/* Windows of vans, trucks and buses. */
static void big_windows(wn_world *w, wn_vector base, float yaw, const shape *s, int kind, wn_colour glass)
{
    bool bus = kind == WN_VEHICLE_BUS, lit = bus && w->time == WN_TIME_NIGHT;
    wn_colour glow = lit ? (wn_colour){0.55f, 0.48f, 0.33f} : (wn_colour){0};
    int count = bus ? 6 : 1;
    for (int i = 0; i < count; i++) {
        float x0 = bus ? -0.46f + 0.155f * (float)i : 0.14f, x1 = bus ? x0 + 0.135f : 0.31f;
        const wn_point window[4] = {{x0 * s->length, 0.55f * s->height},
                                    {x1 * s->length, 0.55f * s->height},
                                    {(bus ? x1 : 0.24f) * s->length, 0.88f * s->height},
                                    {x0 * s->length, 0.88f * s->height}};
        side_patch(w, base, yaw, 0.5f * s->width + 0.02f, window, 4, glass, glow);
    }
    end_patch(w, base, yaw, s, -1, wn_point_at(-0.8f, 0.58f), wn_point_at(0.8f, 0.88f), 0, glass, glow);
    if (bus) end_patch(w, base, yaw, s, 1, wn_point_at(-0.9f, 0.4f), wn_point_at(0.9f, 0.9f), 0.1f, glass, glow);
    if (kind == WN_VEHICLE_VAN) {
        wn_vector corners[4];
        for (int i = 0; i < 4; i++)
            corners[i] = wn_world_turn(base, yaw, (i == 0 || i == 3 ? -0.42f : 0.42f) * s->width,
                                       (i < 2 ? 0.58f : 0.95f) * s->height, (i < 2 ? 0.405f : 0.305f) * s->length);
        wn_vector out = wn_world_turn(wn_vector_at(0, 0, 0), yaw, 0, 0, 1);
        if (wn_vector_dot(out, wn_vector_subtract(wn_vector_at(0, w->eye, 0), corners[0])) > 0)
            wn_world_polygon(w, corners, 4, glass, (wn_colour){0}, 0);
    }
}

/* The driver's cab of a truck, in front of its box. */
static void truck_cab(wn_world *w, wn_vector base, float yaw, const shape *s, wn_colour paint, wn_colour glass)
{
    static const shape cab = {
        2.1f,    2.3f, 2.7f, 0.5f, 5, 0, {{-0.5f, 0.18f}, {0.5f, 0.18f}, {0.5f, 0.55f}, {0.36f, 1.0f}, {-0.5f, 1.0f}},
        {{0, 0}}};
    wn_vector at = wn_world_turn(base, yaw, 0, 0, 0.36f * s->length);
    body(w, at, yaw, &cab, paint);
    const wn_point window[4] = {{-0.5f, 1.5f}, {0.75f, 1.5f}, {0.6f, 2.35f}, {-0.5f, 2.35f}};
    side_patch(w, at, yaw, 0.5f * cab.width + 0.01f, window, 4, glass, (wn_colour){0});
    end_patch(w, at, yaw, &cab, 1, wn_point_at(-0.9f, 0.56f), wn_point_at(0.9f, 0.92f), 0.2f, glass, (wn_colour){0});
    lamps(w, at, yaw, &cab);
}

void wn_prop_vehicle(wn_world *w, wn_vector base, float yaw, int kind)
{
    if (kind < 0) {
        int draw = wn_world_pick(w, 20);
        kind = draw < 7    ? WN_VEHICLE_SEDAN
               : draw < 12 ? WN_VEHICLE_HATCH
               : draw < 16 ? WN_VEHICLE_SUV
               : draw < 18 ? WN_VEHICLE_VAN
               : draw < 19 ? WN_VEHICLE_TRUCK
                           : WN_VEHICLE_BUS;
    }
    const shape *s = &shapes[kind];
    wn_colour paint = wn_world_choose(w, paints, (int)(sizeof paints / sizeof paints[0]));
    wn_colour mirror = wn_world_sky_at(w, w->width * 0.3f, w->horizon * 0.4f);
    wn_colour glass = wn_colour_add(wn_colour_hex(0x1c242b), wn_colour_scale(mirror, 0.12f));
    wn_world_ground_shadow(w, base, s->width * 1.15f, s->length * 1.05f, yaw);
    tyres(w, base, yaw, s, -0.3f * s->length);
    tyres(w, base, yaw, s, 0.31f * s->length);
    wn_vector ahead = wn_world_turn(wn_vector_at(0, 0, 0), yaw, 0, 0, 1);
    bool away = wn_vector_dot(ahead, wn_vector_subtract(wn_vector_at(0, w->eye, 0), base)) < 0;
    if (kind == WN_VEHICLE_TRUCK && away) truck_cab(w, base, yaw, s, paint, glass);
    wn_colour box = kind == WN_VEHICLE_TRUCK && wn_world_chance(w, 0.6f) ? wn_colour_hex(0xdadada) : paint;
    body(w, base, yaw, s, box);
    if (s->cabin_len) cabin(w, base, yaw, s, paint, glass);
    if (kind == WN_VEHICLE_VAN || kind == WN_VEHICLE_BUS) big_windows(w, base, yaw, s, kind, glass);
    if (kind == WN_VEHICLE_TRUCK && !away) truck_cab(w, base, yaw, s, paint, glass);
    if (s->cabin_len)
        end_patch(w, base, yaw, s, -1, wn_point_at(-0.95f, 0.18f), wn_point_at(0.95f, 0.26f), 0,
                  wn_colour_hex(0x222222), (wn_colour){0});
    wheel(w, base, yaw, s, -0.3f * s->length);
    wheel(w, base, yaw, s, 0.31f * s->length);
    if (kind != WN_VEHICLE_TRUCK || away) lamps(w, base, yaw, s);
}
