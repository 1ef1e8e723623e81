/* SPDX-License-Identifier: Apache-2.0 */
#include "scenes/noise.h"

#include <math.h>

#include "scenes/vector.h"

static inline uint32_t mix(int x, int y, uint32_t seed)
{
    uint32_t h = seed ^ ((uint32_t)x * 0x9e3779b1u) ^ ((uint32_t)y * 0x85ebca77u);
    h = (h ^ (h >> 15)) * 0x2c1b3c6du;
    h = (h ^ (h >> 12)) * 0x297a2d39u;
    return h ^ (h >> 15);
}

float wn_noise_cell(int x, int y, uint32_t seed)
{
    return (float)(mix(x, y, seed) >> 8) * (1.0f / 16777216.0f);
}

/* Slope of one lattice corner, in a direction drawn by its hash. */
static inline float slope(uint32_t hash, float dx, float dy)
{
    static const float direction[16][2] = {
        {1.0f, 0.0f},    {0.92f, 0.38f},  {0.71f, 0.71f},  {0.38f, 0.92f},   {0.0f, 1.0f},     {-0.38f, 0.92f},
        {-0.71f, 0.71f}, {-0.92f, 0.38f}, {-1.0f, 0.0f},   {-0.92f, -0.38f}, {-0.71f, -0.71f}, {-0.38f, -0.92f},
        {0.0f, -1.0f},   {0.38f, -0.92f}, {0.71f, -0.71f}, {0.92f, -0.38f},
    };
    hash *= 0x2c1b3c6du;
    hash = (hash ^ (hash >> 15)) * 0x297a2d39u;
    const float *d = direction[hash >> 28];
    return d[0] * dx + d[1] * dy;
}

/* Beyond this the cells are smaller than a float can tell apart. */
static inline int in_range(float x, float y)
{
    return x > -1e6f && x < 1e6f && y > -1e6f && y < 1e6f;
}

static inline float lattice_noise(float x, float y, uint32_t seed)
{
    int ix = wn_floor_int(x), iy = wn_floor_int(y);
    float fx = x - (float)ix, fy = y - (float)iy;
    float u = fx * fx * fx * (fx * (fx * 6.0f - 15.0f) + 10.0f);
    float v = fy * fy * fy * (fy * (fy * 6.0f - 15.0f) + 10.0f);
    uint32_t left = (uint32_t)ix * 0x9e3779b1u ^ seed, right = ((uint32_t)ix + 1u) * 0x9e3779b1u ^ seed;
    uint32_t above = (uint32_t)iy * 0x85ebca77u, below = above + 0x85ebca77u;
    float a = slope(left ^ above, fx, fy), b = slope(right ^ above, fx - 1.0f, fy);
    float c = slope(left ^ below, fx, fy - 1.0f), d = slope(right ^ below, fx - 1.0f, fy - 1.0f);
    float top = a + (b - a) * u, bottom = c + (d - c) * u;
    return (top + (bottom - top) * v) * 1.5f;
}

float wn_noise(float x, float y, uint32_t seed)
{
    return in_range(x, y) ? lattice_noise(x, y, seed) : 0.0f;
}

float wn_noise_sum(float x, float y, int octaves, uint32_t seed)
{
    float sum = 0.0f, weight = 0.5f;
    for (int i = 0; i < octaves && in_range(x, y); i++) {
        sum += weight * lattice_noise(x, y, seed + (uint32_t)i * 0x68bc21ebu);
        weight *= 0.5f;
        x = x * 2.0f + 17.3f;
        y = y * 2.0f - 9.1f;
    }
    return sum * 1.3f;
}

float wn_noise_ridge(float x, float y, int octaves, uint32_t seed)
{
    float sum = 0.0f, weight = 0.5f, total = 0.0f;
    for (int i = 0; i < octaves && in_range(x, y); i++) {
        float n = 1.0f - fabsf(lattice_noise(x, y, seed + (uint32_t)i * 0x68bc21ebu));
        sum += weight * n * n;
        total += weight;
        weight *= 0.5f;
        x = x * 2.0f + 5.7f;
        y = y * 2.0f + 3.1f;
    }
    return total > 0.0f ? sum / total : 0.0f;
}
