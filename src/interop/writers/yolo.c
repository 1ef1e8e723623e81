/* SPDX-License-Identifier: Apache-2.0
 *
 * YOLO: data.yaml with the names, labels/PATH.txt for each image; boxes, or the first ring of a polygon, in shares of
 * the image. A class is its place among the categories. A file with a polygon has polygons only, because other readers
 * take a box in it for two points: what has none there is the outline of its box.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "interop/annotation_writer.h"
#include "winnow/memory.h"

static void add_box(wn_text_sink *sink, const wn_annotation_item *item, double width, double height)
{
    wn_buffer_format(&sink->text, " %.9g %.9g %.9g %.9g", ((double)item->box[0] + (double)item->box[2] / 2) / width,
                     ((double)item->box[1] + (double)item->box[3] / 2) / height, (double)item->box[2] / width,
                     (double)item->box[3] / height);
}

static void add_outline(wn_text_sink *sink, const wn_annotation_item *item, double width, double height)
{
    const double x[2] = {(double)item->box[0] / width, ((double)item->box[0] + (double)item->box[2]) / width};
    const double y[2] = {(double)item->box[1] / height, ((double)item->box[1] + (double)item->box[3]) / height};
    wn_buffer_format(&sink->text, " %.9g %.9g %.9g %.9g %.9g %.9g %.9g %.9g", x[0], y[0], x[1], y[0], x[1], y[1], x[0],
                     y[1]);
}

static void add_ring(wn_text_sink *sink, const float *points, size_t count, double width, double height)
{
    for (size_t i = 0; i + 1 < count && !isnan(points[i]); i += 2)
        wn_buffer_format(&sink->text, " %.9g %.9g", (double)points[i] / width, (double)points[i + 1] / height);
}

static bool has_ring(const wn_annotation_item *item)
{
    return wn_item_counts(item) && item->category >= 0 && item->polygon.count >= 6;
}

static void add_item(wn_text_sink *sink, const wn_annotations *set, const wn_annotation_image *image,
                     const wn_annotation_item *item, bool polygons)
{
    const bool ring = has_ring(item);
    if (!wn_item_counts(item) || item->category < 0 || (!ring && !(item->flags & WN_ITEM_BOX))) return;
    wn_buffer_format(&sink->text, "%d", item->category);
    if (ring) {
        add_ring(sink, set->numbers + item->polygon.first, item->polygon.count, image->width, image->height);
    } else if (polygons) {
        add_outline(sink, item, image->width, image->height);
    } else
        add_box(sink, item, image->width, image->height);
    if (!isnan(item->score)) wn_buffer_format(&sink->text, " %.9g", wn_text_decimal(item->score));
    wn_buffer_text(&sink->text, "\n");
}

static wn_status write_image(const wn_annotations *set, const wn_annotation_image *image, const char *out,
                             wn_error *err)
{
    char *path = NULL;
    wn_text_sink sink;
    const wn_annotation_item *items = set->items + image->first;
    bool polygons = false;
    for (size_t i = 0; i < image->count && !polygons; i++) polygons = has_ring(&items[i]);
    if (image->width <= 0)
        return wn_fail(err, WN_INVALID, "the size of '%s' is not known, so its boxes cannot be written as shares",
                       image->path);
    WN_TRY(wn_writer_path(out, "labels", image->path, ".txt", &path, err));
    wn_status status = wn_text_sink_begin(&sink, path, err);
    if (!status) {
        for (size_t i = 0; i < image->count; i++) add_item(&sink, set, image, &items[i], polygons);
        status = wn_text_sink_end(&sink, WN_OK, err);
    }
    wn_free(path);
    return status;
}

/* A name in single quotes, with those inside it doubled. */
static void add_quoted(wn_buffer *text, const char *name)
{
    wn_buffer_text(text, "'");
    for (; *name; name++) {
        if (*name == '\'') wn_buffer_text(text, "'");
        wn_buffer_add(text, *name == '\n' ? " " : name, 1);
    }
    wn_buffer_text(text, "'\n");
}

static wn_status write_names(const wn_annotations *set, const char *out, wn_error *err)
{
    wn_text_sink sink;
    char *path = wn_path_join(out, "data.yaml");
    if (!path) return wn_fail(err, WN_NOMEM, "out of memory");
    wn_status status = wn_text_sink_begin(&sink, path, err);
    if (!status) {
        wn_buffer_format(&sink.text, "path: .\nnc: %zu\nnames:\n", set->category_count);
        for (size_t i = 0; i < set->category_count; i++) {
            wn_buffer_format(&sink.text, "  %zu: ", i);
            add_quoted(&sink.text, set->categories[i].name);
        }
        status = wn_text_sink_end(&sink, WN_OK, err);
    }
    wn_free(path);
    return status;
}

static wn_status write(const wn_annotations *set, const char *out, wn_error *err)
{
    WN_TRY(write_names(set, out, err));
    for (size_t i = 0; i < set->image_count; i++) WN_TRY(write_image(set, &set->images[i], out, err));
    return WN_OK;
}

const wn_annotation_writer wn_annotation_writer_yolo = {
    .name = "yolo",
    .summary = "YOLO: data.yaml and one text file for each image",
    .folder = true,
    .write = write,
};
