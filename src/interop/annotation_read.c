/* SPDX-License-Identifier: Apache-2.0
 *
 * From a path to a set: chooses the reader, finds its files, reads one after the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "interop/annotation_format.h"
#include "winnow/option.h"

enum { HEAD_BYTES = 4096, SIDE_FILE_BYTES = 64 << 20 };

typedef struct reading {
    const wn_annotation_format *format;
    wn_buffer root; /* what is read: the path named, or what the reader made of it */
    wn_file_list files;
    bool folder;
} reading;

wn_status wn_annotation_side_file(const char *path, wn_buffer *out, wn_error *err)
{
    wn_buffer_init(out, WN_MEMORY_TEXT, 0);
    wn_status status = wn_file_read(path, SIDE_FILE_BYTES, out, err);
    if (status) {
        wn_buffer_clear(out);
        return status;
    }
    const size_t mark = wn_text_mark(out->data, out->len);
    if (mark) memmove(out->data, out->data + mark, (out->len -= mark) + 1); /* and the zero behind it */
    return WN_OK;
}

wn_status wn_annotation_read_names(wn_annotation_builder *builder, const char *path, wn_error *err)
{
    wn_buffer text;
    int64_t id = 0;
    WN_TRY(wn_annotation_side_file(path, &text, err));
    for (size_t at = 0; at < text.len; id++) {
        char *line = text.data + at;
        size_t len = strcspn(line, "\r\n");
        at += len + 1;
        if (line[len] == '\r' && at < text.len && text.data[at] == '\n') at++;
        line[len] = 0;
        if (len) wn_builder_category(builder, id, line);
    }
    wn_buffer_clear(&text);
    return wn_builder_status(builder, err);
}

static wn_status read_head(const char *path, char head[HEAD_BYTES + 1], wn_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return wn_fail_errno(err, errno, "cannot open '%s'", path);
    ssize_t len = read(fd, head, HEAD_BYTES);
    int code = errno;
    close(fd);
    if (len < 0) return wn_fail_errno(err, code, "cannot read '%s'", path);
    head[len] = 0;
    if (len >= 2 && (memcmp(head, "\xff\xfe", 2) == 0 || memcmp(head, "\xfe\xff", 2) == 0))
        return wn_fail(err, WN_UNSUPPORTED, "'%s' is written in UTF-16; save it as UTF-8", path);
    return WN_OK;
}

/* "yolo, voc, ..." of those that have the role. */
static const char *list_formats(wn_annotation_role role, char out[200])
{
    size_t len = 0;
    out[0] = 0;
    for (size_t i = 0; wn_annotation_format_at(i) && len < 199; i++)
        if (wn_annotation_format_at(i)->roles & WN_ROLE_BIT(role))
            len += (size_t)snprintf(out + len, 200 - len, "%s%s", len ? ", " : "", wn_annotation_format_at(i)->name);
    return out;
}

static wn_status no_such_format(const char *name, wn_annotation_role role, wn_error *err)
{
    char all[200];
    const char *names[33] = {0};
    for (size_t i = 0; i < 32 && wn_annotation_format_at(i); i++) names[i] = wn_annotation_format_at(i)->name;
    const char *near = wn_nearest_word(name, names);
    if (near) return wn_fail(err, WN_INVALID, "there is no annotation format '%s'; did you mean '%s'?", name, near);
    return wn_fail(err, WN_INVALID, "there is no annotation format '%s'; there are %s", name, list_formats(role, all));
}

static wn_status choose(const wn_annotation_source *source, const wn_annotation_format **out, wn_error *err)
{
    const char *wanted = source->options->format;
    wn_annotation_role role = source->options->role;
    if (wanted && strcmp(wanted, "auto") != 0) {
        if (!(*out = wn_annotation_format_find(wanted))) return no_such_format(wanted, role, err);
        if ((*out)->roles & WN_ROLE_BIT(role)) return WN_OK;
        return wn_fail(err, WN_INVALID, "the format '%s' has no %s", wanted, wn_annotation_role_text(role));
    }
    const wn_annotation_format *other = NULL;
    for (size_t i = 0; wn_annotation_format_at(i); i++) {
        const wn_annotation_format *format = wn_annotation_format_at(i);
        if (!format->probe(source)) continue;
        if (format->roles & WN_ROLE_BIT(role)) {
            *out = format;
            return WN_OK;
        }
        if (!other) other = format;
    }
    if (other)
        return wn_fail(err, WN_INVALID, "'%s' looks like %s, which has no %s", source->path, other->name,
                       wn_annotation_role_text(role));
    char all[200];
    return wn_fail(err, WN_INVALID, "'%s' is in no format that winnow finds out; --format names one: %s", source->path,
                   list_formats(role, all));
}

/* Chooses the reader of a path; lists the files when it is a folder. */
static wn_status find_reader(const char *path, const wn_annotation_options *options, reading *out, wn_error *err)
{
    char head[HEAD_BYTES + 1] = "";
    struct stat facts;
    memset(out, 0, sizeof *out);
    wn_buffer_init(&out->root, WN_MEMORY_TEXT, 0);
    if (stat(path, &facts) != 0) return wn_fail_errno(err, errno, "cannot open '%s'", path);
    out->folder = S_ISDIR(facts.st_mode);
    if (out->folder) {
        WN_TRY(wn_file_list_load(path, &out->files, err));
    } else {
        WN_TRY(read_head(path, head, err));
    }
    wn_annotation_source source = {path, out->folder ? &out->files : NULL, head, options};
    return choose(&source, &out->format, err);
}

/* What the reader wants to read in place of the path. */
static wn_status begin_reading(const char *path, const wn_annotation_options *options, reading *out, wn_error *err)
{
    WN_TRY(find_reader(path, options, out, err));
    if (out->format->resolve) {
        WN_TRY(out->format->resolve(path, options, &out->root, err));
    } else {
        wn_buffer_text(&out->root, path);
    }
    if (out->root.status) return wn_fail(err, WN_NOMEM, "no memory to read '%s'", path);
    if (strcmp(out->root.data, path) != 0) {
        wn_file_list_clear(&out->files);
        out->folder = wn_is_folder(out->root.data);
        if (out->folder) WN_TRY(wn_file_list_load(out->root.data, &out->files, err));
    }
    return WN_OK;
}

static void end_reading(reading *r)
{
    wn_file_list_clear(&r->files);
    wn_buffer_clear(&r->root);
}

/* Reads one file; `name` is relative to the folder. */
static wn_status read_file(const wn_annotation_format *format, wn_annotation_builder *builder, const char *path,
                           const char *name, wn_error *err)
{
    wn_file_map map = {0};
    builder->place = (wn_annotation_place){wn_builder_text(builder, name, strlen(name)), 0};
    if (!format->unread) WN_TRY(wn_file_map_open(path, &map, err));
    const char *text = map.data ? (const char *)map.data : "";
    const size_t mark = wn_text_mark(text, map.len);
    wn_annotation_file file = {path, name, text + mark, map.len - mark};
    wn_status status = format->parse(builder, &file, err);
    wn_file_map_close(&map);
    return status ? status : wn_builder_status(builder, err);
}

/* Damage of one file does not stop the others. */
static bool is_damage(wn_status status)
{
    return status == WN_CORRUPT || status == WN_INVALID || status == WN_UNSUPPORTED || status == WN_IO ||
           status == WN_NOTFOUND || status == WN_LIMIT;
}

static wn_status read_folder(reading *r, wn_annotation_builder *builder, wn_error *err)
{
    size_t taken = 0, good = 0;
    wn_error first = {0};
    for (size_t i = 0; i < r->files.count; i++) {
        const char *name = r->files.names[i];
        if (!r->format->takes || !r->format->takes(builder, name)) continue;
        char *path = wn_path_join(r->root.data, name);
        if (!path) return wn_fail(err, WN_NOMEM, "no memory to read '%s'", r->root.data);
        wn_error mine = {0};
        wn_status status = read_file(r->format, builder, path, name, &mine);
        wn_free(path);
        taken++;
        if (!status) {
            good++;
            continue;
        }
        if (!is_damage(status)) return wn_fail(err, status, "%s", mine.message);
        if (!first.status) first = mine;
        builder->place.line = 0;
        wn_builder_problem(builder, "%s; the file was left out", mine.message);
    }
    if (taken && !good) return wn_fail(err, first.status, "none of %zu files can be read: %s", taken, first.message);
    if (taken) return WN_OK;
    return wn_fail(err, WN_NOTFOUND, "'%s' holds no files that the reader '%s' takes", r->root.data, r->format->name);
}

/* The name of the set, until the reader finds a better one. */
static const char *default_name(wn_annotation_builder *builder, const char *path)
{
    char stem[256];
    wn_path_stem(path, stem, sizeof stem);
    return wn_builder_text(builder, stem, strlen(stem));
}

static wn_status read_set(reading *r, const wn_annotation_options *options, wn_annotations **out, wn_error *err)
{
    wn_annotation_builder builder;
    WN_TRY(wn_builder_begin(&builder, options, err));
    builder.root = r->root.data;
    builder.set->format = r->format->name;
    builder.set->name = default_name(&builder, r->root.data);
    wn_status status = WN_OK;
    if (options->names) status = wn_annotation_read_names(&builder, options->names, err);
    if (!status && r->format->begin) status = r->format->begin(&builder, r->folder ? &r->files : NULL, err);
    if (!status && r->folder) {
        status = read_folder(r, &builder, err);
    } else if (!status) {
        const char *slash = strrchr(r->root.data, '/');
        status = read_file(r->format, &builder, r->root.data, slash ? slash + 1 : r->root.data, err);
    }
    if (r->format->end) r->format->end(&builder);
    if (!status) return wn_builder_finish(&builder, out, err);
    wn_annotations_free(&builder.set);
    return status;
}

wn_status wn_annotations_read(const char *path, const wn_annotation_options *options, wn_annotations **out,
                              wn_error *err)
{
    static const wn_annotation_options defaults;
    reading r;
    *out = NULL;
    if (!options) options = &defaults;
    wn_status status = begin_reading(path, options, &r, err);
    if (!status) status = read_set(&r, options, out, err);
    end_reading(&r);
    return status;
}

wn_status wn_annotations_tasks(const char *path, const wn_annotation_options *options, const char ***names,
                               size_t *count, wn_error *err)
{
    static const wn_annotation_options defaults;
    reading r;
    wn_buffer texts;
    char stem[256];
    *names = NULL;
    *count = 0;
    if (!options) options = &defaults;
    wn_buffer_init(&texts, WN_MEMORY_TEXT, 0);
    wn_status status = find_reader(path, options, &r, err);
    if (!status && r.format->tasks) {
        status = r.format->tasks(path, options, &texts, err);
    } else if (!status) {
        wn_path_stem(path, stem, sizeof stem);
        wn_buffer_add(&texts, stem, strlen(stem) + 1);
    }
    for (size_t i = 0; !status && i < texts.len; i++) *count += texts.data[i] == 0;
    char *block = status ? NULL : wn_alloc(WN_MEMORY_TEXT, *count * sizeof(char *) + texts.len, 1);
    if (!status && (!block || texts.status)) status = wn_fail(err, WN_NOMEM, "no memory for a list of tasks");
    if (!status) {
        char *text = block + *count * sizeof(char *);
        if (texts.len) memcpy(text, texts.data, texts.len);
        *names = (const char **)(void *)block;
        for (size_t i = 0; i < *count; text += strlen(text) + 1) (*names)[i++] = text;
    } else
        wn_free(block);
    wn_buffer_clear(&texts);
    end_reading(&r);
    return status;
}
