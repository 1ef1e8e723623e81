/* SPDX-License-Identifier: Apache-2.0
 *
 * From jansson values to the fields of an item.
 */
#include "interop/annotation_json.h"

#include <math.h>
#include <string.h>

#include "interop/mask.h"

const char *wn_json_shown(const json_t *value, char out[WN_JSON_SHOWN])
{
    static const char more[] = "...";
    size_t room = WN_JSON_SHOWN - sizeof more;
    size_t len = value ? json_dumpb(value, out, room,
                                    JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9))
                       : 0;
    if (len > room) {
        memcpy(out + room, more, sizeof more);
    } else
        out[len] = 0;
    return value ? out : "(none)";
}

float *wn_json_floats(wn_annotation_builder *builder, const json_t *list, size_t *count)
{
    size_t len = json_array_size(list);
    float *values = json_is_array(list) ? wn_alloc(WN_MEMORY_TEXT, len, sizeof *values) : NULL;
    if (json_is_array(list) && !values) builder->storage->status = WN_NOMEM;
    for (size_t i = 0; values && i < len; i++) {
        double number;
        if (!wn_json_number(json_array_get(list, i), &number)) {
            wn_free(values);
            return NULL;
        }
        values[i] = (float)number;
        if (isinf(values[i])) {
            wn_free(values);
            return NULL;
        }
    }
    *count = len;
    return values;
}

bool wn_item_set_box(wn_annotation_builder *builder, wn_annotation_item *item, const json_t *value, bool corners)
{
    if (!value || json_is_null(value)) return true;
    size_t count = 0;
    char shown[WN_JSON_SHOWN];
    float *box = wn_json_floats(builder, value, &count);
    bool good = box && count == 4;
    if (good) {
        memcpy(item->box, box, sizeof item->box);
        item->flags |= WN_ITEM_BOX;
        if (corners) {
            item->box[2] -= item->box[0];
            item->box[3] -= item->box[1];
        }
    } else
        wn_builder_problem(builder, "the box %s is not a list of four numbers; left out", wn_json_shown(value, shown));
    wn_free(box);
    return good;
}

bool wn_item_set_score(wn_annotation_builder *builder, wn_annotation_item *item, const json_t *value)
{
    double score;
    char shown[WN_JSON_SHOWN];
    if (!value || json_is_null(value)) return true;
    if (!wn_json_number(value, &score) || score < 0 || score > 1) {
        wn_builder_problem(builder, "the score %s is not a number from 0 to 1; left out", wn_json_shown(value, shown));
        return false;
    }
    item->score = (float)score;
    return true;
}

bool wn_item_set_probabilities(wn_annotation_builder *builder, wn_annotation_item *item, const json_t *value,
                               size_t classes)
{
    if (!value || json_is_null(value)) return true;
    size_t count = 0;
    float *numbers = wn_json_floats(builder, value, &count);
    bool good = numbers && count > 0;
    for (size_t i = 0; good && i < count; i++) good = numbers[i] >= 0;
    if (!good) {
        wn_builder_problem(builder, "the probabilities are not a list of numbers from 0 to 1; left out");
    } else if (classes && count != classes) {
        wn_builder_problem(builder, "%zu probabilities for %zu categories; left out", count, classes);
        good = false;
    } else
        item->probabilities = wn_builder_numbers(builder, numbers, count);
    wn_free(numbers);
    return good;
}

bool wn_item_set_keypoints(wn_annotation_builder *builder, wn_annotation_item *item, const json_t *value, size_t points)
{
    if (!value || json_is_null(value)) return true;
    size_t count = 0;
    float *numbers = wn_json_floats(builder, value, &count);
    bool good = numbers && count >= 3 && count % 3 == 0;
    if (!good) {
        wn_builder_problem(builder, "the keypoints are not a list of x, y, confidence for each point; left out");
    } else if (points && count != 3 * points) {
        wn_builder_problem(builder, "%zu keypoints where the category has %zu; left out", count / 3, points);
        good = false;
    } else
        item->keypoints = wn_builder_numbers(builder, numbers, count);
    wn_free(numbers);
    return good;
}

/* Whole numbers below 2^32 from a list, as a new array; NULL otherwise. */
static uint32_t *read_runs(wn_annotation_builder *builder, const json_t *list, size_t *count)
{
    *count = json_array_size(list);
    uint32_t *runs = json_is_array(list) && *count ? wn_alloc(WN_MEMORY_TEXT, *count, sizeof *runs) : NULL;
    if (json_is_array(list) && *count && !runs) builder->storage->status = WN_NOMEM;
    for (size_t i = 0; runs && i < *count; i++) {
        const json_t *value = json_array_get(list, i);
        json_int_t run = json_integer_value(value);
        if (!json_is_integer(value) || run < 0 || run > UINT32_MAX) {
            wn_free(runs);
            return NULL;
        }
        runs[i] = (uint32_t)run;
    }
    return runs;
}

bool wn_item_set_rows_mask(wn_annotation_builder *builder, wn_annotation_item *item, const json_t *value)
{
    if (!value || json_is_null(value)) return true;
    size_t count = 0;
    uint32_t *runs = read_runs(builder, value, &count);
    if (runs) {
        item->mask = wn_builder_runs(builder, runs, count);
    } else
        wn_builder_problem(builder, "the segmentation is not a list of run lengths; left out");
    wn_free(runs);
    return runs != NULL;
}

/* Rings one after the other, a NaN pair between them. */
static bool set_polygon(wn_annotation_builder *builder, wn_annotation_item *item, const json_t *rings)
{
    static const float gap[2] = {NAN, NAN};
    wn_annotation_span span = {0};
    for (size_t i = 0; i < json_array_size(rings); i++) {
        size_t count = 0;
        float *points = wn_json_floats(builder, json_array_get(rings, i), &count);
        bool good = points && count >= 6 && count % 2 == 0;
        if (good) {
            if (span.count) span.count += wn_builder_numbers(builder, gap, 2).count;
            wn_annotation_span ring = wn_builder_numbers(builder, points, count);
            if (!span.count) span.first = ring.first;
            span.count += ring.count;
        }
        wn_free(points);
        if (!good) {
            wn_builder_problem(builder, "a polygon is not a list of at least three x, y pairs; left out");
            return false;
        }
    }
    item->polygon = span;
    return true;
}

static bool set_runs_of_size(wn_annotation_builder *builder, wn_annotation_item *item, const json_t *value)
{
    const json_t *size = json_object_get(value, "size"), *counts = json_object_get(value, "counts");
    json_int_t height = json_integer_value(json_array_get(size, 0)),
               width = json_integer_value(json_array_get(size, 1));
    wn_buffer columns, rows;
    wn_buffer_init(&columns, WN_MEMORY_TEXT, 0);
    wn_buffer_init(&rows, WN_MEMORY_TEXT, 0);
    bool good = width > 0 && height > 0 && width <= INT32_MAX && height <= INT32_MAX;
    if (good && json_is_string(counts)) {
        good = wn_mask_parse_text(json_string_value(counts), json_string_length(counts), &columns);
    } else if (good) {
        size_t count = 0;
        uint32_t *runs = read_runs(builder, counts, &count);
        good = runs && wn_buffer_add(&columns, runs, count * sizeof *runs) == WN_OK;
        wn_free(runs);
    }
    good = good && wn_mask_from_columns((const uint32_t *)(const void *)columns.data, columns.len / sizeof(uint32_t),
                                        (int32_t)width, (int32_t)height, &rows);
    if (good) {
        item->mask = wn_builder_runs(builder, (const uint32_t *)(const void *)rows.data, rows.len / sizeof(uint32_t));
        item->mask_width = (int32_t)width;
        item->mask_height = (int32_t)height;
    } else
        wn_builder_problem(builder, "the run lengths (counts) of the mask do not fill its size; left out");
    if (columns.status || rows.status) builder->storage->status = WN_NOMEM;
    wn_buffer_clear(&columns);
    wn_buffer_clear(&rows);
    return good;
}

bool wn_item_set_coco_mask(wn_annotation_builder *builder, wn_annotation_item *item, const json_t *value)
{
    if (!value || json_is_null(value)) return true;
    if (json_is_array(value)) return set_polygon(builder, item, value);
    if (json_is_object(value)) return set_runs_of_size(builder, item, value);
    wn_builder_problem(builder, "the segmentation is neither polygons nor run lengths; left out");
    return false;
}
