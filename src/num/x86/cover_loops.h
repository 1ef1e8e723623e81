/* SPDX-License-Identifier: Apache-2.0
 *
 * Gains of coverage for any vector width: four rises share one load and one store of the gains. The including file has
 * the vector operations; DOUBLES is half of the lanes of a vector of floats.
 */
#ifndef NUM_X86_COVER_LOOPS_H
#define NUM_X86_COVER_LOOPS_H

enum { TOGETHER = 4 };

/* What `values` lose of the gains once for each lane; v is already cut to [old, now]. */
ROWS_INLINE DOUBLE lose(DOUBLE gain, DOUBLE value, DOUBLE old, DOUBLE weight)
{
    return DOUBLE_SUB(gain, DOUBLE_MUL(DOUBLE_SUB(value, old), weight));
}

ROWS_INLINE void lower_some(const wn_cover_rise *rises, size_t count, size_t first, size_t n, double *gains)
{
    VECTOR old[TOGETHER], now[TOGETHER];
    DOUBLE base[TOGETHER], weight[TOGETHER];
    size_t c = first, end = first + n;
    for (size_t i = 0; i < count; i++) {
        old[i] = VECTOR_SET(rises[i].old);
        now[i] = VECTOR_SET(rises[i].now);
        base[i] = DOUBLE_SET((double)rises[i].old);
        weight[i] = DOUBLE_SET(rises[i].weight);
    }
    for (; c + LANES <= end; c += LANES) {
        DOUBLE low = DOUBLE_LOAD(gains + c), high = DOUBLE_LOAD(gains + c + DOUBLES);
        for (size_t i = 0; i < count; i++) {
            VECTOR value = VECTOR_MIN(VECTOR_MAX(load_f32(rises[i].values + c), old[i]), now[i]);
            low = lose(low, WIDEN_LOW(value), base[i], weight[i]);
            high = lose(high, WIDEN_HIGH(value), base[i], weight[i]);
        }
        DOUBLE_STORE(gains + c, low);
        DOUBLE_STORE(gains + c + DOUBLES, high);
    }
    for (; c < end; c++) {
        for (size_t i = 0; i < count; i++) {
            float value = rises[i].values[c] > rises[i].old ? rises[i].values[c] : rises[i].old;
            value = value < rises[i].now ? value : rises[i].now;
            gains[c] -= ((double)value - (double)rises[i].old) * rises[i].weight;
        }
    }
}

static void lower(const wn_cover_rise *rises, size_t count, size_t first, size_t n, double *gains)
{
    size_t i = 0;
    for (; i + TOGETHER <= count; i += TOGETHER) lower_some(rises + i, TOGETHER, first, n, gains);
    for (; i < count; i++) lower_some(rises + i, 1, first, n, gains);
}

/* What a step takes from a sum; two of them fit 16 bits without a sign. */
ROWS_INLINE uint16_t taken(wn_cover_step step, size_t c)
{
    int16_t value = step.values[c] > step.old ? step.values[c] : step.old;
    value = value < step.now ? value : step.now;
    return (uint16_t)(value - step.old);
}

/* Plain loops, which the compiler turns into vectors of 16 bits when the steps are apart from the sums. */
static void lower_s16(const wn_cover_step *steps, size_t count, size_t first, size_t n, int32_t *restrict sums)
{
    size_t i = 0, end = first + n;
    for (; i + 4 <= count; i += 4) {
        const wn_cover_step a = steps[i], b = steps[i + 1], c = steps[i + 2], d = steps[i + 3];
        for (size_t at = first; at < end; at++) {
            uint16_t some = (uint16_t)(taken(a, at) + taken(b, at)), more = (uint16_t)(taken(c, at) + taken(d, at));
            sums[at] -= (int32_t)some + (int32_t)more;
        }
    }
    for (; i < count; i++) {
        const wn_cover_step a = steps[i];
        for (size_t at = first; at < end; at++) sums[at] -= taken(a, at);
    }
}

#endif
