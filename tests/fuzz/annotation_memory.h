/* SPDX-License-Identifier: Apache-2.0
 *
 * The fuzzer's bytes as one file of a reader of annotations, and what holds for every set that is accepted.
 */
#ifndef FUZZ_ANNOTATION_MEMORY_H
#define FUZZ_ANNOTATION_MEMORY_H

#include <math.h>
#include <stdlib.h>

#include "interop/annotation_format.h"

static void check_span(wn_annotation_span span, size_t len)
{
    if (span.count && (span.first > len || span.count > len - span.first)) abort();
}

static void check_item(const wn_annotations *set, const wn_annotation_item *item)
{
    const wn_annotation_image *image = &set->images[item->image];
    if (item->image >= set->image_count || item->category >= (int32_t)set->category_count) abort();
    check_span(item->probabilities, set->number_count);
    check_span(item->keypoints, set->number_count);
    check_span(item->polygon, set->number_count);
    check_span(item->mask, set->run_count);
    if (!(item->flags & WN_ITEM_BOX) || (item->flags & WN_ITEM_DROPPED)) return;
    if (!(item->box[2] > 0 && item->box[3] > 0)) abort();
    if (!(item->box[0] >= 0 && item->box[0] + item->box[2] <= (float)image->width * 1.001f)) abort();
    if (!(item->box[1] >= 0 && item->box[1] + item->box[3] <= (float)image->height * 1.001f)) abort();
}

static void check_set(wn_annotations *set)
{
    static uint8_t pixels[64 * 48];
    wn_error err;
    size_t items = 0;
    for (size_t i = 0; i < set->image_count; i++) {
        items += set->images[i].count;
        if (wn_annotations_fit(set, i, 64, 48, NULL, &err)) return;
    }
    if (items != set->item_count) abort();
    for (size_t i = 0; i < set->item_count; i++) {
        check_item(set, &set->items[i]);
        if (i < 64) (void)wn_annotation_draw_mask(set, &set->items[i], 64, 48, pixels);
    }
    for (size_t i = 0; i < set->field_count; i++)
        for (size_t j = 0; j < set->image_count && set->fields[i].codes; j++)
            if (set->fields[i].codes[j] >= (int32_t)set->fields[i].word_count) abort();
}

/* `root` is where the reader looks for side files; may be a folder that does not exist. */
static void read_bytes(const char *format_name, wn_annotation_role role, const char *root, const char *name,
                       const uint8_t *data, size_t size)
{
    const wn_annotation_format *format = wn_annotation_format_find(format_name);
    wn_annotation_options options = {.role = role};
    wn_annotation_builder builder;
    wn_annotations *set = NULL;
    wn_error err = {0};
    if (!format || wn_builder_begin(&builder, &options, &err)) abort();
    builder.root = root;
    wn_annotation_file file = {name, name, (const char *)data, size};
    builder.place = (wn_annotation_place){name, 0};
    wn_status status = format->begin ? format->begin(&builder, NULL, &err) : WN_OK;
    if (status) abort();
    status = format->parse(&builder, &file, &err);
    if (format->end) format->end(&builder);
    if (status && !err.message[0]) abort();
    if (!status) {
        if (wn_builder_finish(&builder, &set, &err)) abort();
        check_set(set);
        wn_annotations_free(&set);
    } else
        wn_annotations_free(&builder.set);
}

#endif
