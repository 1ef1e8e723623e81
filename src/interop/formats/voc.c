/* SPDX-License-Identifier: Apache-2.0
 *
 * Pascal VOC: one XML file an image. Corners are taken as the edges of the box: width = xmax - xmin. The image is
 * the one that `filename` names in the folder of the XML file; `path` is of somebody else's disk and is not used.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "interop/annotation_format.h"
#include "interop/xml_text.h"

typedef struct voc_object {
    size_t line;
    char name[256];
    float corners[4];
    unsigned known; /* bit a corner */
    uint32_t flags;
} voc_object;

typedef struct voc_page {
    wn_annotation_builder *builder;
    const wn_annotation_file *file;
    wn_xml xml;
    wn_buffer objects; /* voc_object; the size may stand behind them */
    char filename[1024];
    int64_t width, height;
} voc_page;

static bool probe(const wn_annotation_source *source)
{
    if (source->files) return wn_file_list_has_ending(source->files, ".xml");
    return wn_text_ends_with(source->path, ".xml");
}

static bool takes(const wn_annotation_builder *builder, const char *name)
{
    (void)builder;
    return wn_text_ends_with(name, ".xml");
}

static int64_t whole(const char *text)
{
    double value;
    return wn_text_to_real(text, &value) && value > 0 && value < 1e9 ? (int64_t)value : 0;
}

static void copy_text(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
}

/* What stands in an element at its end, by where it is. */
static void take_leaf(voc_page *page, voc_object *object)
{
    static const char *const corners[] = {"xmin", "ymin", "xmax", "ymax"};
    const char *name = wn_xml_name(&page->xml, 0), *parent = wn_xml_name(&page->xml, 1);
    const char *text = page->xml.content.data;
    double value;
    if (strcmp(parent, "annotation") == 0 && strcmp(name, "filename") == 0)
        copy_text(page->filename, sizeof page->filename, text);
    if (strcmp(parent, "size") == 0 && strcmp(name, "width") == 0) page->width = whole(text);
    if (strcmp(parent, "size") == 0 && strcmp(name, "height") == 0) page->height = whole(text);
    if (!object) return;
    if (strcmp(parent, "object") == 0 && strcmp(name, "name") == 0) copy_text(object->name, sizeof object->name, text);
    if (strcmp(parent, "object") == 0 && strcmp(name, "difficult") == 0 && strcmp(text, "1") == 0)
        object->flags |= WN_ITEM_DIFFICULT;
    if (strcmp(parent, "object") == 0 && strcmp(name, "truncated") == 0 && strcmp(text, "1") == 0)
        object->flags |= WN_ITEM_TRUNCATED;
    for (size_t i = 0; i < 4 && strcmp(parent, "bndbox") == 0 && strcmp(wn_xml_name(&page->xml, 2), "object") == 0;
         i++) {
        if (strcmp(name, corners[i]) != 0 || !wn_text_to_real(text, &value)) continue;
        object->corners[i] = (float)value;
        object->known |= 1u << i;
    }
}

static wn_status walk(voc_page *page, wn_error *err)
{
    voc_object object = {0};
    size_t object_depth = 0;
    wn_xml_event event = WN_XML_OPEN;
    for (bool any = false;; any = true) {
        WN_TRY(wn_xml_next(&page->xml, &event, err));
        if (event == WN_XML_END && !any)
            return wn_fail(err, WN_CORRUPT, "%s: no XML: nothing in it is an element", page->file->path);
        if (event == WN_XML_END) return WN_OK;
        const char *name = wn_xml_name(&page->xml, 0);
        if (event == WN_XML_OPEN) {
            if (page->xml.depth == 1 && strcmp(name, "annotation") != 0)
                return wn_fail(err, WN_INVALID, "%s:%zu: <%s> where <annotation> of Pascal VOC should be",
                               page->file->path, page->xml.line, name);
            if (!object_depth && page->xml.depth == 2 && strcmp(name, "object") == 0) {
                object = (voc_object){.line = page->xml.line};
                object_depth = page->xml.depth;
            }
            continue;
        }
        if (object_depth == page->xml.depth) {
            wn_buffer_add(&page->objects, &object, sizeof object);
            object_depth = 0;
        } else
            take_leaf(page, object_depth ? &object : NULL);
    }
}

/* The folder of the XML file and the name of the image in it; without a name the stem of the XML file. */
static size_t name_image(voc_page *page)
{
    char path[2400], stem[1024];
    const char *name = page->file->name, *slash = strrchr(name, '/');
    int folder = slash ? (int)(slash - name + 1) : 0;
    wn_path_stem(name, stem, sizeof stem);
    const char *image = page->filename;
    for (const char *p = image; *p; p++)
        if (*p == '/' || *p == '\\') image = p + 1;
    int len = snprintf(path, sizeof path, "%.*s%s", folder < 1300 ? folder : 0, name, *image ? image : stem);
    return wn_builder_image(page->builder, path, (size_t)len, page->width, page->height);
}

static void take_objects(voc_page *page)
{
    wn_annotation_builder *builder = page->builder;
    size_t image = name_image(page);
    for (size_t at = 0; at < page->objects.len; at += sizeof(voc_object)) {
        voc_object object;
        memcpy(&object, page->objects.data + at, sizeof object);
        builder->place.line = object.line;
        if (!object.name[0] || object.known != 15) {
            wn_builder_problem(builder, "an object without a name or without the four numbers of bndbox; left out");
            continue;
        }
        int32_t category = wn_builder_category_named(builder, object.name, strlen(object.name));
        wn_annotation_item *item = wn_builder_item(builder, image, category);
        item->flags = object.flags | WN_ITEM_BOX;
        for (int i = 0; i < 2; i++) {
            item->box[i] = object.corners[i];
            item->box[i + 2] = object.corners[i + 2] - object.corners[i];
        }
    }
}

static wn_status parse(wn_annotation_builder *builder, const wn_annotation_file *file, wn_error *err)
{
    voc_page page = {.builder = builder, .file = file};
    wn_xml_init(&page.xml, file->text, file->len, file->path);
    wn_buffer_init(&page.objects, WN_MEMORY_TEXT, 0);
    builder->set->task = WN_TASK_DETECTION;
    wn_status status = walk(&page, err);
    if (!status && page.objects.status) status = wn_fail(err, WN_NOMEM, "no memory to read '%s'", file->path);
    if (!status) take_objects(&page);
    wn_buffer_clear(&page.objects);
    wn_xml_clear(&page.xml);
    return status;
}

const wn_annotation_format wn_annotation_format_voc = {
    .name = "voc",
    .summary = "Pascal VOC: one XML file for each image",
    .roles = WN_ROLE_BIT(WN_ROLE_LABELS) | WN_ROLE_BIT(WN_ROLE_PREDICTIONS),
    .probe = probe,
    .takes = takes,
    .parse = parse,
};
