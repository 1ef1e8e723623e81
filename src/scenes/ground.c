/* SPDX-License-Identifier: Apache-2.0 */
#include "scenes/ground.h"

#include "scenes/noise.h"
#include "winnow/memory.h"

wn_ground wn_ground_of(wn_world *w, unsigned first, unsigned second, float patch, float grain)
{
    wn_ground g = {.world = w, .patch = patch, .grain = grain, .seed = wn_world_seed(w)};
    g.first = wn_colour_hex(first), g.second = wn_colour_hex(second);
    if (w->snowy) {
        g.first = wn_colour_mix(g.first, wn_colour_hex(0xeef2f6), 0.93f);
        g.second = wn_colour_mix(g.second, wn_colour_hex(0xe2e8ef), 0.8f);
    }
    wn_vector up = wn_vector_at(0, 1, 0);
    g.first = wn_world_light(w, g.first, up);
    g.second = wn_world_light(w, g.second, up);
    return g;
}

void wn_ground_at(const wn_world *w, float x, float y, float *right, float *depth, float *footprint)
{
    float down = wn_maxf(y - w->horizon, 0.25f);
    *depth = w->focal * w->eye / down;
    *right = (x - w->width * 0.5f) * *depth / w->focal;
    *footprint = *depth / down;
}

wn_colour wn_ground_colour(const wn_ground *g, float right, float depth, float footprint)
{
    float coarse = wn_noise_sum(right / g->patch, depth / g->patch, 2, g->seed);
    float keep = 1.0f / (1.0f + 0.5f * footprint / g->patch);
    wn_colour colour = wn_colour_mix(g->first, g->second, wn_clampf(0.5f + 0.9f * coarse * keep, 0.0f, 1.0f));
    float fine_keep = g->grain / (1.0f + 14.0f * footprint);
    if (fine_keep > 0.04f) {
        float fine = wn_noise(right * 6.0f, depth * 4.0f, g->seed + 9u) +
                     0.7f * wn_noise(right * 19.0f, depth * 13.0f, g->seed + 4u);
        colour = wn_colour_scale(colour, wn_maxf(0.0f, 1.0f + fine_keep * fine));
    }
    return wn_world_air(g->world, colour, depth);
}

static wn_colour ground_shader(const void *context, float x, float y, float *opacity)
{
    const wn_ground *g = context;
    float right, depth, footprint;
    (void)opacity;
    wn_ground_at(g->world, x, y, &right, &depth, &footprint);
    return wn_ground_colour(g, right, depth, footprint);
}

void wn_ground_paint(wn_world *w, const wn_ground *ground)
{
    wn_canvas_rows(&w->canvas, (int)w->horizon, w->canvas.height, ground_shader, ground);
}

typedef struct sea {
    const wn_world *world;
    wn_colour deep;
    float choppy, long_wave;
    uint32_t seed;
} sea;

static wn_colour sea_shader(const void *context, float x, float y, float *opacity)
{
    const sea *s = context;
    const wn_world *w = s->world;
    float right, depth, footprint;
    (void)opacity;
    wn_ground_at(w, x, y, &right, &depth, &footprint);
    float size = s->long_wave * (1.0f + depth * 0.01f);
    float wave = wn_noise_sum(right / (2.6f * size), depth / size, 3, s->seed);
    float keep = 1.0f / (1.0f + 0.25f * footprint / size), tilt = wave * s->choppy * keep;
    float grazing = wn_clampf(1.0f - 9.0f * w->eye / (depth + 9.0f * w->eye), 0.05f, 0.97f);
    float mirror = wn_clampf(grazing * grazing * 0.8f + 0.12f + 0.5f * tilt, 0.03f, 0.95f);
    wn_colour sky = wn_colour_mix(w->rim, w->zenith, wn_clampf(0.75f - 0.6f * grazing - 0.6f * tilt, 0.0f, 1.0f));
    wn_colour light = wn_colour_add(wn_colour_scale(w->sunlight, 0.35f + 0.3f * w->sun.y), w->skylight);
    wn_colour colour = wn_colour_mix(wn_colour_times(s->deep, light), sky, mirror);
    if (w->sun.z > 0.05f && w->clouds < 0.9f) { /* glitter below the sun */
        float sx = w->width * 0.5f + w->focal * w->sun.x / w->sun.z;
        float off = (x - sx) / (0.06f * w->focal * (1.0f + 1.2f * (y - w->horizon) / w->height));
        float spark = expf(-off * off) * wn_stepf(0.05f, 0.5f, wave + 0.25f * grazing);
        colour = wn_colour_add(colour, wn_colour_scale(w->sunlight, 1.1f * spark));
    }
    float crest = wn_stepf(0.42f, 0.7f, wave) * s->choppy * keep;
    colour = wn_colour_mix(colour, wn_colour_scale(light, 0.75f), 0.6f * crest);
    return wn_world_air(w, colour, depth * 0.6f);
}

void wn_ground_sea(wn_world *w, float y0, float y1, wn_colour deep, float choppy)
{
    sea s = {.world = w, .deep = deep, .choppy = choppy, .seed = wn_world_seed(w)};
    s.long_wave = wn_world_range(w, 0.5f, 1.6f) * (0.4f + 0.25f * w->eye);
    wn_canvas_rows(&w->canvas, (int)y0, (int)y1, sea_shader, &s);
}

typedef struct ridge {
    const wn_world *world;
    const wn_range *range;
    wn_colour rock, meadow, snow, shade, bright;
    float scale;
    uint32_t seed;
} ridge;

static wn_colour ridge_shader(const void *context, float x, float y, float *opacity)
{
    const ridge *r = context;
    const wn_range *m = r->range;
    (void)opacity;
    float u = x / r->scale, v = y / r->scale * 0.7f, side = r->world->sun.x >= 0 ? 1.0f : -1.0f;
    float here = wn_noise_ridge(u * 2.2f + v, v * 1.4f - 0.6f * u, 3, r->seed);
    float there = wn_noise_ridge(u * 2.2f + v + 0.05f * side, v * 1.4f - 0.6f * u - 0.03f, 3, r->seed);
    float slope = wn_clampf(0.5f + 6.0f * (here - there), 0.0f, 1.0f);
    float up = (m->base - y) / m->height, rag = 0.35f * (here - 0.5f);
    wn_colour colour = wn_colour_mix(r->meadow, r->rock, wn_stepf(0.12f, 0.45f, up + rag));
    colour = wn_colour_mix(colour, r->snow, wn_stepf(m->snow - 0.08f, m->snow + 0.08f, up + rag));
    colour = wn_colour_times(colour, wn_colour_mix(r->shade, r->bright, slope));
    /* Mist lies in the valleys. */
    return wn_world_air(r->world, colour, m->metres * (1.0f + 1.2f * wn_clampf(1.0f - up, 0.0f, 1.0f)));
}

void wn_ground_range(wn_world *w, const wn_range *range)
{
    float *top = wn_alloc(WN_MEMORY_IMAGE, (size_t)w->canvas.width, sizeof *top);
    if (!top) return; /* a picture without its hills is still a picture */
    uint32_t seed = wn_world_seed(w);
    float scale = range->height * wn_world_range(w, 1.3f, 2.6f);
    for (int x = 0; x < w->canvas.width; x++) {
        float u = (float)x / scale;
        float crest = wn_noise_ridge(u, 0.3f, 5, seed) - 0.45f,
              soft = 0.5f + 0.7f * wn_noise_sum(u * 0.8f, 0.7f, 3, seed + 1u);
        top[x] = range->base - range->height * wn_clampf(wn_mixf(soft, crest * 1.7f, range->rough), 0.0f, 1.2f);
    }
    ridge r = {.world = w,
               .range = range,
               .rock = range->rock,
               .meadow = range->meadow,
               .scale = range->height,
               .seed = wn_world_seed(w)};
    r.snow = wn_colour_hex(0xf2f5f9);
    if (w->snowy) r.meadow = wn_colour_mix(r.meadow, r.snow, 0.75f);
    r.shade = wn_colour_scale(w->skylight, 0.75f);
    r.bright = wn_colour_add(wn_colour_scale(w->sunlight, 0.85f), w->skylight);
    wn_canvas_below(&w->canvas, top, (int)range->base + 1, ridge_shader, &r);
    wn_free(top);
}
