/* SPDX-License-Identifier: Apache-2.0
 *
 * The manifest of CVAT (manifest.jsonl, version 1.1): which images a task has, with their sizes.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "interop/annotation_writer.h"
#include "winnow/memory.h"

static json_t *json_image(const wn_annotation_image *image)
{
    const char *slash = strrchr(image->path, '/'), *dot = strrchr(image->path, '.');
    const char *suffix = dot && dot > (slash ? slash + 1 : image->path) ? dot : "";
    char *name = wn_text_copy_len(image->path, strlen(image->path) - strlen(suffix));
    json_t *entry =
        name ? json_pack("{s:o, s:o, s:i, s:i, s:{}}", "name", wn_json_name(name), "extension", wn_json_name(suffix),
                         "width", (int)image->width, "height", (int)image->height, "meta")
             : NULL;
    wn_free(name);
    return entry;
}

static wn_status write(const wn_annotations *set, const char *out, wn_error *err)
{
    wn_text_sink sink;
    WN_TRY(wn_text_sink_begin(&sink, out, err));
    wn_status status = WN_OK;
    wn_buffer_text(&sink.text, "{\"version\":\"1.1\"}\n{\"type\":\"images\"}\n");
    for (size_t i = 0; i < set->image_count && !status; i++) {
        wn_text_sink_json(&sink, json_image(&set->images[i]));
        wn_buffer_text(&sink.text, "\n");
        status = wn_text_sink_flush(&sink, err);
    }
    return wn_text_sink_end(&sink, status, err);
}

const wn_annotation_writer wn_annotation_writer_cvat_manifest = {
    .name = "cvat-manifest",
    .summary = "the manifest of CVAT: names and sizes of the images",
    .write = write,
};
