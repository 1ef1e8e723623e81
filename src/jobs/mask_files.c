/* SPDX-License-Identifier: Apache-2.0
 *
 * One side of a pair: classes of pixels, or their probabilities, from files and from items of a workspace.
 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "interop/mask.h"
#include "jobs/mask_pairs.h"
#include "winnow/memory.h"
#include "winnow/npy.h"

/* ---- pictures ---- */

static wn_status read_picture(const wn_mask_judging *j, const wn_mask_pair *pair, const char *path, int32_t *out,
                              wn_error *err)
{
    wn_mask_picture picture;
    uint16_t beyond;
    WN_TRY(wn_mask_png_read(path, false, &picture, err));
    wn_status status = WN_OK;
    if (picture.width != pair->width || picture.height != pair->height) {
        status = wn_fail(err, WN_INVALID, "%s: the mask is %d x %d, where %d x %d is needed", path, picture.width,
                         picture.height, pair->width, pair->height);
    } else if (!wn_mask_classes(&picture, &j->ignored, j->classes, out, &beyond)) {
        status =
            wn_fail(err, WN_INVALID, "%s: the value %u is none of %zu classes", path, (unsigned)beyond, j->classes);
    }
    wn_mask_picture_clear(&picture);
    return status;
}

/* ---- items of a workspace ---- */

typedef struct drawing {
    const wn_mask_set *set;
    const wn_mask_pair *pair;
    size_t classes;
    int32_t *out;
    wn_error *err;
} drawing;

static wn_status draw_item(void *context, const wn_annotation_record *item)
{
    const drawing *d = context;
    size_t at = 0;
    if (item->category < 0 || (size_t)item->category >= d->set->count || item->mask_count == 0) return WN_OK;
    int32_t class = d->set->classes[item->category];
    if ((size_t) class >= d->classes)
        return wn_fail(d->err, WN_INVALID, "the class %d of its mask is none of %zu", class, d->classes);
    if (!wn_mask_fills(item->mask, item->mask_count, d->pair->width, d->pair->height))
        return wn_fail(d->err, WN_INVALID, "the mask is %d x %d, the image %d x %d", item->mask_width,
                       item->mask_height, d->pair->width, d->pair->height);
    for (size_t i = 0; i < item->mask_count; at += item->mask[i++])
        for (size_t p = 0; i % 2 && p < item->mask[i]; p++) d->out[at + p] = class;
    return WN_OK;
}

static wn_status draw_items(wn_mask_judging *j, const wn_mask_set *set, const wn_mask_pair *pair, int32_t *out,
                            wn_error *err)
{
    drawing d = {set, pair, j->classes, out, err};
    size_t pixels = (size_t)pair->width * (size_t)pair->height;
    for (size_t i = 0; i < pixels; i++) out[i] = -1;
    pthread_mutex_lock(&j->turn);
    wn_status status = wn_annotation_set_visit(j->workspace, set->id, pair->row, draw_item, &d, err);
    pthread_mutex_unlock(&j->turn);
    return status;
}

wn_status wn_mask_pair_labels(wn_mask_judging *j, const wn_mask_pair *pair, int32_t *out, wn_error *err)
{
    return pair->given ? read_picture(j, pair, pair->given, out, err) : draw_items(j, &j->labels, pair, out, err);
}

/* ---- arrays ---- */

/* How the probabilities of an array lie: classes first, or last. False where it is not of that size. */
static bool find_layout(const wn_npy_shape *shape, int32_t width, int32_t height, size_t classes,
                        wn_mask_probabilities *out)
{
    size_t w = (size_t)width, h = (size_t)height;
    const size_t *sizes = shape->sizes;
    if (shape->dims != 3) return false;
    bool first = sizes[1] == h && sizes[2] == w, last = sizes[0] == h && sizes[1] == w;
    if (first && last && classes) first = sizes[0] == classes;
    if (!first && !last) return false;
    *out = first ? (wn_mask_probabilities){.classes = sizes[0], .class_step = w * h, .pixel_step = 1}
                 : (wn_mask_probabilities){.classes = sizes[2], .class_step = 1, .pixel_step = sizes[2]};
    return true;
}

static wn_status fill_probabilities(const wn_mask_judging *j, const wn_mask_pair *pair, wn_npy *npy,
                                    wn_mask_digest *digest, wn_error *err)
{
    const wn_npy_shape *shape = wn_npy_get_shape(npy);
    wn_mask_probabilities p;
    wn_error mine = {0};
    if (!find_layout(shape, pair->width, pair->height, j->classes, &p))
        return wn_fail(err, WN_INVALID,
                       "%s: probabilities of %zu x %zu x %zu, where classes x %d x %d or %d x %d x classes are needed",
                       pair->file, shape->sizes[0], shape->sizes[1], shape->dims > 2 ? shape->sizes[2] : 1,
                       pair->height, pair->width, pair->height, pair->width);
    if (p.classes != j->classes)
        return wn_fail(err, WN_INVALID, "%s: %zu classes, where others have %zu", pair->file, p.classes, j->classes);
    WN_TRY(wn_npy_planes(npy, &p.values, err));
    const wn_status status = wn_mask_digest_fill(&p, digest, &mine);
    return status ? wn_fail(err, status, "%s: %s", pair->file, mine.message) : WN_OK;
}

/* A class for each pixel: height x width whole numbers. */
static wn_status read_numbers(const wn_mask_judging *j, const wn_mask_pair *pair, wn_npy *npy, int32_t *out,
                              wn_error *err)
{
    const wn_npy_shape *shape = wn_npy_get_shape(npy);
    const int64_t *values;
    if (shape->sizes[0] != (size_t)pair->height || shape->sizes[1] != (size_t)pair->width)
        return wn_fail(err, WN_INVALID, "%s: the mask is %zu x %zu, where %d x %d is needed", pair->file,
                       shape->sizes[1], shape->sizes[0], pair->width, pair->height);
    WN_TRY(wn_npy_label_matrix(npy, &values, err));
    for (size_t i = 0; i < shape->rows * shape->cols; i++) {
        bool none = values[i] < 0;
        for (size_t k = 0; k < j->ignored.count; k++) none |= values[i] == j->ignored.values[k];
        if (!none && values[i] >= (int64_t)j->classes)
            return wn_fail(err, WN_INVALID, "%s: the value %lld is none of %zu classes", pair->file,
                           (long long)values[i], j->classes);
        out[i] = none ? -1 : (int32_t)values[i];
    }
    return WN_OK;
}

static wn_status read_array(const wn_mask_judging *j, const wn_mask_pair *pair, int32_t *classes,
                            wn_mask_digest *digest, wn_error *err)
{
    wn_npy *npy = NULL;
    WN_TRY(wn_npy_open_stack(pair->file, &npy, err));
    wn_status status;
    if (wn_npy_get_shape(npy)->dims == 2) {
        status = read_numbers(j, pair, npy, classes, err);
        if (!status) wn_mask_digest_compare(classes, digest);
    } else
        status = fill_probabilities(j, pair, npy, digest, err);
    wn_npy_close(&npy);
    return status;
}

wn_status wn_mask_pair_predictions(wn_mask_judging *j, const wn_mask_pair *pair, wn_mask_digest *digest, wn_error *err)
{
    wn_status status;
    int32_t *classes = wn_alloc(WN_MEMORY_MATRIX, digest->pixels, sizeof *classes);
    if (!classes) return wn_fail(err, WN_NOMEM, "no memory for a mask of %zu pixels", digest->pixels);
    if (pair->file && wn_text_ends_with(pair->file, ".npy")) {
        status = read_array(j, pair, classes, digest, err);
    } else {
        status = pair->file ? read_picture(j, pair, pair->file, classes, err)
                            : draw_items(j, &j->predictions, pair, classes, err);
        if (!status) wn_mask_digest_compare(classes, digest);
    }
    wn_free(classes);
    return status;
}

enum { CLASSES_LEAST = 2, CLASSES_SMALL = 256, CLASSES_MOST = 65534 };

/* Planes of an array; 0 where it cannot be read or has another size. */
static size_t count_planes(const wn_mask_pair *pair)
{
    wn_npy *npy = NULL;
    wn_mask_probabilities layout;
    if (wn_npy_open_stack(pair->file, &npy, NULL)) return 0;
    const wn_npy_shape *shape = wn_npy_get_shape(npy);
    size_t classes = 0;
    if (shape->dims == 2)
        classes = CLASSES_MOST;
    else if (find_layout(shape, pair->width, pair->height, 0, &layout))
        classes = layout.classes;
    wn_npy_close(&npy);
    return classes;
}

wn_status wn_mask_file_classes(wn_mask_pair *pair, size_t *classes, wn_error *err)
{
    wn_mask_picture head;
    wn_buffer text;
    if (!wn_text_ends_with(pair->file, ".npy")) {
        bool right = wn_mask_png_read(pair->file, true, &head, NULL) == WN_OK;
        *classes = !right ? 0 : head.bits > 8 ? CLASSES_MOST : CLASSES_SMALL;
        return WN_OK;
    }
    *classes = count_planes(pair);
    if (!*classes || (*classes >= CLASSES_LEAST && *classes <= CLASSES_MOST)) return WN_OK;
    wn_buffer_init(&text, WN_MEMORY_TEXT, 0);
    wn_buffer_format(&text, "%s: probabilities of %zu %s, where masks have %d to %d; ", pair->file, *classes,
                     *classes < CLASSES_LEAST ? "class" : "classes", CLASSES_LEAST, CLASSES_MOST);
    wn_buffer_text(&text, *classes < CLASSES_LEAST ? "write a plane for the background too, 1 less the other"
                                                   : "leave out planes, or add those of classes that belong together");
    *classes = 0;
    pair->problem = text.status ? NULL : wn_text_copy(text.data);
    wn_buffer_clear(&text);
    return pair->problem ? WN_OK : wn_fail(err, WN_NOMEM, "out of memory");
}
