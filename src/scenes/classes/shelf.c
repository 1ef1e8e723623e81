/* SPDX-License-Identifier: Apache-2.0
 *
 * Indoors: shelves with books, bottles, jars, boxes and plants.
 */
#include "scenes/noise.h"
#include "scenes/props.h"
#include "scenes/scene_class.h"

static const unsigned covers[] = {0x8f2f2f, 0x2f4f7a, 0x3f6b4a, 0xc9a24a, 0x5f4a7a, 0xd8cdb8,
                                  0x2a2c33, 0xb5603a, 0x6f8f9a, 0x9a3f5f, 0xe0dccf, 0x4a3a2c};

/* Light on a thing: from the lamp above or the window at one side. */
static wn_paint lit(const wn_world *w, wn_colour colour, float x0, float x1)
{
    wn_colour base = wn_colour_times(colour, wn_colour_add(w->skylight, wn_colour_scale(w->sunlight, 0.6f)));
    wn_paint paint = {.start = wn_colour_scale(base, w->sun.x > 0 ? 0.6f : 1.15f),
                      .end = wn_colour_scale(base, w->sun.x > 0 ? 1.15f : 0.6f),
                      .opacity = 1};
    paint.from.x = x0, paint.to.x = x1;
    return paint;
}

static float books(wn_world *w, float x, float end, float foot, float high)
{
    int count = 3 + wn_world_pick(w, 14);
    float tilt = 0;
    for (int i = 0; i < count; i++) {
        float wide = high * wn_world_range(w, 0.07f, 0.22f), tall = high * wn_world_range(w, 0.6f, 0.95f);
        if (x + wide > end) break;
        if (wn_world_chance(w, 0.07f)) tilt = wn_world_range(w, -0.25f, 0.25f);
        float lean = tilt * tall;
        wn_colour cover = wn_world_choose(w, covers, 12);
        wn_paint paint = lit(w, cover, x, x + wide), band = lit(w, wn_world_choose(w, covers, 12), x, x + wide);
        paint.grain = 0.12f, paint.grain_x = 2, paint.grain_y = 5, paint.seed = wn_world_seed(w);
        const wn_point spine[4] = {
            {x + lean, foot - tall}, {x + wide + lean, foot - tall}, {x + wide, foot}, {x, foot}};
        wn_canvas_fill(&w->canvas, spine, 4, &paint);
        for (int k = 0, bands = wn_world_pick(w, 3); k < bands; k++) {
            float t = wn_world_range(w, 0.1f, 0.85f), thick = wn_world_range(w, 0.02f, 0.16f);
            const wn_point strip[4] = {{x + lean * t, foot - tall * t},
                                       {x + wide + lean * t, foot - tall * t},
                                       {x + wide + lean * (t - thick), foot - tall * (t - thick)},
                                       {x + lean * (t - thick), foot - tall * (t - thick)}};
            wn_canvas_fill(&w->canvas, strip, 4, &band);
        }
        x += wide + fabsf(lean) * 0.5f + 0.4f;
        tilt *= 0.5f;
    }
    return x;
}

/* A body of revolution given by half-widths at heights, both in shares of the height. */
static void turned(wn_world *w, float x, float foot, float high, const wn_point *outline, int n, wn_colour colour,
                   float shine)
{
    wn_point points[24];
    float widest = 0;
    for (int i = 0; i < n; i++) {
        points[i] = wn_point_at(x - outline[i].x * high, foot - outline[i].y * high);
        points[2 * n - 1 - i] = wn_point_at(x + outline[i].x * high, foot - outline[i].y * high);
        widest = wn_maxf(widest, outline[i].x * high);
    }
    wn_paint paint = lit(w, colour, x - widest, x + widest);
    wn_canvas_fill(&w->canvas, points, 2 * n, &paint);
    float side = w->sun.x > 0 ? 0.45f : -0.45f;
    wn_paint gleam = wn_paint_flat(wn_colour_add(w->sunlight, w->skylight));
    gleam.opacity = shine;
    wn_canvas_line(&w->canvas, wn_point_at(x + side * widest, foot - 0.1f * high),
                   wn_point_at(x + side * widest, foot - 0.6f * high), widest * 0.16f, widest * 0.1f, &gleam);
}

static float vessel(wn_world *w, float x, float foot, float high)
{
    static const wn_point bottle[] = {{0.13f, 0},    {0.14f, 0.05f},  {0.14f, 0.55f},
                                      {0.05f, 0.7f}, {0.045f, 0.95f}, {0.055f, 1}};
    static const wn_point jar[] = {{0.24f, 0},    {0.27f, 0.08f}, {0.27f, 0.62f},
                                   {0.22f, 0.7f}, {0.23f, 0.72f}, {0.23f, 0.82f}};
    static const wn_point vase[] = {{0.12f, 0},    {0.22f, 0.2f}, {0.24f, 0.4f},
                                    {0.12f, 0.7f}, {0.1f, 0.8f},  {0.15f, 0.9f}};
    static const unsigned glasses[] = {0x3f6b3a, 0x6b3f24, 0xa8c0c0, 0x2f4a6b, 0xc9b48a, 0xd8d4c8, 0x9a3f34};
    const wn_point *shapes[] = {bottle, jar, vase};
    int kind = wn_world_pick(w, 3);
    float tall = high * wn_world_range(w, 0.55f, 0.9f), half = tall * (kind == 0 ? 0.15f : 0.28f);
    turned(w, x + half, foot, tall, shapes[kind], 6, wn_world_choose(w, glasses, 7), 0.25f);
    if (kind < 2) {
        wn_paint label = lit(w, wn_world_choose(w, covers, 12), x, x + 2 * half);
        wn_canvas_rectangle(&w->canvas, x + half * 0.12f, foot - tall * 0.45f, x + half * 1.88f, foot - tall * 0.18f,
                            &label);
    }
    if (kind == 2 && wn_world_chance(w, 0.6f)) {
        for (int i = 0; i < 9; i++) {
            wn_paint leaf = lit(w, wn_colour_hex(0x4a7a3a), x, x + 2 * half);
            float a = wn_world_range(w, 0.4f, 2.7f), reach = tall * wn_world_range(w, 0.2f, 0.5f);
            wn_canvas_line(&w->canvas, wn_point_at(x + half, foot - tall * 0.88f),
                           wn_point_at(x + half + reach * cosf(a), foot - tall * 0.88f - reach * sinf(a)), tall * 0.02f,
                           tall * 0.09f, &leaf);
        }
    }
    return x + 2 * half + high * 0.04f;
}

static float carton(wn_world *w, float x, float foot, float high)
{
    float wide = high * wn_world_range(w, 0.25f, 0.75f), tall = high * wn_world_range(w, 0.3f, 0.85f);
    wn_paint front = lit(w, wn_world_choose(w, covers, 12), x, x + wide),
             mark = lit(w, wn_world_choose(w, covers, 12), x, x + wide);
    wn_canvas_rectangle(&w->canvas, x, foot - tall, x + wide, foot, &front);
    if (wn_world_chance(w, 0.5f))
        wn_canvas_ellipse(&w->canvas, wn_point_at(x + wide * 0.5f, foot - tall * 0.55f), wide * 0.28f, wide * 0.28f, 0,
                          &mark);
    else
        wn_canvas_rectangle(&w->canvas, x + wide * 0.12f, foot - tall * 0.8f, x + wide * 0.88f,
                            foot - tall * wn_world_range(w, 0.3f, 0.6f), &mark);
    for (int i = 0; i < 3; i++)
        wn_canvas_rectangle(&w->canvas, x + wide * 0.15f, foot - tall * (0.1f + 0.06f * (float)i),
                            x + wide * wn_world_range(w, 0.5f, 0.85f), foot - tall * (0.08f + 0.06f * (float)i), &mark);
    return x + wide + high * 0.03f;
}

static float frame(wn_world *w, float x, float foot, float high)
{
    float wide = high * wn_world_range(w, 0.4f, 0.8f), tall = high * wn_world_range(w, 0.4f, 0.7f), rim = high * 0.04f;
    wn_paint wood = lit(w, wn_colour_hex(wn_world_chance(w, 0.5f) ? 0x3a2c22 : 0xb08a4a), x, x + wide);
    wn_paint picture = wn_paint_vertical(wn_colour_scale(wn_world_choose(w, covers, 12), 0.7f),
                                         wn_colour_scale(wn_world_choose(w, covers, 12), 0.7f), foot - tall, foot);
    picture.grain = 0.5f, picture.grain_x = wide * 0.3f, picture.grain_y = tall * 0.2f;
    wn_canvas_rectangle(&w->canvas, x, foot - tall, x + wide, foot, &wood);
    wn_canvas_rectangle(&w->canvas, x + rim, foot - tall + rim, x + wide - rim, foot - rim, &picture);
    return x + wide + high * 0.06f;
}

static void paint_shelf(wn_world *w)
{
    static const unsigned wallpapers[] = {0xcfc4b0, 0xb9c4c0, 0xd8d4cc, 0x8f9a9f, 0xa8b09a, 0x6a5f58, 0xc9a98f};
    static const unsigned woods[] = {0x8a5f3a, 0xb08a5a, 0x5a3f2a, 0xe0ddd6, 0x6f6a64, 0x3a2f28};
    bool lamp = w->time != WN_TIME_DAY || wn_world_chance(w, 0.35f);
    w->sun = wn_vector_unit(wn_vector_at(wn_world_range(w, -1, 1), 0.8f, -0.5f));
    w->sunlight =
        lamp ? wn_colour_scale(wn_colour_hex(0xffd09a), 0.65f) : wn_colour_scale(wn_colour_hex(0xfff4e6), 0.8f);
    w->skylight =
        lamp ? wn_colour_scale(wn_colour_hex(0xffd9b0), 0.16f) : wn_colour_scale(wn_colour_hex(0xdfe8f0), 0.4f);
    if (w->time == WN_TIME_NIGHT)
        w->skylight = wn_colour_scale(w->skylight, 0.3f), w->sunlight = wn_colour_scale(w->sunlight, 0.45f);
    wn_paint wall = lit(w, wn_world_choose(w, wallpapers, 7), 0, w->width);
    wall.grain = 0.06f, wall.grain_x = wall.grain_y = 3;
    wn_canvas_rectangle(&w->canvas, 0, 0, w->width, w->height, &wall);
    wn_colour wood = wn_world_choose(w, woods, 6);
    int rows = 2 + wn_world_pick(w, 4), style = wn_world_pick(w, 4);
    float pitch = w->height / ((float)rows + wn_world_range(w, -0.5f, 0.3f)),
          offset = wn_world_range(w, 0.4f, 1.0f) * pitch;
    float left = wn_world_range(w, -0.1f, 0.12f) * w->width, right = wn_world_range(w, 0.88f, 1.1f) * w->width,
          thick = pitch * wn_world_range(w, 0.05f, 0.1f);
    wn_paint back = lit(w, wn_colour_scale(wood, 0.35f), left, right);
    if (wn_world_chance(w, 0.6f)) wn_canvas_rectangle(&w->canvas, left, 0, right, w->height, &back);
    for (int r = 0; r <= rows + 1; r++) {
        float foot = offset + pitch * (float)r, high = pitch - thick, x = left + wn_world_range(w, 0.02f, 0.2f) * high;
        while (x < right - 0.15f * high) {
            int thing = wn_world_pick(w, 10);
            wn_canvas_shadow(&w->canvas, wn_point_at(x + 0.3f * high, foot - 0.05f * high), high * 0.6f, high * 0.12f,
                             (wn_colour){0, 0, 0}, 0.5f);
            if (style == 1 || (style == 0 && thing < 6))
                x = books(w, x, right, foot, high);
            else if (style == 2 || (style == 0 && thing < 7))
                x = vessel(w, x, foot, high);
            else if (style == 3 || thing < 9)
                x = carton(w, x, foot, high);
            else
                x = frame(w, x, foot, high);
            x += wn_world_chance(w, 0.2f) ? wn_world_range(w, 0.1f, 0.8f) * high : 0;
        }
        wn_paint board = lit(w, wood, left, right);
        board.grain = 0.25f, board.grain_x = 40, board.grain_y = 1.5f, board.seed = wn_world_seed(w);
        wn_canvas_rectangle(&w->canvas, left, foot, right, foot + thick, &board);
        wn_paint under = wn_paint_vertical((wn_colour){0, 0, 0}, (wn_colour){0, 0, 0}, 0, 1);
        for (int k = 0; k < 6; k++) {
            under.opacity = 0.28f - 0.045f * (float)k;
            wn_canvas_rectangle(&w->canvas, left, foot + thick + pitch * 0.035f * (float)k, right,
                                foot + thick + pitch * 0.035f * (float)(k + 1), &under);
        }
    }
    for (int side = 0; side < 2; side++) {
        wn_paint post = lit(w, wood, left, right);
        float x = side ? right : left;
        wn_canvas_rectangle(&w->canvas, x - thick * 0.5f, 0, x + thick * 0.5f, w->height, &post);
    }
    if (lamp)
        wn_canvas_glow(&w->canvas,
                       wn_point_at(wn_world_range(w, 0.2f, 0.8f) * w->width, wn_world_range(w, 0, 0.5f) * w->height),
                       0.7f * w->width, wn_colour_scale(wn_colour_hex(0xffc080), 0.14f));
}

const wn_scene_class wn_scene_class_shelf = {"shelf", "things on shelves", "photo", 6, true, 0.8f, paint_shelf};
