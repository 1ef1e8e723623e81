/* SPDX-License-Identifier: Apache-2.0
 *
 * Which parts of the images are objects: boxes or instances of an imported set, tiles of a grid, regions at a fixed
 * place.
 */
#include "jobs/objects.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "winnow/annotation_records.h"
#include "winnow/memory.h"

void wn_object_list_clear(wn_object_list *list)
{
    wn_free(list->items);
    wn_free(list->sizes);
    *list = (wn_object_list){0};
}

/* ---- sizes ---- */

typedef struct sizing {
    const wn_row_list *rows;
    wn_image_size *sizes;
} sizing;

static wn_status take_size(void *context, const wn_sample *sample)
{
    const sizing *s = context;
    size_t at = wn_rows_find(s->rows, sample->row);
    if (at != SIZE_MAX) s->sizes[at] = (wn_image_size){sample->width, sample->height};
    return WN_OK;
}

static wn_status load_sizes(wn_workspace *workspace, const wn_row_list *rows, wn_object_list *out, wn_error *err)
{
    if (!(out->sizes = wn_calloc(WN_MEMORY_GENERAL, rows->len, sizeof *out->sizes)))
        return wn_fail(err, WN_NOMEM, "no memory for the sizes of %zu images", rows->len);
    if (!rows->len) return WN_OK;
    sizing s = {rows, out->sizes};
    const int64_t first = rows->rows[0], last = rows->rows[rows->len - 1];
    return wn_workspace_visit_samples(workspace, first, last - first + 1, take_size, &s, err);
}

/* ---- one object ---- */

static wn_hash128 key_of(int64_t row, const wn_crop *crop)
{
    struct {
        int64_t row;
        float box[4];
    } all = {row, {crop->x, crop->y, crop->width, crop->height}};
    return wn_hash128_of(&all, sizeof all);
}

static wn_status add_object(wn_object_list *list, const wn_row_list *rows, size_t position, wn_crop crop)
{
    const wn_image_size size = list->sizes[position];
    if (!wn_crop_clip(&crop, size.width, size.height)) {
        list->outside++;
        return WN_OK;
    }
    if (crop.width < WN_OBJECT_LEAST_PIXELS || crop.height < WN_OBJECT_LEAST_PIXELS) {
        list->small++;
        return WN_OK;
    }
    if (list->len == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 1024;
        wn_object *items = wn_realloc(WN_MEMORY_GENERAL, list->items, capacity, sizeof *items);
        if (!items) return WN_NOMEM;
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->len++] = (wn_object){
        .crop = crop, .position = (uint32_t)position, .key = key_of(rows->rows[position], &crop), .slot = -1};
    return WN_OK;
}

static int compare_objects(const void *a, const void *b)
{
    const wn_object *x = a, *y = b;
    if (x->position != y->position) return x->position < y->position ? -1 : 1;
    return memcmp(&x->key, &y->key, sizeof x->key);
}

static wn_status finish(wn_object_list *list, wn_status status, wn_error *err)
{
    if (status == WN_NOMEM) status = wn_fail(err, WN_NOMEM, "no memory for the boxes of %zu objects", list->len);
    if (status)
        wn_object_list_clear(list);
    else if (list->len)
        qsort(list->items, list->len, sizeof *list->items, compare_objects);
    return status;
}

/* ---- imported boxes ---- */

/* The predictions of that name, else the labels of that name; the message of the first failure counts. */
static wn_status find_set(wn_workspace *workspace, const char *task, wn_annotation_set_record **out, wn_error *err)
{
    wn_error ignored;
    wn_status status = wn_annotation_set_find(workspace, WN_ROLE_PREDICTIONS, task, out, err);
    if (status == WN_NOTFOUND && !wn_annotation_set_find(workspace, WN_ROLE_LABELS, task, out, &ignored)) return WN_OK;
    return status;
}

typedef struct taking {
    const wn_row_list *rows;
    wn_object_list *list;
    bool instances; /* masks and polygons mark objects too */
    size_t boxes;
} taking;

typedef struct bounds {
    float left, top, right, bottom;
} bounds;

static void widen(bounds *b, float left, float top, float right, float bottom)
{
    b->left = fminf(b->left, left);
    b->top = fminf(b->top, top);
    b->right = fmaxf(b->right, right);
    b->bottom = fmaxf(b->bottom, bottom);
}

/* The ones of run lengths in row order; one that goes over the end of a row is as wide as the mask. */
static void widen_by_mask(bounds *b, const wn_annotation_record *item, size_t width)
{
    size_t at = 0;
    for (size_t i = 0; i < item->mask_count; at += item->mask[i++]) {
        if (i % 2 == 0 || item->mask[i] == 0) continue;
        const size_t last = at + item->mask[i] - 1;
        const bool whole = at / width != last / width;
        widen(b, whole ? 0 : (float)(at % width), (float)(at / width), (float)(whole ? width : last % width + 1),
              (float)(last / width + 1));
    }
}

/* The box around the mask or polygon of an item that has no box; false where nothing is marked. */
static bool crop_of_shape(const wn_annotation_record *item, wn_image_size size, wn_crop *out)
{
    bounds b = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    const int32_t width = item->mask_width ? item->mask_width : (int32_t)size.width;
    if (item->mask && width > 0) widen_by_mask(&b, item, (size_t)width);
    for (size_t i = 0; i + 1 < item->polygon_count; i += 2) {
        const float x = item->polygon[i], y = item->polygon[i + 1];
        if (!isnan(x)) widen(&b, x, y, x, y);
    }
    *out = (wn_crop){b.left, b.top, b.right - b.left, b.bottom - b.top};
    return b.right > b.left && b.bottom > b.top;
}

static wn_status take_item(void *context, const wn_annotation_record *item)
{
    taking *t = context;
    size_t at = wn_rows_find(t->rows, item->row);
    const bool boxed = item->flags & WN_ITEM_BOX, shaped = t->instances && (item->mask || item->polygon);
    if ((!boxed && !shaped) || (item->flags & WN_ITEM_CROWD)) return WN_OK;
    t->boxes++;
    if (at == SIZE_MAX) return WN_OK;
    wn_crop crop = {item->box[0], item->box[1], item->box[2], item->box[3]};
    if (!boxed && !crop_of_shape(item, t->list->sizes[at], &crop)) {
        t->list->small++;
        return WN_OK;
    }
    return add_object(t->list, t->rows, at, crop);
}

wn_status wn_object_boxes(wn_workspace *workspace, const char *task, const wn_row_list *rows, wn_object_list *out,
                          wn_error *err)
{
    wn_annotation_set_record *set = NULL;
    taking t = {.rows = rows, .list = out};
    *out = (wn_object_list){0};
    WN_TRY(find_set(workspace, task, &set, err));
    t.instances = set->task == WN_TASK_INSTANCES;
    wn_status status = load_sizes(workspace, rows, out, err);
    if (!status) status = wn_annotation_set_visit(workspace, set->id, -1, take_item, &t, err);
    if (!status && !t.boxes)
        status = wn_fail(err, WN_INVALID, "'%s' has no boxes, and objects are what boxes mark", set->name);
    wn_free(set);
    return finish(out, status, err);
}

/* ---- tiles and regions ---- */

/* A grid of equal tiles of which neighbours share `overlap` of their length and which fill the image. */
static wn_status add_tiles(const wn_config_auto_task *task, const wn_row_list *rows, size_t position,
                           wn_object_list *out)
{
    const wn_image_size size = out->sizes[position];
    const double step = 1 - task->overlap;
    const double width = size.width / (1 + (double)(task->columns - 1) * step);
    const double height = size.height / (1 + (double)(task->rows - 1) * step);
    for (int64_t row = 0; row < task->rows; row++)
        for (int64_t column = 0; column < task->columns; column++) {
            const wn_crop crop = {(float)((double)column * step * width), (float)((double)row * step * height),
                                  (float)width, (float)height};
            WN_TRY(add_object(out, rows, position, crop));
        }
    return WN_OK;
}

static wn_status add_regions(const wn_config_auto_task *task, const wn_row_list *rows, size_t position,
                             wn_object_list *out)
{
    const float width = (float)out->sizes[position].width, height = (float)out->sizes[position].height;
    for (size_t i = 0; i < task->box_count; i++) {
        const float *box = task->boxes + 4 * i;
        const wn_crop crop = {box[0] * width, box[1] * height, box[2] * width, box[3] * height};
        WN_TRY(add_object(out, rows, position, crop));
    }
    return WN_OK;
}

wn_status wn_object_regions(wn_workspace *workspace, const wn_config_auto_task *task, const wn_row_list *rows,
                            wn_object_list *out, wn_error *err)
{
    *out = (wn_object_list){0};
    wn_status status = load_sizes(workspace, rows, out, err);
    for (size_t i = 0; i < rows->len && !status; i++)
        status = task->type == WN_CONFIG_AUTO_TILING ? add_tiles(task, rows, i, out) : add_regions(task, rows, i, out);
    return finish(out, status, err);
}
