/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of the pictures that are written of masks: that of the image without suffix, below the folders of its path.
 * Where several images have it, as a.jpg and a.bmp, the suffix stays, and what is still the same is numbered: no
 * picture replaces another.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "interop/file_list.h"
#include "interop/name_table.h"
#include "jobs/mask_pairs.h"
#include "winnow/memory.h"

/* The folders of a name, without those that lead up, each followed by '/'. Returns the last part. */
static const char *add_folders(wn_buffer *out, const char *name)
{
    for (const char *slash; (slash = strchr(name, '/')); name = slash + 1) {
        size_t len = (size_t)(slash - name);
        if (len && !(len <= 2 && strncmp(name, "..", len) == 0)) wn_buffer_format(out, "%.*s/", (int)len, name);
    }
    return name;
}

static void add_short(wn_buffer *out, const char *name)
{
    char stem[256];
    wn_path_stem(add_folders(out, name), stem, sizeof stem);
    wn_buffer_text(out, stem);
}

/* A name that nobody has: the short one where one image alone has it. */
static wn_status choose(const wn_mask_pair *pair, const wn_name_table *shorts, wn_name_table *taken, wn_buffer *text,
                        wn_error *err)
{
    size_t at = 0;
    wn_buffer_reset(text);
    add_short(text, pair->name);
    if (!text->status && wn_name_table_find(shorts, text->data, text->len) == 1) return WN_OK;
    do {
        wn_buffer_reset(text);
        wn_buffer_text(text, add_folders(text, pair->name));
        if (at++) wn_buffer_format(text, ".%zu", at);
    } while (!text->status && wn_name_table_find(taken, text->data, text->len) != SIZE_MAX);
    return text->status || !wn_name_table_add(taken, text->data, text->len, 1) ? wn_fail(err, WN_NOMEM, "out of memory")
                                                                               : WN_OK;
}

/* How many images that take part have each short name; those of one alone are taken. */
static wn_status count_shorts(const wn_mask_judging *j, wn_name_table *shorts, wn_name_table *taken, wn_buffer *text)
{
    for (size_t i = 0; i < j->count; i++) {
        if (j->pairs[i].problem) continue;
        wn_buffer_reset(text);
        add_short(text, j->pairs[i].name);
        if (text->status) return WN_NOMEM;
        size_t known = wn_name_table_find(shorts, text->data, text->len);
        if (known == SIZE_MAX) {
            if (!wn_name_table_add(shorts, text->data, text->len, 1)) return WN_NOMEM;
        } else
            wn_name_table_set(shorts, text->data, text->len, known + 1);
    }
    for (size_t i = 0; i < shorts->capacity; i++) {
        const wn_name_slot *slot = &shorts->slots[i];
        if (slot->name && slot->value == 1 && !wn_name_table_add(taken, slot->name, slot->len, 1)) return WN_NOMEM;
    }
    return WN_OK;
}

wn_status wn_mask_pictures_name(wn_mask_judging *j, wn_error *err)
{
    wn_name_table shorts = {0}, taken = {0};
    wn_buffer text;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    wn_status status = count_shorts(j, &shorts, &taken, &text);
    if (status) status = wn_fail(err, status, "no memory for the names of %zu masks", j->count);
    for (size_t i = 0; i < j->count && !status; i++) {
        if (j->pairs[i].problem) continue;
        status = choose(&j->pairs[i], &shorts, &taken, &text, err);
        if (!status && !(j->pairs[i].picture = wn_text_copy(text.data)))
            status = wn_fail(err, WN_NOMEM, "out of memory");
    }
    wn_buffer_clear(&text);
    wn_name_table_clear(&taken);
    wn_name_table_clear(&shorts);
    return status;
}
