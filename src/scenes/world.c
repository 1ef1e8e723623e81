/* SPDX-License-Identifier: Apache-2.0
 *
 * Light and space. Surfaces take sunlight by Lambert's law and skylight by how far they face up; haze follows
 * Beer's law with depth.
 */
#include "scenes/world.h"

#include "scenes/noise.h"

float wn_world_range(wn_world *world, float low, float high)
{
    return wn_rng_range(&world->rng, low, high);
}

int wn_world_pick(wn_world *world, int n)
{
    return (int)wn_rng_below(&world->rng, (uint32_t)n);
}

bool wn_world_chance(wn_world *world, float share)
{
    return wn_rng_uniform(&world->rng) < share;
}

wn_colour wn_world_choose(wn_world *world, const unsigned *hexes, int n)
{
    wn_colour c = wn_colour_hex(hexes[wn_world_pick(world, n)]);
    float bright = wn_world_range(world, 0.85f, 1.15f);
    return (wn_colour){c.r * bright * wn_world_range(world, 0.94f, 1.06f), c.g * bright,
                       c.b * bright * wn_world_range(world, 0.94f, 1.06f)};
}

uint32_t wn_world_seed(wn_world *world)
{
    return wn_rng_u32(&world->rng);
}

static wn_colour grey_towards(wn_colour colour, wn_colour grey, float share)
{
    return wn_colour_mix(colour, grey, share);
}

static void begin_day(wn_world *w)
{
    static const unsigned zeniths[] = {0x3f79bd, 0x4f8fd0, 0x2f66a8, 0x6aa3d8, 0x5b86b0};
    static const unsigned rims[] = {0xb9d3e8, 0xcfdfe9, 0xd8dfe2, 0xa9cbe6};
    float up = wn_world_range(w, 0.25f, 1.1f), around = wn_world_range(w, -3.1f, 3.1f);
    w->sun = wn_vector_unit(wn_vector_at(sinf(around) * cosf(up), sinf(up), cosf(around) * cosf(up)));
    w->sunlight = wn_colour_scale(wn_colour_hex(0xfff0dc), wn_world_range(w, 0.75f, 1.05f));
    w->zenith = wn_world_choose(w, zeniths, 5);
    w->rim = wn_world_choose(w, rims, 4);
    w->skylight = wn_colour_scale(wn_colour_hex(0xb9cfe8), 0.55f);
    w->sky_glow = wn_world_range(w, 0.1f, 0.6f);
    w->exposure = 1.0f;
}

static void begin_dusk(wn_world *w)
{
    static const unsigned zeniths[] = {0x3a4a7c, 0x4c4f86, 0x2c4470, 0x5e5a8c};
    static const unsigned rims[] = {0xf6a860, 0xf2896a, 0xf3c27e, 0xe87a6c, 0xd98ba0};
    float up = wn_world_range(w, 0.03f, 0.16f), around = wn_world_range(w, -1.1f, 1.1f);
    w->sun = wn_vector_unit(wn_vector_at(sinf(around) * cosf(up), sinf(up), cosf(around) * cosf(up)));
    w->sunlight = wn_colour_scale(wn_colour_hex(0xffb070), wn_world_range(w, 0.5f, 0.85f));
    w->zenith = wn_world_choose(w, zeniths, 4);
    w->rim = wn_world_choose(w, rims, 5);
    w->skylight = wn_colour_scale(wn_colour_mix(w->zenith, w->rim, 0.4f), 0.7f);
    w->sky_glow = wn_world_range(w, 0.8f, 1.6f);
    w->exposure = 1.15f;
}

static void begin_night(wn_world *w)
{
    static const unsigned zeniths[] = {0x0a1226, 0x0c1830, 0x101a2c, 0x0a1020};
    static const unsigned rims[] = {0x28324c, 0x3c3a48, 0x4a3c38, 0x1e2c4a};
    float up = wn_world_range(w, 0.3f, 0.8f), around = wn_world_range(w, -1.2f, 1.2f);
    w->sun = wn_vector_unit(wn_vector_at(sinf(around) * cosf(up), sinf(up), cosf(around) * cosf(up)));
    w->sunlight = wn_colour_scale(wn_colour_hex(0x8fa6d8), wn_world_range(w, 0.06f, 0.2f));
    w->zenith = wn_world_choose(w, zeniths, 4);
    w->rim = wn_world_choose(w, rims, 4);
    w->skylight = wn_colour_scale(wn_colour_hex(0x6a7fae), wn_world_range(w, 0.1f, 0.26f));
    w->sky_glow = wn_world_range(w, 0.0f, 0.6f);
    w->exposure = wn_world_range(w, 1.1f, 1.6f);
}

/* Clouds, rain, snow and fog grey the sky and take the sun away. */
static void apply_weather(wn_world *w)
{
    float light = w->time == WN_TIME_NIGHT ? 0.06f : w->time == WN_TIME_DUSK ? 0.45f : 0.8f;
    wn_colour grey = wn_colour_scale(wn_colour_hex(0xc4ccd4), light);
    w->clouds = wn_world_range(w, 0.0f, 0.25f);
    w->haze_per_metre = wn_world_range(w, 0.0004f, 0.0018f);
    if (w->weather == WN_WEATHER_CLOUDY) {
        w->clouds = wn_world_range(w, 0.35f, 0.7f);
    } else if (w->weather != WN_WEATHER_CLEAR) {
        float share = wn_world_range(w, 0.75f, 0.95f);
        w->clouds = 1.0f;
        w->zenith = grey_towards(w->zenith, wn_colour_scale(grey, 0.7f), share);
        w->rim = grey_towards(w->rim, grey, share);
        w->skylight = wn_colour_add(wn_colour_scale(w->sunlight, 0.28f), grey_towards(w->skylight, grey, 0.5f));
        w->sunlight = wn_colour_scale(w->sunlight, 0.12f);
        w->sky_glow *= 0.15f;
        w->haze_per_metre = wn_world_range(w, 0.002f, 0.006f);
    }
    if (w->weather == WN_WEATHER_FOG) {
        w->haze_per_metre = wn_world_range(w, 0.012f, 0.04f);
        w->zenith = wn_colour_mix(w->zenith, w->rim, 0.8f);
    }
    w->wet = w->weather == WN_WEATHER_RAIN || wn_world_chance(w, 0.06f);
    w->snowy = w->weather == WN_WEATHER_SNOW || (w->weather >= WN_WEATHER_OVERCAST && wn_world_chance(w, 0.08f));
    w->haze = wn_colour_mix(w->rim, w->zenith, 0.15f);
}

static void begin_sensor(wn_world *w)
{
    w->exposure *= wn_world_range(w, 0.85f, 1.2f);
    w->warmth = wn_world_range(w, -0.08f, 0.08f);
    w->sensor_noise = w->time == WN_TIME_NIGHT ? wn_world_range(w, 0.006f, 0.022f) : wn_world_range(w, 0.002f, 0.012f);
    w->vignette = wn_world_range(w, 0.0f, 0.3f);
    w->contrast = wn_world_range(w, 0.9f, 1.15f);
    w->saturation = wn_world_range(w, 0.85f, 1.15f);
}

void wn_world_begin(wn_world *w, bool night, bool indoors)
{
    static const wn_weather weathers[] = {WN_WEATHER_CLEAR,  WN_WEATHER_CLEAR,    WN_WEATHER_CLEAR,
                                          WN_WEATHER_CLOUDY, WN_WEATHER_CLOUDY,   WN_WEATHER_CLOUDY,
                                          WN_WEATHER_CLOUDY, WN_WEATHER_OVERCAST, WN_WEATHER_OVERCAST,
                                          WN_WEATHER_RAIN,   WN_WEATHER_SNOW,     WN_WEATHER_FOG};
    w->width = (float)w->canvas.width;
    w->height = (float)w->canvas.height;
    w->indoors = indoors;
    w->time = night ? WN_TIME_NIGHT : wn_world_chance(w, 0.16f) ? WN_TIME_DUSK : WN_TIME_DAY;
    w->weather = weathers[wn_world_pick(w, 12)];
    if (w->time == WN_TIME_DUSK && w->weather > WN_WEATHER_CLOUDY) w->weather = WN_WEATHER_CLOUDY;
    /* Most nights are clear enough to see something. */
    if (w->time == WN_TIME_NIGHT && w->weather > WN_WEATHER_CLOUDY && wn_world_chance(w, 0.65f))
        w->weather = wn_world_chance(w, 0.5f) ? WN_WEATHER_CLEAR : WN_WEATHER_CLOUDY;
    if (w->time == WN_TIME_DAY) begin_day(w);
    if (w->time == WN_TIME_DUSK) begin_dusk(w);
    if (w->time == WN_TIME_NIGHT) begin_night(w);
    apply_weather(w);
    w->cloud_seed = wn_world_seed(w);
    begin_sensor(w);
    wn_world_aim(w, 1.6f, 0.45f, 60.0f);
}

void wn_world_aim(wn_world *w, float eye, float horizon, float degrees)
{
    w->eye = eye;
    w->horizon = horizon * w->height;
    w->focal = 0.5f * wn_maxf(w->width, w->height) / tanf(degrees * WN_PI_F / 360.0f);
}

bool wn_world_project(const wn_world *w, wn_vector at, wn_point *out)
{
    if (!(at.z > 0.05f)) return false;
    out->x = w->width * 0.5f + w->focal * at.x / at.z;
    out->y = w->horizon - w->focal * (at.y - w->eye) / at.z;
    return true;
}

float wn_world_scale(const wn_world *w, float z)
{
    return w->focal / z;
}

float wn_world_depth(const wn_world *w, float y)
{
    return w->focal * w->eye / wn_maxf(y - w->horizon, 1e-3f);
}

wn_colour wn_world_light(const wn_world *w, wn_colour surface, wn_vector normal)
{
    float direct = wn_maxf(0.0f, wn_vector_dot(normal, w->sun)), open = 0.55f + 0.45f * normal.y;
    wn_colour light = wn_colour_add(wn_colour_scale(w->sunlight, direct), wn_colour_scale(w->skylight, open));
    return wn_colour_times(surface, light);
}

wn_colour wn_world_air(const wn_world *w, wn_colour light, float metres)
{
    return wn_colour_mix(w->haze, light, expf(-w->haze_per_metre * metres));
}

wn_colour wn_world_flat(const wn_world *w, wn_colour surface, float metres)
{
    wn_colour front = wn_world_light(w, surface, wn_vector_at(0.0f, 0.0f, -1.0f));
    wn_colour above = wn_world_light(w, surface, wn_vector_at(0.0f, 1.0f, 0.0f));
    return wn_world_air(w, wn_colour_mix(front, above, 0.45f), metres);
}

wn_vector wn_world_turn(wn_vector base, float yaw, float right, float up, float along)
{
    float c = cosf(yaw), s = sinf(yaw);
    return wn_vector_at(base.x + right * c + along * s, base.y + up, base.z - right * s + along * c);
}

/* Cuts away what lies nearer than the near plane (Sutherland and Hodgman). */
static int clip_near(const wn_vector *in, int n, wn_vector *out)
{
    const float near = 0.25f;
    int count = 0;
    for (int i = 0; i < n; i++) {
        wn_vector a = in[i], b = in[(i + 1) % n];
        if (a.z >= near) out[count++] = a;
        if ((a.z >= near) != (b.z >= near)) {
            float t = (near - a.z) / (b.z - a.z);
            out[count++] = wn_vector_at(a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t, near);
        }
    }
    return count;
}

void wn_world_polygon(wn_world *w, const wn_vector *corners, int n, wn_colour surface, wn_colour glow, float grain)
{
    wn_vector clipped[28];
    wn_point points[28] = {0};
    int count = clip_near(corners, n, clipped);
    if (count < 3) return;
    wn_vector normal = wn_vector_unit(
        wn_vector_cross(wn_vector_subtract(corners[1], corners[0]), wn_vector_subtract(corners[2], corners[0])));
    wn_vector to_eye = wn_vector_subtract(wn_vector_at(0, w->eye, 0), corners[0]);
    if (wn_vector_dot(normal, to_eye) < 0) normal = wn_vector_at(-normal.x, -normal.y, -normal.z);
    float depth = 0.0f;
    wn_point middle = {0};
    for (int i = 0; i < count; i++) {
        depth += clipped[i].z / (float)count;
        (void)wn_world_project(w, clipped[i], &points[i]);
        middle.x += points[i].x / (float)count;
        middle.y += points[i].y / (float)count;
    }
    /* A hair wider than it is, so that two faces that share an edge leave no seam. */
    for (int i = 0; i < count; i++) {
        points[i].x += points[i].x > middle.x ? 0.2f : -0.2f;
        points[i].y += points[i].y > middle.y ? 0.2f : -0.2f;
    }
    wn_colour lit = wn_world_air(w, wn_colour_add(wn_world_light(w, surface, normal), glow), depth);
    wn_paint paint = wn_paint_flat(lit);
    paint.grain = grain;
    paint.grain_x = paint.grain_y = wn_maxf(1.5f, 0.35f * wn_world_scale(w, depth));
    wn_canvas_fill(&w->canvas, points, count, &paint);
}

/* One face of a solid, kept until all can be drawn from far to near. */
typedef struct face {
    wn_vector corners[4];
    wn_colour colour;
    float depth;
} face;

static void draw_faces(wn_world *w, face *faces, int n)
{
    for (int i = 1; i < n; i++) {
        face moving = faces[i];
        int j = i;
        for (; j > 0 && faces[j - 1].depth < moving.depth; j--) faces[j] = faces[j - 1];
        faces[j] = moving;
    }
    for (int i = 0; i < n; i++) wn_world_polygon(w, faces[i].corners, 4, faces[i].colour, (wn_colour){0}, 0.03f);
}

/* Whether the eye sees the outer side of the polygon a, b, c. */
static bool faces_eye(const wn_world *w, wn_vector a, wn_vector b, wn_vector c)
{
    wn_vector normal = wn_vector_cross(wn_vector_subtract(b, a), wn_vector_subtract(c, a));
    return wn_vector_dot(normal, wn_vector_subtract(wn_vector_at(0, w->eye, 0), a)) < 0; /* x, y, z are left-handed */
}

void wn_world_extrude(wn_world *w, wn_vector base, float yaw, const wn_point *profile, int n, float width,
                      const wn_colour *colours, wn_colour side)
{
    face faces[16];
    wn_vector caps[2][16];
    int count = 0;
    float half = 0.5f * width;
    for (int i = 0; i < n; i++) {
        caps[0][i] = wn_world_turn(base, yaw, half, profile[i].y, profile[i].x);
        caps[1][n - 1 - i] = wn_world_turn(base, yaw, -half, profile[i].y, profile[i].x);
    }
    for (int i = 0; i < n; i++) {
        int k = (i + 1) % n;
        face f = {.colour = colours[i]};
        f.corners[0] = caps[0][i];
        f.corners[1] = caps[1][n - 1 - i];
        f.corners[2] = caps[1][n - 1 - k];
        f.corners[3] = caps[0][k];
        if (!faces_eye(w, f.corners[0], f.corners[1], f.corners[2])) continue;
        for (int c = 0; c < 4; c++) {
            wn_vector d = wn_vector_subtract(f.corners[c], wn_vector_at(0, w->eye, 0));
            f.depth += sqrtf(wn_vector_dot(d, d)) * 0.25f;
        }
        faces[count++] = f;
    }
    draw_faces(w, faces, count);
    for (int c = 0; c < 2; c++)
        if (faces_eye(w, caps[c][0], caps[c][1], caps[c][2]))
            wn_world_polygon(w, caps[c], n > 12 ? 12 : n, side, (wn_colour){0}, 0.02f);
}

void wn_world_box(wn_world *w, wn_vector base, wn_vector size, float yaw, wn_colour side, wn_colour top)
{
    float half = 0.5f * size.z;
    const wn_point profile[4] = {{-half, 0}, {half, 0}, {half, size.y}, {-half, size.y}};
    const wn_colour colours[4] = {side, side, top, side};
    wn_world_extrude(w, base, yaw, profile, 4, size.x, colours, side);
}

void wn_world_ground_shadow(wn_world *w, wn_vector base, float width, float length, float yaw)
{
    wn_point centre, right = {0}, back = {0};
    float push = w->time == WN_TIME_NIGHT ? 0.0f : 0.35f;
    wn_vector at = wn_vector_at(base.x - w->sun.x * push * width, 0.0f, base.z - w->sun.z * push * width);
    float reach = 0.5f * (fabsf(sinf(yaw)) * width + fabsf(cosf(yaw)) * length);
    float across = 0.5f * (fabsf(cosf(yaw)) * width + fabsf(sinf(yaw)) * length);
    if (!wn_world_project(w, at, &centre) || at.z - reach < 0.3f) return;
    (void)wn_world_project(w, wn_vector_at(at.x + across, 0, at.z), &right);
    (void)wn_world_project(w, wn_vector_at(at.x, 0, at.z - reach), &back);
    wn_colour dark = wn_world_air(w, wn_colour_scale(w->skylight, 0.03f), at.z);
    wn_canvas_shadow(&w->canvas, centre, 1.25f * (right.x - centre.x), 1.25f * wn_maxf(1.0f, back.y - centre.y), dark,
                     w->weather >= WN_WEATHER_OVERCAST ? 0.55f : 0.75f);
}

void wn_world_lamp(wn_world *w, wn_vector at, float metres, wn_colour light)
{
    wn_point p;
    if (!wn_world_project(w, at, &p)) return;
    float strength = w->time == WN_TIME_NIGHT ? 1.0f : w->time == WN_TIME_DUSK ? 0.5f : 0.0f;
    float size = wn_maxf(1.2f, metres * wn_world_scale(w, at.z)), seen = expf(-w->haze_per_metre * at.z * 0.5f);
    if (strength <= 0.0f) return;
    wn_canvas_glow(&w->canvas, p, size * 6.0f, wn_colour_scale(light, 0.12f * strength * seen));
    wn_canvas_glow(&w->canvas, p, size * 2.4f, wn_colour_scale(light, 0.5f * strength * seen));
    wn_canvas_glow(&w->canvas, p, size, wn_colour_scale(light, 2.0f * strength * seen));
}

void wn_world_reflect(wn_world *w, int shore, float waves, wn_colour water, float depth)
{
    uint32_t seed = wn_world_seed(w);
    wn_canvas *canvas = &w->canvas;
    float below = (float)(canvas->height - shore);
    for (int y = shore < 0 ? 0 : shore; y < canvas->height; y++) {
        wn_colour *row = canvas->pixels + (size_t)y * (size_t)canvas->width;
        float down = (float)(y - shore) + 0.5f, t = down / wn_maxf(below, 1.0f);
        float ripple = waves * (1.0f + 14.0f * t), share = wn_clampf(0.85f - 0.55f * t, 0.15f, 0.9f);
        for (int x = 0; x < canvas->width; x++) {
            float z = 60.0f / (0.06f + t), side = ((float)x - w->width * 0.5f) / w->width * z;
            float n = wn_noise_sum(side * 0.25f, z * 0.8f, 3, seed);
            wn_colour mirror = wn_canvas_sample(canvas, (float)x + 0.5f + ripple * 0.6f * n,
                                                (float)shore - down * depth - 1.0f + ripple * 1.6f * n);
            row[x] = wn_colour_scale(wn_colour_mix(water, mirror, share), 1.0f + 0.22f * n);
        }
    }
}
