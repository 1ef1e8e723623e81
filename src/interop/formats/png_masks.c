/* SPDX-License-Identifier: Apache-2.0
 *
 * Masks as PNG files in a folder, NAME.png for the image NAME: a palette or grey values, the value of a pixel is its
 * class. Each class of a picture becomes an item with run lengths; ignored pixels belong to none.
 */
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "interop/annotation_format.h"
#include "interop/mask_png.h"

enum { PROBES_MOST = 64 };
enum { VALUES = 1 << 16, CLASSES_MOST = 65534 /* that masks are judged by; 65,535 often stands for none */ };

typedef struct masks_state {
    wn_mask_ignored ignored;
    int64_t classes;                      /* named ones; CLASSES_MOST without names */
    wn_buffer stretches, runs;            /* stretch; uint32_t */
    uint32_t first[VALUES], last[VALUES]; /* stretches of each value in the picture, counted from 1; 0 = none */
} masks_state;

/* Neighbours in reading order that have one value. */
typedef struct stretch {
    uint32_t start, len, next; /* next: of the same value, counted from 1 */
} stretch;

static bool takes(const wn_annotation_builder *builder, const char *name)
{
    (void)builder;
    return wn_text_ends_with(name, ".png");
}

/* A flat folder of PNG files alone, the first of which that can be read is no picture of colours. Where none of the
 * first can be read, the reader names them. Pictures by class lie in folders. */
static bool probe(const wn_annotation_source *source)
{
    wn_mask_picture head;
    if (!source->files || source->files->count == 0) return false;
    for (size_t i = 0; i < source->files->count; i++)
        if (!takes(NULL, source->files->names[i]) || strchr(source->files->names[i], '/')) return false;
    for (size_t i = 0; i < source->files->count && i < PROBES_MOST; i++) {
        char *path = wn_path_join(source->path, source->files->names[i]);
        wn_status status = path ? wn_mask_png_read(path, true, &head, NULL) : WN_NOMEM;
        wn_free(path);
        if (status == WN_OK || status == WN_INVALID) return status == WN_OK;
    }
    return true;
}

static wn_status begin(wn_annotation_builder *builder, const wn_file_list *files, wn_error *err)
{
    masks_state *state = wn_calloc(WN_MEMORY_TEXT, 1, sizeof *state);
    if (!state) return wn_fail(err, WN_NOMEM, "out of memory");
    builder->state = state;
    builder->set->task = WN_TASK_SEMANTIC;
    state->classes = CLASSES_MOST;
    wn_buffer_init(&state->stretches, WN_MEMORY_TEXT, 0);
    wn_buffer_init(&state->runs, WN_MEMORY_TEXT, 0);
    (void)files;
    if (builder->options->names) {
        state->classes = 0;
        while (wn_builder_find_category(builder, state->classes) >= 0) state->classes++;
    }
    return wn_mask_ignored_parse(builder->options->ignore, &state->ignored, err);
}

static bool is_ignored(const wn_mask_ignored *ignored, int64_t value)
{
    for (size_t k = 0; k < ignored->count; k++)
        if (ignored->values[k] == value) return true;
    return false;
}

/* Stretches of all values, in one walk. */
static wn_status find_stretches(masks_state *state, const wn_mask_picture *mask)
{
    size_t pixels = (size_t)mask->width * (size_t)mask->height;
    memset(state->first, 0, sizeof state->first);
    wn_buffer_reset(&state->stretches);
    for (size_t i = 0, end; i < pixels; i = end) {
        uint16_t value = mask->values[i];
        for (end = i + 1; end < pixels && mask->values[end] == value;) end++;
        stretch found = {(uint32_t)i, (uint32_t)(end - i), 0};
        if (wn_buffer_add(&state->stretches, &found, sizeof found)) return WN_NOMEM;
        uint32_t number = (uint32_t)(state->stretches.len / sizeof found);
        stretch *all = (stretch *)(void *)state->stretches.data;
        if (state->first[value]) {
            all[state->last[value] - 1].next = number;
        } else
            state->first[value] = number;
        state->last[value] = number;
    }
    return WN_OK;
}

/* The runs of one value: lengths of not-it and it in turn, to the end of the picture. */
static wn_status add_runs(wn_annotation_builder *builder, const wn_mask_picture *mask, int64_t value,
                          wn_annotation_item *item)
{
    masks_state *state = builder->state;
    const stretch *all = (const stretch *)(const void *)state->stretches.data;
    uint32_t end = 0, pixels = (uint32_t)mask->width * (uint32_t)mask->height;
    wn_buffer_reset(&state->runs);
    for (uint32_t number = state->first[value]; number; number = all[number - 1].next) {
        const stretch *here = &all[number - 1];
        uint32_t pair[2] = {here->start - end, here->len};
        if (wn_buffer_add(&state->runs, pair, sizeof pair)) return WN_NOMEM;
        end = here->start + here->len;
    }
    uint32_t rest = pixels - end;
    if (rest && wn_buffer_add(&state->runs, &rest, sizeof rest)) return WN_NOMEM;
    const uint32_t *runs = (const uint32_t *)(const void *)state->runs.data;
    item->mask = wn_builder_runs(builder, runs, state->runs.len / sizeof *runs);
    item->mask_width = mask->width;
    item->mask_height = mask->height;
    return WN_OK;
}

static wn_status check_values(const masks_state *state, const char *path, wn_error *err)
{
    for (int64_t value = state->classes; value < VALUES; value++) {
        if (state->first[value] && !is_ignored(&state->ignored, value))
            return wn_fail(err, WN_INVALID, "%s: the value %lld is none of %lld classes", path, (long long)value,
                           (long long)state->classes);
    }
    return WN_OK;
}

static wn_status add_classes(wn_annotation_builder *builder, const wn_mask_picture *mask, size_t image, wn_error *err)
{
    const masks_state *state = builder->state;
    wn_status status = WN_OK;
    for (int64_t value = 0; value < state->classes && !status; value++) {
        if (!state->first[value] || is_ignored(&state->ignored, value)) continue;
        int32_t category = wn_builder_category(builder, value, NULL);
        status = add_runs(builder, mask, value, wn_builder_item(builder, image, category));
    }
    return status ? wn_fail(err, status, "no memory for the masks of '%s'", builder->root) : WN_OK;
}

static wn_status take_mask(wn_annotation_builder *builder, const wn_mask_picture *mask, const wn_annotation_file *file,
                           wn_error *err)
{
    masks_state *state = builder->state;
    if (find_stretches(state, mask)) return wn_fail(err, WN_NOMEM, "no memory for the mask '%s'", file->path);
    WN_TRY(check_values(state, file->path, err));
    size_t stem = strlen(file->name) - strlen(".png");
    size_t image = wn_builder_image(builder, file->name, stem, mask->width, mask->height);
    WN_TRY(wn_builder_status(builder, err));
    ((wn_annotation_image *)(void *)builder->storage->images.data)[image].stem = true;
    return add_classes(builder, mask, image, err);
}

static wn_status parse(wn_annotation_builder *builder, const wn_annotation_file *file, wn_error *err)
{
    wn_mask_picture mask;
    WN_TRY(wn_mask_png_parse((const uint8_t *)file->text, file->len, file->path, false, &mask, err));
    wn_status status = take_mask(builder, &mask, file, err);
    wn_mask_picture_clear(&mask);
    return status;
}

static void end(wn_annotation_builder *builder)
{
    masks_state *state = builder->state;
    if (!state) return;
    wn_buffer_clear(&state->stretches);
    wn_buffer_clear(&state->runs);
    wn_free(state);
    builder->state = NULL;
}

const wn_annotation_format wn_annotation_format_png_masks = {
    .name = "png-masks",
    .summary = "a folder of PNG masks, NAME.png for the image NAME: the value of a pixel is its class",
    .roles = WN_ROLE_BIT(WN_ROLE_LABELS) | WN_ROLE_BIT(WN_ROLE_PREDICTIONS),
    .probe = probe,
    .begin = begin,
    .takes = takes,
    .parse = parse,
    .end = end,
};
