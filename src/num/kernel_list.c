/* SPDX-License-Identifier: Apache-2.0
 *
 * The level of each kernel, found by filling the tables for every level up to the one asked for: a level that does not
 * replace a kernel inherits its pointer, so the lowest level with the same pointer is the one that runs.
 */
#include "winnow/kernel.h"

#include "num/bundles.h"
#include "num/convert.h"
#include "num/cover.h"
#include "num/distance.h"
#include "num/fft.h"
#include "num/hamming.h"
#include "num/layout.h"
#include "num/pixels.h"
#include "num/precise.h"
#include "num/resample.h"
#include "num/splines.h"
#include "num/tile.h"
#include "num/topk.h"

typedef struct listing {
    wn_kernel *out;
    size_t capacity, count;
} listing;

static void add_kernel(listing *list, const char *family, const char *name, wn_cpu level)
{
    if (list->count < list->capacity) list->out[list->count] = (wn_kernel){family, name, level};
    list->count++;
}

#define NAME_LEVEL(field, signature)                                                                                   \
    {                                                                                                                  \
        int lowest = 0;                                                                                                \
        while (tables[lowest].field != tables[level].field) lowest++;                                                  \
        add_kernel(list, family, #field, (wn_cpu)lowest);                                                              \
    }

/* One function for each family: add_distance(), add_tile() ... */
#define DEFINE_FAMILY(name, map)                                                                                       \
    static void add_##name(listing *list, wn_cpu level)                                                                \
    {                                                                                                                  \
        static const char family[] = #name;                                                                            \
        wn_##name##_kernels tables[WN_CPU_COUNT];                                                                      \
        for (int i = 0; i <= (int)level; i++) wn_##name##_kernels_init(&tables[i], (wn_cpu)i);                         \
        map(NAME_LEVEL)                                                                                                \
    }

DEFINE_FAMILY(distance, WN_DISTANCE_MAP)
DEFINE_FAMILY(tile, WN_TILE_MAP)
DEFINE_FAMILY(convert, WN_CONVERT_MAP)
DEFINE_FAMILY(topk, WN_TOPK_MAP)
DEFINE_FAMILY(precise, WN_PRECISE_MAP)
DEFINE_FAMILY(pixels, WN_PIXELS_MAP)
DEFINE_FAMILY(resample, WN_RESAMPLE_MAP)
DEFINE_FAMILY(hamming, WN_HAMMING_MAP)
DEFINE_FAMILY(layout, WN_LAYOUT_MAP)
DEFINE_FAMILY(fft, WN_FFT_MAP)
DEFINE_FAMILY(bundles, WN_BUNDLES_MAP)
DEFINE_FAMILY(splines, WN_SPLINES_MAP)
DEFINE_FAMILY(cover, WN_COVER_MAP)

size_t wn_kernels_list(wn_cpu level, wn_kernel *out, size_t capacity)
{
    listing list = {out, capacity, 0};
    if (level > wn_cpu_detect()) level = wn_cpu_detect();
    add_distance(&list, level);
    add_tile(&list, level);
    add_convert(&list, level);
    add_topk(&list, level);
    add_precise(&list, level);
    add_pixels(&list, level);
    add_resample(&list, level);
    add_hamming(&list, level);
    add_layout(&list, level);
    add_fft(&list, level);
    add_bundles(&list, level);
    add_splines(&list, level);
    add_cover(&list, level);
    return list.count;
}
