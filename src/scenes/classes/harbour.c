/* SPDX-License-Identifier: Apache-2.0
 *
 * Ships: freighters, ferries, tugs and yachts, at sea or before a quay.
 */
#include "scenes/ground.h"
#include "scenes/props.h"
#include "scenes/scene_class.h"

static const unsigned hulls[] = {0x7a2a24, 0x1f3a5f, 0x2a2c30, 0xe0ddd6, 0x2f5a4a, 0x8f6a2f, 0x4a4f58};
static const unsigned boxes[] = {0xb5432f, 0x2f5f8f, 0x3f7a55, 0xc9892f, 0x8a8f94, 0x6a3f5f, 0xd8d0c0, 0x2f6f73};

/* A ship in side view: bow towards `d`; (along, up) in pixels from the waterline at its middle. */
typedef struct ship {
    wn_world *world;
    wn_point at;
    float length, d, metres;
} ship;

static wn_point on_ship(const ship *s, float along, float up)
{
    return wn_point_at(s->at.x + s->d * along * s->length, s->at.y - up * s->length);
}

static void plate(const ship *s, float a0, float u0, float a1, float u1, wn_colour colour, float shade)
{
    wn_point points[4] = {on_ship(s, a0, u0), on_ship(s, a1, u0), on_ship(s, a1, u1), on_ship(s, a0, u1)};
    wn_colour lit = wn_world_flat(s->world, colour, s->metres);
    wn_paint paint =
        wn_paint_vertical(wn_colour_scale(lit, 1.1f), wn_colour_scale(lit, shade), points[2].y, points[0].y);
    wn_canvas_fill(&s->world->canvas, points, 4, &paint);
}

static void hull(const ship *s, wn_colour colour, float high, float rake)
{
    wn_world *w = s->world;
    wn_point points[7] = {
        on_ship(s, -0.48f, -0.01f),    on_ship(s, 0.44f, -0.01f),       on_ship(s, 0.5f + rake, high * 1.35f),
        on_ship(s, 0.36f, high),       on_ship(s, -0.4f, high * 0.95f), on_ship(s, -0.5f, high * 1.1f),
        on_ship(s, -0.5f, high * 0.4f)};
    wn_colour lit = wn_world_flat(w, colour, s->metres);
    wn_paint paint =
        wn_paint_vertical(wn_colour_scale(lit, 1.15f), wn_colour_scale(lit, 0.6f), points[2].y, points[0].y);
    paint.grain = 0.12f, paint.grain_x = s->length * 0.03f, paint.grain_y = s->length * 0.01f;
    wn_canvas_fill(&w->canvas, points, 7, &paint);
    wn_colour red = wn_world_flat(w, wn_colour_hex(0x7a2f28), s->metres);
    wn_paint boot = wn_paint_flat(red);
    wn_point low[4] = {on_ship(s, -0.485f, -0.012f), on_ship(s, 0.445f, -0.012f), on_ship(s, 0.455f, high * 0.18f),
                       on_ship(s, -0.49f, high * 0.18f)};
    wn_canvas_fill(&w->canvas, low, 4, &boot);
}

static void portholes(const ship *s, float a0, float a1, float up, float step, float size)
{
    bool night = s->world->time != WN_TIME_DAY;
    for (float a = a0; a < a1; a += step) {
        bool lit = night && wn_world_chance(s->world, 0.7f);
        wn_paint paint = wn_paint_flat(lit ? wn_colour_scale(wn_colour_hex(0xffd590), 0.9f)
                                           : wn_world_flat(s->world, wn_colour_hex(0x2a343c), s->metres));
        wn_point p = on_ship(s, a, up);
        wn_canvas_rectangle(&s->world->canvas, p.x - size, p.y - size * 0.8f, p.x + size, p.y + size * 0.8f, &paint);
    }
}

static void freighter(ship *s)
{
    wn_world *w = s->world;
    float high = wn_world_range(w, 0.06f, 0.09f), cell = 0.055f;
    bool containers = wn_world_chance(w, 0.65f);
    for (int column = 0; column < 11; column++) {
        int stack = 1 + wn_world_pick(w, 5);
        for (int k = 0; containers && k < stack; k++)
            plate(s, -0.24f + cell * (float)column, high + 0.026f * (float)k,
                  -0.24f + cell * (float)(column + 1) - 0.003f, high + 0.026f * (float)(k + 1) - 0.002f,
                  wn_world_choose(w, boxes, 8), 0.75f);
        if (!containers && column % 3 == 1) {
            wn_paint mast = wn_paint_flat(wn_world_flat(w, wn_colour_hex(0xc9a05a), s->metres));
            wn_point foot = on_ship(s, -0.2f + cell * (float)column, high),
                     top = on_ship(s, -0.2f + cell * (float)column, 0.22f);
            wn_canvas_line(&w->canvas, foot, top, s->length * 0.008f, s->length * 0.005f, &mast);
            wn_canvas_line(&w->canvas, foot, on_ship(s, -0.1f + cell * (float)column, 0.17f), s->length * 0.005f,
                           s->length * 0.003f, &mast);
        }
    }
    hull(s, wn_world_choose(w, hulls, 7), high, wn_world_range(w, 0, 0.03f));
    wn_colour white = wn_colour_hex(0xe6e3dc);
    for (int deck = 0; deck < 4; deck++) {
        plate(s, -0.44f + 0.005f * (float)deck, high + 0.03f * (float)deck, -0.28f - 0.01f * (float)deck,
              high + 0.03f * (float)(deck + 1), white, 0.8f);
        portholes(s, -0.425f, -0.32f, high + 0.015f + 0.03f * (float)deck, 0.02f, s->length * 0.004f);
    }
    plate(s, -0.42f, high + 0.12f, -0.37f, high + 0.19f, wn_world_choose(w, boxes, 8), 0.6f);
}

static void ferry(ship *s)
{
    wn_world *w = s->world;
    float high = wn_world_range(w, 0.08f, 0.12f);
    wn_colour white = wn_colour_hex(0xeceae4);
    hull(s, wn_world_chance(w, 0.6f) ? white : wn_world_choose(w, hulls, 7), high, 0.02f);
    int decks = 2 + wn_world_pick(w, 4);
    for (int deck = 0; deck < decks; deck++) {
        float low = high + 0.035f * (float)deck;
        plate(s, -0.44f + 0.025f * (float)deck, low, 0.34f - 0.05f * (float)deck, low + 0.035f, white, 0.82f);
        portholes(s, -0.4f + 0.025f * (float)deck, 0.3f - 0.05f * (float)deck, low + 0.019f, 0.026f,
                  s->length * 0.006f);
    }
    portholes(s, -0.4f, 0.35f, high * 0.65f, 0.04f, s->length * 0.004f);
    plate(s, -0.15f, high + 0.035f * (float)decks, -0.06f, high + 0.035f * (float)decks + 0.09f,
          wn_world_choose(w, boxes, 8), 0.6f);
}

static void yacht(ship *s)
{
    wn_world *w = s->world;
    wn_paint mast = wn_paint_flat(wn_world_flat(w, wn_colour_hex(0xb0a890), s->metres));
    float tall = wn_world_range(w, 0.9f, 1.4f);
    bool up = wn_world_chance(w, 0.65f);
    if (up) {
        wn_colour cloth = wn_world_flat(w, wn_colour_hex(wn_world_chance(w, 0.75f) ? 0xf0ede4 : 0xb5432f), s->metres);
        wn_paint sail = {.start = cloth,
                         .end = wn_colour_scale(cloth, 0.65f),
                         .from = on_ship(s, -0.4f, 0),
                         .to = on_ship(s, 0.1f, 0),
                         .opacity = 1};
        wn_point main_sail[4] = {on_ship(s, 0.02f, tall), on_ship(s, -0.2f, tall * 0.5f), on_ship(s, -0.45f, 0.16f),
                                 on_ship(s, 0.02f, 0.16f)};
        wn_point jib[3] = {on_ship(s, 0.06f, tall * 0.92f), on_ship(s, 0.07f, 0.12f), on_ship(s, 0.48f, 0.12f)};
        wn_canvas_fill(&w->canvas, main_sail, 4, &sail);
        wn_canvas_fill(&w->canvas, jib, 3, &sail);
    }
    wn_canvas_line(&w->canvas, on_ship(s, 0.04f, 0.05f), on_ship(s, 0.04f, tall * 1.03f), s->length * 0.02f,
                   s->length * 0.012f, &mast);
    hull(s, wn_world_choose(w, hulls, 7), 0.1f, 0.06f);
    plate(s, -0.25f, 0.1f, 0.15f, 0.17f, wn_colour_hex(0xe6e2d8), 0.8f);
    portholes(s, -0.2f, 0.12f, 0.135f, 0.09f, s->length * 0.014f);
}

static void one_ship(wn_world *w, float y, float length, int kind)
{
    ship s = {.world = w,
              .at = {w->width * wn_world_range(w, 0.2f, 0.8f), y},
              .length = length,
              .d = wn_world_chance(w, 0.5f) ? 1.0f : -1.0f};
    s.metres = kind == 2 ? 60 : 200;
    if (kind == 0) freighter(&s);
    if (kind == 1) ferry(&s);
    if (kind == 2) yacht(&s);
}

static void crane(wn_world *w, float x, float foot, float size)
{
    wn_paint paint =
        wn_paint_flat(wn_world_flat(w, wn_colour_hex(wn_world_chance(w, 0.5f) ? 0xb5432f : 0x2f5f8f), 300));
    float t = wn_maxf(1.0f, size * 0.03f);
    wn_canvas_line(&w->canvas, wn_point_at(x - size * 0.16f, foot), wn_point_at(x - size * 0.1f, foot - size * 0.7f), t,
                   t, &paint);
    wn_canvas_line(&w->canvas, wn_point_at(x + size * 0.16f, foot), wn_point_at(x + size * 0.1f, foot - size * 0.7f), t,
                   t, &paint);
    wn_canvas_line(&w->canvas, wn_point_at(x - size * 0.35f, foot - size * 0.7f),
                   wn_point_at(x + size * 0.75f, foot - size * 0.7f), t, t, &paint);
    wn_canvas_line(&w->canvas, wn_point_at(x, foot - size), wn_point_at(x + size * 0.7f, foot - size * 0.7f), t * 0.5f,
                   t * 0.5f, &paint);
    wn_canvas_line(&w->canvas, wn_point_at(x, foot - size * 0.7f), wn_point_at(x, foot - size), t, t, &paint);
}

static void paint_harbour(wn_world *w)
{
    static const unsigned seas[] = {0x2a4f5f, 0x1f4a5f, 0x2f5a58, 0x26454f};
    wn_world_aim(w, wn_world_range(w, 4, 14), wn_world_range(w, 0.42f, 0.62f), wn_world_range(w, 40, 60));
    w->snowy = false;
    wn_world_sky(w, w->horizon + 1);
    bool quay = wn_world_chance(w, 0.5f);
    float shore = w->horizon + 3;
    if (quay) {
        if (wn_world_chance(w, 0.5f))
            wn_prop_skyline(w, 0, w->width, shore, w->height * wn_world_range(w, 0.06f, 0.18f), 600);
        for (int i = 0, n = wn_world_pick(w, 6); i < n; i++)
            crane(w, wn_world_range(w, 0, w->width), shore, w->height * wn_world_range(w, 0.12f, 0.28f));
        wn_paint stone = wn_paint_flat(wn_world_flat(w, wn_colour_hex(0x6f6a62), 250));
        wn_canvas_rectangle(&w->canvas, 0, shore - 4, w->width, shore, &stone);
    } else if (wn_world_chance(w, 0.5f)) {
        wn_range hills = {shore,
                          w->height * wn_world_range(w, 0.05f, 0.2f),
                          1200,
                          0.4f,
                          2,
                          wn_colour_hex(0x6a6f66),
                          wn_colour_hex(0x4f6348)};
        wn_ground_range(w, &hills);
    }
    int kind = wn_world_pick(w, 3), count = kind == 2 ? 1 + wn_world_pick(w, 5) : 1 + wn_world_pick(w, 2);
    float line = shore;
    wn_colour deep = wn_world_choose(w, seas, 4);
    bool calm = quay || wn_world_chance(w, 0.5f);
    if (!calm)
        wn_ground_sea(w, w->horizon, w->height, deep, wn_world_range(w, 0.2f, 0.8f));
    else
        line = shore + 2;
    for (int i = 0; i < count; i++) {
        float near = ((float)i + 0.7f) / (float)count,
              size = kind == 2 ? wn_mixf(0.1f, 0.3f, near) : wn_world_range(w, 0.5f, 0.9f) * (0.5f + 0.5f * near);
        one_ship(w, line + (calm ? 0 : near * 0.12f * w->height), size * w->width, kind);
    }
    if (calm)
        wn_world_reflect(w, (int)line, wn_world_range(w, 0.2f, 1.2f),
                         wn_colour_times(deep, wn_colour_add(w->skylight, wn_colour_scale(w->sunlight, 0.4f))),
                         wn_world_range(w, 0.9f, 1.3f));
    if (quay && wn_world_chance(w, 0.3f)) one_ship(w, line + 0.2f * w->height, 0.25f * w->width, 2);
}

const wn_scene_class wn_scene_class_harbour = {"harbour", "ships", "DSC", 5, false, 0.9f, paint_harbour};
