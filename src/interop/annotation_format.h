/* SPDX-License-Identifier: Apache-2.0
 *
 * What a reader of annotations is. The framework finds the files, maps them one by one, and turns damage of one file
 * among many into a problem; a reader only understands one file (docs/adding-an-annotation-format.md).
 */
#ifndef INTEROP_ANNOTATION_FORMAT_H
#define INTEROP_ANNOTATION_FORMAT_H

#include "interop/annotation_builder.h"
#include "interop/file_list.h"

/* What is to be read, as far as it is known before a reader is chosen. */
typedef struct wn_annotation_source {
    const char *path;
    const wn_file_list *files; /* of a folder; NULL for a file */
    const char *head;          /* first bytes of a file, ended by 0; "" for a folder */
    const wn_annotation_options *options;
} wn_annotation_source;

/* One file to read. */
typedef struct wn_annotation_file {
    const char *path; /* to open it */
    const char *name; /* relative to the folder that was named, or its last part */
    const char *text; /* NULL for readers that do not want the content */
    size_t len;
} wn_annotation_file;

#define WN_ROLE_BIT(role) (1u << (role))

struct wn_annotation_format {
    const char *name, *summary;
    unsigned roles; /* WN_ROLE_BIT of each that it can give */
    bool unread;    /* `parse` wants no content */
    /* Whether a source looks like this format. */
    bool (*probe)(const wn_annotation_source *source);
    /* The folder or file to read in place of the path named; optional. Adds it to `out`. */
    wn_status (*resolve)(const char *path, const wn_annotation_options *options, wn_buffer *out, wn_error *err);
    /* Names of tasks, each ended by 0, added to `out`; optional. */
    wn_status (*tasks)(const char *path, const wn_annotation_options *options, wn_buffer *out, wn_error *err);
    /* Before the first file; `files` is NULL for a single one. Optional. */
    wn_status (*begin)(wn_annotation_builder *builder, const wn_file_list *files, wn_error *err);
    /* Whether a file of a folder is one to parse. */
    bool (*takes)(const wn_annotation_builder *builder, const char *name);
    wn_status (*parse)(wn_annotation_builder *builder, const wn_annotation_file *file, wn_error *err);
    /* After the last file, also after a failure; optional. */
    void (*end)(wn_annotation_builder *builder);
};

/* Reads a file that lies beside the annotations (names of classes, a schema) in one piece, at most 64 MiB. */
WN_NODISCARD wn_status wn_annotation_side_file(const char *path, wn_buffer *out, wn_error *err);

/* The categories of options.names, one a line; nothing without that option. */
WN_NODISCARD wn_status wn_annotation_read_names(wn_annotation_builder *builder, const char *path, wn_error *err);

#endif
