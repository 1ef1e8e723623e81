/* SPDX-License-Identifier: Apache-2.0
 *
 * Pascal VOC: PATH.xml for each image, with `filename` beside it.
 */
#include <string.h>

#include "base/error.h"
#include "interop/annotation_writer.h"
#include "winnow/memory.h"

/* Text with the five characters that XML has names for. */
static void add_text(wn_buffer *out, const char *text)
{
    for (; *text; text++) {
        const char *name = *text == '&'    ? "&amp;"
                           : *text == '<'  ? "&lt;"
                           : *text == '>'  ? "&gt;"
                           : *text == '"'  ? "&quot;"
                           : *text == '\'' ? "&apos;"
                                           : NULL;
        if (name) {
            wn_buffer_text(out, name);
        } else if ((unsigned char)*text >= ' ' || *text == '\t' || *text == '\n')
            wn_buffer_add(out, text, 1);
    }
}

static void add_object(wn_buffer *text, const wn_annotations *set, const wn_annotation_item *item)
{
    static const char *const corners[] = {"xmin", "ymin", "xmax", "ymax"};
    if (!wn_item_counts(item) || !(item->flags & WN_ITEM_BOX) || item->category < 0) return;
    wn_buffer_text(text, "  <object>\n    <name>");
    add_text(text, wn_item_name(set, item));
    wn_buffer_format(text, "</name>\n    <truncated>%d</truncated>\n    <difficult>%d</difficult>\n    <bndbox>\n",
                     item->flags & WN_ITEM_TRUNCATED ? 1 : 0, item->flags & WN_ITEM_DIFFICULT ? 1 : 0);
    for (int i = 0; i < 4; i++)
        wn_buffer_format(text, "      <%s>%.9g</%s>\n", corners[i], wn_item_corner(item, i), corners[i]);
    wn_buffer_text(text, "    </bndbox>\n  </object>\n");
}

static wn_status write_image(const wn_annotations *set, const wn_annotation_image *image, const char *out,
                             wn_error *err)
{
    char *path = NULL;
    wn_text_sink sink;
    const char *slash = strrchr(image->path, '/');
    WN_TRY(wn_writer_path(out, "", image->path, ".xml", &path, err));
    wn_status status = wn_text_sink_begin(&sink, path, err);
    if (!status) {
        wn_buffer_text(&sink.text, "<annotation>\n  <filename>");
        add_text(&sink.text, slash ? slash + 1 : image->path);
        wn_buffer_format(
            &sink.text,
            "</filename>\n  <size>\n    <width>%d</width>\n    <height>%d</height>\n    <depth>3</depth>\n  "
            "</size>\n",
            image->width, image->height);
        for (size_t i = image->first; i < image->first + image->count; i++) add_object(&sink.text, set, &set->items[i]);
        wn_buffer_text(&sink.text, "</annotation>\n");
        status = wn_text_sink_end(&sink, WN_OK, err);
    }
    wn_free(path);
    return status;
}

static wn_status write(const wn_annotations *set, const char *out, wn_error *err)
{
    for (size_t i = 0; i < set->image_count; i++) WN_TRY(write_image(set, &set->images[i], out, err));
    return WN_OK;
}

const wn_annotation_writer wn_annotation_writer_voc = {
    .name = "voc",
    .summary = "Pascal VOC: one XML file for each image",
    .folder = true,
    .write = write,
};
