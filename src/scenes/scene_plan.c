/* SPDX-License-Identifier: Apache-2.0 */
#include "scenes/scene_plan.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "scenes/scene_class.h"
#include "winnow/memory.h"

/* How often each planted kind comes, against the others. */
static const int kind_weights[WN_SCENE_KIND_COUNT] = {
    [WN_SCENE_COPY] = 14,   [WN_SCENE_REWRAP] = 5,     [WN_SCENE_RECOMPRESS] = 10, [WN_SCENE_RESIZE] = 9,
    [WN_SCENE_CROP] = 8,    [WN_SCENE_BRIGHTNESS] = 6, [WN_SCENE_FLIP] = 4,        [WN_SCENE_BURST] = 9,
    [WN_SCENE_BLUR] = 8,    [WN_SCENE_DARK] = 5,       [WN_SCENE_OVEREXPOSED] = 4, [WN_SCENE_NOISE] = 4,
    [WN_SCENE_OUTLIER] = 9, [WN_SCENE_BROKEN] = 5,
};

static const struct {
    const char *make, *model;
    unsigned aperture_tenths, focal;
} cameras[] = {
    {"Aldra", "A7 mark II", 40, 35}, {"Norvik", "N-500", 56, 24},      {"Kestrel", "K1", 28, 50},
    {"Fonix", "Fonix 12", 18, 4},    {"Fonix", "Fonix 9 lite", 22, 4}, {"Lumo", "DC-Z20", 35, 28},
};

static int weighted(wn_rng *rng, const int *weights, int n)
{
    int total = 0;
    for (int i = 0; i < n; i++) total += weights[i];
    int draw = (int)wn_rng_below(rng, (uint32_t)total);
    for (int i = 0; i < n; i++)
        if ((draw -= weights[i]) < 0) return i;
    return n - 1;
}

static int draw_class(wn_rng *rng)
{
    int weights[64], n = wn_scenes_class_count();
    for (int i = 0; i < n; i++) weights[i] = wn_scene_class_at(i)->weight;
    return weighted(rng, weights, n);
}

static bool repeats(wn_scene_kind kind)
{
    return kind >= WN_SCENE_COPY && kind <= WN_SCENE_BURST;
}

static void draw_size(wn_rng *rng, const wn_scenes_options *options, wn_painting *painting)
{
    static const float shapes[] = {1.333f, 1.333f, 1.5f, 1.5f, 1.5f, 1.778f, 1.0f};
    float low = (float)options->side_low, high = (float)options->side_high;
    int longer = (int)(wn_rng_range(rng, low, high + 0.99f)),
        shorter = (int)((float)longer / shapes[wn_rng_below(rng, 7)] + 0.5f);
    bool portrait = wn_rng_uniform(rng) < 0.25f;
    painting->width = portrait ? shorter : longer;
    painting->height = portrait ? longer : shorter;
}

static void draw_note(wn_rng *rng, wn_scene_file *file)
{
    unsigned camera = wn_rng_below(rng, 6);
    bool night = file->painting.night;
    unsigned hour = night ? (20 + wn_rng_below(rng, 8)) % 24 : 8 + wn_rng_below(rng, 10);
    file->has_note = wn_rng_uniform(rng) < 0.6f;
    file->note = (wn_camera_note){.make = cameras[camera].make,
                                  .model = cameras[camera].model,
                                  .orientation = 1,
                                  .aperture_tenths = cameras[camera].aperture_tenths,
                                  .focal_millimetres = cameras[camera].focal};
    file->note.iso = (night ? 800u : 100u) << wn_rng_below(rng, 3);
    file->note.exposure_denominator = night ? 15 + wn_rng_below(rng, 45) : 100 + wn_rng_below(rng, 900);
    (void)snprintf(file->note.time, sizeof file->note.time, "%u:%02u:%02u %02u:%02u:%02u", 2022 + wn_rng_below(rng, 3),
                   1 + wn_rng_below(rng, 12), 1 + wn_rng_below(rng, 28), hour, wn_rng_below(rng, 60),
                   wn_rng_below(rng, 60));
    static const int turns[] = {3, 6, 8};
    if (file->has_note && file->kind == WN_SCENE_PLAIN && wn_rng_uniform(rng) < 0.06f)
        file->note.orientation = turns[wn_rng_below(rng, 3)];
}

static void draw_faults(wn_rng *rng, wn_scene_file *file)
{
    wn_painting *p = &file->painting;
    float size = (float)(p->width > p->height ? p->width : p->height);
    p->exposure = 1.0f;
    if (file->kind == WN_SCENE_BLUR) {
        bool shaken = wn_rng_uniform(rng) < 0.4f;
        p->blur_x = size * wn_rng_range(rng, 0.008f, 0.02f);
        p->blur_y = shaken ? 0.2f : p->blur_x;
    }
    if (file->kind == WN_SCENE_DARK) p->exposure = wn_rng_range(rng, 0.015f, 0.05f), p->night = false;
    if (file->kind == WN_SCENE_OVEREXPOSED) p->exposure = wn_rng_range(rng, 4.5f, 9.0f), p->night = false;
    if (file->kind == WN_SCENE_NOISE) p->noise = wn_rng_range(rng, 0.12f, 0.25f);
    if (file->kind == WN_SCENE_OUTLIER) p->outlier = (int)wn_rng_below(rng, (uint32_t)wn_scene_outlier_count());
}

/* Names as they come from cameras, telephones and people. */
static void draw_name(wn_rng *rng, const wn_scene_file *files, size_t index, wn_scene_file *file)
{
    const char *prefix = wn_scene_class_at(file->given)->prefix;
    const char *suffix = file->misnamed || file->container == WN_CONTAINER_JPEG ? "jpg"
                         : file->container == WN_CONTAINER_PNG                  ? "png"
                                                                                : "webp";
    if (file->kind == WN_SCENE_COPY || file->kind == WN_SCENE_REWRAP) {
        const wn_scene_file *partner = &files[file->partner];
        int stem = (int)(strrchr(partner->name, '.') - partner->name);
        const char *what = file->kind == WN_SCENE_REWRAP ? " edited" : " copy";
        (void)snprintf(file->name, sizeof file->name, "%.*s%s %zu.%s", stem < 24 ? stem : 24, partner->name, what,
                       index % 1000u, strrchr(partner->name, '.') + 1);
    } else if (wn_rng_uniform(rng) < 0.12f) {
        (void)snprintf(file->name, sizeof file->name, "%c%.7s%c%c_%05zu.%s", file->note.time[2], file->note.time + 3,
                       '-', '0' + (char)(index % 10u), index, suffix);
        for (char *c = file->name; *c; c++) *c = *c == ':' || *c == ' ' ? '-' : *c;
    } else {
        (void)snprintf(file->name, sizeof file->name, "%s_%05zu.%s", prefix, 1000 + index, suffix);
    }
}

static void plan_one(const wn_scenes_options *options, wn_scene_file *files, size_t index, size_t *plain,
                     size_t *plain_len)
{
    wn_scene_file *file = &files[index];
    wn_rng rng;
    wn_rng_init(&rng, (uint64_t)options->seed ^ 0x706c616eu, index);
    *file = (wn_scene_file){.partner = index};
    if (wn_rng_uniform(&rng) < (float)options->planted)
        file->kind = (wn_scene_kind)weighted(&rng, kind_weights, WN_SCENE_KIND_COUNT);
    if (repeats(file->kind) && *plain_len == 0) file->kind = WN_SCENE_PLAIN;

    int class_index = draw_class(&rng);
    file->painting =
        (wn_painting){.seed = (uint64_t)options->seed, .stream = index, .class_index = class_index, .outlier = -1};
    file->painting.night = wn_rng_uniform(&rng) < (float)options->night * wn_scene_class_at(class_index)->night;
    draw_size(&rng, options, &file->painting);
    draw_faults(&rng, file);
    file->quality = 72 + (int)wn_rng_below(&rng, 24);
    float container = wn_rng_uniform(&rng);
    file->container = container < 0.03f ? WN_CONTAINER_PNG : container < 0.045f ? WN_CONTAINER_WEBP : WN_CONTAINER_JPEG;
    file->misnamed = container < 0.004f && file->kind == WN_SCENE_PLAIN;
    if (repeats(file->kind)) {
        file->partner = plain[wn_rng_below(&rng, (uint32_t)*plain_len)];
        const wn_scene_file *partner = &files[file->partner];
        if (file->kind == WN_SCENE_REWRAP && partner->container != WN_CONTAINER_JPEG) file->kind = WN_SCENE_COPY;
        file->painting = partner->painting;
        if (file->kind == WN_SCENE_COPY || file->kind == WN_SCENE_REWRAP) {
            file->container = partner->container, file->quality = partner->quality, file->misnamed = partner->misnamed;
        } else {
            file->container = WN_CONTAINER_JPEG;
        }
        if (file->kind == WN_SCENE_BURST) file->painting.take = 1 + (uint64_t)index;
        if (file->kind == WN_SCENE_RECOMPRESS) file->quality = 35 + (int)wn_rng_below(&rng, 30);
    } else if (file->kind == WN_SCENE_BROKEN) {
        file->damage = (wn_damage)wn_rng_below(&rng, WN_DAMAGE_COUNT);
        file->container = WN_CONTAINER_JPEG;
    }
    draw_note(&rng, file);
    if (file->kind == WN_SCENE_COPY)
        file->has_note = files[file->partner].has_note, file->note = files[file->partner].note;
    if (file->kind == WN_SCENE_REWRAP)
        file->note.orientation = files[file->partner].has_note ? files[file->partner].note.orientation : 1,
        file->has_note = true;
    if (file->container != WN_CONTAINER_JPEG && file->kind == WN_SCENE_PLAIN)
        file->has_note = false, file->note.orientation = 1;
    file->amount = wn_rng_uniform(&rng), file->amount_x = wn_rng_uniform(&rng), file->amount_y = wn_rng_uniform(&rng);
    file->given = file->painting.class_index;
    if (wn_rng_uniform(&rng) < (float)options->wrong)
        file->given = (file->given + 1 + (int)wn_rng_below(&rng, (uint32_t)wn_scenes_class_count() - 1u)) %
                      wn_scenes_class_count();
    draw_name(&rng, files, index, file);
    if (file->kind == WN_SCENE_PLAIN) plain[(*plain_len)++] = index;
}

wn_status wn_scene_plan(const wn_scenes_options *options, wn_scene_file *files, wn_error *err)
{
    /* Files that others may repeat. */
    size_t plain_len = 0, *plain = wn_alloc(WN_MEMORY_GENERAL, (size_t)options->count, sizeof *plain);
    if (!plain) return wn_fail(err, WN_NOMEM, "no memory for the plan of %lld files", (long long)options->count);
    for (size_t i = 0; i < (size_t)options->count; i++) plan_one(options, files, i, plain, &plain_len);
    wn_free(plain);
    return WN_OK;
}

const char *wn_scene_detail(const wn_scene_file *file)
{
    static const char *const damages[WN_DAMAGE_COUNT] = {
        "cut off",      "empty",         "text instead of an image", "a web page instead of an image",
        "random bytes", "no file header"};
    if (file->kind == WN_SCENE_BROKEN) return damages[file->damage];
    if (file->kind == WN_SCENE_OUTLIER) return wn_scene_outlier_name(file->painting.outlier);
    if (file->misnamed) return "PNG named .jpg";
    return file->has_note && file->note.orientation != 1 ? "turned by its EXIF orientation" : "";
}
