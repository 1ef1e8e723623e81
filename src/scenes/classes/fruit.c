/* SPDX-License-Identifier: Apache-2.0
 *
 * Fruit on a table: shaded balls and bodies with soft shadows before a background out of focus.
 */
#include "scenes/noise.h"
#include "scenes/scene_class.h"

typedef struct ball {
    wn_vector light;
    wn_point centre;
    float rx, ry, cosine, sine, bumps, shine, blush;
    wn_colour colour, second, sun, sky, bounce;
    uint32_t seed;
} ball;

static wn_colour ball_shader(const void *context, float x, float y, float *opacity)
{
    const ball *b = context;
    (void)opacity;
    float dx = x - b->centre.x, dy = y - b->centre.y;
    float u = (dx * b->cosine + dy * b->sine) / b->rx, v = (dy * b->cosine - dx * b->sine) / b->ry;
    float z = sqrtf(wn_maxf(0.0f, 1.0f - u * u - v * v));
    wn_vector n = wn_vector_at(u * b->cosine - v * b->sine, -(u * b->sine + v * b->cosine), z);
    if (b->bumps > 0) {
        float fine = 9.0f;
        n.x += b->bumps * wn_noise(u * fine, v * fine, b->seed);
        n.y += b->bumps * wn_noise(u * fine + 31, v * fine, b->seed);
        n = wn_vector_unit(n);
    }
    float direct = wn_maxf(0.0f, wn_vector_dot(n, b->light));
    float blush = wn_stepf(-0.4f, 0.5f, wn_noise_sum(u * 1.3f + 5, v * 0.9f, 3, b->seed + 2u) + b->blush * u);
    wn_colour skin = wn_colour_mix(b->colour, b->second, blush);
    wn_colour light = wn_colour_add(wn_colour_scale(b->sun, direct), wn_colour_scale(b->sky, 0.55f + 0.45f * n.y));
    light = wn_colour_add(light, wn_colour_scale(b->bounce, 0.25f * wn_maxf(0.0f, -n.y)));
    wn_vector half = wn_vector_unit(wn_vector_at(b->light.x, b->light.y, b->light.z + 1.0f));
    float gleam = powf(wn_maxf(0.0f, wn_vector_dot(n, half)), 45.0f) * b->shine;
    return wn_colour_add(wn_colour_times(skin, light), wn_colour_scale(b->sun, gleam));
}

static void put_ball(wn_world *w, ball b, float angle, int corners, float pinch)
{
    wn_point points[48];
    b.cosine = cosf(angle), b.sine = sinf(angle);
    for (int i = 0; i < corners; i++) {
        float a = 2 * WN_PI_F * (float)i / (float)corners, x = cosf(a), y = sinf(a);
        float r = 1.0f - pinch * powf(fabsf(x), 12.0f) * -1.0f; /* pinch > 0 draws out the ends, as of a lemon */
        x *= b.rx * r, y *= b.ry;
        points[i] = wn_point_at(b.centre.x + x * b.cosine - y * b.sine, b.centre.y + x * b.sine + y * b.cosine);
    }
    wn_canvas_shade(&w->canvas, points, corners, ball_shader, &b);
}

static ball new_ball(wn_world *w, wn_point centre, float r, unsigned colour, unsigned second)
{
    ball b = {.light = w->sun,
              .centre = centre,
              .rx = r,
              .ry = r,
              .sun = w->sunlight,
              .sky = w->skylight,
              .bounce = w->rim,
              .seed = wn_world_seed(w)};
    b.colour = wn_world_choose(w, &colour, 1);
    b.second = wn_world_choose(w, &second, 1);
    b.blush = wn_world_range(w, -0.5f, 0.5f);
    b.shine = 0.35f;
    return b;
}

static void banana(wn_world *w, wn_point at, float r)
{
    float turn = wn_world_range(w, -0.6f, 0.6f), bend = wn_world_range(w, 0.7f, 1.0f),
          flip = wn_world_chance(w, 0.5f) ? 1.0f : -1.0f;
    wn_point upper[26];
    wn_colour base = wn_world_flat(w, wn_colour_hex(0xe3bf3a), 0);
    for (int part = 0; part < 3; part++) {
        float shift = 0.17f * (float)part;
        int n = 13;
        for (int i = 0; i < n; i++) {
            float t = (float)i / 12.0f * 2 - 1, wide = 0.3f * (1 - 0.75f * t * t * t * t) * (1 - 0.3f * (float)part);
            float x = t * 1.7f, y = bend * t * t - shift;
            float y0 = y - wide * (part == 0 ? 1.0f : 0.6f), y1 = y + wide * (part == 0 ? 1.0f : 0.1f);
            upper[i] =
                wn_point_at(at.x + flip * r * (x * cosf(turn) - y0 * sinf(turn)),
                            at.y - r * 0.6f + r * (x * sinf(turn) * flip * flip + y0 * cosf(turn)) * -1 + r * 0.5f);
            upper[25 - i] = wn_point_at(at.x + flip * r * (x * cosf(turn) - y1 * sinf(turn)),
                                        at.y - r * 0.6f + r * (x * sinf(turn) + y1 * cosf(turn)) * -1 + r * 0.5f);
        }
        wn_paint paint = wn_paint_flat(wn_colour_scale(base, part == 0 ? 0.62f : part == 1 ? 1.0f : 1.25f));
        paint.grain = 0.15f, paint.grain_x = paint.grain_y = r * 0.2f, paint.opacity = part == 2 ? 0.7f : 1;
        wn_canvas_fill(&w->canvas, upper, 26, &paint);
    }
    wn_paint tip = wn_paint_flat(wn_world_flat(w, wn_colour_hex(0x4a3a20), 0));
    wn_canvas_ellipse(&w->canvas, wn_point_at(0.5f * (upper[0].x + upper[25].x), 0.5f * (upper[0].y + upper[25].y)),
                      r * 0.09f, r * 0.09f, 0, &tip);
}

static void stem(wn_world *w, wn_point at, float r)
{
    wn_paint dark = wn_paint_flat(wn_world_flat(w, wn_colour_hex(0x4f3a24), 0));
    wn_canvas_shadow(&w->canvas, wn_point_at(at.x, at.y - 0.72f * r), r * 0.35f, r * 0.16f,
                     (wn_colour){0.02f, 0.02f, 0.01f}, 0.55f);
    wn_canvas_line(&w->canvas, wn_point_at(at.x, at.y - 0.7f * r),
                   wn_point_at(at.x + wn_world_range(w, -0.2f, 0.2f) * r, at.y - 1.15f * r), r * 0.06f, r * 0.09f,
                   &dark);
    if (wn_world_chance(w, 0.3f)) {
        wn_paint leaf = wn_paint_flat(wn_world_flat(w, wn_colour_hex(0x4f8a35), 0));
        wn_canvas_ellipse(&w->canvas, wn_point_at(at.x + 0.35f * r, at.y - 1.05f * r), 0.34f * r, 0.13f * r, -0.4f,
                          &leaf);
    }
}

static void grapes(wn_world *w, wn_point at, float r)
{
    unsigned colour = wn_world_chance(w, 0.5f) ? 0x4a2f5f : 0x8fa848;
    for (int row = 0; row < 6; row++)
        for (int i = 0; i <= 5 - row; i++) {
            wn_point c = wn_point_at(
                at.x + r * (0.42f * ((float)i - 0.5f * (float)(5 - row)) + wn_world_range(w, -0.07f, 0.07f)),
                at.y + r * (-0.9f + 0.36f * (float)row));
            ball b = new_ball(w, c, r * wn_world_range(w, 0.23f, 0.28f), colour, colour);
            b.shine = 0.6f;
            put_ball(w, b, 0, 24, 0);
        }
}

static void one_fruit(wn_world *w, wn_point at, float r)
{
    static const unsigned apples[][2] = {{0xb3262a, 0xd8a53f}, {0x8fb03f, 0xb8c45a}, {0xc23a2f, 0x8f1a20}};
    wn_canvas_shadow(&w->canvas, wn_point_at(at.x - w->sun.x * r * 0.5f, at.y + r * 0.86f), r * 1.5f, r * 0.42f,
                     wn_colour_scale(w->skylight, 0.05f), 0.75f);
    int kind = wn_world_pick(w, 8), which = wn_world_pick(w, 3);
    if (kind <= 1) {
        ball b = new_ball(w, at, r, apples[which][0], apples[which][1]);
        b.ry = r * 0.94f;
        put_ball(w, b, 0, 48, 0), stem(w, at, r);
    } else if (kind == 2) {
        ball b = new_ball(w, at, r, 0xe8871e, 0xe07a18);
        b.bumps = 0.12f, b.shine = 0.15f;
        put_ball(w, b, 0, 48, 0);
    } else if (kind == 3) {
        ball b = new_ball(w, at, r, 0xe8cf3a, 0xdcc22c);
        b.rx = r * 1.1f, b.ry = r * 0.78f, b.bumps = 0.08f;
        put_ball(w, b, wn_world_range(w, -0.6f, 0.6f), 48, 0.22f);
    } else if (kind == 4) {
        ball low = new_ball(w, at, r, 0xb8b84a, 0xc9a848), high = low;
        high.centre.y -= r * 0.85f, high.rx = high.ry = r * 0.55f;
        put_ball(w, high, 0, 48, 0), put_ball(w, low, 0, 48, 0), stem(w, wn_point_at(at.x, at.y - r * 0.75f), r * 0.7f);
    } else if (kind == 5)
        banana(w, at, r);
    else if (kind == 6)
        grapes(w, at, r);
    else {
        ball b = new_ball(w, at, r * 0.72f, 0x5f2f4f, 0x7a2f4a);
        b.centre.y += r * 0.25f, b.rx *= 1.08f, b.shine = 0.2f;
        put_ball(w, b, wn_world_range(w, -0.5f, 0.5f), 48, 0);
    }
}

static void bowl(wn_world *w, wn_point at, float rx, bool front, wn_colour colour)
{
    wn_point points[42];
    wn_colour lit = wn_world_flat(w, colour, 0);
    wn_paint inside = wn_paint_flat(wn_colour_scale(lit, 0.5f));
    wn_paint outside = {.start = wn_colour_scale(lit, w->sun.x > 0 ? 0.5f : 1.2f),
                        .end = wn_colour_scale(lit, w->sun.x > 0 ? 1.2f : 0.5f),
                        .from = {at.x - rx, 0},
                        .to = {at.x + rx, 0},
                        .opacity = 1};
    if (!front) {
        wn_canvas_shadow(&w->canvas, wn_point_at(at.x - w->sun.x * rx * 0.3f, at.y + rx * 0.6f), rx * 1.3f, rx * 0.3f,
                         (wn_colour){0, 0, 0}, 0.6f);
        wn_canvas_ellipse(&w->canvas, at, rx, rx * 0.28f, 0, &inside);
        return;
    }
    for (int i = 0; i <= 20; i++) {
        float a = WN_PI_F * (float)i / 20;
        points[i] = wn_point_at(at.x + rx * cosf(a), at.y + rx * 0.28f * sinf(a));
        float q = cosf(a);
        points[41 - i] = wn_point_at(at.x + rx * 0.98f * q, at.y + rx * 0.7f * sqrtf(wn_maxf(0, 1 - q * q)));
    }
    wn_canvas_fill(&w->canvas, points, 42, &outside);
}

static void paint_fruit(wn_world *w)
{
    static const unsigned backs[] = {0x5f6f66, 0x8a7a6a, 0x3f4a55, 0xb8ab98, 0x2a2624, 0x7a8a92, 0xa06a4a};
    static const unsigned tables[] = {0x8a5f3a, 0xd8d0c2, 0x4f3a2a, 0xb09a7a, 0x6f7478, 0xe4e0d6, 0x3a4a5a};
    w->sun = wn_vector_unit(
        wn_vector_at(wn_world_range(w, -1, 1), wn_world_range(w, 0.4f, 1), wn_world_range(w, 0.3f, 0.9f)));
    w->sunlight = wn_colour_scale(wn_colour_hex(w->time == WN_TIME_DAY ? 0xfff2e0 : 0xffcf98),
                                  w->time == WN_TIME_NIGHT ? 0.45f : 0.85f);
    w->skylight = wn_colour_scale(wn_colour_hex(0xd8dfe8), w->time == WN_TIME_NIGHT ? 0.08f : 0.3f);
    w->haze_per_metre = 0;
    wn_colour back =
        wn_colour_times(wn_world_choose(w, backs, 7), wn_colour_add(w->skylight, wn_colour_scale(w->sunlight, 0.3f)));
    float edge = w->height * wn_world_range(w, 0.25f, 0.5f);
    wn_paint wall = wn_paint_vertical(wn_colour_scale(back, 0.6f), back, 0, edge);
    wn_canvas_rectangle(&w->canvas, 0, 0, w->width, w->height, &wall);
    for (int i = 0, n = wn_world_pick(w, 9); i < n; i++) /* things far behind, out of focus */
        wn_canvas_shadow(&w->canvas, wn_point_at(wn_world_range(w, 0, w->width), wn_world_range(w, 0, edge)),
                         wn_world_range(w, 0.04f, 0.2f) * w->width, wn_world_range(w, 0.05f, 0.3f) * w->height,
                         wn_colour_times(wn_world_choose(w, tables, 7),
                                         wn_colour_add(w->skylight, wn_colour_scale(w->sunlight, 0.25f))),
                         0.6f);
    wn_colour top = wn_world_light(w, wn_world_choose(w, tables, 7), wn_vector_at(0, 1, 0));
    w->rim = top;
    wn_paint table = wn_paint_vertical(wn_colour_scale(top, 0.7f), wn_colour_scale(top, 1.05f), edge, w->height);
    bool wood = wn_world_chance(w, 0.6f);
    table.grain = wood ? 0.3f : 0.08f, table.grain_x = wood ? 90 : 4, table.grain_y = wood ? 3 : 4,
    table.seed = wn_world_seed(w);
    wn_canvas_rectangle(&w->canvas, 0, edge, w->width, w->height, &table);
    if (wn_canvas_blur(&w->canvas, 1.2f, 1.2f, 0, (int)(edge + 6), NULL)) return;
    float unit = wn_minf(w->width, w->height) * wn_world_range(w, 0.09f, 0.17f);
    bool has_bowl = wn_world_chance(w, 0.45f);
    int count = 2 + wn_world_pick(w, 8);
    wn_point middle = wn_point_at(w->width * wn_world_range(w, 0.35f, 0.65f),
                                  edge + (w->height - edge) * wn_world_range(w, 0.3f, 0.5f));
    if (has_bowl) {
        float rx = unit * wn_world_range(w, 2.2f, 3.2f);
        wn_colour glaze = wn_world_choose(w, tables, 7);
        bowl(w, middle, rx, false, glaze);
        for (int i = 0; i < count; i++)
            one_fruit(w,
                      wn_point_at(middle.x + wn_world_range(w, -0.65f, 0.65f) * rx,
                                  middle.y - unit * (0.7f - 0.9f * (float)i / (float)count)),
                      unit * wn_world_range(w, 0.8f, 1.1f));
        bowl(w, middle, rx, true, glaze);
        count = wn_world_pick(w, 3);
    }
    for (int i = 0; i < count; i++) {
        float t = ((float)i + 0.5f) / (float)count,
              y = edge + (w->height - edge) * (has_bowl ? 0.78f : 0.2f + 0.65f * t);
        one_fruit(w, wn_point_at(w->width * wn_world_range(w, 0.1f, 0.9f), y - unit * 0.5f),
                  unit * (0.8f + 0.45f * t) * wn_world_range(w, 0.85f, 1.15f));
    }
}

const wn_scene_class wn_scene_class_fruit = {"fruit", "fruit on a table", "photo", 5, true, 0.6f, paint_fruit};
