/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures that belong to no class: what ends up in a folder of photos by mistake.
 */
#include "scenes/noise.h"
#include "scenes/scene_class.h"

static const unsigned inks[] = {0x2f5f9f, 0xc2452f, 0x3f8f5f, 0xd9a22f, 0x6a4a8f, 0x2f8f9a, 0x8a8f94, 0xd0607f};

static void cover(wn_world *w, wn_colour colour)
{
    wn_paint paint = wn_paint_flat(colour);
    wn_canvas_rectangle(&w->canvas, 0, 0, w->width, w->height, &paint);
}

static void bar(wn_world *w, float x0, float y0, float x1, float y1, wn_colour colour)
{
    wn_paint paint = wn_paint_flat(colour);
    wn_canvas_rectangle(&w->canvas, x0, y0, x1, y1, &paint);
}

/* A line of words as bars of ink, from x0 to at most x1. */
static void text_line(wn_world *w, float x0, float x1, float y, float size, wn_colour ink)
{
    for (float x = x0; x < x1;) {
        float word = size * wn_world_range(w, 1.2f, 5.5f);
        if (x + word > x1) break;
        for (float letter = x; letter < x + word; letter += size * 0.55f) {
            float tall = wn_world_chance(w, 0.3f) ? 0.95f : 0.62f;
            bar(w, letter, y - size * tall, letter + size * wn_world_range(w, 0.12f, 0.4f), y, ink);
            bar(w, letter, y - size * wn_world_range(w, 0.1f, 0.6f), letter + size * 0.42f, y - size * 0.05f + 0.3f,
                wn_colour_scale(ink, 1.4f));
        }
        x += word + size * 0.6f;
    }
}

static void paint_colour(wn_world *w)
{
    cover(w, wn_world_choose(w, inks, 8));
    w->sensor_noise = 0, w->vignette = 0;
}

static void paint_noise(wn_world *w)
{
    float size = wn_world_range(w, 0.6f, 3), strength = wn_world_range(w, 0.4f, 1.0f);
    uint32_t seed = wn_world_seed(w);
    bool grey = wn_world_chance(w, 0.4f);
    for (int y = 0; y < w->canvas.height; y++)
        for (int x = 0; x < w->canvas.width; x++) {
            int u = (int)((float)x / size), v = (int)((float)y / size);
            float r = 0.3f * (1 - strength) + strength * wn_noise_cell(u, v, seed), g = wn_noise_cell(u, v, seed + 1u),
                  b = wn_noise_cell(u, v, seed + 2u);
            w->canvas.pixels[(size_t)y * (size_t)w->canvas.width + (size_t)x] =
                grey ? (wn_colour){r, r, r} : (wn_colour){r, g, b};
        }
}

static void paint_chart(wn_world *w)
{
    float left = 0.12f * w->width, right = 0.94f * w->width, top = 0.14f * w->height, foot = 0.86f * w->height,
          line = wn_maxf(1, w->height * 0.003f);
    cover(w, (wn_colour){0.95f, 0.95f, 0.95f});
    for (int i = 0; i <= 5; i++) {
        float y = wn_mixf(foot, top, (float)i / 5);
        bar(w, left, y, right, y + line, (wn_colour){0.65f, 0.65f, 0.65f});
        text_line(w, 0.05f * w->width, 0.11f * w->width, y, w->height * 0.022f, (wn_colour){0.1f, 0.1f, 0.1f});
    }
    text_line(w, 0.25f * w->width, 0.75f * w->width, 0.09f * w->height, w->height * 0.04f,
              (wn_colour){0.05f, 0.05f, 0.05f});
    int n = 4 + wn_world_pick(w, 9), kind = wn_world_pick(w, 3), series = 1 + wn_world_pick(w, 3);
    for (int s = 0; s < series; s++) {
        wn_colour ink = wn_world_choose(w, inks, 8);
        wn_paint paint = wn_paint_flat(ink);
        wn_point last = {0};
        for (int i = 0; i < n; i++) {
            float step = (right - left) / (float)n, x = left + ((float)i + 0.5f) * step,
                  y = wn_mixf(foot, top, wn_world_range(w, 0.1f, 0.95f));
            float wide = 0.8f * step / (float)series;
            if (kind == 0)
                bar(w, x - 0.4f * step + wide * (float)s, y, x - 0.4f * step + wide * (float)(s + 1) - line, foot, ink);
            if (kind >= 1) wn_canvas_ellipse(&w->canvas, wn_point_at(x, y), line * 2.2f, line * 2.2f, 0, &paint);
            if (kind == 1 && i > 0)
                wn_canvas_line(&w->canvas, last, wn_point_at(x, y), line * 1.6f, line * 1.6f, &paint);
            last = wn_point_at(x, y);
        }
    }
    bar(w, left, top, left + line, foot, (wn_colour){0.1f, 0.1f, 0.1f});
    bar(w, left, foot, right, foot + line, (wn_colour){0.1f, 0.1f, 0.1f});
}

static void paint_page(wn_world *w)
{
    float size = w->height * wn_world_range(w, 0.014f, 0.028f), margin = 0.1f * w->width, y = 0.1f * w->height;
    wn_colour ink = {0.06f, 0.06f, 0.07f};
    cover(w, wn_colour_scale(wn_colour_hex(0xf6f2ea), wn_world_range(w, 0.8f, 1)));
    text_line(w, margin, w->width * wn_world_range(w, 0.5f, 0.9f), y, size * 1.8f, ink);
    for (y += size * 3; y < 0.92f * w->height; y += size * 1.9f) {
        if (wn_world_chance(w, 0.08f)) continue;
        if (wn_world_chance(w, 0.03f)) {
            bar(w, margin, y, w->width - margin, y + size * 5, wn_world_choose(w, inks, 8));
            y += size * 6;
            continue;
        }
        text_line(w, margin, wn_world_chance(w, 0.12f) ? 0.5f * w->width : w->width - margin, y, size, ink);
    }
}

static wn_colour pattern_shader(const void *context, float x, float y, float *opacity)
{
    const wn_paint *p = context;
    float kind = p->grain, s = p->grain_x, n = 0;
    (void)opacity;
    if (kind < 1)
        n = wn_noise_sum(x / s + 2.5f * wn_noise_sum(x / s, y / s, 3, p->seed), y / s, 4, p->seed + 8u); /* marble */
    else if (kind < 2)
        n = sinf(x / s * 6) * sinf(y / s * 6) + 0.3f * wn_noise(x, y, p->seed); /* weave */
    else if (kind < 3)
        n = sinf(sqrtf(y * y * 0.02f + x * x) / s * 3 +
                 5 * wn_noise_sum(x / s * 0.3f, y / s * 0.05f, 3, p->seed)); /* wood */
    else if (kind < 4)
        n = (((int)(x / s) + (int)(y / s)) & 1) ? 0.8f : -0.8f; /* tiles */
    else
        n = 2 * wn_noise_ridge(x / s, y / s, 4, p->seed) - 1; /* cracks */
    return wn_colour_mix(p->start, p->end, wn_clampf(0.5f + 0.7f * n, 0, 1));
}

static void paint_texture(wn_world *w)
{
    wn_paint p = {.start = wn_world_choose(w, inks, 8), .end = wn_world_choose(w, inks, 8), .seed = wn_world_seed(w)};
    p.grain = (float)wn_world_pick(w, 5) + 0.5f;
    p.grain_x = w->width * wn_world_range(w, 0.03f, 0.15f);
    if (wn_world_chance(w, 0.5f)) p.end = wn_colour_scale(p.start, 0.35f);
    wn_canvas_rows(&w->canvas, 0, w->canvas.height, pattern_shader, &p);
}

static void paint_screen(wn_world *w)
{
    bool dark = wn_world_chance(w, 0.5f);
    wn_colour back = wn_colour_hex(dark ? 0x1f2329 : 0xf2f3f5), panel = wn_colour_hex(dark ? 0x2c323a : 0xffffff),
              ink = wn_colour_hex(dark ? 0xc8ccd2 : 0x30343a);
    cover(w, back);
    float unit = w->height * 0.05f;
    bar(w, 0, 0, w->width, unit * 1.4f, wn_world_choose(w, inks, 8));
    bar(w, 0, unit * 1.4f, w->width * 0.22f, w->height, panel);
    for (float y = unit * 3; y < w->height - unit; y += unit * 1.3f)
        text_line(w, unit * 0.5f, w->width * 0.2f, y, unit * 0.42f, ink);
    for (float y = unit * 2.2f; y < w->height - unit * 4; y += unit * 5.2f)
        for (float x = w->width * 0.25f; x < w->width - unit * 4; x += w->width * 0.25f) {
            bar(w, x, y, x + w->width * 0.23f, y + unit * 4.6f, panel);
            bar(w, x + unit * 0.3f, y + unit * 0.3f, x + w->width * 0.21f, y + unit * 2.6f,
                wn_world_choose(w, inks, 8));
            text_line(w, x + unit * 0.3f, x + w->width * 0.21f, y + unit * 3.4f, unit * 0.42f, ink);
            text_line(w, x + unit * 0.3f, x + w->width * 0.18f, y + unit * 4.1f, unit * 0.35f, ink);
        }
    w->sensor_noise = 0, w->vignette = 0;
}

static void paint_code(wn_world *w)
{
    int cells = 21 + 4 * wn_world_pick(w, 4);
    float size = 0.8f * wn_minf(w->width, w->height) / (float)cells, x0 = 0.5f * (w->width - size * (float)cells),
          y0 = 0.5f * (w->height - size * (float)cells);
    uint32_t seed = wn_world_seed(w);
    cover(w, (wn_colour){0.92f, 0.92f, 0.9f});
    for (int y = 0; y < cells; y++)
        for (int x = 0; x < cells; x++) {
            int cx = x < 8 ? x : cells - 1 - x, cy = y < 8 ? y : cells - 1 - y;
            bool corner = cx < 8 && cy < 8 && !(x >= 8 && y >= 8);
            int ring = (int)wn_maxf(fabsf((float)cx - 3), fabsf((float)cy - 3));
            bool ink = corner ? ring != 2 && ring < 4 : wn_noise_cell(x, y, seed) < 0.5f;
            if (ink)
                bar(w, x0 + size * (float)x, y0 + size * (float)y, x0 + size * (float)(x + 1) + 0.2f,
                    y0 + size * (float)(y + 1) + 0.2f, (wn_colour){0.02f, 0.02f, 0.02f});
        }
}

static void paint_shapes(wn_world *w)
{
    cover(w, wn_colour_scale(wn_world_choose(w, inks, 8), 0.3f));
    for (int i = 0, n = 8 + wn_world_pick(w, 40); i < n; i++) {
        wn_paint paint = wn_paint_flat(wn_world_choose(w, inks, 8));
        wn_point at = {wn_world_range(w, 0, w->width), wn_world_range(w, 0, w->height)};
        float r = wn_world_range(w, 0.02f, 0.2f) * w->width;
        paint.opacity = wn_world_range(w, 0.4f, 1);
        if (i % 3 == 0)
            wn_canvas_ellipse(&w->canvas, at, r, r * wn_world_range(w, 0.4f, 1), wn_world_range(w, 0, 3), &paint);
        else
            wn_canvas_blob(&w->canvas, at, r, 1, 0.2f, 3 + wn_world_pick(w, 6), wn_world_seed(w), &paint);
    }
}

static void paint_map(wn_world *w)
{
    static const unsigned lands[] = {0xe8e4d8, 0xd8e4c8, 0xf0ece0};
    cover(w, wn_world_choose(w, lands, 3));
    wn_paint water = wn_paint_flat(wn_colour_hex(0x9fc4dc)), park = wn_paint_flat(wn_colour_hex(0xb8d4a0));
    for (int i = 0; i < 7; i++)
        wn_canvas_blob(&w->canvas, wn_point_at(wn_world_range(w, 0, w->width), wn_world_range(w, 0, w->height)),
                       w->width * wn_world_range(w, 0.05f, 0.22f), 0.7f, 0.4f, 11, wn_world_seed(w),
                       i < 3 ? &water : &park);
    for (int pass = 0; pass < 2; pass++) {
        wn_rng saved = w->rng;
        for (int i = 0; i < 26; i++) {
            wn_paint road = wn_paint_flat(wn_colour_hex(pass == 0 ? 0xa89f90 : i % 9 == 0 ? 0xf0c060 : 0xfdfdfb));
            float wide = w->width * (i % 9 == 0 ? 0.016f : 0.008f) * (pass == 0 ? 1.35f : 1);
            wn_point a = {wn_world_range(w, -0.1f, 1.1f) * w->width, i % 2 ? -5 : wn_world_range(w, 0, w->height)};
            wn_point b = i % 2 ? wn_point_at(a.x + wn_world_range(w, -0.3f, 0.3f) * w->width, w->height + 5)
                               : wn_point_at(w->width + 5, a.y + wn_world_range(w, -0.3f, 0.3f) * w->height);
            if (i % 2 == 0) a.x = -5;
            wn_canvas_line(&w->canvas, a, b, wide, wide, &road);
        }
        if (pass == 0) w->rng = saved;
    }
    for (int i = 0; i < 12; i++) {
        float x = wn_world_range(w, 0, 0.9f) * w->width;
        text_line(w, x, x + 0.14f * w->width, wn_world_range(w, 0.05f, 1) * w->height, w->height * 0.02f,
                  (wn_colour){0.1f, 0.1f, 0.12f});
    }
}

static const struct {
    const char *name;
    void (*paint)(wn_world *world);
} outliers[] = {
    {"one colour", paint_colour}, {"noise", paint_noise},     {"chart", paint_chart},
    {"page of text", paint_page}, {"texture", paint_texture}, {"screen shot", paint_screen},
    {"code", paint_code},         {"shapes", paint_shapes},   {"map", paint_map},
};

int wn_scene_outlier_count(void)
{
    return (int)(sizeof outliers / sizeof outliers[0]);
}

const char *wn_scene_outlier_name(int kind)
{
    return outliers[kind].name;
}

void wn_scene_outlier_paint(wn_world *w, int kind)
{
    w->contrast = 1, w->saturation = 1, w->warmth = 0, w->exposure = 1, w->sensor_noise *= 0.3f;
    outliers[kind].paint(w);
}
