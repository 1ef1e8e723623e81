/* SPDX-License-Identifier: Apache-2.0
 *
 * Small vectors of the painter: points on the canvas (pixels, y down), points in the world (metres, y up, z away from
 * the camera) and colours in linear light, where 1 is white paper in the sun.
 */
#ifndef SCENES_VECTOR_H
#define SCENES_VECTOR_H

#include <math.h>

typedef struct wn_point {
    float x, y;
} wn_point;

typedef struct wn_vector {
    float x, y, z;
} wn_vector;

typedef struct wn_colour {
    float r, g, b;
} wn_colour;

#define WN_PI_F 3.14159265f

static inline wn_point wn_point_at(float x, float y)
{
    return (wn_point){x, y};
}

static inline wn_vector wn_vector_at(float x, float y, float z)
{
    return (wn_vector){x, y, z};
}

static inline wn_vector wn_vector_add(wn_vector a, wn_vector b)
{
    return (wn_vector){a.x + b.x, a.y + b.y, a.z + b.z};
}

static inline wn_vector wn_vector_subtract(wn_vector a, wn_vector b)
{
    return (wn_vector){a.x - b.x, a.y - b.y, a.z - b.z};
}

static inline float wn_vector_dot(wn_vector a, wn_vector b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static inline wn_vector wn_vector_cross(wn_vector a, wn_vector b)
{
    return (wn_vector){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

static inline wn_vector wn_vector_unit(wn_vector a)
{
    float len = sqrtf(wn_vector_dot(a, a));
    float scale = len > 1e-9f ? 1.0f / len : 0.0f;
    return (wn_vector){a.x * scale, a.y * scale, a.z * scale};
}

static inline wn_colour wn_colour_scale(wn_colour a, float s)
{
    return (wn_colour){a.r * s, a.g * s, a.b * s};
}

static inline wn_colour wn_colour_add(wn_colour a, wn_colour b)
{
    return (wn_colour){a.r + b.r, a.g + b.g, a.b + b.b};
}

static inline wn_colour wn_colour_times(wn_colour a, wn_colour b)
{
    return (wn_colour){a.r * b.r, a.g * b.g, a.b * b.b};
}

static inline wn_colour wn_colour_mix(wn_colour a, wn_colour b, float t)
{
    return (wn_colour){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

static inline float wn_channel_linear(unsigned srgb)
{
    float s = (float)srgb / 255.0f;
    return s <= 0.04045f ? s / 12.92f : powf((s + 0.055f) / 1.055f, 2.4f);
}

/* From 0xRRGGBB as designers write it. */
static inline wn_colour wn_colour_hex(unsigned hex)
{
    return (wn_colour){wn_channel_linear((hex >> 16) & 255u), wn_channel_linear((hex >> 8) & 255u),
                       wn_channel_linear(hex & 255u)};
}

/* Plain comparisons, which compile to one instruction each; b where one is NAN. */
static inline float wn_maxf(float a, float b)
{
    return a > b ? a : b;
}

static inline float wn_minf(float a, float b)
{
    return a < b ? a : b;
}

/* floorf and ceilf for values that fit an int. */
static inline int wn_floor_int(float x)
{
    int i = (int)x;
    return i - (x < (float)i);
}

static inline int wn_ceil_int(float x)
{
    int i = (int)x;
    return i + (x > (float)i);
}

static inline float wn_clampf(float x, float low, float high)
{
    return x > low ? (x < high ? x : high) : low; /* NAN gives low */
}

static inline float wn_mixf(float a, float b, float t)
{
    return a + (b - a) * t;
}

/* 0 below `low`, 1 above `high`, smooth between. */
static inline float wn_stepf(float low, float high, float x)
{
    float t = wn_clampf((x - low) / (high - low), 0.0f, 1.0f);
    return t * t * (3.0f - 2.0f * t);
}

#endif
