/* SPDX-License-Identifier: Apache-2.0
 *
 * Quality facts from integer sums over the rows of the reduced picture; definitions in winnow/media.h.
 */
#include "media/measure.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "winnow/memory.h"

#define UNIFORM_SPREAD 4   /* levels that JPEG noise may add to a row of one colour */
#define LEAST_NOISE    0.1 /* grey levels */
#define HASH_SIDE      32
#define HASH_LEAST     1.0f /* smaller coefficients are rounding: a picture of one colour has none */

/* Column u: row u of the orthonormal DCT-II of 32 values, for the 8 lowest u. */
static void fill_cosines(float cosines[HASH_SIDE][8])
{
    for (int u = 0; u < 8; u++) {
        for (int x = 0; x < HASH_SIDE; x++) {
            double scale = u == 0 ? sqrt(1.0 / HASH_SIDE) : sqrt(2.0 / HASH_SIDE);
            cosines[x][u] = (float)(scale * cos(acos(-1) * (2 * x + 1) * u / (2 * HASH_SIDE)));
        }
    }
}

void wn_measure_init(wn_measure *measure)
{
    wn_pixels_kernels_init(&measure->pixels, wn_cpu_level());
    wn_resample_kernels_init(&measure->resample, wn_cpu_level());
    fill_cosines(measure->cosines);
}

wn_status wn_measure_reserve(uint8_t **block, size_t *room, size_t bytes, wn_error *err)
{
    if (bytes <= *room) return WN_OK;
    wn_free(*block);
    *block = wn_alloc(WN_MEMORY_IMAGE, bytes, 1);
    *room = *block != NULL ? bytes : 0;
    return *block != NULL ? WN_OK : wn_fail(err, WN_NOMEM, "no memory for a picture");
}

void wn_measure_clear(wn_measure *measure)
{
    wn_resample_axis_clear(&measure->across);
    wn_resample_axis_clear(&measure->down);
    wn_free(measure->luma);
    wn_free(measure->scratch);
    measure->luma = measure->scratch = NULL;
    measure->luma_room = measure->scratch_room = 0;
}

static double deviation(double sum, double squares, double count)
{
    double mean = sum / count, variance = squares / count - mean * mean;
    return variance > 0 ? sqrt(variance) : 0;
}

/* Colour: means, deviations, rows of one colour. Fills the luma plane. */
static void measure_colour(wn_measure *measure, const wn_picture *picture, wn_facts *facts)
{
    uint64_t sum[4] = {0}, squares[4] = {0};
    size_t width = (size_t)picture->width, height = (size_t)picture->height, uniform = 0;
    for (size_t y = 0; y < height; y++) {
        const uint8_t *row = picture->pixels + y * width * 4;
        measure->pixels.moments(row, width, sum, squares);
        uniform += measure->pixels.spread(row, width) <= UNIFORM_SPREAD;
        measure->pixels.luma(row, width, measure->luma + y * width);
    }
    double count = (double)width * (double)height;
    for (size_t c = 0; c < 3; c++) {
        facts->mean[c] = (float)((double)sum[c] / count);
        facts->deviation[c] = (float)deviation((double)sum[c], (double)squares[c], count);
    }
    facts->uniform_row_ratio = (float)((double)uniform / (double)height);
}

/* In 32 bits, which no row of a reduced picture fills: the compiler makes vectors of that. */
static void add_row(const uint8_t *luma, size_t width, uint64_t *sum, uint64_t *squares)
{
    uint32_t total = 0, total_squares = 0;
    for (size_t x = 0; x < width; x++) {
        total += luma[x];
        total_squares += (uint32_t)luma[x] * luma[x];
    }
    *sum += total;
    *squares += total_squares;
}

/* Luma: lightness, contrast, sharpness, noise. A plane without inner pixels is neither sharp nor noisy. */
static void measure_luma(const wn_measure *measure, size_t width, size_t height, wn_facts *facts)
{
    const uint8_t *luma = measure->luma;
    uint64_t sum = 0, squares = 0, rough = 0;
    int64_t edges = 0, edge_squares = 0;
    for (size_t y = 0; y < height; y++) add_row(luma + y * width, width, &sum, &squares);
    for (size_t y = 1; y + 1 < height; y++) {
        const uint8_t *row = luma + y * width;
        measure->pixels.laplacian(row - width, row, row + width, width, &edges, &edge_squares);
        rough += measure->pixels.roughness(row - width, row, row + width, width);
    }
    double count = (double)width * (double)height, mean = (double)sum / count;
    facts->luminance = (float)(mean * 100 / 255);
    facts->contrast = (float)(deviation((double)sum, (double)squares, count) * 100 / 255);
    double noise = LEAST_NOISE;
    if (width > 2 && height > 2) {
        double inner = (double)(width - 2) * (double)(height - 2);
        facts->sharpness = (float)deviation((double)edges, (double)edge_squares, inner);
        noise = fmax(LEAST_NOISE, sqrt(acos(-1) / 2) / 6 * (double)rough / inner);
    }
    facts->signal_to_noise = (float)(mean / noise);
}

/* The mean of the two middle values of 64; sorts `values`. */
static float median_64(float values[64])
{
    for (int i = 1; i < 64; i++) {
        float value = values[i];
        int at = i;
        for (; at > 0 && values[at - 1] > value; at--) values[at] = values[at - 1];
        values[at] = value;
    }
    return (values[31] + values[32]) / 2;
}

uint64_t wn_measure_phash(const wn_measure *measure, const uint8_t luma[HASH_SIDE * HASH_SIDE])
{
    float rows[HASH_SIDE][8] = {{0}}, values[64] = {0}, sorted[64];
    /* The eight sums side by side, so that the compiler makes vectors of them. */
    for (int y = 0; y < HASH_SIDE; y++)
        for (int x = 0; x < HASH_SIDE; x++)
            for (int u = 0; u < 8; u++) rows[y][u] += measure->cosines[x][u] * luma[y * HASH_SIDE + x];
    for (int v = 0; v < 8; v++)
        for (int y = 0; y < HASH_SIDE; y++)
            for (int u = 0; u < 8; u++) values[8 * v + u] += measure->cosines[y][v] * rows[y][u];
    for (int i = 0; i < 64; i++)
        if (fabsf(values[i]) < HASH_LEAST) values[i] = 0;
    memcpy(sorted, values, sizeof(sorted));
    float median = median_64(sorted);
    uint64_t hash = 0;
    for (int i = 0; i < 64; i++) hash = hash << 1 | (values[i] > median);
    return hash;
}

static wn_status measure_hash(wn_measure *measure, const wn_picture *picture, wn_facts *facts, wn_error *err)
{
    uint8_t small[HASH_SIDE * HASH_SIDE * 4], luma[HASH_SIDE * HASH_SIDE];
    WN_TRY(wn_resample_axis_set(&measure->across, picture->width, HASH_SIDE, err));
    WN_TRY(wn_resample_axis_set(&measure->down, picture->height, HASH_SIDE, err));
    size_t bytes = wn_resample_scratch(&measure->across, &measure->down);
    WN_TRY(wn_measure_reserve(&measure->scratch, &measure->scratch_room, bytes, err));
    wn_resample_rgbx(&measure->resample, &measure->across, &measure->down, picture->pixels, measure->scratch, small);
    measure->pixels.luma(small, HASH_SIDE * HASH_SIDE, luma);
    facts->phash = wn_measure_phash(measure, luma);
    return WN_OK;
}

wn_status wn_measure_picture(wn_measure *measure, const wn_picture *picture, wn_facts *facts, wn_error *err)
{
    size_t width = (size_t)picture->width, height = (size_t)picture->height;
    WN_TRY(wn_measure_reserve(&measure->luma, &measure->luma_room, width * height, err));
    measure_colour(measure, picture, facts);
    measure_luma(measure, width, height, facts);
    return measure_hash(measure, picture, facts, err);
}
