/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies among the images, by sketches of 16 x 16 cells. Sketches in the order of their mean are compared with the
 * leaders before them whose mean is as near as that of a copy can be.
 */
#include "pretrain/train_variety.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "winnow/memory.h"

enum {
    CELLS = 16, /* a side */
    SKETCH = CELLS * CELLS * 3,
    LOOKED_AT = 8192,
    CELL_TOLERANCE = 12,
    MEAN_TOLERANCE = 2 * SKETCH,
    OTHERS_MOST = 15,
    OTHERS_SHARE = 20, /* one in so many */
    FEW = 8            /* images, of which nothing is said */
};

typedef struct sketch {
    uint8_t cells[SKETCH];
    int sum;
    int64_t leader; /* place of the first one that it is a copy of */
    uint64_t hash;  /* of all pixels */
} sketch;

/* Means of the cells of an image; of a side below 16 * k some cells share pixels. */
static void draw_sketch(const uint8_t *image, size_t side, sketch *out)
{
    out->sum = 0;
    for (size_t cell = 0; cell < SKETCH / 3; cell++) {
        const size_t y = cell / CELLS, x = cell % CELLS;
        const size_t top = y * side / CELLS, left = x * side / CELLS;
        size_t bottom = (y + 1) * side / CELLS, right = (x + 1) * side / CELLS;
        if (bottom == top) bottom++;
        if (right == left) right++;
        unsigned sums[3] = {0}, count = (unsigned)((bottom - top) * (right - left));
        for (size_t r = top; r < bottom; r++) {
            for (size_t c = left; c < right; c++) {
                for (size_t k = 0; k < 3; k++) sums[k] += image[(r * side + c) * 3 + k];
            }
        }
        for (size_t k = 0; k < 3; k++) {
            out->cells[cell * 3 + k] = (uint8_t)((sums[k] + count / 2) / count);
            out->sum += out->cells[cell * 3 + k];
        }
    }
    out->hash = wn_hash64_of(image, side * side * 3);
}

static bool is_copy(const sketch *a, const sketch *b)
{
    int sum = 0;
    if (a->hash == b->hash) return true;
    for (size_t i = 0; i < SKETCH; i += CELLS) {
        int most = 0;
        for (size_t k = i; k < i + CELLS; k++) {
            const int far = abs(a->cells[k] - b->cells[k]);
            sum += far;
            most = far > most ? far : most;
        }
        if (most > CELL_TOLERANCE || sum > MEAN_TOLERANCE) return false;
    }
    return true;
}

static int compare_sums(const void *a, const void *b)
{
    const sketch *x = a, *y = b;
    if (x->sum != y->sum) return x->sum < y->sum ? -1 : 1;
    return x->hash != y->hash ? (x->hash < y->hash ? -1 : 1) : 0;
}

static int compare_groups(const void *a, const void *b)
{
    const sketch *x = a, *y = b;
    if (x->leader != y->leader) return x->leader < y->leader ? -1 : 1;
    return x->hash != y->hash ? (x->hash < y->hash ? -1 : 1) : 0;
}

static void find_leaders(sketch *all, int64_t count)
{
    for (int64_t i = 0, low = 0; i < count; i++) {
        while (all[i].sum - all[low].sum > MEAN_TOLERANCE) low++;
        all[i].leader = i;
        for (int64_t j = low; j < i && all[i].leader == i; j++) {
            if (all[j].leader == j && is_copy(&all[j], &all[i])) all[i].leader = j;
        }
    }
}

/* The largest group, and in it the most that have one hash. */
static void count_groups(sketch *all, int64_t count, wn_train_variety *out)
{
    find_leaders(all, count);
    qsort(all, (size_t)count, sizeof *all, compare_groups);
    for (int64_t i = 0, j; i < count; i = j) {
        int64_t run = 0, same = 0;
        for (j = i; j < count && all[j].leader == all[i].leader; j++) {
            run = j > i && all[j].hash == all[j - 1].hash ? run + 1 : 1;
            same = run > same ? run : same;
        }
        out->different++;
        if (j - i > out->largest) out->largest = j - i, out->same = same;
    }
}

wn_status wn_train_look(wn_image_feed *feed, wn_train_variety *out, wn_error *err)
{
    enum { BLOCK = 64 };
    const int64_t total = feed->images->count, count = total < LOOKED_AT ? total : LOOKED_AT;
    wn_status status = WN_OK;
    int64_t rows[BLOCK];
    *out = (wn_train_variety){.images = count};
    sketch *all = wn_alloc(WN_MEMORY_TRAINING, (size_t)count, sizeof *all);
    uint8_t *pixels = wn_alloc(WN_MEMORY_TRAINING, BLOCK, feed->image_bytes);
    if (!all || !pixels) {
        status = wn_fail(err, WN_NOMEM, "out of memory for a look at the images");
        goto done;
    }
    for (int64_t first = 0; first < count; first += BLOCK) {
        const size_t n = (size_t)(count - first < BLOCK ? count - first : BLOCK);
        for (size_t i = 0; i < n; i++) rows[i] = (first + (int64_t)i) * total / count;
        if ((status = wn_image_feed_gather(feed, rows, n, pixels, err))) goto done;
        for (size_t i = 0; i < n; i++)
            draw_sketch(pixels + i * feed->image_bytes, feed->images->side, &all[first + (int64_t)i]);
    }
    qsort(all, (size_t)count, sizeof *all, compare_sums);
    count_groups(all, count, out);
done:
    wn_free(pixels);
    wn_free(all);
    return status;
}

bool wn_train_variety_is_none(const wn_train_variety *v)
{
    const int64_t others = v->images - v->largest;
    return v->images < 2 || (v->largest > 1 && others <= OTHERS_MOST && others * OTHERS_SHARE <= v->images);
}

bool wn_train_variety_is_low(const wn_train_variety *v)
{
    return v->images >= FEW && v->different * 2 <= v->images;
}
