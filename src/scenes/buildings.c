/* SPDX-License-Identifier: Apache-2.0
 *
 * Houses, blocks with windows, street lamps and the flat skyline of a far town.
 */
#include "scenes/noise.h"
#include "scenes/props.h"

static const unsigned walls[] = {0xb9a892, 0xc9b79c, 0x8f8a84, 0xa66a4e, 0xd6cfc2,
                                 0x7c8791, 0x9a5b46, 0xc2a25f, 0xaab4b8, 0x6a6f78};

/* Windows of one face: `right` and `up` from `corner` in metres; `normal side` decided by the caller. */
static void windows(wn_world *w, wn_vector base, float yaw, float right, float along, bool across, float length,
                    float height, int floors, wn_colour glass, uint32_t seed, float lit_share)
{
    int columns = (int)wn_maxf(1.0f, length / 3.2f);
    if (columns > 12) columns = 12;
    float step = length / (float)columns, floor_height = height / (float)floors;
    for (int f = 0; f < floors; f++) {
        for (int c = 0; c < columns; c++) {
            float a = -0.5f * length + ((float)c + 0.22f) * step, b = a + 0.56f * step;
            float low = ((float)f + 0.3f) * floor_height, high = low + 0.5f * floor_height;
            wn_vector corners[4];
            for (int i = 0; i < 4; i++) {
                float s = i == 0 || i == 3 ? a : b, up = i < 2 ? low : high;
                corners[i] = across ? wn_world_turn(base, yaw, s, up, along) : wn_world_turn(base, yaw, right, up, s);
            }
            bool lit = wn_noise_cell(c, f, seed) < lit_share;
            float warm = wn_noise_cell(f, c, seed + 5u);
            wn_colour glow =
                lit ? wn_colour_scale(wn_colour_mix(wn_colour_hex(0xffc870), wn_colour_hex(0xdfe8ff), warm * warm),
                                      0.3f + 0.6f * warm)
                    : (wn_colour){0};
            wn_colour pane = wn_colour_scale(glass, 0.6f + 0.8f * wn_noise_cell(c + 31, f, seed));
            wn_world_polygon(w, corners, 4, pane, glow, 0.0f);
        }
    }
}

static float lit_share(wn_world *w)
{
    return w->time == WN_TIME_NIGHT  ? wn_world_range(w, 0.2f, 0.6f)
           : w->time == WN_TIME_DUSK ? wn_world_range(w, 0.1f, 0.35f)
                                     : 0.03f;
}

void wn_prop_block(wn_world *w, wn_vector base, wn_vector size, float yaw, int floors)
{
    wn_colour wall = wn_world_choose(w, walls, 10), glass = wn_colour_mix(wn_colour_hex(0x39444d), w->zenith, 0.35f);
    wn_world_box(w, base, size, yaw, wall, wn_colour_hex(0x6b6863));
    uint32_t seed = wn_world_seed(w);
    float share = lit_share(w);
    wn_vector eye = wn_vector_at(0, w->eye, 0);
    for (int face = 0; face < 4; face++) {
        bool across = face < 2;
        float sign = face % 2 ? 1.0f : -1.0f;
        float right = across ? 0 : sign * (0.5f * size.x + 0.03f), along = across ? sign * (0.5f * size.z + 0.03f) : 0;
        wn_vector out = wn_world_turn(wn_vector_at(0, 0, 0), yaw, right, 0, along);
        wn_vector place = wn_world_turn(base, yaw, right, 0, along);
        out.y = 0;
        wn_vector to_eye = wn_vector_subtract(eye, place);
        to_eye.y = 0;
        if (wn_vector_dot(out, to_eye) <= 0) continue;
        windows(w, base, yaw, right, along, across, across ? size.x : size.z, size.y, floors, glass,
                seed + (uint32_t)face, share);
    }
}

void wn_prop_house(wn_world *w, wn_vector base, float width, float depth, float yaw)
{
    static const unsigned roofs[] = {0x7a3b2a, 0x5a4a44, 0x8f4a32, 0x4a4d52, 0x9a6a4a};
    float high = wn_world_range(w, 2.6f, 5.5f), ridge = high + width * wn_world_range(w, 0.3f, 0.55f),
          half = 0.5f * width;
    wn_colour wall = wn_world_choose(w, walls, 10), roof = wn_world_choose(w, roofs, 5);
    if (w->snowy) roof = wn_colour_mix(roof, wn_colour_hex(0xf0f4f8), 0.85f);
    const wn_point profile[5] = {{-half, 0}, {half, 0}, {half, high}, {0, ridge}, {-half, high}};
    const wn_colour colours[5] = {wall, wall, roof, roof, wall};
    wn_world_ground_shadow(w, base, width * 1.2f, depth * 1.2f, yaw);
    /* Drawn out along its ridge: the gable is the side view. */
    wn_world_extrude(w, base, yaw, profile, 5, depth, colours, wall);
    wn_colour glass = wn_colour_mix(wn_colour_hex(0x2c343a), w->zenith, 0.3f);
    uint32_t seed = wn_world_seed(w);
    float share = w->time == WN_TIME_DAY ? 0.0f : 0.6f;
    wn_vector eye = wn_vector_at(0, w->eye, 0);
    for (int face = 0; face < 4; face++) {
        bool across = face < 2;
        float sign = face % 2 ? 1.0f : -1.0f;
        float along = across ? sign * (half + 0.03f) : 0, right = across ? 0 : sign * (0.5f * depth + 0.03f);
        wn_vector out = wn_world_turn(wn_vector_at(0, 0, 0), yaw, right, 0, along);
        wn_vector to_eye = wn_vector_subtract(eye, wn_world_turn(base, yaw, right, 0, along));
        to_eye.y = 0;
        if (wn_vector_dot(out, to_eye) > 0)
            windows(w, base, yaw, right, along, across, (across ? depth : width) * 0.9f, high, high > 4 ? 2 : 1, glass,
                    seed + (uint32_t)face, share);
    }
}

void wn_prop_street_lamp(wn_world *w, wn_vector base, float height)
{
    wn_point foot, top, arm;
    float side = base.x > 0 ? -1.0f : 1.0f;
    if (!wn_world_project(w, base, &foot)) return;
    (void)wn_world_project(w, wn_vector_at(base.x, height, base.z), &top);
    (void)wn_world_project(w, wn_vector_at(base.x + side * 1.2f, height + 0.2f, base.z), &arm);
    float wide = wn_maxf(0.8f, 0.13f * wn_world_scale(w, base.z));
    wn_paint paint = wn_paint_flat(wn_world_flat(w, wn_colour_hex(0x50555a), base.z));
    wn_canvas_line(&w->canvas, foot, top, wide, wide * 0.6f, &paint);
    wn_canvas_line(&w->canvas, top, arm, wide * 0.6f, wide * 0.8f, &paint);
    wn_world_lamp(w, wn_vector_at(base.x + side * 1.2f, height + 0.1f, base.z), 0.35f, (wn_colour){1.0f, 0.78f, 0.42f});
}

typedef struct tower {
    float x0, y0, step_x, step_y, share;
    wn_colour wall, glass;
    const wn_world *world;
    float metres;
    uint32_t seed;
    int style;
} tower;

static wn_colour tower_shader(const void *context, float x, float y, float *opacity)
{
    const tower *t = context;
    (void)opacity;
    float u = (x - t->x0) / t->step_x, v = (y - t->y0) / t->step_y;
    int column = (int)floorf(u), row = (int)floorf(v);
    float fu = u - (float)column, fv = v - (float)row;
    bool pane = t->style == 0   ? fu > 0.25f && fu < 0.8f && fv > 0.3f && fv < 0.8f
                : t->style == 1 ? fv > 0.35f
                                : fu > 0.35f;
    wn_colour colour = pane ? t->glass : t->wall;
    if (pane && wn_noise_cell(column, row, t->seed) < t->share) {
        float warm = wn_noise_cell(row, column, t->seed + 3u);
        wn_colour glow = wn_colour_mix(wn_colour_hex(0xffc46a), wn_colour_hex(0xe8efff), warm);
        colour = wn_colour_add(colour, wn_colour_scale(glow, 0.35f + 0.5f * warm));
    }
    return wn_world_air(t->world, colour, t->metres);
}

static void one_tower(wn_world *w, float x0, float x1, float top, float foot, float metres, float share)
{
    wn_colour wall = wn_world_choose(w, walls, 10);
    float turn = wn_world_range(w, -0.7f, 0.7f);
    tower t = {.x0 = x0, .y0 = top, .world = w, .metres = metres, .share = share, .seed = wn_world_seed(w)};
    t.style = wn_world_pick(w, 3);
    t.step_x = wn_maxf(2.6f, (x1 - x0) / wn_world_range(w, 4, 9));
    t.step_y = t.step_x * wn_world_range(w, 0.9f, 1.5f);
    wn_colour glass = wn_colour_mix(wn_colour_hex(0x2a343c), w->zenith, wn_world_range(w, 0.2f, 0.6f));
    for (int side = 0; side < 2; side++) { /* a corner towards the eye: one face in light, one in shade */
        float split = x0 + (x1 - x0) * (turn > 0 ? 0.7f : 0.3f);
        wn_vector normal = wn_vector_unit(wn_vector_at(side ? 1.0f : -1.0f, 0, -1.0f));
        t.wall = wn_world_light(w, wall, normal);
        t.glass = wn_world_light(w, glass, normal);
        const wn_point points[4] = {
            {side ? split : x0, top}, {side ? x1 : split, top}, {side ? x1 : split, foot}, {side ? split : x0, foot}};
        wn_canvas_shade(&w->canvas, points, 4, tower_shader, &t);
    }
    wn_paint cap = wn_paint_flat(wn_world_air(w, wn_world_light(w, wall, wn_vector_at(0, 0.3f, -0.9f)), metres));
    float middle = 0.5f * (x0 + x1), width = x1 - x0;
    int roof = wn_world_pick(w, 5);
    if (roof == 0)
        wn_canvas_line(&w->canvas, wn_point_at(middle, top), wn_point_at(middle, top - width * 0.9f), width * 0.06f,
                       0.8f, &cap);
    if (roof == 1) {
        const wn_point spire[3] = {{x0, top + 0.5f}, {x1, top + 0.5f}, {middle, top - width * 0.8f}};
        wn_canvas_fill(&w->canvas, spire, 3, &cap);
    }
    if (roof == 2)
        wn_canvas_rectangle(&w->canvas, x0 + width * 0.25f, top - width * 0.25f, x1 - width * 0.2f, top + 0.5f, &cap);
}

void wn_prop_skyline(wn_world *w, float x0, float x1, float foot, float height, float metres)
{
    float share = lit_share(w), x = x0;
    float centre = wn_world_range(w, 0.25f, 0.75f);
    while (x < x1) {
        float place = (x - x0) / wn_maxf(x1 - x0, 1.0f) - centre;
        float crowd = 0.35f + 0.65f * expf(-7.0f * place * place);
        float width = height * wn_world_range(w, 0.1f, 0.28f), high = height * crowd * wn_world_range(w, 0.25f, 1.0f);
        one_tower(w, x, x + width, foot - high, foot, metres, share);
        x += width * wn_world_range(w, 0.6f, 1.15f);
    }
}
