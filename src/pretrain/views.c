/* SPDX-License-Identifier: Apache-2.0
 *
 * A view is made in two passes over floats. The first is a separable resize of a random box with a triangle filter as
 * wide as the reduction, the mirror folded into its positions. The second is one affine map of RGB: brightness,
 * contrast, saturation, hue and greyscale are all linear in the pixel, and contrast needs only the mean colour, which
 * goes through the same map; so the chain is multiplied out first and each pixel is touched once.
 */
#include "pretrain/views.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { CHANNELS = 3, CROP_TRIES = 10, BLUR_RADIUS_MAX = 8 };

/* Luma of BT.601, as the usual training pipelines use. */
static const float luma[CHANNELS] = {0.299F, 0.587F, 0.114F};

typedef struct box {
    float left, top, width, height; /* in pixels of the source */
} box;

typedef struct matrix3 {
    float m[CHANNELS][CHANNELS];
} matrix3;

/* rgb -> m * rgb + shift, in units of 0..255. */
typedef struct colour_map {
    matrix3 linear;
    float shift[CHANNELS];
} colour_map;

/* Where one axis reads: `taps` weights from `first[i]` for each output position. */
typedef struct axis {
    uint32_t taps;
    int32_t *first;
    float *weights;
} axis;

void wn_view_style_init(wn_view_style *style, uint32_t side_in, uint32_t side_out, float crop_low, float colour)
{
    *style = (wn_view_style){.side_in = side_in,
                             .side_out = side_out,
                             .crop_low = crop_low,
                             .crop_high = 1.0F,
                             .colour = colour,
                             .colour_chance = 0.8F,
                             .grey_chance = colour > 0.0F ? 0.2F : 0.0F,
                             .blur_chance = side_out >= 64 ? 0.5F : 0.0F,
                             .mirror_chance = 0.5F};
}

/* Widest filter: a box as large as the image. */
static uint32_t taps_max(const wn_view_style *style)
{
    float scale = (float)style->side_in / (float)style->side_out;
    float support = scale > 1.0F ? scale : 1.0F;
    return (uint32_t)ceilf(2.0F * support) + 1U;
}

size_t wn_view_scratch(const wn_view_style *style)
{
    size_t out = style->side_out, row = out * CHANNELS;
    return 2 * out * (taps_max(style) + 1) + style->side_in * row + 2 * out * row;
}

/* Szegedy et al. 2015: area and aspect ratio at random, the whole image when nothing fits. */
static box draw_box(const wn_view_style *style, wn_rng *rng)
{
    const float side = (float)style->side_in, log_ratio = logf(4.0F / 3.0F);
    for (int i = 0; i < CROP_TRIES; i++) {
        float area = wn_rng_range(rng, style->crop_low, style->crop_high);
        float ratio = expf(wn_rng_range(rng, -log_ratio, log_ratio));
        float width = side * sqrtf(area * ratio), height = side * sqrtf(area / ratio);
        if (width > side || height > side) continue;
        return (box){wn_rng_uniform(rng) * (side - width), wn_rng_uniform(rng) * (side - height), width, height};
    }
    return (box){0.0F, 0.0F, side, side};
}

/* Triangle filter over the source. Weights of each position sum to 1; those above 0 come first, and pixels outside the
 * image have none. */
static void fill_axis(axis *to, uint32_t side_in, uint32_t side_out, float start, float len, bool mirror)
{
    float scale = len / (float)side_out, support = scale > 1.0F ? scale : 1.0F;
    for (uint32_t i = 0; i < side_out; i++) {
        uint32_t at = mirror ? side_out - 1 - i : i;
        float centre = start + ((float)i + 0.5F) * scale, sum = 0.0F;
        int32_t first = (int32_t)floorf(centre - support - 0.5F) + 1;
        if (first < 0) first = 0;
        float *weights = to->weights + (size_t)at * to->taps;
        for (uint32_t k = 0; k < to->taps; k++) {
            int32_t x = first + (int32_t)k;
            float w = x < (int32_t)side_in ? 1.0F - fabsf((float)x + 0.5F - centre) / support : 0.0F;
            weights[k] = w > 0.0F ? w : 0.0F;
            sum += weights[k];
        }
        for (uint32_t k = 0; k < to->taps; k++) weights[k] /= sum;
        to->first[at] = first;
    }
}

/* Rows of the source that `down` reads, resized along x into planes: side_in x 3 x side_out. */
static void resize_rows(const uint8_t *image, uint32_t side_in, uint32_t side_out, const axis *across,
                        uint32_t row_first, uint32_t row_end, float *out)
{
    for (uint32_t y = row_first; y < row_end; y++) {
        const uint8_t *row = image + (size_t)y * side_in * CHANNELS;
        float *to = out + (size_t)y * side_out * CHANNELS;
        for (uint32_t x = 0; x < side_out; x++) {
            const uint8_t *pixel = row + (size_t)across->first[x] * CHANNELS;
            const float *w = across->weights + (size_t)x * across->taps;
            float r = 0.0F, g = 0.0F, b = 0.0F;
            for (uint32_t k = 0; k < across->taps && (k == 0 || w[k] > 0.0F); k++, pixel += CHANNELS) {
                r += w[k] * (float)pixel[0];
                g += w[k] * (float)pixel[1];
                b += w[k] * (float)pixel[2];
            }
            to[x] = r, to[side_out + x] = g, to[2 * side_out + x] = b;
        }
    }
}

/* Along y; a row holds its three planes side by side. */
static void resize_columns(const float *rows, uint32_t side_out, const axis *down, float *restrict out)
{
    const size_t width = (size_t)side_out * CHANNELS;
    for (uint32_t y = 0; y < side_out; y++) {
        float *restrict to = out + y * width;
        memset(to, 0, width * sizeof *to);
        for (uint32_t k = 0; k < down->taps; k++) {
            float w = down->weights[(size_t)y * down->taps + k];
            if (w <= 0.0F) continue;
            const float *restrict from = rows + (size_t)(down->first[y] + (int32_t)k) * width;
            for (size_t x = 0; x < width; x++) to[x] += w * from[x];
        }
    }
}

/* map = (linear, then `constant` added to each channel) after map. */
static void chain(colour_map *map, matrix3 linear, float constant)
{
    colour_map old = *map;
    for (int i = 0; i < CHANNELS; i++) {
        map->shift[i] = constant;
        for (int k = 0; k < CHANNELS; k++) map->shift[i] += linear.m[i][k] * old.shift[k];
        for (int j = 0; j < CHANNELS; j++) {
            map->linear.m[i][j] = 0.0F;
            for (int k = 0; k < CHANNELS; k++) map->linear.m[i][j] += linear.m[i][k] * old.linear.m[k][j];
        }
    }
}

/* scale * pixel + constant. */
static void chain_scale(colour_map *map, float scale, float constant)
{
    chain(map, (matrix3){{{scale, 0.0F, 0.0F}, {0.0F, scale, 0.0F}, {0.0F, 0.0F, scale}}}, constant);
}

/* amount * pixel + (1 - amount) * grey of the pixel. */
static void chain_saturation(colour_map *map, float amount)
{
    matrix3 linear;
    for (int i = 0; i < CHANNELS; i++) {
        for (int j = 0; j < CHANNELS; j++) linear.m[i][j] = (1.0F - amount) * luma[j] + (i == j ? amount : 0.0F);
    }
    chain(map, linear, 0.0F);
}

/* amount * pixel + (1 - amount) * mean grey of the view. */
static void chain_contrast(colour_map *map, float amount, const float mean[CHANNELS])
{
    float grey = 0.0F;
    for (int i = 0; i < CHANNELS; i++) {
        float value = map->shift[i];
        for (int j = 0; j < CHANNELS; j++) value += map->linear.m[i][j] * mean[j];
        grey += luma[i] * value;
    }
    chain_scale(map, amount, (1.0F - amount) * grey);
}

/* Turns the chroma plane of YIQ by `turns`; luma stays. */
static void chain_hue(colour_map *map, float turns)
{
    static const matrix3 to_yiq = {
        {{0.299F, 0.587F, 0.114F}, {0.5959F, -0.2746F, -0.3213F}, {0.2115F, -0.5227F, 0.3112F}}};
    static const matrix3 from_yiq = {{{1.0F, 0.956F, 0.619F}, {1.0F, -0.272F, -0.647F}, {1.0F, -1.106F, 1.703F}}};
    float angle = turns * 6.2831853F, c = cosf(angle), s = sinf(angle);
    chain(map, to_yiq, 0.0F);
    chain(map, (matrix3){{{1.0F, 0.0F, 0.0F}, {0.0F, c, -s}, {0.0F, s, c}}}, 0.0F);
    chain(map, from_yiq, 0.0F);
}

/* The four changes in random order, then greyscale, each by its chance. */
static void draw_colours(const wn_view_style *style, wn_rng *rng, const float mean[CHANNELS], colour_map *map)
{
    enum { BRIGHTNESS, CONTRAST, SATURATION, HUE, CHANGES };
    int order[CHANGES] = {BRIGHTNESS, CONTRAST, SATURATION, HUE};
    float spread = 0.8F * style->colour;
    for (uint32_t i = CHANGES - 1; i > 0; i--) {
        uint32_t j = wn_rng_below(rng, i + 1);
        int swap = order[i];
        order[i] = order[j], order[j] = swap;
    }
    float low = spread < 1.0F ? 1.0F - spread : 0.0F;
    float amount[CHANGES] = {wn_rng_range(rng, low, 1.0F + spread), wn_rng_range(rng, low, 1.0F + spread),
                             wn_rng_range(rng, low, 1.0F + spread),
                             wn_rng_range(rng, -0.2F * style->colour, 0.2F * style->colour)};
    bool change = wn_rng_uniform(rng) < style->colour_chance && style->colour > 0.0F;
    for (int i = 0; i < CHANGES && change; i++) {
        switch (order[i]) {
        case BRIGHTNESS:
            chain_scale(map, amount[BRIGHTNESS], 0.0F);
            break;
        case CONTRAST:
            chain_contrast(map, amount[CONTRAST], mean);
            break;
        case SATURATION:
            chain_saturation(map, amount[SATURATION]);
            break;
        default:
            chain_hue(map, amount[HUE]);
            break;
        }
    }
    if (wn_rng_uniform(rng) < style->grey_chance) chain_saturation(map, 0.0F);
}

static void mean_colour(const float *rows, uint32_t side, float mean[CHANNELS])
{
    for (int c = 0; c < CHANNELS; c++) {
        float sum = 0.0F;
        for (uint32_t y = 0; y < side; y++) {
            const float *row = rows + ((size_t)y * CHANNELS + (size_t)c) * side;
            for (uint32_t x = 0; x < side; x++) sum += row[x];
        }
        mean[c] = sum / ((float)side * (float)side);
    }
}

/* Gaussian of deviation `sigma`, first along x into `scratch`, then along y back into `rows`; edges are repeated. */
static void blur(float *rows, uint32_t side, float sigma, float *scratch)
{
    float kernel[2 * BLUR_RADIUS_MAX + 1] = {0}, sum = 0.0F;
    int radius = (int)ceilf(2.5F * sigma);
    if (radius > BLUR_RADIUS_MAX) radius = BLUR_RADIUS_MAX;
    for (int k = -radius; k <= radius; k++) {
        kernel[k + radius] = expf(-0.5F * (float)(k * k) / (sigma * sigma));
        sum += kernel[k + radius];
    }
    for (int k = 0; k <= 2 * radius; k++) kernel[k] /= sum;
    const int end = (int)side - 1;
    for (size_t line = 0; line < (size_t)side * CHANNELS; line++) {
        const float *from = rows + line * side;
        for (int x = 0; x <= end; x++) {
            float value = 0.0F;
            for (int k = -radius; k <= radius; k++) {
                int at = x + k < 0 ? 0 : x + k > end ? end : x + k;
                value += kernel[k + radius] * from[at];
            }
            scratch[line * side + (size_t)x] = value;
        }
    }
    const size_t width = (size_t)side * CHANNELS;
    memset(rows, 0, side * width * sizeof *rows);
    for (int y = 0; y <= end; y++) {
        for (int k = -radius; k <= radius; k++) {
            int at = y + k < 0 ? 0 : y + k > end ? end : y + k;
            const float *restrict from = scratch + (size_t)at * width;
            float *restrict to = rows + (size_t)y * width, w = kernel[k + radius];
            for (size_t x = 0; x < width; x++) to[x] += w * from[x];
        }
    }
}

static inline float clamp_level(float value)
{
    value = value > 0.0F ? value : 0.0F;
    return value < 255.0F ? value : 255.0F;
}

/* The affine map and the clamp: planes in, pixels out. Solarised levels of 128 and above are turned round. */
static void paint(const float *rows, uint32_t side, const colour_map *map, bool solarise, uint8_t *restrict out)
{
    for (uint32_t y = 0; y < side; y++) {
        const float *restrict r = rows + (size_t)y * CHANNELS * side, *restrict g = r + side, *restrict b = g + side;
        uint8_t *restrict to = out + (size_t)y * side * CHANNELS;
        for (size_t c = 0; c < CHANNELS; c++) {
            const float mr = map->linear.m[c][0], mg = map->linear.m[c][1], mb = map->linear.m[c][2],
                        shift = map->shift[c] + 0.5F;
            for (uint32_t x = 0; x < side; x++) {
                int level = (int)clamp_level(mr * r[x] + mg * g[x] + mb * b[x] + shift);
                to[x * CHANNELS + c] = (uint8_t)(solarise && level >= 128 ? 255 - level : level);
            }
        }
    }
}

void wn_view_make(const wn_view_style *style, wn_rng *rng, const uint8_t *image, float *scratch, uint8_t *out)
{
    const uint32_t in = style->side_in, side = style->side_out, taps_widest = taps_max(style);
    const size_t width = (size_t)side * CHANNELS;
    float *weights_across = scratch, *weights_down = weights_across + (size_t)side * taps_widest;
    int32_t *first = (int32_t *)(void *)(weights_down + (size_t)side * taps_widest);
    float *rows = (float *)(void *)(first + 2 * (size_t)side), *view = rows + in * width, *spare = view + side * width;

    box at = draw_box(style, rng);
    bool mirror = wn_rng_uniform(rng) < style->mirror_chance;
    bool blurred = wn_rng_uniform(rng) < style->blur_chance, solarise = wn_rng_uniform(rng) < style->solarise_chance;
    float sigma = wn_rng_range(rng, 0.1F, 2.0F) * (float)side / 96.0F;
    uint32_t taps = taps_widest < in ? taps_widest : in;
    axis across = {taps, first, weights_across}, down = {taps, first + side, weights_down};
    fill_axis(&across, in, side, at.left, at.width, mirror);
    fill_axis(&down, in, side, at.top, at.height, false);
    uint32_t row_end = (uint32_t)down.first[side - 1] + taps;
    resize_rows(image, in, side, &across, (uint32_t)down.first[0], row_end < in ? row_end : in, rows);
    resize_columns(rows, side, &down, view);

    float mean[CHANNELS];
    colour_map map = {.linear = {{{1.0F, 0.0F, 0.0F}, {0.0F, 1.0F, 0.0F}, {0.0F, 0.0F, 1.0F}}}};
    mean_colour(view, side, mean);
    draw_colours(style, rng, mean, &map);
    if (blurred) blur(view, side, sigma, spare);
    paint(view, side, &map, solarise, out);
}
